"""Commands about the hub's own authority for https."""

from pathlib import Path

import click

from appliance.ledger.cli import Stop, data_option


@click.group()
def https() -> None:
    """The hub's own authority, for phones that want https (hub serve --https)."""


@https.command()
@data_option
def show(data: Path) -> None:
    """Say for which name the authority speaks, and its fingerprint to compare with a phone."""
    from appliance.ledger import authority, boxfile

    boxfile.read(data)
    found = authority.read(data)
    if found is None:
        raise Stop("there is no authority yet: it is made when https is first served (hub serve --https)")
    click.echo(
        f"{found.name}: the hub's own authority speaks for this name alone, until {authority.LAST.date()}"
    )
    click.echo("SHA-256, as phones show it:")
    for line in authority.in_groups(found.fingerprint):
        click.echo(f"  {line}")


@https.command()
@data_option
@click.option(
    "--authority",
    "name",
    metavar="NAME",
    help="Make a new authority as well, for this host name or address: every phone must take it anew.",
)
def renew(data: Path, name: str | None) -> None:
    """Make the portal's key and certificate for https anew; a running portal takes them within a minute."""
    from appliance.ledger import authority, boxfile
    from appliance.ledger.hub import Hub

    boxfile.read(data)
    hub = Hub.open(data)
    try:
        now = hub.clock.now().ms
    finally:
        hub.close()
    found = authority.new(data, name) if name else authority.read(data)
    if found is None:
        raise Stop("there is no authority yet: it is made when https is first served (hub serve --https)")
    authority.renew(data, found, now)
    click.echo(f"Made anew for {found.name}.")
    if name:
        click.echo("The portal must be started again under this name; phones must take the new authority.")


COMMANDS = (https,)
