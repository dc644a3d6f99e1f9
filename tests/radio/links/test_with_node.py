"""Two hubs, each with the real library and an emulated node, and what a node does on its own."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.radio.emulated import fronts
from appliance.radio.emulated.background import BackgroundNode, emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.session import Trouble
from appliance.radio.ports import Changed, Heard, Link, LinkState, Refused, Sent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import HELLO, is_down, is_up, is_verdict, opened, until

pytestmark = pytest.mark.timeout(90)

RIVER = Setup("River", preset="SHORT_TURBO", relays=False)
HILL = replace(RIVER, name="Hill", number=0)


@contextmanager
def air(*setups: Setup, pty: Path | None = None, speed: float = 20.0) -> Iterator[list[BackgroundNode]]:
    """Nodes in reach of each other; the first at a pty if one is given."""
    with ExitStack() as stack:
        ether = stack.enter_context(emulated_ether(Conditions(preset=setups[0].preset), speed=speed))
        yield [
            stack.enter_context(
                emulated_node(ether.port, setup, tcp=None if place else 0, pty=place, seed=number)
            )
            for number, setup in enumerate(setups)
            for place in [pty if number == 0 else None]
        ]


def setting(node: BackgroundNode) -> str:
    return f"serial:{node.pty}" if node.pty else f"tcp://127.0.0.1:{node.tcp_port}"


def send(link: Link, data: bytes) -> None:
    """Once: until the radio said it is out."""
    link.send(data)
    assert until(link, is_verdict)[-1] == Sent()


class TestTwoHubs:
    @pytest.mark.parametrize("line", ["tcp", "serial"])
    def test_what_river_sends_hill_hears_and_the_other_way_round(self, tmp_path: Path, line: str) -> None:
        pty = tmp_path / "ttyRiver" if line == "serial" else None
        with (
            air(RIVER, HILL, pty=pty) as (at_river, at_hill),
            opened(link_to(setting(at_river))) as river,
            opened(link_to(setting(at_hill))) as hill,
        ):
            noise = random.Random(3)
            for size in (1, 93, 200, 231):
                there, back = noise.randbytes(size), noise.randbytes(size)
                send(river, there)
                heard = until(hill, lambda e: isinstance(e, Heard))[-1]
                assert isinstance(heard, Heard)
                assert (heard.data, heard.hops) == (there, 0)
                assert heard.rssi is not None
                send(hill, back)
                answer = until(river, lambda e: isinstance(e, Heard))[-1]
                assert isinstance(answer, Heard)
                assert answer.data == back

    def test_a_node_that_relays_others_does_not_hold_up_ours_for_ever(self) -> None:
        lake = replace(RIVER, name="Lake", number=0, relays=True)
        with (
            air(replace(RIVER, relays=True), lake) as (at_river, at_lake),
            opened(link_to(setting(at_river))) as river,
            opened(link_to(setting(at_lake))) as other,
        ):
            for number in range(6):
                mine, theirs = bytes([number]) * 100, bytes([100 + number]) * 100
                river.send(mine)
                other.send(theirs)
                until(river, lambda e: isinstance(e, Sent))
                until(other, lambda e: isinstance(e, Sent))


class TestTheTime:
    def test_connecting_and_sending_tell_the_node_no_time(self) -> None:
        with (
            air(RIVER, HILL) as (at_river, at_hill),
            opened(link_to(setting(at_river))) as river,
            opened(link_to(setting(at_hill))) as hill,
        ):
            send(river, HELLO)
            heard = until(hill, lambda e: isinstance(e, Heard))[-1]
            assert isinstance(heard, Heard)
            assert heard.at_ms is None
            assert (at_river.time, at_hill.time) == (0, 0)

    def test_a_node_that_was_told_says_when_a_packet_came(self) -> None:
        with (
            air(RIVER, HILL) as (at_river, at_hill),
            opened(link_to(setting(at_river))) as river,
            opened(link_to(setting(at_hill))) as hill,
        ):
            hill.set_time(1_795_651_200_000)
            send(river, HELLO)
            heard = until(hill, lambda e: isinstance(e, Heard))[-1]
            assert isinstance(heard, Heard)
            assert heard.at_ms is not None
            assert 0 <= heard.at_ms - 1_795_651_200_000 < 3_600_000
            assert at_river.time == 0
            send(hill, HELLO)


class TestTheNode:
    def test_the_duty_cycle_is_said_with_its_minutes(self) -> None:
        spent = replace(RIVER, sent=400.0)  # of the 360 s an hour that EU_868 allows
        with air(spent) as (node,), opened(link_to(setting(node), replace(BRISK, verdict=10))) as river:
            river.send(HELLO)
            refused = until(river, is_verdict)[-1]
            assert isinstance(refused, Refused)
            assert refused.reason == "DUTY_CYCLE_LIMIT"
            assert refused.wait >= 60
            assert refused.wait % 60 == 0

    def test_a_region_that_is_not_set(self) -> None:
        with air(replace(RIVER, region="UNSET")) as (node,):
            link = link_to(setting(node))
            link.start()
            assert until(link, is_up)[-1] == Changed(LinkState.UP, Trouble.REGION_UNSET)
            link.send(HELLO)
            assert until(link, is_verdict)[-1] == Refused("TX_DISABLED", 60.0)
            link.close()

    def test_firmware_that_signs_is_told_by_its_version(self) -> None:
        with air(replace(RIVER, signs=True)) as (node,), opened(link_to(setting(node))) as river:
            radio = river.radio()
            assert radio is not None
            assert radio.firmware.startswith("2.8")
            assert (radio.name, radio.region, radio.preset) == ("River", "EU_868", "SHORT_TURBO")
            send(river, HELLO)

    @pytest.mark.parametrize("line", ["tcp", "serial"])
    def test_faults_one_after_the_other_and_the_post_goes_on(self, tmp_path: Path, line: str) -> None:
        pty = tmp_path / "ttyRiver" if line == "serial" else None
        chance = random.Random(11)
        faults = [Fault.REBOOTED, Fault.UNPLUG, Fault.DROP, Fault.RESET, Fault.REBOOT]
        if line == "serial":
            faults = [Fault.REBOOTED, Fault.UNPLUG]
        with air(RIVER, HILL, pty=pty) as (at_river, at_hill), opened(link_to(setting(at_hill))) as hill:
            with opened(link_to(setting(at_river))) as river:
                for fault in faults:
                    if river.ready() and chance.random() < 0.5:
                        river.send(b"perhaps")
                    at_river.fault(fault, 0.1)
                    until(river, lambda e: isinstance(e, Changed) and e.state is LinkState.DOWN)
                    until(river, is_up)
                    delivered = b"after " + fault.value.encode() + bytes([chance.randrange(256)])
                    deliver(river, hill, delivered)
            names = [thread.name for thread in threading.enumerate()]
            assert names.count("radio session") <= 3
            assert names.count("stream reader") <= 3

    @pytest.mark.parametrize("line", ["tcp", "serial"])
    def test_its_queue_is_full_while_its_lines_fail(self, tmp_path: Path, line: str) -> None:
        pty = tmp_path / "ttyRiver" if line == "serial" else None
        with (
            air(RIVER, HILL, pty=pty) as (at_river, at_hill),
            opened(link_to(setting(at_hill))) as hill,
            opened(link_to(setting(at_river))) as river,
        ):
            at_river.fault(Fault.FULL)
            at_river.fault(Fault.UNPLUG, 0.2)
            until(river, lambda e: isinstance(e, Changed) and e.state is LinkState.DOWN)
            until(river, is_up)
            river.send(HELLO)
            assert until(river, is_verdict)[-1] == Refused("QUEUE_FULL", 5.0), (
                "it is full behind the new line"
            )
            at_river.fault(Fault.SPEAK)
            deliver(river, hill, b"both are over")

    def test_a_fault_toward_packets_has_its_own_time(self) -> None:
        with (
            air(RIVER, HILL) as (at_river, at_hill),
            opened(link_to(setting(at_hill))) as hill,
            opened(link_to(setting(at_river))) as river,
        ):
            at_river.fault(Fault.SILENT)
            at_river.fault(Fault.DUTY, 0.3)
            wait_for(lambda: at_river._server.node.failing is Fault.DUTY)
            wait_for(lambda: at_river._server.node.failing is None)
            assert at_river._server._silent, "the line's goes on"
            at_river.fault(Fault.SPEAK)
            deliver(river, hill, b"again")

    def test_a_restart_ends_what_it_does_wrong_with_packets(self) -> None:
        with (
            air(RIVER, HILL) as (at_river, at_hill),
            opened(link_to(setting(at_hill))) as hill,
            opened(link_to(setting(at_river))) as river,
        ):
            at_river.fault(Fault.FULL)
            at_river.fault(Fault.REBOOT, 0.1)
            until(river, lambda e: isinstance(e, Changed) and e.state is LinkState.DOWN)
            until(river, is_up)
            river.send(HELLO)
            assert until(river, is_verdict)[-1] == Sent()
            deliver(river, hill, b"well again")

    @pytest.mark.parametrize("line", ["tcp", "serial"])
    def test_who_says_nothing_for_fifteen_minutes_is_not_told_anything(
        self, tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fronts, "IDLE", 3.0)
        pty = tmp_path / "ttyRiver" if line == "serial" else None
        with air(RIVER, pty=pty) as (node,):
            with opened(link_to(setting(node), replace(BRISK, probe=0.3))) as river:
                for _ in range(40):  # beyond what counts as silence
                    river.wait(0.1)
                    assert not [event for event in river.poll() if isinstance(event, Changed)]
                assert is_told(node)
            with opened(link_to(setting(node), replace(BRISK, probe=3600.0, first_back_off=3600.0))) as river:
                if line == "tcp":
                    assert until(river, is_down)[-1] == Changed(LinkState.DOWN, Trouble.CLOSED)
                wait_for(lambda: not is_told(node))


def is_told(node: BackgroundNode) -> bool:
    """Whether a program at the node is told what it hears."""
    server = node._server
    clients = server._tcp._clients if server._tcp else [server._pty]
    return any(client.session._live if server._tcp else client._session._live for client in clients)  # type: ignore[union-attr]


def wait_for(true: Callable[[], bool]) -> None:
    while not true():
        threading.Event().wait(0.02)  # the test's own time limit


def deliver(river: Link, hill: Link, data: bytes) -> None:
    """Sent again until heard, as the engine would."""
    for _ in range(20):
        if river.ready():
            river.send(data)
        for _ in range(10):
            river.wait(0.02)
            river.poll()
            hill.wait(0.05)
            if any(isinstance(event, Heard) and event.data == data for event in hill.poll()):
                return
    raise AssertionError("never heard")
