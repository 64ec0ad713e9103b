"""One Spark session for the whole run, small settings, and lakes in temporary folders."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from pyspark.sql import SparkSession

from pipelines.lakehouse.lake import Lake
from pipelines.settings import Settings, load

if TYPE_CHECKING:
    from tests.simulate.worlds import Made


hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", choices=("sail", "spark"), default="sail", help="what the `spark` tests run on"
    )


GOLDEN = Path(__file__).parent / "golden" / "shop"


@pytest.fixture(scope="session")
def spark(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The engine that one machine uses, or with `--engine spark` the one that a cluster does."""
    from pipelines.lakehouse.sail import sail_session
    from pipelines.lakehouse.session import spark_session, stop

    if request.config.getoption("--engine") == "sail":
        with sail_session(shuffle_partitions=2) as session:
            yield session
        return
    place = tmp_path_factory.mktemp("spark")
    small = load(
        sets=[
            "spark.master=local[2]",
            "spark.driver_memory=5g",
            "spark.shuffle_partitions=2",
            f"lake.root={place}",
        ]
    )
    conf = {
        # Delta holds on to the log of each table for an hour, 9 MB of heap; a run of tests makes thousands of tables.
        "spark.databricks.delta.delta.log.cacheSize": "150",
        # To compile plans for a few rows, and their classes once more for speed, takes longer than they run.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -Duser.timezone=UTC -XX:TieredStopAtLevel=1",
    }
    session = spark_session(small.spark.model_copy(update={"conf": conf}), app_name="tests")
    yield session
    stop(session)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, str(tmp_path / "lake"))


@cache
def _key_of_this_run() -> Path:
    """One vault key for every shop of a run, so that their tokens can be compared."""
    return Path(tempfile.mkdtemp(prefix="tillpost-key-")) / "key.json"


FEEDS = frozenset(folder.name for folder in (GOLDEN / "landing").iterdir())
"""The golden shop's feeds."""


def shop_settings(place: Path, *more: str, feeds: Collection[str] = FEEDS) -> Settings:
    """Settings over the golden shop: landing files of those feeds, and everything that is written under `place`."""
    landing = place / "landing"
    if not landing.exists():
        for feed in feeds:
            shutil.copytree(GOLDEN / "landing" / feed, landing / feed)
    return load(
        sets=[
            f"lake.root={place / 'lake'}",
            f"landing.root={landing}",
            f"exports.root={place / 'exports'}",
            f"vault.key_file={_key_of_this_run()}",
            f"tracking.uri=sqlite:///{place / 'mlflow.db'}",
            f"tracking.artifacts={place / 'artifacts'}",
            "attribution.replicates=20",
            *more,
        ]
    )


def as_words(settings: Settings, **more: str) -> list[str]:
    """What a command of its own needs on its command line to find the same places."""
    sets = {
        "lake.root": settings.lake.root,
        "landing.root": settings.landing.root,
        "exports.root": settings.exports.root,
        "vault.key_file": settings.vault.key_file,
        "tracking.uri": settings.tracking.uri,
        "tracking.artifacts": settings.tracking.artifacts,
        **more,
    }
    return [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]


def copy_of(settings: Settings, place: Path, *more: str) -> Settings:
    """A lake and its landing files once more, to run and spoil."""
    shutil.copytree(settings.landing.root, place / "landing")
    shutil.copytree(settings.lake.root, place / "lake")
    return shop_settings(place, *more)


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    return shop_settings(tmp_path)


@pytest.fixture(scope="session")
def settled_shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Settings]:
    """The golden shop after its three days, run day by day; made once, and only read."""
    from tests.days import DAYS, run_day

    settings = shop_settings(tmp_path_factory.mktemp("shop"))
    for day in DAYS:
        run_day(spark, settings, day)
    return lambda: settings


@pytest.fixture(scope="session")
def world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A small simulated world, made once."""
    from pipelines.simulate import job
    from tests.simulate.worlds import WORLD, Made

    place = tmp_path_factory.mktemp("world")
    assert job.claim(str(place), WORLD) is None
    job.make(spark, str(place), WORLD)
    return Made(place)
