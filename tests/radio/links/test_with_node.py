"""Two hubs, each with the real library and an emulated node, and what a node does on its own."""

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.radio.emulated.background import BackgroundNode, emulated_ether, emulated_node
from appliance.radio.emulated.ether import Conditions
from appliance.radio.emulated.faults import Fault
from appliance.radio.emulated.settings import Setup
from appliance.radio.links.session import Trouble
from appliance.radio.ports import Changed, Heard, Link, LinkState, Refused, Sent
from tests.radio.links.benches import BRISK, link_to
from tests.radio.links.contract import HELLO, is_up, is_verdict, opened, until

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
