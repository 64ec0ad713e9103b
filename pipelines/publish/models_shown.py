"""How the comparison of each model is shown on the report's page: a section each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """How the comparison of a model is shown.

    Args:
        title: Of the section.
        lead: What was measured.
        columns: Heading and name in the training's table of each column behind the ranking.
        called: What the model is of, where it has no champion.
    """

    title: str
    lead: str
    columns: Sequence[tuple[str, str]]
    called: str


CHANCES = (
    ("Asked", "cases"),
    ("AUC", "auc"),
    ("Brier score", "brier"),
    ("Calibration error", "calibration_error"),
    ("Skill", "skill"),
    ("Our skill less its", "gain"),
)
SHOWN: Mapping[str, Shown] = {
    "next_purchase": Shown(
        "Next purchase beside simple rankings",
        "Of the goods of the first visit in the held-out days: recall@10 and nDCG@10, and recall@10 of goods bought "
        "before and of others. The difference in recall is paired, with its 95 % interval.",
        (
            ("Persons", "persons"),
            ("Recall@10", "recall_at_10"),
            ("nDCG@10", "ndcg_at_10"),
            ("Bought before", "repeat"),
            ("Not before", "explore"),
            ("Our recall less its", "gain"),
        ),
        "next purchases",
    ),
    "related": Shown(
        "Related goods beside simple rankings",
        "Of receipts in the held-out days one good is left out: how often it is among the ten that the others name. "
        "The difference is paired, with its 95 % interval.",
        (("Receipts", "cases"), ("Found among ten", "hit_at_10"), ("Ours less its", "gain")),
        "related goods",
    ),
    "replenishment": Shown(
        "Replenishment beside published methods",
        "Of the habits known at the split: how well the chance to be bought again within 7 days foresees it. "
        "Calibration error: how far chances are from the share that came; skill: the Brier score beside one chance for "
        "all, with the paired difference over persons and its 95 % interval.",
        CHANCES,
        "replenishment",
    ),
    "chains": Shown(
        "What comes next, beside how many take the step",
        "Of the steps that persons may take at the split: how well the chance to take one in the held-out days "
        "foresees it, beside the share of all persons, and of those in the state before, who did so in as many days "
        "until then.",
        CHANCES,
        "chains",
    ),
    "new_arrivals": Shown(
        "New goods by taste beside popularity",
        "Of persons who bought a good in the held-out days that was new at the split: recall@10 and nDCG@10, without "
        "the slots that are drawn by lot. The difference in nDCG is paired, with its 95 % interval.",
        (
            ("Persons", "persons"),
            ("Recall@10", "recall_at_10"),
            ("nDCG@10", "ndcg_at_10"),
            ("Ours less its", "gain"),
        ),
        "new arrivals",
    ),
    "first_visit": Shown(
        "A listing by the visit's interest beside popularity",
        "Of receipts in the held-out days one good is looked at: nDCG@10 of the receipt's other goods of its category "
        "in the category's listing. The difference is paired, with its 95 % interval.",
        (("Visits", "cases"), ("nDCG@10", "ndcg_at_10"), ("Ours less its", "gain")),
        "the first visit",
    ),
}
