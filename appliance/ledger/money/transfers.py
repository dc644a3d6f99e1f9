"""Transfers: pay, ask, answer, undo.

::

    (nothing) --pay--> done
    (nothing) --request--> pending --accept--> done
                           pending --decline (by who was asked)--> declined
                           pending --cancel (by who asked)--> cancelled
    done --reverse--> done, with a reversal linked to it

An unanswered request keeps its amount aside on the side of the one who asked (``held``); the
one who is asked is checked when answering. A reversal moves the same credit back. Who gave it back by
themselves keeps to the own lower limit: else a friend's payment, spent and then given back,
would pass it (``docs/decisions/0004``). A keeper may put right others' payments whatever the
limits say, and whoever gets credit back may stand above the upper one.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.schema import AccountRow, Transfer
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, RECORD, or_none, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.postings import post
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId, code_of

PENDING = "pending"
ON_WAY = "on_way"
ARRIVED = "arrived"
RETURNED = "returned"
HELD = "held"
DONE = "done"
DECLINED = "declined"
CANCELLED = "cancelled"

PAYMENT = "payment"
REQUEST = "request"
REVERSAL = "reversal"
CARE = "care"
SENT = "sent"
RECEIVED = "received"
REFUND = "refund"

UNDOING: Final = (REVERSAL, REFUND)
"""Kinds that undo another transfer, and are not undone themselves."""

CROSSING: Final = (SENT, RECEIVED, REFUND)
"""Kinds of transfers whose other side is an account of another hub."""


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay somebody now. ``again`` says that an equal payment a moment ago is no mistake."""

    KIND: ClassVar[str] = "pay"
    VERSION: ClassVar[int] = 1

    payer: AccountNumber
    payee: AccountNumber
    amount: Amount
    category: str = "other"
    note: str = ""
    again: bool = False

    def payload(self) -> codec.Body:
        return {"payer": self.payer, "payee": self.payee, "amount": self.amount, "category": self.category}

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for credit: of one member, or (``payer`` None) of whoever reads the QR code."""

    KIND: ClassVar[str] = "request"
    VERSION: ClassVar[int] = 1

    payee: AccountNumber
    payer: AccountNumber | None
    amount: Amount
    category: str = "other"
    note: str = ""

    def payload(self) -> codec.Body:
        return {"payer": self.payer, "payee": self.payee, "amount": self.amount, "category": self.category}

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class _Answer(Wordless):
    """What all answers to a request carry."""

    request: RecordId
    payer: AccountNumber

    def payload(self) -> codec.Body:
        return {"request": self.request, "payer": self.payer}


@dataclass(frozen=True, slots=True)
class Accept(_Answer):
    """Pay what somebody asked for, out of ``payer``.

    ``amount`` and ``payee`` stand in the payload so that the payer's signature covers them.
    """

    KIND: ClassVar[str] = "accept"
    VERSION: ClassVar[int] = 1

    payee: AccountNumber
    amount: Amount

    def payload(self) -> codec.Body:
        return {"request": self.request, "payer": self.payer, "payee": self.payee, "amount": self.amount}


@dataclass(frozen=True, slots=True)
class Decline(_Answer):
    """Say no to a request. ``payer`` is who was asked."""

    KIND: ClassVar[str] = "decline"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Cancel(Wordless):
    """Take back one's own unanswered request."""

    KIND: ClassVar[str] = "cancel"
    VERSION: ClassVar[int] = 1

    request: RecordId

    def payload(self) -> codec.Body:
        return {"request": self.request}


@dataclass(frozen=True, slots=True)
class Reverse:
    """Give back what was received: by the payee, or by a keeper with a reason."""

    KIND: ClassVar[str] = "reverse"
    VERSION: ClassVar[int] = 1

    transfer: RecordId
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"transfer": self.transfer}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


def refuse_basics(amount: int, category: str, note: str) -> Refusal | None:
    """The refusal when the terms of a payment cannot be, whoever pays."""
    if not 0 < amount <= MAX_AMOUNT:
        return Refusal(Code.AMOUNT_WRONG, {"amount": amount}, (Action.TRY_AGAIN,))
    if category not in CATEGORIES:
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    return too_long(note, LONGEST_LINE)


def own(tx: Tx, number: int, asking: Asking) -> AccountRow | Refusal:
    """The asking member's own, usable account, or why there is none."""
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    account = accounts.usable(tx, number)
    if isinstance(account, Refusal):
        return account
    if account.owner is None or account.owner != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return account


def _decide_pay(tx: Tx, command: Pay, asking: Asking) -> codec.Body | Refusal:
    if refusal := refuse_basics(command.amount, command.category, command.note):
        return refusal
    payer = own(tx, command.payer, asking)
    if isinstance(payer, Refusal):
        return payer
    if command.payee == command.payer:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    payee = accounts.usable(tx, command.payee)
    if isinstance(payee, Refusal):
        return payee
    if refusal := accounts.refuse_giving(payer, command.amount):
        return refusal
    if refusal := accounts.refuse_receiving(payee, command.amount, own=False):
        return refusal
    if not command.again and (ago := _equal_payment(tx, command, asking)) is not None:
        return Refusal(
            Code.SAME_AGAIN, {"amount": command.amount, "seconds": ago}, (Action.PAY_AGAIN, Action.HOME)
        )
    return {}


def _equal_payment(tx: Tx, command: Pay, asking: Asking) -> int | None:
    """How many seconds ago the same was paid, when that is within the community's window."""
    since = asking.at.ms - asking.rules.credit.again_minutes * 60_000
    last = tx.first(_LAST_EQUAL, command.payer, command.payee, command.amount, since, asking.at.ms, PAYMENT)
    return None if last is None else (asking.at.ms - int(last[0])) // 1000


_LAST_EQUAL = """
SELECT closed_ms FROM transfer
WHERE payer = ? AND payee = ? AND amount = ? AND closed_ms > ? AND closed_ms <= ?
  AND kind = ? AND reversed_by IS NULL
ORDER BY closed_ms DESC LIMIT 1
"""


def _apply_pay(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    _insert(tx, entry, PAYMENT, p["payer"], closed=True)
    _move(tx, entry, entry.record, p["payer"], p["payee"], p["amount"])


def _decide_request(tx: Tx, command: Request, asking: Asking) -> codec.Body | Refusal:
    if refusal := refuse_basics(command.amount, command.category, command.note):
        return refusal
    payee = own(tx, command.payee, asking)
    if isinstance(payee, Refusal):
        return payee
    if command.payer is not None:
        if command.payer == command.payee:
            return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
        payer = accounts.usable(tx, command.payer)
        if isinstance(payer, Refusal):
            return payer
        if payer.kind != accounts.MEMBER:
            return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return accounts.refuse_receiving(payee, command.amount, own=True) or {"code": code_of(asking.record)}


def _apply_request(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    _insert(tx, entry, REQUEST, p["payer"], closed=False, code=code_of(entry.record))
    _hold(tx, p["payee"], p["amount"])


def _pending(tx: Tx, record: bytes) -> Transfer | Refusal:
    request = tx.get(Transfer, id=record)
    if request is None or request.kind != REQUEST:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    if request.state != PENDING:
        return Refusal(Code.NOT_PENDING, {}, (Action.SHOW, Action.HOME))
    return request


def _decide_accept(tx: Tx, command: Accept, asking: Asking) -> codec.Body | Refusal:
    request = _pending(tx, command.request)
    if isinstance(request, Refusal):
        return request
    payer = own(tx, command.payer, asking)
    if isinstance(payer, Refusal):
        return payer
    if request.payee == command.payer:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.HOME,))
    if request.payer is not None and request.payer != command.payer:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if (request.payee, request.amount) != (command.payee, command.amount):
        return Refusal(Code.TERMS_CHANGED, {"amount": request.amount}, (Action.SHOW,))
    payee = accounts.usable(tx, request.payee)
    if isinstance(payee, Refusal):
        return payee
    # The payee's own hold is released by this very answer.
    payee.held -= request.amount
    return (
        accounts.refuse_giving(payer, request.amount)
        or accounts.refuse_receiving(payee, request.amount, own=False)
        or {}
    )


def _apply_accept(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    _close(tx, entry, p["request"], DONE, payer=p["payer"])
    _hold(tx, p["payee"], -p["amount"])
    _move(tx, entry, p["request"], p["payer"], p["payee"], p["amount"])


def _decide_decline(tx: Tx, command: Decline, asking: Asking) -> codec.Body | Refusal:
    request = _pending(tx, command.request)
    if isinstance(request, Refusal):
        return request
    account = accounts.get(tx, command.payer)
    if account is None or account.owner != asking.actor or request.payer != command.payer:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _decide_cancel(tx: Tx, command: Cancel, asking: Asking) -> codec.Body | Refusal:
    request = _pending(tx, command.request)
    if isinstance(request, Refusal):
        return request
    account = accounts.get(tx, request.payee)
    if account is None or account.owner != asking.actor:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _apply_drop(tx: Tx, entry: Entry) -> None:
    """Decline and cancel: the request ends, and what it kept aside is free again."""
    record = entry.act.payload["request"]
    request = tx.get(Transfer, id=record)
    if request is not None:
        _hold(tx, request.payee, -request.amount)
    _close(tx, entry, record, DECLINED if entry.act.kind == Decline.KIND else CANCELLED)


def _decide_reverse(tx: Tx, command: Reverse, asking: Asking) -> codec.Body | Refusal:
    transfer = tx.get(Transfer, id=command.transfer)
    if transfer is None:
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    payee = accounts.get(tx, transfer.payee)
    mine = payee is not None and accounts.owned(tx, transfer.payee, asking.actor)
    keeper = powers.refuse_unless_keeper(tx, asking.actor) is None
    if not mine and not keeper:
        return Refusal(Code.NOT_YOURS, {}, (Action.ASK_KEEPER,))
    if not mine and not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.reason, LONGEST_LINE):
        return refusal
    if transfer.reversed_by is not None:
        return Refusal(Code.ALREADY_REVERSED, {}, (Action.SHOW, Action.HOME))
    if transfer.state != DONE or transfer.kind in UNDOING:
        return Refusal(Code.NOT_REVERSIBLE, {}, (Action.SHOW, Action.HOME))
    return (accounts.refuse_giving(payee, transfer.amount) if mine and payee else None) or {}


def _apply_reverse(tx: Tx, entry: Entry) -> None:
    undone = entry.act.payload["transfer"]
    original = tx.get(Transfer, id=undone)
    if original is None or original.payer is None:
        raise BookDamaged("undoes a transfer that is not there", entry.number)
    tx.insert(
        Transfer,
        id=entry.record,
        kind=REVERSAL,
        state=DONE,
        payer=original.payee,
        payee=original.payer,
        amount=original.amount,
        category=original.category,
        text_entry=entry.number if entry.act.private_digest else None,
        opened_entry=entry.number,
        opened_ms=entry.act.at.ms,
        closed_entry=entry.number,
        closed_ms=entry.act.at.ms,
        closed_quality=int(entry.act.at.quality),
        reverses=undone,
    )
    tx.update(Transfer, {"id": undone}, reversed_by=entry.record)
    _move(tx, entry, entry.record, original.payee, original.payer, original.amount)


def _insert(
    tx: Tx, entry: Entry, kind: str, payer: int | None, closed: bool, code: str | None = None
) -> None:
    p, at = entry.act.payload, entry.act.at
    tx.insert(
        Transfer,
        id=entry.record,
        code=code,
        kind=kind,
        state=DONE if closed else PENDING,
        payer=payer,
        payee=p["payee"],
        amount=p["amount"],
        category=p["category"],
        text_entry=entry.number if entry.act.private_digest else None,
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number if closed else None,
        closed_ms=at.ms if closed else None,
        closed_quality=int(at.quality) if closed else None,
    )


def _close(tx: Tx, entry: Entry, record: bytes, state: str, **also: object) -> None:
    at = entry.act.at
    tx.update(
        Transfer,
        {"id": record},
        state=state,
        closed_entry=entry.number,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
        **also,
    )


def _hold(tx: Tx, number: int, amount: int) -> None:
    account = accounts.get(tx, number)
    if account is None:
        raise BookDamaged(f"account {number} is not there")
    tx.update(AccountRow, {"number": number}, held=account.held + amount)


def _move(tx: Tx, entry: Entry, transfer: bytes, payer: int, payee: int, amount: int) -> None:
    lines = ((AccountNumber(payer), Amount(-amount)), (AccountNumber(payee), Amount(amount)))
    post(tx, RecordId(transfer), lines, entry.number)


def _may_pay(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return accounts.owned(tx, p["payer"], entry.actor) and _room(tx, p["payer"], p["payee"], p["amount"])


def _room(tx: Tx, payer: int, payee: int, amount: int, released: int = 0) -> bool:
    """Whether both sides could trade and had room; ``released``: what the payee's hold gives free."""
    gives, gets = accounts.usable(tx, payer), accounts.usable(tx, payee)
    if isinstance(gives, Refusal) or isinstance(gets, Refusal):
        return False
    gets.held -= released
    return not (accounts.refuse_giving(gives, amount) or accounts.refuse_receiving(gets, amount, own=False))


def _may_ask(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    account = accounts.get(tx, p["payee"])
    room = account is not None and not accounts.refuse_receiving(account, p["amount"], own=True)
    return room and accounts.owned(tx, p["payee"], entry.actor)


def _may_accept(tx: Tx, entry: Entry) -> bool:
    p, request = entry.act.payload, _pending(tx, entry.act.payload["request"])
    if isinstance(request, Refusal) or request.payer not in (None, p["payer"]):
        return False
    if (request.payee, request.amount) != (p["payee"], p["amount"]):
        return False
    room = _room(tx, p["payer"], p["payee"], p["amount"], released=p["amount"])
    return room and accounts.owned(tx, p["payer"], entry.actor)


def _may_decline(tx: Tx, entry: Entry) -> bool:
    p, request = entry.act.payload, _pending(tx, entry.act.payload["request"])
    account = accounts.get(tx, p["payer"])
    mine = account is not None and account.owner == entry.actor
    return not isinstance(request, Refusal) and request.payer == p["payer"] and mine


def _may_cancel(tx: Tx, entry: Entry) -> bool:
    request = _pending(tx, entry.act.payload["request"])
    account = None if isinstance(request, Refusal) else accounts.get(tx, request.payee)
    return account is not None and account.owner == entry.actor


def _may_reverse(tx: Tx, entry: Entry) -> bool:
    transfer = tx.get(Transfer, id=entry.act.payload["transfer"])
    if transfer is None or transfer.state != DONE or transfer.kind in UNDOING or transfer.reversed_by:
        return False
    payee = accounts.get(tx, transfer.payee)
    if payee is not None and accounts.owned(tx, transfer.payee, entry.actor):
        return accounts.refuse_giving(payee, transfer.amount) is None
    return powers.by_keeper(tx, entry)


_TERMS: Final = {"payee": ACCOUNT, "amount": AMOUNT, "category": word}

HANDLERS = (
    Handler(Pay, _decide_pay, _apply_pay, _may_pay, {"payer": ACCOUNT, **_TERMS}),
    Handler(Request, _decide_request, _apply_request, _may_ask, {"payer": or_none(ACCOUNT), **_TERMS}),
    Handler(
        Accept,
        _decide_accept,
        _apply_accept,
        _may_accept,
        {"request": RECORD, "payer": ACCOUNT, "payee": ACCOUNT, "amount": AMOUNT},
    ),
    Handler(Decline, _decide_decline, _apply_drop, _may_decline, {"request": RECORD, "payer": ACCOUNT}),
    Handler(Cancel, _decide_cancel, _apply_drop, _may_cancel, {"request": RECORD}),
    Handler(Reverse, _decide_reverse, _apply_reverse, _may_reverse, {"transfer": RECORD}),
)
