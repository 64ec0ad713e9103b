"""Sail's session: a Spark Connect server in this process, without a JVM, for one machine.

It listens on 127.0.0.1 while the session lasts, at a port that the system chooses.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from pipelines.errors import SystemFault
from pipelines.lakehouse.store_sail import mark_as_sail

_MEANING = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
_REMEDY = "Install it (`pip install 'tillpost[sail]'`), or --set spark.engine=spark."


@contextmanager
def sail_session(shuffle_partitions: int) -> Iterator[SparkSession]:
    """A session that ends, with its server, at the end of the block.

    Raises:
        SystemFault: Sail is not installed.
    """
    os.environ.setdefault("RUST_LOG", "error")
    try:
        from pysail.spark import SparkConnectServer
    except ImportError as error:
        raise SystemFault(f"Sail cannot be loaded: {error}", remedy=_REMEDY) from error
    with tempfile.TemporaryDirectory(prefix="tillpost-sail-") as checkpoints:
        os.environ["SAIL_EXECUTION__CHECKPOINT__PATH"] = Path(checkpoints).as_uri()
        os.environ["SAIL_PARQUET__SCHEMA_FORCE_VIEW_TYPES"] = "false"  # PySpark does not know Arrow's views
        server = SparkConnectServer()
        server.start(background=True)
        _, port = server.listening_address
        spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
        try:
            for key, value in _MEANING.items():
                spark.conf.set(key, value)
            spark.conf.set("spark.sql.shuffle.partitions", str(shuffle_partitions))
            mark_as_sail(spark)
            yield spark
        finally:
            spark.stop()
            server.stop()
