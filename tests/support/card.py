"""A card of a few megabytes: a real file system in memory, which can be full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FILLER = "other"


@contextmanager
def card(place: Path, megabytes: int) -> Iterator[Path]:
    """Mount it at ``place``; where this user may not mount, the test is skipped."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "card", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        pytest.skip(f"a card of its own cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path, leaving: int = 0) -> None:
    """Let other files take all but ``leaving`` bytes."""
    with (place / FILLER).open("ab", buffering=0) as filler:
        while True:
            try:
                filler.write(bytes(64 * 1024))
            except OSError:
                break
        if leaving:
            filler.truncate(max(0, filler.seek(0, 2) - leaving))


def clear(place: Path) -> None:
    """Take the other files away."""
    (place / FILLER).unlink()
