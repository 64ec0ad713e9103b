"""What a path is made into before a model sees it, by the names of Google's Fractribution.

| name | of `a, a, b, a, direct` stays |
|---|---|
| `unique` | `a, a, b, a, direct`: every touch counts by itself; nothing is changed |
| `exposure` | `a, b, a, direct`: one touch of each run |
| `first` | `a, b, direct`: the first touch of each channel |
| `frequency` | `a(3), b(1), direct(1)`: as `first`, and how often is part of the name |
| `remove_direct_if_last_and_not_all` | `a, a, b, a`: direct touches at the end, unless there are no others |

Of touches that become one, the earliest stays, with its time. Source: github.com/google/fractribution, which took
the names over into the dbt packages that marketers use today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np
import pyarrow as pa

from pipelines.calc.attribution.paths import Flags, Longs, Paths

Transform = Callable[[Paths, str], Paths]


def unique(paths: Paths, direct: str) -> Paths:
    """The paths as they are."""
    return paths


def exposure(paths: Paths, direct: str) -> Paths:
    """Of touches of one channel behind one another, the first."""
    again = np.zeros(len(paths.channels), dtype=np.bool_)
    again[1:] = paths.channels[1:] == paths.channels[:-1]
    return paths.kept(~again | (paths.places == 0))


def first(paths: Paths, direct: str) -> Paths:
    """Of each channel on a path, its first touch."""
    return paths.kept(firsts(paths))


def frequency(paths: Paths, direct: str) -> Paths:
    """Of each channel on a path, its first touch, called `channel(times)`."""
    _, inverse, times = np.unique(_pairs(paths), return_inverse=True, return_counts=True)
    counts = times[inverse]
    once = firsts(paths)
    kept = paths.kept(once)
    base = int(counts.max(initial=0)) + 1
    kinds, codes = np.unique(paths.channels[once] * base + counts[once], return_inverse=True)
    names = paths.names.to_pylist()
    labels = pa.array([f"{names[kind // base]}({kind % base})" for kind in kinds.tolist()], pa.string())
    return replace(kept, names=labels, channels=cast(Longs, codes.astype(np.int64)))


def remove_direct_if_last_and_not_all(paths: Paths, direct: str) -> Paths:
    """Without the direct touches at the end of a path; a path of nothing else stays."""
    other = ~paths.named(direct)
    last = last_of(paths, other)
    return paths.kept((paths.places <= last[paths.rows]) | (last[paths.rows] < 0))


TRANSFORMS: Mapping[str, Transform] = {
    "unique": unique,
    "exposure": exposure,
    "first": first,
    "frequency": frequency,
    "remove_direct_if_last_and_not_all": remove_direct_if_last_and_not_all,
}


def firsts(paths: Paths) -> Flags:
    """Of each touch, whether its path has none of its channel before it."""
    _, where = np.unique(_pairs(paths), return_index=True)
    mask = np.zeros(len(paths.channels), dtype=np.bool_)
    mask[where] = True
    return mask


def last_of(paths: Paths, mask: Flags) -> Longs:
    """Of each path, the place of its last touch in the mask; -1 when it has none."""
    last = np.full(len(paths.lengths), -1, dtype=np.int64)
    np.maximum.at(last, paths.rows[mask], paths.places[mask])
    return last


def _pairs(paths: Paths) -> Longs:
    return paths.rows * max(len(paths.names), 1) + paths.channels
