"""Who has which id: ids outlive merges and splits by three rules.

- An id is founded by an identifier: it is its hash. It is as old as that identifier's arrival.
- Where several persons meet in one, the oldest id stays; the others rest.
- Where a person falls apart, the part with its strongest identifier keeps its id. Another part takes the id that the
  first of its identifiers founds: the one that it had before, if it was a person before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from pipelines.identity.law import Law


class Group:
    """Identifiers that belong together, and `held`: of each type of which a person has one, the one.

    `personal`: one of them is of a type that is one person's own.
    """

    __slots__ = ("held", "nodes", "personal")

    def __init__(self, nodes: list[int], held: dict[int, int], personal: bool) -> None:
        self.nodes, self.held, self.personal = nodes, held, personal

    def take(self, other: Group) -> None:
        """Take in what the other has."""
        self.nodes += other.nodes
        self.held.update(other.held)
        self.personal = self.personal or other.personal


class Person(Group):
    """A group with an id; `age`, when and by which identifier the id was founded, sorts persons, oldest first."""

    __slots__ = ("age", "id")

    def __init__(self, id: str, age: tuple[int, int], group: Group) -> None:
        super().__init__(group.nodes, group.held, group.personal)
        self.id, self.age = id, age


class Persons:
    """The persons of one component now, and what moved since it was last asked."""

    def __init__(self, law: Law, kind: Sequence[int], person_id: Callable[[int, int], str]) -> None:
        """Nobody yet; the arguments are those of `Replay`."""
        self.of: dict[int, Person] = {}
        self.arrival: dict[int, int] = {}
        self._law, self._kind, self._person_id = law, kind, person_id
        self._living: set[str] = set()
        self._moved: set[int] = set()
        self._shown: dict[int, tuple[str, int]] = {}

    def arrive(self, node: int, at: int) -> None:
        """A person of its own, if it was never seen."""
        if node not in self.arrival:
            self.arrival[node] = at
            self._place(Person(self._free_id([node]), (at, node), self.group([node])))

    def group(self, nodes: list[int]) -> Group:
        """The identifiers as a group."""
        unique, personal = self._law.unique, self._law.personal
        held = {self._kind[node]: node for node in nodes if unique[self._kind[node]]}
        return Group(nodes, held, any(personal[self._kind[node]] for node in nodes))

    def merge(self, one: Person, other: Person) -> None:
        """The older takes in the other."""
        if other.age < one.age:
            one, other = other, one
        self._living.discard(other.id)
        one.take(other)
        self.of.update(dict.fromkeys(other.nodes, one))
        self._moved.update(other.nodes)

    def leave(self, node: int) -> Person:
        """The identifier is nobody's from now on; gives the person that is left, which may have none."""
        person = self.of.pop(node)
        person.nodes.remove(node)
        left = self.group(person.nodes)
        person.held, person.personal = left.held, left.personal
        self._moved.add(node)
        if not person.nodes:
            self._living.discard(person.id)
        return person

    def regroup(self, persons: Iterable[Person], groups: Sequence[Group]) -> None:
        """The identifiers of these persons make these groups now."""
        persons = sorted(persons, key=lambda person: person.age)
        if len(groups) == len(persons) == 1:
            return
        place = {node: number for number, group in enumerate(groups) for node in group.nodes}
        heirs: dict[int, Person] = {}
        for person in persons:
            strongest = min(person.nodes, key=lambda node: (self._kind[node], *self._age(node)))
            heirs.setdefault(place[strongest], person)
            self._living.discard(person.id)
        self._living.update(person.id for person in heirs.values())
        ages = {number: min(map(self._age, group.nodes)) for number, group in enumerate(groups)}
        for number in sorted(ages, key=lambda number: ages[number]):
            heir, group = heirs.get(number), groups[number]
            if heir is not None:
                self._place(Person(heir.id, heir.age, group))
            else:
                self._place(Person(self._free_id(group.nodes), ages[number], group))

    def moved(self, at: int) -> Iterator[tuple[int, str, int]]:
        """What ended now: identifier, person, since when. What begins now is remembered."""
        for node in self._moved:
            person = self.of.get(node)
            before = self._shown.get(node)
            if before is not None and (person is None or person.id != before[0]):
                yield (node, *before)
                del self._shown[node]
            if person is not None and node not in self._shown:
                self._shown[node] = (person.id, at)
        self._moved.clear()

    def standing(self) -> Iterator[tuple[int, str, int]]:
        """What holds now: identifier, person, since when."""
        return ((node, *shown) for node, shown in self._shown.items())

    def _age(self, node: int) -> tuple[int, int]:
        return self.arrival[node], node

    def _place(self, person: Person) -> None:
        self._living.add(person.id)
        self.of.update(dict.fromkeys(person.nodes, person))
        self._moved.update(person.nodes)

    def _free_id(self, nodes: Iterable[int]) -> str:
        """What the first identifier founds, or the next one, if another person has that now."""
        nodes = sorted(nodes, key=self._age)
        for turn in count(1):
            for node in nodes:
                if (found := self._person_id(node, turn)) not in self._living:
                    return found
        raise AssertionError("count never ends")
