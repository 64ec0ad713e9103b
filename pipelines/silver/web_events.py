"""One row per event of a visitor of the site, people and crawlers alike, with what it was done on.

Of the same event received twice one record counts, whichever came first. An account that a message's link alone
signed in is no anchor, since links are passed on. Crawlers are flagged and never
left out; an event without cookie or login has no visitor, and so no session, and counts all the same.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from pipelines.bronze import records as bronze
from pipelines.calc.agents import DEVICES, agent_of
from pipelines.lakehouse.expectations import one_of
from pipelines.lakehouse.refusal import refuse_if
from pipelines.lakehouse.table import LINEAGE, Col, Facts, Table
from pipelines.lakehouse.types import BOOLEAN, DATE, INT, MONEY, QUANTITY, STRING, TIMESTAMP
from pipelines.landing.web_events import SOURCE
from pipelines.silver import clock
from pipelines.silver.anchor import ANCHOR, MALFORMED, anchored
from pipelines.silver.parse import against_items, parse, typed

LISTS = {field.name: field for field in SOURCE.fields if field.many}
GOODS = ArrayType(
    StructType(
        [StructField("product_id", STRING), StructField("quantity", QUANTITY), StructField("price", MONEY)]
    )
)
SHOWN = ArrayType(
    StructType(
        [
            StructField("product_id", STRING),
            StructField("block", STRING),
            StructField("slot", INT),
            StructField("price", MONEY),
        ]
    )
)

TABLE = Table(
    name="silver.web_events",
    doc=__doc__,
    key=("occurred_on", "event_id"),
    scope=("occurred_on",),
    columns=(
        Col("event_id", STRING, "The sender's id; unique within its day", nullable=False),
        Col("occurred_on", DATE, "Business day", nullable=False),
        Col("occurred_at", TIMESTAMP, "When it happened (UTC)", nullable=False),
        clock.DAYS_LATE,
        Col(
            "kind",
            STRING,
            "`page_view`, `category_view`, `product_view`, `search`, `cart`, `purchase`, `login`, `subscribe`, or "
            "the sender's own name of another sign of activity",
            nullable=False,
        ),
        *ANCHOR,
        Col("cookie", STRING, "The browser's own id; null: no consent was given"),
        Col("login", STRING, "The account signed in; null: nobody was"),
        Col("login_by", STRING, "`password`, `code` or `link` (by a message's link alone); null: not told"),
        Col("email", STRING, "Token of an address given or signed in with; null: none, or not valid"),
        Col("phone", STRING, "Token of a number given or signed in with; null: none, or not valid"),
        *MALFORMED,
        Col("mail_link_id", STRING, "Hashed id of the mail's link that led here; null: none did"),
        Col("sms_link_id", STRING, "Hashed id of the text message's link that led here; null: none did"),
        Col("push_token", STRING, "Where the browser takes push messages; null: nowhere"),
        Col("brand", STRING, "The group's brand whose site it is; null: the group has one"),
        Col("url", STRING, "Address of the page; null: not told"),
        Col("referrer", STRING, "Address of the page before it; null: none, or withheld"),
        Col("utm_source", STRING, "The link's `utm_source`; null: untagged"),
        Col("utm_medium", STRING, "The link's `utm_medium`; null: untagged"),
        Col("utm_campaign", STRING, "The link's `utm_campaign`; null: untagged"),
        Col("utm_content", STRING, "The link's `utm_content`; null: untagged"),
        Col("utm_term", STRING, "The link's `utm_term`; null: untagged"),
        Col("user_agent", STRING, "What the browser calls itself; null: not told"),
        Col("is_crawler", BOOLEAN, "The user agent is a known crawler's; without one, false", nullable=False),
        Col("device", STRING, ", ".join(f"`{d}`" for d in DEVICES) + "; null: nothing tells, or a crawler"),
        Col("region", STRING, "Where the visitor is, by the sender's own names; null: not told"),
        Col("category_id", STRING, "The category looked at; null for other kinds"),
        Col("search_text", STRING, "What was searched for; null for other kinds"),
        Col("order_id", STRING, "The order placed; null for other kinds"),
        Col("lines", GOODS, "Goods looked at, put in the cart or bought; null: none"),
        Col("test_id", STRING, "The on-site test the visitor is in; null: none"),
        Col("test_arm", STRING, "The arm of that test; null: none"),
        Col("impressions", SHOWN, "Goods shown on the page, each with its block and place; null: not told"),
        *LINEAGE,
    ),
    inputs=(bronze.TABLES["web_events"],),
    params=(*clock.PARAMS, "identity.anchors"),
    expect=(one_of("device", DEVICES), one_of("login_by", ("password", "code", "link"))),
    write=Facts(unit=("occurred_on", "event_id")),
)


def build(
    records: DataFrame, *, as_of: date, time_zone: str, first_day: date, anchors: tuple[str, ...]
) -> DataFrame:
    """One row per record, with the reasons against it. One bad good refuses its event."""
    parsed = parse(records, SOURCE).withColumn("_agent", agent_of(F.col("user_agent")))
    events = clock.dated(parsed, "occurred_on", "occurred_at", time_zone=time_zone, first_day=first_day)
    events = refuse_if(events, *(each for field in LISTS.values() for each in against_items(field)))
    told = {"is_crawler": F.col("_agent.is_crawler"), "device": F.coalesce("device", "_agent.device")}
    told |= {name: typed(field) for name, field in LISTS.items()}
    told |= {"_login": F.col("login"), "login": F.when(~signed_in_by_link(), F.col("login"))}
    return anchored(events.withColumns(told), anchors).drop("login").withColumnRenamed("_login", "login")


def signed_in_by_link() -> Column:
    """Whether the account was signed in by a message's link alone: so the sender says, or it led to this very page."""
    led_here = F.coalesce("mail_link_id", "sms_link_id").isNotNull()
    return F.when(F.col("login_by").isNotNull(), F.col("login_by") == "link").otherwise(led_here)
