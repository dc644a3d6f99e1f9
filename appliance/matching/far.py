"""What other hubs have told of their listings, as the ledger keeps it (``feed.FarListing``).

A hub's listings follow from its feed up to where that has been read, so the places reached in
its feeds are the *mark*, with how many have come to their end: the same mark, the same listings.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Self

from appliance.ledger.book.store import Tx


@dataclass(frozen=True, slots=True)
class Said:
    """An open listing of another hub. ``place`` counts as they arrive, over all hubs."""

    place: int
    listing: int
    owner: int
    kind: str
    category: str
    seen_ms: int
    title: str

    @classmethod
    def read(cls, said: str) -> Self:
        """One of ``open_listings``."""
        return cls(*json.loads(said))


def marks(tx: Tx) -> dict[int, str]:
    """For each neighbour of which anything was read: how far."""
    reached: dict[int, list[str]] = defaultdict(list)
    for hub, incarnation, read in tx.select(_READ):
        reached[int(hub)].append(f"{incarnation}.{read}")
    for hub, gone in tx.select(_GONE):  # some come to their end without a word of their hub
        if int(hub) in reached:
            reached[int(hub)].append(f"-{gone}")
    return {hub: " ".join(parts) for hub, parts in reached.items()}


_READ = """
SELECT feed.hub, feed.incarnation, feed.read FROM feed
JOIN neighbour ON neighbour.hub = feed.hub
WHERE feed.read > 0 ORDER BY feed.hub, feed.incarnation
"""


_GONE = "SELECT hub, COUNT(*) FROM far_listing WHERE NOT open AND until_ms IS NOT NULL GROUP BY hub"


def open_listings(tx: Tx, hub: int) -> set[str]:
    """The open listings of ``hub``, each as a text that names all that was said of it (``Said.read``)."""
    return {said for (said,) in tx.select(_OPEN, hub)}


# Written by SQLite: all of a hub's are looked at whenever it has said anything.
_OPEN = """
SELECT json_array(id, listing, owner, kind, category, seen_ms, title) FROM far_listing WHERE hub = ? AND open
"""
