"""``hub restore``: what a person types when the card is dead, and what is said then in plain words."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance.ledger.cli import DATA, Stop, one_line
from appliance.ledger.cli_backup import progress, read_paper, when
from appliance.ledger.errors import HubError

if TYPE_CHECKING:
    from appliance.ledger.restore import Restored

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--data", type=DATA, required=True, help="The new, empty directory.")
@click.option("--paper-file", type=_FILE, help="Read the root paper from this file instead of asking for it.")
@click.option(
    "--incarnation",
    type=click.IntRange(2, (1 << 16) - 1),
    help="The life of the hub that begins; asked for when it is missing.",
)
def restore(file: Path, data: Path, paper_file: Path | None, incarnation: int | None) -> None:
    """Make the hub again out of the backup FILE and its root paper, in the new directory DATA.

    It begins a new life under a new key. The old card must never run again.
    """
    from appliance.ledger import restore as restoring
    from appliance.ledger.book.backup import read_header

    try:
        restoring.refuse_directory(data)
        header = read_header(file)
        click.echo(
            f"A backup of {header.hub_name} ({header.place.hub}) in {header.community}, made {when(header.at)}."
        )
        paper = read_paper(
            f"The root paper of {header.hub_name}",
            paper_file,
            lambda one: one.backup_public == header.reader,
            one_line,
        )
        done = restoring.restore(
            file, paper, data, _life(header.place.incarnation, incarnation), None, progress() or _silent
        )
    except HubError as error:
        raise one_line(error) from error
    click.echo()
    _say(done, data)


OLDER: Final = (
    "THIS BACKUP IS OLDER THAN THAT RESTORE. A village that heard of the life between cannot be read any more: what "
    "was paid to it and from it since this backup is not given back, and payments with it stay on their way. A backup "
    "that was made in that life loses none of it: look for one on the sticks first."
)
"""What somebody must know who restores past a life of the hub."""


def _silent(_what: str, _done: int, _total: int) -> None:
    pass


def _life(of_backup: int, asked: int | None) -> int:
    """The life to begin: each must be another one, or two boxes tell two stories under one number."""
    if asked is None:
        again = click.confirm(
            "Was this hub restored before, after this backup was made (from this file, or from another one)?",
            default=False,
        )
        asked = of_backup + 1
        if again:
            asked = click.prompt(
                "Which life was that? The desk page 'This hub was restored' of that time, and the neighbours, "
                "say it. A number",
                type=click.IntRange(of_backup + 1, (1 << 16) - 2),
            )
            asked += 1
            click.echo(OLDER)
            click.confirm("Go on with this older backup all the same?", default=False, abort=True)
    elif asked > of_backup + 1:
        click.echo(OLDER)
    if asked <= of_backup:
        raise Stop(f"the backup is of life {of_backup} itself: --incarnation must be above it")
    return asked


def _say(done: "Restored", data: Path) -> None:
    h = done.header
    click.echo(
        f"{h.hub_name} is back in {data}: {done.members} people, {done.entries} entries, life {done.incarnation}."
    )
    click.echo(f"It knows everything up to {when(done.last)} (entry {done.entries}), and nothing after that.")
    click.echo()
    click.echo("LOST, unless others have it:")
    click.echo(f"  what was paid at home after {when(done.last)}: type it in again from slips and receipts;")
    click.echo("  who was let in after that joins anew; who changed a PIN has the old one again.")
    names = ", ".join(one.name for one in done.neighbours)
    if names:
        click.echo(f"What was paid to and from other villages comes back when they are heard: {names}.")
    click.echo()
    click.echo("NEXT:")
    steps = ["Never start the old card or box again. Two boxes with one name stop all trade with others."]
    if not done.admitted:
        steps.append(
            "The backup had no keys: ask a neighbour for the roster file, and hub community join it."
        )
    steps += [
        f"Start it: hub serve --data {data}, and hub radio run --data {data}",
        (
            "At the hub's own screen a keeper opens the desk, 'This hub was restored': there keepers let members sign in, "
            "and see what came back and what still waits."
        ),
    ]
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")


COMMANDS: tuple[click.Command, ...] = (restore,)
"""What ``appliance.cli`` mounts."""
