"""``hub radio provision`` at a terminal: two hubs of a community set their nodes up, and hear each other."""

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
from appliance.radio.service import only_one
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


def test_while_the_radio_runs_it_is_left_alone(room: tuple[Path, list[BackgroundNode]]) -> None:
    path, _ = room
    with only_one(path / "river", lambda: 0):
        done = provision(path / "river", "--region", "EU_868", "--yes")
    assert done.exit_code == 2
    assert "stop" in done.output
