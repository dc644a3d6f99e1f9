"""Who lives in one household, as far as the book tells: they hold an account together."""

from collections.abc import Iterable
from typing import Final

from appliance.ledger.book.store import Tx


def household(tx: Tx, member: int) -> frozenset[int]:
    """``member`` and whoever shares an account with them, or with one who does, and so on.

    Accounts are shared by a joint grant; on an account of the group *household* whoever may act on
    it belongs to it. A grant counts while it is agreed.
    """
    found, unseen = {member}, [member]
    while unseen:
        one = unseen.pop()
        for other in sorted({n for row in tx.select(_SHARED, one, one) for n in row} - found):
            found.add(other)
            unseen.append(other)
    return frozenset(found)


_SHARED: Final = """
SELECT account.owner, "grant".member FROM "grant" JOIN account ON account.number = "grant".account
LEFT JOIN terms ON terms.account = account.number
WHERE "grant".state = 'agreed' AND account.owner IS NOT NULL AND ("grant".kind = 'joint' OR terms.grp = 'household')
  AND ("grant".member = ? OR account.owner = ?)
"""


def apart(tx: Tx, members: Iterable[int], than: frozenset[int]) -> int:
    """How many households ``members`` are of, those of ``than`` left out."""
    left, count = set(members) - than, 0
    while left:
        left -= household(tx, min(left))
        count += 1
    return count
