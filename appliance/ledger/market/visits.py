"""When a member looked at the market before: two times a member, beside the book.

A *visit* is looking without a longer pause than ``PAUSE_MS``. What is new *since my last visit* stays so while the visit lasts.
"""

from typing import Final

from appliance.ledger.book.schema_market import MarketSeen
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant

PAUSE_MS: Final = 60 * 60_000
STEP_MS: Final = 10 * 60_000
"""So seldom a visit that goes on is written down: each time is a write of the card."""


def last(tx: Tx, member: int, now: Instant) -> int | None:
    """When the visit before this one ended, in milliseconds; None when there was none."""
    row = tx.get(MarketSeen, member=member)
    if row is None:
        return None
    at, before = _seen(row, now)
    return (at if _paused(at, now) else before) or None


def is_due(tx: Tx, member: int, now: Instant) -> bool:
    """Whether ``keep`` would write something."""
    row = tx.get(MarketSeen, member=member)
    return row is None or now.ms - _seen(row, now)[0] >= STEP_MS or row.at_ms > now.ms


def keep(store: Store, member: int, now: Instant) -> None:
    """``member`` looks at the market now.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        row = tx.get(MarketSeen, member=member)
        at, before = (0, 0) if row is None else _seen(row, now)
        tx.put(MarketSeen, member=member, at_ms=now.ms, before_ms=at if _paused(at, now) else before)


def _seen(row: MarketSeen, now: Instant) -> tuple[int, int]:
    """A clock that was set back makes nothing old that was not shown."""
    return min(row.at_ms, now.ms), min(row.before_ms, now.ms)


def _paused(at: int, now: Instant) -> bool:
    return now.ms - at >= PAUSE_MS
