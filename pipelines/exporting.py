"""What leaves the house about persons with a release: messages, alerts, feeds, audiences; and its account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines import ingest
from pipelines.gold import (
    customer_360,
    product_days,
    recommendations,
    segment_members,
    send_decisions,
    send_list,
)
from pipelines.lakehouse.lake import Lake
from pipelines.lakehouse.mark import Mark
from pipelines.lakehouse.table import Table
from pipelines.lakehouse.vault import hashed, store_key
from pipelines.lakehouse.vault_key import KeyRef
from pipelines.publish import (
    audiences,
    live_lists,
    outgoing,
    published_lists,
    rating_alerts,
    site_feed,
    till_feed,
)
from pipelines.publish.assemble import shop_of
from pipelines.publish.contacts import OpenContacts, opener
from pipelines.publish.message_rows import forecast_of, offered
from pipelines.publish.published_lists import Figures
from pipelines.settings import Settings
from pipelines.silver import customers, engagement, offers, person_identifiers, products, weather

Read = Callable[[Table], DataFrame]
"""A table at the version that the release names."""


def messages(lake: Lake, settings: Settings, mark: Mark, read: Read, key: KeyRef, folder: Path) -> Figures:
    """The send list as files and its gallery; gives the list's figures.

    Raises:
        SettingsError: a template does not parse.
        TemplateFailed: one fails on a message of the gallery.
    """
    said, listed = settings.messages, live_lists.listed(settings.exports.root, mark.as_of)
    sends = _today(read(send_list.TABLE), mark)
    if listed:
        sends = sends.where(F.col("decided_at").isNull() | ~F.unix_micros("decided_at").isin(*listed))
    return outgoing.stage(
        _outgoing(lake, settings, read, key, sends, mark.as_of),
        folder,
        as_of=mark.as_of,
        decisions=read(send_decisions.TABLE).where(F.col("decided_on") == F.lit(mark.as_of)),
        recipes={each.name: each.blocks for each in settings.triggers.defined},
        templates=said.templates,
        shown=said.shown,
        slots_per_block=settings.send_list.slots_per_block,
    )


def at_once(lake: Lake, settings: Settings, sends: DataFrame, key: KeyRef, as_of: date) -> dict[int, int]:
    """List what continuous mode decided on a date and has not listed yet, each decision's messages in a file.

    Args:
        lake: As it stands.
        settings: Of the command.
        sends: The date's rows of `gold.send_decisions` that continuous mode sends.
        key: The vault's.
        as_of: The date.

    Returns:
        By decision (microseconds of its instant), how many messages its file has.
    """
    root = settings.exports.root
    instant = F.unix_micros("decided_at")
    decided = {row[0] for row in sends.select(instant).distinct().collect()}  # one a cycle of the date
    found = {}
    for at in sorted(decided - live_lists.listed(root, as_of)):
        rows = send_list.build(sends.where(instant == at), as_of=as_of)
        out = _outgoing(lake, settings, lake.read, key, rows, as_of)
        found[at] = live_lists.write(outgoing.messages(out, as_of=as_of), root, as_of, at)
    return found


def _outgoing(
    lake: Lake, settings: Settings, read: Read, key: KeyRef, sends: DataFrame, as_of: date
) -> outgoing.Outgoing:
    people = read(customer_360.TABLE).where(F.col("as_of") == F.lit(as_of))
    return outgoing.Outgoing(
        send_list=sends,
        offers=read(offers.TABLE),
        products=read(products.TABLE),
        weather=forecast_of(people, read(weather.TABLE), as_of),
        open_contacts=_opener(lake, read, key),
        link_id=partial(hashed, key, "link"),
        shop=shop_of(settings.messages, settings.business.currency),
        about_weather=[each.name for each in settings.triggers.defined if each.when.kind == "weather"],
    )


def feeds(lake: Lake, settings: Settings, mark: Mark, read: Read, key: KeyRef, folder: Path) -> None:
    """The feeds of tills and site, and the audiences that the settings name."""
    contacts, people = _opener(lake, read, key), _today(read(customer_360.TABLE), mark)
    recommended = _today(read(recommendations.TABLE), mark)
    at_tills = till_feed.customers_at_tills(
        people,
        read(person_identifiers.TABLE),
        recommended,
        offered(read(offers.TABLE), mark.as_of),
        read(products.TABLE),
        contacts,
    )
    till_feed.export(at_tills, folder, partial(store_key, key))
    ranks = site_feed.listings(read(product_days.TABLE), read(products.TABLE), as_of=mark.as_of)
    site_feed.export(ranks, site_feed.blocks(recommended, read(person_identifiers.TABLE)), folder)
    if settings.messages.audiences:
        members = audiences.audiences(
            read(segment_members.TABLE), people, contacts, segments=settings.messages.audiences
        )
        audiences.export(members, folder)


def alerts(settings: Settings, mark: Mark, read: Read, folder: Path) -> None:
    """The low ratings of the date, for support."""
    ratings = rating_alerts.low_ratings(
        read(engagement.TABLE),
        read(person_identifiers.TABLE),
        as_of=mark.as_of,
        pause=settings.decisions.pause,
        time_zone=settings.business.time_zone,
        close_hour=settings.business.close_hour,
    )
    rating_alerts.export(ratings, folder, as_of=mark.as_of)


def note(lake: Lake, mark: Mark, release_id: str, told: Figures) -> None:
    """Let `audit.send_lists` have the figures of a release, once."""
    table = published_lists.TABLE
    frame = lake.spark.createDataFrame(published_lists.rows(told, release_id, mark.as_of), table.schema)
    parent = lake.ensure(table)
    lake.commit(table, frame, mark, parent=parent, replace=f"release_id = '{release_id}'")


def _today(rows: DataFrame, mark: Mark) -> DataFrame:
    return rows.where(F.col("as_of") == F.lit(mark.as_of))


def _opener(lake: Lake, read: Read, key: KeyRef) -> OpenContacts:
    return opener(read(person_identifiers.TABLE), read(customers.TABLE), lake.read(ingest.TOKENS), key)
