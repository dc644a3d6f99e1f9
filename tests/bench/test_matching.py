"""One run of ``hub bench matching`` on few listings: every figure is there. No time is asserted."""

import json
import math

import pytest
from click.testing import CliRunner

from appliance.bench import matching
from appliance.bench.matching import made, text
from appliance.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_one_run_gives_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "FIRST", 400)
    result = CliRunner().invoke(main, ["bench", "matching", "--json", "--size", "600"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    small, large = found["curve"]
    assert (small["listings"], large["listings"]) == (400, 600)
    for point in (small, large):
        assert 0 < point["people_served"] <= point["upper_bound"] <= point["people"]
        assert 0 < point["matches"] <= 10 * point["listings"]
        assert point["increment_p50_ms"] > 0
        assert all(math.isfinite(n) for n in point.values() if isinstance(n, (int, float)))
    (portal,) = found["portal"]
    assert (portal["listings"], portal["members"]) == (600, 120)
    assert portal["more_p95_ms"] >= portal["more_p50_ms"] > 0
    assert portal["changed_p95_ms"] >= portal["changed_p50_ms"] > 0
    assert portal["told"] > 0, "else it has looked for nothing"
    shown = text(found)
    assert f"{portal['more_p50_ms']} ms" in shown
    assert str(large["people_served"]) in shown
    assert "n log n" in shown


def test_the_listings_are_the_same_each_time_and_of_both_kinds() -> None:
    one = made(300)
    assert one == made(300)
    assert {listed.kind for listed in one} == {"offer", "want"}
    assert len({listed.lang for listed in one}) == 8
