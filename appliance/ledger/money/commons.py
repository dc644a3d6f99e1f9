"""The commons: what keepers pay from it, what one keeper may pay alone, and clearing an account.

A keeper pays alone what, with all that this keeper alone paid within ``ALONE_DAYS``, stays within
the community's ``commons_two``; what is more needs a second keeper (``people/seconds.py``). Nobody
pays to an account that is the own, and nothing takes the commons below its floor.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Member, Transfer
from appliance.ledger.book.schema_credit import Spending
from appliance.ledger.book.shape import AMOUNT, MEMBER, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.clock import Instant, Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import CLEARING, DONE, GRANT, refuse_basics
from appliance.ledger.people import powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId

ALONE_DAYS: Final = 30
"""Over how many days counts what a keeper paid alone. Books are folded with it: it never changes."""

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class PayFromCommons:
    """A keeper pays somebody else from the commons, and says why; everybody reads the reason."""

    KIND: ClassVar[str] = "pay_commons"
    VERSION: ClassVar[int] = 1

    payee: AccountNumber
    amount: Amount
    category: str
    reason: str

    def payload(self) -> codec.Body:
        return {"payee": self.payee, "amount": self.amount, "category": self.category}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def refuse_floor(tx: Tx, amount: int) -> Refusal | None:
    """The refusal when ``amount`` would take the commons below its floor. Its numbers are everybody's."""
    commons = accounts.get(tx, COMMONS)
    if commons is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, ())
    room = accounts.can_give(commons)
    if room is None or amount <= room:
        return None
    numbers = {"amount": amount, "can_give": room, "balance": commons.balance, "limit": commons.low or 0}
    return Refusal(Code.COMMONS_FLOOR, numbers, (Action.PAY_LESS, Action.WAIT) if room else (Action.WAIT,))


def refuse_payment(tx: Tx, payee: int, amount: int) -> Refusal | None:
    """Why the commons cannot pay ``amount`` to a member's account now, whoever asks for it."""
    account = accounts.usable(tx, payee)
    if isinstance(account, Refusal):
        return account
    if account.kind != accounts.MEMBER:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return refuse_floor(tx, amount) or accounts.refuse_receiving(account, amount, own=False)


def refuse_part(tx: Tx, member: int | None, *numbers: int) -> Refusal | None:
    """The refusal when ``member`` may act on one of these accounts, as owner or otherwise."""
    for number in numbers:
        account = accounts.get(tx, number)
        if account is not None and accounts.reaches(tx, account, member):
            return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return None


def paid_alone(tx: Tx, keeper: int, at: Instant) -> int:
    """What ``keeper`` alone took out of the commons within ``ALONE_DAYS``, less what was given back.

    By a clock that nobody vouches for no day passes: then all that this keeper ever paid counts.
    """
    since = at.ms - ALONE_DAYS * DAY_MS if at.quality >= Quality.KEEPER else -1
    found = tx.first(_PAID_ALONE, keeper, since)
    return int(found[0]) if found else 0


_PAID_ALONE: Final = """
SELECT COALESCE(SUM(spending.amount), 0) FROM spending JOIN transfer ON transfer.id = spending.transfer
WHERE spending.keeper = ? AND spending.second IS NULL AND spending.at_ms > ? AND transfer.reversed_by IS NULL
"""


def alone_left(tx: Tx, keeper: int | None, at: Instant) -> int:
    """What ``keeper`` can still take out of the commons without a second one; never negative."""
    two = rules.kept(tx, "credit").get("commons_two", rules.COMMONS_TWO_0004)
    return max(0, int(two) - paid_alone(tx, keeper or 0, at))


def refuse_alone(tx: Tx, amount: int, keeper: int | None, at: Instant) -> Refusal | None:
    """The refusal when ``amount`` is more than ``keeper`` can still take out of the commons alone."""
    left = alone_left(tx, keeper, at)
    if amount <= left:
        return None
    numbers = {"amount": amount, "alone": left, "days": ALONE_DAYS}
    return Refusal(Code.NEEDS_TWO, numbers, (Action.PROPOSE, Action.PAY_LESS) if left else (Action.PROPOSE,))


def _decide_pay(tx: Tx, command: PayFromCommons, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if refusal := refuse_basics(command.amount, command.category, "") or refuse_reason(command.reason):
        return refusal
    if refusal := refuse_part(tx, asking.actor, command.payee):
        return refusal
    if refusal := refuse_payment(tx, command.payee, command.amount):
        return refusal
    return refuse_alone(tx, command.amount, asking.actor, asking.at) or {}


def _may_pay(tx: Tx, entry: Entry) -> bool:
    p, at = entry.act.payload, entry.act.at
    refused = (
        refuse_part(tx, entry.actor, p["payee"])
        or refuse_payment(tx, p["payee"], p["amount"])
        or refuse_alone(tx, p["amount"], entry.actor, at)
    )
    return entry.actor is not None and powers.by_keeper(tx, entry) and refused is None


def _apply_pay(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    spend(tx, entry, GRANT, (COMMONS, p["payee"], p["amount"]), p["category"], entry.number)


def spend(
    tx: Tx,
    entry: Entry,
    kind: str,
    line: tuple[int, int, int],
    category: str,
    text_entry: int,
    keeper: int | None = None,
) -> None:
    """Post ``line`` (payer, payee, amount) without a levy, and keep which keepers did it.

    Args:
        text_entry: the entry with the reason.
        keeper: who proposed it, when the actor of ``entry`` is the second keeper.
    """
    (payer, payee, amount), at = line, entry.act.at
    tx.insert(
        Transfer,
        id=entry.record,
        kind=kind,
        state=DONE,
        payer=payer,
        payee=payee,
        amount=amount,
        category=category,
        text_entry=text_entry,
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number,
        closed_ms=at.ms,
        closed_quality=int(at.quality),
    )
    lines = ((AccountNumber(payer), Amount(-amount)), (AccountNumber(payee), Amount(amount)))
    post(tx, RecordId(entry.record), lines, entry.number)
    keep_spending(tx, entry, amount, keeper)


def keep_spending(tx: Tx, entry: Entry, amount: int, keeper: int | None = None) -> None:
    """Keep which keeper, or which two, moved what ``entry`` moved."""
    tx.insert(
        Spending,
        transfer=entry.record,
        keeper=entry.actor if keeper is None else keeper,
        second=None if keeper is None else entry.actor,
        amount=amount,
        at_ms=entry.act.at.ms,
        entry=entry.number,
    )


def by_two(tx: Tx, transfer: bytes) -> bool:
    """Whether two keepers agreed on a transfer."""
    row = tx.get(Spending, transfer=transfer)
    return row is not None and row.second is not None


def refuse_clearing(tx: Tx, number: int, balance: int, to: int) -> Refusal | None:
    """Why an account that stands at ``balance`` cannot be brought to zero now.

    A debt is carried by the commons; credit goes to ``to``, a member's account or the commons.
    """
    account = accounts.get(tx, number)
    if account is None or account.kind != accounts.MEMBER:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    owner = tx.get(Member, number=account.owner)
    if owner is None or owner.status in (powers.APPLIED, powers.CLOSED) or accounts.closed(tx, account):
        return Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))
    if account.balance == 0:
        return Refusal(Code.ACCOUNT_ZERO, {}, (Action.SHOW,))
    if account.balance != balance:
        return Refusal(Code.TERMS_CHANGED, {}, (Action.SHOW,))
    if to == number:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if balance < 0:
        return refuse_floor(tx, -balance) if to == COMMONS else Refusal(Code.UNKNOWN_ACCOUNT, {}, ())
    receiver = accounts.usable(tx, to)
    if isinstance(receiver, Refusal):
        return receiver
    if receiver.kind not in (accounts.MEMBER, accounts.COMMONS_KIND):
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return accounts.refuse_receiving(receiver, balance, own=False)


def clear(tx: Tx, entry: Entry, number: int, balance: int, to: int, keeper: int, text_entry: int) -> None:
    """Bring an account to zero, as two keepers agreed."""
    line = (COMMONS, number, -balance) if balance < 0 else (number, to, balance)
    spend(tx, entry, CLEARING, line, "other", text_entry, keeper)


HANDLERS = (
    Handler(
        PayFromCommons,
        _decide_pay,
        _apply_pay,
        _may_pay,
        {"payee": MEMBER, "amount": AMOUNT, "category": word},
    ),
)
