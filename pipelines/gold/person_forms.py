"""What the loyalty form of a person says; of several, the one that arrived last."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.calc.time import years_between
from pipelines.silver.person_identifiers import cards, current


def last_forms(person_identifiers: DataFrame, customers: DataFrame, as_of: date) -> DataFrame:
    """`person_id, gender, age, age_band, kids_count, children_ages` of everybody with a form; ages as of a day."""
    latest = Window.partitionBy("person_id").orderBy(F.desc("arrived_at"), "loyalty_card")
    today = F.lit(as_of)
    forms = (
        customers.join(cards(current(person_identifiers)), on="loyalty_card", how="inner")
        .withColumn("_place", F.row_number().over(latest))
        .where("_place = 1")
    )
    return forms.select(
        "person_id",
        "gender",
        years_between(F.col("birth_date"), today).alias("age"),
        "age_band",
        "kids_count",
        F.transform("children", lambda born: years_between(born, today)).alias("children_ages"),
    )
