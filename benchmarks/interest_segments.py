"""Interest segment against CRM segment, on the real receipts of The Complete Journey.

A purchase-based analogue of the published comparison of a mailing (interest by behaviour against the child's age in
the loyalty form). Before a cutoff each household gets the interests of `gold.interest_profiles`; the CRM segment is
those whose loyalty form counts children, or describes a household with kids; the interest segment has as many
households, those with the highest affinity to the goods. What each bought in the eight weeks after the cutoff is
counted, with 95 % intervals: Wilson's of the rates, the bootstrap's (households drawn again, 2,000 times) of the
shares of orders.

`python -m benchmarks --only interest_segments` writes docs/interest_segments.md and its chart; it takes a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import vl_convert
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from benchmarks.page import table
from benchmarks.volumes import SHOPS, in_days, read
from pipelines.calc.experiment.estimates import Rate
from pipelines.calc.experiment.rates import wilson
from pipelines.gold import catalogue_terms, interest_days, interest_profiles
from pipelines.lakehouse.sail import sail_session
from pipelines.settings import load

CUTOFF, WEEKS = date(2017, 11, 1), 8
GOODS: Mapping[str, tuple[str, ...]] = {
    "Baby goods": (
        "BABY FOODS",
        "BABYFOOD",
        "BABY HBC",
        "DIAPERS & DISPOSABLES",
        "INFANT CARE PRODUCTS",
        "INFANT FORMULA",
    ),
    "Toys": ("TOYS", "TOYS AND GAMES"),
    "Cold cereal": ("COLD CEREAL",),
    "School supplies": ("STATIONERY & SCHOOL SUPPLIES",),
}
CELLS = ("everybody", "interest", "CRM", "both", "interest only", "CRM only")
PAGE, CHART = Path("docs/interest_segments.md"), Path("docs/interest_segments.png")


@dataclass(frozen=True)
class Cell:
    """What became of the households of one cell.

    `orders` are receipts with such goods in the eight weeks; `share` is their share of everybody's, with its interval.
    """

    goods: str
    name: str
    households: int
    buyers: int
    orders: int
    share: tuple[float, float, float]

    @property
    def rate(self) -> tuple[float, float, float]:
        """The share of households that bought, with its interval."""
        if not self.households:
            return (float("nan"),) * 3
        low, high = wilson(Rate(self.buyers, self.households))
        return self.buyers / self.households, low, high


def lines() -> pd.DataFrame:
    """Each line with its day and category."""
    bought = in_days(read("transactions"), SHOPS).merge(
        read("products")[["product_id", "product_category"]], on="product_id"
    )
    return bought[bought["sales_value"] > 0]


def affinities(spark: SparkSession, bought: pd.DataFrame) -> pd.DataFrame:
    """Household, category and affinity, by the module itself, from what was bought before the cutoff."""
    known = bought[bought["day"] < pd.Timestamp(CUTOFF)]
    days = known.groupby(["household_id", "product_id", "day"], as_index=False).agg(
        times=("quantity", "size"), net_amount=("sales_value", "sum")
    )
    frame = spark.createDataFrame(
        days.astype({"household_id": str, "product_id": str}).assign(day=days["day"].dt.date)
    ).select(
        F.col("day").alias("occurred_on"),
        F.lit("loyalty_card").alias("identifier_type"),
        F.col("household_id").alias("identifier_value"),
        F.lit("purchase").alias("action"),
        F.col("product_id").alias("subject"),
        "product_id",
        F.lit(None).cast("string").alias("term"),
        F.col("times").cast("int"),
        F.col("net_amount").cast("decimal(18, 2)"),
        F.lit(None).cast("decimal(18, 2)").alias("price"),
    )
    catalogue = read("products").astype({"product_id": str})
    columns = {"department": "department", "category": "product_category", "product_type": "product_type"}
    goods = pd.DataFrame(
        {"product_id": catalogue["product_id"], "title": None}
        | {name: catalogue[source].astype(object) for name, source in columns.items()}
        | {
            "brand": catalogue["brand"].astype(object),
            "package_size": catalogue["package_size"].astype(object),
        }
    )
    products = spark.createDataFrame(
        goods.where(goods.notna(), None), ", ".join(f"{c} string" for c in goods)
    )
    persons = frame.select(
        "identifier_type",
        "identifier_value",
        F.col("identifier_value").alias("person_id"),
        F.lit(None).cast("timestamp").alias("valid_to"),
    ).distinct()
    values = load()
    params = {path.rsplit(".", 1)[-1]: values.value(path) for path in interest_profiles.TABLE.params}
    terms = catalogue_terms.build(products, as_of=CUTOFF)
    profiles = interest_profiles.build(
        frame.select(*interest_days.TABLE.names), persons, products, terms, as_of=CUTOFF, **params
    )
    return profiles.where("kind = 'category'").select("person_id", "value", "affinity").toPandas()


def with_children() -> set[str]:
    """Households whose form counts children, or says that there are kids."""
    forms = read("demographics")
    counted = forms["kids_count"].isin(["1", "2", "3+"])
    described = forms["household_comp"].isin(["1 Adult Kids", "2 Adults Kids"])
    return set(forms.loc[counted | described, "household_id"].astype(str))


def cells(goods: str, bought: pd.DataFrame, liked: pd.DataFrame, crm: set[str]) -> list[Cell]:
    """The six cells of one group of goods, over the households that bought anything before the cutoff."""
    before = bought[bought["day"] < pd.Timestamp(CUTOFF)]
    everybody = sorted(set(before["household_id"].astype(str)))
    until = pd.Timestamp(CUTOFF + timedelta(weeks=WEEKS))
    after = bought[(bought["day"] >= pd.Timestamp(CUTOFF)) & (bought["day"] < until)]
    after = after[after["product_category"].isin(GOODS[goods])]
    orders = after.groupby(after["household_id"].astype(str))["basket_id"].nunique()
    counts = np.array([int(orders.get(household, 0)) for household in everybody])
    told = np.array([household in crm for household in everybody])
    score = liked[liked["value"].isin(GOODS[goods])].groupby("person_id")["affinity"].sum()
    affinity = np.array([float(score.get(household, 0.0)) for household in everybody])
    reach = min(int(told.sum()), int((affinity > 0).sum()))
    chosen = np.zeros(len(everybody), dtype=bool)
    chosen[np.lexsort((np.arange(len(everybody)), -affinity))[:reach]] = True
    masks = (
        np.ones(len(everybody), dtype=bool),
        chosen,
        told,
        chosen & told,
        chosen & ~told,
        told & ~chosen,
    )
    return [
        Cell(
            goods,
            name,
            int(mask.sum()),
            int((counts[mask] > 0).sum()),
            int(counts[mask].sum()),
            _share(mask, counts),
        )
        for name, mask in zip(CELLS, masks, strict=True)
    ]


def _share(mask: np.ndarray, counts: np.ndarray, draws: int = 2000) -> tuple[float, float, float]:
    chance = np.random.default_rng(20170101)
    inside = np.where(mask, counts, 0)
    weights = chance.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=draws)
    shares = (weights @ inside) / np.maximum(weights @ counts, 1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(inside.sum() / max(counts.sum(), 1)), float(low), float(high)


def chart(found: list[Cell]) -> None:
    """Purchase rates by cell, with their intervals."""
    shown = [c for c in found if c.name != "everybody"]
    rows = pd.DataFrame(
        [
            {"goods": c.goods, "cell": c.name, "rate": c.rate[0], "low": c.rate[1], "high": c.rate[2]}
            for c in shown
        ]
    )
    order = [name for name in CELLS if name != "everybody"]
    base = alt.Chart(rows).encode(y=alt.Y("cell:N", sort=order, title=None))
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="bought in the next 8 weeks", axis=alt.Axis(format="%")), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=60).encode(x="rate:Q")
    drawn = (
        (bars + points).properties(width=260, height=120).facet(alt.Facet("goods:N", title=None), columns=2)
    )
    CHART.write_bytes(vl_convert.vegalite_to_png(drawn.to_json(), scale=2))


def page(found: list[Cell]) -> str:
    """The page, from what was counted."""

    def percent(triple: tuple[float, float, float]) -> str:
        return f"{triple[0]:.1%} ({triple[1]:.1%} to {triple[2]:.1%})"

    parts = [
        "<!-- Written by `python -m benchmarks --only interest_segments`; count again rather than edit. -->",
        "# Interest segment and CRM segment, on real receipts",
        "A published mailing on baby goods found 90 % of its orders in the *interest* segment (behaviour) and few in "
        "the *CRM* segment (the child's age in the loyalty form). The Complete Journey has receipts and forms, and no "
        f"mailing, so this is what can be checked on it: who **buys** in the eight weeks after {CUTOFF}. Interest is "
        "`gold.interest_profiles` from purchases before; the CRM segment is households whose form counts children or "
        "describes a household with kids. The interest segment is the households with the highest affinity, as many "
        "as the CRM segment has, or all that have any. Orders are receipts with such goods. In brackets 95 %: "
        "Wilson's for rates, of 2,000 bootstrap samples of households for shares.",
        f"![Purchase rates by cell]({CHART.name})",
    ]
    for goods in GOODS:
        rows = [
            (c.name, f"{c.households:,}", f"{c.buyers:,}", percent(c.rate), f"{c.orders:,}", percent(c.share))
            for c in found
            if c.goods == goods
        ]
        header = ("cell", "households", "buyers", "purchase rate", "orders", "share of orders")
        parts += [f"## {goods}", ", ".join(f"`{name}`" for name in GOODS[goods]), table(header, rows)]
        parts.append(_told({c.name: c for c in found if c.goods == goods}))
    return "\n\n".join(parts) + "\n"


def _told(cell: Mapping[str, Cell]) -> str:
    interest, crm = cell["interest"], cell["CRM"]
    apart = interest.rate[1] > crm.rate[2] or crm.rate[1] > interest.rate[2]
    times = interest.rate[0] / crm.rate[0] if crm.rate[0] else float("inf")
    judged = "the intervals do not overlap" if apart else "**the intervals overlap: no difference is shown**"
    return (
        f"The interest segment buys {times:.1f} times as often as the CRM segment; {judged}. Of the orders of either, "
        f"{interest.orders:,} came from the interest segment and {crm.orders:,} from the CRM segment."
    )


def interest_segments() -> dict[str, Any]:
    """Count, write the page and its chart; the rates of both segments with their intervals, by goods."""
    bought, crm = lines(), with_children()
    with sail_session(2) as spark:
        liked = affinities(spark, bought)
    found = [cell for goods in GOODS for cell in cells(goods, bought, liked, crm)]
    chart(found)
    PAGE.write_text(page(found), encoding="utf-8")
    rates = {(cell.goods, cell.name): cell.rate for cell in found}
    return {
        "rates": {goods: [rates[goods, name] for name in ("interest", "CRM")] for goods in GOODS},
        "command": "python -m benchmarks --only interest_segments",
    }
