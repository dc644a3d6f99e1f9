"""Communities in which not all hear all: everything gets everywhere, by the hubs alone or by relaying radios."""

import pytest

from appliance.radio.simulation.run import Simulation
from appliance.radio.simulation.scenario import Scenario
from appliance.radio.simulation.shapes import SHAPES, shaped


def ears(shape: str, hubs: int) -> dict[int, set[int]]:
    return {hub: set(heard) for hub, heard in shaped(shape, hubs, 0.1).heard.items()}


def test_who_hears_whom() -> None:
    assert ears("line", 4) == {1: {2}, 2: {1, 3}, 3: {2, 4}, 4: {3}}
    assert ears("star", 4) == {1: {2, 3, 4}, 2: {1}, 3: {1}, 4: {1}}
    assert ears("clusters", 6) == {1: {2, 3}, 2: {1, 3}, 3: {1, 2, 4}, 4: {3, 5, 6}, 5: {4, 6}, 6: {4, 5}}
    assert ears("hidden", 5) == {1: {2, 3, 4, 5}, 2: {1, 3}, 3: {1, 2}, 4: {1, 5}, 5: {1, 4}}
    assert shaped("hidden", 5, 0.1).senses()[2] == {1, 3}


@pytest.mark.parametrize("hubs", [2, 3, 9])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_hangs_together(shape: str, hubs: int) -> None:
    heard = ears(shape, hubs)
    reached = {1}
    while more := {other for hub in reached for other in heard[hub]} - reached:
        reached |= more
    assert reached == set(range(1, hubs + 1))


@pytest.mark.parametrize("hops", [0, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_all_hold_all_in_the_end(shape: str, hops: int) -> None:
    """With no relaying at all, too: hubs hand on what they hold to whoever lacks it."""
    topology = shaped(shape, 5, 0.2, hops)
    scenario = Scenario(hubs=5, rate=0.2, preset="MEDIUM_FAST", hours=0.5, seed=101, topology=topology)
    simulation = Simulation(scenario)
    result = simulation.run()
    print(f"\n{shape}, hop limit {hops}: {result.utilisation:.2%}, {result.latency_s}")
    shelves = [hub.memory for hub in simulation.hubs.values()]
    assert result.delivered == result.records > 10
    assert all(shelf.held == shelves[0].held for shelf in shelves)
    assert result.latency_s["p99"] < (2700 if hops == 0 else 1200)


def test_somebody_who_waits_is_answered_over_four_hops() -> None:
    """By the hubs alone it takes minutes, relayed seconds: and both times it arrives."""
    took = {}
    for hops in (0, 3):
        scenario = Scenario(
            hubs=5,
            rate=0.05,
            preset="MEDIUM_FAST",
            hours=1,
            seed=102,
            topology=shaped("line", 5, 0.1, hops),
            waiting=1.0,
            answered=True,
        )
        result = Simulation(scenario).run()
        assert result.delivered == result.records
        took[hops] = result.latency_s["p50"]
    print(f"\nline of five, half of the payments and answers everywhere: {took}")
    assert took[3] < 60 < took[0] < 900
