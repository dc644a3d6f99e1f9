"""What somebody's account began with: of an opening everybody sees the own part."""

from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.money import transfers
from appliance.ledger.reads.people import Person, person

Sides = tuple[Person | None, Person, int]
"""Payer, payee and amount of a transfer."""


def own_part(tx: Tx, row: Transfer, viewer: int, seen: Sides) -> Sides:
    """Payer, payee and amount as the viewer should read them; the commons stands for all others.

    Args:
        seen: what they are for everybody.
    """
    me = person(tx, viewer) if row.kind == transfers.OPENING else None
    posted = None if me is None else tx.get(Posting, transfer=row.id, account=viewer)
    if me is None or posted is None:
        return seen
    commons, amount = seen[1], int(posted.amount)
    return (commons, me, amount) if amount > 0 else (me, commons, -amount)
