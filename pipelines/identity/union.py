"""Persons of components in which little goes wrong: a union in order of arrival, one pass over the rows.

The same as the replay comes to there, without its books: the oldest identifier of a person is always the one that
founded its id.

What weak links may do depends on the order of arrival, so it is seen to here. Identifiers that strong links alone tie
are a core. Of each person one core at most has something personal: its own. So a weak link that is not refused stays,
and one between two own cores is refused without a change to anything else. Where a strong link ties a core that hangs
on its person by weak links alone to somebody else's own core, it goes over to them, and those weak links are refused.
A row of which more would have to be said leaves its component to the replay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.identity.batch import Batch, Flags, Longs
from pipelines.identity.law import NEVER

Link = tuple[int, int]


@dataclass(frozen=True)
class Union:
    """What the calm components come to: of each identifier, whose it was from when to when.

    Args:
        calm: Of each component, whether it is.
        node: The identifier.
        founder: The identifier that founded its person.
        since: From when on.
        until: Until when; `NEVER` is still.
        refused: The links that are refused now, by their ends: since when. All are weak.
    """

    calm: Flags
    node: Longs
    founder: Longs
    since: Longs
    until: Longs
    refused: dict[Link, int]


def union(batch: Batch, quiet: Flags) -> Union:
    """The persons of those quiet components that turn out to be calm.

    Args:
        batch: Whole components.
        quiet: Of each component, whether it is to be looked at.
    """
    rows = quiet[batch.component]
    weak = np.array(batch.law.weak, dtype=np.bool_)[batch.source[rows]].tolist()
    columns = (column[rows].tolist() for column in (batch.left, batch.right, batch.at, batch.component))
    books = _Books(batch)
    persons, core, loud = books.persons, books.core, set[int]()
    for left, right, at, component, is_weak in zip(*columns, weak, strict=True):
        if not persons[left]:
            books.arrive(left, at)
        if right < 0 or component in loud:
            continue
        if not persons[right]:
            books.arrive(right, at)
        if persons[left] is not persons[right]:
            joins = books.joins(left, right, is_weak, at)
            if not joins:
                if joins is None:
                    loud.add(component)
                continue
        if books.refused:
            books.refused.pop((left, right), None)
        if is_weak:
            books.weakly.setdefault(persons[left][0], set()).add((left, right))
        elif core[left] != core[right]:
            books.tie(left, right)
    calm = quiet.copy()
    calm[list(loud)] = False
    return books.closed(calm)


class _Books:
    """What is known while the rows go by; identifiers, and persons by the one that founded them."""

    def __init__(self, batch: Batch) -> None:
        size = len(batch.names)
        self.batch = batch
        self.persons: list[list[int]] = [
            [] for _ in range(size)
        ]  # of each identifier, its person, the founder first
        self.born = [0] * size
        self.since = [0] * size
        self.core = list(range(size))  # of each identifier one above it in its core; the top has itself
        self.own: list[bool] = np.array(batch.law.personal, dtype=np.bool_)[batch.kind].tolist()  # of a top
        self.personal = self.own.copy()  # of a founder: its person has something personal
        self.weakly: dict[int, set[Link]] = {}  # of a founder: the weak links of its person
        self.ended: list[tuple[int, int, int, int]] = []
        self.refused: dict[Link, int] = {}

    def arrive(self, node: int, at: int) -> None:
        self.persons[node].append(node)
        self.born[node] = self.since[node] = at

    def joins(self, left: int, right: int, is_weak: bool, at: int) -> bool | None:
        """Let a link make one of two persons; false where it is refused, null where that is not for here to say."""
        one, other = self.persons[left], self.persons[right]
        leaning = is_weak or one[0] in self.weakly or other[0] in self.weakly
        if leaning and self.personal[one[0]] and self.personal[other[0]]:
            owns = self.own[self.top(left)], self.own[self.top(right)]
            if is_weak and all(owns):
                self.refused.setdefault((left, right), at)
                return False
            if is_weak or not any(owns):
                return None
            if not all(owns):
                return self.went_over(*((right, left) if owns[0] else (left, right)), at) or None
        self.merge(one, other, at)
        return True

    def merge(self, one: list[int], other: list[int], at: int) -> None:
        """The older takes in the other."""
        founder, met = one[0], other[0]
        if (self.born[met], met) < (self.born[founder], founder):
            one, other, founder, met = other, one, met, founder
        for node in other:
            self.move(node, one, at)
        one += other
        self.personal[founder] = self.personal[founder] or self.personal[met]
        if links := self.weakly.pop(met, None):
            self.weakly.setdefault(founder, set()).update(links)

    def move(self, node: int, to: list[int], at: int) -> None:
        if self.since[node] < at:
            self.ended.append((node, self.persons[node][0], self.since[node], at))
            self.since[node] = at
        self.persons[node] = to

    def went_over(self, node: int, to: int, at: int) -> bool:
        """Let the core of `node`, which hangs on its person, go over to that of `to`; false: it is more to them."""
        left, heir, here = self.persons[node], self.persons[to], self.top(node)
        links = self.weakly[left[0]]
        inside = {link for link in links if self.top(link[0]) == here == self.top(link[1])}
        across = {link for link in links - inside if here in (self.top(link[0]), self.top(link[1]))}
        if any(not self.own[self.top(end)] for link in across for end in link if self.top(end) != here):
            return False
        strongest = min(left, key=lambda one: (self.batch.kind[one], self.born[one], one))
        if here in (self.top(left[0]), self.top(strongest)):  # the id goes with either
            return False
        moving = [one for one in left if self.top(one) == here]
        for one in moving:
            self.move(one, heir, at)
        left[:] = [one for one in left if self.persons[one] is left]
        heir += moving
        self.refused.update(dict.fromkeys(across, at))
        self.weakly[left[0]] = links - inside - across
        if inside:
            self.weakly.setdefault(heir[0], set()).update(inside)
        return True

    def tie(self, left: int, right: int) -> None:
        """Make one core of two."""
        upper, lower = self.top(left), self.top(right)
        self.core[lower] = upper
        self.own[upper] = self.own[upper] or self.own[lower]

    def top(self, node: int) -> int:
        core = self.core
        while core[node] != node:
            core[node] = node = core[core[node]]
        return node

    def closed(self, calm: Flags) -> Union:
        """What stands in the end in the calm components."""
        stays = calm[self.batch.home]  # whoever stands here has a home
        nodes = [node for node, person in enumerate(self.persons) if person]
        standing = [(node, self.persons[node][0], self.since[node], NEVER) for node in nodes]
        whose = np.array([*self.ended, *standing], dtype=np.int64).reshape(-1, 4)
        whose = whose[stays[whose[:, 0]]]
        whose = whose[np.lexsort((whose[:, 2], whose[:, 0]))]
        # Who left a person and came back in one moment never left.
        first = np.any(np.diff(whose[:, :2], axis=0, prepend=-1), axis=1)
        last = np.append(first[1:], np.ones(min(1, len(whose)), dtype=np.bool_))
        refused = {ends: at for ends, at in self.refused.items() if stays[ends[0]]}
        node, founder, since, _ = whose[first].T
        return Union(calm, node, founder, since, whose[last][:, 3], refused)
