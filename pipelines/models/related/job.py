"""What `related` brings to its training: the receipts, and the good that is left out of a later one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from pipelines.lakehouse.store import held
from pipelines.models import gate
from pipelines.models.lines import read
from pipelines.models.receipts import INPUTS, lines_of, sampled
from pipelines.models.related import champion as champions
from pipelines.models.related import served
from pipelines.models.related.evaluate import OURS, Cases, hits, left_out, measured
from pipelines.models.related.score import write
from pipelines.models.related.train import RelatedParams, fit, of_lines
from pipelines.models.training import Compared, Job, Reads


@dataclass(frozen=True)
class Known:
    """The lines of receipts, and of how many the comparison takes a sample.

    Args:
        lines: All, on the engine; those of nobody known, too, since they say as much of what goes together.
        sample: All, or those of a share of the receipts, as Arrow.
    """

    lines: DataFrame
    sample: pa.Table


@contextmanager
def _collected(
    reads: Reads, end: date, never_offered: Sequence[str], params: RelatedParams
) -> Iterator[Known]:
    with held(lines_of(reads, end, never_offered)) as lines:
        yield Known(lines, sampled(lines, params.driver_rows))


def _compared(known: Known, params: RelatedParams, split: date, end: date) -> Compared:
    before = read(known.sample, as_of=split)
    cases = left_out(before, known.sample, split, end)
    found = hits(of_lines(before, params), before, cases)
    return Compared(
        {name: measured(of, cases) for name, of in found.items()},
        [_row(name, of, cases, found[OURS]) for name, of in found.items()],
    )


def _learned(known: Known, params: RelatedParams, end: date) -> Callable[[Path], None]:
    return partial(write, fit(known.lines, as_of=end, params=params))


def _row(name: str, of: Any, cases: Cases, ours: Any) -> dict[str, Any]:
    gain = "" if name == OURS else str(gate.paired(ours, of, seed=0))
    share = float(of.mean())
    return {
        "model": name,
        "cases": len(cases.target),
        "hit_at_10": share,
        "gain": gain,
        "said": f"the good left out among ten: {share:.4f}  {gain and f'{gain} behind'}".rstrip(),
    }


JOB = Job(champions.NAME, INPUTS, RelatedParams, served, _collected, _compared, _learned)
