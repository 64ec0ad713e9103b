"""ALS at scale and beside `implicit`: fit, the best goods of everybody, and whether both rank as well.

Scale is simulated: 200,000 persons and 20,000 goods, some far better known than others, and 4.6 M pairs; four times as
many persons for the growth. Each fit and each ranking is a process of its own, which tells how long it took.
Quality is of real receipts (`protocols.cutoff`): both solvers on one matrix, each with the best penalty and weight of
the same grid, chosen on half of the households and told on the other half.

`implicit` is an extra (`pip install .[bench]`); spark.ml needs a JVM.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix, load_npz, save_npz
from threadpoolctl import threadpool_limits

from benchmarks.baselines.ranking import Ranking, ranked
from benchmarks.foundation import SCRATCH
from benchmarks.kept import Kept
from benchmarks.processes import exponent, measured
from benchmarks.protocols import Trial, cutoff, receipts
from pipelines.models import gate, measures
from pipelines.models.als import solver
from pipelines.models.als.factors import AlsFactors, on_grid, read, write
from pipelines.models.als.score import best_goods, recommend

PLACE = SCRATCH / "als"
PERSONS, GOODS, CELLS, RANK, ITERATIONS, K = 200_000, 20_000, 4_600_000, 64, 10, 50
MORE, SEED, AS_OF = 4, 7, date(2025, 1, 1)
GRID = {"penalty": (0.01, 0.03, 0.1), "weight": (1.0, 5.0, 20.0)}
IMPLICIT_GRID = {"penalty": (0.1, 1.0, 10.0), "weight": (1.0, 5.0, 20.0)}
"""Their penalty is one for all rows, ours is for each observation: some ten to a hundred of a row's."""
AT_ONCE = 10_000
GOALS = {"nDCG": 0.99, "spark": 4.0, "implicit": 1.0}


def als(persons: int = PERSONS, goods: int = GOODS, cells: int = CELLS) -> dict[str, Any]:
    """Seconds of fit and of ranking by each, and the quality of both on real receipts."""
    place = PLACE / f"{persons}-{goods}-{cells}"
    kept = Kept(place / "measured")
    for times in (1, MORE):
        if not (place / f"{times}.npz").exists():
            save_npz(place / f"{times}.npz", interactions(persons * times, goods, cells * times))
    others = ["implicit"] if importlib.util.find_spec("implicit") else []
    fits = {
        who: kept.once(f"fit-{who}", partial(_fit, place, who, 1)) for who in ("tillpost", *others, "spark")
    }
    larger = {
        who: kept.once(f"fit-{who}-{MORE}", partial(_fit, place, who, MORE)) for who in ("tillpost", *others)
    }
    ranks = {
        who: kept.once(f"top-{who}", partial(_top, place, who))
        for who in ("tillpost", "arrays", *others, "spark")
    }
    sizes = (cells, cells * MORE)
    return {
        "persons": persons,
        "goods": goods,
        "cells": cells,
        "fit": fits,
        "larger": larger,
        "exponent": {
            who: exponent(list(zip(sizes, (fits[who]["took"], larger[who]["took"]), strict=True)))
            for who in larger
        },
        "top": ranks,
        "quality": kept.once("quality", quality) if others else None,
        "command": "python -m benchmarks --only als",
    }


def interactions(persons: int, goods: int, cells: int) -> csr_matrix:
    """Persons x goods with so many draws: persons evenly, goods by 1 / (10 + rank); strength 1 to 5 a draw."""
    draws = np.random.default_rng(SEED)
    share = 1.0 / (10 + np.arange(goods))
    row = np.concatenate([np.arange(persons), draws.integers(0, persons, cells - persons)])
    column = np.concatenate(
        [draws.choice(goods, cells - goods, p=share / share.sum()), np.arange(goods)]
    )  # everybody and every good has one
    strength = draws.integers(1, 6, cells).astype(np.float32)
    found = csr_matrix((strength, (row, column)), shape=(persons, goods))
    found.sort_indices()
    return found


def quality() -> dict[str, Any]:
    """nDCG@10 of all goods and of those not bought before, by the solver; and the paired difference."""
    trial = cutoff(*receipts())
    fitted = {"tillpost": (_ours, GRID), "implicit": (_theirs, IMPLICIT_GRID)}
    odd = np.arange(len(trial.customers)) % 2 == 1
    told: dict[str, Any] = {}
    values: dict[str, dict[str, Any]] = {}
    for who, (fit, grid) in fitted.items():
        tries = [dict(zip(grid, cell, strict=True)) for cell in product(*grid.values())]
        found = [_ndcg(trial, fit(trial, **one)) for one in tries]
        told[who], values[who] = {}, {}
        for protocol in ("all", "new"):
            best = max(range(len(tries)), key=lambda n: np.nanmean(found[n][protocol][odd]))
            values[who][protocol] = found[best][protocol][~odd]
            told[who][protocol] = {**tries[best], "nDCG@10": float(np.nanmean(values[who][protocol]))}
    gains = {
        protocol: asdict(gate.paired(values["tillpost"][protocol], values["implicit"][protocol], seed=SEED))
        for protocol in ("all", "new")
    }
    return {"found": told, "gains": gains, "households": int((~odd).sum())}


def _ndcg(trial: Trial, factors: tuple[Any, Any]) -> dict[str, Any]:
    users, items = factors
    new = (trial.targets - trial.targets.multiply(trial.counts > 0)).tocsr()
    new.eliminate_zeros()

    def scores(block: slice, *, struck: bool) -> Any:
        found = users[block].astype(np.float64) @ items.T
        if struck:
            found[trial.counts[block].nonzero()] = -np.inf
        return found

    def ranking(struck: bool) -> Ranking:
        return ranked(partial(scores, struck=struck), *trial.counts.shape, 10)

    return {
        "all": measures.ndcg(ranking(False), trial.targets, 10),
        "new": measures.ndcg(ranking(True), new, 10),
    }


def _ours(trial: Trial, *, penalty: float, weight: float) -> tuple[Any, Any]:
    sold = np.flatnonzero(trial.counts.getnnz(axis=0))
    users, some = solver.solve(
        csr_matrix(trial.counts[:, sold], dtype=np.float64),
        rank=RANK,
        iterations=ITERATIONS,
        reg_param=penalty,
        alpha=weight,
        seed=SEED,
    )
    items = np.zeros((trial.counts.shape[1], RANK), dtype=np.float32)
    items[sold] = some
    return users, items


def _theirs(trial: Trial, *, penalty: float, weight: float) -> tuple[Any, Any]:
    model = _implicit(penalty, weight)
    with threadpool_limits(1, "blas"):  # as it asks for
        model.fit(trial.counts.astype(np.float32), show_progress=False)
    return model.user_factors, model.item_factors


def _implicit(penalty: float = 0.01, weight: float = 1.0) -> Any:
    from implicit.als import AlternatingLeastSquares

    return AlternatingLeastSquares(
        factors=RANK, regularization=penalty, alpha=weight, iterations=ITERATIONS, random_state=SEED
    )


def _fit(place: Path, who: str, times: int) -> dict[str, Any]:
    return _own_process(place, "fit", who, times)


def _top(place: Path, who: str) -> dict[str, Any]:
    return _own_process(place, "top", who, 1)


def _own_process(place: Path, what: str, who: str, times: int) -> dict[str, Any]:
    threads = ["env", "OPENBLAS_NUM_THREADS=1"] if who == "implicit" else []  # as it asks for
    ran = measured([*threads, sys.executable, "-m", "benchmarks.als", what, who, str(place), str(times)])
    return {"took": ran.stages[what], "peak_bytes": ran.peak_bytes}


@contextmanager
def _told(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"{what} took {time.monotonic() - started:.2f} s", flush=True)


def fit_tillpost(place: Path, times: int) -> None:
    """The solver of one machine; what it learned is kept for the ranking."""
    matrix = load_npz(place / f"{times}.npz")
    with _told("fit"):
        persons, items = solver.solve(
            matrix, rank=RANK, iterations=ITERATIONS, reg_param=0.03, alpha=1.0, seed=SEED
        )
    ids = {
        side: _ids(kind, count)
        for side, kind, count in zip(("person_ids", "item_ids"), "PG", matrix.shape, strict=True)
    }
    if times == 1:
        buyers = matrix.getnnz(axis=0).astype(np.int32)
        learned = AlsFactors(persons=on_grid(persons), items=on_grid(items), buyers=buyers, **ids)
        (place / "factors").mkdir(exist_ok=True)
        write(learned, place / "factors")


def fit_implicit(place: Path, times: int) -> None:
    """Its conjugate gradients, by default three steps a row."""
    matrix = load_npz(place / f"{times}.npz")
    model = _implicit()
    with _told("fit"):
        model.fit(matrix, show_progress=False)
    if times == 1:
        model.save(str(place / "implicit.npz"))


def fit_spark(place: Path, times: int) -> None:
    """spark.ml, on both cores."""
    with _spark() as (session, ALS):
        rated = session.read.parquet(str(_rated(place, times))).cache()
        rated.count()
        with _told("fit"):
            ALS(ITERATIONS).fit(rated).userFactors.count()


def top_tillpost(place: Path, _: int) -> None:
    """`gold.recommendations`' own frame, on Sail: the persons' histories read, seen goods out, written to a file."""
    from pipelines.lakehouse.sail import sail_session

    made = _tables(place)
    with sail_session(shuffle_partitions=2) as session:
        frames = {name: session.read.parquet(str(file.absolute())) for name, file in made.items()}
        with _told("top"):
            found = recommend(
                **frames, as_of=AS_OF, als=read(place / "factors"), per_person=K, never_offered=()
            )
            found.write.mode("overwrite").parquet(str((place / "found").absolute()))
        rows = session.read.parquet(str((place / "found").absolute())).count()
    expected = K * load_npz(place / "1.npz").shape[0]
    if rows != expected:
        raise SystemExit(f"bench: {rows:,} rows were ranked, not {expected:,}")


def top_arrays(place: Path, _: int) -> None:
    """`best_goods` alone, from the matrix of what was bought to arrays, a thread a core."""
    matrix, als = load_npz(place / "1.npz"), read(place / "factors")

    def part(start: int) -> None:
        asked = matrix[start : start + AT_ONCE]
        owner = np.repeat(np.arange(asked.shape[0]), np.diff(asked.indptr))
        struck = owner, asked.indices.astype(np.int64)
        rows = np.arange(start, start + asked.shape[0])
        best_goods(als, rows, k=K, struck=struck, withdrawn=np.empty(0, np.int32))

    cores = len(os.sched_getaffinity(0))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores) as pool, _told("top"):
        list(pool.map(part, range(0, matrix.shape[0], AT_ONCE)))


def top_implicit(place: Path, _: int) -> None:
    """`recommend` of all rows at once, liked goods out."""
    from implicit.cpu.als import AlternatingLeastSquares

    matrix = load_npz(place / "1.npz")
    model = AlternatingLeastSquares.load(str(place / "implicit.npz"))
    with _told("top"):
        model.recommend(np.arange(matrix.shape[0]), matrix, N=K, filter_already_liked_items=True)


def top_spark(place: Path, _: int) -> None:
    """`recommendForAllUsers`, which leaves nothing out; of one iteration, since only its ranking is timed."""
    with _spark() as (session, ALS):
        model = ALS(1).fit(session.read.parquet(str(_rated(place, 1))))
        with _told("top"):
            model.recommendForAllUsers(K).write.mode("overwrite").parquet(str((place / "theirs").absolute()))


@contextmanager
def _spark() -> Iterator[tuple[Any, Callable[[int], Any]]]:
    from pyspark.ml.recommendation import ALS

    from pipelines.lakehouse.session import spark_session
    from pipelines.settings import load

    session = spark_session(load(Path("conf/local.yaml"), ["spark.engine=spark"]).spark, app_name="benchmark")
    columns = {"userCol": "person", "itemCol": "good", "ratingCol": "strength", "implicitPrefs": True}
    try:
        yield (
            session,
            lambda iterations: ALS(rank=RANK, maxIter=iterations, regParam=0.03, seed=SEED, **columns),
        )
    finally:
        session.stop()


def _rated(place: Path, times: int) -> Path:
    file = place / f"{times}.parquet"
    if not file.exists():
        cells = load_npz(place / f"{times}.npz").tocoo()
        columns = {"person": cells.row, "good": cells.col, "strength": cells.data}
        pq.write_table(pa.table(columns), file, row_group_size=131_072)
    return file.absolute()


def _tables(place: Path) -> Mapping[str, Path]:
    """What `recommend` reads, as the lake's tables have it."""
    cells = load_npz(place / "1.npz").tocoo()
    cards, goods = _ids("P", cells.shape[0]), _ids("G", cells.shape[1])
    kind = pa.scalar("loyalty_card")
    lasts = pa.nulls(len(cards), pa.timestamp("us", "UTC"))
    tables = {
        "product_days": {
            "identifier_type": pa.repeat(kind, cells.nnz),
            "identifier_value": cards.take(pa.array(cells.row)),
            "product_id": goods.take(pa.array(cells.col)),
            "purchased_on": pa.repeat(pa.scalar(AS_OF), cells.nnz),
            "lines": pa.repeat(pa.scalar(1), cells.nnz),
        },
        "person_identifiers": {
            "identifier_type": pa.repeat(kind, len(cards)),
            "identifier_value": cards,
            "person_id": cards,
            "valid_to": lasts,
        },
        "products": {
            "product_id": goods,
            "department": pa.repeat(pa.scalar("GROCERY"), len(goods)),
            "category": pa.repeat(pa.scalar("ALL"), len(goods)),
        },
    }
    files = {name: place / f"{name}.parquet" for name in tables}
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), files[name], row_group_size=131_072)
    return files


def _ids(kind: str, count: int) -> pa.StringArray:
    return pa.array([f"{kind}{number:07d}" for number in range(count)])


def main(what: str, who: str, place: str, times: str) -> None:
    """One process: `fit` or `top`, by whom, in which folder, of how many times the persons."""
    globals()[f"{what}_{who}"](Path(place), int(times))


if __name__ == "__main__":
    main(*sys.argv[1:])
