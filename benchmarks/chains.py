"""Chains: the simulator's planted ones found again, real ones of The Complete Journey named, and steps foreseen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.journey import journey
from pipelines.lakehouse.sail import sail_session
from pipelines.models.chains import ChainParams, Chains, fit
from pipelines.models.chains.job import Bought, compared
from pipelines.models.lines import read
from pipelines.simulate import goods, purchases, truth
from pipelines.simulate.clock import date_of
from pipelines.simulate.persons import persons
from pipelines.simulate.world import World

WORLD = World(seed=11, households=16_000, start=date(2023, 1, 1), days=500, products=400, web=0, mail=0)
SHOWN, HOLDOUT_DAYS, END = 20, 28, date(2018, 1, 1)


def chains() -> dict[str, Any]:
    """Precision and recall of sizes and of goods, and the strongest transitions between types of real goods."""
    with sail_session(shuffle_partitions=2) as spark:
        lines, states, planted = planted_world(spark, WORLD)
    as_of = WORLD.on(WORLD.days)
    of_sizes = fit(lines, as_of=as_of, states=states)
    of_goods = fit(lines, as_of=as_of, states=states.assign(state=states["product_id"]))
    steps = planted.assign(before=planted["size"], after=planted["next_size"])
    received = support(lines, planted)
    between = planted.rename(columns={"product_id": "before", "next_id": "after"})
    taken = received >= ChainParams().min_support
    bought, catalogue = journey()
    types = catalogue.rename(columns={"category": "chain", "product_type": "state"})
    types = types[["product_id", "chain", "state"]]
    return {
        "people": int(lines["customer_id"].nunique()),
        "lines": len(lines),
        "sizes": agreement(of_sizes, steps, steps),
        "goods": agreement(of_goods, between, between[taken]),
        "real": fit(bought, as_of=END, states=types).transitions().head(SHOWN).to_dict("records"),
        "foreseen": {
            "simulated": foretold(lines, states, as_of),
            "The Complete Journey": foretold(bought, types, END),
        },
        "command": "python -m benchmarks --only chains",
    }


def planted_world(spark: SparkSession, world: World) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The lines of a world, the states of its sized goods, and the steps that `truth.chains` plants."""
    people = persons(spark, world)
    bought = purchases.own(people, world).select(
        F.col("person").alias("customer_id"),
        F.concat_ws("/", "person", "day").alias("basket_id"),
        date_of(world, F.col("day")).alias("purchased_at"),
        F.explode("lines").alias("line"),
    )
    lines = bought.select(
        "customer_id",
        "basket_id",
        "purchased_at",
        goods.product_id(F.col("line.product")).alias("product_id"),
        F.col("line.quantity").alias("quantity"),
    )
    steps = truth.chains(people, world).select("person", "chain", "step", "product_id").toPandas()
    sized = steps.drop_duplicates("product_id")[["product_id", "chain", "step"]]
    states = sized.assign(state="SIZE " + sized["step"].astype(str))[["product_id", "chain", "state"]]
    following = steps.assign(step=steps["step"] - 1)
    planted = steps.merge(following, on=["person", "chain", "step"], suffixes=("", "_next"))
    planted = planted.drop_duplicates(["product_id", "product_id_next"]).assign(
        size=lambda found: "SIZE " + found["step"].astype(str),
        next_size=lambda found: "SIZE " + (found["step"] + 1).astype(str),
    )
    return lines.toPandas(), states, planted.rename(columns={"product_id_next": "next_id"})


def support(lines: pd.DataFrame, planted: pd.DataFrame) -> pd.Series:
    """Of each planted step between goods how many people are seen to take it."""
    first = lines.groupby(["customer_id", "product_id"])["purchased_at"].min().reset_index()
    both = first.merge(planted[["product_id", "next_id"]], on="product_id").merge(
        first.rename(columns={"product_id": "next_id"}), on=["customer_id", "next_id"], suffixes=("", "_next")
    )
    both = both[both["purchased_at"] < both["purchased_at_next"]]
    seen = both.groupby(["product_id", "next_id"]).size()
    keys = pd.MultiIndex.from_frame(planted[["product_id", "next_id"]])
    return pd.Series(seen.reindex(keys, fill_value=0).to_numpy(), index=planted.index)


def agreement(model: Chains, planted: pd.DataFrame, taken: pd.DataFrame) -> dict[str, float]:
    """Precision among all planted steps, recall of those that enough people are seen to take."""
    found = _steps(model.transitions())
    there, asked = _steps(planted), _steps(taken)
    return {
        "planted": len(asked),
        "found": len(found),
        "precision": len(found & there) / max(len(found), 1),
        "recall": len(found & asked) / max(len(asked), 1),
    }


def _steps(frame: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(frame[["chain", "before", "after"]].itertuples(index=False, name=None))


def foretold(lines: pd.DataFrame, states: pd.DataFrame, end: date) -> list[dict[str, Any]]:
    """How well the steps of the last days before `end` are foreseen, as the training compares; ages are not known."""
    known = read(lines, as_of=end)
    bought = Bought(known, pa.Table.from_pandas(states), np.full(len(known.customer_ids), np.nan))
    return list(compared(bought, ChainParams(), end - timedelta(days=HOLDOUT_DAYS), end).table)
