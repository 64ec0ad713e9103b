"""One training of ALS.

Compare, fit, register, decide. One MLflow run, reused when the same training is asked for again.

1. A fit on the days until `as_of - holdout_days` is compared with baselines and the champion on the days
   after (`evaluate`).
2. A fit with the same parameters on all days until `as_of` becomes the next version of the registered model
   `als`.
3. The gate decides by 1 whether that version is promoted.

**The champion on the split.** Its recorded metrics are of another split and cannot be compared. If it has
seen nothing after the split, its own factors are scored. If it has, they know the answers, so its parameters
are fitted anew until the split (or, where they are the challenger's, the challenger's fit stands for both:
then it is a question of fresher data only).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame

from pipelines.lakehouse.store import held
from pipelines.lakehouse.tracking import Champion, ModelVersion, Tracking, VersionedRead
from pipelines.models.als import champion as champions
from pipelines.models.als import factors, served
from pipelines.models.als.evaluate import CHALLENGER, CHAMPION, FAVOURITES, POPULARITY, Quality, compare
from pipelines.models.als.factors import AlsFactors
from pipelines.models.als.features import common, histories, offered, purchases, strengths
from pipelines.models.als.holdout import Holdout, take_holdout
from pipelines.models.als.report import metrics, read_comparison, write_comparison
from pipelines.models.als.train import AlsParams, fit
from pipelines.models.days import INPUTS, PERSONS, PRODUCT_DAYS, PRODUCTS
from pipelines.models.gate import Decision, Measured, decide
from pipelines.models.training import EVALUATION, register, training_key

_PROMOTED, _REASON = "gate_promoted", "gate_reason"


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Args:
        version: Of the registered model.
        decision: The gate's.
        comparison: Every model and baseline on the split.
        reused: A finished training of the same data, parameters and code was found, and nothing was done.
    """

    version: ModelVersion
    decision: Decision
    comparison: Sequence[Quality]
    reused: bool

    def rows(self) -> list[tuple[str, str, str, str]]:
        """For the terminal: goods asked for, model, nDCG@10 [95 % interval], recall@10 [95 % interval]."""
        return [(f"{q.protocol} goods", q.model, str(q.ndcg), str(q.recall)) for q in self.comparison]


def train(
    reads: Mapping[str, VersionedRead],
    *,
    as_of: date,
    params: AlsParams,
    driver_rows: int,
    never_offered: Sequence[str],
    holdout_days: int,
    min_gain: float,
    tracking: Tracking,
) -> TrainingResult:
    """Train, or find the finished training of the same data, parameters and code.

    Args:
        reads: The three `INPUTS` by table name, each at a fixed version.
        as_of: The last day to learn from.
        params: Of the model.
        driver_rows: Up to so many interactions are solved on the driver, more by spark.ml.
        never_offered: Departments that are neither learned from nor asked for.
        holdout_days: The last days until `as_of`, on which models are compared.
        min_gain: nDCG@10 that promotion asks for over the champion.
        tracking: Where the run, the model and the verdict are kept.

    Raises:
        DataError: too little history: nothing to learn from before the split, or nothing to foresee after it.
        SystemFault: the tracking store cannot be reached or written.
    """
    settings = {
        **asdict(params),
        "as_of": as_of.isoformat(),
        "driver_rows": driver_rows,
        "never_offered": list(never_offered),
        "holdout_days": holdout_days,
        "gate_min_gain": min_gain,
    }
    key = training_key(reads, settings, package=__package__)
    if done := tracking.find_training(champions.NAME, key):
        return _finished(tracking, done)
    champion = tracking.champion(champions.NAME, as_of)
    split = as_of - timedelta(days=holdout_days)
    days = purchases(reads[PRODUCT_DAYS].frame, reads[PERSONS].frame, as_of=as_of)
    goods = offered(reads[PRODUCTS].frame, never_offered)
    with (
        tracking.run(f"als until {as_of}", tags={"training_key": key}, params=settings),
        held(histories(days, goods)) as known,
        ThreadPoolExecutor(1) as beside,
    ):
        tracking.log_inputs([reads[name] for name in INPUTS])
        models, holdout = _on_split(
            known, goods, params, champion, split=split, driver_rows=driver_rows, tracking=tracking
        )
        comparing = beside.submit(
            compare, holdout, models, seed=params.seed
        )  # needs no Spark, the next fit does
        learned = _fit(known, params, until=as_of, driver_rows=driver_rows)
        comparison = comparing.result()
        decision = _verdict(
            comparison, min_gain=min_gain, fresher=champion is None or champion.trained_as_of < as_of
        )
        version = _register(tracking, learned, comparison, params, as_of=as_of)
    if decision.promote:
        tracking.promote(version)
    verdict = {_PROMOTED: str(decision.promote), _REASON: decision.reason}
    return TrainingResult(tracking.finish_training(version, key, verdict), decision, comparison, reused=False)


def comparison_of(tracking: Tracking, version: ModelVersion) -> list[Quality]:
    """How a finished version did on its split, beside the baselines.

    Raises:
        SystemFault: its run's artifacts cannot be fetched.
    """
    with tracking.artifacts_of(version.run_id, EVALUATION) as folder:
        return read_comparison(folder)


def _finished(tracking: Tracking, version: ModelVersion) -> TrainingResult:
    comparison = comparison_of(tracking, version)
    decision = Decision(version.tags[_PROMOTED] == str(True), version.tags[_REASON])
    return TrainingResult(version, decision, comparison, reused=True)


def _fit(known: DataFrame, params: AlsParams, *, until: date, driver_rows: int) -> AlsFactors:
    rows = strengths(known, as_of=until, half_life_days=params.half_life_days)
    enough = common(rows, min_item_buyers=params.min_item_buyers)
    return fit(enough, params, as_of=until, driver_rows=driver_rows)


def _on_split(
    known: DataFrame,
    goods: DataFrame,
    params: AlsParams,
    champion: Champion | None,
    *,
    split: date,
    driver_rows: int,
    tracking: Tracking,
) -> tuple[dict[str, AlsFactors], Holdout]:
    """The challenger's parameters fitted until the split, the champion if there is one; and what came after."""
    with held(strengths(known, as_of=split, half_life_days=params.half_life_days)) as before:
        enough = common(before, min_item_buyers=params.min_item_buyers)
        challenger = fit(enough, params, as_of=split, driver_rows=driver_rows)
        holdout = take_holdout(known, before, goods, split=split, half_life_days=params.half_life_days)
    models = {CHALLENGER: challenger}
    if champion:
        models[CHAMPION] = champion_on_split(
            champion,
            split=split,
            params=params,
            challenger=challenger,
            own=lambda: champions.load(tracking, champion).factors,
            refit=lambda theirs: _fit(known, theirs, until=split, driver_rows=driver_rows),
        )
    return models, holdout


def champion_on_split(
    champion: Champion,
    *,
    split: date,
    params: AlsParams,
    challenger: AlsFactors,
    own: Callable[[], AlsFactors],
    refit: Callable[[AlsParams], AlsFactors],
) -> AlsFactors:
    """The champion as it can be compared on the split without knowing the answers.

    See the module's docstring.

    Where its parameters were written by code with other ones, its own factors are scored, which favours it.
    """
    try:
        theirs = AlsParams(**json.loads(champion.tags["params"]))
    except (KeyError, TypeError):
        return own()
    if champion.trained_as_of <= split:
        return own()
    return challenger if theirs == params else refit(theirs)


def _verdict(comparison: Sequence[Quality], *, min_gain: float, fresher: bool) -> Decision:
    """The gate's, on goods not bought before: ALS offers no others, so it serves the part `explore` alone."""
    gated = {
        quality.model: Measured({"explore": quality.each})
        for quality in comparison
        if quality.protocol == "new" and quality.each is not None
    }
    baselines = {name: gated[name] for name in (POPULARITY, FAVOURITES)}
    return decide(gated[CHALLENGER], gated.get(CHAMPION), baselines, min_gain=min_gain, fresher=fresher)


def _register(
    tracking: Tracking,
    learned: AlsFactors,
    comparison: Sequence[Quality],
    params: AlsParams,
    *,
    as_of: date,
) -> ModelVersion:
    """Log what the active run has given, and make it the model's next version."""
    tracking.log_metrics(metrics(comparison))
    with tempfile.TemporaryDirectory(prefix="tillpost-") as folder:
        write_comparison(comparison, Path(folder))
        tracking.log_folder(Path(folder), EVALUATION)
    kept = partial(factors.write, learned)
    return register(tracking, champions.NAME, served, kept, as_of=as_of, params=asdict(params))
