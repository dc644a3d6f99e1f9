"""What could be traded right now: where both sides have room for the price, as far as this hub can know.

Nobody is told how much room somebody else has: a listing is there, or it is not. Of other villages only the
reader's own room, and that of the way between the villages, is known here.
"""

from typing import Final

from appliance.ledger.book.schema import AccountRow, Neighbour
from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OFFER
from appliance.ledger.money import accounts
from appliance.ledger.people.roster import trunk_of

SMALLEST: Final = 1
"""What a price that is to be agreed is taken to be, at least."""

_OWN: Final = 0


def tradeable(tx: Tx, reader: int, kind: str) -> frozenset[tuple[int, int]]:
    """Open offers (or wants) of others that ``reader`` could pay for (be paid for) now: hub (0: this one) and number."""
    mine = accounts.get(tx, reader)
    if mine is None:
        return frozenset()
    buying = kind == OFFER
    room = accounts.can_give(mine) if buying else accounts.can_receive(mine)
    theirs = {
        row.number: accounts.can_receive(row) if buying else accounts.can_give(row)
        for row in tx.rows(AccountRow.select().where(AccountRow.kind == accounts.MEMBER))
    }
    found = {
        (_OWN, int(number))
        for number, owner, price in tx.select(_OWN_LISTINGS, kind)
        if owner != reader and enough(room, price) and enough(theirs.get(owner, 0), price)
    }
    ways = {int(row.hub): way_room(tx, int(row.hub), buying) for row in tx.rows(Neighbour.select())}
    found |= {
        (int(hub), int(number))
        for hub, number, price in tx.select(_FAR_LISTINGS, kind)
        if enough(room, price) and hub in ways and enough(ways[hub], price)
    }
    return frozenset(found)


def enough(room: int | None, price: int | None) -> bool:
    """Whether there is room for a price; what costs nothing can always be had."""
    return room is None or room >= (SMALLEST if price is None else price)


def way_room(tx: Tx, hub: int, buying: bool) -> int | None:
    """The room of our side of the trunk: what we pay comes to it, what we are paid goes from it."""
    trunk = tx.get(AccountRow, number=trunk_of(hub))
    if trunk is None:
        return 0
    return accounts.can_receive(trunk) if buying else accounts.can_give(trunk)


_OWN_LISTINGS: Final = """
SELECT listing.opened_entry, listing.owner, listing.price FROM listing
JOIN member ON member.number = listing.owner
WHERE listing.state = 'open' AND listing.kind = ? AND member.status = 'active'
"""
_FAR_LISTINGS: Final = "SELECT hub, listing, price FROM far_listing WHERE kind = ? AND open"
