"""How many packets and strings the fuzz gives, and what the process may grow by."""

import gc
import os
from pathlib import Path

SHARE = float(os.environ.get("HUB_FUZZ", "0"))
"""Of the whole; 0 for the little that ``make test`` does."""

SEED = int(os.environ.get("HUB_SEED", "1"))

GROWTH = 6_000_000
"""Bytes that the process may grow after the first part, whatever the number: caches fill, nothing adds up."""


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
