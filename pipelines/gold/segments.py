"""One row per segment and business date: its condition, its size, and what it has in common with the others.

A daily snapshot. A segment with nobody or everybody in it, or one that asks for an interest in a category or brand that
the catalogue does not have, stands here with a warning and harms no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from pipelines.calc.interests import LEVELS
from pipelines.calc.segments.definitions import Segment
from pipelines.gold import catalogue_terms as gold_catalogue_terms
from pipelines.gold import customer_360 as gold_customer_360
from pipelines.gold import segment_members as gold_segment_members
from pipelines.gold.segment_people import predicates
from pipelines.lakehouse.expectations import at_least, at_most
from pipelines.lakehouse.table import AS_OF, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, LONG, STRING

COMMON = ArrayType(StructType([StructField("segment", STRING), StructField("members", LONG)]))

TABLE = Table(
    name="gold.segments",
    doc=__doc__,
    key=("as_of", "segment"),
    scope=("as_of",),
    columns=(
        AS_OF,
        Col("segment", STRING, "The segment, as `conf/segments` names it", nullable=False),
        Col("says", STRING, "Who that is, in words", nullable=False),
        Col("condition", STRING, "The condition, as SQL", nullable=False),
        Col("members", LONG, "Persons in it at the close of the date", nullable=False),
        Col("share", DOUBLE, "Of all persons in `gold.customer_360`, 0 to 1; null: there are none"),
        Col("overlaps", COMMON, "The other segments with the number of members in common, most first"),
        Col("warning", STRING, "What is odd about it, in a sentence; null: nothing"),
    ),
    inputs=(gold_customer_360.TABLE, gold_segment_members.TABLE, gold_catalogue_terms.TABLE),
    params=("segments.defined",),
    expect=(at_least("members", 0), at_least("share", 0), at_most("share", 1)),
    write=Snapshot(),
)


def build(
    customer_360: DataFrame,
    segment_members: DataFrame,
    catalogue_terms: DataFrame,
    *,
    as_of: date,
    defined: Sequence[Segment],
) -> DataFrame:
    """Sizes, overlaps and warnings of all that are defined."""
    today = F.lit(as_of)
    still = F.col("left_on").isNull() | (F.col("left_on") > today)
    inside = segment_members.where((F.col("entered_on") <= today) & still).select("segment", "person_id")
    everybody = customer_360.where(F.col("as_of") == today).agg(F.count(F.lit(1)).alias("people"))
    sizes = inside.groupBy("segment").agg(F.count(F.lit(1)).alias("members"))
    share = F.when(F.col("people") > 0, F.col("members") / F.col("people"))
    return (
        everybody.select("people", F.explode(_listed(defined)).alias("_of"))
        .select("people", "_of.*")
        .join(sizes, on="segment", how="left")
        .join(_overlaps(inside), on="segment", how="left")
        .join(_unknown(everybody, catalogue_terms, defined), on="segment", how="left")
        .withColumn("members", F.coalesce("members", F.lit(0)).cast(LONG))
        .withColumns({"as_of": today, "share": share, "warning": F.coalesce("unknown", _odd())})
        .select(*TABLE.names)
    )


def _listed(defined: Sequence[Segment]) -> Column:
    return F.array(
        *(
            F.struct(
                F.lit(each.name).alias("segment"),
                F.lit(each.says).alias("says"),
                F.lit(each.where).alias("condition"),
            )
            for each in defined
        )
    )


def _odd() -> Column:
    return F.when(F.col("members") == 0, "It selects nobody.").when(
        F.col("members") == F.col("people"), "It selects everybody."
    )


def _overlaps(inside: DataFrame) -> DataFrame:
    """`segment, overlaps`: pairs of one person's segments, counted; as many as a person's segments squared."""
    mine = inside.groupBy("person_id").agg(F.collect_list("segment").alias("segments"))
    one = mine.select("segments", F.explode("segments").alias("segment"))
    pairs = one.select("segment", F.explode("segments").alias("other")).where("segment < other")
    counted = pairs.groupBy("segment", "other").agg(F.count(F.lit(1)).alias("members"))
    either = (("segment", "other"), ("other", "segment"))
    both_ways = F.array(
        *(F.struct(F.col(a).alias("segment"), F.col(b).alias("other"), "members") for a, b in either)
    )
    counted = counted.select(F.explode(both_ways).alias("_pair")).select("_pair.*")
    ranked = F.sort_array(F.collect_list(F.struct((-F.col("members")).alias("less"), "other")))
    common = F.transform(
        ranked,
        lambda each: F.struct(each["other"].alias("segment"), (-each["less"]).cast(LONG).alias("members")),
    )
    return counted.groupBy("segment").agg(common.alias("overlaps"))


def _unknown(one: DataFrame, catalogue_terms: DataFrame, defined: Sequence[Segment]) -> DataFrame:
    """`segment, unknown`: of segments that ask for what the catalogue has not, the first such name, and the nearest."""
    asked = [
        F.struct(F.lit(each.segment).alias("segment"), F.lit(kind).alias("kind"), F.lit(value).alias("asked"))
        for each in predicates(tuple(defined))
        for kind, value in sorted(each.mentions)
        if kind in LEVELS
    ]
    if not asked:
        return one.select(F.lit("").alias("segment"), F.lit("").alias("unknown")).limit(0)
    wanted = one.select(F.explode(F.array(*asked)).alias("_asked")).select("_asked.*")
    distance = F.levenshtein(F.lower("asked"), F.lower("value"))
    nearest = (
        wanted.join(catalogue_terms.select("kind", "value"), on="kind", how="inner")
        .groupBy("segment", "kind", "asked")
        .agg(F.min(F.struct(distance.alias("distance"), "value")).alias("near"))
        .where(F.col("near.value") != F.col("asked"))
    )
    said = F.format_string(
        "The catalogue has no %s '%s'; the nearest is '%s'.",
        F.col("kind"),
        F.col("asked"),
        F.col("near.value"),
    )
    return (
        nearest.select("segment", said.alias("said")).groupBy("segment").agg(F.min("said").alias("unknown"))
    )
