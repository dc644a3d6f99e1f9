"""``hub radio trace``: what goes over the radio, as it happens."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from appliance.ledger.cli import Stop, data_option
from appliance.ledger.errors import DataDirectoryError
from appliance.radio.trace_text import KINDS, Totals, Words, chosen

_AGAIN_SECONDS: Final = 1.0


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print each line as one of JSON.")
@click.option("--hub", "hubs", type=int, multiple=True, metavar="NUMBER", help="Only what concerns this hub.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only lines of this kind.")
@click.option("--count", type=click.IntRange(1), help="End after so many lines, with 0.")
@click.option("--follow", is_flag=True, help="When the radio's process ends, wait until it is back.")
@click.pass_context
def trace(
    ctx: click.Context,
    data: Path,
    as_json: bool,
    hubs: tuple[int, ...],
    kinds: tuple[str, ...],
    count: int | None,
    follow: bool,
) -> None:
    """Print every frame that is sent or heard, as it happens, until Ctrl-C. Ends with 1 when the process does.

    Also what was lost, what the radio did not take, and when the link to it comes and goes. Sealed
    parts stay sealed: it shows no more than a radio in the next village hears.
    """
    totals, shown, ended = Totals(), 0, False
    try:
        lines = _lines(data, follow)
        first = next(lines)
        words, greeting = _greeting(data)
        click.echo(greeting, err=True)
        if as_json:
            _print(first)
        for line in lines:
            if "status" in line:
                click.echo("The radio's process has begun again.", err=True)
                continue
            if not chosen(line, hubs, kinds):
                continue
            totals.add(line)
            if as_json:
                _print(line)
            else:
                click.echo(words.line(line))
            shown += 1
            if shown == count:
                break
        else:
            ended = True
    except KeyboardInterrupt:
        pass
    for text in () if as_json else totals.lines():
        click.echo(text, err=True)
    if ended:
        click.echo("The radio's process has ended.", err=True)
        ctx.exit(1)


def _print(line: dict[str, Any]) -> None:
    click.echo(json.dumps(line, ensure_ascii=False))


def _lines(data: Path, follow: bool) -> Iterator[dict[str, Any]]:
    """What the process tells, its greeting first; with ``follow`` also what the next one does."""
    from appliance.radio.trace import listen

    begun = False
    while True:
        try:
            for line in listen(data):
                begun = True
                yield line
            if not begun:
                raise Stop("the radio's process takes no more listeners, or has just ended")
        except DataDirectoryError:  # none is there, or it ended in the middle of a line
            if not begun:
                raise
        if not follow:
            return
        time.sleep(_AGAIN_SECONDS)


def _greeting(data: Path) -> tuple[Words, str]:
    """The words of this hub's traces, and the first line of one."""
    from appliance.ledger.hub import Hub
    from appliance.ledger.reads import radio as reads

    hub = Hub.open(data)
    try:
        named = hub.rules().community
        with hub.reading() as tx:
            names = {one.hub: one.name for one in reads.neighbours(tx, hub.number)}
        names[hub.number] = named.hub_name
        known = ", ".join(f"{number} {name}" for number, name in sorted(names.items()))
        greeting = f"listening to hub {hub.number}, {named.hub_name}; Ctrl-C ends it\nhubs: {known}"
        return Words(named.counted_in, names), greeting
    finally:
        hub.close()
