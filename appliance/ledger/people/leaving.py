"""Leaving: accounts are closed at zero, and what was begun ends with them.

::

    active, away --leave (by the member)--> closed
    active, away, frozen --close_member (by a keeper: left or died)--> closed

A member is closed when every account stands at zero and nothing is under way: no payment on its
way to or held from another hub, no open dispute, no confirmed care that waits to be paid. What
merely waits for an answer is cancelled, on either side; of a split, the whole. Names stay on the
receipts of others; other hubs are told to forget them.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.private import SealedKeyRow, SealedSheet
from appliance.ledger.book.schema import AccountRow, Claim, Member, MemberKey, NameConsent
from appliance.ledger.book.schema_credit import Departure, Further, Grant, UndoAsk
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.care import states, telling
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.money import accounts, partings, shares, transfers
from appliance.ledger.people import powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import AccountNumber

LEFT: Final = "left"
DIED: Final = "died"
MOVED: Final = "moved"
HOWS: Final = (LEFT, DIED)
"""How a member left, as a keeper writes it down."""


@dataclass(frozen=True, slots=True)
class Leave(Wordless):
    """A member closes the own membership."""

    KIND: ClassVar[str] = "leave"
    VERSION: ClassVar[int] = 1

    member: AccountNumber

    def payload(self) -> codec.Body:
        return {"member": self.member}


@dataclass(frozen=True, slots=True)
class CloseMember:
    """A keeper closes the membership of somebody else who has left or died, and says why."""

    KIND: ClassVar[str] = "close_member"
    VERSION: ClassVar[int] = 1

    member: AccountNumber
    how: str
    reason: str

    def payload(self) -> codec.Body:
        return {"member": self.member, "how": self.how}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def refuse_closing(tx: Tx, number: int) -> Refusal | None:
    """Why a member cannot be closed now; the balance that stands against it is the member's own."""
    member = tx.get(Member, number=number)
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if member.status not in (*powers.STANDING, powers.FROZEN):
        return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
    for (balance,) in tx.select("SELECT balance FROM account WHERE owner = ? ORDER BY number", number):
        if balance:
            return Refusal(Code.ACCOUNT_NOT_ZERO, {"balance": balance}, (Action.CLEAR, Action.ASK_KEEPER))
    return Refusal(Code.UNDER_WAY, {}, (Action.WAIT, Action.ASK_KEEPER)) if under_way(tx, number) else None


def under_way(tx: Tx, number: int) -> bool:
    """Whether something of the member's is not finished and cannot simply be cancelled."""
    return tx.first(_UNDER_WAY, *(number,) * 4) is not None


_UNDER_WAY: Final = """
SELECT 1 FROM crossing JOIN account ON account.number = crossing.near
WHERE account.owner = ? AND crossing.state IN ('on_way', 'held')
UNION ALL
SELECT 1 FROM dispute JOIN posting ON posting.transfer = dispute.transfer
JOIN account ON account.number = posting.account
WHERE account.owner = ? AND dispute.state = 'open'
UNION ALL
SELECT 1 FROM claim WHERE carer = ? AND state = 'confirmed'
UNION ALL
SELECT 1 FROM claim JOIN care_objection ON care_objection.claim = claim.id
WHERE claim.carer = ? AND care_objection.state = 'open'
LIMIT 1
"""


def account_under_way(tx: Tx, account: int) -> bool:
    """As ``under_way``, of one account by itself."""
    return tx.first(_UNDER_WAY_THERE, account, account) is not None


_UNDER_WAY_THERE: Final = """
SELECT 1 FROM crossing WHERE near = ? AND state IN ('on_way', 'held')
UNION ALL
SELECT 1 FROM dispute JOIN posting ON posting.transfer = dispute.transfer
WHERE posting.account = ? AND dispute.state = 'open'
LIMIT 1
"""


def close(tx: Tx, entry: Entry, number: int, how: str) -> None:
    """Close a member whom ``refuse_closing`` does not refuse: the fold of every kind of closing."""
    for row in tx.rows(AccountRow.select().where(AccountRow.owner == number).order_by(AccountRow.number)):
        close_account(tx, entry, row.number)
    closed = {"closed_entry": entry.number}
    for (listing,) in tx.select(_LISTINGS, number):
        listings.end(tx, entry, listing)
    for (claim,) in tx.select(_CLAIMS, number, states.OPEN):
        tx.update(Claim, {"id": claim}, state=states.WITHDRAWN, **closed)
        telling.end(tx, entry, claim, states.WITHDRAWN)
    for account, member in tx.select(_HELPED, number):
        partings.keep(tx, entry, account, member)
        tx.update(Grant, {"account": account, "member": member}, state="ended", ended_entry=entry.number)
    tx.update(MemberKey, {"member": number, "ended_entry": None}, ended_entry=entry.number)
    tx.update(Member, {"number": number}, status=powers.CLOSED, keeper=False, status_entry=entry.number)
    tx.delete(NameConsent, NameConsent.member == number)
    goes = tx.get(Departure, member=number)
    if goes is not None and how in (LEFT, MOVED):  # has said where to, and stood at zero before it was closed
        tx.update(Departure, {"member": number}, **closed)
        return
    kept = {"how": how, "hub": None, "account": None, "told": False, "entry": entry.number}
    tx.put(Departure, member=number, **kept, **closed)


_LISTINGS: Final = "SELECT id FROM listing WHERE owner = ? AND state <> 'closed' ORDER BY opened_entry"
_CLAIMS: Final = "SELECT id FROM claim WHERE carer = ? AND state = ? ORDER BY opened_entry"
_HELPED: Final = """SELECT account, member FROM "grant" WHERE state <> 'ended' AND member = ?"""


def close_account(tx: Tx, entry: Entry, account: int) -> None:
    """What waits on one account is cancelled, its grants end, and a further one is closed."""
    for (record,) in tx.select(_SPLITS, account, account):
        shares.end(tx, entry, bytes(record), transfers.CANCELLED)
    for record, payee, amount in tx.select(_PENDING, account, account):
        transfers.hold(tx, payee, -amount)
        transfers.close(tx, entry, bytes(record), transfers.CANCELLED)
    for (record,) in tx.select(_ASKED_BACK, account, account):
        tx.update(UndoAsk, {"transfer": bytes(record)}, state="withdrawn", closed_entry=entry.number)
    partings.keep(tx, entry, account)
    ended = {"state": "ended", "ended_entry": entry.number}
    for state in ("asked", accounts.AGREED):
        tx.update(Grant, {"account": account, "state": state}, **ended)
    further = {"account": account, "state": accounts.OPEN}
    tx.update(Further, further, state="closed", closed_entry=entry.number)


_SPLITS: Final = """
SELECT id FROM transfer WHERE state = 'pending' AND kind = 'split' AND (payee = ?
  OR id IN (SELECT transfer FROM share WHERE account = ? AND state <> 'left_out'))
ORDER BY opened_entry
"""
_PENDING: Final = """
SELECT id, payee, amount FROM transfer WHERE state = 'pending' AND (payee = ? OR payer = ?)
ORDER BY opened_entry
"""
_ASKED_BACK: Final = """
SELECT undo_ask.transfer FROM undo_ask JOIN transfer ON transfer.id = undo_ask.transfer
WHERE undo_ask.state = 'open' AND (transfer.payee = ? OR transfer.payer = ?)
"""


def _decide_leave(tx: Tx, command: Leave, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if command.member != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return refuse_closing(tx, command.member) or {}


def _may_leave(tx: Tx, entry: Entry) -> bool:
    number = entry.act.payload["member"]
    return entry.actor == number and powers.active(tx, number) and refuse_closing(tx, number) is None


def _apply_leave(tx: Tx, entry: Entry) -> None:
    close(tx, entry, entry.act.payload["member"], LEFT)


def _decide_close(tx: Tx, command: CloseMember, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if accounts.has_part(tx, command.member, asking.actor):
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    member = tx.get(Member, number=command.member)
    if member is not None and member.keeper:
        return Refusal(Code.STILL_KEEPER, {}, (Action.ASK_KEEPER,))
    if command.how not in HOWS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    return refuse_reason(command.reason) or refuse_closing(tx, command.member) or {}


def _may_close(tx: Tx, entry: Entry) -> bool:
    number = entry.act.payload["member"]
    member = tx.get(Member, number=number)
    another = member is not None and not member.keeper and not accounts.has_part(tx, number, entry.actor)
    return another and powers.by_keeper(tx, entry) and refuse_closing(tx, number) is None


def _apply_close(tx: Tx, entry: Entry) -> None:
    close(tx, entry, entry.act.payload["member"], entry.act.payload["how"])


def _forget_key(tx: Tx, entry: Entry, command: Leave | CloseMember) -> None:
    tx.delete(SealedKeyRow, SealedKeyRow.member == command.member)
    tx.delete(SealedSheet, SealedSheet.member == command.member)


_MEMBER: Final = {"member": shape.MEMBER}

HANDLERS = (
    Handler(Leave, _decide_leave, _apply_leave, _may_leave, _MEMBER, attach=_forget_key),
    Handler(
        CloseMember,
        _decide_close,
        _apply_close,
        _may_close,
        _MEMBER | {"how": shape.one_of(*HOWS)},
        attach=_forget_key,
    ),
)
