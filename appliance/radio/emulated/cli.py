"""Commands of the emulated radio: an ether, a node on it, and a hand on the running ether.

``run_ether`` and ``run_node`` do the same for a program. All of them end at SIGTERM and SIGINT.
"""

import asyncio
import json
import os
import signal
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from appliance.ledger.errors import HubError
from appliance.radio.airtime import PRESETS

if TYPE_CHECKING:
    from appliance.radio.emulated.ether import Conditions
    from appliance.radio.emulated.settings import Setup

ETHER_PORT: Final = 4600
"""The port an ether listens on when nobody says otherwise."""

FAULTS: Final = (
    "reboot",
    "rebooted",
    "unplug",
    "silent",
    "stall",
    "clogged",
    "speak",
    "drop",
    "reset",
    "idle",
    "stolen",
    "garbage",
    "full",
    "duty",
    "nak",
    "swallow",
)
"""As in ``faults.Fault``; named here so that ``--help`` need not load it."""

SHARE = click.FloatRange(0.0, 1.0)
PORT = click.IntRange(0, 65535)


class CannotRun(HubError, OSError):
    """A port or a path that is taken, or an ether that cannot be reached."""


def run_ether(conditions: "Conditions", *, port: int, seed: int, speed: float = 1.0) -> None:
    """Run an ether on a loopback port until told to end.

    Raises:
        CannotRun: the port is taken.
    """
    from appliance.radio.emulated.server import EtherServer

    def ready(server: EtherServer) -> str:
        return f"ether on 127.0.0.1:{server.port}, {server.ether.conditions.preset}"

    _run(lambda: EtherServer(conditions, seed=seed, speed=speed, port=port), ready)


def run_node(
    setup: "Setup", *, ether: tuple[str, int], tcp: int | None, pty: Path | None, seed: int | None = None
) -> None:
    """Run an emulated node until told to end. It waits for an ether that is not there yet.

    Raises:
        CannotRun: the port or the path is taken.
    """
    from appliance.radio.emulated.noderun import NodeServer

    def ready(server: NodeServer) -> str:
        ways = [f"tcp://127.0.0.1:{server.tcp_port}"] if tcp is not None else []
        ways += [f"serial:{server.pty}"] if server.pty is not None else []
        return f"node {setup.name} (!{setup.number:08x}) on {' and '.join(ways)}"

    _run(lambda: NodeServer(setup, ether, tcp=tcp, pty=pty, seed=seed), ready)


def default_name(tcp: int | None, pty: Path | None) -> str:
    """What a node is called that nobody named: no two on one machine alike, the same at every start.

    Of two stations of one name the ether keeps the later one, and nodes of one number take each
    other's packets for their own.
    """
    if tcp:
        return f"node-{tcp}"
    if pty is not None:
        path = pty.absolute()
        mark = blake2b(os.fsencode(path), digest_size=2, person=b"tch.node").hexdigest()
        return f"node-{path.name.encode()[:24].decode(errors='ignore')}-{mark}"
    return f"node-p{os.getpid()}"  # a port that the system chooses is another one each time


def _run(make: Any, ready: Any) -> None:
    async def serve() -> None:
        told = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, told.set)
        running: AbstractAsyncContextManager[Any] = make()
        async with running as server:
            click.echo(ready(server))
            await told.wait()

    try:
        asyncio.run(serve())
    except OSError as error:
        raise CannotRun(str(error)) from error


# ParamType is generic in newer releases of click only.
class Address(click.ParamType):  # type: ignore[type-arg]
    """HOST:PORT."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, colon, port = str(value).rpartition(":")
        if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
            self.fail(f"{value!r} is not HOST:PORT", param, ctx)
        return host, int(port)


class NodeId(click.ParamType):  # type: ignore[type-arg]
    """A node number as Meshtastic writes it: !1234abcd."""

    name = "node id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            number = int(str(value).removeprefix("!"), 16)
        except ValueError:
            self.fail(f"{value!r} is not like !1234abcd", param, ctx)
        if not 4 <= number < 0xFFFFFFFF:
            self.fail(f"{value!r} is no number of a node", param, ctx)
        return number


_preset = click.option(
    "--preset", type=click.Choice(list(PRESETS)), default="MEDIUM_FAST", show_default=True, help="Modulation."
)
_ether = click.option(
    "--ether",
    type=Address(),
    default=f"127.0.0.1:{ETHER_PORT}",
    show_default=True,
    help="Where the emulated ether is.",
)


@click.command()
@click.option("--port", type=PORT, default=ETHER_PORT, show_default=True, help="The port to listen on.")
@_preset
@click.option("--loss", type=SHARE, default=0.0, show_default=True, help="Share of packets that get lost.")
@click.option("--duplicate", type=SHARE, default=0.0, show_default=True, help="Share that arrives twice.")
@click.option("--late", type=SHARE, default=0.0, show_default=True, help="Share that arrives out of order.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="How much faster than real air.")
@click.option("--seed", type=int, default=0, show_default=True, help="One seed, one course of events.")
def ether(
    port: int, preset: str, loss: float, duplicate: float, late: float, speed: float, seed: int
) -> None:
    """Run an emulated radio channel on this machine."""
    from appliance.radio.emulated.ether import Conditions
    from appliance.radio.emulated.pace import checked_speed

    try:
        checked_speed(speed)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--speed") from error
    conditions = Conditions(preset=preset, loss=loss, duplicate=duplicate, late=late)
    run_ether(conditions, port=port, seed=seed, speed=speed)


@click.command()
@_ether
@click.option("--tcp", type=PORT, help="Listen on this TCP port, as a node on the network does.")
@click.option("--pty", type=click.Path(path_type=Path), help="Make a serial line, and a link to it here.")
@click.option("--name", help="The node's name; by default made from its port or its line.")
@click.option("--node-id", type=NodeId(), help="Its number (!1234abcd); by default made from the name.")
@_preset
@click.option("--region", default="EU_868", show_default=True, help="Whose rules of sending it keeps.")
@click.option("--hop-limit", type=click.IntRange(0, 7), default=3, show_default=True, help="As configured.")
@click.option("--mute", is_flag=True, help="It does not repeat what it hears.")
@click.option("--no-tx", is_flag=True, help="Sending is switched off in its settings.")
@click.option(
    "--host-queue",
    type=click.IntRange(1, 1000),
    default=32,
    show_default=True,
    help="Packets it keeps for the computer: 32 on most boards, 8 on a classic ESP32.",
)
@click.option(
    "--sent",
    type=click.FloatRange(0, 3600),
    default=0.0,
    help="Seconds it has sent within this hour already: the duty cycle is nearer.",
)
@click.option("--signs", is_flag=True, help="A firmware 2.8, which signs every broadcast that still fits.")
@click.option("--strict", is_flag=True, help="With --signs: it takes no broadcast that no node has signed.")
@click.option(
    "--keys", is_flag=True, help="It keeps the key of whom it hears: packets to one node are taken."
)
@click.option("--seed", type=int, help="For the node's own draws; by default from its number.")
def node(
    ether: tuple[str, int],
    tcp: int | None,
    pty: Path | None,
    name: str | None,
    node_id: int | None,
    preset: str,
    region: str,
    hop_limit: int,
    mute: bool,
    no_tx: bool,
    host_queue: int,
    sent: float,
    signs: bool,
    strict: bool,
    keys: bool,
    seed: int | None,
) -> None:
    """Run an emulated Meshtastic node on an emulated ether."""
    from appliance.radio.emulated.settings import Setup

    if tcp is None and pty is None:
        raise click.UsageError("a node needs --tcp or --pty, or nobody can reach it")
    try:
        setup = Setup(
            name=name or default_name(tcp, pty),
            number=node_id or 0,
            preset=preset,
            region=region,
            hop_limit=hop_limit,
            relays=not mute,
            signs=signs,
            strict=strict,
            keys=keys,
            host_queue=host_queue,
            sent=sent,
            tx=not no_tx,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    run_node(setup, ether=ether, tcp=tcp, pty=pty, seed=seed)


@click.command()
@_ether
@click.option("--loss", type=SHARE, help="Share of packets that get lost from now on.")
@click.option("--duplicate", type=SHARE, help="Share that arrives twice.")
@click.option("--late", type=SHARE, help="Share that arrives out of order.")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Another modulation, for everybody.")
@click.option("--speed", type=float, help="How much faster than real air.")
@click.option("--cut", multiple=True, metavar="NAME", help="Take a station out of everybody's reach.")
@click.option("--heal", multiple=True, metavar="NAME", help="Put it back.")
@click.option("--deaf", multiple=True, nargs=2, metavar="A B", help="A no longer hears B; B still hears A.")
@click.option("--hear", multiple=True, nargs=2, metavar="A B", help="A hears B again.")
@click.option(
    "--fault",
    nargs=3,
    type=(str, click.Choice(FAULTS), float),
    metavar="NAME KIND SECONDS",
    help=f"Make a node fail: {', '.join(FAULTS)}.",
)
def air(
    ether: tuple[str, int],
    cut: tuple[str, ...],
    heal: tuple[str, ...],
    deaf: tuple[tuple[str, str], ...],
    hear: tuple[tuple[str, str], ...],
    fault: tuple[str, str, float] | None,
    **settings: float | str | None,
) -> None:
    """Change a running emulated ether, and show how it is."""
    from appliance.radio.emulated.control import EtherControl

    try:
        with EtherControl(*ether) as control:
            changes = {name: value for name, value in settings.items() if value is not None}
            there = control.status()["stations"]
            cut, heal = (tuple(_station(name, there) for name in names) for names in (cut, heal))
            named = [(pair, False) for pair in deaf] + [(pair, True) for pair in hear]
            pairs = [(_station(a, there), _station(b, there), yes) for (a, b), yes in named]
            failing = None if fault is None else _station(fault[0], there)
            if changes:
                control.set(**changes)
            for name in cut:
                control.cut(name)
            for name in heal:
                control.cut(name, False)
            for receiver, sender, yes in pairs:
                control.audible(sender, receiver, yes)
            if fault is not None and failing is not None:
                control.fault(failing, *fault[1:])
            click.echo(json.dumps(control.status(), indent=2))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise CannotRun(f"no ether at {ether[0]}:{ether[1]}: {error}") from error


def _station(name: str, there: Iterable[str]) -> str:
    """The station that is meant, whichever letters of its name were typed large.

    Raises:
        ValueError: none is called so; the text names those there are.
    """
    names = sorted(there)
    if name in names:
        return name
    for one in names:
        if one.casefold() == name.casefold():
            return one
    raise ValueError(
        f"no station is called {name}; " + (f"there are: {', '.join(names)}" if names else "there is none")
    )


COMMANDS: Final[tuple[click.Command, ...]] = (ether, node, air)
