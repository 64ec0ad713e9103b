"""What a registered model reads and gives when MLflow serves it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

RANKED = ("customer_id", "rank", "product_id", "score", "reason")
_TYPES = {
    "purchased_at": "datetime",
    "quantity": "double",
    "rank": "long",
    "score": "double",
    "propensity": "double",
    "explored": "boolean",
    "known": "boolean",
}
_PARAMS = {int: "long", float: "double", str: "string"}


def signature(given: Sequence[str], found: Sequence[str], **params: int | float | str) -> ModelSignature:
    """As the registry keeps it: columns given, columns found, and parameters with what holds where none is asked.

    A column that is not named in `_TYPES` is text.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    def schema(columns: Sequence[str]) -> Schema:
        return Schema([ColSpec(_TYPES.get(column, "string"), column) for column in columns])

    asked = [ParamSpec(name, _PARAMS[type(value)], value) for name, value in params.items()]
    return ModelSignature(schema(given), schema(found), ParamSchema(asked))


def day_after(lines: pd.DataFrame) -> date:
    """The day that a model of receipt lines is asked for: the one after the last line."""
    last: date = pd.to_datetime(lines["purchased_at"]).max().date()
    return last + timedelta(days=1)
