"""``hub radio provision`` at a terminal: two hubs of a community set their nodes up, and hear each other."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.ledger import settings
from appliance.ledger.cli import HubGroup
from appliance.radio.cli import COMMANDS
from appliance.radio.emulated.background import BackgroundNode, emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.provision import Limits
from appliance.radio.service import only_one
from tests.support.stream_peer import TcpPeer, tcp_peer
from tests.support.two_villages import two_villages

HUB = HubGroup("hub", commands={command.name or "": command for command in COMMANDS})

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[tuple[Path, list[BackgroundNode]]]:
    with ExitStack() as stack:
        stack.enter_context(two_villages(tmp_path))
        ether = stack.enter_context(emulated_ether(Conditions(preset="MEDIUM_FAST"), speed=20))
        nodes = []
        for name in ("river", "hill"):
            new = Setup(name.title(), preset="LONG_FAST", region="UNSET")
            nodes.append(stack.enter_context(emulated_node(ether.port, new, tcp=0)))
            settings.write(tmp_path / name, f'radio = "tcp://127.0.0.1:{nodes[-1].tcp_port}"\n')
        yield tmp_path, nodes


def provision(data: Path, *more: str, typed: str = "") -> Result:
    return CliRunner().invoke(HUB, ["radio", "provision", "--data", str(data), *more], input=typed)


def test_two_hubs_come_to_one_channel(room: tuple[Path, list[BackgroundNode]]) -> None:
    path, nodes = room
    for name in ("river", "hill"):
        done = provision(path / name, "--region", "EU_868", typed="y\n")
        assert done.exit_code == 0, done.output
        assert "UNSET -> EU_868" in done.output
        assert "Written and read back" in done.output
    first, second = (node._server.node.settings for node in nodes)
    assert first.channels[0].settings.psk == second.channels[0].settings.psk
    assert len(first.channels[0].settings.psk) == 32
    assert first.channel_hash(0) == second.channel_hash(0)
    assert first.channels[0].settings.psk.hex() not in done.output
    again = provision(path / "river")
    assert (again.exit_code, "nothing to write" in again.output) == (0, True)


def test_no_means_no(room: tuple[Path, list[BackgroundNode]]) -> None:
    path, nodes = room
    done = provision(path / "river", "--region", "EU_868", typed="n\n")
    assert done.exit_code == 1
    assert nodes[0]._server.node.settings.lora.region == 0
    assert nodes[0]._server.node.settings.reboots == 0


def test_what_cannot_be_is_said_in_a_line(room: tuple[Path, list[BackgroundNode]]) -> None:
    path, _ = room
    for more, word in [
        (("--region", "MOON"), "MOON"),
        ((), "--region"),
        (("--radio", "none"), "no Meshtastic node"),
    ]:
        done = provision(path / "river", *more)
        assert (done.exit_code, word in done.output, "Traceback" in done.output) == (2, True, False), (
            done.output
        )


def test_a_setting_that_changes_while_the_keeper_thinks(
    room: tuple[Path, list[BackgroundNode]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, nodes = room
    kept = nodes[0]._server.node.settings

    def thinks(*_: object, **__: object) -> bool:
        kept.lora.config_ok_to_mqtt = True
        return True

    monkeypatch.setattr("click.confirm", thinks)
    done = provision(path / "river", "--region", "EU_868")
    assert (done.exit_code, "Traceback" in done.output) == (2, False)
    assert "Nothing was written" in done.output
    assert (kept.lora.region, kept.reboots) == (0, 0)


@pytest.fixture
def silent() -> Iterator[TcpPeer]:
    """A node that begins to speak, and never goes on."""
    with tcp_peer() as peer:
        peer.handshake_stops, peer.on_stop = 0, lambda: peer.raw(b"\x94")
        yield peer


def test_a_node_that_says_nothing_ends_in_a_line(
    room: tuple[Path, list[BackgroundNode]], silent: TcpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.radio.links.provision.LIMITS", Limits(greeting=0.5))
    done = provision(room[0] / "river", "--radio", silent.setting)
    assert (done.exit_code, "Traceback" in done.output) == (2, False)
    assert "unplug it, count to ten" in done.output
    assert len(done.output.strip().splitlines()) == 1


STUCK = """
import sys, threading
from meshtastic.stream_interface import StreamInterface
from appliance.radio.links import provision
from appliance.cli import main
for name in ("connect", "close"):
    setattr(StreamInterface, name, lambda *_: threading.Event().wait())
provision.LIMITS = provision.Limits(greeting=0.5, goodbye=0.2)
main(sys.argv[1:])
"""


def test_the_program_ends_though_the_library_does_not(
    room: tuple[Path, list[BackgroundNode]], silent: TcpPeer
) -> None:
    line = ["radio", "provision", "--data", str(room[0] / "river"), "--radio", silent.setting]
    ended = subprocess.run(
        [sys.executable, "-c", STUCK, *line], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 2, ended
    assert "cannot be reached" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_while_the_radio_runs_it_is_left_alone(room: tuple[Path, list[BackgroundNode]]) -> None:
    path, _ = room
    with only_one(path / "river", lambda: 0):
        done = provision(path / "river", "--region", "EU_868", "--yes")
    assert done.exit_code == 2
    assert "stop" in done.output
