"""`hub close-year` and `hub archive`: move a year's entries to the archive, and look at what is there."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.ledger.cli import DIFFERENT, Stop, data_option, not_refused
from appliance.ledger.cli_files import Ticker, signer_of
from appliance.ledger.errors import ArchiveMissing, BookDamaged, Refusal

if TYPE_CHECKING:
    from appliance.ledger.yearly import Outlook


@click.command("close-year")
@data_option
@click.option("--keeper", metavar="NUMBER", help="Who closes; asks for the PIN.")
@click.option("--from-first", is_flag=True, help="Check from the first entry, not from the last closing.")
@click.option("--yes", is_flag=True, help="Do not ask whether to do it.")
@click.pass_context
def close_year(ctx: click.Context, data: Path, keeper: str | None, from_first: bool, yes: bool) -> None:
    """Close the book up to now: check it, and move its entries to the archive beside it.

    Nothing is lost or hidden: who looks at an old payment finds it as before. The book becomes small, and
    from then on `hub verify --quick` begins here. The hub may be running; do it in a quiet hour, as people
    wait a moment at the end. Ends with 1 when the book does not hold: then nothing is closed.
    """
    from appliance.ledger import yearly
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    ticker = Ticker()
    try:
        seen = yearly.outlook(hub)
        if seen.unfinished:
            click.echo("The last closing was interrupted: what was left of it is done first.")
            yearly.finish(hub, ticker)
            yearly.tidy(hub.store)
            ticker.end()
            seen = yearly.outlook(hub)
        _say(seen)
        if not seen.entries:
            return
        if not seen.room:
            raise Stop(
                f"there is no room for it: it needs {_megabytes(seen.needs)}, {_megabytes(seen.free)} are free"
            )
        if keeper is None:
            keeper = click.prompt("Your number, as a keeper")
        if not yes and not click.confirm("Close it?"):
            ctx.exit(DIFFERENT)
        signer = signer_of(hub, keeper)
        try:
            closed = yearly.close(hub, signer, ticker, from_first)
        finally:
            signer.close()
            ticker.end()
        if isinstance(closed, Refusal):
            not_refused(closed)
            return
        click.echo(
            f"Closed up to entry {closed.upto}, as entry {closed.receipt.entry}. The book was "
            f"{_megabytes(closed.before)}, it is {_megabytes(closed.after)}; {_megabytes(closed.archived)} are in the archive."
        )
        if closed.left:
            click.echo(
                f"Something is still to be done ({closed.left}): the portal does it by itself, or close-year again."
            )
        click.echo("Make a backup now (hub backup): it takes the archive along.")
    except BookDamaged as difference:
        ticker.end()
        click.echo(f"Nothing was closed: {' '.join(str(difference).split())}")
        ctx.exit(DIFFERENT)
    finally:
        hub.close()


def _say(seen: "Outlook") -> None:
    from datetime import UTC, datetime

    if not seen.entries:
        click.echo("Nothing was written since the last closing.")
        return
    since = (
        "" if seen.last_ms is None else f", since {datetime.fromtimestamp(seen.last_ms / 1000, UTC):%Y-%m-%d}"
    )
    click.echo(
        f"The book holds {seen.entries} entries{since} that would go to the archive, and takes {_megabytes(seen.size)}."
    )
    click.echo(
        "First it is checked"
        + (f" from the last closing on (entry {seen.last})" if seen.last else " from its first entry")
        + f"; on the way {_megabytes(seen.needs)} of room are needed, {_megabytes(seen.free)} are free."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


@click.group()
def archive() -> None:
    """What the yearly closings have moved out of the book."""


@archive.command("list")
@data_option
def list_(data: Path) -> None:
    """Name each closing, and its files."""
    from appliance.ledger import archived
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    try:
        shelf = archived.shelf(hub)
        if not shelf.closings:
            click.echo("The book has never been closed: all of it is in ledger.db.")
        for one in shelf.closings:
            click.echo(f"closing {one.seq}: entries {one.first} to {one.upto}, closed by entry {one.entry}")
            for path, state in one.files:
                click.echo(f"  {path.name}  {state}")
        for path in shelf.others:
            click.echo(f"{path.name}: of no closing of this book")
    finally:
        hub.close()


@archive.command("verify")
@data_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_context
def verify(ctx: click.Context, data: Path, file: Path | None) -> None:
    """Check the archive, or one FILE of it, against the book.

    Each file is what its closing commits to, byte for byte; its entries follow one another and are those whose hashes
    the book has; the state in it is the one the closing names. Ends with 1 and the first difference. Signatures,
    and whether the entries give that state, `hub verify` checks.
    """
    from appliance.ledger import archived
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    ticker = Ticker()
    try:
        checked = archived.check(hub, file, ticker)
        ticker.end()
        for path in checked:
            click.echo(f"{path.name}: right")
        click.echo("clean" if checked else "There is nothing in the archive.")
    except (BookDamaged, ArchiveMissing) as difference:
        ticker.end()
        click.echo(" ".join(str(difference).split()))
        ctx.exit(DIFFERENT)
    finally:
        hub.close()


COMMANDS: tuple[click.Command, ...] = (close_year, archive)
"""What ``appliance.cli`` mounts."""
