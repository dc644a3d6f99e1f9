"""Simulated hubs: one seed is one course of events, what is counted is what the page says, and all arrives."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.radio.frames import open_data
from appliance.radio.simulation.run import Simulation, simulate
from appliance.radio.simulation.scenario import BadScenario, Outage, Result, Scenario, bound
from appliance.radio.simulation.shapes import shaped
from appliance.radio.simulation.topology import Topology

SMALL = Scenario(hubs=4, rate=0.5, preset="MEDIUM_FAST", loss=0.3, hours=0.5, seed=3)


def test_one_seed_is_one_course_of_events() -> None:
    assert simulate(SMALL) == simulate(SMALL)


def test_another_seed_is_another() -> None:
    assert simulate(SMALL) != simulate(replace(SMALL, seed=4))


def test_what_is_counted() -> None:
    """Held against what the shelves hold in the end, record by record."""
    simulation = Simulation(SMALL)
    result = simulation.run()
    shelves = [hub.memory for hub in simulation.hubs.values()]
    written = sum(len(shelf.records[shelf.hub]) for shelf in shelves)
    assert written == result.records == result.delivered
    assert all(shelf.held == shelves[0].held for shelf in shelves)
    assert sum(shelves[0].held.values()) == written
    sent = sum(result.airtime_s.values())
    assert result.utilisation == pytest.approx(sent / 1800, abs=0.001)
    assert result.airtime_over_bound == pytest.approx(sent / written / bound("MEDIUM_FAST", 0.3), rel=0.01)
    assert 0 < result.latency_s["p50"] <= result.latency_s["p95"] <= result.latency_s["p99"]


def test_frames_are_those_of_a_hub() -> None:
    simulation = Simulation(SMALL)
    simulation.run()
    one, two = list(simulation.hubs.values())[:2]
    data = one.memory.frame_with(two.number, 1, 1)
    assert data is not None
    frame = open_data(data, one.memory.directory)
    assert frame.hub == two.number
    assert frame.records[0] == two.memory.records[two.number][1]


def test_nobody_holds_what_no_air_carried() -> None:
    """Two hear each other; what the third does not have, not every hub has."""
    apart = Topology({1: {2: 0.0}, 2: {1: 0.0}, 3: {}})
    result = simulate(Scenario(hubs=3, rate=1, preset="SHORT_FAST", hours=0.3, topology=apart))
    assert result.records > 0
    assert (result.delivered, result.late) == (0, result.records)
    assert result.latency_s == {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    assert result.frames["data"] > 0


@pytest.mark.parametrize(
    ("preset", "bounds"),
    [
        ("LONG_FAST", (0.26, 0.34, 0.47)),
        ("MEDIUM_FAST", (0.079, 0.102, 0.143)),
        ("SHORT_FAST", (0.025, 0.032, 0.045)),
        ("SHORT_TURBO", (0.012, 0.016, 0.022)),
    ],
)
def test_the_bound_is_the_founders(preset: str, bounds: tuple[float, ...]) -> None:
    for loss, founders in zip((0.1, 0.3, 0.5), bounds, strict=True):
        assert bound(preset, loss) == pytest.approx(founders, rel=0.04)


def test_a_hub_that_was_off_has_it_soon_after() -> None:
    """Its hours off do not make a record late, and what it wrote meanwhile is told as well."""
    outage = Outage(hub=2, begin=600, end=2400)
    simulation = Simulation(
        Scenario(hubs=3, rate=1, preset="MEDIUM_FAST", loss=0.3, hours=1, outages=(outage,))
    )
    result = simulation.run()
    assert (result.delivered, result.late) == (result.records, 0)
    off = simulation.hubs[102].memory
    assert len(off.records[102]) == off.held[102]
    assert result.latency_s["p99"] < 900


def test_firmware_that_signs_makes_short_packets_dearer() -> None:
    plain, signed = (
        simulate(Scenario(hubs=4, rate=0.5, preset="MEDIUM_FAST", hours=0.5, firmware28=more))
        for more in (False, True)
    )
    assert signed.utilisation > 1.2 * plain.utilisation


def test_who_waits_is_served_at_once_and_answered() -> None:
    scenario = Scenario(
        hubs=3, rate=0.5, preset="MEDIUM_FAST", loss=0.1, hours=0.5, waiting=1.0, answered=True
    )
    result = simulate(scenario)
    assert result.records == result.delivered
    assert result.latency_s["p50"] < 20 < simulate(SMALL).latency_s["p50"]


def test_a_hub_counts_what_its_radio_relays_for_others() -> None:
    """River and Lake do not hear each other: the radio of Hill between them speaks for both."""
    used: dict[int, tuple[float, float]] = {}
    for hops in (0, 1):
        topology = shaped("line", 3, 0.1, hops)
        simulation = Simulation(
            Scenario(hubs=3, rate=1, preset="MEDIUM_FAST", hours=0.5, seed=5, topology=topology)
        )
        result = simulation.run()
        hill = simulation.hubs[102].engine
        assert hill is not None
        status = hill.status(simulation.channel.now)
        used[hops] = status.own * 3600, status.seconds["sent"]
        assert (result.radio_hour > result.own_hour) is bool(hops)
    assert used[0][0] == pytest.approx(used[0][1])
    assert used[1][0] > 1.3 * used[1][1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"hubs": 1},
        {"hubs": 101},
        {"outages": (Outage(5, 0, 60),)},
        {"outages": (Outage(1, 60, 60),)},
        {"outages": (Outage(1, 60, 7200),)},
    ],
)
def test_what_cannot_be_simulated_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadScenario):
        replace(SMALL, **wrong)


def delivered(result: Result) -> bool:
    return result.records == result.delivered


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.floats(0, 0.8), min_size=6, max_size=6),
    st.sampled_from(["MEDIUM_FAST", "SHORT_TURBO"]),
    st.integers(0, 1 << 32),
    st.booleans(),
)
def test_whatever_is_lost_all_have_all_in_the_end(
    losses: list[float], preset: str, seed: int, answered: bool
) -> None:
    """Any loss on any link, either way, as long as something comes through."""
    pairs = [(a, b) for a in range(1, 4) for b in range(1, 4) if a != b]
    heard: dict[int, dict[int, float]] = {1: {}, 2: {}, 3: {}}
    for (a, b), loss in zip(pairs, losses, strict=True):
        heard[a][b] = loss
    scenario = Scenario(
        hubs=3, rate=0.5, preset=preset, hours=0.3, seed=seed, topology=Topology(heard), answered=answered
    )
    assert delivered(simulate(scenario))


def test_with_the_whole_channel_nothing_is_held_back() -> None:
    """More payments than a quarter of LONG_FAST carries: hubs keep the rest free, unless told that nobody else is there."""
    busy = Scenario(hubs=8, rate=6, preset="LONG_FAST", hours=0.2, seed=6, waiting=1.0, answered=True)
    shared, alone = simulate(busy), simulate(replace(busy, whole_channel=True))
    assert shared.records == pytest.approx(alone.records, rel=0.5)
    assert shared.utilisation < 0.4
    assert alone.utilisation > 0.5
    assert alone.latency_s["p50"] < shared.latency_s["p50"] / 2
