"""One row per candidate: whether its message goes, when, on which channel, and what each gate said.

`sent` goes out; `held_out` would have, to somebody who was drawn into the holdout; `refused` does not; `waiting` gave
way to another message or to a cap and is decided again on the next date, until it is `expired`. A candidate is decided
once: what an earlier date decided stands, whatever is found out later, and its `send_key` is the same on every run. A
run adds the candidates of its date, and decides anew what it decided itself and what waits. The history is what runs
decided: a lake that is rebuilt has forgotten it.

A person gets one message a run at most, and the caps count what was sent before, and what was held out, so that both
arms of a holdout are treated alike. What continuous mode decided in the middle of a date (`decided_at`) is listed at
once, and the date's run lets it stand (`send_standing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from pipelines.calc.time import books_close
from pipelines.calc.triggers.definitions import Cap, Pause, QuietHours, Trigger
from pipelines.calc.triggers.kinds import OnForecast, OnSegment
from pipelines.gold import consents as gold_consents
from pipelines.gold import customer_360 as gold_customer_360
from pipelines.gold import golden_records as gold_golden_records
from pipelines.gold import touchpoints as gold_touchpoints
from pipelines.gold import trigger_candidates as gold_trigger_candidates
from pipelines.gold.send_chains import links
from pipelines.gold.send_gates import GATE, Rules, decided
from pipelines.gold.send_reach import COST, prices, reached
from pipelines.gold.send_standing import standing_of
from pipelines.gold.trigger_candidates import CANDIDATE, newest
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import Col, Journal, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, STRING, TIMESTAMP
from pipelines.silver import channel_costs as silver_channel_costs
from pipelines.silver import engagement as silver_engagement
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import stores as silver_stores
from pipelines.silver.person_identifiers import current

SENT, HELD_OUT, REFUSED, EXPIRED, WAITS = OUTCOMES = ("sent", "held_out", "refused", "expired", "waiting")

_RAISED = (*(column.name for column in CANDIDATE), "raised_on")

TABLE = Table(
    name="gold.send_decisions",
    doc=__doc__,
    key=("candidate_id",),
    scope=("raised_on",),
    columns=(
        Col(
            "send_key",
            STRING,
            "32 hex digits of the candidate: who sends keeps them, and sends none twice",
            nullable=False,
        ),
        Col("raised_on", DATE, "The date whose run first saw the candidate", nullable=False),
        Col("decided_on", DATE, "The date whose run decided it; null: it waits"),
        Col(
            "decided_at",
            TIMESTAMP,
            "When continuous mode decided it, in the middle of that date (UTC); null: it waits, or a day's run did",
        ),
        Col("outcome", STRING, ", ".join(f"`{outcome}`" for outcome in OUTCOMES), nullable=False),
        Col("refused_by", STRING, "The first gate that did not let it through; null: it is sent"),
        Col("channel", STRING, "`email`, `sms` or `push`; null: none is agreed to and reaches the person"),
        Col("cost", COST, "Of the message on that channel, in the business's currency; null: no channel"),
        Col("time_zone", STRING, "Of the person's shop, IANA; null: no shop that is known"),
        Col(
            "send_at",
            TIMESTAMP,
            "When it goes, or would have gone, outside the person's quiet hours (UTC); null: no time zone",
        ),
        Col("is_held_out", BOOLEAN, "The person is drawn into the trigger's holdout", nullable=False),
        Col(
            "is_contaminated", BOOLEAN, "An id that the person had before was drawn otherwise", nullable=False
        ),
        Col(
            "gates",
            ArrayType(GATE),
            "Each gate in order, its answer, and its inputs in words; `passed` null: it could not be asked",
            nullable=False,
        ),
        *CANDIDATE,
    ),
    inputs=(
        gold_trigger_candidates.TABLE,
        gold_customer_360.TABLE,
        gold_touchpoints.TABLE,
        gold_consents.TABLE,
        gold_golden_records.TABLE,
        silver_engagement.TABLE,
        silver_person_identifiers.TABLE,
        silver_stores.TABLE,
        silver_channel_costs.TABLE,
    ),
    params=(
        "triggers.defined",
        "triggers.raised",
        "decisions.salt",
        "decisions.tacit_consent",
        "decisions.quiet",
        "decisions.caps",
        "decisions.pause",
        "decisions.cost_days",
        "reach.message_costs",
        "business.time_zone",
        "business.close_hour",
    ),
    expect=(one_of("outcome", OUTCOMES), at_least("cost", 0)),
    write=Journal(begins="raised_on", ends="decided_on"),
)


def build(
    trigger_candidates: DataFrame,
    customer_360: DataFrame,
    touchpoints: DataFrame,
    consents: DataFrame,
    golden_records: DataFrame,
    engagement: DataFrame,
    person_identifiers: DataFrame,
    stores: DataFrame,
    channel_costs: DataFrame,
    *,
    as_of: date,
    defined: Sequence[Trigger],
    raised: Sequence[str],
    salt: str,
    tacit_consent: Mapping[str, Sequence[str]],
    quiet: QuietHours,
    caps: Mapping[str, Cap],
    pause: Pause,
    cost_days: int,
    message_costs: Mapping[str, Decimal],
    time_zone: str,
    close_hour: int,
    standing: DataFrame | None = None,
    decided_at: datetime | None = None,
) -> DataFrame:
    """The candidates of the date, and those that waited for it, with what became of them.

    Args:
        trigger_candidates: `gold.trigger_candidates`; only its rows of `as_of` are looked at.
        customer_360: `gold.customer_360`, likewise.
        touchpoints: `gold.touchpoints`.
        consents: `gold.consents`.
        golden_records: `gold.golden_records`; its rows of `as_of` tell which ids a person had before.
        engagement: `silver.engagement`.
        person_identifiers: `silver.person_identifiers`.
        stores: `silver.stores`; a shop that it lacks has no time zone.
        channel_costs: `silver.channel_costs`.
        as_of: The date.
        defined: The triggers.
        raised: Names of those that are asked for candidates.
        salt: Of the holdouts.
        tacit_consent: By channel, what counts as consent of whoever said nothing.
        quiet: The hours of a person's clock between which nothing is sent.
        caps: At most so many messages, overall and by channel.
        pause: Which rating pauses promotion, and for how long.
        cost_days: The bills of so many days tell what a message costs.
        message_costs: What it costs by channel where no bill tells.
        time_zone: The business's.
        close_hour: Of the next day, when the books close.
        standing: The rows so far; of those that a later date decided nothing is known. Null: none.
        decided_at: The instant, where continuous mode decides: messages go from then on. Null: a day's run does, and
            they go from the close of the books on.
    """
    before = _nothing(trigger_candidates) if standing is None else standing
    found = standing_of(before, as_of, live=decided_at is not None)
    rules = Rules(
        as_of=as_of,
        close=decided_at or books_close(as_of, time_zone, close_hour),
        salt=salt,
        quiet=quiet,
        caps=caps,
        pause=pause,
        time_zone=time_zone,
    )
    former = _former(golden_records, as_of)
    chains = [each for each in defined if each.name in raised]
    told = _raised(trigger_candidates, links(found.settled, engagement, chains, as_of), as_of)
    lately = found.heard.where(F.col("raised_on") >= F.lit(as_of - timedelta(_memory_days(defined))))
    new = told.join(lately.select("candidate_id"), on="candidate_id", how="left_anti")
    candidates = newest(_now(found.open.select(*_RAISED).unionByName(new), former))
    persons = current(person_identifiers)
    known = reached(
        customer_360,
        touchpoints,
        consents,
        persons,
        as_of=as_of,
        tacit=tacit_consent,
        brands=sorted({each.brand for each in defined if each.brand}),
    )
    bills = prices(channel_costs, as_of=as_of, cost_days=cost_days, message_costs=message_costs)
    days = max(cap.days for cap in (*caps.values(), *(each.cap for each in defined)))
    past = _past(_now(found.settled, former), rules.close - timedelta(days))
    rows = (
        candidates.join(known, on="person_id", how="left")
        .withColumn("_clock_of", F.coalesce("favourite_store", "store_id"))
        .join(F.broadcast(_clocks(stores, time_zone)), on="_clock_of", how="left")
        .join(_ids_before(former), on="person_id", how="left")
        .join(past, on="person_id", how="left")
        .crossJoin(F.broadcast(bills))
    )
    at = F.when(F.col("decided_on").isNotNull(), F.lit(decided_at).cast(TIMESTAMP))
    key = F.substring(F.sha2("candidate_id", 256), 1, 32)
    made = decided(rows, rules).withColumns({"send_key": key, "decided_at": at})
    return made.select(*TABLE.names).unionByName(found.kept.select(*TABLE.names))


def _nothing(frame: DataFrame) -> DataFrame:
    columns = (F.lit(None).cast(column.type).alias(column.name) for column in TABLE.columns)
    return frame.where(F.lit(False)).select(*columns)


def _memory_days(defined: Sequence[Trigger]) -> int:
    """A candidate that is raised again is so within so many days."""
    spans = (each.when.every_days for each in defined if isinstance(each.when, OnSegment | OnForecast))
    return max(*(each.window_days for each in defined), *spans, 1)


def _raised(trigger_candidates: DataFrame, following: DataFrame | None, as_of: date) -> DataFrame:
    """The candidates of the day, in the columns of `CANDIDATE` and `raised_on`."""
    own = trigger_candidates.where(F.col("as_of") == F.lit(as_of)).select(*(c.name for c in CANDIDATE))
    both = own if following is None else own.unionByName(following)
    return both.withColumn("raised_on", F.lit(as_of))


def _former(golden_records: DataFrame, as_of: date) -> DataFrame:
    """`former_id, now_id`: ids that persons of today had before, one row each."""
    records = golden_records.where(F.col("as_of") == F.lit(as_of))
    each = records.select("person_id", F.explode("former_ids").alias("former_id"))
    return each.groupBy("former_id").agg(F.min("person_id").alias("now_id"))


def _now(rows: DataFrame, former: DataFrame) -> DataFrame:
    """The rows under the ids that their persons have now."""
    moved = rows.join(former, on=F.col("person_id") == F.col("former_id"), how="left")
    named = moved.withColumn("person_id", F.coalesce("now_id", "person_id"))
    return named.drop("former_id", "now_id")


def _ids_before(former: DataFrame) -> DataFrame:
    return former.groupBy(F.col("now_id").alias("person_id")).agg(
        F.array_sort(F.collect_list("former_id")).alias("former_ids")
    )


def _past(settled: DataFrame, since: datetime) -> DataFrame:
    """`person_id, past`: what each person was sent, or would have been, since then."""
    went = settled.where(F.col("outcome").isin(SENT, HELD_OUT) & (F.col("send_at") > F.lit(since)))
    each = F.struct(F.unix_micros("send_at").alias("at"), "channel", "trigger", "brand")
    return went.groupBy("person_id").agg(F.collect_list(each).alias("past"))


def _clocks(stores: DataFrame, time_zone: str) -> DataFrame:
    """`_clock_of, time_zone`: of each shop; a shop that tells none has the business's."""
    return stores.select(
        F.col("store_id").alias("_clock_of"), F.coalesce("time_zone", F.lit(time_zone)).alias("time_zone")
    )
