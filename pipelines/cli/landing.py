"""Commands that write landing files: those of vendors and of the demo, and a made-up world's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LOCAL, Conf, Sets, settings_of

WORLD_DATE = datetime(2024, 1, 1)  # noqa: DTZ001 - a day
WORLD = Path("data/simulated")


def land(
    conf: Conf = LOCAL,
    sets: Sets = [],
    kind: Annotated[
        str | None, typer.Option("--format", help="A vendor's format, such as sendgrid; see docs/formats.md.")
    ] = None,
    paths: Annotated[
        list[Path], typer.Option("--from", metavar="PATH...", help="The vendor's files, or folders of them.")
    ] = [],
    more: Annotated[list[Path], typer.Argument(metavar="PATH", help="More of them.", hidden=True)] = [],
    arrived: Annotated[
        str | None, typer.Option(help="When they arrived, in UTC, such as 2024-03-02T00:30:00Z.")
    ] = None,
) -> None:
    """Write landing files: a vendor's own, by its --format; without one the demo's year of real receipts."""
    settings = settings_of(conf, sets)
    from pipelines import console

    if kind is None and arrived is None and not paths and not more:
        from pipelines import demo as demonstration

        demonstration.land(settings, console.Board())
        return
    from pipelines import vendor_files

    vendor_files.land(settings, console.Board(), kind, [*paths, *more], arrived)


def simulate(
    conf: Conf = LOCAL,
    sets: Sets = [],
    to: Annotated[
        Path, typer.Option(help="The folder: landing files in landing/, the truth in truth/.")
    ] = WORLD,
    dress: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Make no world: add web visits and mails to the receipts landed there."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every draw; the same gives the same files.")] = 1,
    households: Annotated[int, typer.Option(help="1 to 50,000,000.")] = 2000,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The first business day.")
    ] = WORLD_DATE,
    days: Annotated[int, typer.Option(help="1 to 3,660.")] = 60,
    stores: Annotated[int, typer.Option(help="1 to 10,000, and no more than households.")] = 20,
    products: Annotated[int, typer.Option(help="192 to 10,000,000.")] = 2000,
    web: Annotated[
        float, typer.Option(help="Browsing and crawlers, as a multiple of the usual; 0 to 20.")
    ] = 1.0,
    mail: Annotated[float, typer.Option(help="Share sent of the mails that could be; 0 to 1.")] = 1.0,
    faults: Annotated[
        float, typer.Option(help="Share of records late, sent twice or damaged; 0 to 0.09.")
    ] = 0.005,
) -> None:
    """A world with a known truth: landing files of every source, and who did what and why."""
    settings = settings_of(conf, sets)
    from pipelines import console
    from pipelines.simulate import command

    if dress:
        command.dressed(settings, console.Board(), str(dress), seed)
        return
    numbers = {"households": households, "days": days, "stores": stores, "products": products}
    shares = {"web": web, "mail": mail, "faults": faults}
    command.simulate(settings, console.Board(), str(to), seed=seed, start=start.date(), **numbers, **shares)
