"""Who is one person: an identity graph that can be explained, extended and undone. Usable alone.

See docs/identity.md for the method. `resolve` gives persons, `components` plain labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.calc.lazy import names_of

if TYPE_CHECKING:
    from pipelines.identity.labels import components
    from pipelines.identity.paths import explain
    from pipelines.identity.reasons import Reason
    from pipelines.identity.resolving import Resolution, resolution, resolve
    from pipelines.identity.rules import Identifier, Rules, load, parse
    from pipelines.identity.touched import update

__all__ = [
    "Identifier",
    "Reason",
    "Resolution",
    "Rules",
    "components",
    "explain",
    "load",
    "parse",
    "resolution",
    "resolve",
    "update",
]

__getattr__ = names_of(
    __name__,
    {
        "components": "labels",
        "explain": "paths",
        "Reason": "reasons",
        "Resolution": "resolving",
        "resolution": "resolving",
        "resolve": "resolving",
        "Identifier": "rules",
        "Rules": "rules",
        "load": "rules",
        "parse": "rules",
        "update": "touched",
    },
)
