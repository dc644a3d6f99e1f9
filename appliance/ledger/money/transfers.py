"""Transfers: what all of them share, and paying.

::

    (nothing) --pay--> done --reverse--> done, with a reversal linked to it (``reversals.py``)

Asking for credit is in ``requests.py``.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.clock_changes import seconds_ago
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.schema import AccountRow, Transfer
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts, levy
from appliance.ledger.money.postings import post
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount, RecordId

PENDING = "pending"
ON_WAY = "on_way"
ARRIVED = "arrived"
RETURNED = "returned"
HELD = "held"
DONE = "done"
DECLINED = "declined"
CANCELLED = "cancelled"
EXPIRED = "expired"

PAYMENT = "payment"
REQUEST = "request"
REVERSAL = "reversal"
CARE = "care"
SENT = "sent"
RECEIVED = "received"
REFUND = "refund"
SPLIT = "split"
SLIP = "slip"
OPENING = "opening"
IMPORTED = "imported"
GRANT = "grant"
CLEARING = "clearing"
CLAIMED = "claimed"

UNDOING: Final = (REVERSAL, REFUND)
"""Kinds that undo another transfer, and are not undone themselves."""

FINAL: Final = (*UNDOING, OPENING, CLAIMED)
"""Kinds that are neither undone nor contested. An opening is everybody's at once: a payment puts it right;
so it does what was found after a restore and given to the wrong account."""

WITH_REASON: Final = (REVERSAL, GRANT, CLEARING)
"""Kinds whose text is the reason of a keeper, or of who gave it back; of the others it is a note."""

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
    if not accounts.reaches(tx, account, asking.actor):
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
    if refusal := refuse_payee(tx, payee, command.amount):
        return refusal
    if not command.again and (ago := _equal_payment(tx, command, asking)) is not None:
        return Refusal(
            Code.SAME_AGAIN, {"amount": command.amount, "seconds": ago}, (Action.PAY_AGAIN, Action.HOME)
        )
    return {}


def _equal_payment(tx: Tx, command: Pay, asking: Asking) -> int | None:
    """How many seconds ago the same was paid, when that is within the community's window."""

    def latest(since: int, until: int) -> int | None:
        last = tx.first(_LAST_EQUAL, command.payer, command.payee, command.amount, since, until)
        return None if last is None else int(last[0])

    return seconds_ago(tx, asking.at, asking.rules.credit.again_minutes, latest)


# The kind is written out: for a bound one SQLite plans the query anew each time, to see whether one of the indexes
# that hold a single kind would do, and that takes longer than the search.
_LAST_EQUAL = f"""
SELECT closed_ms FROM transfer
WHERE payer = ? AND payee = ? AND amount = ? AND closed_ms > ? AND closed_ms <= ?
  AND kind = '{PAYMENT}' AND reversed_by IS NULL
ORDER BY closed_ms DESC LIMIT 1
"""  # noqa: S608 - our word


def _apply_pay(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    insert(tx, entry, PAYMENT, p["payer"], closed=True)
    move(tx, entry, entry.record, p["payer"], p["payee"], p["amount"])


def insert(tx: Tx, entry: Entry, kind: str, payer: int | None, closed: bool, code: str | None = None) -> None:
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


def close(tx: Tx, entry: Entry, record: bytes, state: str, **also: object) -> None:
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


def hold(tx: Tx, number: int, amount: int) -> None:
    account = accounts.get(tx, number)
    if account is None:
        raise BookDamaged(f"account {number} is not there")
    tx.update(AccountRow, {"number": number}, held=account.held + amount)


def move(tx: Tx, entry: Entry, transfer: bytes, payer: int, payee: int, amount: int) -> None:
    """Post a payment at home: the payee gets it less the levy, which the commons gets."""
    taken = levy.on(tx, payee, amount)
    lines = [(AccountNumber(payer), Amount(-amount)), (AccountNumber(payee), Amount(amount - taken))]
    if taken:
        lines.append((COMMONS, Amount(taken)))
    post(tx, RecordId(transfer), lines, entry.number)


def _may_pay(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return accounts.owned(tx, p["payer"], entry.actor) and room(tx, p["payer"], p["payee"], p["amount"])


def room(tx: Tx, payer: int, payee: int, amount: int, released: int = 0) -> bool:
    """Whether both sides could trade and had room; ``released``: what the payee's hold gives free."""
    gives, gets = accounts.usable(tx, payer), accounts.usable(tx, payee)
    if isinstance(gives, Refusal) or isinstance(gets, Refusal):
        return False
    gets.held -= released
    return not (accounts.refuse_giving(gives, amount) or refuse_payee(tx, gets, amount))


def refuse_payee(tx: Tx, payee: AccountRow, amount: int) -> Refusal | None:
    """The refusal when the payee cannot take what is left of ``amount`` after the levy."""
    return accounts.refuse_receiving(payee, amount - levy.on(tx, payee.number, amount), own=False)


TERMS: Final = {"payee": ACCOUNT, "amount": AMOUNT, "category": word}

HANDLERS = (Handler(Pay, _decide_pay, _apply_pay, _may_pay, {"payer": ACCOUNT, **TERMS}),)
