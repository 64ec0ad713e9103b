"""Who is one person: an identity graph that can be explained, extended and undone. Usable alone.

See docs/identity.md for the method. `resolve` gives persons, `components` plain labels.
"""

from __future__ import annotations

from pipelines.identity.labels import components
from pipelines.identity.paths import explain
from pipelines.identity.reasons import Reason
from pipelines.identity.resolution import Resolution, resolution, resolve
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
