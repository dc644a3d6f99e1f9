"""Who lives in one household, as far as the book tells: they hold an account together, or did until lately."""

from collections.abc import Iterable
from typing import Final

from appliance.ledger.book import rules
from appliance.ledger.book.store import Tx
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.money import dues


def household(tx: Tx, member: int, day: int) -> frozenset[int]:
    """``member`` and whoever shares an account with them, or with one who does, and so on.

    Accounts are shared by a joint grant; on an account of the group *household* whoever may act on
    it belongs to it. A grant counts while it is agreed, and for care of a ``day`` (since 1970-01-01)
    that is less than ``household_days`` after its end: who stops sharing an account just before
    signing is of the household still, and of care from before for ever.
    """
    days = rules.load(tx).care.household_days
    found, unseen = {member}, [member]
    while unseen:
        one = unseen.pop()
        near = {int(n) for row in tx.select(_SHARED, one, one) for n in row}
        if days:
            near |= _parted(tx, one, day, days)
        for other in sorted(near - found):
            found.add(other)
            unseen.append(other)
    return frozenset(found)


_SHARED: Final = """
SELECT account.owner, "grant".member FROM "grant" JOIN account ON account.number = "grant".account
LEFT JOIN terms ON terms.account = account.number
WHERE "grant".state = 'agreed' AND account.owner IS NOT NULL AND ("grant".kind = 'joint' OR terms.grp = 'household')
  AND ("grant".member = ? OR account.owner = ?)
"""


def _parted(tx: Tx, member: int, day: int, days: int) -> set[int]:
    """With whom ``member`` shared an account until ``days`` before ``day``, or later.

    By the hub's time as it was corrected since; an end of which nobody knows when it was has not passed.
    """
    found: set[int] = set()
    for owner, other, entry, ended_ms in tx.select(_PARTED, member, member):
        end = dues.ends(tx, entry, ended_ms + days * DAY_MS)
        if end is None or day < end // DAY_MS:
            found |= {int(owner), int(other)}
    return found


_PARTED: Final = "SELECT owner, member, entry, ended_ms FROM parting WHERE owner = ? OR member = ?"


def apart(tx: Tx, members: Iterable[int], than: frozenset[int], day: int) -> int:
    """How many households ``members`` are of, those of ``than`` left out."""
    left, count = set(members) - than, 0
    while left:
        left -= household(tx, min(left), day)
        count += 1
    return count
