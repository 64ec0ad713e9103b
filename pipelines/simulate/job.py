"""Make a world: its landing files and its truth, into a folder of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import reduce
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from pipelines.errors import DataError
from pipelines.lakehouse import storage
from pipelines.lakehouse.table import Table
from pipelines.lakehouse.types import LONG
from pipelines.simulate import (
    engagement,
    mails,
    orders,
    receipts,
    reference,
    truth,
)
from pipelines.simulate import truth_tables as tables
from pipelines.simulate.contacts import loyalty_card, typed
from pipelines.simulate.draws import Draws
from pipelines.simulate.drops import write
from pipelines.simulate.faults import SHAPES, plant, sound
from pipelines.simulate.goods import product_id
from pipelines.simulate.happenings import Frames, happenings
from pipelines.simulate.identifiers import identifiers
from pipelines.simulate.identity_events import identity_records
from pipelines.simulate.landing_files import Drop
from pipelines.simulate.web_events import web_records
from pipelines.simulate.world import VERSION, World

MANIFEST, WORK = "world.json", ".work"
STEPS = 13 + len(tables.TABLES) - 1
"""Things that `make` writes, and reports: the sources, and the tables of the truth but `files`, which they bring."""

AT_ONCE = 3


Account = dict[str, dict[str, int]]
"""By source, what was written: the counts of `truth.totals`, and `cents` of revenue."""


def claim(target: str, world: World) -> Account | None:
    """Make the target this world's.

    Returns:
        The account of the world that lies there finished; null: it is still to be made.

    Raises:
        DataError: another world lies there.
        SystemFault: the target cannot be written.
    """
    path = f"{target.rstrip('/')}/{MANIFEST}"
    if not storage.exists(path):
        storage.write_atomically(path, _manifest(world, None))
        return None
    there = json.loads(storage.read_bytes(path))
    told, asked = (
        {"version": v, **w} for v, w in ((there["version"], there["world"]), (VERSION, _numbers(world)))
    )
    differs = [
        f"{name} {told.get(name)}, not {asked[name]}" for name in asked if told.get(name) != asked[name]
    ]
    if differs:
        raise DataError(
            f"Another world lies in {target}: {', '.join(differs)}",
            remedy="Give another folder, or empty that one.",
        )
    account: Account | None = there["account"]
    return account


def make(
    spark: SparkSession, target: str, world: World, done: Callable[[str], None] = lambda _: None
) -> Account:
    """Write the landing files under `<target>/landing` and the truth under `<target>/truth`.

    A call after a kill writes the same files again, and goes on.

    Args:
        spark: A session whose time zone is UTC.
        target: A folder that `claim` gave.
        world: What to make.
        done: Called with the name of each thing that is done.
    """
    root = target.rstrip("/") if "://" in target else os.path.abspath(target)
    with happenings(spark, world, f"{root}/{WORK}") as frames:
        written = landing(spark, frames, world, f"{root}/landing")
        _each(written, lambda source: _keep_files(written[source], root, source), done)
        files = spark.read.schema(tables.FILES.schema).parquet(_truth_of(root, tables.FILES))
        truths = _truth(spark, frames, files, world)
        _each(truths, lambda table: _keep(truths[table], root, table), done)
    account = _account(spark.read.schema(tables.TOTALS.schema).parquet(_truth_of(root, tables.TOTALS)))
    storage.write_atomically(f"{root}/{MANIFEST}", _manifest(world, account))
    return account


_Name = TypeVar("_Name", str, Table)


def _each(things: Iterable[_Name], write_one: Callable[[_Name], None], done: Callable[[str], None]) -> None:
    """Write one thing after another, a few at a time: while one is planned, others run."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        at_work = {pool.submit(write_one, thing): thing for thing in things}
        for finished in as_completed(at_work):
            finished.result()
            thing = at_work[finished]
            done(thing.name if isinstance(thing, Table) else f"landing/{thing}")


def landing(spark: SparkSession, frames: Frames, world: World, root: str) -> dict[str, DataFrame]:
    """The writing of every source, as `landing_files.WRITTEN`."""
    draws = Draws(world.seed)
    letters = frames.mail_events.withColumns(
        {
            "card": F.when(F.col("trigger") == mails.RECEIPT, loyalty_card(F.col("person"))),
            "email": typed(F.col("email"), draws.uniform("mail address", *mails.key())),
        }
    )
    engaged = (
        engagement.of_mails(letters, world, lambda link: product_id(mails.link_good(world, link))),
        engagement.of_coupons(frames.caused, world),
        engagement.of_ratings(frames.purchases, world),
    )
    records = {
        "receipts": receipts.receipt_records(frames.tilled, world),
        "orders": orders.order_records(frames.purchases, world),
        "web_events": web_records(frames.steps.unionByName(frames.strange_steps)),
        "engagement": reduce(DataFrame.unionByName, engaged),
        "identity_events": identity_records(frames.made_known, world),
    }
    feeds = {
        "products": reference.products(spark, world),
        "stores": reference.stores(spark, world),
        "customers": reference.customers(frames.people, world),
        "campaigns": reference.campaigns(spark, world),
        "offers": reference.offers(spark, world),
        "promotions": reference.promotions(spark, world),
        "channel_costs": reference.channel_costs(spark, world),
        "weather": reference.weather(spark, world),
        "assignments": engagement.assignments(frames.mails, world),
    }
    planted = {source: plant(frame, SHAPES[source], world) for source, frame in records.items()}
    faultless = world.model_copy(update={"faults": 0.0})
    return {
        source: write(frame, Drop(root, source, world, source), _per_day(source, world))
        for source, frame in planted.items()
    } | {
        source: write(sound(frame), Drop(root, source, faultless, source), _per_day(source, world))
        for source, frame in feeds.items()
    }


def _per_day(source: str, world: World) -> float:
    """About how many records of a source one drop holds; it decides nothing but the number of parts."""
    each = {
        "receipts": 0.2,
        "orders": 0.05,
        "web_events": 0.4 + 0.6 * world.web,
        "engagement": 0.6 * world.mail,
        "assignments": 0.3 * world.mail,
        "customers": 1.0,
        "identity_events": 0.01,
    }
    if source in ("products", "offers"):
        return world.products
    return each.get(source, 0) * world.households


def _truth(spark: SparkSession, frames: Frames, files: DataFrame, world: World) -> Mapping[Table, DataFrame]:
    """Every table of the truth but `files`."""
    return {
        tables.IDENTIFIERS: identifiers(
            frames.people,
            frames.tilled,
            frames.purchases,
            frames.steps,
            frames.mails,
            frames.made_known,
            world,
        ),
        tables.INTERESTS: truth.interests(frames.people),
        tables.CYCLES: truth.cycles(frames.people, world),
        tables.CHAINS: truth.chains(frames.people, world),
        tables.EFFECTS: truth.effects(frames.mails, frames.caused),
        tables.BOTS: truth.bots(spark, frames.mail_events, world),
        tables.FAULTS: truth.faults(files),
        tables.TOTALS: truth.totals(files),
    }


def _truth_of(root: str, table: Table) -> str:
    return f"{root}/truth/{table.short}"


def _keep(frame: DataFrame, root: str, table: Table) -> None:
    """Write a table of the truth anew, in its contract's columns; one without rows is a file that says so."""
    place = _truth_of(root, table)
    _conforming(frame, table).write.mode("overwrite").parquet(place)
    if next(storage.list_files(place), None) is None:  # Sail writes no file where there is no row
        empty = pa.BufferOutputStream()
        pq.write_table(to_arrow_schema(table.schema, timezone="UTC").empty_table(), empty)
        storage.write_atomically(f"{place}/part-none.parquet", empty.getvalue().to_pybytes())


def _keep_files(written: DataFrame, root: str, source: str) -> None:
    """Write a source's landing files, and its part of `truth.files` anew."""
    path = f"{_truth_of(root, tables.FILES)}/source={source}"
    _conforming(written, tables.FILES).drop("source").write.mode("overwrite").parquet(path)


def _conforming(frame: DataFrame, table: Table) -> DataFrame:
    return frame.select(*(F.col(column.name).cast(column.type) for column in table.columns))


def _account(totals: DataFrame) -> Account:
    counts = [column.name for column in tables.TOTALS.columns if column.type == LONG]
    cents = F.sum(F.col("revenue") * 100).cast(LONG).alias("cents")
    rows = (
        totals.groupBy("source").agg(*(F.sum(name).alias(name) for name in counts), cents).collect()
    )  # one a source
    return {row["source"]: {name: row[name] for name in (*counts, "cents")} for row in sorted(rows)}


def _numbers(world: World) -> dict[str, Any]:
    return world.model_dump(mode="json")


def _manifest(world: World, account: Account | None) -> bytes:
    told = {"version": VERSION, "world": _numbers(world), "account": account}
    return json.dumps(told, indent=1).encode() + b"\n"
