"""Attribution: which channels brought the purchases, by rules and by models, with sums that add up.

`attribute` takes aggregated paths and gives credits by channel; `receipt_credits` shares out single receipts, touch
by touch. Both share one arithmetic, which needs no Spark. See docs/attribution.md.
"""

from typing import TYPE_CHECKING

from pipelines.calc.lazy import names_of

if TYPE_CHECKING:
    from pipelines.calc.attribution.finish import UNATTRIBUTED
    from pipelines.calc.attribution.markov import Chain, Effects
    from pipelines.calc.attribution.receipts import receipt_credits
    from pipelines.calc.attribution.rules import Choices
    from pipelines.calc.attribution.verb import MODELS, attribute

__all__ = ["MODELS", "UNATTRIBUTED", "Chain", "Choices", "Effects", "attribute", "receipt_credits"]

__getattr__ = names_of(
    __name__,
    {
        "UNATTRIBUTED": "finish",
        "Chain": "markov",
        "Effects": "markov",
        "receipt_credits": "receipts",
        "Choices": "rules",
        "MODELS": "verb",
        "attribute": "verb",
    },
)
