"""When what waits is over: its time counts by a clock that somebody vouches for, and by no other.

A request, a split, a proposal, limits for a while: each ends at a moment that was reckoned when it
was begun. Where the clock was not set then, that moment means nothing, and may be over as soon as
somebody sets the clock. So the same time counts from when somebody vouches for the time: from the
first payment after it that bears a time of keeper's quality, or from the entry by which the hub's
time was set; until there is one, it waits. Where the hub's time was moved since (``book.clock_changes``), the moment
moves with it: what waits gets its whole time, no less, and no fourteen years more. All of it
follows from the book.
"""

from collections.abc import Iterable
from typing import Final, TypeVar

from appliance.ledger.book import chain
from appliance.ledger.book.clock_changes import changed_since, set_back
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Quality

MOST_LOOKED_AT: Final = 1000
"""How many that may be over are looked at in one go."""

What = TypeVar("What")


def ends(tx: Tx, begun: int, until_ms: int) -> int | None:
    """When it is over what entry ``begun`` lets wait until ``until_ms``; None: nobody knows yet."""
    entry = chain.by_number(tx, begun)
    if entry is None or entry.act.at.quality >= Quality.KEEPER:
        return until_ms + changed_since(tx, begun)
    known = tx.first(_FIRST_KNOWN, begun, int(Quality.KEEPER), begun, int(Quality.KEEPER))
    if known is None:
        return None
    closed_ms, number = known
    return int(closed_ms) + until_ms - entry.act.at.ms + changed_since(tx, number)


def latest(tx: Tx, now: Instant) -> int:
    """Nothing whose written time is later than this can be over ``now``."""
    return now.ms + set_back(tx)


_FIRST_KNOWN: Final = """
SELECT * FROM (
  SELECT closed_ms, opened_entry FROM transfer
  WHERE opened_entry > ? AND closed_entry = opened_entry AND closed_quality >= ? ORDER BY opened_entry LIMIT 1)
UNION ALL SELECT * FROM (
  SELECT to_ms, entry FROM clock_change WHERE entry > ? AND quality >= ? ORDER BY entry LIMIT 1)
ORDER BY 2 LIMIT 1
"""


def over(tx: Tx, begun: int, until_ms: int, at: Instant) -> bool:
    """Whether it is over by ``at``; never by a clock that nobody vouches for."""
    if at.quality < Quality.KEEPER:
        return False
    end = ends(tx, begun, until_ms)
    return end is not None and at.ms >= end


def those_over(tx: Tx, waiting: Iterable[tuple[What, int, int]], at: Instant, most: int) -> tuple[What, ...]:
    """The first ``most`` of what waits (each with its entry, and until when) that are over."""
    found: list[What] = []
    for what, begun, until_ms in waiting:
        if len(found) < most and over(tx, begun, until_ms, at):
            found.append(what)
    return tuple(found)
