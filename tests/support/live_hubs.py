"""River and Hill alive: each with its portal, its radio's process and its emulated node, in one ether.

Every part is a process of its own, which can be killed with -9 and started again on the same
data, as boxes and radios are. Nothing is left when the block ends::

    with live_hubs(path / "river", path / "hill") as live:
        live.river.portal.address
        live.hill.radio.kill()
        live.hill.radio.start()
        live.ether(loss=0.3)
"""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from appliance.ledger import settings
from appliance.ledger.reads.radio import radio_running
from appliance.radio.emulated.control import EtherControl
from tests.support.portal import Portal, free_port
from tests.support.process import Process

HOST = "127.0.0.1"

Link = Literal["tcp", "pty", "sim"]
"""How a hub reaches the air: a node over TCP, a node over a serial line, or the ether itself."""

_HUB = "from appliance.cli import main; main()"


@dataclass(frozen=True)
class Box:
    """One hub's processes. ``node`` is None where the link is ``sim``.

    ``portal_flag`` and ``radio_flag`` name the moment of the next power cut (``power_cut.arm``).
    """

    name: str
    data: Path
    setting: str
    portal: Portal
    radio: Process
    node: Process | None
    portal_flag: Path
    radio_flag: Path

    def start(self) -> None:
        """Start what is not running: node, radio, portal."""
        if self.node is not None and not self.node.running:
            self.node.start()
        if not self.radio.running:
            self.radio.start()
        if not self.portal.running:
            self.portal.start()

    def kill(self) -> None:
        """``kill -9`` of portal and radio: the box loses power, its node does not."""
        self.portal.kill()
        self.radio.kill()

    def end(self) -> None:
        """Kill everything."""
        self.kill()
        if self.node is not None:
            self.node.kill()


@dataclass(frozen=True)
class LiveHubs:
    """Both boxes and the ether between them."""

    river: Box
    hill: Box
    ether_process: Process
    ether_port: int

    def ether(self, **settings_: float | str | bool) -> Any:
        """Change the channel (``loss``, ``speed``, ``preset``, ...); its status."""
        with EtherControl(HOST, self.ether_port) as control:
            return control.set(**settings_) if settings_ else control.status()

    def both(self) -> tuple[Box, Box]:
        """River and Hill."""
        return self.river, self.hill


def _stations(port: int) -> list[str]:
    try:
        with EtherControl(HOST, port) as control:
            return list(control.status()["stations"])
    except OSError:
        return []


def _ether(folder: Path, port: int, preset: str, loss: float, speed: float) -> Process:
    arguments = ["-c", _HUB, "radio", "ether", "--port", str(port), "--preset", preset]
    arguments += ["--loss", str(loss), "--speed", str(speed), "--seed", "3"]

    def up() -> bool:
        with contextlib.suppress(OSError), EtherControl(HOST, port) as control:
            return bool(control.status())
        return False

    return Process("ether", arguments, folder, up)


def _node(name: str, folder: Path, link: Link, preset: str, ether: int) -> tuple[Process | None, str]:
    """A hub's node, and the setting by which its radio is reached."""
    if link == "sim":
        return None, f"sim://{HOST}:{ether}/{name}"
    arguments = ["-c", _HUB, "radio", "node", "--ether", f"{HOST}:{ether}", "--name", name]
    arguments += ["--preset", preset]
    if link == "tcp":
        port = free_port()
        arguments += ["--tcp", str(port)]
        setting = f"tcp://{HOST}:{port}"
    else:
        line = folder / f"{name}.tty"
        arguments += ["--pty", str(line)]
        setting = f"serial:{line}"
    return Process(f"{name}-node", arguments, folder, lambda: name in _stations(ether)), setting


def _box(data: Path, link: Link, preset: str, ether: int, dying: bool) -> Box:
    folder, name = data.parent, data.name
    node, setting = _node(name, folder, link, preset, ether)
    settings.write(data, f'radio = "{setting}"\n')
    flags = folder / f"{name}-portal-dies", folder / f"{name}-radio-dies"
    command = ["-m", "tests.support.dying_radio", str(flags[1])] if dying else ["-c", _HUB]
    command += ["radio", "run", "--data", str(data)]
    radio = Process(f"{name}-radio", command, folder, lambda: radio_running(data))
    portal = Portal(data, dies_before_answering=flags[0] if dying else None)
    return Box(name, data, setting, portal, radio, node, *flags)


@contextmanager
def live_hubs(
    river: Path,
    hill: Path,
    link: Link = "tcp",
    preset: str = "SHORT_TURBO",
    loss: float = 0.0,
    speed: float = 1.0,
    dying: bool = False,
) -> Iterator[LiveHubs]:
    """Everything of the hubs in two data directories, started; killed at the end.

    Each gets a ``hub.toml`` that names its radio; it must not have one yet.

    Args:
        link: how both reach the air.
        preset, loss, speed: of the ether. ``speed`` is how many of its seconds pass in one.
        dying: whether portals and radios watch their flags for a power cut.
    """
    port = free_port()
    ether = _ether(river.parent, port, preset, loss, speed)
    boxes = _box(river, link, preset, port, dying), _box(hill, link, preset, port, dying)
    with ExitStack() as ending:
        ending.callback(ether.kill)
        for box in boxes:
            ending.callback(box.end)
        ether.start()
        for box in boxes:
            box.start()
        yield LiveHubs(*boxes, ether, port)
