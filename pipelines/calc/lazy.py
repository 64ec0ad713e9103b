"""Modules that are loaded when something of theirs is first asked for.

Settings are read by every command, and some of them answer a person who waits: they have no time for Spark, scipy and
pandas, which only a run needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


class Late:
    """A module by its name, loaded at the first attribute.

    >>> Late("math").floor(2.5)
    2
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def names_of(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's `__getattr__`: what it exports comes from its modules, each loaded when it is asked for.

    Args:
        package: The package's own name.
        places: By exported name, its module within the package.

    >>> names_of("xml", {"ElementTree": "etree"})("nothing")
    Traceback (most recent call last):
    AttributeError: module 'xml' has no attribute 'nothing'
    """

    def found(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return found
