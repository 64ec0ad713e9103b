"""One gate for all models: the alias `champion` moves only for a reason, told as a sentence.

What a model is worth is measured for each person on one split by time, in two parts: `repeat`, the goods that they had
bought before, and `explore`, the others; a person without a target in a part does not count there (NaN).

The challenger takes the champion's place where, in **both** parts, it is better, or it is not worse and it is cheaper
to keep or has seen later data. *Better*: the 95 % percentile interval of the paired difference of means, over 1000
resamples of the persons (Efron 1979; paired, since both models rank for the same persons), lies above `min_gain`. *Not
worse*: its lower end lies above minus `margin` times the champion's mean, or the difference is 0. Every baseline must
be beaten by the mean in each part in which it was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["repeat", "explore"]
PARTS: tuple[Part, ...] = ("repeat", "explore")
RESAMPLES = 1000
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What one model was worth to each person of the split.

    Args:
        parts: By part, one value a person, such as nDCG@10; NaN: no target there. A part that the model does not
            serve is missing.
        cost: What it takes to keep, in any unit that both models share, such as bytes; null: not measured.
    """

    parts: Mapping[Part, Values]
    cost: float | None = None


@dataclass(frozen=True)
class Difference:
    """A mean over persons of a paired difference, and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, as a sentence."""

    promote: bool
    reason: str


def paired(first: Values, second: Values, *, seed: int) -> Difference:
    """The mean of `first - second` over those persons who have both, and its bootstrap interval.

    Two persons, 0.5 against 0.3 and 0.2 against 0.2: the mean is 0.1, the interval [0, 0.2].

    Raises:
        ValueError: they are not of the same persons, or no person has both.
    """
    if first.shape != second.shape:
        raise ValueError("Models can be compared on the same persons only")
    apart = (first - second)[~np.isnan(first - second)]
    if not len(apart):
        raise ValueError("No person has a target in this part")
    draws, even = np.random.default_rng(seed), np.full(len(apart), 1.0 / len(apart))
    means = np.concatenate(
        [draws.multinomial(len(apart), even, size=50) @ apart / len(apart) for _ in range(RESAMPLES // 50)]
    )
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(apart.mean()), float(low), float(high))


def decide(
    challenger: Measured,
    champion: Measured | None,
    baselines: Mapping[str, Measured],
    *,
    fresher: bool,
    min_gain: float = 0.0,
    margin: float = 0.01,
    seed: int = 0,
) -> Decision:
    """Whether the challenger becomes the champion.

    Args:
        challenger: The newly trained model.
        champion: The present one on the same split; null: there is none.
        baselines: Rankings without a model, by name.
        fresher: Whether the challenger has seen later data than the champion.
        min_gain: What "better" asks for.
        margin: Share of the champion's mean within which the challenger counts as not worse.
        seed: Of the resamples.

    Raises:
        ValueError: they were not measured on the same persons, or the challenger in no part.
    """
    parts = [part for part in PARTS if part in challenger.parts and _any(challenger.parts[part])]
    if not parts:
        raise ValueError("The challenger was measured in neither part")
    for part in parts:
        own = float(np.nanmean(challenger.parts[part]))
        for name, baseline in baselines.items():
            if part in baseline.parts and not own > float(np.nanmean(baseline.parts[part])):
                theirs = float(np.nanmean(baseline.parts[part]))
                return Decision(False, f"{part}: {own:.4f}, not above {name} with {theirs:.4f}.")
    if champion is None:
        names = " and ".join(baselines) or "nothing"
        measured = ", ".join(f"{part} {float(np.nanmean(challenger.parts[part])):.4f}" for part in parts)
        return Decision(True, f"{measured}: above {names}, and there is no champion yet.")
    cheaper = challenger.cost is not None and champion.cost is not None and challenger.cost < champion.cost
    said: list[str] = []
    refused = False
    for part in parts:
        if part not in champion.parts:
            raise ValueError(f"The champion was not measured in the part {part}")
        rival = champion.parts[part]
        gap = paired(challenger.parts[part], rival, seed=seed)
        better = gap.low > max(min_gain, 0.0)
        not_worse = gap.mean == gap.low == gap.high == 0.0 or gap.low > -margin * float(np.nanmean(rival))
        enough = better or (not_worse and (cheaper or fresher) and min_gain <= 0.0)
        refused |= not enough
        word = "better" if better else "not worse" if not_worse else "not surely as good"
        said.append(f"{part} {gap} against the champion, {word}")
    why = " and cheaper" if cheaper else " and its data are later" if fresher else ""
    return Decision(not refused, f"{'; '.join(said)}{why}{'; the champion stays' if refused else ''}.")


def _any(values: Values) -> bool:
    return bool((~np.isnan(values)).any())
