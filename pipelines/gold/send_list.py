"""One row per business date, message, block and slot: what goes out for that date, to whom, when and how.

A daily snapshot of the messages that `gold.send_decisions` sends; a person has one at most, beside what continuous mode
sent before. No product and no title stands twice in a message.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.calc.triggers.definitions import BLOCKS, CHANNELS
from pipelines.gold import send_decisions as gold_send_decisions
from pipelines.gold.send_decisions import SENT
from pipelines.lakehouse.expectations import at_least, one_of
from pipelines.lakehouse.table import AS_OF, PERSON, Col, Snapshot, Table
from pipelines.lakehouse.types import DOUBLE, INT, STRING, TIMESTAMP

FLAGSHIP = "receipt_mail"
"""The trigger whose mails the report looks at: what follows a receipt at the till."""

TABLE = Table(
    name="gold.send_list",
    doc=__doc__,
    key=("as_of", "send_key", "block", "slot"),
    scope=("as_of",),
    columns=(
        AS_OF,
        PERSON,
        Col(
            "send_key",
            STRING,
            "The message; the same on every run, so that nobody gets it twice",
            nullable=False,
        ),
        Col("trigger", STRING, "As `conf/triggers` names it", nullable=False),
        Col(
            "campaign", STRING, "The trigger and its date, such as `receipt_mail/2017-12-31`", nullable=False
        ),
        Col("channel", STRING, "`email`, `sms` or `push`", nullable=False),
        Col("send_at", TIMESTAMP, "When it goes (UTC)", nullable=False),
        Col("decided_at", TIMESTAMP, "When continuous mode decided it (UTC); null: the date's run did"),
        Col("block_no", INT, "Place of the block in the message, from 1", nullable=False),
        Col("block", STRING, ", ".join(f"`{block}`" for block in BLOCKS), nullable=False),
        Col("slot", INT, "Place in the block, from 1", nullable=False),
        Col("product_id", STRING, "The good; at most once in a message", nullable=False),
        Col("title", STRING, "What the message calls it", nullable=False),
        Col("reason", STRING, "What a customer would understand", nullable=False),
        Col("score", DOUBLE, "Larger is better; comparable within one block only", nullable=False),
        Col("model_version", STRING, "The model or rule that chose it", nullable=False),
        Col(
            "propensity",
            DOUBLE,
            "Of a good that a model may have drawn by lot, the probability with which it came to the model's rank; "
            "null: no lot was drawn",
        ),
    ),
    inputs=(gold_send_decisions.TABLE,),
    expect=(one_of("block", BLOCKS), one_of("channel", CHANNELS), at_least("slot", 1)),
    write=Snapshot(),
    version=2,  # 2: what is sent, by any trigger; before, what could have been, by receipts
)


def build(send_decisions: DataFrame, *, as_of: date) -> DataFrame:
    """The items of the messages that the date's run sends."""
    sent = send_decisions.where((F.col("decided_on") == F.lit(as_of)) & (F.col("outcome") == SENT))
    items = sent.withColumn("_item", F.explode("items"))
    own = {"as_of": F.lit(as_of), "campaign": F.concat_ws("/", "trigger", F.lit(str(as_of)))}
    return items.select("*", "_item.*").withColumns(own).select(*TABLE.names)
