"""One row per business date, person, block and slot: the mail that follows an offline receipt of that date.

A daily snapshot. Everyone with an identified sale receipt on `as_of` gets one mail of up to three blocks, and
no product twice: `replenishment` (habits that are due), `personal` (recommendations of the champion) and
`interests` (goods that sell well in the categories this person likes most, not bought by them before).
"""

from __future__ import annotations

from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from pipelines.gold import interest_profiles as gold_interest_profiles
from pipelines.gold import product_days as gold_product_days
from pipelines.gold import recommendations as gold_recommendations
from pipelines.gold import replenishment as gold_replenishment
from pipelines.gold.send_list_blocks import BLOCKS, due, interesting, personal, readable, turn
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, STRING
from pipelines.silver import person_identifiers as silver_person_identifiers
from pipelines.silver import products as silver_products
from pipelines.silver import receipts as silver_receipts
from pipelines.silver.person_identifiers import IDENTIFIER, current

TABLE = Table(
    name="gold.send_list",
    doc=__doc__,
    key=("as_of", "person_id", "block", "slot"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col(
            "campaign", STRING, "The trigger and its date, such as `receipt_mail/2017-12-31`", nullable=False
        ),
        Col("block", STRING, "`replenishment`, `personal` or `interests`", nullable=False),
        Col("slot", INT, "Place in the block, from 1", nullable=False),
        Col("product_id", STRING, "The good; at most once in a mail", nullable=False),
        Col("title", STRING, "What the mail calls it", nullable=False),
        Col("reason", STRING, "What a customer would understand", nullable=False),
        Col("score", DOUBLE, "Larger is better; comparable within one block only", nullable=False),
        Col("model_version", STRING, "The model or rule that chose it", nullable=False),
    ),
    inputs=(
        silver_receipts.TABLE,
        silver_person_identifiers.TABLE,
        silver_products.TABLE,
        gold_product_days.TABLE,
        gold_replenishment.TABLE,
        gold_recommendations.TABLE,
        gold_interest_profiles.TABLE,
    ),
    params=("send_list.slots_per_block", "send_list.due_within_days", "catalogue.never_offered"),
    expect=(one_of("block", BLOCKS), at_least("slot", 1)),
    write=Snapshot(),
)

SHOWN = ("title", "reason", "score", "model_version")
ITEM = ("block", "slot", "product_id", *SHOWN)
_MAIL = ArrayType(StructType([StructField(name, TABLE.schema[name].dataType) for name in ITEM]))


def build(
    receipts: DataFrame,
    person_identifiers: DataFrame,
    products: DataFrame,
    product_days: DataFrame,
    replenishment: DataFrame,
    recommendations: DataFrame,
    interest_profiles: DataFrame,
    *,
    as_of: date,
    slots_per_block: int,
    due_within_days: int,
    never_offered: tuple[str, ...],
) -> DataFrame:
    """The mails of one day; a person for whom no block has a candidate gets none.

    Args:
        receipts: `silver.receipts`.
        person_identifiers: `silver.person_identifiers`.
        products: `silver.products`.
        product_days: `gold.product_days`; what is dated after `as_of` is not looked at.
        replenishment: `gold.replenishment`.
        recommendations: `gold.recommendations`.
        interest_profiles: `gold.interest_profiles`.
        as_of: The business day whose receipts trigger the mails.
        slots_per_block: At most so many goods in each block.
        due_within_days: Habits due up to so many days after `as_of` are offered.
        never_offered: Departments whose goods stand in no mail.
    """
    persons = current(person_identifiers)
    people = _people(receipts, persons, as_of)
    goods = _goods(products, never_offered)
    bought = product_days.where((F.col("purchased_on") <= F.lit(as_of)) & (F.col("lines") > 0))

    def of_people(rows: DataFrame) -> DataFrame:
        return rows.join(people, on="person_id", how="left_semi")

    candidates = (
        due(of_people(replenishment), as_of, due_within_days)
        .unionByName(personal(of_people(recommendations)))
        .unionByName(interesting(people, persons, bought, goods, interest_profiles, as_of, slots_per_block))
        .join(goods, on="product_id", how="inner")
        .withColumn("title", _title())
    )
    return _mails(candidates, slots_per_block).select(
        F.lit(as_of).alias("as_of"), "person_id", F.lit(f"receipt_mail/{as_of}").alias("campaign"), "item.*"
    )


def _people(receipts: DataFrame, persons: DataFrame, as_of: date) -> DataFrame:
    """`person_id` of everyone with an identified sale receipt on the day."""
    sales = receipts.where((F.col("purchased_on") == F.lit(as_of)) & (F.col("kind") == "sale"))
    anchors = sales.select(
        *(F.col(f"anchor_{part}").alias(f"identifier_{part}") for part in ("type", "value"))
    )
    return anchors.join(persons, on=list(IDENTIFIER), how="inner").select("person_id").distinct()


def _goods(products: DataFrame, never_offered: tuple[str, ...]) -> DataFrame:
    """What may stand in a mail; a good that nothing names is left out."""
    refused = F.coalesce(F.col("department").isin(*never_offered), F.lit(False))
    return products.where(~refused & F.coalesce("title", "product_type", "category").isNotNull()).select(
        "product_id", "title", "category", "product_type", "brand", "package_size"
    )


def _title() -> Column:
    """The catalogue's title, or else what it is, whose and how much: `Soap, Acme brand, 2 oz`."""
    named = readable(F.coalesce("product_type", "category"))
    described = F.concat_ws(", ", named, F.concat("brand", F.lit(" brand")), F.lower("package_size"))
    return F.coalesce("title", described)


def _mails(candidates: DataFrame, slots_per_block: int) -> DataFrame:
    """`person_id` and `item` (block, slot and the good) for every slot filled.

    Blocks choose in the order of `BLOCKS`, each its first candidates whose title the mail does not hold yet.
    Equal titles count as one good: a reader could not tell them apart.
    """
    queue = F.array_sort(
        F.collect_list(F.struct(turn().alias("turn"), "place", "product_id", "block", *SHOWN))
    )
    nothing = F.array().cast(_MAIL)
    mails = candidates.groupBy("person_id").agg(queue.alias("queue"))
    mail = F.aggregate("queue", nothing, partial(_add, slots_per_block))
    return mails.select("person_id", F.explode(mail).alias("item"))


def _add(slots_per_block: int, mail: Column, candidate: Column) -> Column:
    """The mail with the candidate behind, unless its block is full or its title is there already."""
    filled = F.size(F.filter(mail, lambda item: item["block"] == candidate["block"]))
    there = F.exists(mail, lambda item: item["title"] == candidate["title"])
    item = F.struct(*(((filled + 1) if name == "slot" else candidate[name]).alias(name) for name in ITEM))
    return F.when((filled >= slots_per_block) | there, mail).otherwise(
        F.concat(mail, F.array(item).cast(_MAIL))
    )
