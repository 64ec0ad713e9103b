"""On which channels each person has agreed to be written to and can be reached, and which of them suits. No table.

Consent is what `decisions.consent` counts as such, less what was withdrawn; silence is no consent. A channel suits
that the person answered most (opened and clicked), then the one that costs least, then as the trigger lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from pipelines.calc.triggers.definitions import CHANNELS
from pipelines.lakehouse.types import INT, LONG
from pipelines.silver.person_identifiers import IDENTIFIER, cards

COST = DecimalType(18, 6)
_KNOWN_AS: Mapping[str, str] = {"email": "email_since", "sms": "phone_since", "push": "push_since"}
_ANSWERS = ("opened", "clicked")
_AGREES: Mapping[str, Mapping[str, str]] = {
    "form": {"email": "_form_email", "sms": "_form_sms"},
    "subscribed": {channel: f"_subscribed_{channel}" for channel in CHANNELS},
    "mailed": {channel: f"_mailed_{channel}" for channel in CHANNELS},
    "token": {"push": "_token"},
}
"""By evidence and channel, the column that tells; evidence that says nothing of a channel is not there."""


def reached(
    customer_360: DataFrame,
    touchpoints: DataFrame,
    customers: DataFrame,
    persons: DataFrame,
    *,
    as_of: date,
    consent: Mapping[str, Sequence[str]],
) -> DataFrame:
    """One row per person of the date's customer 360: by channel `agreed_`, `reached_` and `answers_`.

    Besides `favourite_store`, `last_purchase_on`, `last_rating` and `last_rated_on`, as they stand there.

    Args:
        customer_360: `gold.customer_360`.
        touchpoints: `gold.touchpoints`; what is dated after `as_of`, and what machines did, is not looked at.
        customers: `silver.customers`.
        persons: Whose each identifier is now.
        as_of: The date.
        consent: By channel, what counts as consent.
    """
    told = (
        customer_360.where(F.col("as_of") == F.lit(as_of))
        .join(_evidence(touchpoints, persons, as_of), on="person_id", how="left")
        .join(_forms(customers, persons), on="person_id", how="left")
        .withColumn("_token", F.col("push_since").isNotNull())
    )
    found: dict[str, Column] = {}
    for channel in CHANNELS:
        evidence = [_AGREES[kind][channel] for kind in consent.get(channel, ()) if channel in _AGREES[kind]]
        given = reduce(or_, (F.coalesce(name, F.lit(False)) for name in evidence), F.lit(False))
        mailed = F.coalesce(f"_mailed_{channel}", F.lit(False))
        reaches = F.col(_KNOWN_AS[channel]).isNotNull() | mailed
        found[f"agreed_{channel}"] = given & F.col(f"{channel}_withdrawn_on").isNull()
        found[f"reached_{channel}"] = (
            reaches & F.col("email_bounced_on").isNull() if channel == "email" else reaches
        )
        found[f"answers_{channel}"] = F.coalesce(f"_answers_{channel}", F.lit(0))
    kept = ("person_id", "favourite_store", "last_purchase_on", "last_rating", "last_rated_on")
    return told.withColumns(found).select(*kept, *found)


def _evidence(touchpoints: DataFrame, persons: DataFrame, as_of: date) -> DataFrame:
    """`person_id` and, by channel, whether they subscribed or were written to, and how often they answered."""
    kinds = ("subscribed", "resubscribed", "sent", *_ANSWERS)
    told = touchpoints.where(
        F.col("kind").isin(*kinds) & (F.col("touched_on") <= F.lit(as_of)) & ~F.col("is_machine")
    )
    kind = F.col("kind")
    of: dict[str, Column] = {}
    for channel in CHANNELS:
        here = F.col("channel") == channel
        joined = (kind == "resubscribed") & here
        joined = joined | (kind == "subscribed") if channel == "email" else joined
        of[f"_subscribed_{channel}"] = F.max(F.coalesce(joined, F.lit(False)))
        of[f"_mailed_{channel}"] = F.max(F.coalesce(here & (kind == "sent"), F.lit(False)))
        answered = here & kind.isin(*_ANSWERS)
        of[f"_answers_{channel}"] = F.sum(F.when(answered, 1).otherwise(0)).cast(LONG)
    by_identifier = told.groupBy(*IDENTIFIER).agg(*(column.alias(name) for name, column in of.items()))
    whose = by_identifier.join(persons, on=list(IDENTIFIER), how="inner").groupBy("person_id")
    return whose.agg(
        *(
            F.sum(name).cast(INT).alias(name) if "_answers_" in name else F.max(name).alias(name)
            for name in of
        )
    )


def _forms(customers: DataFrame, persons: DataFrame) -> DataFrame:
    """`person_id` and whether a loyalty form of theirs gives an address, and a number."""
    forms = customers.join(cards(persons), on="loyalty_card", how="inner").groupBy("person_id")
    return forms.agg(
        F.max(F.col("email").isNotNull()).alias("_form_email"),
        F.max(F.col("phone").isNotNull()).alias("_form_sms"),
    )


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


def open_to(what: str) -> Column:
    """Those of the candidate's channels of which it is true of the person, as an array, in order of name."""
    return F.array_compact(
        F.array(
            *(
                F.when(F.col(f"{what}_{channel}") & F.array_contains("channels", channel), F.lit(channel))
                for channel in sorted(CHANNELS)
            )
        )
    )


def chosen() -> Column:
    """`place, cost, channel` of the channel that suits best, of those agreed to and reachable; null: none."""
    each = (
        F.when(
            F.col(f"agreed_{channel}") & F.col(f"reached_{channel}") & F.array_contains("channels", channel),
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
