"""Requests: ask for credit, answer, take back.

::

    (nothing) --request--> pending --accept--> done
                           pending --decline (by who was asked)--> declined
                           pending --cancel (by who asked)--> cancelled
                           pending --expire (by rule, nobody answered in time)--> expired

An unanswered request keeps its amount aside on the side of the one who asked (``held``); the
one who is asked is checked when answering. Silence expires, it never pays.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow, Transfer
from appliance.ledger.book.schema_credit import Answered, Due
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, RECORD, one_of, or_none
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, dues
from appliance.ledger.money.transfers import (
    CANCELLED,
    DECLINED,
    DONE,
    EXPIRED,
    PENDING,
    REQUEST,
    TERMS,
    close,
    hold,
    insert,
    move,
    own,
    refuse_basics,
    refuse_payee,
    room,
)
from appliance.ledger.values import AccountNumber, Amount, RecordId, code_of

PHRASES: Final = ("not_now", "already_paid", "other_amount", "wrong_person", "talk_first")
"""Why somebody declines, if they care to say: kind words stand for each on the screen."""

DEFAULT_DAYS: Final = 14
"""How long a request waits where the community's rules are older than this question."""

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for credit: of one member, or (``payer`` None) of whoever reads the QR code.

    Since version 2 it waits for the community's ``request_days``, then it expires.
    """

    KIND: ClassVar[str] = "request"
    VERSION: ClassVar[int] = 2

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
    """Say no to a request. ``payer`` is who was asked; ``phrase`` is why, out of ``PHRASES``, or empty."""

    KIND: ClassVar[str] = "decline"
    VERSION: ClassVar[int] = 2

    phrase: str = ""

    def payload(self) -> codec.Body:
        return {"request": self.request, "payer": self.payer, "phrase": self.phrase}


@dataclass(frozen=True, slots=True)
class Cancel(Wordless):
    """Take back one's own unanswered request."""

    KIND: ClassVar[str] = "cancel"
    VERSION: ClassVar[int] = 1

    request: RecordId

    def payload(self) -> codec.Body:
        return {"request": self.request}


@dataclass(frozen=True, slots=True)
class Expire(Wordless):
    """By rule: a request that nobody answered in time ends."""

    KIND: ClassVar[str] = "expire_request"
    VERSION: ClassVar[int] = 1

    request: RecordId

    def payload(self) -> codec.Body:
        return {"request": self.request}


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
    _apply_request_1(tx, entry)
    set_due(tx, entry)


def set_due(tx: Tx, entry: Entry) -> None:
    """Let what ``entry`` asks for wait as long as the rules in force say."""
    days = rules.kept(tx, "credit").get("request_days", DEFAULT_DAYS)
    tx.insert(Due, transfer=entry.record, until_ms=entry.act.at.ms + days * DAY_MS, entry=entry.number)


def _apply_request_1(tx: Tx, entry: Entry) -> None:
    """Version 1 waited for ever."""
    p = entry.act.payload
    insert(tx, entry, REQUEST, p["payer"], closed=False, code=code_of(entry.record))
    hold(tx, p["payee"], p["amount"])


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
    return accounts.refuse_giving(payer, request.amount) or refuse_payee(tx, payee, request.amount) or {}


def _apply_accept(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    close(tx, entry, p["request"], DONE, payer=p["payer"])
    hold(tx, p["payee"], -p["amount"])
    move(tx, entry, p["request"], p["payer"], p["payee"], p["amount"])


def _decide_decline(tx: Tx, command: Decline, asking: Asking) -> codec.Body | Refusal:
    if command.phrase not in ("", *PHRASES):
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    request = _pending(tx, command.request)
    if isinstance(request, Refusal):
        return request
    account = accounts.get(tx, command.payer)
    if (
        account is None
        or not accounts.owned(tx, command.payer, asking.actor)
        or request.payer != command.payer
    ):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


def _decide_cancel(tx: Tx, command: Cancel, asking: Asking) -> codec.Body | Refusal:
    request = _pending(tx, command.request)
    if isinstance(request, Refusal):
        return request
    if not accounts.owned(tx, request.payee, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    return {}


_ENDS = {"decline": DECLINED, "cancel": CANCELLED, "expire_request": EXPIRED}


def _apply_decline(tx: Tx, entry: Entry) -> None:
    _apply_drop(tx, entry)
    if phrase := entry.act.payload["phrase"]:
        tx.insert(Answered, transfer=entry.act.payload["request"], phrase=phrase, entry=entry.number)


def _decide_expire(tx: Tx, command: Expire, asking: Asking) -> codec.Body | Refusal:
    request = _pending(tx, command.request)
    if isinstance(request, Refusal):
        return request
    return {} if is_over(tx, command.request, asking.at) else Refusal(Code.NOT_YET, {}, (Action.WAIT,))


def _may_expire(tx: Tx, entry: Entry) -> bool:
    record = entry.act.payload["request"]
    return is_over(tx, record, entry.act.at) and not isinstance(_pending(tx, record), Refusal)


def is_over(tx: Tx, record: bytes, at: Instant) -> bool:
    """Whether the time in which a request, or a split, can be answered is over."""
    due = tx.get(Due, transfer=record)
    return due is not None and dues.over(tx, due.entry, due.until_ms, at)


def overdue(tx: Tx, now: Instant, most: int = 50, kind: str = REQUEST) -> tuple[RecordId, ...]:
    """Requests, or splits, that wait although their time is over, the longest overdue first."""
    found = tx.select(_OVERDUE, kind, PENDING, dues.latest(tx, now), dues.MOST_LOOKED_AT)
    waiting = [(RecordId(bytes(record)), begun, until) for record, begun, until in found]
    return dues.those_over(tx, waiting, now, most)


_OVERDUE = """
SELECT due.transfer, due.entry, due.until_ms FROM due JOIN transfer ON transfer.id = due.transfer
WHERE transfer.kind = ? AND transfer.state = ? AND due.until_ms <= ? ORDER BY due.until_ms LIMIT ?
"""


def _apply_drop(tx: Tx, entry: Entry) -> None:
    """The request ends without a payment, and what it kept aside is free again."""
    record = entry.act.payload["request"]
    request = tx.get(Transfer, id=record)
    if request is not None:
        hold(tx, request.payee, -request.amount)
    close(tx, entry, record, _ENDS[entry.act.kind])


def _may_ask(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    account = accounts.get(tx, p["payee"])
    free = account is not None and not accounts.refuse_receiving(account, p["amount"], own=True)
    return free and accounts.owned(tx, p["payee"], entry.actor)


def _may_accept(tx: Tx, entry: Entry) -> bool:
    p, request = entry.act.payload, _pending(tx, entry.act.payload["request"])
    if isinstance(request, Refusal) or request.payer not in (None, p["payer"]):
        return False
    if (request.payee, request.amount) != (p["payee"], p["amount"]):
        return False
    fits = room(tx, p["payer"], p["payee"], p["amount"], released=p["amount"])
    return fits and accounts.owned(tx, p["payer"], entry.actor)


def _may_decline(tx: Tx, entry: Entry) -> bool:
    p, request = entry.act.payload, _pending(tx, entry.act.payload["request"])
    account = accounts.get(tx, p["payer"])
    mine = account is not None and _answers(tx, account, entry.actor)
    return not isinstance(request, Refusal) and request.payer == p["payer"] and mine


def _may_cancel(tx: Tx, entry: Entry) -> bool:
    request = _pending(tx, entry.act.payload["request"])
    account = None if isinstance(request, Refusal) else accounts.get(tx, request.payee)
    return account is not None and _answers(tx, account, entry.actor)


def _answers(tx: Tx, account: AccountRow, actor: int | None) -> bool:
    """Whether ``actor`` could say no on ``account``; entries of the first release did not ask for more."""
    return account.owner == actor or accounts.owned(tx, account.number, actor)


_DECLINE: Final = {"request": RECORD, "payer": ACCOUNT}
_REQUEST: Final = {"payer": or_none(ACCOUNT), **TERMS}

HANDLERS = (
    Handler(Request, _decide_request, _apply_request, _may_ask, _REQUEST),
    Handler(
        Accept,
        _decide_accept,
        _apply_accept,
        _may_accept,
        {"request": RECORD, "payer": ACCOUNT, "payee": ACCOUNT, "amount": AMOUNT},
    ),
    Handler(
        Decline,
        _decide_decline,
        _apply_decline,
        _may_decline,
        {**_DECLINE, "phrase": one_of("", *PHRASES)},
    ),
    Handler(Cancel, _decide_cancel, _apply_drop, _may_cancel, {"request": RECORD}),
    Handler(Expire, _decide_expire, _apply_drop, _may_expire, {"request": RECORD}, ("hub",)),
)

OLD: Final = {
    ("request", 1): Handler(Request, _decide_request, _apply_request_1, _may_ask, _REQUEST),
    ("decline", 1): Handler(Decline, _decide_decline, _apply_drop, _may_decline, _DECLINE),
}
"""How earlier versions are folded."""
