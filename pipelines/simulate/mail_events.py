"""What becomes of a mail, event by event: as the provider of mails would report it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.simulate.clock import HOUR, later
from pipelines.simulate.draws import Draws
from pipelines.simulate.mails import BLOCKS, key
from pipelines.simulate.world import World


def events(mails: DataFrame, world: World) -> DataFrame:
    """One row per event of a mail that was sent.

    Returns:
        `mails` with `kind`, `occurred_at`, `link` (0 to 4; null: no click), `by_machine`, and `place`, the
        event's number within its mail.
    """
    draws, mail = Draws(world.seed), key()

    def event(
        condition: Column,
        kind: Column | str,
        seconds: Column,
        link: Column | None = None,
        machine: bool = False,
    ) -> Column:
        fields = (
            (F.lit(kind) if isinstance(kind, str) else kind).alias("kind"),
            seconds.cast("long").alias("seconds"),
            (F.lit(None) if link is None else link).cast("long").alias("link"),
            F.lit(machine).alias("by_machine"),
        )
        return F.when(condition, F.struct(*fields))

    there = ~F.col("bounced")
    arrived = draws.below(60, "delivery", *mail) + 2
    opened, clicked = F.col("opened_after"), F.col("clicked_after")
    scans = (
        event(F.col("scanned") & there, "clicked", arrived + 1 + n // 2, F.lit(n), True)
        for n in range(len(BLOCKS))
    )
    proxied = draws.below(600, "proxy", *mail) + 60
    found = F.array(
        event(F.lit(True), "sent", F.lit(0)),
        event(there, "delivered", arrived),
        event(~there, "bounced", arrived),
        *scans,
        event(F.col("proxied") & there, "opened", proxied, machine=True),
        event(opened.isNotNull(), "opened", opened),
        event(clicked.isNotNull(), "clicked", clicked, F.col("clicked_link")),
        event(F.col("leaving") & there, F.col("leaves_by"), F.coalesce(opened, F.lit(2 * HOUR)) + 45),
    )
    each = mails.where(F.col("treated")).select(
        "*", F.posexplode(F.array_compact(found)).alias("place", "event")
    )
    return each.select(
        *mails.columns,
        "place",
        "event.kind",
        "event.link",
        "event.by_machine",
        later(F.col("sent_at"), F.col("event.seconds")).alias("occurred_at"),
    )
