"""The commands of the emulated radio say in one line what cannot be done."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.ledger import settings
from appliance.ledger.cli import HubGroup
from appliance.radio.emulated.background import emulated_ether, emulated_node
from appliance.radio.emulated.cli import COMMANDS, ETHER_PORT, FAULTS, default_name
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.sim import SimLink
from appliance.radio.ports import Heard, LinkEvent, Sent

RADIO = HubGroup("radio", commands={command.name or "": command for command in COMMANDS})


def run(*arguments: str):
    return CliRunner().invoke(RADIO, [str(argument) for argument in arguments])


def refused(*arguments: str) -> str:
    """What the command says, as a process of its own: it runs an event loop, and so may this one."""
    command = [sys.executable, "-m", "appliance.cli", "radio", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2, ended
    return ended.stdout + ended.stderr


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
            assert str(port) in refused(*arguments)
    line = tmp_path / "line"
    line.write_text("somebody's file")
    assert "in the way" in refused("node", "--tcp", "0", "--pty", line)
    assert line.read_text() == "somebody's file"


def test_the_air_is_changed_and_shown():
    with (
        emulated_ether() as ether,
        emulated_node(ether.port, Setup(name="River"), tcp=0),
    ):
        address = f"127.0.0.1:{ether.port}"
        for _ in range(300):  # until the node has found its ether
            if json.loads(run("air", "--ether", address).output)["stations"]:
                break
            time.sleep(0.1)
        shown = run("air", "--ether", address, "--loss", "0.3", "--late", "0.1", "--cut", "river")
        assert shown.exit_code == 0
        status = json.loads(shown.output)
        assert list(status["stations"]) == ["River"]
        assert (status["loss"], status["late"]) == (0.3, 0.1)
        assert status["tally"]["sent"] == 0
        healed = run("air", "--ether", address, "--heal", "RIVER", "--loss", "0")
        assert json.loads(healed.output)["loss"] == 0
        for words in (["--cut", "Nobody"], ["--heal", "Nobody"], ["--fault", "Nobody", "reboot", "1"]):
            nobody = run("air", "--ether", address, "--loss", "0.5", *words)
            assert nobody.exit_code == 2
            assert "no station is called Nobody; there are: River" in nobody.output
        # Nothing of what cannot be done is half done.
        assert json.loads(run("air", "--ether", address).output)["loss"] == 0
    gone = run("air", "--ether", address)
    assert gone.exit_code == 2
    assert "no ether" in gone.output


def test_who_hears_whom_is_laid_out_each_way_by_itself():
    with emulated_ether(speed=200.0) as ether, ExitStack() as opened:
        address = f"127.0.0.1:{ether.port}"
        hill, river = (opened.enter_context(on_air(ether.port, name)) for name in ("Hill", "River"))

        def heard_after(*words: str, first: SimLink, then: SimLink) -> list[tuple[str, bytes]]:
            """Who heard what, when ``first`` has spoken and after it ``then``, whom the other hears."""
            assert run("air", "--ether", address, *words).exit_code == 0
            events: dict[SimLink, list[LinkEvent]] = {first: [], then: []}

            def poll_until(link: SimLink, kind: type) -> None:
                for _ in range(400):  # what never comes is found missing below
                    if any(isinstance(event, kind) for event in events[link]):
                        return
                    for one in (first, then):
                        one.wait(0.05)
                        events[one] += one.poll()

            for link, data in ((first, b"first"), (then, b"then")):
                link.send(data)
                poll_until(link, Sent)
            poll_until(first, Heard)
            return [
                ("hill" if link is hill else "river", event.data)
                for link in events
                for event in events[link]
                if isinstance(event, Heard)
            ]

        assert heard_after("--deaf", "hill", "RIVER", first=river, then=hill) == [("river", b"then")]
        turned = ("--hear", "Hill", "River", "--deaf", "River", "Hill")
        assert heard_after(*turned, first=hill, then=river) == [("hill", b"then")]
        for words in (["--deaf", "Hill", "Nobody"], ["--hear", "Nobody", "Hill"]):
            nobody = run("air", "--ether", address, *words)
            assert (nobody.exit_code, "no station is called Nobody" in nobody.output) == (2, True)


@contextmanager
def on_air(port: int, name: str):
    link = SimLink.at(f"sim://127.0.0.1:{port}/{name}")
    with closing(link):
        link.start()
        while not link.ready():
            link.wait(1.0)
            link.poll()
        yield link


def test_a_station_off_the_air_can_be_cut_by_nobody_and_nobody_is_there():
    with emulated_ether() as ether:
        nobody = run("air", "--ether", f"127.0.0.1:{ether.port}", "--cut", "River")
    assert nobody.exit_code == 2
    assert "no station is called River; there is none" in nobody.output


def test_two_nodes_that_nobody_named_are_two_stations(tmp_path):
    """Under one name they would take each other's place, and never hear each other."""
    with ExitStack() as running:
        ether = running.enter_context(emulated_ether())
        said = []
        for way in (["--tcp", "0"], ["--tcp", "0"], ["--pty", str(tmp_path / "line")]):
            words = ["radio", "node", "--ether", f"127.0.0.1:{ether.port}", *way]
            node = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "appliance.cli", *words], stdout=subprocess.PIPE, text=True
                )
            )
            running.callback(node.send_signal, signal.SIGTERM)
            assert node.stdout is not None
            said.append(node.stdout.readline())
        assert len({line.split(" on ")[0] for line in said}) == 3
        assert "node node-line-" in said[2]


def test_a_node_goes_by_its_port_or_its_line():
    assert default_name(4403, None) == "node-4403"
    assert default_name(4403, Path("/dev/line")) == "node-4403"
    river, hill = (default_name(None, Path(f"/srv/{village}/line")) for village in ("river", "hill"))
    assert river != hill
    assert len(default_name(None, Path("/srv") / ("ä" * 80)).encode()) < 40


def test_one_port_of_the_ether_everywhere():
    assert f'"sim://127.0.0.1:{ETHER_PORT}"' in settings.COMMENTED
    page = (Path(__file__).parents[3] / "docs/keepers.md").read_text("utf-8")
    assert f'"sim://127.0.0.1:{ETHER_PORT}"' in page
    assert f"{ETHER_PORT} by default" in page


def test_the_commands_are_named_as_documented():
    assert [command.name for command in COMMANDS] == ["ether", "node", "air"]
    assert all(command.help for command in COMMANDS)
