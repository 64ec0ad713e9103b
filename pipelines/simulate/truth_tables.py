"""The tables of the truth folder.

`<target>/truth/<table>/`, Parquet. What each column says stands here and nowhere else.
"""

from __future__ import annotations

from pipelines.lakehouse.table import Col, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, DOUBLE, LONG, MONEY, STRING, TIMESTAMP

_PERSON = Col("person", LONG, "The person", nullable=False)

IDENTIFIERS = Table(
    name="truth.identifiers",
    doc="One row per person and identifier that the person used: who is who.",
    key=("person", "type", "value"),
    columns=(
        _PERSON,
        Col(
            "type",
            STRING,
            "loyalty_card, phone, email, login, cookie, push_token or payment_token",
            nullable=False,
        ),
        Col("value", STRING, "In its one written form: E.164, lower case", nullable=False),
        Col("first_used_at", TIMESTAMP, "First use (UTC), whenever its record arrives", nullable=False),
        Col("last_used_at", TIMESTAMP, "Last use (UTC)", nullable=False),
        Col(
            "known_at",
            TIMESTAMP,
            "First use that ties it to a name: of a card the form; of a cookie a login, an order or a mail's link; "
            "of a payment token a card or phone beside it (UTC). Later than `first_used_at`: a late claim; null: never",
        ),
        Col("shared", BOOLEAN, "Others use it too: a family's phone, a kiosk's cookie", nullable=False),
    ),
)

INTERESTS = Table(
    name="truth.interests",
    doc="One row per person and category.",
    key=("person", "category"),
    columns=(
        _PERSON,
        Col("category", STRING, "As the catalogue spells it", nullable=False),
        Col(
            "purchase_weight",
            DOUBLE,
            "Probability that a free choice out of season falls on it; sum 1",
            nullable=False,
        ),
        Col("browse_weight", DOUBLE, "Probability that a browsing visit is about it; sum 1", nullable=False),
        Col(
            "stage",
            STRING,
            "seen, considered, in_cart, bought or replenishing; null: none of the person's three interests",
        ),
    ),
)

CYCLES = Table(
    name="truth.cycles",
    doc="One row per person and good that is bought again and again.",
    key=("person", "product_id"),
    columns=(
        _PERSON,
        Col("product_id", STRING, "The good", nullable=False),
        Col(
            "interval_days",
            LONG,
            "Mean days from one purchase to the next; each is up to 15 % early or late",
            nullable=False,
        ),
        Col(
            "due_on",
            DATE,
            "A day on which it is due, but for being early or late; the others are whole intervals away",
            nullable=False,
        ),
    ),
)

CHAINS = Table(
    name="truth.chains",
    doc="One row per person with a small child, chain and step: what is bought at which age.",
    key=("person", "chain", "step"),
    columns=(
        _PERSON,
        Col("chain", STRING, "`diapers`: bought every 12 days; `feeding`: each good once", nullable=False),
        Col("step", LONG, "Size or step, from 1", nullable=False),
        Col("product_id", STRING, "The good", nullable=False),
        Col("born_on", DATE, "The child's birth date", nullable=False),
        Col("from_on", DATE, "First day of the step; it may lie outside the world's days", nullable=False),
        Col("until_on", DATE, "Last day of the step", nullable=False),
    ),
)

EFFECTS = Table(
    name="truth.effects",
    doc="One row per planned mail: whether it was sent, and what it caused.",
    key=("message_id",),
    columns=(
        Col("message_id", STRING, "The message", nullable=False),
        _PERSON,
        Col("trigger", STRING, "`receipt`: follows one; `campaign`", nullable=False),
        Col("campaign_id", STRING, "The campaign; null: none"),
        Col("planned_at", TIMESTAMP, "When it was sent, or would have been (UTC)", nullable=False),
        Col("treated", BOOLEAN, "It was sent; false: its person is held out of every mail", nullable=False),
        Col("bounced", BOOLEAN, "It did not arrive, or would not have", nullable=False),
        Col(
            "uplift",
            DOUBLE,
            "By how much sending it raises the probability of one more purchase, within 6 days",
            nullable=False,
        ),
        Col("caused", BOOLEAN, "It caused that purchase, before the world's end", nullable=False),
        Col("channel", STRING, "Of the purchase caused: `online` or `offline`; null: none"),
        Col("purchase_id", STRING, "Its order, or its receipt as silver names it; null: none"),
        Col("purchased_at", TIMESTAMP, "When it was made (UTC); null: none"),
    ),
)

BOTS = Table(
    name="truth.bots",
    doc="One row per crawler, and per event of a mail that a machine made.",
    key=("kind", "value"),
    columns=(
        Col("kind", STRING, "crawler, scanner_click or machine_open", nullable=False),
        Col("value", STRING, "The crawler's cookie, or the event's id in `engagement`", nullable=False),
        Col("message_id", STRING, "The message; null: a crawler"),
    ),
)

FILES = Table(
    name="truth.files",
    doc="One row per landing file, business day and fate, with counts; and one per fault planted, with its position.",
    key=("file", "occurred_on", "fate", "position"),
    columns=(
        Col("source", STRING, "The source", nullable=False),
        Col(
            "drop_on",
            DATE,
            "The business day with whose drop the file arrives, before the books close",
            nullable=False,
        ),
        Col("file", STRING, "Relative to the landing root", nullable=False),
        Col(
            "position",
            LONG,
            "Of a fault: the record's number in its file, from 1; 0: the file as a whole. Null: a count",
        ),
        Col(
            "occurred_on",
            DATE,
            "Business day of the records; null: a reference feed's, or a record that nobody can date",
        ),
        Col("fault", STRING, "What was planted; null: a count"),
        Col("record_id", STRING, "The simulator's own id of the record; null: a count, or a file as a whole"),
        Col(
            "fate",
            STRING,
            "accepted, refused, duplicate, or superseded: accepted, and replaced by a later state of the same order",
            nullable=False,
        ),
        Col(
            "reason",
            STRING,
            "Why the record, or its line, is refused (`lakehouse/reasons.py`); null: it is not",
        ),
        Col("records", LONG, "Records; a torn file counts as one. Null: a fault"),
        Col("lines", LONG, "Lines inside that can be read"),
        Col("lines_refused", LONG, "Of these, refused"),
        Col("cents", LONG, "Net revenue in hundredths, as in `totals`"),
    ),
)

FAULTS = Table(
    name="truth.faults",
    doc="One row per planted fault: a record, or a file as a whole.",
    key=("file", "position"),
    columns=(
        *(column for column in FILES.columns if column.name in ("source", "drop_on", "file")),
        Col(
            "position",
            LONG,
            "The record's number in its file, from 1; 0: the file as a whole",
            nullable=False,
        ),
        Col(
            "fault",
            STRING,
            "late, sent_twice, torn_file, file_sent_twice, or the damage: not_json, bad_encoding, missing_value, "
            "wrong_type, unknown_code, future, too_precise, below_minimum",
            nullable=False,
        ),
        Col("record_id", STRING, "The simulator's own id of the record; null: the file as a whole"),
        Col("fate", STRING, "accepted, refused, duplicate or superseded, as in `files`", nullable=False),
        Col(
            "reason", STRING, "Why it is refused, or its line where the record is accepted; null: neither is"
        ),
    ),
)

TOTALS = Table(
    name="truth.totals",
    doc="One row per source, day of arrival and business day; records = accepted + superseded + refused + duplicates.",
    key=("source", "drop_on", "occurred_on"),
    columns=(
        Col("source", STRING, "The source", nullable=False),
        Col(
            "drop_on",
            DATE,
            "The business day with whose drop they arrive, before the books close",
            nullable=False,
        ),
        Col(
            "occurred_on",
            DATE,
            "Business day of the records; null: a reference feed's, or records that nobody can date",
        ),
        Col("records", LONG, "Records received; a torn file counts as one", nullable=False),
        Col("accepted", LONG, "Distinct facts that stand in the end", nullable=False),
        Col("superseded", LONG, "States of orders that a later one replaces", nullable=False),
        Col("refused", LONG, "Refused whole", nullable=False),
        Col("duplicates", LONG, "Sent again", nullable=False),
        Col(
            "lines",
            LONG,
            "Lines of receipts and orders received, in records that can be read",
            nullable=False,
        ),
        Col("lines_accepted", LONG, "Of records accepted or superseded", nullable=False),
        Col("lines_refused", LONG, "Refused, with their record or by themselves", nullable=False),
        Col("lines_duplicates", LONG, "Sent again", nullable=False),
        Col(
            "revenue",
            MONEY,
            "Net amount of distinct facts: receipts less returns; of orders, those delivered (one picked up is its "
            "receipt's)",
            nullable=False,
        ),
    ),
)

TABLES = (IDENTIFIERS, INTERESTS, CYCLES, CHAINS, EFFECTS, BOTS, FILES, FAULTS, TOTALS)
