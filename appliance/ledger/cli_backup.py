"""Commands about backups: make one, try one out; and how a command asks for a root paper.

``hub rehearse`` ends with a code of its own for each thing that can be wrong with a file: 3 damaged or no
backup, 4 cut off, 5 another hub's or community's, 6 a newer release's, 7 the wrong root paper; and as every
command with 2 when it could not be done.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance.ledger.cli import CANNOT, Stop, data_option
from appliance.ledger.errors import (
    BackupCutOff,
    BackupDamaged,
    BackupNewer,
    BackupOfAnother,
    BadPaper,
    HubError,
    PaperDoesNotFit,
)

if TYPE_CHECKING:
    from appliance.ledger.backups import State
    from appliance.ledger.clock import Instant
    from appliance.ledger.keys import RootPaper
    from appliance.ledger.rehearsal import Rehearsed

CODES: Final[tuple[tuple[type[HubError], int], ...]] = (
    (BackupCutOff, 4),
    (BackupDamaged, 3),
    (BackupOfAnother, 5),
    (BackupNewer, 6),
    (PaperDoesNotFit, 7),
    (BadPaper, 7),
)
"""Exit codes of a file or paper that is refused, the narrower kind first."""

_FILE = click.Path(path_type=Path, dir_okay=False)
_PLACE = click.Path(path_type=Path)


def refused(error: HubError) -> click.ClickException:
    """What ends a command with one line about a file or a paper that cannot be used, and its code."""
    told = click.ClickException(" ".join(str(error).split()))
    code = next((code for kind, code in CODES if isinstance(error, kind)), CANNOT)
    setattr(told, "exit_code", code)  # noqa: B010 - click's stubs call it a class's, click reads the instance's
    return told


def read_paper(
    question: str,
    file: Path | None = None,
    fits: "Callable[[RootPaper], bool] | None" = None,
    refuse: Callable[[HubError], click.ClickException] = refused,
) -> "RootPaper":
    """A root paper, out of a file or typed in, in whichever of its forms.

    Args:
        fits: tells the paper that is meant, when its public key is known. Then the line says for
            sure what one mistake was.
        refuse: what ends the command, when it has no codes of its own.

    Raises:
        click.ClickException: it is none; the line says which word is wrong.
    """
    from appliance.ledger import papermend
    from appliance.ledger.keys import RootPaper

    if file is None:
        typed = click.prompt(
            f"{question}: its words, its letters, or its code read by a scanner", hide_input=True
        )
    else:
        try:
            typed = file.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise Stop(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    wrong = BadPaper("another paper")
    try:
        paper = RootPaper.parse(typed)
        if fits is None or fits(paper):
            return paper
    except BadPaper as error:
        paper, wrong = None, error
    if fits is not None and (found := papermend.find(typed, fits)) is not None:
        raise refuse(
            BadPaper(f"that is nearly the paper: {found.said}. Put it right on the paper, and type it again")
        ) from wrong
    if paper is None:
        raise refuse(BadPaper(f"that is no root paper: {wrong}")) from wrong
    return paper  # of another hub: whoever asked says so


def progress() -> Callable[[str, int, int], None] | None:
    """One line that stays where it is, for who looks on."""
    if not sys.stderr.isatty():
        return None

    def show(what: str, done: int, total: int) -> None:
        share = 100 * done // total if total else 100
        click.echo(f"\r{what:<10} {share:>3} %  ", nl=False, err=True)

    return show


def when(at: "Instant") -> str:
    """A moment for the terminal, with how far it is to be believed."""
    from datetime import UTC, datetime

    from appliance.ledger.clock import Quality

    try:
        day = f"{datetime.fromtimestamp(at.ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        day = f"{at.ms} ms"
    return day if at.quality >= Quality.KEEPER else f"{day} (by a clock nobody has set)"


# ---------------------------------------------------------------------------------------- backup


@click.command()
@data_option
@click.option("--status", is_flag=True, help="Make none; print what is known of the last ones.")
@click.argument("target", type=_PLACE, required=False, metavar="[FILE|DIRECTORY]")
def backup(data: Path, status: bool, target: Path | None) -> None:
    """Make a backup now, while the hub works: into the folder of hub.toml, or to a new FILE or a DIRECTORY.

    It is sealed for the hub's root paper: without the paper nobody opens it, not even this box. It is read back
    before it gets its name, and goes to every stick that is plugged in.
    """
    from appliance.ledger.backups import Backups
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    try:
        backups = Backups(hub)
        if not status:
            made = backups.run(target, progress())
            click.echo(f"{made.path}")
            h = made.header
            click.echo(f"holds the book up to entry {h.head.number}, {made.size} bytes; read back and right")
            # What was put on sticks is said below, and what could not be.
        _say_state(backups.state(), quiet=not status)
        if status:
            for copy in backups.copies():
                click.echo(f"  {copy.path.name}  {copy.size} bytes  {when(copy.header.at)}")
    finally:
        hub.close()


def _say_state(state: "State", quiet: bool) -> None:
    if not quiet:
        good = state.good
        click.echo(
            "no backup has been made by this box"
            if good is None
            else f"last good    {when(good.at)}, up to entry {good.number}: {good.path}"
        )
        if state.failed is not None:
            click.echo(f"FAILED       {when(state.failed.at)}: {state.failed.reason}")
    for done in state.sticks:
        click.echo(f"stick        {done.path}: up to entry {done.number}, {when(done.at)}")
    if state.stick_failed is not None:
        click.echo(f"FAILED       {state.stick_failed.stick}: {state.stick_failed.reason}")


# ---------------------------------------------------------------------------------------- rehearse


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--data",
    type=_PLACE,
    help="The hub it should be of; another's is refused then before the paper is asked for.",
)
@click.option("--paper-file", type=_FILE, help="Read the root paper from this file instead of asking for it.")
@click.option("--balances", is_flag=True, help="Print the balance of every account too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def rehearse(file: Path, data: Path | None, paper_file: Path | None, balances: bool, as_json: bool) -> None:
    """Try out the backup FILE: open it with the root paper, replay its whole book, and throw the copy away.

    Nothing is changed anywhere. Ends with 0 when this file and this paper would bring the hub back.
    """
    from appliance.ledger import boxfile, rehearsal
    from appliance.ledger.book.backup import check_whose, read_header
    from appliance.ledger.clock import SystemClock

    try:
        header = read_header(file)
        place = None if data is None else boxfile.read(data).place
        if place is not None:
            check_whose(header, place)
        if not as_json:
            click.echo(
                f"A backup of {header.hub_name} ({header.place.hub}) in {header.community}, made {when(header.at)}."
            )
        paper = read_paper(
            f"The root paper of {header.hub_name}",
            paper_file,
            lambda one: one.backup_public == header.reader,
        )
        found = rehearsal.rehearse(file, paper, SystemClock(), place, progress())
    except (BackupDamaged, BackupOfAnother, BackupNewer) as error:
        raise refused(error) from error
    except PaperDoesNotFit as error:
        raise refused(
            PaperDoesNotFit(
                f"that paper does not open it: the root paper of {header.hub_name} ({header.place.hub}) does"
            )
        ) from error
    if as_json:
        click.echo(json.dumps(_as_json(found, balances)))
        return
    _say(found, balances)


def _as_json(found: "Rehearsed", balances: bool) -> dict[str, object]:
    h = found.header
    told: dict[str, object] = {
        "hub": h.place.hub,
        "hub_name": h.hub_name,
        "community": h.community,
        "incarnation": h.place.incarnation,
        "head": str(h.head),
        "made_ms": h.at.ms,
        "quality": int(h.at.quality),
        "release": h.release,
        "members": found.members,
        "sum": found.total,
        "unit": found.unit.symbol,
        "decimals": found.unit.decimals,
        "keys": found.keys,
    }
    return told | ({"balances": dict(found.balances)} if balances else {})


def _say(found: "Rehearsed", balances: bool) -> None:
    h, unit = found.header, found.unit
    if balances:
        for name, balance in found.balances:
            click.echo(f"{name:>12}  {unit.plain(balance)} {unit.symbol}")
    click.echo(f"members     {found.members}")
    click.echo(f"accounts    {len(found.balances)}, sum {unit.plain(found.total)} {unit.symbol}")
    click.echo(f"head        {h.head}")
    click.echo(
        f"This file and this paper bring {h.hub_name} back as it was {when(h.at)}, with entry {h.head.number}."
    )
    click.echo(
        "It does not hold what was written after that: payments at home are typed in again from slips, "
        "payments with other hubs come back from the neighbours."
    )


COMMANDS: tuple[click.Command, ...] = (backup, rehearse)
"""What ``appliance.cli`` mounts."""
