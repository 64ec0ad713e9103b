"""Real receipts dressed with simulated web visits and mails of the same cards.

Nothing real is touched: the simulated records land in files of their own beside the real ones, with
`simulated` in their names, each on the business day on which it happens. They follow the receipts (visits
before and after a purchase, a mail on the morning after one) and cause none of them: nothing can be learnt
from them about effects of mails. Cards get no address, no phone and no name.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from pipelines.errors import DataError
from pipelines.lakehouse import storage
from pipelines.lakehouse.store import store_of
from pipelines.landing import files
from pipelines.landing.framing import frame
from pipelines.landing.receipts import SOURCE as RECEIPTS
from pipelines.simulate import engagement, mail_events, mails, visit, visits
from pipelines.simulate.clock import HOUR, day_of, instant, later
from pipelines.simulate.draws import Draws
from pipelines.simulate.drops import write
from pipelines.simulate.faults import SHAPES, plant
from pipelines.simulate.landing_files import Drop
from pipelines.simulate.persons import as_reader, as_visitor
from pipelines.simulate.web_events import stepped, web_records
from pipelines.simulate.world import OPENING, VERSION, World

REAL_AND_SIMULATED = (
    "Real: receipts, goods, demographics, campaigns and coupons of The Complete Journey. Simulated: every web visit "
    "and every e-mail, in the files named `simulated`; they follow the real receipts and caused none of them."
)

MANIFEST = "_simulated.json"
MAILED, REVISITED = 0.72, 0.3
"""Of the days with a receipt of a card that takes mails, those that a mail follows; of receipts of a card on the web,
those after which somebody looks at the goods again."""

_NAMELESS = replace(RECEIPTS, fields=tuple(field for field in RECEIPTS.fields if not field.contact))
"""Receipts as they are read here: contacts are none of our business, and no key is asked for to seal them."""

GOODS = 5
"""Of a receipt, so many goods are looked at or linked at most."""


def settled(landing_root: str, seed: int) -> dict[str, int] | None:
    """What a finished call with this seed added, by source; null when there was none.

    Raises:
        DataError: the receipts are dressed with another seed.
    """
    path = f"{landing_root.rstrip('/')}/{MANIFEST}"
    if not storage.exists(path):
        return None
    note = json.loads(storage.read_bytes(path))
    if (note["version"], note["seed"]) != (VERSION, seed):
        raise DataError(
            f"The receipts in {landing_root} are dressed already, with seed {note['seed']}, version {note['version']}",
            remedy=f"Keep that seed, or delete the files named simulated and {MANIFEST} there.",
        )
    return {source: int(count) for source, count in note["records"].items()}


def dress(spark: SparkSession, landing_root: str, *, seed: int, time_zone: str) -> dict[str, int]:
    """Add visits and mails to the receipts that lie in a landing folder. A rerun gives the same files.

    Returns:
        The records written, by source.

    Raises:
        DataError: there are no receipts.
        SystemFault: the folder cannot be written.
    """
    root = landing_root.rstrip("/") if "://" in landing_root else os.path.abspath(landing_root)
    found = _landed(root)
    world = _world(found, seed, time_zone)
    held = store_of(spark).held
    with (
        held(_receipts(spark, root, found, world)) as shopped,
        held(_mails(shopped, world)) as sent,
    ):
        clicked = sent.where(F.col("clicked_after").isNotNull()).withColumn(
            "goods", _from(F.col("clicked_link"))
        )
        came = visits.researching(shopped, world).unionByName(_revisiting(shopped, world))
        came = came.unionByName(visits.clicking(clicked, world))
        told = engagement.of_mails(
            mail_events.events(sent, world), world, lambda link: F.get(_from(link), F.lit(0))
        )
        web = _kept("web_events", web_records(stepped(came)), world, root)
        mail = _kept("engagement", told, world, root)
        rows = web.unionByName(mail).groupBy("source").agg(F.sum("records").alias("records")).collect()  # two
    added = {row["source"]: int(row["records"]) for row in sorted(rows)}
    note = {"version": VERSION, "seed": seed, "records": added}
    storage.write_atomically(f"{root}/{MANIFEST}", json.dumps(note, indent=1).encode() + b"\n")
    return added


def _landed(root: str) -> list[files.Landed]:
    """The files of receipts, in the order of their arrival."""
    found, _ = files.landed(root, [RECEIPTS], datetime.max.replace(tzinfo=UTC))
    if not found:
        raise DataError(
            f"There are no receipts to dress in {root}",
            remedy="Land them first: `tillpost land`, or give another folder.",
        )
    return found


def _world(found: list[files.Landed], seed: int, time_zone: str) -> World:
    """The days that the receipts' drops bring, as a world without faults; its people are the cards."""
    bare = World.checked(seed=seed, households=1, start="2000-01-01", days=1, stores=1, time_zone=time_zone)
    first, last = (
        found[place].arrived_at.astimezone(bare.zone).date() - timedelta(days=1) for place in (0, -1)
    )
    days = {"start": first, "days": (last - first).days + 1, "mail": MAILED, "faults": 0.0}
    return World.checked(**bare.model_dump() | days)


def _receipts(spark: SparkSession, root: str, found: list[files.Landed], world: World) -> DataFrame:
    """One row per receipt with a card.

    `card`, `person` (drawn from it), `day`, `slot`, `at`, `goods`, traits.
    """
    fields = (
        "receipt_no string, loyalty_card string, purchased_at string, lines array<struct<product_id string>>"
    )
    listed = spark.createDataFrame(
        [(f.source, f.path, f.size, f.arrived_at, 1) for f in found],
        "source string, file string, size long, arrived_at timestamp, batch long",
    )
    records = frame(listed, _NAMELESS, landing_root=root, vault_key=None, default_region="US")
    text = F.col("payload").try_cast("string")  # null with Sail where it is no UTF-8
    read = records.where(F.is_valid_utf8(text)).select(F.from_json(text, fields).alias("r")).select("r.*")
    draws, card = Draws(world.seed), F.col("loyalty_card")
    shopped = read.where(card.isNotNull() & (F.size("lines") > 0)).select(
        card.alias("card"),
        F.xxhash64(card).alias("person"),
        F.xxhash64("receipt_no").alias("slot"),
        F.to_timestamp("purchased_at").alias("at"),
        F.slice(F.array_distinct("lines.product_id"), 1, GOODS).alias("goods"),
        F.lit(OPENING).cast("long").alias("form_day"),
    )
    shopped = shopped.withColumn("day", day_of(world, F.col("at"))).withColumns(as_visitor(draws, world))
    return shopped.withColumns(as_reader(draws, world)).withColumn("email", F.lit(None).cast("string"))


def _mails(shopped: DataFrame, world: World) -> DataFrame:
    """One mail on the morning after a day with receipts, about the goods of the first of them."""
    draws = Draws(world.seed)
    of_day = Window.partitionBy("person", "day").orderBy("at", "slot")
    first = shopped.withColumn("number", F.row_number().over(of_day)).where("number = 1")
    mailed = first.withColumns({"mail_day": F.col("day") + 1, "trigger": F.lit(mails.RECEIPT)})
    takes = F.col("mailed_from").isNotNull() & draws.chance(world.mail, "mail", *mails.key())
    sent_at = instant(world, F.col("mail_day"), draws.below(HOUR, "mail second", *mails.key()) + 9 * HOUR)
    sent = (
        mailed.drop("number", "day")
        .where(takes & (F.col("mail_day") < world.days))
        .withColumns(
            {
                "mail": mails.message_id(draws, *mails.key()),
                "sent_at": sent_at,
                "campaign": F.lit(None).cast("string"),
                "treated": F.lit(True),
                "bounced": F.col("dead_address") | draws.chance(0.01, "bounce", *mails.key()),
                "liked": F.lit(True),
                "caused": F.lit(False),
                "leaves_on": F.lit(None).cast("long"),
                "leaves_by": F.lit(None).cast("string"),
            }
        )
    )
    return mails.read(sent, world)


def _revisiting(shopped: DataFrame, world: World) -> DataFrame:
    """Visits that look at a receipt's goods again, up to twenty days later."""
    draws, ids = Draws(world.seed), (F.col("person"), F.col("day"), F.col("slot"))
    again = F.col("on_web") & draws.chance(REVISITED, "revisit", *ids)
    made = shopped.where(again).withColumns(
        {
            "started_at": later(F.col("at"), draws.below(20 * 24 * HOUR, "revisit after", *ids) + HOUR),
            "steps": visit.steps(
                F.array(visit.step("page_view")),
                F.transform("goods", lambda good: visit.step("product_view", product=good)),
            ),
        }
    )
    return visit.of_people(made, world, "revisit", *ids)


def _from(link: Column) -> Column:
    """The receipt's goods, beginning with the one behind a link."""
    place = F.pmod(link, F.size("goods")).cast("int")
    return F.concat(F.slice("goods", place + 1, GOODS), F.slice("goods", F.lit(1), place))


def _kept(source: str, records: DataFrame, world: World, root: str) -> DataFrame:
    """The writing of a source's simulated files, as `landing_files.WRITTEN`."""
    return write(plant(records, SHAPES[source], world), Drop(root, source, world, f"{source}-simulated"), 1.0)
