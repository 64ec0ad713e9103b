"""The part of the attribution report on paths: which channels people touched, in which order, before they bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.attribution import UNATTRIBUTED
from pipelines.lakehouse.types import MONEY
from pipelines.publish.page import Section, count, ratio
from pipelines.publish.report_style import Drawn, Palette, sheet, tip

MOST, DRAWN = 15, 10
BETWEEN = " > "
"""As `tillpost attribute` reads paths."""


def common_paths(credited: DataFrame) -> list[Any]:
    """`path, purchases, value`: the most frequent paths, and last, with a null path, all purchases there are.

    Touches of one channel behind one another are one; `Unattributed` is the path of a purchase that saw no touch.

    Args:
        credited: Rows of `gold.attribution` of a model that credits every touch.
    """
    before = F.lag("channel").over(Window.partitionBy("purchase_id", "purchased_on").orderBy("touch_no"))
    one = F.coalesce(F.col("channel") != before, F.lit(True))
    step = F.when(one, F.struct("touch_no", "channel"))
    each = (
        credited.withColumn("_step", step)
        .groupBy("purchase_id", "purchased_on")
        .agg(F.sort_array(F.collect_list("_step")).alias("_steps"), F.sum("value").alias("value"))
        .select(F.array_join(F.col("_steps.channel"), BETWEEN).alias("path"), "value")
    )
    sums = F.count(F.lit(1)).alias("purchases"), F.sum("value").cast(MONEY).alias("value")
    shown = each.groupBy("path").agg(*sums).orderBy(F.desc("purchases"), "path").limit(MOST)
    everything = each.agg(*sums).select(F.lit(None).cast("string").alias("path"), "purchases", "value")
    return [*shown.collect(), *everything.collect()]  # so many paths, and one row


def paths(rows: Sequence[Any], cash: Any) -> Section:
    """The most frequent paths, the rest of them, and all: a line for each, which sum to all purchases."""
    *common, everything = rows
    drawn = [row for row in common if row.path != UNATTRIBUTED][:DRAWN]
    lines = [(row.path, row.purchases, row.value) for row in common]
    rest = everything.purchases - sum(row.purchases for row in common)
    if rest:
        lines.append(("Other paths", rest, everything.value - sum(row.value for row in common)))
    if lines:
        lines.append(("All", everything.purchases, everything.value))

    def chart(palette: Palette) -> Drawn:
        return (
            sheet([{"path": row.path, "purchases": row.purchases} for row in drawn], height=alt.Step(26))
            .mark_bar(color=palette.first)
            .encode(
                x=alt.X("purchases:Q", title="Purchases", axis=alt.Axis(format="~s", tickCount=4)),
                y=alt.Y("path:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
                tooltip=[tip("path:N", "Path"), tip("purchases:Q", "Purchases", ",")],
            )
        )

    return Section(
        "paths",
        "Paths to a purchase",
        "The channels touched before a purchase, each within its window, in the order of time; several touches of one "
        f"channel in a row are one. {UNATTRIBUTED}: no touch is known; the chart leaves those out. Paths that led to "
        "no purchase are not here, so a frequent path need not be one that works.",
        ("Path", "Purchases", "Share", "Revenue"),
        tuple((path, count(n), ratio(n, everything.purchases), cash(value)) for path, n, value in lines),
        chart if drawn else None,
        nothing="There was no purchase in the period.",
    )
