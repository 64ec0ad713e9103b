"""The gates of `gold.send_decisions`: what is asked of a candidate before it goes, each with its inputs in words.

Every function takes rows and adds columns; nothing here reads a table, so the laws of the gates are tested on rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from pipelines.calc.time import business_date
from pipelines.calc.triggers.definitions import Cap, Pause, QuietHours
from pipelines.gold.send_reach import chosen, may_write, open_to, reaches
from pipelines.lakehouse.types import BOOLEAN, LONG, STRING

GATES = (
    "identified",
    "time_zone",
    "consent",
    "reachable",
    "suppression",
    "stock",
    "blocks",
    "superseded",
    "expired",
    "caps",
    "priority",
    "holdout",
)
GATE = StructType(
    [StructField("gate", STRING), StructField("passed", BOOLEAN), StructField("because", STRING)]
)
WAITING = ("caps", "priority")
"""The gates that may let a candidate through on another day."""
_DAY = 86_400_000_000
_BUCKETS = 2**32


@dataclass(frozen=True)
class Rules:
    """What the gates ask, beside what stands in the candidates.

    Args:
        as_of: The date of the run.
        close: When its books closed, or when continuous mode decides (UTC): no message goes earlier.
        salt: Of the holdouts.
        quiet: The hours of a person's clock between which nothing is sent.
        caps: At most so many messages, `overall` and by channel.
        pause: Which rating pauses promotion, and for how long.
        time_zone: The business's.
    """

    as_of: date
    close: datetime
    salt: str
    quiet: QuietHours
    caps: Mapping[str, Cap]
    pause: Pause
    time_zone: str


def timed(rows: DataFrame, rules: Rules) -> DataFrame:
    """The rows with `send_at`: the first moment from the close on, and not before `earliest_at`, that is not quiet.

    Needs `time_zone`, of which null gives null. At 23:30 of a clock that is quiet from 21 to 9 it is 9:00 tomorrow.
    """
    begins, ends = rules.quiet.begins, rules.quiet.ends
    local = rows.withColumn("_earliest", F.greatest(F.lit(rules.close), "earliest_at")).withColumn(
        "_local", F.from_utc_timestamp("_earliest", F.col("time_zone"))
    )
    hour = F.hour("_local")
    if begins > ends:
        quiet, tomorrow = (hour >= begins) | (hour < ends), hour >= begins
    else:
        quiet, tomorrow = (hour >= begins) & (hour < ends), F.lit(False)
    morning = F.unix_micros(F.date_trunc("day", "_local")) + F.when(tomorrow, _DAY).otherwise(0).cast(LONG)
    opens = F.timestamp_micros(morning + ends * 3_600_000_000)
    awake = F.when(quiet, F.to_utc_timestamp(opens, F.col("time_zone"))).otherwise(F.col("_earliest"))
    known = F.when(F.col("time_zone").isNotNull(), awake)
    return local.withColumn("send_at", known).drop("_earliest", "_local")


def counted(rows: DataFrame, rules: Rules) -> DataFrame:
    """The rows with `_sent_overall`, `_sent_channel` and `_sent_trigger`: messages near the one that would go.

    Needs `channel`, `brand`, `send_at` and `past`, the person's earlier messages as `at` (microseconds), `channel`,
    `trigger` and `brand`. Messages count that go less than the cap's days before *or after* it, so no span of so many
    days ever holds more, in whatever order they are decided. For a brand's message those of other brands do not count.
    """
    at = F.unix_micros("send_at")
    nobody = F.array().cast("array<struct<at: bigint, channel: string, trigger: string, brand: string>>")
    told = rows.withColumn("past", F.coalesce("past", nobody))

    def near(past: Column, days: Column) -> Column:
        alike = F.coalesce(past["brand"] == F.col("brand"), F.lit(True))
        return (F.abs(past["at"] - at) < days * _DAY) & alike

    overall = F.lit(rules.caps["overall"].days).cast(LONG)
    by_channel = _of_channel(rules, "days")
    return told.withColumns(
        {
            "_sent_overall": F.size(F.filter("past", lambda each: near(each, overall))),
            "_sent_channel": F.size(
                F.filter("past", lambda each: near(each, by_channel) & (each["channel"] == F.col("channel")))
            ),
            "_sent_trigger": F.size(
                F.filter(
                    "past",
                    lambda each: (
                        near(each, F.col("cap_days").cast(LONG)) & (each["trigger"] == F.col("trigger"))
                    ),
                )
            ),
        }
    )


def _of_channel(rules: Rules, what: str) -> Column:
    """A number of the cap of the row's channel; without a cap of its own, of the overall one."""
    own = (
        F.when(F.col("channel") == channel, F.lit(getattr(cap, what)))
        for channel, cap in sorted(rules.caps.items())
        if channel != "overall"
    )
    return F.coalesce(*own, F.lit(getattr(rules.caps["overall"], what))).cast(LONG)


def bucket(salt: str, trigger: Column, person: Column) -> Column:
    """Where a person falls for a trigger, evenly in 0 to 1: 32 bits of the SHA-256 of salt, trigger and person."""
    digest = F.sha2(F.concat_ws("/", F.lit(salt), trigger, person), 256)
    return F.conv(F.substring(digest, 1, 8), 16, 10).cast(LONG) / _BUCKETS


def drawn(rows: DataFrame, rules: Rules) -> DataFrame:
    """The rows with `is_held_out` and `is_contaminated`: an id that the person had before was drawn otherwise.

    Needs `former_ids`, an array. A merge keeps the person's id (`docs/identity.md`), and so the arm.
    """
    own = bucket(rules.salt, F.col("trigger"), F.col("person_id")) < F.col("holdout_share")
    before = F.transform(
        "former_ids", lambda each: bucket(rules.salt, F.col("trigger"), each) < F.col("holdout_share")
    )
    return rows.withColumns({"is_held_out": F.coalesce(own, F.lit(False)), "_arms": before}).withColumn(
        "is_contaminated", F.coalesce(F.array_contains("_arms", ~F.col("is_held_out")), F.lit(False))
    )


def asked(rows: DataFrame, rules: Rules) -> DataFrame:
    """The rows with a column `_gate_` for each gate but the last two: its answer, and its inputs in words."""
    paused_until = F.lit(rules.as_of - timedelta(rules.pause.days))
    rated = (F.col("last_rating") <= rules.pause.stars) & (F.col("last_rated_on") > paused_until)
    since = business_date(F.col("occurred_at"), rules.time_zone)
    told = rows.withColumns(
        {
            "_agreed": open_to(may_write),
            "_reached": open_to(reaches),
            "_paused": F.coalesce(rated, F.lit(False)),
            "_bought": F.coalesce(
                F.col("ends_with_purchase") & (F.col("last_purchase_on") >= since), F.lit(False)
            ),
            "_filled": F.when(
                F.col("items").isNotNull(),
                F.size(F.array_distinct(F.transform("items", lambda item: item["block_no"]))),
            ),
            "_gone": F.col("sold_out"),
            "_channel_cap": _of_channel(rules, "messages"),
        }
    ).withColumns({name: F.coalesce(name, F.lit(0)) for name in ("_filled", "_gone")})
    known = F.col("person_id").isNotNull()
    gates = {
        f"_gate_{gate}": _gate(gate, passed if gate == "identified" else F.when(known, passed), because)
        for gate, (passed, because) in {**_of_person(), **_of_message(rules)}.items()
    }
    return told.withColumns(gates)


def _of_person() -> dict[str, tuple[Column, Column]]:
    """The gates that look at the person: whether it passes, and why."""
    agreed, reached = (F.concat_ws(", ", name) for name in ("_agreed", "_reached"))
    of_brand = F.coalesce(F.concat(F.lit(", of "), "brand"), F.lit(""))
    return {
        "identified": (F.col("person_id").isNotNull(), _said("person ", F.col("person_id"))),
        "time_zone": (F.col("time_zone").isNotNull(), _said("clock of ", F.col("time_zone"))),
        "consent": (F.size("_agreed") > 0, F.concat(_said("agreed to ", agreed), of_brand)),
        "reachable": (F.col("channel").isNotNull(), _said("can be reached on ", reached)),
        "suppression": (~F.col("_paused"), _said("last rating ", F.col("last_rating"))),
    }


def _of_message(rules: Rules) -> dict[str, tuple[Column, Column]]:
    """The gates that look at the message: whether it passes, and why."""
    overall = F.lit(rules.caps["overall"].messages)
    spent = (
        (F.col("_sent_overall") >= overall)
        | (F.col("_sent_channel") >= F.col("_channel_cap"))
        | (F.col("_sent_trigger") >= F.col("cap_messages"))
    )
    bought = F.when(F.col("_bought"), _said("bought on ", F.col("last_purchase_on")))
    return {
        "stock": (
            (F.col("_gone") == 0) | (F.col("_filled") > 0),
            _words(F.col("_gone"), "goods are not in the shop"),
        ),
        "blocks": (
            F.col("_filled") >= F.col("least_blocks"),
            _words(F.col("_filled"), "blocks filled, at least", F.col("least_blocks")),
        ),
        "superseded": (
            F.col("replaced_by").isNull() & ~F.col("_bought"),
            F.coalesce(bought, _said("newer: ", F.col("replaced_by"))),
        ),
        "expired": (
            F.col("send_at") <= F.col("expires_at"),
            _words("goes", F.col("send_at"), "until", F.col("expires_at")),
        ),
        "caps": (
            ~spent,
            F.concat_ws(
                ", ",
                _words("overall", F.col("_sent_overall"), "of", overall),
                _words("channel", F.col("_sent_channel"), "of", F.col("_channel_cap")),
                _words("trigger", F.col("_sent_trigger"), "of", F.col("cap_messages")),
            ),
        ),
    }


def _gate(gate: str, passed: Column, because: Column) -> Column:
    told = F.struct(F.lit(gate).alias("gate"), passed.alias("passed"), because.alias("because"))
    return told.cast(GATE)  # an array asks for one nullability


def _words(*parts: str | Column) -> Column:
    return F.concat_ws(" ", *(F.lit(p) if isinstance(p, str) else p.cast(STRING) for p in parts))


def _said(words: str, what: Column) -> Column:
    """The words and the value; `nothing` where it is null or empty."""
    text = what.cast(STRING)
    return F.concat(F.lit(words), F.when(F.length(text) > 0, text).otherwise(F.lit("nothing")))


def ranked(rows: DataFrame) -> DataFrame:
    """The rows with the gates `priority` and `holdout`, and `refused_by`, the first gate that lets them not through.

    Of what passes all other gates, one message a person goes: the smallest priority, then what expires first. Holdouts
    come last, so that who is held out loses a message that would have gone, at the time at which it would have.
    """
    others = (F.coalesce(F.col(f"_gate_{gate}")["passed"], F.lit(False)) for gate in GATES[:-2])
    passes = reduce(and_, others)
    order = Window.partitionBy("person_id", "_open").orderBy("priority", "expires_at", "candidate_id")
    placed = rows.withColumn("_open", passes).withColumns(
        {"_place": F.row_number().over(order), "_ahead": F.first("candidate_id").over(order)}
    )
    first = F.when(F.col("_open"), F.col("_place") == 1)
    ahead = F.when(F.col("_open") & (F.col("_place") > 1), F.col("_ahead"))
    last = {
        "priority": (first, _said("before it goes ", ahead)),
        "holdout": (
            F.when(F.col("person_id").isNotNull(), ~F.col("is_held_out")),
            F.concat(F.lit("share held out "), F.col("holdout_share").cast(STRING)),
        ),
    }
    told = {f"_gate_{gate}": _gate(gate, passed, because) for gate, (passed, because) in last.items()}
    refusals = (
        F.when(~F.coalesce(F.col(f"_gate_{gate}")["passed"], F.lit(False)), F.lit(gate)) for gate in GATES
    )
    return placed.withColumns(told).withColumn("refused_by", F.coalesce(*refusals))


def decided(rows: DataFrame, rules: Rules) -> DataFrame:
    """Rows with what stands on each candidate and person, through all gates: see `gold.send_decisions`."""
    fitting = rows.withColumn("_chosen", chosen()).withColumns(
        {"channel": F.col("_chosen.channel"), "cost": F.col("_chosen.cost")}
    )
    through = ranked(asked(drawn(counted(timed(fitting, rules), rules), rules), rules))
    waits = F.col("refused_by").isin(*WAITING)
    outcome = (
        F.when(F.col("refused_by").isNull(), "sent")
        .when(F.col("refused_by") == "holdout", "held_out")
        .when(F.col("refused_by") == "expired", "expired")
        .when(waits, "waiting")
        .otherwise("refused")
    )
    return through.withColumns(
        {
            "outcome": outcome,
            "decided_on": F.when(~F.coalesce(waits, F.lit(False)), F.lit(rules.as_of)),
            "gates": F.array(*(F.col(f"_gate_{gate}") for gate in GATES)),
        }
    )
