"""A power cut at a chosen moment: a process that runs the real thing, and kills itself there.

Which moment is said in a flag file: its name, then a number that the moment may need. A process
without a flag behaves as ever. The moments are found by wrapping public functions at the border
between two states, most of all ``Store.write``: inside it just before COMMIT, and just after.
"""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from appliance.ledger.book.store import Store, Tx


def arm(flag: Path, moment: str, number: float = 0.0) -> None:
    """Let the process that watches ``flag`` die at ``moment``."""
    draft = flag.with_suffix(".draft")
    draft.write_text(f"{moment} {number}")
    draft.replace(flag)


class PowerCut:
    """The cut that a flag file asks for; it happens once, then the flag is gone."""

    def __init__(self, flag: Path) -> None:
        self._flag = flag

    def asked(self, *moments: str) -> float | None:
        """The flag's number when it names one of these moments."""
        try:
            moment, _, number = self._flag.read_text().partition(" ")
        except FileNotFoundError:
            return None
        return float(number or 0) if moment in moments else None

    def at(self, *moments: str) -> None:
        """One of these moments is now: die if the flag names it."""
        if self.asked(*moments) is not None:
            self._die()

    def after(self, seconds: float) -> None:
        """Die so much later, whatever goes on meanwhile."""
        self._flag.unlink(missing_ok=True)
        timer = threading.Timer(seconds, self._die)
        timer.daemon = True
        timer.start()

    def _die(self) -> None:
        self._flag.unlink(missing_ok=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)


@contextmanager
def around_commits(cut: PowerCut, kinds: Mapping[str, str]) -> Iterator[None]:
    """Makes moments of the commits that write entries of these kinds.

    Args:
        kinds: kind of entry -> a name: the moments are ``before_NAME``, when all is written and
            COMMIT is next, and ``after_NAME``, when COMMIT has returned and nothing else was done.
    """
    write = Store.write

    @contextmanager
    def watched(store: Store) -> Iterator[Tx]:
        with write(store) as tx:
            last = _entries(tx)
            yield tx
            new = tx.select("SELECT kind FROM entry WHERE number > ?", last)
            names = [kinds[kind] for (kind,) in new if kind in kinds]
            cut.at(*(f"before_{name}" for name in names))
        cut.at(*(f"after_{name}" for name in names))

    with mock.patch.object(Store, "write", watched):
        yield


def _entries(tx: Tx) -> int:
    found = tx.first("SELECT MAX(number) FROM entry")
    return int(found[0] or 0) if found else 0
