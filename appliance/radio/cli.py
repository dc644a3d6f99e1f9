"""Commands of the radio: run its process, see how it is, listen to it; try it without hardware.

The heavy imports are inside the commands: on a small board loading everything takes seconds,
and ``hub --help`` should not.
"""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from appliance.ledger.cli import Stop, data_option
from appliance.ledger.errors import HubError
from appliance.radio.emulated import cli as emulated
from appliance.radio.provision_cli import provision
from appliance.radio.trace_cli import trace

if TYPE_CHECKING:
    from appliance.ledger.clock import Instant
    from appliance.ledger.reads.radio import NeighbourView, RadioState
    from appliance.ledger.values import Unit


@click.group()
def radio() -> None:
    """The radio: its process, how it is, and what goes over it."""


# -------------------------------------------------------------------------------------- run


@radio.command()
@data_option
@click.option(
    "--radio",
    "setting",
    metavar="SETTING",
    help="Which radio, in place of the one in hub.toml: tcp://HOST:PORT, serial:PATH, sim://HOST:PORT.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log every frame, not only what changes.")
def run(data: Path, setting: str | None, verbose: bool) -> None:
    """Speak with the other hubs through the radio, until told to stop (Ctrl-C or SIGTERM)."""
    import logging

    from appliance.ledger import settings

    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("peewee").setLevel(logging.WARNING)
    told = settings.read(data)
    chosen = told.radio if setting is None else settings.check_radio(setting)
    if chosen == settings.NO_RADIO:
        raise Stop(f"this hub has no radio: name one in {data / settings.FILE}, or with --radio")
    _run(data, chosen, told)


class Damaged(Stop):
    """The book is damaged. Whatever starts the radio again must not do it after this code: it would end the same way."""

    exit_code = 3


_AGAIN_MS = 600_000
"""How long the radio runs that was started while the book was in doubt (``book.presence``)."""


def _run(data: Path, chosen: str, told: Any) -> None:
    import secrets
    from random import Random

    from appliance.ledger import start
    from appliance.ledger.book import startup
    from appliance.ledger.errors import BookDamaged
    from appliance.ledger.hub import Hub
    from appliance.radio.links.open import open_link
    from appliance.radio.service import Service, only_one

    told_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: told_to_stop.append(received))
    try:
        hub = Hub.open(data)
    except BookDamaged as damage:
        raise Damaged(f"the radio says nothing: {damage}; {start.NEXT_STEP}") from damage
    try:
        with only_one(data, lambda: hub.clock.uptime().ms):
            start.begin(hub, "radio")
            if hub.store.closed:
                raise Damaged(f"the radio says nothing: {hub.store.closed}")
            link = open_link(chosen, hub.clock, channel=told.channel, hops=told.hop_limit)
            # Waiting times only, nothing secret; but two hubs must not draw the same ones.
            service = Service(hub, link, chosen, Random(secrets.randbits(64)))  # noqa: S311 - waits, no secrets
            # Not at once when it was so at the start: then somebody else has it open for long.
            leave_from = hub.clock.uptime().ms + (_AGAIN_MS if hub.store.in_doubt else 0)

            def ended() -> bool:
                doubted = hub.store.in_doubt and hub.clock.uptime().ms >= leave_from
                return bool(told_to_stop) or doubted

            service.run(ended)
            startup.stopped_cleanly(hub.store, "radio")
            if not told_to_stop:
                raise Stop("the radio has to start again: the card failed, and the book has to be looked at")
    finally:
        hub.close()


# -------------------------------------------------------------------------------------- status


@radio.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def status(ctx: click.Context, data: Path, as_json: bool) -> None:
    """Print how the radio is and how the neighbours are. Ends with 1 when its process does not run."""
    from appliance.ledger import settings
    from appliance.ledger.hub import Hub
    from appliance.ledger.reads import radio as reads

    told = settings.read(data)
    hub = Hub.open(data)
    try:
        with hub.reading() as tx:
            state = reads.radio_state(tx)
            neighbours = reads.neighbours(tx, hub.number)
        unit = hub.rules().community.counted_in
        now = hub.clock.now()
    finally:
        hub.close()
    running = reads.radio_running(data)
    live = _live(data) if running else None
    if as_json:
        found = {
            "running": running,
            "setting": told.radio,
            "state": None if state is None else asdict(state),
            "neighbours": [asdict(one) for one in neighbours],
            "live": live,
        }
        click.echo(json.dumps(found))
    else:
        for line in _state_lines(told.radio, running, state, now):
            click.echo(line)
        for line in _live_lines(live):
            click.echo(line)
        for one in neighbours:
            click.echo("\n".join(_neighbour_lines(one, unit, now)))
    if not running and told.has_radio:
        ctx.exit(1)


def _live(data: Path) -> dict[str, Any] | None:
    """What the process says of itself; None when it does not answer in time."""
    from appliance.radio.trace import listen

    try:
        first = next(listen(data, timeout=3.0), None)
    except HubError:
        return None
    return None if first is None else first.get("status")


def _state_lines(setting: str, running: bool, state: "RadioState | None", now: "Instant") -> list[str]:
    lines = [f"setting      {setting}", f"process      {'running' if running else 'not running'}"]
    if state is None:
        return lines
    reason = f" ({state.reason})" if state.reason else ""
    was = "" if running else ", when its process last wrote"
    lines.append(f"radio        {state.state}{reason}, {_ago(state.since_ms, now)}{was}")
    if state.setting != setting:
        lines.append(f"uses         {state.setting}")
    named = " ".join(word for word in (state.name, state.preset, state.region, state.firmware) if word)
    return [*lines, f"node         {named}"] if named else lines


def _live_lines(live: dict[str, Any] | None) -> list[str]:
    if live is None:
        return []
    engine = live["engine"]
    counts = ", ".join(f"{name} {number}" for name, number in sorted(engine["counts"].items()) if number)
    use = f"channel {engine['channel']:.1%} in the last minute, own {engine['own']:.2%} in the last hour"
    seconds = live["engine"]["seconds"]
    spent = ", ".join(f"{name} {number:.0f} s" for name, number in sorted(seconds.items()) if number >= 0.5)
    return [
        f"air          {use}",
        f"on the air   {spent or 'nothing yet'}",
        f"since start  {counts or 'nothing yet'}",
    ]


def _ago(at_ms: int, now: "Instant") -> str:
    seconds = max(0, now.ms - at_ms) // 1000
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name} ago"
    return f"{seconds} s ago"


def _who_owes(one: "NeighbourView", amount: Callable[[int | None], str]) -> str:
    """The trunk in words: the account shows what we hold for the neighbour, so above zero we owe it."""
    now = (
        f"we owe {one.name} {amount(one.balance)}"
        if one.balance > 0
        else f"{one.name} owes us {amount(-one.balance)}"
    )
    if not one.balance:
        now = "nobody owes anybody"
    we = "without limit" if one.high is None else f"up to {amount(one.high)}"
    they = "without limit" if one.low is None else f"up to {amount(-one.low)}"
    return f"{now}; we may owe {we}, {one.name} {they}"


def _neighbour_lines(one: "NeighbourView", unit: "Unit", now: "Instant") -> list[str]:
    def amount(value: int | None) -> str:
        return "none" if value is None else f"{unit.plain(value)} {unit.symbol}"

    heard = "never heard" if one.heard is None else f"heard {_ago(one.heard.ms, now)}"
    signal_ = "" if one.snr is None else f", snr {one.snr:g} dB"
    hops = "" if one.hops is None else f", {one.hops} hops"
    lost = "" if one.loss is None else f", {one.loss} % lost"
    sync = {None: "", True: ", in sync", False: ", not in sync"}[one.in_sync]
    far = "" if one.minutes is None else f", {one.minutes} min on foot"
    marks = [name for name, yes in (("MISMATCH", one.mismatch), ("FORKED", one.forked)) if yes]
    return [
        f"\n{one.name} ({one.hub}){far}  {heard}{sync}{signal_}{hops}{lost}  {' '.join(marks)}".rstrip(),
        f"  records    ours {one.mine_there} of {one.mine} there, theirs {one.theirs_here} of {one.theirs} here",
        f"  trunk      {_who_owes(one, amount)}",
        f"  on the way {amount(one.on_way)}; held here {amount(one.held_in)}",
    ]


for _command in (*emulated.COMMANDS, provision, trace):
    radio.add_command(_command)

COMMANDS: tuple[click.Command, ...] = (radio,)
"""What ``appliance.cli`` mounts."""
