"""Leave one good of a receipt out, name ten by the others: hit@10 of `related`, item-kNN and popularity."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from benchmarks.journey import journey, table
from pipelines.models.lines import COLUMNS, arrow, read
from pipelines.models.related.evaluate import CASES, cosine, hit, hits, left_out
from pipelines.models.related.train import RelatedParams, of_lines

SPLIT, END = date(2017, 12, 1), date(2018, 1, 1)


def related(
    split: date = SPLIT, end: date = END, cases: int = CASES, params: RelatedParams | None = None
) -> dict[str, Any]:
    """Fitted on all receipts before the split; asked of receipts after it with two known goods or more."""
    lines, _ = journey()
    known = read(lines, as_of=split)
    asked = left_out(known, arrow(lines, COLUMNS), split, end, cases)
    started = time.monotonic()
    model = of_lines(known, params or RelatedParams())
    fitted = time.monotonic() - started
    found = dict(hits(model, known, asked))
    found["item-kNN (all neighbours)"] = hit(
        cosine(known.baskets, len(known.product_ids)), asked, model.buyers
    )
    return {
        "cases": len(asked.target),
        "goods": len(known.product_ids),
        "rows": table(found, asked.customer, "related"),
        "fit_seconds": fitted,
        "pairs": len(model.together.product),
        "after": len(model.after.product),
        "command": "python -m benchmarks --only related",
    }


def tuned(split: date = date(2017, 11, 1), end: date = SPLIT) -> Mapping[str, float]:
    """Recall@10 by alpha and beta on an earlier month, by which the defaults were chosen."""
    return {
        f"alpha {alpha}, beta {beta}": related(split, end, 2_000, RelatedParams(alpha=alpha, beta=beta))[
            "rows"
        ][0]["mean"]
        for alpha in (0.4, 0.5, 0.6)
        for beta in (0.0, 0.1, 0.2)
    }
