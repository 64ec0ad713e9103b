"""One row per name of a department, category, type or brand in the catalogue, as people write it in a search.

So that words find what they stand for: a page of the category `Baby Foods` and a search for `baby foods` are of
the same interest. A name that stands at two levels is of both.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.interests import LEVELS, as_term
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.table import Col, Input, Table
from pipelines.lakehouse.types import STRING
from pipelines.silver import products as silver_products

TABLE = Table(
    name="gold.catalogue_terms",
    doc=__doc__,
    key=("term", "kind", "value"),
    scope=("term",),
    columns=(
        Col("term", STRING, "The name in lower case, with single blanks", nullable=False),
        Col("kind", STRING, ", ".join(f"`{level}`" for level in LEVELS), nullable=False),
        Col("value", STRING, "The name as the catalogue spells it", nullable=False),
    ),
    inputs=(Input(silver_products.TABLE, whole=True, on=LEVELS),),
    live=True,
    expect=(one_of("kind", LEVELS),),
)


def build(products: DataFrame, *, as_of: date) -> DataFrame:
    """The different names of each level."""
    names = F.array(*(F.struct(F.lit(level).alias("kind"), F.col(level).alias("value")) for level in LEVELS))
    return (
        products.select(*LEVELS)
        .distinct()
        .select(F.explode(names).alias("name"))
        .select(as_term(F.col("name.value")).alias("term"), "name.kind", "name.value")
        .where(F.col("term").isNotNull())
        .distinct()
    )
