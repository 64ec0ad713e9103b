"""How the champion of each model is loaded, by the model's name: what `build` gets as its keyword."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pipelines.lakehouse.tracking import Champion, Tracking
from pipelines.models.als import champion as als
from pipelines.models.chains.learned import Learned as Chains
from pipelines.models.kept import load
from pipelines.models.new_arrivals.learned import Learned as NewArrivals
from pipelines.models.next_purchase.model import Ranker
from pipelines.models.related import champion as related
from pipelines.models.replenishment.learned import Learned as Replenishment

LOADERS: Mapping[str, Callable[[Tracking, Champion], Any]] = {
    als.NAME: als.load,
    "next_purchase": partial(load, Ranker),
    related.NAME: related.load,
    "replenishment": partial(load, Replenishment),
    "chains": partial(load, Chains),
    "new_arrivals": partial(load, NewArrivals),
}
