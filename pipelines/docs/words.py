"""What a contract's policies mean, in words: how a table is written, and what a changed input touches."""

from __future__ import annotations

from pipelines.docs.markdown import link, ticked
from pipelines.flow import FLOW, step_of
from pipelines.lakehouse.expectations import Expectation
from pipelines.lakehouse.refusal import quarantine_of
from pipelines.lakehouse.table import (
    Append,
    ByScope,
    Components,
    Facts,
    History,
    Input,
    Journal,
    Snapshot,
    Table,
)

_REFUSERS = {quarantine_of(step.table).name: step for step in FLOW if isinstance(step.table.write, Facts)}


def policy(table: Table) -> tuple[str, str]:
    """The write policy, in a word and in a sentence."""
    if table.layer == "quarantine":
        return "by batch", "the refused rows of the batches that a run reads are replaced; the rest stands"
    match table.write:
        case Append():
            return "append", "rows are only ever added"
        case Facts(unit=unit, prefer=prefer):
            return "facts", (
                f"new records join what stands; of each {ticked(unit)} one wins, the one with the largest "
                f"{ticked(prefer)}, whatever the order of arrival"
            )
        case Snapshot():
            return "snapshot", f"one partition for each `{table.scope[0]}`; a run replaces its own only"
        case History(begins=begins, ends=ends):
            return (
                "history",
                f"a run closes spells by `{ends}`, opens others by `{begins}`, and leaves the rest",
            )
        case Journal(begins=begins, ends=ends):
            return (
                "journal",
                f"a run adds rows of its date as `{begins}`, decides what is open by `{ends}`, and leaves the rest",
            )
        case Components():
            return "by component", (
                "components of evidence that changed evidence touches are replayed whole and replaced; the rest stands"
            )
        case ByScope():
            what = f"the touched values of `{table.scope[0]}` are" if table.scope else "the whole table is"
            return "by scope", f"{what} rebuilt and replaced; the rest stands"


def touches(table: Table, read: Input) -> str:
    """How a changed row of an input says what is to be rebuilt."""
    if not table.scope:
        return "the whole table"
    scope = table.scope[0]
    if isinstance(table.write, Facts) and not read.whole:
        return f"the `{scope}` that it names; only new records are read"
    if isinstance(table.write, Snapshot):
        return f"the whole partition of the run's `{scope}`"
    if isinstance(table.write, History):
        return "the spells of the run's date"
    if isinstance(table.write, Journal):
        return "what the run's date decides"
    if isinstance(table.write, Components):
        return "the components of the identifiers that it names"
    if read.whole:
        return f"every `{scope}`" + (f", when one of {ticked(read.on)} changes in it" if read.on else "")
    if read.through is not None:
        shared = ticked(read.on)
        return f"the `{scope}` found through the rows of {link(read.through)} with the same {shared}"
    source = (read.by or {})[scope]
    own = f"its own `{scope}`" if source == scope else f"the `{scope}` equal to its `{source}`"
    return own if table.stretch is None else f"{own}, and that of each row that it may join or break"


def maker(table: Table) -> str:
    """Which stage makes the table, and in which module."""
    step = step_of(table.name)
    if step is not None:
        module = f"{step.build.__module__.replace('.', '/')}.py"
        return f"the stage `{step.stage}`, in [`{module}`](../../{module})"
    if table.name in _REFUSERS:
        refuser = _REFUSERS[table.name]
        return f"the stage `{refuser.stage}`, one commit before {link(refuser.table)}"
    return {
        "audit.runs": "every stage, from the commits themselves",
        "audit.releases": "the stage `publish`",
    }.get(table.name, "the stage `ingest`")


def readers(table: Table) -> list[Table]:
    """The tables whose builds read it."""
    return [s.table for s in FLOW if table.name in {read.table.name for read in s.table.reads}]


def consequence(table: Table, rule: Expectation) -> str:
    """What becomes of a row that breaks a rule."""
    if rule not in table.checks:
        return "is counted in the validation report"
    if isinstance(table.write, Facts):
        return f"goes to quarantine as `{rule.reason.name}`"
    return "stops the write, and nothing is published"
