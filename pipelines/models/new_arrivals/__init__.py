"""New goods for those who care for their kind, and a stated share of slots for those that nobody knows yet.

`model = fit(lines, as_of=..., products=...); model.rank(customers, k=20, explore_share=0.2)`.
"""

from pipelines.models.new_arrivals.learned import NewArrivalsParams
from pipelines.models.new_arrivals.score import NewArrivals
from pipelines.models.new_arrivals.train import fit

__all__ = ["NewArrivals", "NewArrivalsParams", "fit"]
