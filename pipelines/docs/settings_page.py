"""The page of the settings, from the three things that say what they are.

`Settings` says what is allowed, `conf/` the values and what each is for, a contract what a change rebuilds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipelines.catalog import TABLES
from pipelines.docs.markdown import grid, joined
from pipelines.settings import BESIDE, Settings, defined_in

CONF = Path("conf")
ENVIRONMENTS = ("local", "cluster")
_INTRO = """<!-- Written by `make docs`; edit conf/ and pipelines/settings.py, not this page. -->

# The settings

Four sources, the later ones winning: `conf/base.yaml` with `channels.yaml`, `interests.yaml`, `loyalty.yaml` and
`identity.yaml` beside it; the environment's file (`--conf conf/cluster.yaml`); environment variables
(`TILLPOST__LAKE__ROOT=/lake`);
`--set lake.root=/lake`. A key that is not listed here is refused in each of them, with the nearest one that is, before
Spark starts (exit code 3). Secrets are no settings: the vault's key is a file, or the variable `TILLPOST_VAULT_KEY`."""
_COMMENT = re.compile(r"[\s\]}]*#\s*(.*)")
_WORDS = {"integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
_LIMITS = {
    "exclusiveMinimum": "above {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "pattern": "`{}`",
}


def settings_page() -> str:
    """Every setting: its type, its value in each file of `conf/`, what it is for, and what it rebuilds."""
    schema = Settings.model_json_schema()
    base, rules = _text("base"), yaml.safe_load(_text("identity"))
    comments, shown = comments_of(base), {path: _shown(value) for path, value in _values(base)}
    for beside in BESIDE:
        text = _text(beside.removesuffix(".yaml"))
        comments |= comments_of(text)
        shown |= {
            path: f"{len(value)}, in `{beside}`" if isinstance(value, list | dict) else _shown(value)
            for path, value in _values(text)
        }
    for name in ("segments", "triggers"):
        shown[f"{name}.defined"] = f"{len(defined_in(CONF / name))}, in `{name}/`"
    shown["identity.rules"] = f"{len(rules)} kinds, in `identity.yaml`"
    others = {name: dict(_values(_text(name))) for name in ENVIRONMENTS}
    parts = [_INTRO]
    for section, reference in schema["properties"].items():
        model = schema["$defs"][reference["$ref"].rsplit("/", 1)[-1]]
        rows = []
        for name, field in model["properties"].items():
            path = f"{section}.{name}"
            meaning = [_capital(comments[path])] if path in comments else []
            meaning += [f"In `{env}.yaml`: {_shown(at[path])}" for env, at in others.items() if path in at]
            meaning += _rebuilds(path)
            rows.append((f"`{path}`", kind_of(field), shown[path], ". ".join(meaning)))
        says = " ".join(model["description"].split())
        parts += [f"## {section}", says, grid(("setting", "type", "in base.yaml", "meaning"), rows)]
    return joined(parts)


def comments_of(text: str) -> dict[str, str]:
    r"""The comment that ends the line of each key of a YAML file, by dotted path.

    A comment behind a mapping on one line speaks of each key in it.

    >>> comments_of("a: {b: 1, c: x}  # both\nd:\n  e: '#'  # one")
    {'a.b': 'both', 'a.c': 'both', 'd.e': 'one'}
    """
    lines = text.splitlines()
    ends: dict[int, int] = {}
    places: dict[str, int] = {}
    root = yaml.compose(text)
    for path, node in _leaves(root, "") if root is not None else ():
        end = node.end_mark
        places[path] = end.line
        ends[end.line] = max(ends.get(end.line, 0), end.column)
    found = {
        line: _COMMENT.fullmatch(lines[line][column:]) for line, column in ends.items() if line < len(lines)
    }
    return {path: match[1] for path, line in places.items() if (match := found.get(line))}


def kind_of(field: dict[str, Any]) -> str:
    """The type of a setting in words, with its limits.

    >>> kind_of({"type": "integer", "minimum": 0, "maximum": 23})
    'whole number, at least 0, at most 23'
    """
    if "anyOf" in field:
        return " or ".join(map(kind_of, field["anyOf"]))
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return re.sub("([A-Z])", r" \1", field["$ref"].rsplit("/", 1)[-1]).lower().strip()
    if "prefixItems" in field:
        return " and ".join(map(kind_of, field["prefixItems"]))
    if field.get("type") == "array":
        return "list of " + kind_of(field["items"]).removeprefix("one of ")
    if field.get("type") == "object":
        return "mapping of text to " + kind_of(field["additionalProperties"])
    word = _WORDS.get(str(field.get("type")), "text")
    return ", ".join(
        [word, *(says.format(field[limit]) for limit, says in _LIMITS.items() if limit in field)]
    )


def _rebuilds(path: str) -> list[str]:
    tables = [
        f"[`{table.name}`](tables/{table.name}.md)"
        for table in TABLES
        if any(param == path or param.startswith(f"{path}.") for param in table.params)
    ]
    return [f"A change rebuilds {', '.join(tables)}"] if tables else []


def _leaves(node: yaml.Node, prefix: str) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, value in node.value:
            yield from _leaves(value, f"{prefix}.{key.value}" if prefix else key.value)
    else:
        yield prefix, node


def _values(text: str) -> Iterator[tuple[str, Any]]:
    """Every setting of a file by dotted path; sections lie one deep, and a mapping below one is a value."""
    for section, found in yaml.safe_load(text).items():
        for name, value in found.items():
            yield f"{section}.{name}", value


def _text(environment: str) -> str:
    return (CONF / f"{environment}.yaml").read_text(encoding="utf-8")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "`[" + ", ".join(map(str, value)) + "]`"
    return f"`{yaml.safe_dump(value, default_flow_style=True).splitlines()[0]}`"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.split()[0].islower() else text
