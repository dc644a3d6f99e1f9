"""``hub care let``, ``ask`` and ``asked``: the proof of a claim from another hub, over the radio."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance.ledger.cli import Stop, data_option
from appliance.ledger.cli_care import care

if TYPE_CHECKING:
    from appliance.ledger.book.local import ProofAsked
    from appliance.ledger.hub import Hub

_NUMBER: Final = click.IntRange(101, 999)
_WHY: Final = {
    "not_for_you": (
        "no such claim there, or it is not for this hub. A keeper there can let it: "
        "hub care let CLAIM HUB, with this hub's number"
    ),
    "not_settled": "not enough people have confirmed it yet, or it was taken back or refused",
    "no_form": "it has no form for the radio: let the file be brought (there: hub care export)",
}


def _open(data: Path) -> "Hub":
    from appliance.ledger.hub import Hub

    return Hub.open(data)


def _neighbour(hub: "Hub", number: int) -> None:
    from appliance.ledger import proofpost

    with hub.reading() as tx:
        known = proofpost.in_roster(tx, number)
    if number == hub.number or not known:
        raise Stop(f"{number} is not another hub of this community")


@care.command()
@click.argument("claim")
@click.argument("hub_number", metavar="HUB", type=_NUMBER)
@data_option
def let(claim: str, hub_number: int, data: Path) -> None:
    """Let HUB have the proof of CLAIM over the radio, when it asks.

    CLAIM is the code of the claim, its address or its id. The proof tells members' numbers: who cared, who was cared for, who
    confirmed. A hub whose member confirmed the claim may have it without this.
    """
    from appliance.ledger import proofpost
    from appliance.ledger.reads import care_proof

    hub = _open(data)
    try:
        _neighbour(hub, hub_number)
        with hub.store.write() as tx:
            found = care_proof.find(tx, claim)
            if found is None:
                raise Stop("no claim of this hub has that code or id")
            proofpost.let(tx, found, hub_number, hub.clock.now())
            ident = bytes(found.id).hex()
        click.echo(
            f"Hub {hub_number} may ask for it. There: hub care ask {hub.number} {ident} --data DIRECTORY"
        )
    finally:
        hub.close()


@care.command()
@click.argument("hub_number", metavar="HUB", type=_NUMBER)
@click.argument("claim")
@data_option
def ask(hub_number: int, claim: str, data: Path) -> None:
    """Ask HUB over the radio for the proof of its CLAIM; it is checked here when it has come.

    CLAIM is the claim's id, as a keeper there reads it (hub care let); or the address of an ask to people of this hub. The
    radio asks until all is here (hub care asked).
    """
    from appliance.ledger import proofpost

    hub = _open(data)
    try:
        _neighbour(hub, hub_number)
        with hub.store.write() as tx:
            about = proofpost.about_named(tx, hub_number, claim)
            if about is None:
                raise Stop(
                    "a claim's id has 32 hexadecimal digits; a keeper there reads it with: hub care let"
                )
            if not proofpost.ask(tx, hub_number, about, hub.clock.now()):
                raise Stop(
                    f"{proofpost.MOST_ASKED} proofs are being asked for already: wait for one (hub care asked)"
                )
    finally:
        hub.close()
    click.echo(f"The radio asks hub {hub_number}. How it stands: hub care asked --data {data}")


@care.command()
@data_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the proofs that hold into this directory, for: hub care verify.",
)
def asked(data: Path, out: Path | None) -> None:
    """Tell how the proofs stand that this hub asked others for: asked, so many parts of so many here, holds, or why not."""
    from appliance.ledger import proofpost
    from appliance.ledger.reads.radio import radio_running

    hub = _open(data)
    try:
        with hub.reading() as tx:
            rows = proofpost.asked(tx)
        runs = radio_running(hub.data)
    finally:
        hub.close()
    if not rows:
        click.echo("No proof has been asked for.")
    for row in rows:
        kept = "; an earlier one that holds is here" if row.proof and row.state != proofpost.VALID else ""
        click.echo(f"Hub {row.hub}, {bytes(row.about).hex()}: {_state(row, runs)}{kept}.")
        if out is not None and row.proof:
            click.echo(f"  {_written(row, out)}")


def _state(row: "ProofAsked", runs: bool) -> str:
    parts = f"{row.held} of {row.parts} parts are here" if row.parts else "nothing is here yet"
    if row.state == "asked":
        return f"asked, {parts}" + ("" if runs else "; the radio does not run (hub radio run)")
    if row.state == "valid":
        return f"IT HOLDS ({row.parts} parts)"
    if row.state == "refused":
        return f"the hub sends none: {_WHY.get(row.why, row.why)}"
    if row.state == "silent":
        return f"no answer, {parts}; ask again: hub care ask"
    return f"DOES NOT HOLD ({row.why})"


def _written(row: "ProofAsked", out: Path) -> str:
    file = out / f"{row.hub}-{bytes(row.about).hex()}.proof"
    try:
        with file.open("xb") as opened:
            opened.write(bytes(row.proof or b""))
    except FileExistsError:
        return f"{file} is there already"
    except OSError as error:
        raise Stop(f"{file}: {error.strerror}") from error
    return f"{file} written"


COMMANDS: tuple[click.Command, ...] = (care,)
"""What ``appliance.cli`` mounts: the group of ``cli_care``, with these."""
