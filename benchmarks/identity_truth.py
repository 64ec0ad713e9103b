"""Evidence about persons who are known, with what leads astray planted, and how near a resolution comes to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

DAYS = 720
SHARED_PHONE, BLOCKED_PHONE, FORWARDED, KIOSK = 0.04, 0.01, 0.004, 0.01
"""Shares: persons who give a relative's phone, who give zeros, mail links opened by another, sessions at a kiosk."""
KIOSK_LOGINS = 5_000
COOKIE_DAYS = 60
_MICROS = 86_400_000_000
_BEGIN = 1_640_995_200_000_000  # 2022-01-01

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """Evidence, each edge with the number of its `person`, and whose each identifier is; a shared phone stands in
    `owners` once for each who uses it.
    """

    edges: pa.Table
    owners: pa.Table


def simulate(edges: int, seed: int) -> Known:
    """About as many edges: some 8 of each person, over two years. A cookie is used for two months or so."""
    draw = np.random.default_rng(seed)
    people = edges // 8
    person = np.arange(people)
    relative = np.where(draw.random(people) < SHARED_PHONE, (person // 2) * 2, person)
    devices = 1 + draw.poisson(0.7, people)
    owner = np.repeat(person, devices)
    device = np.arange(len(owner))
    kiosks = max(1, int(edges * KIOSK) // KIOSK_LOGINS)
    at_kiosk = draw.random(len(owner)) < KIOSK * 4
    forwarded = draw.random(len(owner)) < FORWARDED
    opened = np.where(forwarded, draw.integers(0, people, len(owner)), owner)
    repeated = draw.integers(0, people, people * 2)
    visits = owner[at_kiosk]
    begun = _any_time(draw, len(owner))
    used = [begun + (draw.exponential(COOKIE_DAYS, len(owner)) * _MICROS).astype(np.int64) for _ in range(2)]
    kiosk = draw.integers(0, kiosks, len(visits))
    zeros = np.flatnonzero(draw.random(people) < BLOCKED_PHONE)
    tables = [
        _edges(
            "loyalty_card", "c", person, "email", "e", person, "loyalty_form", _any_time(draw, people), person
        ),
        _edges(
            *("loyalty_card", "c", person, "phone", "+1555", relative, "till_dictated"),
            _any_time(draw, people),
            person,
        ),
        _edges(
            *("loyalty_card", "c", repeated, "phone", "+1555", relative[repeated], "till_dictated"),
            _any_time(draw, len(repeated)),
            repeated,
        ),
        _edges(
            *("login", "l", person, "loyalty_card", "c", person, "click_and_collect"),
            _any_time(draw, people),
            person,
        ),
        _edges("login", "l", owner, "cookie", "d", device, "login", used[0], owner),
        _edges("email", "e", opened, "cookie", "d", device, "mail_link", used[1], owner),
        _edges("cookie", "kiosk", kiosk, "login", "l", visits, "login", _any_time(draw, len(visits)), visits),
        _edges(
            "loyalty_card",
            "c",
            zeros,
            "phone",
            "00000000",
            None,
            "till_dictated",
            _any_time(draw, len(zeros)),
            zeros,
        ),
    ]
    whose = {"loyalty_card:c": (person, person), "login:l": (person, person), "email:e": (person, person)}
    whose |= {"cookie:d": (device, owner)}
    users = np.unique(np.stack((relative, person)), axis=1)
    whose["phone:+1555"] = (users[0], users[1])
    owners = pa.concat_tables(
        pa.table({"node": _values(prefix, values), "owner": pa.array(of)})
        for prefix, (values, of) in whose.items()
    )
    return Known(pa.concat_tables(tables), owners)


def _any_time(draw: np.random.Generator, size: int) -> Longs:
    at: Longs = _BEGIN + draw.integers(0, DAYS * _MICROS, size)
    return at


def _edges(
    left: str,
    l_name: str,
    l_of: Longs,
    right: str,
    r_name: str,
    r_of: Longs | None,
    source: str,
    at: Longs,
    whose: Longs,
) -> pa.Table:
    size = len(l_of)
    return pa.table(
        {
            "left_type": _constant(left, size),
            "left_value": _values(l_name, l_of),
            "right_type": _constant(right, size),
            "right_value": _constant(r_name, size) if r_of is None else _values(r_name, r_of),
            "observed_at": pa.array(at).cast(pa.timestamp("us", "UTC")),
            "source": _constant(source, size),
            "person": pa.array(whose),
        }
    )


def _constant(text: str, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), size)


def _values(prefix: str, of: Longs) -> pa.Array:
    digits = pc.utf8_lpad(pc.cast(pa.array(of), pa.string()), 8, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


KINDS = ("all", "loyalty_card", "login", "email", "phone", "cookie")


def scores(
    owners: pa.Table, found: pa.Table, kinds: Sequence[str] = KINDS
) -> Iterator[tuple[str, float, float]]:
    """Pairwise precision and recall over all pairs of identifiers, then over those with one of each type.

    Args:
        owners: `node`, `owner`; a shared identifier once for each of its owners.
        found: `node`, `person_id` as the resolution has it now.
        kinds: The types to tell, and `all`.
    """
    truth = owners.to_pandas()
    now = found.to_pandas()
    for table in (truth, now):
        table["kind"] = table["node"].str.partition(":")[0].astype("category")
    both = truth.merge(now[["node", "person_id"]], on="node", how="inner")
    counted = [
        _pairs(table, by)
        for table, by in ((both, ["owner", "person_id"]), (now, ["person_id"]), (truth, ["owner"]))
    ]
    for kind in kinds:
        right, told, true = (pairs.get(kind, 0) for pairs in counted)
        yield kind, right / told if told else 1.0, right / true if true else 1.0


def _pairs(table: pd.DataFrame, by: list[str]) -> Mapping[str, int]:
    """Pairs within the groups: all, and by type those with an end of it."""
    sizes = table.groupby([*by, "kind"], observed=True).size().rename("of_kind").reset_index()
    sizes["size"] = sizes.groupby(by, observed=True)["of_kind"].transform("sum")
    sizes["pairs"] = (
        sizes["of_kind"] * (sizes["size"] - sizes["of_kind"]) + sizes["of_kind"] * (sizes["of_kind"] - 1) // 2
    )
    whole = sizes.drop_duplicates(by)["size"]
    return {
        "all": int((whole * (whole - 1) // 2).sum()),
        **sizes.groupby("kind", observed=True)["pairs"].sum().to_dict(),
    }
