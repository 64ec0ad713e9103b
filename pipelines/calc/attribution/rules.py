"""Rules that share a purchase among the touches before it; each gives a weight to every touch.

The weights of a path are not negative and sum to 1, or are all 0 when the rule finds no touch that it could
credit; that purchase is `Unattributed`. Every rule works on all paths at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pipelines.calc.attribution.names import RULE_NAMES
from pipelines.calc.attribution.paths import Flags, Floats, Paths
from pipelines.calc.attribution.transforms import firsts, last_of

DAY = 86_400
FIRST_SHARE, LAST_SHARE = 0.4, 0.4


@dataclass(frozen=True)
class Choices:
    """What the rules leave open.

    Attributes:
        half_life_days: After so many days a touch weighs half; of `time_decay`.
        direct: The channel of those who came by themselves; of `last_non_direct` and the transform.
        post_click: The channels whose clicks `post_click` looks for.
    """

    half_life_days: float = 7.0
    direct: str = "direct"
    post_click: tuple[str, ...] = ("email",)


Rule = Callable[[Paths, Choices], Floats]


def first(paths: Paths, choices: Choices) -> Floats:
    """The first touch has it all."""
    return _ones(paths.places == 0)


def last(paths: Paths, choices: Choices) -> Floats:
    """The last touch has it all."""
    return _ones(paths.from_end == 0)


def last_click(paths: Paths, choices: Choices) -> Floats:
    """The last touch that was a click has it all; where clicks are not told apart, every touch is one."""
    return _last_in(paths, _clicks(paths))


def last_non_direct(paths: Paths, choices: Choices) -> Floats:
    """The last touch but direct ones has it all; on a path of direct touches only, the last of them.

    As Google Analytics reports it: who comes back by himself was brought by what brought him before.
    """
    other = ~paths.named(choices.direct)
    none = last_of(paths, other)[paths.rows] < 0
    return _last_in(paths, other | none)


def post_click(paths: Paths, choices: Choices) -> Floats:
    """The last click in one of the chosen channels has it all, whatever came after it; else nobody.

    The question "how much was bought by people who had clicked a mail": give `email` a window.
    """
    chosen = np.zeros(len(paths.channels), dtype=np.bool_)
    for name in choices.post_click:
        chosen |= paths.named(name)
    return _last_in(paths, chosen & _clicks(paths))


def linear(paths: Paths, choices: Choices) -> Floats:
    """Every touch has the same share."""
    return in_proportion(np.ones(len(paths.channels)), paths)


def position(paths: Paths, choices: Choices) -> Floats:
    """40 % to the first touch, 40 % to the last, 20 % shared by those between; of two, half each."""
    lengths = paths.lengths[paths.rows]
    between = (1.0 - FIRST_SHARE - LAST_SHARE) / np.maximum(lengths - 2, 1)
    weights = np.where(paths.from_end == 0, LAST_SHARE, np.where(paths.places == 0, FIRST_SHARE, between))
    return np.where(lengths == 1, 1.0, np.where(lengths == 2, 0.5, weights))


def time_decay(paths: Paths, choices: Choices) -> Floats:
    """Each touch in proportion to `2 ** (-age / half_life)`, its age counted to the purchase.

    Ages are taken from the youngest touch on the path, which changes no share and lets none vanish: a path
    whose touches are all years old is shared, too.
    """
    assert paths.seconds is not None, "asked for only where times are"
    youngest = np.zeros(len(paths.lengths))
    full = paths.lengths > 0
    youngest[full] = paths.seconds[paths.offsets[1:][full] - 1]  # in the order of time
    ages = (paths.seconds - youngest[paths.rows]) / (DAY * choices.half_life_days)
    return in_proportion(np.exp2(-ages), paths)


def shapley(paths: Paths, choices: Choices) -> Floats:
    """The Shapley value of the game in which a set of channels wins the purchases that needed no other.

    With `v(S)` the purchases on paths whose channels all lie in S, the dividend (Harsanyi) of a set is what was
    bought on paths of exactly that set, and the Shapley value of a channel is the sum over the sets T that
    contain it of `dividend(T) / |T|`. So each path is shared equally by its *different* channels: exact for any
    number of channels, and no set is ever enumerated. Source: Zhao, Mahboobi and Bagheri, "Shapley value methods
    for attribution modeling in online advertising" (2018), section 3.
    """
    return in_proportion(_ones(firsts(paths)), paths)


_IN_ORDER = (first, last, last_click, last_non_direct, post_click, linear, position, time_decay, shapley)
RULES: Mapping[str, Rule] = dict(zip(RULE_NAMES, _IN_ORDER, strict=True))


def in_proportion(weights: Floats, paths: Paths) -> Floats:
    """Scaled so that those of each path sum to 1; a path of zeros keeps them."""
    whole = np.bincount(paths.rows, weights, minlength=len(paths.lengths))[paths.rows]
    return np.divide(weights, whole, out=np.zeros(len(weights)), where=whole > 0)


def _ones(mask: Flags) -> Floats:
    weights: Floats = mask.astype(np.float64)
    return weights


def _clicks(paths: Paths) -> Flags:
    return np.ones(len(paths.channels), dtype=np.bool_) if paths.clicked is None else paths.clicked


def _last_in(paths: Paths, mask: Flags) -> Floats:
    return _ones(mask & (paths.places == last_of(paths, mask)[paths.rows]))
