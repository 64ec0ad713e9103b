"""Writers whose rows come from Python, beside a call that holds the interpreter: somebody must go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BESIDE = """
import sys, threading, time
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
{first}
place, schema = sys.argv[1], pa.schema([("x", pa.int64())])
write_deltalake(f"{{place}}/feed", pa.table({{"x": [1]}}), configuration={{"delta.enableChangeDataFeed": "true"}})

def rows():
    for _ in range(60):
        time.sleep(0.02)
        yield pa.record_batch({{"x": [1]}}, schema)

def write(name):
    write_deltalake(f"{{place}}/{{name}}", pa.RecordBatchReader.from_batches(schema, rows()))

writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
for writer in writers:
    writer.start()
time.sleep(0.2)
for _ in range(50):
    DeltaTable(f"{{place}}/feed").load_cdf(starting_version=0)
for writer in writers:
    writer.join()
"""


def beside(place: Path, first: str, **more: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TOKIO_WORKER_THREADS"}
    command = [sys.executable, "-c", BESIDE.format(first=first), str(place)]
    subprocess.run(command, env={**environment, **more}, timeout=15, check=True)


def test_reading_changes_goes_on_beside_writers(tmp_path: Path) -> None:
    beside(tmp_path, "import pipelines.lakehouse.log")


def test_control_with_a_thread_a_writer_nobody_goes_on(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        beside(tmp_path, "", TOKIO_WORKER_THREADS="2")


def test_others_keep_the_number_that_they_were_told() -> None:
    said = "import os, pipelines.lakehouse.log; print(os.environ.get('TOKIO_WORKER_THREADS'))"
    for told in ({}, {"TOKIO_WORKER_THREADS": "40"}):
        environment = {name: value for name, value in os.environ.items() if name != "TOKIO_WORKER_THREADS"}
        done = subprocess.run(
            [sys.executable, "-c", said],
            env={**environment, **told},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == told.get("TOKIO_WORKER_THREADS", "None")
