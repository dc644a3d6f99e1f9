"""The `hub` command. Each package brings its own commands; this file only mounts them.

It imports them late, when they are asked for: on a small board loading everything takes seconds, and `hub --help`
should not.
"""

import click

import appliance


@click.group()
@click.version_option(appliance.__version__, prog_name="hub")
def main() -> None:
    """TechnoCommune Hub: a box a village can run by itself."""
