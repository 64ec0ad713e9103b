"""One row per release and measure of its send list: how much of what went out, what did not and why, and what it costs.

Written before the release's own row, and again by the same release with the same rows. What a measure counts stands in
`measure`, and what it is counted of in `of`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.lakehouse.table import AS_OF, Append, Col, Table
from pipelines.lakehouse.types import DOUBLE, STRING
from pipelines.publish.send_list import Listed

TABLE = Table(
    name="audit.send_lists",
    doc=__doc__,
    key=("release_id", "measure", "of"),
    columns=(
        Col("release_id", STRING, "The release, as in `audit.releases`", nullable=False),
        AS_OF,
        Col(
            "measure",
            STRING,
            "`messages` by trigger and channel; `items` and `fill` (filled share of the slots of all the trigger's "
            "messages) by trigger and block; `unaddressed` (messages without a contact); `refused` by fault; `decided` "
            "candidates by outcome, `stopped` ones by the first gate that did not let them through, and `cost` of "
            "those sent by channel, in the business's currency",
            nullable=False,
        ),
        Col(
            "of",
            STRING,
            "Such as `receipt_mail/email`, `related` or `consent`; `all`: of everything",
            nullable=False,
        ),
        Col("value", DOUBLE, "A number, a share or an amount", nullable=False),
    ),
    write=Append(),
)

ALL = "all"
Figures = dict[tuple[str, str], float]
"""By measure and what it is counted of, a value."""


def figures(
    listed: Listed,
    decisions: DataFrame | None,
    *,
    slots_per_block: int,
    recipes: Mapping[str, Sequence[str]],
) -> Figures:
    """The measures of a list.

    Args:
        listed: As it was counted while it was written.
        decisions: `gold.send_decisions` of the date; null: there are none.
        slots_per_block: How many goods a full block has.
        recipes: By trigger, the blocks that its messages should hold: one that none of them fills counts, too.
    """
    return dict(
        [
            *_of_list(listed, slots_per_block, recipes),
            *(_of_decisions(decisions) if decisions is not None else ()),
        ]
    )


def rows(found: Figures, release_id: str, as_of: date) -> list[tuple[str, date, str, str, float]]:
    """The rows of a release, in the order of their key."""
    return [(release_id, as_of, measure, of, value) for (measure, of), value in sorted(found.items())]


def metric(measure: str, of: str) -> str:
    """What MLflow calls it: `send_list.stopped.consent`."""
    return f"send_list.{measure}.{of}"


def _of_list(
    listed: Listed, slots_per_block: int, recipes: Mapping[str, Sequence[str]]
) -> Iterator[tuple[tuple[str, str], float]]:
    mails = sum(listed.messages.values())
    yield ("messages", ALL), float(mails)
    yield ("unaddressed", ALL), float(listed.unaddressed)
    for (trigger, channel), count in listed.messages.items():
        yield ("messages", f"{trigger}/{channel}"), float(count)
    of_trigger = Counter[str]()
    for (trigger, _), count in listed.messages.items():
        of_trigger[trigger] += count
    empty = {(trigger, block): 0 for trigger in of_trigger for block in recipes.get(trigger, ())}
    for (trigger, block), count in {**empty, **listed.items}.items():
        yield ("items", f"{trigger}/{block}"), float(count)
        yield ("fill", f"{trigger}/{block}"), count / (of_trigger[trigger] * slots_per_block)
    for fault, count in listed.refused.items():
        yield ("refused", fault), float(count)


def _of_decisions(decisions: DataFrame) -> Iterator[tuple[tuple[str, str], float]]:
    by = ("outcome", "refused_by", "channel")
    counted = decisions.groupBy(*by).agg(F.count("*").alias("n"), F.sum("cost").alias("cost"))
    outcomes, gates, costs = Counter[str](), Counter[str](), Counter[str]()
    for row in counted.collect():  # outcomes times gates times channels
        outcomes[row["outcome"]] += row["n"]
        if row["refused_by"] is not None:
            gates[row["refused_by"]] += row["n"]
        if row["outcome"] == "sent":
            costs[row["channel"]] += row["cost"] or 0
    for measure, counts in (("decided", outcomes), ("stopped", gates), ("cost", costs)):
        for of, value in counts.items():
            yield (measure, of), float(value)
