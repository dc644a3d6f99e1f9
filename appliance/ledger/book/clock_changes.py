"""What the book says of the hub's time having been moved: for all that reckons with times."""

from collections.abc import Callable
from typing import Final

from appliance.ledger.book.schema_clock import ClockChange
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Quality


def last_change(tx: Tx) -> ClockChange | None:
    """The last time that the hub's time was set or put right."""
    found = tx.known((ClockChange,), "SELECT entry FROM clock_change ORDER BY entry DESC LIMIT 1")
    return tx.get(ClockChange, entry=found[0][0]) if found else None


def changed_since(tx: Tx, entry: int) -> int:
    """By how many milliseconds the hub's time was moved since ``entry``, while time did not pass.

    What was set forward from a time that nobody trusted is not counted: it may have passed.
    """
    found = tx.first(_CHANGED, entry, int(Quality.KEEPER))
    return int(found[0]) if found else 0


_CHANGED: Final = """
SELECT COALESCE(SUM(to_ms - from_ms), 0) FROM clock_change
WHERE entry > ? AND (to_ms < from_ms OR from_quality >= ?)
"""


def set_back(tx: Tx) -> int:
    """How far the hub's time was set back in all, in milliseconds: so much before its written time may be over what waits."""
    found = tx.first("SELECT COALESCE(SUM(from_ms - to_ms), 0) FROM clock_change WHERE to_ms < from_ms")
    return int(found[0]) if found else 0


def stretches(tx: Tx, at: Instant, back_ms: int) -> tuple[tuple[int, int], ...]:
    """The last ``back_ms`` before ``at``, as the hub's time was then: the newest stretch first.

    One stretch (from, without; until, with), or two when the hub's time was moved meanwhile.
    """
    since = at.ms - back_ms
    change = last_change(tx)
    if change is None or not since < change.to_ms <= at.ms:
        return ((since, at.ms),)
    rest = back_ms - (at.ms - change.to_ms)
    return ((change.to_ms - 1, at.ms), (change.from_ms - rest, change.from_ms))


def seconds_ago(tx: Tx, at: Instant, minutes: int, latest: Callable[[int, int], int | None]) -> int | None:
    """How long ago something happened last, in seconds, when that is within so many minutes.

    Args:
        latest: its time, when there is one later than the first moment and not after the second.
    """
    passed = 0
    for since, until in stretches(tx, at, minutes * 60_000):
        if (found := latest(since, until)) is not None:
            return (passed + until - found) // 1000
        passed += until - since
    return None
