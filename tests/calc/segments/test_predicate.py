"""What a condition may say, and by what words everything else is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipelines.calc.interests import LEVELS
from pipelines.calc.segments.definitions import expanded
from pipelines.calc.segments.predicate import compiled
from pipelines.calc.segments.syntax import NotAPredicate
from pipelines.errors import SettingsError
from pipelines.gold.segment_people import COLUMNS, predicates
from pipelines.settings import load, segments_in


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("interest('BABY FOODS') > .3 and last_seen_days < 30", {("category", "BABY FOODS")}),
        ("interest('brand', 'O''Neill') > 0", {("brand", "O'Neill")}),
        ("(stage('TEA') in ('bought', 'replenishing')) and not region is null", {("category", "TEA")}),
        ("receipts / purchase_days >= 1.5 or net_revenue between 1 and 2", set()),
        ("first_purchase_on >= date '2024-01-01' and days_since(last_purchase_on) <= 7", set()),
        ("favourite_store not in ('S1', 'S2')", set()),
    ],
)
def test_conditions_are_read(text: str, mentions: set[tuple[str, str]]) -> None:
    assert compiled("s", text, COLUMNS).mentions == mentions


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recency_day < 3", "there is no column recency_day; did you mean recency_days?"),
        ("receipts >", "syntax error"),
        ("receipts = 'three'", "receipts is int and is compared with 'three'"),
        ("favourite_store = 3", "favourite_store is string"),
        ("interest(receipts) > 0", "asked for names in quotes"),
        ("interest('a', 'b', 'c') > 0", "interest takes 1 or 2 arguments, and is given 3"),
        ("receipts + 1", "no condition"),
        ("receipts", "no condition"),
        ("days_since(receipts) > 1", "a column that is a date"),
        ("receipts = NULL", "say IS NULL"),
        ("customer.receipts = 1", "no table before it"),
        # what an attacker would write
        ("1 = 1; DROP TABLE gold.segments", "Only SELECT"),
        ("receipts = 1 UNION SELECT 2", "more than one condition"),
        ("receipts = (SELECT 1)", "subquery is not allowed"),
        ("EXISTS (SELECT * FROM read_csv('/etc/passwd'))", "subquery is not allowed"),
        ("getenv('HOME') = 'x'", "there is no function getenv"),
        ("receipts::VARCHAR = '1'", "a cast is not allowed"),
        ("CASE WHEN receipts = 1 THEN true END", "case is not allowed"),
        ("receipts = 1 ORDER BY receipts", "more than one condition"),
        ("receipts = $1", "parameter is not allowed"),
    ],
)
def test_everything_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotAPredicate) as error:
        compiled("s", text, COLUMNS)
    assert said.lower() in str(error.value).lower()


def test_every_value_makes_a_segment_and_a_quote_in_it_stays_in_its_text() -> None:
    made = expanded(
        {
            "name": "x/{v}_{n}",
            "says": "{v}",
            "where": "region = '{v}'",
            "for_each": {"v": ["O'N x"], "n": [1, 2]},
        }
    )
    assert [each["name"] for each in made] == ["x/o_n_x_1", "x/o_n_x_2"]
    assert made[0]["where"] == "region = 'O''N x'"


def test_the_built_in_segments_ask_for_what_is_there() -> None:
    defined = load().segments.defined
    assert len(predicates(defined)) == len(defined)
    families = Counter(segment.name.partition("/")[0] for segment in defined)
    assert families["rfm"] == 5**3 + 1, "the grid, and its best corner"
    wanted = "lifecycle omnichannel interest child_by_form child_by_behaviour weather region tier"
    assert families.keys() >= set(wanted.split())


def test_each_fault_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    for text, said in (
        ("- {name: a, says: b, where: 'receipts >'}", "syntax error"),
        ("- {name: a, says: b, where: 'receipts > 1'}\n- {name: a, says: b, where: 'receipts > 2'}", "twice"),
        ("name: a", "is no list of entries"),
        ("- [", "cannot be read"),
        ("[]", "at least 1 item"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError, match=said):
            segments_in(file, LEVELS)
    file.write_text("- {name: a, says: b, where: 'recepts > 1'}", encoding="utf-8")
    with pytest.raises(SettingsError, match="did you mean receipts"):
        predicates(segments_in(file, LEVELS))


def test_a_kind_of_interest_that_no_profile_has_is_refused(tmp_path: Path) -> None:
    """At load, with the nearest; a kind that an attribute of the goods makes is one."""
    known = load().interests.kinds
    assert {"category", "brand", "price_band", "child_age"} <= set(known)
    file = tmp_path / "mine.yaml"
    file.write_text("- {name: mine, says: Mine, where: \"stage('brnd', 'Acme') = 'bought'\"}\n")
    with pytest.raises(SettingsError, match=r"interest\('brnd', 'Acme'\).*did you mean brand\?"):
        segments_in(file, known)
