"""The contract of a table. Everything else about the table is derived from it.

Its StructType, Delta comments, constraints, clustering and write, its quality suite and its documentation
page all come from the one `Table`, so they cannot disagree. The *scope* is the heart of it: the columns whose
values are recomputed together. A day's run rebuilds the scope values that its inputs' changes touch, a
rebuild touches every value, and both are the same pure `build`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql.types import DataType, StructField, StructType

from pipelines.lakehouse.expectations import ERROR, Expectation
from pipelines.lakehouse.types import DATE, LONG, STRING, TIMESTAMP


@dataclass(frozen=True)
class Col:
    """One column: name, type, meaning with unit, and whether it may be null (`meaning` says of what)."""

    name: str
    type: DataType
    meaning: str
    nullable: bool = True


@dataclass(frozen=True)
class Append:
    """Rows are only ever added: bronze, the vault, audit."""


@dataclass(frozen=True)
class Facts:
    """Records become facts. New records join what stands, and of each unit one record wins, whatever the
    order of arrival.

    Args:
        unit: What is received whole, such as a receipt. It holds the scope's columns.
        prefer: Column expressions, the larger first, that choose among records of one unit; lineage breaks
            the last ties.
    """

    unit: tuple[str, ...]
    prefer: tuple[str, ...] = ("content_hash",)


@dataclass(frozen=True)
class ByScope:
    """Touched scope values are rebuilt and replaced; the rest stands."""


@dataclass(frozen=True)
class Components:
    """Rows are what whole components of evidence come to. Those that changed evidence touches are replayed and
    replaced; the rest stands.
    """


@dataclass(frozen=True)
class Snapshot:
    """One partition per `as_of`, for columns that age.

    A run replaces its own date only, and never changes another.
    """


@dataclass(frozen=True)
class History:
    """Spells of what runs saw: a run closes those that ended, opens those that began, and leaves the rest.

    `build` takes the rows that stand as `standing`, and gives the spells that are open at the close of its date with
    those that ended on it. What was before no run can see, so a rebuild begins anew.

    Args:
        begins: The column with the date on which a spell began.
        ends: The column with the date on which it ended; null: it goes on.
    """

    begins: str
    ends: str


@dataclass(frozen=True)
class Journal:
    """What runs decided, which nothing takes back: a run decides what its date brings and what is still open, and
    leaves the rest.

    `build` takes the rows that stand as `standing`, and gives those that its date decides with those that stay open;
    with `decided_at`, the instant, it adds to what its date has decided. What was decided leans on what was decided
    before, so a rebuild begins anew.

    Args:
        begins: The column with the date on which a row came.
        ends: The column with the date on which it was decided; null: it is open.
    """

    begins: str
    ends: str


Write = Append | Facts | ByScope | Components | Snapshot | History | Journal


@dataclass(frozen=True)
class Input:
    """A table that a build reads, and how its changed rows say which scope values they touch.

    Args:
        table: What is read.
        by: Scope column -> column of this input; left out where the names are the same.
        through: Where this input does not carry the scope: another input that does, or that leads to one that
            does.
        on: The columns that this input shares with `through`; of one that carries the scope, or is `whole`, those
            that are looked up in it, where a change of any other touches nothing.
        to: What `through` calls those columns, in their order; empty: the same.
        whole: A changed row touches every scope value, since any row of the output may lean on it.
    """

    table: Table
    by: Mapping[str, str] | None = None
    through: Table | None = None
    on: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    whole: bool = False

    @property
    def shared(self) -> dict[str, str]:
        """Column of this input -> the same in `through`."""
        return dict(zip(self.on, self.to or self.on, strict=True))


@dataclass(frozen=True)
class Stretch:
    """The rows of a table by date go on into later dates, as sessions do that cross midnight.

    A row begins on its scope's date. What happens on a date touches each row that it may join or break, and
    the inputs of a row are those from the day before its first date to its last.

    Args:
        opens: The column with the first date on which something that happens may join the row.
        closes: The column with the last such date.
        until: The column with the last date of which the row holds something.
    """

    opens: str
    closes: str
    until: str


@dataclass(frozen=True)
class Table:
    """A table's whole contract.

    Args:
        name: `<layer>.<table>`.
        doc: The module's docstring; its first sentence is the grain.
        key: The columns that identify a row.
        scope: The columns recomputed together; empty: the whole table at once.
        columns: Every column, in order.
        inputs: What `build` takes, in order.
        expect: Rules for each row.
        params: Dotted paths of the settings that `build` takes, by their last part as keyword. A changed
            value rebuilds the table.
        models: Names of the models whose champion `build` takes as a keyword. A new version rebuilds the
            table.
        write: How rows reach the table.
        stretch: How its rows go on beyond the date of their scope; null: they do not.
        version: Raised when the meaning of the rows changes; that rebuilds the table.
        live: Gold that continuous ingest keeps up with silver, so that a run reads it as of its close, too.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Col, ...]
    scope: tuple[str, ...] = ()
    inputs: tuple[Table | Input, ...] = ()
    expect: tuple[Expectation, ...] = ()
    params: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    write: Write = field(default_factory=ByScope)
    stretch: Stretch | None = None
    version: int = 1
    live: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        for what, used in (("key", self.key), ("scope", self.scope)):
            if missing := set(used) - set(names):
                raise ValueError(f"{self.name}: {what} names columns that are not there: {sorted(missing)}")
        if len(names) != len(set(names)):
            raise ValueError(f"{self.name}: a column is named twice")
        if isinstance(self.write, Facts) and not set(self.scope) <= set(self.write.unit):
            raise ValueError(
                f"{self.name}: the unit must hold the scope, or a late record could leave two winners"
            )
        if isinstance(self.write, ByScope) and self.scope:
            for read in self.reads:
                if read.by is None and read.through is None and not read.whole:
                    raise ValueError(
                        f"{self.name}: which {self.scope[0]} a row of {read.table.name} touches is not said"
                    )

    @property
    def layer(self) -> str:
        """The first part of the name."""
        return self.name.split(".")[0]

    @property
    def short(self) -> str:
        """The second part of the name."""
        return self.name.split(".")[1]

    @property
    def goes_ahead(self) -> bool:
        """Whether it may hold later dates than a run's: what continuous ingest writes."""
        return self.live or self.layer in ("bronze", "silver")

    @cached_property
    def reads(self) -> tuple[Input, ...]:
        """The inputs with their mapping to the scope filled in where the names are the same."""
        return tuple(self._mapped(item if isinstance(item, Input) else Input(item)) for item in self.inputs)

    def _mapped(self, read: Input) -> Input:
        if (
            read.by is None
            and read.through is None
            and not read.whole
            and self.scope
            and set(self.scope) <= set(read.table.names)
        ):
            return Input(read.table, by={column: column for column in self.scope})
        return read

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def schema(self) -> StructType:
        """The StructType, with nullability and comments."""
        return StructType(
            [StructField(c.name, c.type, c.nullable, {"comment": c.meaning}) for c in self.columns]
        )

    @property
    def checks(self) -> tuple[Expectation, ...]:
        """The expectations that Delta enforces as CHECK constraints."""
        return tuple(rule for rule in self.expect if rule.severity is ERROR)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when version, columns, key, scope or write do; that rebuilds the table."""
        facts = [
            self.version,
            self.key,
            self.scope,
            repr(self.write),
            [(c.name, c.type.simpleString(), c.nullable) for c in self.columns],
        ]
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:12]


LINEAGE: tuple[Col, ...] = (
    Col(
        "arrived_at",
        TIMESTAMP,
        "When the file that brought it arrived (UTC), from the drop's path",
        nullable=False,
    ),
    Col("file", STRING, "The landing file that brought it, relative to the landing root", nullable=False),
    Col("position", LONG, "Number of its record in that file, from 1", nullable=False),
    Col(
        "content_hash",
        LONG,
        "64-bit hash of the record as received; chooses the winner among duplicates",
        nullable=False,
    ),
)

AS_OF = Col("as_of", DATE, "The business date whose close this row describes", nullable=False)
PERSON = Col("person_id", STRING, "The person, as `silver.person_identifiers` knows them", nullable=False)
