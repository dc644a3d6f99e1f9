"""Who moves to another village has an account in both for a while, and is one person all the same.

A hub knows what its own people have said of where they go (``people.moving``). So whoever has said so is not taken
for a stranger there: their word from there is none on their own care or their household's, counts no second time on
one claim, and goes on where the caps of their word from here had come to. What the other hub's people were before they came it does not know.
"""

from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.care.rings import Node


def who(tx: Tx, node: Node) -> frozenset[int]:
    """The members of this hub who move, or moved, to that account of another hub."""
    return frozenset(int(member) for (member,) in tx.select(_WHO, node.hub, node.member))


def where(tx: Tx, member: int) -> Node | None:
    """The account of another hub to which ``member`` moves or moved."""
    found = tx.first(_WHERE, member)
    return None if found is None else Node(int(found[0]), int(found[1]))


_WHO: Final = "SELECT member FROM departure WHERE hub = ? AND account = ?"
_WHERE: Final = (
    "SELECT hub, account FROM departure WHERE member = ? AND hub IS NOT NULL AND account IS NOT NULL"
)
