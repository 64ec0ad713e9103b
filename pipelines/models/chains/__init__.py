"""Consumption chains: what follows what, by how much, and after how long ("size 2, then size 3").

`model = fit(lines, as_of=..., states=..., born=...); model.rank(customers, k=5); model.transitions()`.
"""

from pipelines.models.chains.score import Chains
from pipelines.models.chains.train import ChainParams, fit

__all__ = ["ChainParams", "Chains", "fit"]
