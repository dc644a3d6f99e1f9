"""Who acted on whose account, where that was not the owner: "by Bob for Alice" on receipts and lines."""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.money import reversals, transfers
from appliance.ledger.reads.people import Person, owner_of, person

BY_KEEPERS: Final = (transfers.SLIP, transfers.OPENING, transfers.IMPORTED)
"""Kinds of transfers that keepers write down, for others."""


@dataclass(frozen=True, slots=True)
class Acted:
    """``who`` acted on ``account``, which is another's: as its helper or joint holder."""

    who: Person
    account: Person


def actor_of(authority: str) -> int | None:
    """The member who signed an entry of this authority; None for the hub and the root."""
    kind, _, name = authority.partition(":")
    return int(name) if kind == "member" else None


def helper(tx: Tx, account: int, member: int | None) -> Person | None:
    """``member``, when that is somebody who acts on the account without owning it, or did so once."""
    if member is None or member == owner_of(tx, account) or not reversals.helped(tx, account, member):
        return None
    return person(tx, member)


def acted(tx: Tx, row: Transfer) -> tuple[Acted, ...]:
    """Who opened and who closed a transfer on another's account; each once."""
    if row.kind in BY_KEEPERS:
        return ()
    asked = row.kind == transfers.REQUEST
    entries = ((row.opened_entry, row.payee if asked else row.payer), (row.closed_entry, row.payer))
    if row.kind == transfers.SPLIT:  # who answered for a part is told beside it
        entries = ((row.opened_entry, row.payee), (None, None))
    found: list[Acted] = []
    for entry, side in entries:
        signed = tx.first("SELECT authority, kind FROM entry WHERE number = ?", entry or 0)
        if signed is None:
            continue
        # Who asked takes back on the own side; every other answer is the payer's.
        on = row.payee if asked and signed[1] == "cancel" else side
        if on is None or (who := helper(tx, on, actor_of(signed[0]))) is None:
            continue
        account = person(tx, on)
        if account is not None and Acted(who, account) not in found:
            found.append(Acted(who, account))
    return tuple(found)
