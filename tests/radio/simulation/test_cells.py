"""Cells of the table in docs/simulation.md: all is delivered in time, at or under the founders' airtime.

Two small ones always, of a seed that the engine was tuned on and that shows a change. With ``HUB_CELLS=all`` (``make test-long``) each cell of up
to 16 hubs, with ``HUB_CELLS=64`` those of 64 as well (half an hour), with a seed of their own (``HUB_SEED``).
"""

import os

import pytest

from appliance.radio.simulation.run import simulate
from appliance.radio.simulation.scenario import Scenario

LOSSES = (0.1, 0.3, 0.5)

FOUNDERS = {
    (2, 1.0, "LONG_FAST"): (3.5, 3.5, 3.9),
    (2, 1.0, "MEDIUM_FAST"): (1.1, 1.1, 1.4),
    (2, 1.0, "SHORT_FAST"): (0.3, 0.4, 0.4),
    (2, 1.0, "SHORT_TURBO"): (0.2, 0.2, 0.2),
    (8, 0.1, "LONG_FAST"): (3.2, 4.5, 7.7),
    (8, 0.1, "MEDIUM_FAST"): (1.0, 1.6, 2.4),
    (8, 0.1, "SHORT_FAST"): (0.3, 0.5, 0.7),
    (8, 0.1, "SHORT_TURBO"): (0.1, 0.2, 0.4),
    (8, 1.0, "LONG_FAST"): (16.0, 23.0, 33.0),
    (8, 1.0, "MEDIUM_FAST"): (5.0, 7.1, 10.8),
    (8, 1.0, "SHORT_FAST"): (1.5, 2.4, 3.3),
    (8, 1.0, "SHORT_TURBO"): (0.7, 1.1, 1.7),
    (16, 0.1, "LONG_FAST"): (8.0, 12.0, 18.0),
    (16, 0.1, "MEDIUM_FAST"): (2.2, 3.4, 5.5),
    (16, 0.1, "SHORT_FAST"): (0.6, 1.1, 1.5),
    (16, 0.1, "SHORT_TURBO"): (0.3, 0.6, 0.8),
    (64, 0.1, "LONG_FAST"): (34.0, 55.0, 73.0),
    (64, 0.1, "MEDIUM_FAST"): (10.0, 15.0, 22.0),
    (64, 0.1, "SHORT_FAST"): (3.1, 4.7, 7.6),
    (64, 0.1, "SHORT_TURBO"): (1.4, 2.4, 3.5),
    (64, 0.5, "MEDIUM_FAST"): (35.0, 51.0, 74.0),
    (64, 0.5, "SHORT_FAST"): (11.0, 16.0, 21.0),
    (64, 0.5, "SHORT_TURBO"): (5.4, 8.3, 11.9),
}
"""Utilisation in per cent (radio.md E3) at each loss, by hubs, payments a minute of each, and preset."""

FULL = {(64, 0.1, "LONG_FAST"), (64, 0.5, "MEDIUM_FAST")}
"""More than the governor allows: as the founders', without it."""

REACHED = {(8, 0.1, "MEDIUM_FAST", 0.3): 1.25, (2, 1.0, "LONG_FAST", 0.3): 2.34}
"""What seed 101 takes, and 5 % more: so that a change that costs airtime shows."""

WHICH = os.environ.get("HUB_CELLS", "")
SEED = int(os.environ.get("HUB_SEED", "251"))
CELLS = [
    (*cell, loss, founders)
    for cell, row in FOUNDERS.items()
    for loss, founders in zip(LOSSES, row, strict=True)
    if WHICH == "64" or (WHICH == "all" and cell[0] < 64) or (*cell, loss) in REACHED
]

Cell = tuple[int, float, str, float]


@pytest.mark.parametrize(("hubs", "rate", "preset", "loss"), list(REACHED))
def test_airtime_is_what_it_was(hubs: int, rate: float, preset: str, loss: float) -> None:
    result = simulate(Scenario(hubs=hubs, rate=rate, preset=preset, loss=loss, hours=2.0, seed=101))
    assert (result.delivered, result.late) == (result.records, 0)
    assert 100 * result.utilisation <= REACHED[hubs, rate, preset, loss]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("hubs", "rate", "preset", "loss", "founders"), CELLS)
def test_a_cell_is_at_or_under_the_founders(
    hubs: int, rate: float, preset: str, loss: float, founders: float
) -> None:
    """Theirs are rounded: 0.1 may have been anything below 0.15. Where chance drew more payments than the rate says, so much more is allowed."""
    whole = (hubs, rate, preset) in FULL
    scenario = Scenario(hubs, rate, preset, loss=loss, hours=2.0, seed=SEED, whole_channel=whole)
    result = simulate(scenario)
    print(f"\n{hubs} x {rate:g} {preset} {loss:.0%}: {result.utilisation:.3%}, founders {founders} %")
    assert (result.delivered, result.late) == (result.records, 0)
    rounded = 0.5 if founders >= 12 else 0.05
    drawn = max(1.0, result.records / (hubs * rate * 120))
    assert 100 * result.utilisation <= drawn * (founders + rounded)
