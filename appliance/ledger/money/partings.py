"""Who held an account together and does no more: kept so that nobody stops just before it would count."""

from typing import Final

from appliance.ledger.book import rules
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema_care import Parting
from appliance.ledger.book.store import Tx


def keep(tx: Tx, entry: Entry, account: int, member: int | None = None) -> None:
    """Note, before it ends by ``entry``, that ``member`` (None: everybody who does) shares ``account`` with its owner.

    Only where the rules of care ask for it: books of before are folded as they were.
    """
    if "household_days" not in rules.kept(tx, "care"):
        return
    for owner, other in tx.select(_WHO, account):
        if member in (None, other):
            tx.put(
                Parting,
                account=account,
                member=other,
                entry=entry.number,
                owner=owner,
                ended_ms=entry.act.at.ms,
            )


_WHO: Final = """
SELECT account.owner, "grant".member FROM "grant" JOIN account ON account.number = "grant".account
LEFT JOIN terms ON terms.account = account.number
WHERE "grant".account = ? AND "grant".state = 'agreed' AND account.owner IS NOT NULL
  AND ("grant".kind = 'joint' OR terms.grp = 'household') ORDER BY "grant".member
"""
"""Who shares an account, as ``care.households`` has it."""
