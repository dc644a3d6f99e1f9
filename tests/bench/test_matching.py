"""One run of ``hub bench matching`` on few listings: every figure is there. No time is asserted."""

import json
import math

import pytest
from click.testing import CliRunner

from appliance.bench.matching import made, text
from appliance.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_one_run_gives_every_figure() -> None:
    result = CliRunner().invoke(main, ["bench", "matching", "--json", "--size", "1500"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    small, large = found["curve"]
    assert (small["listings"], large["listings"]) == (1000, 1500)
    for point in (small, large):
        assert 0 < point["people_served"] <= point["upper_bound"] <= point["people"]
        assert 0 < point["matches"] <= 10 * point["listings"]
        assert point["increment_p50_ms"] > 0
        assert all(math.isfinite(n) for n in point.values() if isinstance(n, (int, float)))
    shown = text(found)
    assert str(large["people_served"]) in shown
    assert "n log n" in shown


def test_the_listings_are_the_same_each_time_and_of_both_kinds() -> None:
    one = made(300)
    assert one == made(300)
    assert {listed.kind for listed in one} == {"offer", "want"}
    assert len({listed.lang for listed in one}) == 8
