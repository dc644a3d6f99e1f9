"""What one more listing costs the portal: a village's market in a real book, and what the portal does each minute after a listing has come.

Measured is ``keep_up``, the very call of the portal's minute chores: the index follows the book, and whom the listing
concerns is told. The listings are those of ``hub bench matching``. Milliseconds are of the processor.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from appliance.bench.village import Maker
from appliance.ledger.hub import Hub
from appliance.matching import CACHE_FILE, Index
from appliance.matching.listings_file import Listed
from appliance.web.market.finding import keep_up

A_MEMBER: Final = 5
"""Listings of each, as in the largest village a hub is made for."""
_MORE: Final = 60
_CHANGED: Final = 30
COMING: Final = _MORE + _CHANGED
"""So many listings are used up beside those that stand."""
_SEED: Final = 7


def measured(listings: list[Listed], tell: Callable[[str], None]) -> dict[str, Any]:
    """Make the village of all but the last of ``listings``; let those come one by one, and others be changed.

    Args:
        listings: more than ``COMING``.
    """
    standing, coming = listings[:-COMING], listings[-COMING:]
    members = max(2, len(standing) // A_MEMBER)
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        Maker(Path(folder) / "river", members, 0, 0, _SEED, tell) as village,
    ):
        tell(f"a market of {len(standing)} listings")
        records = village.open_listings(standing)
        hub = village.hub
        Index.open(hub.data / CACHE_FILE).close()
        first = _kept_up(hub)
        more = []
        for one in coming[:_MORE]:
            village.open_listings([one])
            more.append(_kept_up(hub))
        changed = []
        for n, one in zip(range(0, len(standing), len(standing) // _CHANGED), coming[_MORE:], strict=False):
            village.change(records[n], standing[n], one)
            changed.append(_kept_up(hub))
        told = _told(hub)
    return {
        "listings": len(standing),
        "members": members,
        "first_seconds": round(first / 1000, 2),
        "more_p50_ms": _part(more, 50),
        "more_p95_ms": _part(more, 95),
        "changed_p50_ms": _part(changed, 50),
        "changed_p95_ms": _part(changed, 95),
        "told": told,
    }


def _kept_up(hub: Hub) -> float:
    """What the chores take now: milliseconds."""
    begun = time.process_time()
    keep_up(hub)
    return (time.process_time() - begun) * 1000


def _part(took: list[float], percent: int) -> float:
    return round(sorted(took)[len(took) * percent // 100], 1)


def _told(hub: Hub) -> int:
    """How many matches have been news for somebody."""
    with hub.reading() as tx:
        ((count,),) = tx.select("SELECT COUNT(*) FROM match_new")
    return int(count)
