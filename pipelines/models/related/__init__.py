"""Goods that go with this receipt, and goods that are bought soon after it.

`model = fit(lines, as_of=date(2017, 12, 1)); model.rank(receipts, k=20)`.
"""

from pipelines.models.related.score import Related
from pipelines.models.related.train import RelatedParams, fit

__all__ = ["Related", "RelatedParams", "fit"]
