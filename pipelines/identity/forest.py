"""Disjoint sets of identifiers: union by the smaller identifier, paths halved."""

from __future__ import annotations

from typing import Generic, TypeVar

Node = TypeVar("Node", int, str)


class Forest(Generic[Node]):
    """Each identifier, by number or by name, in a set of its own, until two are joined."""

    __slots__ = ("_above",)

    def __init__(self) -> None:
        self._above: dict[Node, Node] = {}

    def head(self, node: Node) -> Node:
        """The smallest identifier of its set.

        >>> forest = Forest[int]()
        >>> forest.join(3, 2)
        >>> forest.join(2, 7)
        >>> forest.head(7), forest.head(4)
        (2, 4)
        """
        above = self._above
        while (up := above.get(node, node)) != node:
            above[node] = node = above.get(up, up)
        return node

    def join(self, one: Node, other: Node) -> None:
        """Make the two sets one."""
        one, other = self.head(one), self.head(other)
        if one != other:
            self._above[max(one, other)] = min(one, other)
