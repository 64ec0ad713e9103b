"""Credits add up for every model, on any paths, however they are dealt out; what cannot be credited is said."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.calc.attribution import MODELS, attribute
from pipelines.calc.attribution.rules import DAY
from pipelines.calc.attribution.transforms import TRANSFORMS
from pipelines.errors import DataError, UsageError
from tests.calc.attribution.paths import ROWS, frame

Rows = Sequence[tuple[list[str], int, int, int]]


def table(
    paths: Sequence[Sequence[str] | None], conversions: Sequence[Any], **more: Sequence[Any]
) -> pd.DataFrame:
    return pd.DataFrame({"path": paths, "conversions": conversions, **more})


def timed(rows: Rows) -> pd.DataFrame:
    """Times out of order, some after the purchase."""
    found = frame(rows)
    found["seconds_before"] = [
        [DAY * ((7 * place) % 5 - 1) for place in range(len(path))] for path in found["path"]
    ]
    return found


def by_channel(credits: pd.DataFrame, column: str = "conversions") -> dict[str, float]:
    return {row.channel: float(getattr(row, column)) for row in credits.itertuples()}


@given(ROWS, st.sampled_from(["", *TRANSFORMS]))
@settings(max_examples=40, deadline=None)
def test_credits_of_every_model_sum_to_what_was_bought(rows: Rows, transform: str) -> None:
    given_ = timed(rows)
    found = attribute(given_, MODELS, transforms=[transform] if transform else [], windows={"email": 3 * DAY})
    total = sum((Decimal(row[3]).scaleb(-2) for row in rows), Decimal(0))
    for _, credits in found.groupby("model"):
        assert credits["conversions"].sum() == pytest.approx(given_["conversions"].sum(), abs=1e-9)
        assert sum(credits["value"], Decimal(0)) == total
        assert np.isfinite(credits["conversions"]).all()
        assert (credits["conversions"] >= 0).all()
        assert credits["removal_effect"].dropna().between(0, 1).all()
    something = any(path or conversions or value for path, conversions, _, value in rows)
    assert found["model"].nunique() == (len(MODELS) if something else 0)


@given(ROWS, st.randoms())
@settings(max_examples=30, deadline=None)
def test_neither_order_nor_repetition_of_rows_matters(rows: Rows, random: Any) -> None:
    pieces = [(path, 1, nulls if not piece else 0, value if not piece else 0)
              for path, conversions, nulls, value in rows for piece in range(conversions)]  # fmt: skip
    pieces += [row for row in rows if not row[1]]
    random.shuffle(pieces)
    whole, apart = (attribute(frame(each), order=2) for each in (rows, pieces))
    assert whole[["channel", "model"]].equals(apart[["channel", "model"]])
    assert whole["conversions"].tolist() == pytest.approx(apart["conversions"].tolist(), abs=1e-9)
    near = zip(whole["value"], apart["value"], strict=True)
    assert all(abs(one - other) < Decimal("1e-6") for one, other in near)


def test_by_hand_two_channels_that_need_each_other_share_alike() -> None:
    found = attribute(table([["a", "b"]], [1], nulls=[1], value=[90]), ["markov", "shapley", "last"])
    assert list(found.columns) == ["channel", "model", "conversions", "value", "removal_effect"]
    rows = [(row.channel, row.model, row.conversions, float(row.value)) for row in found.itertuples()]
    assert rows == [
        ("a", "markov", 0.5, 45), ("b", "markov", 0.5, 45),
        ("a", "shapley", 0.5, 45), ("b", "shapley", 0.5, 45),
        ("a", "last", 0, 0), ("b", "last", 1, 90),
    ]  # fmt: skip
    assert found["removal_effect"].tolist()[:2] == [1, 1]
    assert found["removal_effect"].isna().tolist() == [False, False, True, True, True, True]


def test_by_hand_nulls_lower_the_effect_of_whom_they_pass() -> None:
    """From b nine of ten walks end without a purchase, so of 1.1 purchases in 12 walks b would take 0.1."""
    found = attribute(table([["a"], ["b"]], [1, 1], nulls=[1, 9]), "markov")
    assert by_channel(found, "removal_effect") == pytest.approx({"a": 0.5, "b": 0.5})
    chained = attribute(table([["a"], ["a", "b"]], [1, 1], nulls=[0, 9]), "markov")
    assert by_channel(chained, "removal_effect") == pytest.approx({"a": 1, "b": 0.5})


def test_a_higher_order_sees_what_the_first_does_not() -> None:
    """Only who comes from a buys at b; order 1 cannot tell those from who comes from c."""
    rows = table([["a", "b"], ["c", "b"]], [1, 0], nulls=[0, 1])
    first, second = (by_channel(attribute(rows, "Markov", order), "removal_effect") for order in (1, 2))
    assert first == pytest.approx({"a": 0.5, "b": 1, "c": 0.5})
    assert second == pytest.approx({"a": 1, "b": 1, "c": 0})


def test_returns_are_netted_and_may_outweigh_the_sales() -> None:
    found = attribute(table([["a"], ["b"]], [1, 1], value=["10.00", "-30.01"]).assign(
        value=[Decimal("10.00"), Decimal("-30.01")]), ["linear", "markov"])  # fmt: skip
    assert found["value"].tolist() == [Decimal(10), Decimal("-30.01")] * 2


def test_one_channel_has_it_all_and_no_purchase_is_nothing() -> None:
    one = attribute(table([["a"], ["a", "a"]], [1, 2], value=[1, 2]), MODELS[-3:])
    assert one[["channel", "conversions", "removal_effect"]].to_numpy().tolist() == [["a", 3.0, 1.0]] * 3
    nothing = attribute(table([["a", "b"]], [0], nulls=[5]))
    assert (nothing["conversions"] == 0).all()
    assert set(nothing["removal_effect"].dropna()) == {0.0}


def test_a_purchase_without_a_touch_is_unattributed_by_every_model() -> None:
    found = attribute(table([None, [], ["a"]], [1, 2, 4], value=[1, 2, 4]), ["first", "markov", "post_click"])
    unplaced = found[found["channel"] == "Unattributed"]
    assert unplaced[["model", "conversions"]].to_numpy().tolist() == [
        ["first", 3.0], ["markov", 3.0], ["post_click", 7.0],
    ]  # fmt: skip


def test_touches_after_the_purchase_or_out_of_their_window_do_not_count() -> None:
    given_ = table([["a", "b", "c"]], [1], seconds_before=[[50, 100, -1]])
    assert by_channel(attribute(given_, "last")) == {"a": 1, "b": 0, "c": 0}
    assert by_channel(attribute(given_, "first", windows={"b": 99})) == {"a": 1, "b": 0, "c": 0}


def test_names_are_read_kindly_and_models_have_no_default_that_needs_more() -> None:
    given_ = table([["a"]], [1])
    assert attribute(given_, ["Last non-direct", "post-click", "MARKOV"], 3)["model"].unique().tolist() == [
        "last_non_direct", "post_click", "markov",
    ]  # fmt: skip
    everything = set(attribute(given_)["model"])
    assert everything == set(MODELS) - {"time_decay", "post_click", "markov_1", "markov_2", "markov_3"}


@pytest.mark.parametrize(
    ("frame_", "models", "order", "says"),
    [
        (table([["a"]], [1]), "markof", 1, "Did you mean markov"),
        (table([["a"]], [1]), "markov", 4, "from 1 to 3"),
        (table([["a"]], [1]), "time_decay", 1, "seconds_before"),
        (table([["a"]], [1]).drop(columns="conversions"), None, 1, "no column conversions"),
        (table([["a"], ["b"]], [1, -1]), None, 1, r"conversions or nulls are negative \(1\)"),
        (table([["a"]], [1], value=[float("inf")]), None, 1, "not numbers"),
        (table([["a"]], [Decimal("1e30")]), None, 1, "not numbers"),
        (table([["a"]], [10**30]), None, 1, "cannot be read"),
        (table([["a"]], [1]), "markov", 1.5, "from 1 to 3"),
        (table([["a"]], ["one"]), None, 1, "No numbers: conversions"),
        (table([["a", " "], [None]], [1, 1]), None, 1, r"a touch has no channel \(2\)"),
        (table([["a"]], [1], seconds_before=[[1, 2]]), None, 1, "one entry for each touch"),
        (pd.DataFrame({"path": ["a > b"], "conversions": [1]}), None, 1, "holds texts"),
        (pd.DataFrame({"path": [[{}]], "conversions": [1]}), None, 1, "cannot be read"),
        (table([["a"], ["b"]], [1, 0], value=[1, 5]), "markov", 1, "value but neither conversions"),
    ],
)
def test_what_cannot_be_is_refused_in_words(frame_: pd.DataFrame, models: Any, order: int, says: str) -> None:
    with pytest.raises((UsageError, DataError), match=says):
        attribute(frame_, models, order)


def test_a_chain_of_more_than_five_thousand_states_is_refused() -> None:
    many = table([[f"c{number}"] for number in range(5001)], [1] * 5001)
    with pytest.raises(DataError, match="5,001 states here, more than the 5,000"):
        attribute(many, "markov")
    assert len(attribute(many[:5000], "last")) == 5000


@pytest.mark.spark
def test_spark_gives_the_same_to_the_last_digit_however_rows_are_dealt_out(spark: SparkSession) -> None:
    draws = np.random.default_rng(3)
    rows = [
        (draws.choice(["email", "direct", "search", "push"], draws.integers(0, 6)).tolist(),
         int(draws.integers(0, 3)), int(draws.integers(0, 3)), int(draws.integers(-900, 9000)))
        for _ in range(500)
    ]  # fmt: skip
    here = timed([(path, conversions, nulls + 1, value) for path, conversions, nulls, value in rows])
    there = spark.createDataFrame(
        here, "path array<string>, conversions long, nulls long, value double, seconds_before array<long>"
    ).withColumn("value", F.col("value").cast("decimal(18, 2)"))
    expected = attribute(here, MODELS, 2)
    found = attribute(there.repartition(3), MODELS, 2)
    assert found.schema.simpleString() == (
        "struct<channel:string,model:string,conversions:double,value:decimal(38,9),removal_effect:double>"
    )
    assert found.toPandas().equals(expected)


@pytest.mark.spark
def test_spark_frames_are_refused_in_the_same_words(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(["a"], -1)], "path array<string>, conversions int")
    with pytest.raises(DataError, match=r"negative \(1\)"):
        attribute(rows)
    with pytest.raises(DataError, match="The column path is string"):
        attribute(rows.withColumn("path", F.lit("a > b")))
