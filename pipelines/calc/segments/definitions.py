"""The segments that files define: one entry is one segment, or with `for_each` one for each combination of values."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipelines.calc.segments.syntax import NotAPredicate, parsed


def _readable(text: str) -> str:
    parsed(text)
    return " ".join(text.split())


class Segment(BaseModel):
    """Everybody of whom a condition is true.

    Args:
        name: What it is called; a merge of letters, digits, `_`, `-` and `/`.
        says: Who that is, for a person.
        where: The condition, as it would stand behind WHERE.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_/-]*$")]
    says: Annotated[str, Field(min_length=1)]
    where: Annotated[str, Field(min_length=1), AfterValidator(_readable)]


def expanded(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The segments of one entry: `{r}` stands for the value of `r`, in the name, the words and the condition.

    >>> expanded({"name": "r{r}", "says": "R {r}", "where": "r = {r}", "for_each": {"r": [4, 5]}})[1]
    {'name': 'r5', 'says': 'R 5', 'where': 'r = 5'}
    """
    values = entry.get("for_each")
    if not isinstance(values, dict):
        return [entry]
    rest = {key: value for key, value in entry.items() if key != "for_each"}
    made = []
    for chosen in product(*values.values()):
        one = dict(rest)
        for name, value in zip(values, chosen, strict=True):
            one = {
                key: text.replace("{" + name + "}", _written(key, value)) if isinstance(text, str) else text
                for key, text in one.items()
            }
        made.append(one)
    return made


def _written(key: str, value: object) -> str:
    """A value as a part of a name, of a sentence, or inside a quoted text of SQL."""
    text = str(value)
    if key == "name":
        return "".join(c if c.isalnum() else "_" for c in text.lower())
    return text.replace("'", "''") if key == "where" else text


def each_named_once(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The same segments.

    Raises:
        ValueError: two have one name.
    """
    twice = [name for name, count in Counter(segment.name for segment in segments).items() if count > 1]
    if twice:
        raise ValueError(f"segments have names of their own; twice there is {', '.join(sorted(twice))}")
    return segments


__all__ = ["NotAPredicate", "Segment", "each_named_once", "expanded"]
