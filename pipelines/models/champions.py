"""How the champion of each model is loaded, by the model's name: what `build` gets as its keyword."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.lakehouse.tracking import Champion, Tracking
from pipelines.models.als import champion as als
from pipelines.models.next_purchase import champion as next_purchase
from pipelines.models.related import champion as related

LOADERS: Mapping[str, Callable[[Tracking, Champion], Any]] = {
    als.NAME: als.load,
    next_purchase.NAME: next_purchase.load,
    related.NAME: related.load,
}
