"""``hub bench``: how fast this box is. The heavy imports are inside the commands."""

import json
from pathlib import Path

import click

from appliance.ledger.cli import DATA


@click.group()
def bench() -> None:
    """How fast this box is: each figure beside the least that the same server and disk can do."""


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--size",
    type=click.IntRange(100, 1_000_000),
    default=240_000,
    show_default=True,
    metavar="TRANSFERS",
    help="The history of the largest village; members and listings follow from it.",
)
@click.option(
    "--clients", type=click.IntRange(1, 64), default=8, show_default=True, help="Phones that pay at once."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    help="How long each figure is measured.",
)
@click.option(
    "--directory",
    type=DATA,
    help="Where the villages are made, on the disk to measure; kept for the next run. By default a temporary one.",
)
def ledger(as_json: bool, size: int, clients: int, seconds: float, directory: Path | None) -> None:
    """Measure paying, pages and verifying on a village that is made for it.

    No hub of yours is touched. The largest size takes some minutes to make and a gigabyte.
    """
    from appliance.bench import ledger as bench_ledger
    from appliance.bench.text import text

    wanted = bench_ledger.Wanted(size, clients, seconds)
    found = bench_ledger.run(wanted, directory, lambda line: click.echo(line, err=True))
    click.echo(json.dumps(found, indent=1) if as_json else text(found))


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--size",
    type=click.IntRange(100, 100_000),
    default=10_000,
    show_default=True,
    metavar="LISTINGS",
    help="How many listings; 1,000 are measured beside it, in the book 1,500.",
)
def matching(as_json: bool, size: int) -> None:
    """Measure matching, one listing more, and trade loops, on listings that are made for it; and one more in a book."""
    from appliance.bench import matching as bench_matching

    found = bench_matching.run(size, lambda line: click.echo(line, err=True))
    click.echo(json.dumps(found, indent=1) if as_json else bench_matching.text(found))


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--phones",
    type=click.IntRange(2, 200),
    default=20,
    show_default=True,
    help="Phones that sign in at once.",
)
@click.option(
    "--passes",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="Argon2id's passes over its memory.",
)
@click.option(
    "--memory",
    type=click.IntRange(8, 1024),
    default=64,
    show_default=True,
    metavar="MIB",
    help="Argon2id's memory.",
)
def pins(as_json: bool, phones: int, passes: int, memory: int) -> None:
    """Measure checking a PIN: time, memory, and the queue when many phones sign in at once."""
    from appliance.bench import pins as bench_pins

    found = bench_pins.run(phones, passes, memory)
    click.echo(json.dumps(found, indent=1) if as_json else bench_pins.text(found))


@bench.command()
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--rounds",
    type=click.IntRange(10, 10_000),
    default=200,
    show_default=True,
    metavar="FRAMES",
    help="Frames of each kind that are made and read.",
)
def radio(as_json: bool, rounds: int) -> None:
    """Measure a payment on the air beside other ways to say it, and what the radio's engine costs this box."""
    from appliance.bench import radio as bench_radio

    found = bench_radio.run(rounds)
    click.echo(json.dumps(found, indent=1) if as_json else bench_radio.text(found))


COMMANDS = (bench,)
