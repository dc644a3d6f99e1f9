"""The faults of an emulated node toward packets, and what a client hears of each: as from the firmware."""

import random

import pytest

from appliance.radio.emulated.faults import Fault, garbage
from appliance.radio.emulated.stream import Deframer, frame
from tests.radio.emulated.test_node import Computer, a_node, routings, statuses

WELL = (0, 15)


def said(fault: Fault | None) -> tuple[list[tuple[int, int, int]], list[tuple[int, str]], list[str], int]:
    """What the computer hears of one packet, and the packet's id: statuses, routing, notices."""
    node = a_node()
    computer = Computer(node)
    node.failing = fault
    ident = computer.send(b"hello")
    heard = computer.read()
    notices = [m.clientNotification.message for m in heard if m.HasField("clientNotification")]
    assert (node.to_air() is None) is (fault is not None)
    return statuses(heard), routings(heard), notices, ident


def test_well_it_takes_the_packet() -> None:
    told, routed, notices, ident = said(None)
    assert (told, routed, notices) == ([(*WELL, ident)], [], [])


def test_full_it_says_32_and_no_word() -> None:
    told, routed, notices, ident = said(Fault.FULL)
    assert (told, routed, notices) == ([(32, 0, ident)], [], [])


def test_over_the_duty_cycle_it_says_so_three_times() -> None:
    told, routed, notices, ident = said(Fault.DUTY)
    assert [(res, number) for res, _, number in told] == [(9, ident)]
    assert routed == [(ident, "DUTY_CYCLE_LIMIT")]
    assert notices == ["Duty cycle limit exceeded. Can send again in 1 mins"]


def test_it_takes_a_packet_and_gives_it_up() -> None:
    told, routed, _, ident = said(Fault.NAK)
    assert [(res, number) for res, _, number in told] == [(0, ident)]
    assert routed == [(ident, "NO_INTERFACE")]


def test_it_swallows_a_packet_in_silence() -> None:
    told, routed, notices, _ = said(Fault.SWALLOW)
    assert (told, routed, notices) == ([], [], [])


def test_after_fifteen_minutes_of_silence_a_line_answers_heartbeats_and_nothing_else() -> None:
    node = a_node()
    computer = Computer(node)
    computer.session.close()
    computer.send(b"hello")
    computer.heartbeat()
    assert [number for _, _, number in statuses(computer.read())] == [0]
    again = Computer(node)
    assert [number for _, _, number in statuses(again.read())] == []


@pytest.mark.parametrize("seed", range(20))
def test_garbage_swallows_a_hundred_bytes_and_no_more(seed: int) -> None:
    line = Deframer()
    line.feed(garbage(random.Random(seed)))
    lost = line.feed(frame(b"a" * 50) * 3)
    assert lost.count(b"a" * 50) <= 2
    assert line.feed(frame(b"b" * 50)) == [b"b" * 50]
