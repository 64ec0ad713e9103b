"""The evidence of one component, taken in order of arrival: who is one person after each moment.

A machine of states whose every step looks only at the identifiers that an observation names and at the persons who
have them. Hence components do not see each other, and one that is replayed alone comes out as it does among all.

In each step: links that their weaker end, now seen, outlived end; an end that is now seen with too many becomes
nobody's; else the two persons become one, unless that breaks a rule. Then both are cut: their links are taken
strongest first, and what would break the rule is left out. Weak links come last in this, so that what they tie is
personal on one side at most.

Identifiers are whole numbers in the order of (priority of the type, value), so the smaller is always the stronger.
Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from pipelines.identity.forest import Forest
from pipelines.identity.law import Law
from pipelines.identity.moments import Exclusion, Link, Observation, Span, merged
from pipelines.identity.persons import Group, Person, Persons
from pipelines.identity.reasons import Reason


class Replay:
    """One component's state."""

    def __init__(self, law: Law, kind: Sequence[int], person_id: Callable[[int, int], str]) -> None:
        """Nothing observed yet.

        Args:
            law: The rules.
            kind: The type of each identifier.
            person_id: The id that an identifier founds, and for a second, third ... person of it others.
        """
        self.law, self.kind = law, kind
        self.persons = Persons(law, kind, person_id)
        self.links: dict[tuple[int, int], Link] = {}
        self.joins: dict[int, dict[int, Link]] = {}
        self.seen_with: dict[tuple[int, int], int] = {}
        self.shared: dict[int, int] = {}  # nobody's, since when
        self.one_and_same = Forest[int]()
        self.apart: set[tuple[int, int]] = set()

    def run(self, observations: Iterable[Observation], exclusions: Sequence[Exclusion] = ()) -> list[Span]:
        """Take all of it; what happens in one moment shows as one change."""
        spans: list[Span] = []
        for at, events in groupby(merged(observations, exclusions), key=lambda event: event.at):
            for event in events:
                if isinstance(event, Exclusion):
                    self._exclude(event)
                else:
                    self._observe(event)
            spans += (Span(*ended, at) for ended in self.persons.moved(at))
        return [*spans, *(Span(*standing, None) for standing in self.persons.standing())]

    def _observe(self, seen: Observation) -> None:
        left, right, at = seen.left, seen.right, seen.at
        ends = [end for end in (left, right) if end >= 0 and end not in self.shared]
        for end in ends:
            self.persons.arrive(end, at)
        if right < 0 and seen.far < 0:
            return
        pair = (min(left, seen.far), max(left, seen.far)) if right < 0 else (left, right)
        link = self._seen(pair, seen)
        if self.law.expires:
            self._expire([end for end in ends if end in self.joins], link, at)
        for end, other in (pair, pair[::-1]):
            most = self.law.caps[self.kind[end]][self.kind[other]]
            if end in ends and self.seen_with[end, self.kind[other]] > most:
                self._share(end, at)
        if seen.far >= 0 or left in self.shared or right in self.shared:
            self._refuse(link, Reason.SHARED, at)
        elif link.out is not None:
            self._join(link, seen)

    def _seen(self, pair: tuple[int, int], seen: Observation) -> Link:
        link = self.links.get(pair)
        if link is None:
            link = self.links[pair] = Link(seen, *pair)
            for end, other in (pair, pair[::-1]):
                key = end, self.kind[other]
                self.seen_with[key] = self.seen_with.get(key, 0) + 1
        source = seen.source
        strength = self._strength(link, source)
        if not link.strength or strength < link.strength:
            link.strength, link.source = strength, source
        link.count += 1
        link.last = seen.at
        link.expires = max(link.expires, seen.at + self.law.ttl[source])
        return link

    def _strength(self, link: Link, source: int) -> tuple[float, ...]:
        """Sorts links, the strongest first: decided, not weak, of stronger types, heavier, newer; then by content."""
        weaker, stronger = self.kind[link.right], self.kind[link.left]
        weight = self.law.weight[source]
        last = not self.law.include[source], self.law.weak[source]
        return (*last, weaker, stronger, -weight, -link.first, link.left, link.right)

    def _expire(self, ends: list[int], seen: Link, at: int) -> None:
        old = [
            link
            for end in ends
            for link in self.joins[end].values()
            if link.expires < at and link.right == end and link is not seen
        ]
        if old:
            self._end(old, Reason.EXPIRED, at)

    def _share(self, node: int, at: int) -> None:
        """From now on nobody's: all of its links end, and none joins it again."""
        self.shared[node] = at
        links = list(self.joins.get(node, {}).values())
        for link in links:
            self._unlink(link, Reason.SHARED, at)
        person = self.persons.leave(node)
        if person.nodes:
            self._regroup(person, at)

    def _join(self, link: Link, seen: Observation) -> None:
        one, other = self.persons.of[link.left], self.persons.of[link.right]
        same_type = self.kind[link.left] == self.kind[link.right]
        if self.law.reissue[seen.source] and same_type:
            self.one_and_same.join(link.left, link.right)
        if one is other:
            self._link(link)
        elif len(one.nodes) + len(other.nodes) > self.law.most:
            self._refuse(link, Reason.TOO_LARGE, seen.at)
        elif self._conflict(one, other, link) is None and not self._leaning(one, other):
            self._link(link)
            self.persons.merge(one, other)
        else:
            self._cut([one, other], link, seen.at)

    def _conflict(self, one: Group, other: Group, link: Link) -> Reason | None:
        """The rule that a person of both, tied by the link, would break, where neither of them does."""
        for kind, node in other.held.items():
            if kind in one.held and self.one_and_same.head(one.held[kind]) != self.one_and_same.head(node):
                return Reason.UNIQUE
        if self.apart:
            ones, others = set(one.nodes), set(other.nodes)
            if any((a in ones and b in others) or (b in ones and a in others) for a, b in self.apart):
                return Reason.EXCLUDED
        if one.personal and other.personal and self.law.weak[link.source]:
            return Reason.WEAK
        return None

    def _leaning(self, *persons: Person) -> bool:
        """Whether all have something personal, and a weak link is in force that might tie them if they were one."""
        if not any(self.law.weak) or not all(person.personal for person in persons):
            return False
        return any(self.law.weak[link.source] for person in persons for link in self._links(person.nodes))

    def _exclude(self, pair: Exclusion) -> None:
        self.apart.add((pair.left, pair.right))
        one, other = self.persons.of.get(pair.left), self.persons.of.get(pair.right)
        if one is not None and one is other:
            self._cut([one], None, pair.at)

    def _cut(self, persons: list[Person], new: Link | None, at: int) -> None:
        """Links from the strongest on, without those that would break a rule: Kruskal's algorithm."""
        links = {id(link): link for person in persons for link in self._links(person.nodes)}
        if new is not None:
            links[id(new)] = new
        groups = {node: self.persons.group([node]) for person in persons for node in person.nodes}
        for link in sorted(links.values(), key=lambda link: link.strength):
            one, other = groups[link.left], groups[link.right]
            reason = None if one is other else self._conflict(one, other, link)
            if reason is not None:
                self._unlink(link, reason, at)
                continue
            self._link(link)
            if one is not other:
                larger, smaller = (one, other) if len(one.nodes) >= len(other.nodes) else (other, one)
                larger.take(smaller)
                groups.update(dict.fromkeys(smaller.nodes, larger))
        self.persons.regroup(persons, list({id(group): group for group in groups.values()}.values()))

    def _end(self, links: list[Link], reason: Reason, at: int) -> None:
        persons = {id(person): person for person in (self.persons.of[link.left] for link in links)}
        for link in links:
            self._unlink(link, reason, at)
        for person in persons.values():
            self._regroup(person, at)

    def _regroup(self, person: Person, at: int) -> None:
        """What is left of a person who lost links."""
        if self._leaning(person):
            self._cut([person], None, at)
        else:
            self.persons.regroup([person], self._connected(person.nodes))

    def _connected(self, nodes: Sequence[int]) -> list[Group]:
        """The groups that the links in force make of a person's identifiers."""
        left, groups = set(nodes), []
        for node in nodes:
            if node in left:
                left.remove(node)
                group = [node]
                for member in group:
                    new = [other for other in self.joins.get(member, ()) if other in left]
                    left.difference_update(new)
                    group += new
                groups.append(self.persons.group(group))
        return groups

    def _links(self, nodes: Iterable[int]) -> Iterator[Link]:
        return (link for node in nodes for link in self.joins.get(node, {}).values())

    def _link(self, link: Link) -> None:
        link.reason = link.out = None
        self.joins.setdefault(link.left, {})[link.right] = link
        self.joins.setdefault(link.right, {})[link.left] = link

    def _unlink(self, link: Link, reason: Reason, at: int) -> None:
        self.joins.get(link.left, {}).pop(link.right, None)
        self.joins.get(link.right, {}).pop(link.left, None)
        self._refuse(link, reason, at)

    def _refuse(self, link: Link, reason: Reason, at: int) -> None:
        if link.out is None or link.reason is None:
            link.out = at
        link.reason = reason
