"""The rows that messages are assembled from: a send list with the price, page and picture of each good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.gold.weather_normals import MEASURES, forecasts
from pipelines.publish.contacts import OpenContacts


def rows_of_messages(
    send_list: DataFrame,
    offers: DataFrame,
    products: DataFrame,
    weather: DataFrame,
    open_contacts: OpenContacts,
    *,
    as_of: date,
    about_weather: Sequence[str],
) -> DataFrame:
    """One row per good of a message, in the order of persons, messages, blocks and slots.

    Args:
        send_list: One date of `gold.send_list`.
        offers: `silver.offers`; of each good the last row until `as_of` holds.
        products: `silver.products`.
        weather: `person_id` and `weather`, the forecast for where the person shops; null or no row: none is known.
        open_contacts: Where addresses come from.
        as_of: The date.
        about_weather: The triggers whose messages show the forecast.

    Returns:
        The columns of the send list, with `address`, `price`, `old_price`, `url`, `image_url` and `weather`; null: not
        known, or of the weather not shown.
    """
    contacts = open_contacts(send_list.select("person_id", "channel").distinct())
    of_weather = reduce(or_, (F.col("trigger") == name for name in about_weather), F.lit(False))
    pictures = products.select("product_id", "image_url")
    return (
        send_list.join(contacts, on=["person_id", "channel"], how="left")
        .join(offered(offers, as_of), on="product_id", how="left")
        .join(pictures, on="product_id", how="left")
        .join(weather, on="person_id", how="left")
        .withColumn("weather", F.when(of_weather, F.col("weather")))
        .orderBy("person_id", "send_key", "block_no", "slot")
    )


def forecast_of(customer_360: DataFrame, weather: DataFrame, as_of: date) -> DataFrame:
    """`person_id` and `weather`: the forecast for the day after the date where the person shops.

    Args:
        customer_360: `gold.customer_360` of the date.
        weather: `silver.weather`.
        as_of: The date.
    """
    told = F.struct(F.lit(as_of + timedelta(1)).alias("day"), "region", *MEASURES)
    coming = forecasts(weather, as_of).select("region", told.alias("weather"))
    people = customer_360.where(F.col("region").isNotNull()).select("person_id", "region")
    return people.join(F.broadcast(coming), on="region", how="inner").select("person_id", "weather")


def offered(offers: DataFrame, as_of: date) -> DataFrame:
    """`product_id, price, old_price, url` of each good on a date: what its last row until then says."""
    told = ("price", "old_price", "url")
    until = offers.where(F.col("valid_on") <= F.lit(as_of))
    last = until.groupBy("product_id").agg(F.max_by(F.struct(*told), "valid_on").alias("last"))
    return last.select("product_id", *(F.col(f"last.{name}").alias(name) for name in told))
