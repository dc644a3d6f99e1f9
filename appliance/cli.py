"""The `hub` command. Each package brings its own commands; this file only mounts them.

It imports them late, when they are asked for: on a small board loading everything takes seconds, and `hub --help`
should not.
"""

from collections.abc import Sequence
from pathlib import Path

import click

import appliance
from appliance.bench import cli as bench_commands
from appliance.ledger import cli as ledger_commands
from appliance.ledger import (
    cli_backup,
    cli_care_air,
    cli_community,
    cli_explain,
    cli_files,
    cli_https,
    cli_paper,
    cli_restore,
    cli_status,
    cli_verify,
    cli_yearly,
)
from appliance.ledger.cli import DATA, HubGroup, data_option
from appliance.matching import cli as matching_commands
from appliance.radio import cli as radio_commands
from appliance.radio.simulation import cli as simulation_commands

port_option = click.option(
    "--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="The port of the portal."
)


def _paper_page(sheets: Sequence[cli_paper.Sheet], language: str) -> str:
    from appliance.web.desk import root_paper

    return root_paper.page(sheets, language)


@click.group(cls=HubGroup, context_settings={"obj": _paper_page})
@click.version_option(appliance.__version__, prog_name="hub")
def main() -> None:
    """TechnoCommune Hub: a box a village can run by itself.

    Exit codes: 0 done; 1 a verification found a difference, or the person stopped; 2 it could
    not be done, and one line says why; 3 (hub radio run) the book is damaged: not to be started again.
    """


@main.command()
@data_option
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")  # noqa: S104 - phones on the hub's Wi-Fi
@port_option
@click.option(
    "--address",
    metavar="URL",
    help="Where phones find the portal, such as http://river.hub.internal: what codes on printed cards lead to.",
)
@click.option(
    "--https",
    type=click.IntRange(1, 65535),
    help="Serve by https too, on this port, with the hub's own authority; needs --address.",
)
def serve(data: Path, host: str, port: int, address: str | None, https: int | None) -> None:
    """Start the portal of the hub in a data directory."""
    from appliance.web import server

    server.serve(data, host, port, address, https=https)


@main.command()
@click.option("--data", type=DATA, help="Where the villages live; by default among the person's own data.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="The port of River's portal.",
)
@click.option(
    "--hill-port",
    type=click.IntRange(1, 65535),
    default=8081,
    show_default=True,
    help="The port of Hill's portal.",
)
@click.option("--fresh", is_flag=True, help="Throw the villages away and make them anew.")
def demo(data: Path | None, host: str, port: int, hill_port: int, fresh: bool) -> None:
    """Start the sample villages of River and Hill, three months old, with a radio between them."""
    from appliance import demo as villages

    villages.run(data, host, (port, hill_port), fresh)


for _command in (
    *ledger_commands.COMMANDS,
    *cli_community.COMMANDS,
    *cli_files.COMMANDS,
    *cli_https.COMMANDS,
    *cli_backup.COMMANDS,
    *cli_paper.COMMANDS,
    *cli_explain.COMMANDS,
    *cli_care_air.COMMANDS,
    *cli_status.COMMANDS,
    *cli_verify.COMMANDS,
    *cli_yearly.COMMANDS,
    *cli_restore.COMMANDS,
    *radio_commands.COMMANDS,
    *simulation_commands.COMMANDS,
    *matching_commands.COMMANDS,
    *bench_commands.COMMANDS,
):
    main.add_command(_command)

if __name__ == "__main__":
    main()
