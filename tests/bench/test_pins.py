"""One run of ``hub bench pins`` with few phones and a cheap derivation: every figure is there. No time is asserted."""

import json

import pytest
from click.testing import CliRunner

from appliance.bench.pins import text
from appliance.cli import main


@pytest.mark.slow
def test_nine_phones_at_once_all_come_in_one_derivation_at_a_time() -> None:
    asked = ["bench", "pins", "--json", "--phones", "9", "--passes", "1", "--memory", "32"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["cost"] == {"passes": 1, "memory_mb": 32}
    queue = found["at_once"]
    assert queue["phones"] == 9
    assert queue["served_or_waiting_at_first"] + queue["told_to_try_again_at_first"] == 9
    assert queue["served_or_waiting_at_first"] >= queue["places"] == 5
    # One at a time: nine of 32 MiB at once would take 288.
    assert 30 <= found["alone"]["peak_mb"] < 60
    assert queue["peak_mb"] < 3 * 32
    assert "9 phones at once" in text(found)
