"""The counted contexts, and a listing ranked by them without any library: dictionaries, as a shop would hold them.

A good's score is a mixture: with the weight `POPULAR_WEIGHT` its popularity, and for each interest shown, with the
weight of its attribute divided among its values, the probability of the good in that context. A type says more than a
category, a category more than a brand.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.errors import DataError, UsageError
from pipelines.models.attributes import ATTRIBUTES
from pipelines.models.lines import Frame, arrow

WEIGHTS = {"category": 1.0, "product_type": 2.0, "brand": 0.5, "price_band": 0.5}
POPULAR_WEIGHT = 0.1
INTERESTED = "Goes with your interest in {}."
POPULAR = "Popular with our customers."
SCHEMA, FILE = "first_visit/1", "first_visit.json"
Interest = Mapping[str, Sequence[str]]
Context = tuple[float, Mapping[Hashable, float]]


@dataclass(frozen=True)
class FirstVisit:
    """A fitted model.

    Args:
        as_of: It has seen days before this one.
        popular: Of the most bought goods of the window their share, the best first.
        contexts: By attribute and value, what every good has by its popularity alone (times that), and of the best
            goods their probability.
        kinds: Of each good its values by attribute.
    """

    as_of: date
    popular: Mapping[Hashable, float]
    contexts: Mapping[tuple[str, str], Context]
    kinds: Mapping[Hashable, Mapping[str, str]]

    def rerank(self, listing: Sequence[Hashable], interest: Interest) -> list[Hashable]:
        """The listing's goods, the most likely first; goods alike stay in the order they came in.

        Args:
            listing: Ids of goods.
            interest: By attribute the values that the visit has shown so far, such as `{"category": ["TEA"]}`; an
                unknown value says nothing. Without any, goods stand by popularity.

        Raises:
            UsageError: there is no such attribute.
        """
        score = self.scorer(interest)
        return sorted(listing, key=lambda good: -score(good))

    def scorer(self, interest: Interest) -> Any:
        """A function of a good that gives its score under this interest."""
        _refuse_unknown(interest)
        shown = [
            (WEIGHTS[attribute] / len(values), context)
            for attribute, values in interest.items()
            for value in values
            if (context := self.contexts.get((attribute, value))) is not None
        ]

        def score(good: Hashable) -> float:
            fame = self.popular.get(good, 0.0)
            told = sum(weight * goods.get(good, rest * fame) for weight, (rest, goods) in shown)
            return POPULAR_WEIGHT * fame + told

        return score

    def rank(self, visits: Frame, k: int = 20) -> pd.DataFrame:
        """`session_id, rank, product_id, score, reason`: the k goods that suit each visit best.

        A visit without interest that is known gets what is popular, and the reason says so.

        Args:
            visits: `session_id, product_id`: the goods that the visit has looked at; they are not named themselves.
            k: At most so many goods.

        Raises:
            DataError: a column is missing.
        """
        table = arrow(visits, ("session_id", "product_id")).to_pandas()
        rows = []
        for session, seen in table.groupby("session_id", sort=True)["product_id"]:
            looked_at = set(seen)
            interest = self.interest_of(looked_at)
            score = self.scorer(interest)
            candidates = dict.fromkeys(self.popular)
            for attribute, values in interest.items():
                for value in values:
                    candidates |= dict.fromkeys(self.contexts.get((attribute, value), (0.0, {}))[1])
            scored = sorted(
                (
                    (-score(good), place, good)
                    for place, good in enumerate(candidates)
                    if good not in looked_at
                )
            )[:k]
            reason = self._reason(interest)
            rows += [(session, rank, good, -value, reason) for rank, (value, _, good) in enumerate(scored, 1)]
        return pd.DataFrame(rows, columns=["session_id", "rank", "product_id", "score", "reason"])

    def interest_of(self, goods: Any) -> dict[str, list[str]]:
        """By attribute the values of some goods, each once; goods that are not known say nothing."""
        interest: dict[str, list[str]] = {}
        for good in sorted(goods, key=str):
            for attribute, value in self.kinds.get(good, {}).items():
                values = interest.setdefault(attribute, [])
                if value not in values:
                    values.append(value)
        return interest

    def _reason(self, interest: Interest) -> str:
        for attribute in ATTRIBUTES:
            for value in interest.get(attribute, ()):
                if (attribute, value) in self.contexts:
                    return INTERESTED.format(value)
        return POPULAR


def write(model: FirstVisit, path: Path) -> None:
    """One JSON file, which any language reads: `schema, as_of, weights, popular_weight, popular, contexts, kinds`."""
    contexts: dict[str, dict[str, Any]] = {}
    for (attribute, value), (rest, goods) in model.contexts.items():
        contexts.setdefault(attribute, {})[value] = {"rest": rest, "goods": list(goods.items())}
    told = {
        "schema": SCHEMA,
        "as_of": model.as_of.isoformat(),
        "weights": WEIGHTS,
        "popular_weight": POPULAR_WEIGHT,
        "popular": list(model.popular.items()),
        "contexts": contexts,
        "kinds": list(model.kinds.items()),
    }
    path.write_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def read(path: Path) -> FirstVisit:
    """What `write` wrote.

    Raises:
        DataError: the file is missing or is not what `write` writes.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["schema"] != SCHEMA:
            raise ValueError(f"its schema is {told['schema']!r}, not {SCHEMA!r}")
        return FirstVisit(
            date.fromisoformat(told["as_of"]),
            dict(told["popular"]),
            {
                (attribute, value): (one["rest"], dict(one["goods"]))
                for attribute, values in told["contexts"].items()
                for value, one in values.items()
            },
            dict(told["kinds"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"The model cannot be read from {path.name}: {error}",
            remedy="Write it again from a fitted model.",
        ) from error


def _refuse_unknown(interest: Interest) -> None:
    unknown = [name for name in interest if name not in WEIGHTS]
    if unknown:
        raise UsageError(
            f"There is no attribute {', '.join(unknown)}", remedy=f"Give any of {', '.join(WEIGHTS)}."
        )
