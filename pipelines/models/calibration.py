"""Whether chances mean what they say: of those foreseen with 30 %, do 30 % come? With a picture for MLflow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

BINS = 20


def calibration(chance: NDArray[np.float64], came: NDArray[np.bool_], bins: int = BINS) -> pa.Table:
    """`chance, share, pairs`: of equally many by chance, the mean chance, the share that came, their number."""
    parts = np.array_split(np.argsort(chance, kind="stable"), bins)
    parts = [part for part in parts if len(part)]
    return pa.table(
        {
            "chance": [float(chance[part].mean()) for part in parts],
            "share": [float(came[part].mean()) for part in parts],
            "pairs": [len(part) for part in parts],
        }
    )


def calibration_error(chance: NDArray[np.float64], came: NDArray[np.bool_], bins: int = BINS) -> float:
    """Mean distance of the mean chance from the share that came, over bins of equally many (Naeini et al. 2015).

    Two bins of chances .1 and .5 of which .2 and .5 came: .05.
    """
    found = calibration(chance, came, bins)
    return float(np.mean(np.abs(found["chance"].to_numpy() - found["share"].to_numpy())))


def draw(points: pa.Table, folder: Path) -> None:
    """`calibration.csv` and `calibration.png`, into a folder that is there."""
    import altair as alt  # seconds to import, and needed only here

    pa_csv.write_csv(points, folder / "calibration.csv")
    base = alt.Chart(alt.InlineData(values=points.to_pylist()), title="Calibration").encode(
        x=alt.X("chance:Q", title="Chance foreseen"), y=alt.Y("share:Q", title="Share bought")
    )
    (base.mark_line(point=True)).save(folder / "calibration.png", scale_factor=2)
