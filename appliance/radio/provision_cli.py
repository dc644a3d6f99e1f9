"""``hub radio provision``: sets the hub's Meshtastic node up, after showing what would change."""

import time
from pathlib import Path
from typing import Final

import click

from appliance.ledger.cli import Stop, data_option
from appliance.radio.airtime import PRESETS

ROLES: Final = ("CLIENT", "CLIENT_MUTE", "CLIENT_BASE")
"""As in ``links.wish``; named here so that ``--help`` need not load it."""


@click.command()
@data_option
@click.option("--radio", "setting", metavar="SETTING", help="Another node than the one in hub.toml.")
@click.option(
    "--region", help="Of your country, by Meshtastic's name: EU_868, US, ... As it is, if left out."
)
@click.option(
    "--preset", type=click.Choice(list(PRESETS)), default="MEDIUM_FAST", show_default=True, help="Modulation."
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="CLIENT",
    show_default=True,
    help="CLIENT on a good place, CLIENT_MUTE indoors.",
)
@click.option("--hops", type=click.IntRange(0, 7), help="Hop limit. As it is, if left out.")
@click.option("--yes", is_flag=True, help="Write without asking.")
def provision(
    data: Path, setting: str | None, region: str | None, preset: str, role: str, hops: int | None, yes: bool
) -> None:
    """Set the node up for the hubs of this community: show what would change, ask, write, read it back."""
    from appliance.ledger import settings
    from appliance.ledger.clock import SystemClock
    from appliance.ledger.reads.radio import radio_running
    from appliance.radio.links.open import open_node
    from appliance.radio.links.provision import Provisioner
    from appliance.radio.links.wish import Wish

    told = settings.read(data)
    chosen = told.radio if setting is None else settings.check_radio(setting)
    node = open_node(chosen)
    name, key = _channel(data)
    wish = Wish(preset, role, name, key, region, hops, told.channel)
    if radio_running(data):
        raise Stop(
            "the radio's process holds the node: stop “hub radio run” first, and start it again afterwards"
        )
    provisioner = Provisioner(node, SystemClock(), time.sleep)
    found = provisioner.look(wish)
    click.echo(f"node {found.name or 'without a name'}, firmware {found.firmware or 'unknown'}, at {chosen}")
    if not found.changes:
        click.echo("It is as it should be; nothing to write.")
        return
    width = max(len(change.setting) for change in found.changes)
    for change in found.changes:
        click.echo(f"  {change.setting:<{width}}  {change.now or 'nothing'} -> {change.then or 'nothing'}")
    if not yes:
        click.confirm("Write this to the node? It starts anew afterwards.", abort=True)
    written = provisioner.write(wish, found)
    click.echo(f"Written and read back: {len(written)} settings.")


def _channel(data: Path) -> tuple[str, bytes]:
    """The name and the key of the community's channel: the same at each of its hubs, without being carried there."""
    from appliance.ledger import codec
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    try:
        group, community = hub.box.group_key, hub.box.place.community
    finally:
        hub.close()
    if group is None:
        raise Stop("this hub is of no community of hubs yet: the channel's key comes from the community's")
    return f"hubs-{community.hex()[:6]}", codec.digest("tch.mesh.psk", community, key=group)
