"""What ``hub verify`` needs of memory does not grow with the book: each size in a process of its own.

In ``make test`` books of 1,000 and 10,000 transfers; HUB_BIG_BOOKS=1 (``make test-long``) takes 24,000 and
240,000, the size that the hub is made for. A book of 1,000 does not yet fill what SQLite and we keep for a while,
which is some nine megabytes.
"""

import os
from pathlib import Path

import pytest

from appliance.bench.ledger import verified
from appliance.bench.village import Maker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

BIG = os.environ.get("HUB_BIG_BOOKS") == "1"
SIZES, MOST_MB = ((24_000, 240_000), 20.0) if BIG else ((1_000, 10_000), 12.0)


def test_ten_times_the_book_needs_no_more_memory(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    found = []
    with Maker(data, 50, 50, 1, 7, lambda _: None) as maker:
        for size in SIZES:
            maker.grow(size)
            maker.settle()
            found.append(verified(data))
            print(f"{size} transfers: {found[-1]}")
    small, large = found
    assert large["entries"] - small["entries"] == SIZES[1] - SIZES[0]
    assert large["verify_peak_mb"] - small["verify_peak_mb"] < MOST_MB
    assert not list(data.glob("*verify*")), "its work is gone"
