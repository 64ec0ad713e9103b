"""What the truth says of people, habits, mails and machines shows in the files that were landed."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import phonenumbers
import pyarrow.parquet as pq
import pytest
from crawleruseragents import is_crawler

from pipelines.calc.contacts import normal_email, normal_phone
from pipelines.simulate.truth_tables import TABLES
from tests.simulate.worlds import WORLD, Made

pytestmark = pytest.mark.spark

LAST = WORLD.drop_of(WORLD.days - 1)
UNKNOWN = datetime(9999, 1, 1, tzinfo=UTC)
"""Of a damaged record's text that is no instant of this world."""


def test_every_table_keeps_its_contract(world: Made) -> None:
    for table in TABLES:
        found = pq.read_table(world.place / "truth" / table.short)
        assert set(found.column_names) == {column.name for column in table.columns}
        assert found.num_rows > 0, table.name
        for column in table.columns:
            assert column.nullable or found[column.name].null_count == 0, (table.name, column.name)
        keys = [tuple(row[name] for name in table.key) for row in found.select(list(table.key)).to_pylist()]
        assert len(keys) == len(set(keys)), table.name


def test_identifiers_are_those_in_the_files(world: Made) -> None:
    told = {(row["type"], row["value"]): row for row in world.truth("identifiers")}
    used: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for source, moment in (
        ("receipts", "purchased_at"),
        ("web_events", "occurred_at"),
        ("engagement", "occurred_at"),
        ("orders", "ordered_at"),
        ("identity_events", "occurred_at"),
    ):
        for record in world.records(source):
            for kind in ("loyalty_card", "phone", "email", "login", "cookie", "push_token", "payment_token"):
                if record.get(kind):
                    used[kind, _normal(kind, record[kind])].append(_instant(record.get(moment)))
    for record in world.records("customers"):
        for kind in ("loyalty_card", "phone", "email"):
            if record.get(kind):
                used[kind, _normal(kind, record[kind])].append(UNKNOWN)
    strangers = {row["value"] for row in world.truth("bots") if row["kind"] == "crawler"}
    passing = {value for kind, value in used if kind == "cookie"} - {
        value for kind, value in told if kind == "cookie"
    }
    assert strangers <= passing
    assert {(kind, value) for kind, value in used if value not in passing} == set(told)
    for kind in ("cookie", "payment_token"):
        for value in {value for which, value in told if which == kind and not told[which, value]["shared"]}:
            moments = [moment for moment in used[kind, value] if moment != UNKNOWN]
            assert min(moments) == told[kind, value]["first_used_at"]
            assert max(moments) == told[kind, value]["last_used_at"]


def test_families_share_phones_and_kiosks_have_many_logins(world: Made) -> None:
    people: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in world.truth("identifiers"):
        people[row["type"], row["value"]].add(row["person"])
        late = row["known_at"] is None or row["known_at"] > row["first_used_at"]
        assert not late or row["type"] in ("loyalty_card", "cookie", "payment_token", "push_token")
    by_many = Counter(kind for (kind, _), owners in people.items() if len(owners) > 1)
    assert by_many["phone"] > 0
    assert set(by_many) <= {"phone", "cookie"}
    late_claims = [
        r for r in world.truth("identifiers") if r["known_at"] and r["known_at"] > r["first_used_at"]
    ]
    assert {row["type"] for row in late_claims} >= {"loyalty_card", "cookie"}


def test_contacts_are_nobodys(world: Made) -> None:
    for row in world.truth("identifiers"):
        if row["type"] == "phone":
            assert phonenumbers.is_valid_number(phonenumbers.parse(row["value"]))
            assert row["value"][5:10] == "55501"
        if row["type"] == "email":
            assert row["value"].split("@")[1] in ("example.com", "example.net", "example.org")


def test_the_catalogue_says_for_whom_a_chains_goods_are(world: Made) -> None:
    goods = {record["product_id"]: record for record in world.records("products")}
    for row in world.truth("chains"):
        good = goods[row["product_id"]]
        first, last = (
            int((row[name] - row["born_on"]).days / (365.25 / 12)) for name in ("from_on", "until_on")
        )
        assert good["size_label"] == str(row["step"])
        assert int(good["age_from_months"]) <= first <= last <= int(good["age_to_months"])
    assert {good["pack_quantity"] for good in goods.values()} == {"1", "48"}
    assert {good.get("size_label") for good in goods.values() if good["department"] != "BABY"} == {None}
    seen = {date.fromisoformat(good["first_seen_on"]) for good in goods.values()}
    assert min(seen) < WORLD.start <= max(seen), "some were there before, some arrive"


def test_no_good_is_bought_before_the_shop_sells_it(world: Made) -> None:
    first = {
        good["product_id"]: date.fromisoformat(good["first_seen_on"]) for good in world.records("products")
    }
    clocks_back = timedelta(days=-300)  # a till whose clock is wrong is years off
    early = [
        line["product_id"]
        for record in world.records("receipts")
        if isinstance(when := record.get("purchased_at"), str) and when.startswith("20")
        for line in record.get("lines") or ()
        if clocks_back < date.fromisoformat(when[:10]) - first[line["product_id"]] < timedelta()
    ]
    assert not early
    assert {first[row["product_id"]] < WORLD.start for row in world.truth("chains")} == {True}


def test_forms_name_the_children_that_were_born(world: Made) -> None:
    born = {row["person"]: row["born_on"] for row in world.truth("chains")}
    owner = {
        row["value"]: row["person"] for row in world.truth("identifiers") if row["type"] == "loyalty_card"
    }
    counted, named = 0, 0
    for record in world.records("customers"):
        signed = date.fromisoformat(record.get("joined_on") or str(WORLD.start))
        day = born.get(owner[record["loyalty_card"]], date.max)
        assert (record["kids_count"] == "1") == (day < signed or (day == signed and "joined_on" in record))
        counted += record["kids_count"] == "1"
        for child in record.get("children") or ():
            assert date.fromisoformat(child["born_on"]) == day
            named += 1
    assert 0 < named < counted, "and some forms do not tell when"


def test_each_shop_lies_somewhere(world: Made) -> None:
    places = [(record["latitude"], record["longitude"]) for record in world.records("stores")]
    assert places == [("46.0000", "8.0000"), ("48.0000", "10.0000"), ("50.0000", "12.0000")]


def test_a_cycle_is_kept(world: Made) -> None:
    bought: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    cards = {
        row["value"]: row["person"] for row in world.truth("identifiers") if row["type"] == "loyalty_card"
    }
    for record in world.records("receipts"):
        if record.get("loyalty_card") and record.get("kind") == "sale":
            for line in record.get("lines") or []:
                bought[cards[record["loyalty_card"]], line["product_id"]].append(
                    _instant(record["purchased_at"])
                )
    for record in world.records("orders"):
        for line in record.get("lines") or [] if record.get("loyalty_card") else []:
            bought[cards[record["loyalty_card"]], line["product_id"]].append(
                _instant(record.get("ordered_at"))
            )
    days = {
        key: {moment.astimezone(WORLD.zone).date() for moment in moments if moment != UNKNOWN}
        for key, moments in bought.items()
    }
    met = due = 0
    for row in world.truth("cycles"):
        if row["person"] not in cards.values() or row["interval_days"] > WORLD.days:
            continue
        jitter = row["interval_days"] * 0.15 + 1
        when = row["due_on"]
        if jitter <= (when - WORLD.start).days < WORLD.days - jitter:
            due += 1
            met += any(
                abs((day - when).days) <= jitter for day in days.get((row["person"], row["product_id"]), ())
            )
    assert due >= 10
    assert met >= due * 0.6, "the others paid without showing the card"


def test_effects_are_purchases_in_the_files(world: Made) -> None:
    orders = {record["order_id"] for record in world.records("orders") if record.get("order_id")}
    receipts = {_receipt_id(record) for record in world.records("receipts") if record.get("store_id")}
    sent = {r["message_id"] for r in world.records("engagement") if r.get("kind") == "sent"}
    mails = world.truth("effects")
    assert {row["message_id"] for row in mails if row["treated"]} == sent
    held_out = {row["person"] for row in mails if not row["treated"]}
    assert held_out
    assert held_out.isdisjoint(row["person"] for row in mails if row["treated"])
    caused = [row for row in mails if row["caused"]]
    assert caused
    for row in caused:
        assert row["treated"]
        assert not row["bounced"]
        assert row["planned_at"] < row["purchased_at"] < row["planned_at"] + timedelta(days=8)
        assert row["purchase_id"] in (orders if row["channel"] == "online" else receipts)
    whole = [row for row in mails if row["treated"] and row["planned_at"] < LAST - timedelta(days=7)]
    expected = sum(row["uplift"] for row in whole)
    assert abs(sum(row["caused"] for row in whole) - expected) < 4 * expected**0.5


def test_machines(world: Made) -> None:
    bots: dict[str, set[str]] = defaultdict(set)
    for row in world.truth("bots"):
        bots[row["kind"]].add(row["value"])
    agents = {
        (r["cookie"], is_crawler(r["user_agent"])) for r in world.records("web_events") if "user_agent" in r
    }
    assert {cookie for cookie, crawls in agents if crawls} == bots["crawler"]
    events = {record["event_id"]: record for record in world.records("engagement") if record.get("event_id")}
    visited = {record["mail_link_id"] for record in world.records("web_events") if record.get("mail_link_id")}
    clicks = {key: record for key, record in events.items() if record["kind"] == "clicked"}
    assert bots["scanner_click"]
    human = {
        record["link"].split("ml=")[1] for key, record in clicks.items() if key not in bots["scanner_click"]
    }
    assert visited <= human
    told = {key for key, record in events.items() if record.get("machine")}
    assert told
    assert told < bots["machine_open"], "some providers do not tell"


def test_interests_show_in_what_is_bought(world: Made) -> None:
    weights = {(row["person"], row["category"]): row["purchase_weight"] for row in world.truth("interests")}
    people = Counter(person for person, _ in weights)
    assert all(
        abs(sum(w for (p, _), w in weights.items() if p == person) - 1) < 1e-9 for person in list(people)[:20]
    )
    categories = {r["product_id"]: r["category"] for r in world.records("products")}
    cards = {
        row["value"]: row["person"] for row in world.truth("identifiers") if row["type"] == "loyalty_card"
    }
    first = total = 0
    for record in world.records("receipts"):
        if record.get("loyalty_card"):
            person = cards[record["loyalty_card"]]
            mine = max((w, c) for (p, c), w in weights.items() if p == person)[1]
            for line in record.get("lines") or []:
                total += 1
                first += categories[line["product_id"]] == mine
    assert first / total > 0.4


def _normal(kind: str, value: str) -> str:
    if kind == "email":
        return str(normal_email(value))
    return str(normal_phone(value, "US")) if kind == "phone" else value


def _instant(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return UNKNOWN
    return moment if moment.year == WORLD.start.year else UNKNOWN


def _receipt_id(record: dict[str, Any]) -> str:
    moment = _instant(record["purchased_at"])
    day = moment.astimezone(WORLD.zone).date() if moment != UNKNOWN else "?"
    return "/".join((record["store_id"], record["till_id"], record["receipt_no"], str(day)))
