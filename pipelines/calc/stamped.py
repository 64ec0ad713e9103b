"""First and last of a group as the least and greatest of texts that begin with the instant.

Of texts an engine keeps the least of many groups at once, of structs one group after the other (1 s against 30 s for
300,000 rows in 230,000 groups, Sail).
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

DIGITS = 20


def digits(number: Column) -> Column:
    """A whole number that is not negative as a text of `DIGITS` characters, so that texts sort as numbers do."""
    return F.lpad(number.cast("string"), DIGITS, "0")


def stamped(instant: str, value: Column) -> Column:
    """A text that sorts by a column of instants since 1970, then by the value; null where the value is."""
    return F.concat(digits(F.unix_micros(F.col(instant))), value.cast("string"))


def value_of(text: str) -> Column:
    """The value of a `stamped` text in a column; null of null."""
    return F.expr(f"substring({text}, {DIGITS + 1})")
