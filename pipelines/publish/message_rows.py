"""The rows that messages are assembled from: a send list with the price, page and picture of each good."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.publish.contacts import OpenContacts


def rows_of_messages(
    send_list: DataFrame,
    offers: DataFrame,
    products: DataFrame,
    open_contacts: OpenContacts,
    *,
    as_of: date,
) -> DataFrame:
    """One row per good of a message, in the order of persons, messages, blocks and slots.

    Args:
        send_list: One date of `gold.send_list`.
        offers: `silver.offers`; of each good the last row until `as_of` holds.
        products: `silver.products`.
        open_contacts: Where addresses come from.
        as_of: The date.

    Returns:
        The columns of the send list, with `address`, `price`, `old_price`, `url` and `image_url`; null: not known.
    """
    contacts = open_contacts(send_list.select("person_id", "channel").distinct())
    pictures = products.select("product_id", "image_url")
    return (
        send_list.join(contacts, on=["person_id", "channel"], how="left")
        .join(offered(offers, as_of), on="product_id", how="left")
        .join(pictures, on="product_id", how="left")
        .orderBy("person_id", "send_key", "block_no", "slot")
    )


def offered(offers: DataFrame, as_of: date) -> DataFrame:
    """`product_id, price, old_price, url` of each good on a date: what its last row until then says."""
    told = ("price", "old_price", "url")
    until = offers.where(F.col("valid_on") <= F.lit(as_of))
    last = until.groupBy("product_id").agg(F.max_by(F.struct(*told), "valid_on").alias("last"))
    return last.select("product_id", *(F.col(f"last.{name}").alias(name) for name in told))
