"""The commands of the emulated radio say in one line what cannot be done."""

import json
import socket

import pytest
from click.testing import CliRunner

from appliance.ledger.cli import HubGroup
from appliance.radio.emulated.background import emulated_ether, emulated_node
from appliance.radio.emulated.cli import COMMANDS, FAULTS
from appliance.radio.emulated.noderun import Fault
from appliance.radio.emulated.settings import Setup

RADIO = HubGroup("radio", commands={command.name or "": command for command in COMMANDS})


def run(*arguments: str):
    return CliRunner().invoke(RADIO, [str(argument) for argument in arguments])


def test_every_fault_can_be_asked_for():
    assert set(FAULTS) == {fault.value for fault in Fault}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["node"], "--tcp"),
        (["node", "--tcp", "0", "--region", "MOON"], "MOON"),
        (["node", "--tcp", "0", "--node-id", "!xyz"], "!1234abcd"),
        (["node", "--tcp", "0", "--node-id", "!ffffffff"], "number of a node"),
        (["node", "--tcp", "0", "--ether", "4600"], "HOST:PORT"),
        (["ether", "--loss", "2"], "--loss"),
        (["ether", "--speed", "0"], "speed"),
        (["air", "--fault", "River", "explode", "1"], "explode"),
    ],
)
def test_a_wrong_option_is_named(arguments, word):
    result = run(*arguments)
    assert result.exit_code == 2
    assert word in result.output


def test_what_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["ether", "--port", port], ["node", "--tcp", port]):
            result = run(*arguments)
            assert result.exit_code == 2
            assert str(port) in result.output
    line = tmp_path / "line"
    line.write_text("somebody's file")
    result = run("node", "--tcp", "0", "--pty", line)
    assert result.exit_code == 2
    assert "in the way" in result.output
    assert line.read_text() == "somebody's file"


def test_the_air_is_changed_and_shown():
    with (
        emulated_ether() as ether,
        emulated_node(ether.port, Setup(name="River"), tcp=0),
    ):
        address = f"127.0.0.1:{ether.port}"
        shown = run("air", "--ether", address, "--loss", "0.3", "--late", "0.1", "--cut", "Hill")
        assert shown.exit_code == 0
        status = json.loads(shown.output)
        assert (status["loss"], status["late"]) == (0.3, 0.1)
        assert status["tally"]["sent"] == 0
        healed = run("air", "--ether", address, "--heal", "Hill", "--loss", "0")
        assert json.loads(healed.output)["loss"] == 0
        nobody = run("air", "--ether", address, "--fault", "Nobody", "reboot", "1")
        assert nobody.exit_code == 2
        assert "Nobody" in nobody.output
    gone = run("air", "--ether", address)
    assert gone.exit_code == 2
    assert "no ether" in gone.output


def test_the_commands_are_named_as_documented():
    assert [command.name for command in COMMANDS] == ["ether", "node", "air"]
    assert all(command.help for command in COMMANDS)
