"""What other hubs have told of their listings, as the ledger keeps it (``feed.FarListing``).

A hub's listings follow from its feed up to where that has been read, so the places reached in
its feeds are the *mark*: the same mark, the same listings.
"""

import json
from collections import defaultdict
from dataclasses import dataclass

from appliance.ledger.book.feed import FarListing
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


def marks(tx: Tx) -> dict[int, str]:
    """For each neighbour of which anything was read: how far."""
    reached: dict[int, list[str]] = defaultdict(list)
    for hub, incarnation, read in tx.select(_READ):
        reached[int(hub)].append(f"{incarnation}.{read}")
    return {hub: " ".join(parts) for hub, parts in reached.items()}


_READ = """
SELECT feed.hub, feed.incarnation, feed.read FROM feed
JOIN neighbour ON neighbour.hub = feed.hub
WHERE feed.read > 0 ORDER BY feed.hub, feed.incarnation
"""


def open_listings(tx: Tx, hub: int) -> dict[str, Said]:
    """The open listings of ``hub``, each under a text that names all that was said of it."""
    query = FarListing.select(
        FarListing.id,
        FarListing.listing,
        FarListing.owner,
        FarListing.kind,
        FarListing.category,
        FarListing.seen_ms,
        FarListing.title,
    ).where(FarListing.hub == hub, FarListing.open)
    return {json.dumps(row, ensure_ascii=False): Said(*row) for row in tx.rows(query.tuples())}
