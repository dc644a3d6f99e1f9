"""Whose it was: what a recovery found of an account that nobody has here, moved to its owner.

A payment of the lost time may be of, or for, somebody who joined in the lost time. It is posted on
*unresolved* until a keeper who has no part in it says which account it belongs to: the one that the
same person has now. Limits are not asked: it has happened.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Crossing, Transfer
from appliance.ledger.book.schema_recovery import Recovered
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.crossings import move
from appliance.ledger.money.transfers import CLAIMED, DONE
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import UNRESOLVED, AccountNumber, RecordId


@dataclass(frozen=True, slots=True)
class ClaimUnresolved:
    """A keeper says whose a recovered payment is, and how that is known."""

    KIND: ClassVar[str] = "claim_unresolved"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    account: AccountNumber
    reason: str

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer, "account": self.account}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def _waiting(tx: Tx, transfer: bytes) -> Crossing | None:
    """The payment, while nobody has claimed it."""
    row = tx.get(Recovered, transfer=transfer)
    if row is None or row.account != UNRESOLVED or row.claimed_by is not None:
        return None
    return tx.get(Crossing, id=transfer)


def _decide(tx: Tx, command: ClaimUnresolved, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if _waiting(tx, command.transfer) is None:
        return Refusal(Code.NOT_UNRESOLVED, {}, (Action.SHOW,))
    account = accounts.usable(tx, command.account)
    if isinstance(account, Refusal):
        return account
    if account.kind != accounts.MEMBER:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if account.owner is not None and accounts.has_part(tx, account.owner, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(command.reason, LONGEST_LINE) or {}


def _may_claim(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    account = accounts.usable(tx, p["account"])
    if isinstance(account, Refusal) or account.kind != accounts.MEMBER or account.owner is None:
        return False
    no_part = not accounts.has_part(tx, account.owner, entry.actor)
    return no_part and powers.by_keeper(tx, entry) and _waiting(tx, p["transfer"]) is not None


def _apply(tx: Tx, entry: Entry) -> None:
    p, at = entry.act.payload, entry.act.at
    crossing, original = _waiting(tx, p["transfer"]), tx.get(Transfer, id=p["transfer"])
    if crossing is None or original is None:
        raise BookDamaged("claims what does not wait for its owner", entry.number)
    # Who paid in the lost time owes it now; who was paid has it.
    payer, payee = (p["account"], UNRESOLVED) if crossing.outgoing else (UNRESOLVED, p["account"])
    tx.insert(
        Transfer,
        id=entry.record,
        code=None,
        kind=CLAIMED,
        state=DONE,
        payer=payer,
        payee=payee,
        amount=crossing.amount,
        category=original.category,
        text_entry=original.text_entry,
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
    )
    move(tx, entry, entry.record, payer, payee, crossing.amount)
    tx.update(Recovered, {"transfer": p["transfer"]}, claimed_by=entry.record)


_SHAPE: Final = {"transfer": shape.RECORD, "account": shape.MEMBER}

HANDLERS = (Handler(ClaimUnresolved, _decide, _apply, _may_claim, _SHAPE),)
