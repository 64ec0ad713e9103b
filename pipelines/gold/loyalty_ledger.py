"""One row per person and entry of points: each movement with its balance, its rule and its reason in words.

Only members have a ledger: who is known by an identifier that the programme names. What they bought under another
identifier is theirs as soon as identity ties it to them (`claim`), and leaves with it when it is parted again: the
entries are those of the person's identifiers, so a balance is the sum of its entries whoever merges or splits.
Nothing is ever taken off an entry: a return is an entry of its own, of whom the sale earned points for, and at most
what it had earned. Credits for purchases before the programme stop at the cap, in the order of the purchases.

Points do not expire, unless `loyalty.expire_days` says so. Then what is left of them becomes an entry of the day
(`expiry`), the oldest being spent first; a return takes back nothing of points that have expired.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.loyalty import BEFORE, Credit
from pipelines.gold import loyalty_events as gold_loyalty_events
from pipelines.gold import loyalty_expiries as gold_loyalty_expiries
from pipelines.gold.loyalty_events import ACCRUAL, CREDIT, KINDS, REDEMPTION, REFUND, REVERSAL
from pipelines.gold.loyalty_expiries import expired
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import PERSON, Col, Input, Table
from pipelines.lakehouse.types import DATE, INT, LONG, MONEY, STRING, TIMESTAMP
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver.person_identifiers import IDENTIFIER, current

CLAIM, EXPIRY = "claim", "expiry"
_NO_CAP = 10**15

TABLE = Table(
    name="gold.loyalty_ledger",
    doc=__doc__,
    key=("person_id", "entry_no"),
    scope=("person_id",),
    columns=(
        PERSON,
        Col("entry_no", INT, "From 1, in the order of time", nullable=False),
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col(
            "occurred_at",
            TIMESTAMP,
            "The receipt's or order's instant (UTC); of an expiry the day's first",
            nullable=False,
        ),
        Col("kind", STRING, ", ".join(f"`{kind}`" for kind in (*KINDS, CLAIM, EXPIRY)), nullable=False),
        Col(
            "points",
            LONG,
            "Earned or given back (positive), spent, taken back or expired (negative)",
            nullable=False,
        ),
        Col("balance", LONG, "The sum of the person's points up to this entry", nullable=False),
        next(column for column in gold_loyalty_events.TABLE.columns if column.name == "available_on"),
        Col(
            "document_id",
            STRING,
            "The `receipt_id`, or `order/` and the order's number; of an expiry `expiry/` and its day",
            nullable=False,
        ),
        Col("about", STRING, "Of a return the `receipt_id` taken back, if told; else itself", nullable=False),
        Col("rule", STRING, "The rule that was applied; null: none, as for what was spent"),
        Col("amount", MONEY, "Money that the points are for, in the business's currency", nullable=False),
        Col("reason", STRING, "Why, in a sentence for the customer's support", nullable=False),
    ),
    inputs=(
        Input(gold_loyalty_events.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
        silver_person_identifiers.TABLE,
        Input(gold_loyalty_events.TABLE, through=gold_loyalty_events.TABLE, on=("about",)),
        Input(gold_loyalty_expiries.TABLE, through=silver_person_identifiers.TABLE, on=IDENTIFIER),
    ),
    params=("loyalty.members", "loyalty.credits", "loyalty.expire_days", "business.currency"),
    expect=(one_of("kind", (*KINDS, CLAIM, EXPIRY)), at_least("entry_no", 1)),
)

_ENTRY = tuple(name for name in TABLE.names if name not in ("entry_no", "balance"))


def build(
    loyalty_events: DataFrame,
    person_identifiers: DataFrame,
    all_events: DataFrame,
    loyalty_expiries: DataFrame,
    *,
    as_of: date,
    members: Sequence[str],
    credits: Sequence[Credit],
    expire_days: int | None,
    currency: str,
) -> DataFrame:
    """The entries of each member's identifiers up to `as_of`.

    Args:
        loyalty_events: Those of the persons that are asked for.
        person_identifiers: Whose each identifier is.
        all_events: Those of everybody, where the sales that returns take back are looked up.
        loyalty_expiries: The days on which points of the persons' identifiers expire.
        as_of: What comes later is left out.
        members: Types of identifiers that make their person a member.
        credits: The rules with the cap for purchases before the programme.
        expire_days: How long points last; null: for good.
        currency: Of the business, whose rule counts.
    """
    persons = current(person_identifiers)
    member = persons.where(F.col("identifier_type").isin(*members)).select("person_id").distinct()
    known = F.col("occurred_on") <= F.lit(as_of)
    made = loyalty_events.where(known & F.col("kind").isin(ACCRUAL, CREDIT, REDEMPTION))
    nothing = F.lit(None).cast(LONG)
    sales = made.withColumns({"granted": nothing, "full": F.col("points")})
    entries = (
        sales.unionByName(_taken_back(all_events.where(known)))
        .join(persons.join(member, on="person_id", how="left_semi"), on=list(IDENTIFIER), how="inner")
        .withColumn(
            "points", _capped(next((rule.cap for rule in credits if rule.currency == currency), _NO_CAP))
        )
        .withColumn("kind", _kind(members))
        .where((F.col("points") != 0) | (F.coalesce("asked", F.lit(0)) > 0))
    )
    entries = entries.withColumn("reason", _reason()).select(*_ENTRY, "expires_on")
    if expire_days is not None:
        come = loyalty_expiries.where(F.col("expires_on") <= F.lit(as_of))
        due = come.join(persons, on=list(IDENTIFIER), how="inner").select("person_id", "expires_on")
        entries = entries.unionByName(_expiries(expired(entries, due), expire_days), allowMissingColumns=True)
    order = Window.partitionBy("person_id").orderBy(
        "occurred_on", F.col("kind") != EXPIRY, "occurred_at", "document_id", "kind"
    )
    so_far = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return entries.withColumns(
        {"entry_no": F.row_number().over(order), "balance": F.sum("points").over(so_far)}
    ).select(*TABLE.names)


def _taken_back(events: DataFrame) -> DataFrame:
    """Reversals and refunds under the identifier of the sale, where it is known; else under their own.

    The returns of one sale take back no more than it earned (`granted`; null: the sale is not known), and nothing of
    what has expired.
    """
    sold = events.where(F.col("kind").isin(ACCRUAL, CREDIT)).select(
        F.col("document_id").alias("about"),
        F.struct("identifier_type", "identifier_value").alias("_sold_to"),
        F.col("points").alias("granted"),
        F.col("expires_on").alias("_expired_on"),
    )
    returns = events.where(F.col("kind").isin(REVERSAL, REFUND)).join(sold, on="about", how="left")
    late = F.coalesce(F.col("occurred_on") >= F.col("_expired_on"), F.lit(False))
    returns = returns.withColumn("granted", F.when(late, 0).otherwise(F.col("granted")))
    sale = Window.partitionBy("about", "kind").orderBy("occurred_at", "document_id")
    back = F.sum(-F.col("points")).over(sale.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    is_reversal = F.col("granted").isNotNull() & (F.col("kind") == REVERSAL)
    returns = returns.withColumn("full", F.col("points")).withColumn("_back", back)
    earlier = F.col("_back") + F.col("points")
    limited = F.least("granted", earlier) - F.least("granted", "_back")
    whose = {
        c: F.when(F.col("granted").isNull(), F.col(c)).otherwise(F.col(f"_sold_to.{c}")) for c in IDENTIFIER
    }
    return (
        returns.withColumn("points", F.when(is_reversal, limited).otherwise(F.col("points")))
        .withColumns(whose)
        .select(*gold_loyalty_events.TABLE.names, "granted", "full")
    )


def _expiries(gone: DataFrame, expire_days: int) -> DataFrame:
    """Entries of what has expired."""
    day = F.col("expires_on")
    named = F.concat(F.lit("expiry/"), day.cast(STRING))
    why = F.format_string(f"%d points expired, {expire_days} days after they were earned", F.col("points"))
    return gone.select(
        "person_id",
        day.alias("occurred_on"),
        day.cast(TIMESTAMP).alias("occurred_at"),
        F.lit(EXPIRY).alias("kind"),
        (-F.col("points")).alias("points"),
        day.alias("available_on"),
        named.alias("document_id"),
        named.alias("about"),
        F.lit(0).cast(MONEY).alias("amount"),
        why.alias("reason"),
    )


def _capped(cap: int) -> Column:
    """The points, of credits only while their running sum is below the cap.

    `min(cap, sum up to here) - min(cap, sum before)` adds up to `min(cap, sum)`, returns included.
    """
    credit = F.coalesce(F.col("rule") == BEFORE, F.lit(False))
    order = Window.partitionBy("person_id", credit).orderBy("occurred_at", "document_id", "kind")
    here = F.sum("points").over(order.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    most = F.lit(cap).cast(LONG)
    limited = F.least(most, here) - F.least(most, here - F.col("points"))
    return F.when(credit, limited).otherwise(F.col("points"))


def _kind(members: Sequence[str]) -> Column:
    claimed = (F.col("kind") == ACCRUAL) & ~F.col("identifier_type").isin(*members)
    return F.when(claimed, CLAIM).otherwise(F.col("kind"))


def _reason() -> Column:
    """The entry in words."""

    def said(*parts: Column | str) -> Column:
        texts = (F.lit(part) if isinstance(part, str) else part.cast(STRING) for part in parts)
        return F.concat(*texts)

    kind, points, amount, about = (F.col(c) for c in ("kind", "points", "amount", "about"))
    earned = said(points, " points for ", amount, " paid, by the rule ", F.col("rule"))
    frozen = F.when(
        F.col("available_on") > F.col("occurred_on"), said("; to be spent from ", F.col("available_on"))
    )
    beyond = F.when(F.col("asked") > -points, said("; ", F.col("asked"), " were taken, more than allowed"))
    less = F.when(
        F.col("full") != points, said("; ", F.abs("full"), " by the rule, less what is beyond its limit")
    )
    unknown = F.when(F.col("granted").isNull(), F.lit("; the receipt is not known"))
    claimed = said("; bought under a ", F.col("identifier_type"))
    back = said("Goods for ", amount, " came back from ", about)

    def sentence(first: Column, *more: Column) -> Column:
        return F.concat(first, *(F.coalesce(part, F.lit("")) for part in more))

    return (
        F.when(kind == ACCRUAL, sentence(earned, frozen))
        .when(kind == CLAIM, sentence(earned, claimed, frozen))
        .when(kind == CREDIT, sentence(earned, less))
        .when(kind == REDEMPTION, sentence(said(-points, " points paid ", amount), beyond))
        .when(kind == REFUND, said(points, " points given back for a return"))
        .otherwise(sentence(back, unknown, less))
    )
