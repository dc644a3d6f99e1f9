"""Eight villages at real rates: payments now and then, listings told beside them."""

from typing import Any

from appliance.radio.simulation.run import Simulation
from appliance.radio.simulation.scenario import Scenario

VILLAGES: dict[str, Any] = {
    "hubs": 8,
    "preset": "MEDIUM_FAST",
    "loss": 0.2,
    "waiting": 1.0,
    "answered": True,
    "duty_cycle": 0.1,
}


def test_listings_give_way_to_payments_and_arrive() -> None:
    """Half a day in which thirty listings of each village are told, and somebody pays every other hour."""
    scenario = Scenario(rate=0.008, hours=6, seed=104, untold=30, listings=10, **VILLAGES)
    result = Simulation(scenario).run()
    print(f"\n{result}")
    assert (result.delivered, result.late) == (result.records, 0)
    assert result.records >= 30
    assert result.listings_held == result.listings >= 8 * 30
    assert result.latency_s["p95"] < 150
    assert result.own_hour < 0.05
    assert result.busiest_hour < 0.10
    assert result.queue <= 8


def test_without_listings_none_are_told() -> None:
    result = Simulation(Scenario(rate=0.1, hours=0.3, seed=5, **VILLAGES)).run()
    assert (result.listings, result.listings_held) == (0, 0)
    assert 0 < result.own_hour <= result.busiest_hour < 1


def test_a_market_day_on_the_slowest_preset_does_not_starve_itself() -> None:
    """Every payment waited for and answered: what asks for a sign of them leaves them the air."""
    scenario = Scenario(rate=0.167, hours=1.5, seed=101, **VILLAGES | {"preset": "LONG_FAST"})
    result = Simulation(scenario).run()
    print(f"\n{result}")
    assert (result.delivered, result.late) == (result.records, 0)
    assert result.latency_s["p95"] < 200
    assert result.own_hour < 0.05
