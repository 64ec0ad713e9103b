"""What a till says to a customer who is identified: points, and up to five personal offers; also when it is offline.

`till_feed/<store>.jsonl.gz` has one line for every person whose favourite shop it is:

```json
{"card": ["5f0c..."], "phone": ["91aa..."], "balance": 120, "available": 100,
 "offers": [["1029743", "Green Tea, Acme brand", "3.49"]]}
```

Cards and numbers (E.164) stand as the first 32 hex digits of the HMAC-SHA256 of `card:<number>` or `phone:<number>`
under the store's own key, which `tillpost keys till STORE` shows: a stolen file says nothing without it, and a stolen
key opens one shop's file alone. An offer is a good that a model recommends to the person and whose price is reduced,
with that price; the best first.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from pipelines.publish.contacts import OpenContacts
from pipelines.publish.per_file import file_name, split, write_packed
from pipelines.publish.rows import rows_of
from pipelines.silver.person_identifiers import cards, current

FOLDER = "till_feed"
OFFERS = 5

StoreKey = Callable[[str], bytes]
"""From a store to its key."""


def customers_at_tills(
    customer_360: DataFrame,
    person_identifiers: DataFrame,
    recommendations: DataFrame,
    offered: DataFrame,
    products: DataFrame,
    open_contacts: OpenContacts,
) -> DataFrame:
    """`store_id, person_id, cards, phone, balance, available, offers`, in the order of stores and persons.

    Args:
        customer_360: `gold.customer_360` of one date.
        person_identifiers: `silver.person_identifiers`.
        recommendations: `gold.recommendations` of the date.
        offered: Prices of the date, as `message_rows.offered` gives them.
        products: `silver.products`.
        open_contacts: Where numbers come from.
    """
    people = customer_360.where(F.col("favourite_store").isNotNull()).select(
        F.col("favourite_store").alias("store_id"),
        "person_id",
        F.col("points_balance").alias("balance"),
        F.col("points_available").alias("available"),
    )
    owned = cards(current(person_identifiers))
    by_person = owned.groupBy("person_id").agg(F.array_sort(F.collect_list("loyalty_card")).alias("cards"))
    phones = open_contacts(people.select("person_id", F.lit("sms").alias("channel")))
    return (
        people.join(by_person, on="person_id", how="left")
        .join(phones.select("person_id", F.col("address").alias("phone")), on="person_id", how="left")
        .join(_offers(recommendations, offered, products), on="person_id", how="left")
        .where(F.col("cards").isNotNull() | F.col("phone").isNotNull())
        .select("store_id", "person_id", "cards", "phone", "balance", "available", "offers")
        .orderBy("store_id", "person_id")
    )


def _offers(recommendations: DataFrame, offered: DataFrame, products: DataFrame) -> DataFrame:
    """`person_id` and `offers`: reduced goods among what is recommended, the best rank of any model first."""
    reduced = offered.where(F.col("old_price") > F.col("price")).select("product_id", "price")
    titled = products.where(F.col("title").isNotNull()).select("product_id", "title")
    best = recommendations.groupBy("person_id", "product_id").agg(F.min("rank").alias("rank"))
    order = Window.partitionBy("person_id").orderBy("rank", "product_id")
    ranked = (
        best.join(reduced, on="product_id", how="inner")
        .join(titled, on="product_id", how="inner")
        .withColumn("place", F.row_number().over(order))
        .where(F.col("place") <= OFFERS)
    )
    offer = F.struct("place", "product_id", "title", "price")
    return ranked.groupBy("person_id").agg(F.array_sort(F.collect_list(offer)).alias("offers"))


def export(customers: DataFrame, folder: Path, store_key: StoreKey) -> int:
    """Write a file for every store below the folder; gives how many there are."""
    place = folder / FOLDER
    place.mkdir()

    def write(store: str, rows: Iterable[Row]) -> None:
        write_packed(_lines(rows, store_key(store)), place / file_name(store, ".jsonl.gz"))

    return split(rows_of(customers), write)


def _lines(rows: Iterable[Row], key: bytes) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {
            "card": [looked_up_by(key, "card", card) for card in row["cards"] or ()],
            "phone": [looked_up_by(key, "phone", row["phone"])] if row["phone"] else [],
            "balance": row["balance"],
            "available": row["available"],
            "offers": [[one["product_id"], one["title"], one["price"]] for one in row["offers"] or ()],
        }


def looked_up_by(key: bytes, kind: str, value: str) -> str:
    """What a till looks a customer up by: see the module."""
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex()[:32]
