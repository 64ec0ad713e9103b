"""The messages of a date as files, a page of them as people will see them, and the figures of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame

from pipelines.calc.links import LinkId
from pipelines.publish.assemble import Shop, assembled
from pipelines.publish.contacts import OpenContacts
from pipelines.publish.gallery import PAGE, Sample, gallery
from pipelines.publish.message_rows import rows_of_messages
from pipelines.publish.messages import Message, Refused
from pipelines.publish.published_lists import Figures, figures
from pipelines.publish.rows import rows_of
from pipelines.publish.send_list import export


@dataclass(frozen=True)
class Outgoing:
    """What a date's messages are made of.

    Args:
        send_list: The date's rows of `gold.send_list`.
        offers: `silver.offers`.
        products: `silver.products`.
        weather: By person, the forecast for where they shop (`message_rows.forecast_of`).
        open_contacts: Where addresses come from.
        link_id: Hashes a link's name.
        shop: Who sends.
        about_weather: The triggers whose messages show the forecast.
    """

    send_list: DataFrame
    offers: DataFrame
    products: DataFrame
    weather: DataFrame
    open_contacts: OpenContacts
    link_id: LinkId
    shop: Shop
    about_weather: Sequence[str]


def messages(out: Outgoing, *, as_of: date) -> Iterator[Message | Refused]:
    """The messages, and what is refused of them, one at a time."""
    rows = rows_of_messages(
        out.send_list,
        out.offers,
        out.products,
        out.weather,
        out.open_contacts,
        as_of=as_of,
        about_weather=out.about_weather,
    )
    return assembled((row.asDict() for row in rows_of(rows)), out.shop, out.link_id)


def stage(
    out: Outgoing,
    folder: Path,
    *,
    as_of: date,
    decisions: DataFrame,
    recipes: Mapping[str, Sequence[str]],
    templates: str | None,
    shown: int,
    slots_per_block: int,
) -> Figures:
    """Write the list and the gallery into the folder, which exists; a message at a time.

    Args:
        out: What the messages are made of.
        folder: Where the files go.
        as_of: The date.
        decisions: The date's rows of `gold.send_decisions`.
        recipes: By trigger, the blocks of its messages.
        templates: The shop's own templates; null: tillpost's.
        shown: So many messages stand in the gallery.
        slots_per_block: How many goods a full block has.

    Raises:
        SettingsError: a template does not parse.
        TemplateFailed: one fails on a message of the gallery.
    """
    sample = Sample(shown)
    listed = export(sample.of(messages(out, as_of=as_of)), folder)
    page = gallery(sample.messages(), out.shop, as_of, templates)
    (folder / PAGE).write_text(page, encoding="utf-8")
    return figures(listed, decisions, slots_per_block=slots_per_block, recipes=recipes)
