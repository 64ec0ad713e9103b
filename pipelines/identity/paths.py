"""Why two identifiers are one person: the evidence that leads from the one to the other."""

from __future__ import annotations

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from pipelines.errors import DataError
from pipelines.identity.rules import Identifier

MOST_HOPS = 64
MOST_FRONT = 20_000

Ends = tuple[str, str]


def explain(edges: DataFrame, identifier_a: Identifier, identifier_b: Identifier) -> list[Row]:
    """The shortest path of edges from one identifier to another, in this order.

    Each edge is a row of `edges` as it stands there. Of several edges between the same two the first observed is told;
    of several paths of a length the one that was there first, then by content.

    Args:
        edges: `left_type, left_value, right_type, right_value, observed_at`, and what else the reader wants to see:
            `Resolution.accepted` to know why two are one, `Resolution.links` to see what was refused between them.
        identifier_a: Where the path begins.
        identifier_b: Where it ends.

    Returns:
        Empty if the edges do not join them, or both are the same.

    Raises:
        DataError: the search meets more identifiers than one person can have, or a path longer than 64 edges.
    """
    start, goal = (identifier_a.type, identifier_a.value), (identifier_b.type, identifier_b.value)
    came: dict[Ends, tuple[Ends, Row] | None] = {start: None}
    front = [start]
    for _ in range(MOST_HOPS):
        if goal in came or not front:
            return _path(came, goal)
        front = _next(edges, front, came)
        if len(came) > MOST_FRONT:
            break
    raise DataError(
        f"The search met {len(came)} identifiers without an end",
        remedy="Explain over the accepted edges; if these are, look at the person's size and at the caps.",
    )


def _next(edges: DataFrame, front: list[Ends], came: dict[Ends, tuple[Ends, Row] | None]) -> list[Ends]:
    """Identifiers one edge further, each with how it was come to."""
    here = edges.sparkSession.createDataFrame(front, "type string, value string")
    near = [
        edges.join(
            F.broadcast(here),
            on=(F.col(f"{side}_type") == F.col("type")) & (F.col(f"{side}_value") == F.col("value")),
            how="left_semi",
        )
        for side in ("left", "right")
    ]
    beside = near[0].unionByName(near[1]).where(F.col("right_value").isNotNull())
    rows = beside.collect()  # of one front; a search that met MOST_FRONT identifiers ends
    known, further = set(came), []
    for row in sorted(rows, key=lambda row: (row["observed_at"], *_ends(row))):
        left, right = _ends(row)
        for one, other in ((left, right), (right, left)):
            if one in known and other not in came:
                came[other] = one, row
                further.append(other)
    return further


def _ends(row: Row) -> tuple[Ends, Ends]:
    return (row["left_type"], row["left_value"]), (row["right_type"], row["right_value"])


def _path(came: dict[Ends, tuple[Ends, Row] | None], goal: Ends) -> list[Row]:
    path: list[Row] = []
    while (step := came.get(goal)) is not None:
        goal, row = step
        path.append(row)
    return path[::-1]
