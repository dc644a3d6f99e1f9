"""What the bench ran on: the machine in general words, and how long its disk takes to be sure."""

import os
import platform
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

_BLOCK: Final = b"\x5a" * 4096
_SYNCS: Final = 200


def describe() -> dict[str, Any]:
    """The machine, without a name that somebody gave it."""
    model = Path("/proc/device-tree/model")  # a Pi says there which one it is
    return {
        "model": model.read_text("utf-8").rstrip("\0") if model.exists() else platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": round(os.getloadavg()[0], 2),
    }


def sync_ms(directory: Path) -> tuple[float, float]:
    """How long the disk under ``directory`` takes to keep 4 KiB: median and 95th percentile, milliseconds."""
    path, took = directory / "sync.tmp", []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for place in range(_SYNCS):
            os.pwrite(descriptor, _BLOCK, place * len(_BLOCK))
            begun = time.perf_counter()
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - begun) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    took.sort()
    return took[_SYNCS // 2], took[_SYNCS * 95 // 100]
