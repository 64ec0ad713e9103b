"""On which channels each person has agreed to be written to and can be reached, and which of them suits. No table.

Consent is the person's last word (`gold.consents`) and, of whoever said nothing, what `decisions.tacit_consent` counts
as such; silence is none. A message of a brand asks what that brand was told, any other whether some brand may write. A
channel suits that the person answered most (opened and clicked), then the one that costs least, then as the trigger
lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from pipelines.calc.triggers.definitions import CHANNELS
from pipelines.gold.consents import ANY_BRAND
from pipelines.lakehouse.types import INT, LONG
from pipelines.silver.person_identifiers import IDENTIFIER

COST = DecimalType(18, 6)
MAILED, TOKEN = "mailed", "token"
_KNOWN_AS: Mapping[str, str] = {"email": "email_since", "sms": "phone_since", "push": "push_since"}
_ANSWERS = ("opened", "clicked")


def reached(
    customer_360: DataFrame,
    touchpoints: DataFrame,
    consents: DataFrame,
    persons: DataFrame,
    *,
    as_of: date,
    tacit: Mapping[str, Sequence[str]],
    brands: Sequence[str],
) -> DataFrame:
    """One row per person of the date's customer 360: by channel `agreed_`, `reached_` and `answers_`.

    `agreed_` is an array: the brands of `brands` that may write, and `ANY_BRAND` where some brand may. Besides
    `favourite_store`, `last_purchase_on`, `last_rating` and `last_rated_on`, as they stand there.

    Args:
        customer_360: `gold.customer_360`.
        touchpoints: `gold.touchpoints`; what is dated after `as_of`, and what machines did, is not looked at.
        consents: `gold.consents`.
        persons: Whose each identifier is now.
        as_of: The date.
        tacit: By channel, what counts as consent of whoever said nothing: `MAILED` or `TOKEN`.
        brands: The brands in whose name triggers write.
    """
    told = (
        customer_360.where(F.col("as_of") == F.lit(as_of))
        .join(_words(consents, tacit, brands), on="person_id", how="left")
        .join(_answers(touchpoints, persons, as_of), on="person_id", how="left")
    )
    found: dict[str, Column] = {}
    for channel in CHANNELS:
        token = F.col("push_since").isNotNull() & F.lit(channel == "push" and TOKEN in tacit.get(channel, ()))
        known = F.col(_KNOWN_AS[channel]).isNotNull() | _flag(f"_mailed_{channel}")
        if channel == "email":
            known &= F.col("email_bounced_on").isNull()
        may = (
            F.when(_flag(f"_agreed_{channel}_{n}") | (token & ~_flag(f"_closed_{channel}_{n}")), F.lit(brand))
            for n, brand in enumerate((ANY_BRAND, *brands))
        )
        found[f"agreed_{channel}"] = F.array_compact(F.array(*may))
        found[f"reached_{channel}"] = known
        found[f"answers_{channel}"] = F.coalesce(f"_answers_{channel}", F.lit(0))
    kept = ("person_id", "favourite_store", "last_purchase_on", "last_rating", "last_rated_on")
    return told.withColumns(found).select(*kept, *found)


def _flag(name: str) -> Column:
    return F.coalesce(name, F.lit(False))


def _words(consents: DataFrame, tacit: Mapping[str, Sequence[str]], brands: Sequence[str]) -> DataFrame:
    """`person_id` and, by channel, `_mailed_` and for each brand by its number `_agreed_` and `_closed_`.

    Number 0 is any brand: agreed to by one of them, closed to all that have a row. A brand without a word of its own is
    closed by a withdrawal that named none.
    """
    open_, closed = F.coalesce("consent", F.lit(True)), F.coalesce(~F.col("consent"), F.lit(False))
    of: dict[str, Column] = {}
    for channel in CHANNELS:
        here, mailed = F.col("channel") == channel, F.col("messages") > 0
        silent = F.col("consent").isNull() & mailed & F.lit(MAILED in tacit.get(channel, ()))
        agreed = F.coalesce("consent", F.lit(False)) | silent
        of[f"_mailed_{channel}"] = F.max(here & mailed)
        for n, brand in enumerate((ANY_BRAND, *brands)):
            own = F.lit(True) if brand == ANY_BRAND else F.col("brand") == brand
            of_all = F.col("brand") == ANY_BRAND
            of[f"_agreed_{channel}_{n}"] = F.max(here & own & agreed)
            of[f"_closed_{channel}_{n}"] = ~F.max(here & own & open_) & F.max(here & (own | of_all) & closed)
    return consents.groupBy("person_id").agg(*(column.alias(name) for name, column in of.items()))


def _answers(touchpoints: DataFrame, persons: DataFrame, as_of: date) -> DataFrame:
    """`person_id` and, by channel, how often they opened or clicked."""
    answered = touchpoints.where(
        F.col("kind").isin(*_ANSWERS) & (F.col("touched_on") <= F.lit(as_of)) & ~F.col("is_machine")
    )
    names = {channel: f"_answers_{channel}" for channel in CHANNELS}
    by_identifier = answered.groupBy(*IDENTIFIER).agg(
        *(F.count_if(F.col("channel") == channel).cast(LONG).alias(name) for channel, name in names.items())
    )
    whose = by_identifier.join(persons, on=list(IDENTIFIER), how="inner").groupBy("person_id")
    return whose.agg(*(F.sum(name).cast(INT).alias(name) for name in names.values()))


def prices(
    channel_costs: DataFrame, *, as_of: date, cost_days: int, message_costs: Mapping[str, Decimal]
) -> DataFrame:
    """One row: `price_email`, `price_sms` and `price_push`, of one message, in the business's currency.

    The bills of the last `cost_days` by the messages that they are for; without any, `reach.message_costs`.
    """
    days = F.col("spent_on").between(F.lit(as_of - timedelta(cost_days - 1)), F.lit(as_of))
    billed = channel_costs.where(days & (F.col("messages") > 0))
    told = []
    for channel in CHANNELS:
        here = F.col("channel") == channel
        paid, sent = (F.sum(F.when(here, F.col(name))) for name in ("cost", "messages"))
        usual = F.lit(message_costs.get(channel, Decimal(0))).cast(COST)
        told.append(F.coalesce((paid / sent).cast(COST), usual).alias(f"price_{channel}"))
    return billed.agg(*told)


def may_write(channel: str) -> Column:
    """Whether the candidate's brand, or any where it has none, may write to the person on the channel."""
    return _agreed(channel, F.coalesce("brand", F.lit(ANY_BRAND)))


def some_may_write(channel: str) -> Column:
    """Whether some brand may write to the person on the channel."""
    return _agreed(channel, F.lit(ANY_BRAND))


def _agreed(channel: str, brand: Column) -> Column:
    return F.coalesce(F.array_contains(f"agreed_{channel}", brand), F.lit(False))


def reaches(channel: str) -> Column:
    """Whether the person can be reached on the channel."""
    return F.coalesce(f"reached_{channel}", F.lit(False))


def reachable() -> Column:
    """Whether there is a channel on which some brand may write to the person, and that reaches them."""
    return reduce(or_, (some_may_write(channel) & reaches(channel) for channel in CHANNELS))


def open_to(asked: Callable[[str], Column]) -> Column:
    """Those of the candidate's channels of which it is true of the person, as an array, in order of name."""
    return F.array_compact(
        F.array(
            *(
                F.when(asked(channel) & F.array_contains("channels", channel), F.lit(channel))
                for channel in sorted(CHANNELS)
            )
        )
    )


def chosen() -> Column:
    """`place, cost, channel` of the channel that suits best, of those agreed to and reachable; null: none."""
    each = (
        F.when(
            may_write(channel) & reaches(channel) & F.array_contains("channels", channel),
            F.struct(
                (-F.col(f"answers_{channel}")).alias("answers"),
                F.col(f"price_{channel}").alias("cost"),
                F.array_position("channels", channel).alias("place"),
                F.lit(channel).alias("channel"),
            ),
        )
        for channel in CHANNELS
    )
    return F.array_min(F.array_compact(F.array(*each)))
