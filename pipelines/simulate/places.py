"""Shops, tills and regions: their names as every source writes them."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.simulate.draws import at

REGIONS = ("North", "East", "South", "West", "Coast")


def region(store: Column) -> Column:
    """Where a shop, and who buys there, is."""
    return at(REGIONS, store % len(REGIONS))


def store_id(store: Column) -> Column:
    """The shop as every source writes it, such as `S004`."""
    return F.concat(F.lit("S"), F.lpad(store.cast("string"), 4, "0"))


def till_id(till: Column) -> Column:
    """The till in its shop."""
    return F.concat(F.lit("T"), till.cast("string"))


def coordinates(store: Column) -> tuple[Column, Column]:
    """Degrees north and east of a shop, WGS 84: regions lie two degrees apart, their shops some two kilometres."""
    place, number = store % len(REGIONS), F.floor(store / len(REGIONS)).cast("long")
    north = place * 2 + 46 + (number % 50) * 0.02
    east = place * 2 + 8 + F.floor(number / 50) * 0.03
    return north.cast("decimal(7,4)"), east.cast("decimal(7,4)")
