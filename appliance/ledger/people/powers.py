"""Who may do what: the checks that commands share."""

from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Member
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Action, Code, Refusal

APPLIED = "applied"
ACTIVE = "active"
AWAY = "away"
MOVING = "moving"
FROZEN = "frozen"
CLOSED = "closed"

STANDING = (ACTIVE, AWAY, MOVING)
"""Who can trade. Of somebody who is away only the listings rest; who moves goes to zero only."""


def refuse_unless_active(tx: Tx, number: int | None) -> Refusal | None:
    """The refusal unless ``number`` is a member who was let in, is not frozen and has not left."""
    member = tx.get(Member, number=number)
    if member is not None and member.status == FROZEN:
        return Refusal(Code.FROZEN, {}, (Action.ASK_KEEPER,))
    if member is None or member.status not in STANDING:
        return Refusal(Code.NOT_ACTIVE, {}, (Action.ASK_KEEPER,))
    return None


def refuse_unless_keeper(tx: Tx, number: int | None) -> Refusal | None:
    """The refusal unless ``number`` is an active member whom the root appointed keeper."""
    member = tx.get(Member, number=number)
    if member is None or member.status not in STANDING or not member.keeper:
        return Refusal(Code.NOT_KEEPER, {}, (Action.ASK_KEEPER,))
    return None


def keepers(tx: Tx) -> tuple[int, ...]:
    """The numbers of all keepers who can act now."""
    found = tx.select("SELECT number, status FROM member WHERE keeper ORDER BY number")
    return tuple(number for number, status in found if status in STANDING)


def active(tx: Tx, number: int | None) -> bool:
    """Whether ``number`` is an active member."""
    return number is not None and refuse_unless_active(tx, number) is None


def by_keeper(tx: Tx, entry: Entry) -> bool:
    """The warrant of a keeper's act; of the root's as well, where the root may ask for it."""
    return entry.actor is None or refuse_unless_keeper(tx, entry.actor) is None
