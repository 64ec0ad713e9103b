"""Persons of components in which nothing goes wrong: a union in order of arrival, one pass over the rows.

The same as the replay comes to there, without its books: nothing ever ends, so the oldest identifier of a person is
always the one that founded its id.
"""

from __future__ import annotations

from pipelines.identity.batch import Batch, Flags


def union(batch: Batch, quiet: Flags) -> list[tuple[int, int, int, int | None]]:
    """Identifier, the identifier that founded its person, since when and until when; null is still.

    Args:
        batch: Whole components.
        quiet: Of each component, whether it is to be looked at.
    """
    rows = quiet[batch.component]
    persons: list[list[int]] = [[] for _ in batch.names]  # of each identifier, its person, the founder first
    born = [0] * len(batch.names)
    since = born.copy()
    ended: list[tuple[int, int, int, int | None]] = []
    for left, right, at in zip(
        batch.left[rows].tolist(), batch.right[rows].tolist(), batch.at[rows].tolist(), strict=True
    ):
        one = persons[left]
        if not one:
            one.append(left)
            born[left] = since[left] = at
        if right < 0:
            continue
        other = persons[right]
        if not other:
            one.append(right)
            persons[right] = one
            born[right] = since[right] = at
        elif one is not other:
            older, younger = one, other
            if (born[other[0]], other[0]) < (born[one[0]], one[0]):
                older, younger = other, one
            for node in younger:
                if since[node] < at:
                    ended.append((node, younger[0], since[node], at))
                    since[node] = at
                persons[node] = older
            older += younger
    standing = [(node, person[0], since[node], None) for node, person in enumerate(persons) if person]
    return ended + standing
