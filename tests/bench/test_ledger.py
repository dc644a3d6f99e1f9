"""One run of ``hub bench ledger`` on a small village: every figure is there, and the book is whole.

No time is asserted: what a figure must be on a given machine is for people to judge.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.bench.load import Answer, Sample, Unanswered
from appliance.bench.phones import expect
from appliance.bench.village import Made
from appliance.cli import main
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RATIOS = (
    "http_over_bare_commit",
    "home_p50_over_hello",
    "home_p95_over_hello",
    "statement_p50_over_hello",
    "statement_p95_over_hello",
    "home_over_first",
    "statement_over_first",
    "pay_over_first",
)
SAMPLES = ("in_process", "key_open", "pin_each_time", "bare_commit", "hello", "home", "statement")


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a JSON value, with where it stands."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numbers(item, f"{path}/{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from numbers(item, f"{path}/{place}")
    elif isinstance(value, (int, float)):
        yield path, value


def test_one_run_gives_every_figure_and_leaves_a_clean_book(tmp_path: Path) -> None:
    room = tmp_path / "bench"
    words = ["bench", "ledger", "--json", "--size", "400", "--seconds", "1.5", "--clients", "3"]
    result = CliRunner().invoke(main, [*words, "--directory", str(room)])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)

    wrong = [(path, n) for path, n in numbers(found) if not math.isfinite(n) or n < 0]
    assert not wrong
    assert found["sync_p95_ms"] >= found["sync_p50_ms"] >= 0  # none where files lie in memory
    for name in (*RATIOS, "verify_seconds", "verify_peak_mb", "clients"):
        assert found[name] > 0, name
    for name in SAMPLES:
        sample = found[name]
        assert sample["answers"] > 0, name
        assert sample["per_second"] > 0, name
        assert 0 < sample["p50_ms"] <= sample["p95_ms"], name
    assert found["with_all_pages"]["payments_per_second"] > 0
    assert found["home"]["bytes"] > 1000
    assert found["home"]["bytes"] < 30 * 1024
    assert [point["transfers"] for point in found["curve"]] == [400]

    # The bench verifies what its run has left (in its own process, for the memory); every payment it
    # counted is an entry there.
    (village,) = room.glob("villages-*/400")
    made = Made.load(village)
    assert (made.transfers, len(made.payers)) == (400, 3)
    hub = Hub.open(village)
    try:
        before = verify(hub.store).head.number
    finally:
        hub.close()
    paid = sum(found[name]["answers"] for name in ("in_process", "key_open", "pin_each_time"))
    assert found["entries"] >= before + paid
    assert not list(room.glob("run-*"))


def test_a_page_that_says_no_is_no_measurement() -> None:
    expect(Answer(302, b"HTTP/1.1 302 FOUND\r\nLocation: /t/00", b""), 302, b"/t/")
    with pytest.raises(Unanswered, match="422 instead of 302: Pay again"):
        expect(Answer(422, b"HTTP/1.1 422 NO", b"<h1>Pay again?</h1>"), 302, b"/t/")
    with pytest.raises(Unanswered):
        expect(Answer(302, b"HTTP/1.1 302 FOUND\r\nLocation: /signin", b""), 302, b"/t/")


def test_quantiles_and_rates_of_a_sample() -> None:
    sample = Sample([0.001 * n for n in range(1, 101)], 2.0)
    sample.add(Sample([0.2], 0.5))
    assert sample.rate == 101 / 2.5
    assert sample.quantile(0.5) == pytest.approx(51)
    assert sample.quantile(0.95) == pytest.approx(96)
    assert sample.quantile(1.0) == pytest.approx(200)


def test_a_sample_without_one_answer_says_what_to_do() -> None:
    with pytest.raises(Unanswered, match="measure longer"):
        Sample().quantile(0.5)
    assert Sample().rate == 0
