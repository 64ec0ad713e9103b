"""`tillpost doctor`: what a run needs of this machine, looked at one by one, each fault with its remedy.

A check looks and never mends: it makes no folder and, unless asked to go deep, starts no session.
"""

from __future__ import annotations

from pipelines.doctor import engine, places
from pipelines.doctor.finding import Finding
from pipelines.settings import Settings

__all__ = ["Finding", "examine"]


def examine(settings: Settings, *, deep: bool = False) -> list[Finding]:
    """Every finding, faults and all, in the order in which a run would meet them.

    Args:
        settings: The settings that a run would have.
        deep: Start a session as well, and write and read a Delta table of one row in a temporary folder.
    """
    spark, lake = settings.spark, settings.lake.root
    findings = [
        Finding("settings", True, f"read; engine {settings.spark.engine}, lake {lake}"),
        *engine.look(spark),
        places.disk(lake),
        places.writable("lake", lake, key="lake.root"),
        places.writable("landing", settings.landing.root, key="landing.root"),
        places.writable("exports", settings.exports.root, key="exports.root"),
        places.vault_key(settings.vault.key_file, may_be_made=settings.vault.allow_generated_key),
        places.tracking(settings.tracking.uri),
    ]
    return [*findings, engine.session(settings)] if deep else findings
