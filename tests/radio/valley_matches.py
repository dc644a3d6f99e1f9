"""What people of three hubs say of matches with each other: something to say, and what was said and heard of it."""

from appliance.ledger.market.matches import AnswerMatch
from tests.support.valley import Valley

Words = set[tuple[object, ...]]


def something(valley: Valley, hub: int, pick: int, how: int) -> tuple[int, AnswerMatch] | None:
    """Somebody says something of an own listing and one of another hub, as far as that is known here; None: nothing fits."""
    with valley.hubs[hub].reading() as tx:
        found = tx.select(_MATCHES)
    if not found:
        return None
    number, kind, owner, other, theirs = found[pick % len(found)]
    mine, his = (hub, number), (other, theirs)
    offer, want = (mine, his) if kind == "offer" else (his, mine)
    return owner, AnswerMatch(offer, want, ("accept", "dismiss", "accept", "happened")[how % 4])


def agree(valley: Valley, hub: int) -> None:
    """What ``hub`` has heard of matches is what the others have told it last, whatever came when."""
    told: Words = set()
    for other in set(valley.hubs) - {hub}:
        with valley.hubs[other].reading() as tx:
            told |= {tuple(row) for row in tx.select(_TOLD, other, hub)}
    with valley.hubs[hub].reading() as tx:
        assert {tuple(row) for row in tx.select(_HEARD)} == told


_MATCHES = """
SELECT mine.opened_entry, mine.kind, mine.owner, far.hub, far.listing FROM listing AS mine
JOIN far_listing AS far ON far.open AND far.kind <> mine.kind WHERE mine.state = 'open'
ORDER BY mine.opened_entry, far.hub, far.listing
"""
_HEARD = "SELECT offer_hub, offer, want_hub, want, hub, said, number FROM match_heard"
_TOLD = "SELECT offer_hub, offer, want_hub, want, ?, said, number FROM match_told WHERE hub = ?"
