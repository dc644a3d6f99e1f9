"""Commands that bring a hub into a community: three small files, carried by hand.

invite -> (hub init --invitation) -> apply -> admit -> join. None of the files is secret; the
paper of the community's founders is asked for once, in ``admit``, and not kept.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from appliance.ledger.cli import Stop, data_option
from appliance.ledger.errors import BadEncoding, BadPaper, BadSignature, HubError

if TYPE_CHECKING:
    from appliance.ledger.community import Invitation
    from appliance.ledger.hub import Hub
    from appliance.ledger.keys import RootPaper

_IN = click.Path(path_type=Path, dir_okay=False)
_LARGEST: Final = 1 << 20
"""Bytes of a file that is read at all; a roster of 255 hubs has some 120,000."""

_Read = TypeVar("_Read")


def _read(path: Path, what: str, parse: Callable[[bytes], _Read]) -> _Read:
    """What is in a file that somebody carried here.

    Raises:
        Stop: it cannot be read, is damaged, or is another kind of file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise Stop(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise Stop(f"{path} is no {what}: it is too large")
    try:
        return parse(data)
    except BadEncoding as error:
        raise Stop(f"{path} is no {what}, or it is damaged: copy it again ({error})") from error
    except BadSignature as error:
        raise Stop(f"{path} is no {what} that holds: its keys were changed on the way ({error})") from error


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise Stop(f"{path} is there already: choose another name") from error
    except OSError as error:
        raise Stop(f"{path} cannot be written: {error.strerror}") from error


def read_invitation(path: Path) -> "Invitation":
    """The invitation in a file.

    Raises:
        Stop: there is none that can be read.
    """
    from appliance.ledger.community import Invitation

    return _read(path, "invitation", Invitation.from_bytes)


def _open(data: Path) -> "Hub":
    from appliance.ledger.hub import Hub

    return Hub.open(data)


@click.group()
def community() -> None:
    """Hubs that trade with each other: invite, apply, admit, join."""


@community.command()
@data_option
@click.option(
    "--number",
    type=click.IntRange(101, 999),
    required=True,
    help="The new hub's number; the first three digits of every account there.",
)
@click.option("--name", required=True, metavar="HILL", help="The new village's name.")
@click.argument("file", type=_IN)
def invite(data: Path, number: int, name: str, file: Path) -> None:
    """Write FILE, an invitation for a new hub. It holds no secret."""
    from appliance.ledger import community as papers

    hub = _open(data)
    try:
        invitation = papers.invite(hub, number, name)
    finally:
        hub.close()
    _write(file, invitation.to_bytes())
    click.echo(f"Carry {file} to {name}. There: hub init --data DIRECTORY --invitation {file.name}")


@community.command()
@data_option
@click.argument("file", type=_IN)
def apply(data: Path, file: Path) -> None:
    """Write FILE, with which this hub asks to be admitted. It holds no secret."""
    from appliance.ledger import community as papers

    hub = _open(data)
    try:
        _complete(hub)
        application = papers.apply_for(hub)
    finally:
        hub.close()
    _write(file, application.to_bytes())
    click.echo(
        f"Carry {file} to the founders. There: hub community admit --data DIRECTORY {file.name} roster"
    )


def _complete(hub: "Hub") -> None:
    """Ask for the root paper of a hub that was founded before hubs had neighbours."""
    from appliance.ledger import community as papers
    from appliance.ledger.keys import RootPaper

    if hub.box.box_key is not None:
        return
    typed = click.prompt("This hub's own root paper, all its groups", hide_input=True)
    try:
        papers.use_paper(hub, RootPaper.parse(typed))
    except BadPaper as error:
        raise Stop(f"that is not this hub's root paper: {error}") from error


@community.command()
@data_option
@click.argument("files", type=_IN, nargs=-1, required=True, metavar="[APPLICATION]... ROSTER")
def admit(data: Path, files: tuple[Path, ...]) -> None:
    """Admit the hubs whose APPLICATIONs these are, and write the ROSTER file for all of them.

    Asks for the root paper of the community's founders. Any hub that is of the community
    already can do it; the first time, the founders' own. With no APPLICATION that one admits itself alone, which
    lets it make proofs of care: only a hub that was founded before it did so by itself needs that.
    """
    from appliance.ledger import community as papers

    *asking, roster = files
    alone = not asking
    if roster.exists():
        raise Stop(f"{roster} is there already: choose another name for the roster")
    applications = [_read(path, "application", papers.Application.from_bytes) for path in asking]
    hub = _open(data)
    try:
        _complete(hub)
        for one in applications:
            click.echo(f"{one.name} ({one.hub}) asks to be admitted; its root key is {one.root_key.hex()}")
        written = papers.admit(hub, applications, _founders())
    finally:
        hub.close()
    _write(roster, written)
    if alone:
        click.echo("This hub stands in its community's roster, and can make proofs of care.")
    click.echo(f"Carry {roster} to every hub. There: hub community join --data DIRECTORY {roster.name}")


@community.command()
@data_option
@click.argument("file", type=_IN)
def join(data: Path, file: Path) -> None:
    """Take in the roster FILE: from then on this hub knows its neighbours."""
    from appliance.ledger import community as papers
    from appliance.ledger.people.roster import Admission
    from appliance.ledger.people.rulings import Ruling

    hub = _open(data)
    try:
        _complete(hub)
        new = _read(file, "roster", lambda roster: papers.join(hub, roster))
        names = [
            f"{one.name} ({one.hub})" for one in new if isinstance(one, Admission) and one.hub != hub.number
        ]
        lives = [one.certificate.hub for one in new if isinstance(one, Ruling)]
    finally:
        hub.close()
    if not new:
        click.echo("This hub has that roster already.")
        return
    for number in lives:
        click.echo(f"The founders have ruled: hub {number} goes on in a new life.")
    if names or not lives:
        click.echo(f"Neighbours from now on: {', '.join(names) or 'none yet'}.")


@community.command()
@data_option
@click.argument("file", type=_IN)
def certificate(data: Path, file: Path) -> None:
    """Write FILE, the certificate of this hub's present life, for the founders to rule on after a fork.

    It holds no secret. A hub comes into its next life by `hub restore`.
    """
    from appliance.ledger import community as papers

    hub = _open(data)
    try:
        written = papers.certificate_file(hub)
    finally:
        hub.close()
    _write(file, written)
    click.echo(f"Carry {file} to the founders. There: hub community rule --data DIRECTORY {file.name} roster")


@community.command()
@data_option
@click.argument("file", type=_IN, metavar="CERTIFICATE")
@click.argument("roster", type=_IN)
def rule(data: Path, file: Path, roster: Path) -> None:
    """End a fork: the hub of CERTIFICATE goes on in that life, and no other; write the ROSTER for all hubs.

    Asks for the root paper of the community's founders. Look at the hub first: is there one box alone
    that holds its keys?
    """
    from appliance.ledger import community as papers

    if roster.exists():
        raise Stop(f"{roster} is there already: choose another name for the roster")
    found, signature = _read(file, "certificate", papers.read_certificate)
    hub = _open(data)
    try:
        _complete(hub)
        click.echo(
            f"Hub {found.hub} goes on in life {found.incarnation}; its key is {found.signing_key.hex()}"
        )
        written = papers.rule(hub, found, signature, _founders())
    finally:
        hub.close()
    _write(roster, written)
    click.echo(f"Carry {roster} to every hub. There: hub community join --data DIRECTORY {roster.name}")


def _founders() -> "RootPaper":
    """The founders' root paper, typed in."""
    from appliance.ledger.keys import RootPaper

    typed = click.prompt("The community's root paper, all its groups", hide_input=True)
    try:
        return RootPaper.parse(typed)
    except HubError as error:
        raise Stop(f"that is no root paper: {error}") from error


@community.command(name="list")
@data_option
def list_(data: Path) -> None:
    """Print the hubs of the community in the order of their admission."""
    from appliance.ledger.book.schema import RosterRow

    hub = _open(data)
    try:
        with hub.reading() as tx:
            rows = tx.rows(RosterRow.select().order_by(RosterRow.seq))
        number = hub.number
    finally:
        hub.close()
    if not rows:
        click.echo("This hub is of no community of hubs yet.")
    for row in rows:
        click.echo(f"{row.seq:>3}  {row.hub}  {row.name}{'  (this hub)' if row.hub == number else ''}")


COMMANDS: tuple[click.Command, ...] = (community,)
"""What ``appliance.cli`` mounts."""
