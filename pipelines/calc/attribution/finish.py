"""From the sums of all paths to credits that add up: what is done once, on the driver, whatever the data's size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.calc.attribution.markov import Chain, Effects, State
from pipelines.calc.attribution.paths import BETWEEN, Fault
from pipelines.calc.attribution.sums import MAX_STATES, Plan, added
from pipelines.calc.money import rounded, shared
from pipelines.errors import DataError

UNATTRIBUTED = "Unattributed"
FINE = Decimal("1e-9")
"""Unit of credited value: far below a cent, so that credits can be added up further and then rounded once."""
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Credit:
    """What one model gives one channel.

    Attributes:
        channel: Its name, or `Unattributed`.
        model: The model's name.
        conversions: Purchases, in fractions; over the channels they sum to all purchases.
        value: Revenue, in units of 1e-9; over the channels it sums to all revenue exactly.
        removal_effect: The share of purchases that would be lost without the channel; null where the model has
            no such notion.
    """

    channel: str
    model: str
    conversions: float
    value: Decimal
    removal_effect: float | None


def credits(sums: pa.Table, plan: Plan, labels: Mapping[str, str]) -> list[Credit]:
    """The credits of every model asked for, by model in the order of `labels`, then by channel.

    Args:
        sums: As `sums.SCHEMA`; a model's key may stand in several rows.
        plan: What the sums were taken for.
        labels: By the name that a model shall have in the result, its name among the sums.

    Raises:
        DataError: the paths have a fault, or a chain has too many states.
    """
    table = added(sums)
    _refuse_faults(_column(table, "fault", "nulls"))
    found: list[Credit] = []
    for label, model in labels.items():
        found += (_by_rule if model in plan.rules else _by_chain)(label, model, table)
    return found


def _column(table: pa.Table, model: str, name: str) -> dict[State, Decimal]:
    """One sum of a model, by channels."""
    part = table.filter(pc.equal(table["model"], model))
    keys = (tuple(key.split(BETWEEN)) if key else () for key in part["key"].to_pylist())
    return dict(zip(keys, part[name].to_pylist(), strict=True))


def _weights(table: pa.Table, model: str) -> dict[State, float]:
    """The walks of a chain's steps or ends, by channels; those that count for nothing are left out."""
    part = table.filter(pc.equal(table["model"], model))
    walks = pc.add(part["conversions"].cast(pa.float64()), part["nulls"].cast(pa.float64()))
    pairs = zip(part["key"].to_pylist(), walks.to_pylist(), strict=True)
    return {tuple(key.split(BETWEEN)): weight for key, weight in pairs if weight}


def _channels(table: pa.Table) -> list[str]:
    return sorted(name for (name,) in _column(table, "channel", "nulls"))


def _refuse_faults(faults: Mapping[State, Decimal]) -> None:
    if faults:
        said = "; ".join(f"{Fault[name].value} ({int(count):,})" for (name,), count in sorted(faults.items()))
        raise DataError(
            f"No attribution of these paths: {said}",
            remedy="Correct or leave out the paths in question. Returns lower `value`, which may be negative.",
        )


def _by_rule(label: str, model: str, table: pa.Table) -> Iterator[Credit]:
    """A rule's credits; the parts of a value are exact to 1e-15 and are rounded together."""
    conversions, value = (_column(table, model, name) for name in ("conversions", "value"))
    keys: list[State] = [(name,) for name in _channels(table)]
    if conversions.get((), _ZERO) or value.get((), _ZERO):
        keys.append(())
    total = sum(
        (amount for of in ("touched", "untouched") for amount in _column(table, of, "value").values()), _ZERO
    )
    values = rounded([value.get(key, _ZERO) for key in keys], total.quantize(FINE), FINE)
    for key, credited in zip(keys, values, strict=True):
        yield Credit(
            key[0] if key else UNATTRIBUTED, label, float(conversions.get(key, _ZERO)), credited, None
        )


def _by_chain(label: str, model: str, table: pa.Table) -> Iterator[Credit]:
    """A chain's credits: what paths with a touch brought, in proportion to the removal effects.

    Revenue has effects of its own. Where the returns of a state outweigh its sales, that state's loss is shared
    by the effects on losses, so that no share is ever negative or divided by nothing.
    """
    bought, value = (_column(table, f"{model} ends", name) for name in ("conversions", "value"))
    by_purchase, by_gain, by_loss = _chain(table, model, value).effects(
        [
            {state: float(count) for state, count in bought.items() if count},
            {state: float(amount) for state, amount in value.items() if amount > 0},
            {state: -float(amount) for state, amount in value.items() if amount < 0},
        ]
    )
    channels = _channels(table)
    conversions, whole = by_purchase.shares(), float(sum(bought.values(), _ZERO))
    gained = sum((amount for amount in value.values() if amount > 0), _ZERO).quantize(FINE)
    lost = sum(value.values(), _ZERO).quantize(FINE) - gained
    gains, losses = _values(gained, by_gain, channels), _values(lost, by_loss, channels)
    for place, channel in enumerate(channels):
        credited, effect = whole * conversions.get(channel, 0.0), by_purchase.removal.get(channel, 0.0)
        yield Credit(channel, label, credited, gains[place] + losses[place], effect)
    rest, remainder = (_column(table, "untouched", name).get((), _ZERO) for name in ("conversions", "value"))
    if rest or remainder:
        yield Credit(UNATTRIBUTED, label, float(rest), remainder.quantize(FINE), None)


def _chain(table: pa.Table, model: str, value: Mapping[State, Decimal]) -> Chain:
    """The chain of the observed windows; what nobody walked, because it counts for nothing, is left out."""
    order = int(model.rsplit("_", 1)[1])
    walked = _weights(table, f"{model} steps")
    states = {key[-order:] for key in walked}
    count = max(len(states), int(sum(_column(table, f"{model} states", "nulls").values(), _ZERO)))
    if count > MAX_STATES:
        raise DataError(
            f"A Markov chain of order {order} has {count:,} states here, more than the {MAX_STATES:,} it may have",
            remedy="Ask for a lower order, or join channels that need not be told apart.",
        )
    unreached = sorted(state for state, amount in value.items() if amount and state not in states)
    if unreached:
        raise DataError(
            f"{len(unreached):,} paths have a value but neither conversions nor nulls, "
            f"such as one that ends {' > '.join(unreached[0])}",
            remedy="Give the conversions that brought it, or take returns off the value of their own purchases.",
        )
    steps = {(key[:-1], key[-order:]): weight for key, weight in walked.items()}
    return Chain(steps, _weights(table, f"{model} ends"))


def _values(amount: Decimal, effects: Effects, channels: list[str]) -> list[Decimal]:
    shares = effects.shares()
    if not shares:
        return [_ZERO.quantize(FINE)] * len(channels)
    return shared(amount, [shares.get(channel, 0.0) for channel in channels], FINE)
