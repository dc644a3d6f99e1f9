"""The labelled pairs: which offer serves which want, and which only sounds as if it did.

In ``fits.txt`` all fit, in ``traps.txt`` none does. A line: tag, offer, want; a description stands after ``//``.
"""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pair:
    tag: str
    offer: tuple[str, str]
    want: tuple[str, str]
    fits: bool


def all_pairs() -> list[Pair]:
    found = []
    for name, fits in (("fits", True), ("traps", False)):
        for line in (HERE / f"{name}.txt").read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                tag, offer, want = (part.strip() for part in line.split(" | "))
                found.append(Pair(tag, _listing(offer), _listing(want), fits))
    return found


def _listing(written: str) -> tuple[str, str]:
    title, _, description = written.partition("//")
    return title.strip(), description.strip()
