"""The simulated air: who hears whom, what two who speak at once cost, what is relayed."""

from random import Random

import pytest

from appliance.radio.airtime import frame_airtime
from appliance.radio.simulation.channel import Channel
from appliance.radio.simulation.topology import Topology, one_domain

RIVER, HILL, LAKE = 1, 2, 3
IN_A_ROW = {RIVER: {HILL: 0.0}, HILL: {RIVER: 0.0, LAKE: 0.0}, LAKE: {HILL: 0.0}}


class Ears:
    """What each hub heard, and whose packets have been on the air."""

    def __init__(self, topology: Topology, seed: int = 1) -> None:
        self.heard: list[tuple[int, bytes]] = []
        self.done: list[int] = []
        self.channel = Channel(
            topology,
            "MEDIUM_FAST",
            Random(seed),
            lambda hub, data: self.heard.append((hub, data)),
            lambda hub, _data: self.done.append(hub),
        )


def test_all_hear_what_one_says_and_it_takes_its_time() -> None:
    ears = Ears(one_domain(3, 0.0))
    ears.channel.send(RIVER, bytes(80))
    ears.channel.run(10)
    assert sorted(ears.heard) == [(HILL, bytes(80)), (LAKE, bytes(80))]
    assert ears.done == [RIVER]
    assert ears.channel.used == pytest.approx(frame_airtime(80, "MEDIUM_FAST"))


def test_who_senses_another_waits_so_that_nothing_is_spoiled() -> None:
    ears = Ears(one_domain(3, 0.0))
    for _ in range(50):
        for hub in (RIVER, HILL, LAKE):
            ears.channel.send(hub, bytes([hub]) * 80)
        ears.channel.run(ears.channel.now + 10)
    assert len(ears.heard) == 50 * 6
    assert ears.channel.collisions == 0


def test_two_who_do_not_sense_each_other_spoil_each_others_packets() -> None:
    ears = Ears(Topology(IN_A_ROW))
    ears.channel.send(RIVER, bytes(200))
    ears.channel.send(LAKE, bytes(200))
    ears.channel.run(10)
    assert ears.heard == []
    assert ears.channel.collisions == 1


def test_who_speaks_hears_nothing_meanwhile() -> None:
    one_way = Topology({RIVER: {}, HILL: {RIVER: 0.0, LAKE: 0.0}, LAKE: {}})
    ears = Ears(one_way)
    ears.channel.send(HILL, bytes(200))
    ears.channel.run(10)
    assert {hub for hub, _ in ears.heard} == {RIVER, LAKE}
    deaf = Ears(Topology({RIVER: {LAKE: 0.0}, HILL: {RIVER: 0.0}, LAKE: {}}))
    deaf.channel._senses = {hub: frozenset() for hub in (RIVER, HILL, LAKE)}
    deaf.channel.send(RIVER, bytes(200))
    deaf.channel.send(HILL, bytes(200))
    deaf.channel.run(10)
    assert [hub for hub, _ in deaf.heard] == [LAKE]


def test_each_receiver_loses_its_own_share() -> None:
    ears = Ears(one_domain(3, 0.3))
    for _ in range(1000):
        ears.channel.send(RIVER, bytes(80))
        ears.channel.run(ears.channel.now + 1)
    for hub in (HILL, LAKE):
        assert 0.65 < sum(one == hub for one, _ in ears.heard) / 1000 < 0.75


def test_what_is_out_of_reach_is_relayed_as_often_as_the_limit_says() -> None:
    without = Ears(Topology(IN_A_ROW))
    without.channel.send(RIVER, b"news")
    without.channel.run(60)
    assert without.heard == [(HILL, b"news")]
    ears = Ears(Topology(IN_A_ROW, hop_limit=1))
    ears.channel.send(RIVER, b"news")
    ears.channel.run(60)
    assert ears.heard == [(HILL, b"news"), (LAKE, b"news")]
    assert ears.channel.used == pytest.approx(2 * without.channel.used)


def test_a_radio_counts_what_it_relays_and_what_it_hears_again() -> None:
    ears = Ears(Topology(IN_A_ROW, hop_limit=1))
    ears.channel.send(RIVER, b"news")
    ears.channel.run(30)
    once = frame_airtime(4, "MEDIUM_FAST")
    own = {hub: ears.channel.figures(hub).own * 3600 for hub in (RIVER, HILL, LAKE)}
    assert own == pytest.approx({RIVER: once, HILL: once, LAKE: 0.0})
    channel = {hub: ears.channel.figures(hub).channel * 60 for hub in (RIVER, HILL, LAKE)}
    assert channel == pytest.approx({RIVER: 2 * once, HILL: 2 * once, LAKE: once})
    ears.channel.run(120)
    assert ears.channel.figures(HILL).channel == 0
    assert ears.channel.figures(HILL).own * 3600 == pytest.approx(once)


def test_one_relay_of_those_who_hear_each_other_is_enough() -> None:
    costs = []
    for seed in range(20):
        topology = one_domain(8, 0.0)
        ears = Ears(Topology(topology.heard, hop_limit=3), seed)
        ears.channel.send(RIVER, b"news")
        ears.channel.run(60)
        assert len(ears.heard) == 7
        costs.append(ears.channel.used / frame_airtime(4, "MEDIUM_FAST"))
    assert min(costs) >= 2
    assert sum(costs) / len(costs) < 4


def test_a_radio_that_is_off_hears_and_says_nothing() -> None:
    ears = Ears(one_domain(3, 0.0))
    ears.channel.switch(HILL, on=False)
    ears.channel.send(RIVER, b"news")
    ears.channel.run(5)
    assert ears.heard == [(LAKE, b"news")]
