"""Where the files of tests lie: in memory, when there is room.

A hub writes each act through to the disk before it says so, and thousands of tests do it many times: on a slow or busy
disk the suite would spend most of its time waiting. What a power cut leaves is not shown by any of them but by
``tests/faults``, which cuts between what was written and what was flushed, on a disk of its own.
"""

import os
import shutil
from pathlib import Path

PYTEST_ROOM = "PYTEST_DEBUG_TEMPROOT"
"""Pytest's variable for where its temporary directories lie. Who sets it chooses: `PYTEST_DEBUG_TEMPROOT=/tmp make test`."""

MEMORY = Path("/dev/shm")
DISK = Path("/var/tmp")

ENOUGH = 2 * 1024**3
"""Bytes free in memory; what all tests hold at a time is well below that."""


def room() -> Path | None:
    """A directory of this user in memory; None where there is none, or too little room for the tests."""
    if not MEMORY.is_mount():
        return None
    if os.statvfs(MEMORY).f_flag & os.ST_NOEXEC or shutil.disk_usage(MEMORY).free < ENOUGH:
        return None
    mine = MEMORY / f"hub-tests-{os.getuid()}"
    try:
        mine.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return mine
