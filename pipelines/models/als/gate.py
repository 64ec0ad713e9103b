"""The gate: a pure decision whether a challenger takes the champion's place, with a reason for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.models.als.evaluate import Quality


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, as a sentence."""

    promote: bool
    reason: str


def decide(
    challenger: Quality,
    champion: Quality | None,
    baselines: Sequence[Quality],
    *,
    min_gain: float,
    fresher: bool,
) -> Decision:
    """Promote only what beats every baseline and is not behind the champion, all measured on one split.

    A challenger that has seen later data than the champion must gain at least `min_gain`, so with 0 an equal
    one is promoted: same quality, fresher factors. One that has not must be strictly better too. Whatever
    `min_gain` is, a worse one is never promoted.

    Args:
        challenger: The newly trained model.
        champion: The present one; null: there is none.
        baselines: Rankings without a model.
        min_gain: nDCG@10 that the challenger must gain over the champion.
        fresher: Whether the challenger has seen later data than the champion.

    Raises:
        ValueError: the qualities were not measured on the same persons under the same protocol, so they
            cannot be compared.
    """
    others = [*baselines, *([champion] if champion else [])]
    if any((other.protocol, other.persons) != (challenger.protocol, challenger.persons) for other in others):
        raise ValueError("The gate compares models on one split under one protocol only")
    score = challenger.ndcg.mean
    for baseline in baselines:
        if not score > baseline.ndcg.mean:
            return Decision(
                False, f"nDCG@10 is {score:.4f}, not above {baseline.model} with {baseline.ndcg.mean:.4f}."
            )
    if champion is None:
        names = " and ".join(baseline.model for baseline in baselines) or "nothing"
        return Decision(True, f"nDCG@10 is {score:.4f}, above {names}, and there is no champion yet.")
    gain, rival = score - champion.ndcg.mean, f"the champion's {champion.ndcg.mean:.4f} on the same split"
    if gain < max(min_gain, 0.0):
        return Decision(
            False, f"nDCG@10 is {score:.4f} against {rival}; a gain of {max(min_gain, 0.0):.4f} is asked for."
        )
    if gain == 0.0 and not fresher:
        return Decision(False, f"nDCG@10 is {score:.4f}, the same as {rival}, and the data are no fresher.")
    if gain == 0.0:
        return Decision(True, f"nDCG@10 is {score:.4f}, the same as {rival}, and the data are fresher.")
    return Decision(True, f"nDCG@10 is {score:.4f}, above {rival}.")
