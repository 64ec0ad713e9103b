"""What a model that is asked with receipt lines reads and gives, as the registry keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.models.lines import COLUMNS

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


def signature_of_lines(k: int) -> ModelSignature:
    """Receipt lines in, `customer_id, rank, product_id, score, reason` out; `k` goods where nothing else is asked."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    types = {"purchased_at": "datetime", "quantity": "double", "rank": "long", "score": "double"}
    given = ("customer_id", "rank", "product_id", "score", "reason")
    return ModelSignature(
        inputs=Schema([ColSpec(types.get(column, "string"), column) for column in COLUMNS]),
        outputs=Schema([ColSpec(types.get(column, "string"), column) for column in given]),
        params=ParamSchema([ParamSpec("k", "long", k)]),
    )
