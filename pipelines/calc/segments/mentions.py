"""The interests that conditions ask for: `interest('TEA')` and `stage('brand', 'Acme')`, read without Spark."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from pipelines.calc.segments.syntax import Call, Constant, Node, NotAPredicate, parsed, walk

Mention = tuple[str, str]
"""A kind of interest and its value."""
DEFAULT_KIND = "category"


def mention_of(call: Call) -> Mention:
    """Which interest a call of `interest` or `stage` is about."""
    texts = [operand.value for operand in call.operands if isinstance(operand, Constant)]
    said = [text for text in texts if isinstance(text, str)]
    if len(said) != len(call.operands):
        raise NotAPredicate(f"{call.op} is asked for names in quotes, such as {call.op}('BABY FOODS')")
    return (DEFAULT_KIND, said[0]) if len(said) == 1 else (said[0], said[1])


def mentions_in(tree: Node) -> frozenset[Mention]:
    """The interests that a condition asks for."""
    calls = (node for node in walk(tree) if isinstance(node, Call))
    return frozenset(mention_of(call) for call in calls if call.op in ("interest", "stage"))


def check_kinds(conditions: Iterable[tuple[str, str]], kinds: Collection[str]) -> None:
    """Whether profiles have each kind of interest that named conditions ask for.

    Raises:
        ValueError: one asks for another; the nearest is named.
        NotAPredicate: a condition is none.
    """
    for name, text in conditions:
        for kind, value in sorted(mentions_in(parsed(text))):
            if kind not in kinds:
                near = difflib.get_close_matches(kind, sorted(kinds), n=1, cutoff=0.0)
                raise ValueError(
                    f"{name}: interest('{kind}', '{value}') is of a kind that no profile has; did you mean {near[0]}?"
                )
