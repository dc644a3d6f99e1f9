"""Favourites and blocks: what a member keeps for herself about others. Nobody else learns of a favourite.

Whom somebody has blocked reaches that person neither with messages nor as a match; payments, requests and
care go on as before: a block is no sentence. Nothing of it is in the book.
"""

from typing import Final

from appliance.ledger.book.feed import FarListing, FarPerson
from appliance.ledger.book.schema import Listing, Member
from appliance.ledger.book.schema_talk import Block, Favourite
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.people import powers

OWN: Final = 0
"""Stands for this hub."""

MEMBER: Final = "member"
LISTING: Final = "listing"

MOST: Final = 200
"""Favourites, and blocks, that one member can have."""


def keep(store: Store, member: int, kind: str, hub: int, item: int, at: Instant) -> Refusal | None:
    """Make somebody, or an offer or want, a favourite of ``member``. Twice is as good as once.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        if refusal := powers.refuse_unless_active(tx, member):
            return refusal
        if refusal := _refuse_missing(tx, member, kind, hub, item):
            return refusal
        ((count,),) = tx.select("SELECT COUNT(*) FROM favourite WHERE member = ?", member)
        known = tx.get(Favourite, member=member, kind=kind, hub=hub, item=item)
        if known is None and count >= MOST:
            return Refusal(Code.TOO_MANY, {"most": MOST}, (Action.SHOW,))
        if known is None:
            tx.insert(Favourite, member=member, kind=kind, hub=hub, item=item, at_ms=at.ms)
    return None


def drop(store: Store, member: int, kind: str, hub: int, item: int) -> None:
    """It is no favourite any more; quietly when it was none.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    one = (Favourite.kind == kind) & (Favourite.hub == hub) & (Favourite.item == item)
    with store.write() as tx:
        tx.delete(Favourite, (Favourite.member == member) & one)


def _refuse_missing(tx: Tx, member: int, kind: str, hub: int, item: int) -> Refusal | None:
    if kind == LISTING:
        row = tx.get(Listing, opened_entry=item) if hub == OWN else None
        far = tx.get(FarListing, hub=hub, listing=item) if hub != OWN else None
        there = (row is not None and row.state == listings.OPEN) or (far is not None and bool(far.open))
        return None if there else Refusal(Code.UNKNOWN_LISTING, {}, (Action.HOME,))
    if hub == OWN and item == member:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.HOME,))
    return None if kind == MEMBER and exists(tx, hub, item) else _nobody()


def _nobody() -> Refusal:
    return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))


def exists(tx: Tx, hub: int, number: int) -> bool:
    """Whether there is such a member who is here; of another hub, one who lets us know the name."""
    if hub != OWN:
        far = tx.get(FarPerson, hub=hub, number=number)
        return far is not None and bool(far.name)  # empty: hidden since
    row = tx.get(Member, number=number)
    return row is not None and row.status in (*powers.STANDING, powers.FROZEN)


def favourites(tx: Tx, member: int) -> frozenset[tuple[str, int, int]]:
    """What ``member`` has marked: kind, hub, item."""
    rows = tx.select("SELECT kind, hub, item FROM favourite WHERE member = ?", member)
    return frozenset((str(kind), int(hub), int(item)) for kind, hub, item in rows)


def block(store: Store, member: int, hub: int, other: int, at: Instant) -> Refusal | None:
    """``member`` wants nothing more of ``other``. Twice is as good as once.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        if refusal := powers.refuse_unless_active(tx, member):
            return refusal
        if hub == OWN and other == member:
            return Refusal(Code.OWN_ACCOUNT, {}, (Action.HOME,))
        if not exists(tx, hub, other):
            return _nobody()
        ((count,),) = tx.select("SELECT COUNT(*) FROM block WHERE member = ?", member)
        known = tx.get(Block, member=member, hub=hub, other=other)
        if known is None and count >= MOST:
            return Refusal(Code.TOO_MANY, {"most": MOST}, (Action.SHOW,))
        if known is None:
            tx.insert(Block, member=member, hub=hub, other=other, at_ms=at.ms)
    return None


def unblock(store: Store, member: int, hub: int, other: int) -> None:
    """Take a block away; quietly when there is none.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        tx.delete(Block, (Block.member == member) & (Block.hub == hub) & (Block.other == other))


def blocks(tx: Tx, member: int, hub: int, other: int) -> bool:
    """Whether ``member`` has blocked ``other``."""
    return tx.get(Block, member=member, hub=hub, other=other) is not None


def blocked_by(tx: Tx, member: int) -> frozenset[tuple[int, int]]:
    """Whom ``member`` has blocked: hub (``OWN``) and number."""
    rows = tx.select("SELECT hub, other FROM block WHERE member = ? ORDER BY hub, other", member)
    return frozenset((int(hub), int(other)) for hub, other in rows)


def apart(tx: Tx, member: int) -> frozenset[tuple[int, int]]:
    """Who must not be matched with ``member``: whom the member has blocked, and who has blocked the member."""
    rows = tx.select("SELECT member FROM block WHERE hub = 0 AND other = ?", member)
    return blocked_by(tx, member) | {(OWN, int(other)) for (other,) in rows}


def blockers(tx: Tx, hub: int, member: int) -> frozenset[int]:
    """Which members of this hub have blocked somebody."""
    rows = tx.select("SELECT member FROM block WHERE hub = ? AND other = ?", hub, member)
    return frozenset(int(one) for (one,) in rows)


def all_apart(tx: Tx) -> frozenset[frozenset[tuple[int, int]]]:
    """Every two people of whom one has blocked the other: hub (``OWN``) and number of each."""
    rows = tx.select("SELECT member, hub, other FROM block")
    return frozenset(frozenset({(OWN, int(one)), (int(hub), int(other))}) for one, hub, other in rows)
