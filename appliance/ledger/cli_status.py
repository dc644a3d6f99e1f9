"""`hub status`: how the hub is, in a few lines: the book, the card, the last backup."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from appliance.ledger.cli import data_option

if TYPE_CHECKING:
    from appliance.ledger.hub import Hub

TROUBLE = 1
"""Exit code when a keeper has to do something."""


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def status(ctx: click.Context, data: Path, as_json: bool) -> None:
    """Print how the book, the card and the backups are; the hub may be running.

    Looks at the end of the book, as each start does; `hub verify` looks at all of it. Ends with 1 when
    the book is damaged, or the card is so full that the hub lives on its reserve, or not even that.
    """
    from appliance.ledger.book import room
    from appliance.ledger.settings import low_mb

    found = _book(data)
    card = room.look(data, low_mb(data))
    found |= {"card": card.level.value, "free_mb": card.free_mb, "total_mb": card.total // room.MB}
    if as_json:
        click.echo(json.dumps(found))
    else:
        for name, value in found.items():
            click.echo(f"{name.replace('_', ' '):<12}{'-' if value is None else value}")
    if found["book"] != "well" or card.level in (room.Level.RESERVE, room.Level.FULL):
        ctx.exit(TROUBLE)


def _book(data: Path) -> dict[str, Any]:
    from appliance.ledger import start
    from appliance.ledger.errors import BookDamaged
    from appliance.ledger.hub import Hub

    try:
        hub = Hub.open(data)
        try:
            start.examine(hub, thorough=False)
            return {"book": "well"} | _figures(hub)
        finally:
            hub.close()
    except BookDamaged as damage:
        return {"book": "damaged", "why": " ".join(str(damage).split()), "next": start.NEXT_STEP}


def _figures(hub: "Hub") -> dict[str, Any]:
    from appliance.ledger.backups import Backups
    from appliance.ledger.book import chain, local

    with hub.reading() as tx:
        head, verified = chain.head(tx), local.last_verified(tx)
    good = Backups(hub).state().good
    return {
        "entries": head.number,
        "head": str(head),
        "verified": None if verified is None else str(verified.head),
        "backup": None if good is None else good.path,
        "in_doubt": hub.store.in_doubt,
    }


COMMANDS: tuple[click.Command, ...] = (status,)
"""What ``appliance.cli`` mounts."""
