"""The messages of a date as files, a page of them as people will see them, and the figures of the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame

from pipelines.calc.links import LinkId
from pipelines.publish.assemble import Shop, assembled
from pipelines.publish.contacts import OpenContacts
from pipelines.publish.gallery import PAGE, Sample, gallery
from pipelines.publish.message_rows import rows_of_messages
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
        decisions: The date's rows of `gold.send_decisions`.
        open_contacts: Where addresses come from.
        link_id: Hashes a link's name.
        shop: Who sends.
        recipes: By trigger, the blocks of its messages.
    """

    send_list: DataFrame
    offers: DataFrame
    products: DataFrame
    decisions: DataFrame
    open_contacts: OpenContacts
    link_id: LinkId
    shop: Shop
    recipes: Mapping[str, Sequence[str]]


def stage(
    out: Outgoing, folder: Path, *, as_of: date, templates: str | None, shown: int, slots_per_block: int
) -> Figures:
    """Write the list and the gallery into the folder, which exists; a message at a time.

    Args:
        out: What the messages are made of.
        folder: Where the files go.
        as_of: The date.
        templates: The shop's own templates; null: tillpost's.
        shown: So many messages stand in the gallery.
        slots_per_block: How many goods a full block has.

    Raises:
        SettingsError: a template does not parse.
        TemplateFailed: one fails on a message of the gallery.
    """
    rows = rows_of_messages(out.send_list, out.offers, out.products, out.open_contacts, as_of=as_of)
    sample = Sample(shown)
    goods = (row.asDict() for row in rows_of(rows))
    listed = export(sample.of(assembled(goods, out.shop, out.link_id)), folder)
    page = gallery(sample.messages(), out.shop, as_of, templates)
    (folder / PAGE).write_text(page, encoding="utf-8")
    return figures(listed, out.decisions, slots_per_block=slots_per_block, recipes=out.recipes)
