"""Which state each good of the catalogue is of, and whose children were born when, from silver's tables."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.silver.person_identifiers import cards, current


def states(products: DataFrame) -> DataFrame:
    """`product_id, chain, state`: within a category the sizes of goods that a person grows out of, else their types.

    A good without a category, or with neither a size nor a type, is in no chain.
    """
    sized = F.concat("category", F.lit(", size "), "size_label")
    return products.select(
        "product_id", F.col("category").alias("chain"), F.coalesce(sized, "product_type").alias("state")
    )


def births(customers: DataFrame, person_identifiers: DataFrame, *, as_of: date) -> DataFrame:
    """`person_id, born_on`: of everybody whose forms name children the youngest one born until `as_of`."""
    return (
        customers.select("loyalty_card", F.explode("children").alias("born_on"))
        .where(F.col("born_on") <= F.lit(as_of))
        .join(cards(current(person_identifiers)), on="loyalty_card", how="inner")
        .groupBy("person_id")
        .agg(F.max("born_on").alias("born_on"))
    )
