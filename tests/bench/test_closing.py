"""What a closing gives: a check from there against one of all, and the size of the book before and after.

In ``make test`` a book of 1,500 transfers; HUB_BIG_BOOKS=1 (``make test-long``) takes 24,000, and as many as
HUB_BOOK says.
"""

import os
from pathlib import Path

import pytest

from appliance.bench.ledger import verified
from appliance.bench.village import Maker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

BIG = os.environ.get("HUB_BIG_BOOKS") == "1"
TRANSFERS = int(os.environ.get("HUB_BOOK", "24000" if BIG else "1500"))
SINCE = TRANSFERS // 20
"""Transfers after the closing."""


def test_a_check_from_the_closing_does_what_is_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "hub"
    with Maker(data, 50, 50, 1, 7, lambda _: None) as maker:
        maker.grow(TRANSFERS)
        maker.settle()
        before = verified(data)
        closed = maker.close_year()
        maker.settle()
        small = (data / "ledger.db").stat().st_size
        maker.grow(TRANSFERS + SINCE)
        maker.settle()
        full, quick = verified(data), verified(data, "--quick")
    entries, state = (
        next((data / "archive").glob(f"*{what}*")).stat().st_size for what in ("entries", "state")
    )
    with capsys.disabled():
        print(f"\nbefore the closing: {before}\nfull: {full}\nquick: {quick}")
        print(f"ledger.db {closed.before / 1e6:.1f} MB before, {small / 1e6:.1f} MB after; ", end="")
        print(f"archive: entries {entries / 1e6:.1f} MB, state {state / 1e6:.1f} MB")
    assert small < closed.before * 0.9
    assert quick["entries"] == full["entries"] == before["entries"] + SINCE + 2
    assert quick["verify_peak_mb"] < full["verify_peak_mb"] + 8
