"""What the site shows: in which order a listing stands, and whose blocks a browser gets.

`site_feed/listings.jsonl.gz` has a line for each context: the goods of a category, a brand or a department, or of the
whole shop (`kind` is `all`), those with most buyers in the last `SELLING_DAYS` first:

```json
{"kind": "category", "value": "TEA", "goods": ["1029743", "998221"]}
```

`site_feed/blocks.jsonl.gz` has a line for each browser that is a known person's: by model, the goods that it recommends
to them, the best first. A browser is known by the cookie as the site's own events carry it:

```json
{"cookie": "k1", "blocks": {"als": ["1029743"], "next_purchase": ["998221"]}}
```

`site_feed/first_visit.jsonl.gz` is there when the model of that name has a champion: one line, which a shop holds in
memory to rank a listing by the interest that a visit shows (`models.first_visit.score` says how, without any library):

```json
{"model_version": "first_visit/1", "weights": {"category": 1.0}, "contexts": {"category": {"TEA": {"goods": []}}}}
```
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.lakehouse.tracking import Tracking
from pipelines.models.first_visit.score import FILE
from pipelines.publish.per_file import write_packed
from pipelines.publish.rows import rows_of
from pipelines.silver.person_identifiers import current

FOLDER = "site_feed"
LISTINGS, BLOCKS, CONTEXTS = "listings.jsonl.gz", "blocks.jsonl.gz", "first_visit.jsonl.gz"
KINDS = ("category", "brand", "department")
SELLING_DAYS, LONGEST = 28, 200
"""Sales of so many days rank a listing, and so many goods of it at most are ranked."""

_ALL = "all"


def listings(product_days: DataFrame, products: DataFrame, *, as_of: date) -> DataFrame:
    """`kind, value, goods`, in this order: the goods of each context by buyers; equal ones by their id.

    Args:
        product_days: `gold.product_days`.
        products: `silver.products`; a good that the catalogue does not have is in no listing.
        as_of: The last day of the sales.
    """
    first = as_of - timedelta(SELLING_DAYS - 1)
    lately = product_days.where(
        F.col("purchased_on").between(F.lit(first), F.lit(as_of)) & (F.col("lines") > 0)
    )
    buyers = lately.groupBy("product_id").agg(
        F.count_distinct("identifier_type", "identifier_value").alias("buyers")
    )
    contexts = [
        F.struct(F.lit(kind).alias("kind"), value.alias("value"))
        for kind, value in ((_ALL, F.lit("")), *((kind, F.col(kind)) for kind in KINDS))
    ]
    each = (
        buyers.join(products.select("product_id", *KINDS), on="product_id", how="inner")
        .select("product_id", "buyers", F.explode(F.array(*contexts)).alias("context"))
        .select("product_id", "buyers", "context.*")
        .where(F.col("value").isNotNull())
    )
    best = Window.partitionBy("kind", "value").orderBy(F.desc("buyers"), "product_id")
    ranked = each.withColumn("place", F.row_number().over(best)).where(F.col("place") <= LONGEST)
    goods = F.array_sort(F.collect_list(F.struct("place", "product_id")))
    return ranked.groupBy("kind", "value").agg(goods.alias("goods")).orderBy("kind", "value")


def blocks(recommendations: DataFrame, person_identifiers: DataFrame) -> DataFrame:
    """`cookie, model, goods`, in this order, for every browser of a person to whom a model recommends something.

    Args:
        recommendations: `gold.recommendations` of one date.
        person_identifiers: `silver.person_identifiers`.
    """
    cookies = (
        current(person_identifiers)
        .where(F.col("identifier_type") == "cookie")
        .select("person_id", F.col("identifier_value").alias("cookie"))
    )
    goods = F.array_sort(F.collect_list(F.struct(F.col("rank").alias("place"), "product_id")))
    theirs = recommendations.groupBy("person_id", "model").agg(goods.alias("goods"))
    return (
        theirs.join(cookies, on="person_id", how="inner")
        .select("cookie", "model", "goods")
        .orderBy("cookie", "model")
    )


def export(ranks: DataFrame, of_browsers: DataFrame, folder: Path) -> None:
    """Write both files below the folder."""
    place = folder / FOLDER
    place.mkdir()
    lines = (
        {"kind": row["kind"], "value": row["value"], "goods": [good["product_id"] for good in row["goods"]]}
        for row in rows_of(ranks)
    )
    write_packed(lines, place / LISTINGS)
    browsers = (
        {
            "cookie": cookie,
            "blocks": {row["model"]: [good["product_id"] for good in row["goods"]] for row in rows},
        }
        for cookie, rows in groupby(rows_of(of_browsers), key=itemgetter("cookie"))
    )
    write_packed(browsers, place / BLOCKS)


def export_contexts(tracking: Tracking, as_of: date, folder: Path) -> None:
    """Write what the champion of `first_visit` has learned below the folder; without one there is no file.

    Raises:
        SystemFault: the model cannot be fetched.
    """
    champion = tracking.champion("first_visit", as_of)
    if champion is None:
        return
    with tracking.model_files(champion) as files:
        learned = json.loads((files / FILE).read_text(encoding="utf-8"))
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    write_packed([{"model_version": champion.label, **learned}], place / CONTEXTS)
