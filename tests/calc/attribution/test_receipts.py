"""Of every receipt and model the shares sum to one and the amounts to the receipt, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calc.attribution import Choices, receipt_credits
from pipelines.calc.attribution.rules import DAY, RULES
from pipelines.errors import DataError

EFFECTS = {"markov": {"email": 0.6, "search": 0.2}}
RECEIPTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["email", "direct", "search"]), max_size=6), st.integers(-99_999, 99_999)
    ),
    min_size=1,
    max_size=8,
)


def table(receipts: list[tuple[list[str], int]]) -> pa.Table:
    return pa.table(
        {
            "path": pa.array([path for path, _ in receipts], pa.list_(pa.string())),
            "value": pa.array([Decimal(cents).scaleb(-2) for _, cents in receipts], pa.decimal128(18, 2)),
            "seconds_before": [
                [DAY * ((3 * place) % 4) for place in range(len(path))] for path, _ in receipts
            ],
        }
    )


@given(RECEIPTS)
@settings(max_examples=50, deadline=None)
def test_every_receipt_is_shared_out_whole_by_every_model(receipts: list[tuple[list[str], int]]) -> None:
    found = receipt_credits(table(receipts), [*RULES, "markov"], effects=EFFECTS).to_pandas()
    sums = found.groupby(["model", "receipt"]).agg(share=("share", "sum"), value=("value", "sum"))
    assert len(sums) == len(receipts) * (len(RULES) + 1)
    for (_, receipt), row in sums.iterrows():
        assert row["share"] == pytest.approx(1)
        assert row["value"] == Decimal(receipts[receipt][1]).scaleb(-2)
    touched = found.dropna(subset="touch")
    named = [receipts[row.receipt][0][int(row.touch)] for row in touched.itertuples()]
    assert named == touched["channel"].tolist()
    assert set(found["channel"][found["touch"].isna()]) <= {"Unattributed"}


def test_the_published_example_to_the_cent() -> None:
    ages = [[DAY * (38 - day) for day in (0, 5, 12, 30, 38)]]
    receipt = pa.table({"path": [list("abcde")], "value": [12_000.0], "seconds_before": ages})
    found = receipt_credits(receipt, ["time_decay"], choices=Choices(half_life_days=7)).to_pylist()
    shares = [round(12_000 * row["share"], 4) for row in found]
    assert shares == [175.1952, 287.4376, 574.8752, 3417.0450, 7545.4471]
    cents = [Decimal(text) for text in ("175.19", "287.44", "574.88", "3417.04", "7545.45")]
    assert [row["value"] for row in found] == cents
    assert sum(cents) == 12_000


def test_a_chains_effects_are_shared_by_channel_and_then_by_touch() -> None:
    receipts = table([(["email", "search", "email", "direct"], 800), (["direct"], 100)])
    found = receipt_credits(receipts, ["markov"], effects=EFFECTS).to_pylist()
    rows: list[tuple[Any, ...]] = [
        (row["receipt"], row["touch"], row["channel"], row["value"]) for row in found
    ]
    assert rows == [
        (0, 0, "email", Decimal("3.00")),
        (0, 1, "search", Decimal("2.00")),
        (0, 2, "email", Decimal("3.00")),
        (1, None, "Unattributed", Decimal("1.00")),
    ]


def test_a_fault_is_an_error_and_no_receipts_are_none() -> None:
    with pytest.raises(DataError, match="a touch has no channel"):
        receipt_credits(pa.table({"path": [[""]], "value": [1.0]}), ["first"])
    assert receipt_credits(table([])[:0], ["first"]).num_rows == 0
