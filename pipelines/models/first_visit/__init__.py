"""A listing ranked anew by the interest that this visit has shown so far; a small file that a shop holds in memory.

`model = fit(lines, as_of=..., products=...); model.rerank(listing, {"category": ["TEA"]})`, and `write(model, path)`.
"""

from pipelines.models.first_visit.score import FirstVisit, read, write
from pipelines.models.first_visit.train import FirstVisitParams, fit

__all__ = ["FirstVisit", "FirstVisitParams", "fit", "read", "write"]
