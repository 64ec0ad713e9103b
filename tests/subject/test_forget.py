"""Rows of a person out of tables that no rebuild makes, on either engine; others stand, and so do the watermarks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipelines.bronze import records as bronze
from pipelines.gold import consents
from pipelines.ingest import TOKENS
from pipelines.lakehouse import log
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.subject.begun import Begun
from pipelines.subject.forget import forget
from pipelines.subject.who import Subject

pytestmark = [pytest.mark.spark, pytest.mark.engines]

AT = datetime(2024, 3, 4, 12, tzinfo=UTC)
TOKEN, OTHER = f"email:{64 * 'a'}", f"email:{64 * 'b'}"
WHO = Subject(("p1",), frozenset({"loyalty_card:C'1", "cookie:k1", f"email:{TOKEN}"}))
FORMS = bronze.TABLES["customers"]


def marked(contract: str, run: str) -> Mark:
    return Mark(
        run=run,
        stage="ingest",
        as_of=date(2024, 3, 3),
        started_at=AT,
        code="",
        contract=contract,
        settings="",
        batch=2,
    )


def record(position: int, payload: bytes | None) -> tuple[object, ...]:
    return ("customers", "customers/arrived=x/it's.jsonl", position, 2, AT, None, payload)


def test_hers_go_others_are_cut_and_the_watermark_stands(lake: Lake) -> None:
    payloads = (
        b'{"loyalty_card": "C\'1"}',
        b'{"loyalty_card": "C2", "cookie": "k1", "n": 1.10}',
        b'{"n": "k1"}',
        None,
    )
    rows = [record(number, payload) for number, payload in enumerate(payloads, 1)]
    for table, held in (
        (FORMS, rows),
        (TOKENS, [(token, "email", "k", b"1", b"2") for token in (TOKEN, OTHER)]),
    ):
        frame = lake.spark.createDataFrame(held, table.schema)
        lake.commit(table, frame, marked(table.fingerprint, "before"), parent=lake.ensure(table))
    begun = Begun("e1", AT, WHO, (), (TOKEN,))
    assert list(forget(lake, begun, marked("", "now"))) == [(FORMS.name, 1, 1), (TOKENS.name, 1, 0)]
    left = {row["position"]: row["payload"] for row in lake.read(FORMS).collect()}
    assert {at: None if kept is None else bytes(kept) for at, kept in left.items()} == {
        2: b'{"loyalty_card": "C2", "cookie": null, "n": 1.10}',
        3: b'{"n": "k1"}',
        4: None,
    }
    assert [row["token"] for row in lake.read(TOKENS).collect()] == [OTHER]
    head = log.head(lake.path(FORMS))
    assert head is not None
    assert head.mark is not None
    assert (head.mark.batch, head.mark.contract, head.mark.rebuilt) == (2, FORMS.fingerprint, True)
    assert list(forget(lake, begun, marked("", "again"))) == []


def test_golds_rows_go_by_predicate(lake: Lake) -> None:
    table = consents.TABLE
    rows = [(person, "*", "email", None, None, None, 1, None) for person in ("p1", "p2")]
    frame = lake.spark.createDataFrame(rows, table.schema)
    lake.commit(table, frame, marked(table.fingerprint, "before"), parent=lake.ensure(table))
    assert list(forget(lake, Begun("e1", AT, WHO, (), ()), marked("", "now"))) == [(table.name, 1, 0)]
    assert [row["person_id"] for row in lake.read(table).collect()] == ["p2"]
