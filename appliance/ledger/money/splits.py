"""Split payments: one transfer between one account and several. Here: one pays several at once.

The one stands in its column of the transfer. A column that would hold several holds no other
account: where several pay, ``payer`` is null; where several are paid, ``payee`` is the payer
again. Who the several are, and how much is whose part, stands in the table *share*. Each
account has one posting; the commons' is the levy of all parts together, and its own part.

Asking several people for their parts is in ``shares.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.clock_changes import seconds_ago
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.schema_credit import Share
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, levy
from appliance.ledger.money.postings import post
from appliance.ledger.money.transfers import DONE, PENDING, SPLIT, own, refuse_basics, refuse_payee
from appliance.ledger.values import COMMONS, MAX_AMOUNT, AccountNumber, Amount, RecordId

FEWEST: Final = 2
MOST: Final = 20
"""How many people one split names. Going on without somebody may leave one."""

ASKED: Final = "asked"
ACCEPTED: Final = "accepted"
DECLINED: Final = "declined"
LEFT_OUT: Final = "left_out"

Shares = tuple[tuple[AccountNumber, Amount], ...]
"""Accounts, each with its part."""


def equal(total: int, count: int) -> tuple[int, ...]:
    """``total`` in ``count`` equal parts; what does not divide goes to the first ones, one unit each."""
    whole, rest = divmod(total, count)
    return tuple(whole + (i < rest) for i in range(count))


def several_pay(transfer: Transfer) -> bool:
    """Of a split: whether several pay one; otherwise one pays several."""
    return transfer.payer is None


@dataclass(frozen=True, slots=True)
class PaySplit:
    """Pay several people at once, each an own part. ``again``: an equal one a moment ago is no mistake."""

    KIND: ClassVar[str] = "pay_split"
    VERSION: ClassVar[int] = 1

    payer: AccountNumber
    shares: Shares
    category: str = "other"
    note: str = ""
    again: bool = False

    def payload(self) -> codec.Body:
        return {"payer": self.payer, "shares": as_lists(self.shares), "category": self.category}

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


def as_lists(shares: Shares) -> list[list[int]]:
    """Parts as a payload carries them."""
    return [[account, amount] for account, amount in shares]


def total(shares: Iterable[Sequence[int]]) -> int:
    """The sum of all parts."""
    return sum(amount for _, amount in shares)


def refuse_shares(
    tx: Tx, one: int, shares: Sequence[Sequence[int]], kinds: tuple[str, ...]
) -> Refusal | None:
    """The refusal when these cannot be the parts of a split with account ``one``; it says which row.

    Args:
        kinds: the kinds of accounts that may have a part.
    """
    if not FEWEST <= len(shares) <= MOST:
        return Refusal(Code.SHARES_WRONG, {"fewest": FEWEST, "most": MOST}, (Action.TRY_AGAIN,))
    before: set[int] = set()
    for row, (account, amount) in enumerate(shares, 1):
        if refusal := _refuse_share(tx, one, account, amount, before, kinds):
            return in_row(refusal, row)
        before.add(account)
    return None


def _refuse_share(
    tx: Tx, one: int, account: int, amount: int, before: set[int], kinds: tuple[str, ...]
) -> Refusal | None:
    if account == one:
        return Refusal(Code.OWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    if account in before:
        return Refusal(Code.SHARES_WRONG, {"twice": 1}, (Action.CHECK_NUMBER,))
    if not 0 < amount <= MAX_AMOUNT:
        return Refusal(Code.AMOUNT_WRONG, {"amount": amount}, (Action.TRY_AGAIN,))
    found = accounts.usable(tx, account)
    if isinstance(found, Refusal):
        return found
    if found.kind not in kinds:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return None


def in_row(refusal: Refusal, row: int) -> Refusal:
    """The refusal of one row of several, counted from 1."""
    return replace(refusal, numbers={**refusal.numbers, "row": row})


_PAYEES: Final = (accounts.MEMBER, accounts.COMMONS_KIND)


def _decide_pay(tx: Tx, command: PaySplit, asking: Asking) -> codec.Body | Refusal:
    payer = own(tx, command.payer, asking)
    if isinstance(payer, Refusal):
        return payer
    if refusal := refuse_shares(tx, command.payer, command.shares, _PAYEES):
        return refusal
    whole = total(command.shares)
    if refusal := refuse_basics(whole, command.category, command.note):
        return refusal
    if refusal := accounts.refuse_giving(payer, whole):
        return refusal
    if refusal := _refuse_payees(tx, command.shares):
        return refusal
    if not command.again and (ago := _equal_split(tx, command, asking)) is not None:
        return Refusal(Code.SAME_AGAIN, {"amount": whole, "seconds": ago}, (Action.PAY_AGAIN, Action.HOME))
    return {}


def _refuse_payees(tx: Tx, shares: Sequence[Sequence[int]]) -> Refusal | None:
    for row, (account, amount) in enumerate(shares, 1):
        payee = accounts.usable(tx, account)
        refusal = payee if isinstance(payee, Refusal) else refuse_payee(tx, payee, amount)
        if refusal:
            return in_row(refusal, row)
    return None


def _equal_split(tx: Tx, command: PaySplit, asking: Asking) -> int | None:
    """How many seconds ago the same people were paid the same, within the community's window."""
    wanted, payer = set(command.shares), command.payer

    def latest(since: int, until: int) -> int | None:
        for record, closed in tx.select(_LATEST, payer, payer, total(command.shares), since, until):
            if set(tx.select("SELECT account, amount FROM share WHERE transfer = ?", record)) == wanted:
                return int(closed)
        return None

    return seconds_ago(tx, asking.at, asking.rules.credit.again_minutes, latest)


_LATEST = f"""
SELECT id, closed_ms FROM transfer
WHERE payer = ? AND payee = ? AND amount = ? AND closed_ms > ? AND closed_ms <= ?
  AND kind = '{SPLIT}' AND reversed_by IS NULL
ORDER BY closed_ms DESC
"""  # noqa: S608 - our word


def _may_pay(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    payer = accounts.usable(tx, p["payer"])
    if isinstance(payer, Refusal) or refuse_shares(tx, p["payer"], p["shares"], _PAYEES):
        return False
    room = not (accounts.refuse_giving(payer, total(p["shares"])) or _refuse_payees(tx, p["shares"]))
    return room and accounts.owned(tx, p["payer"], entry.actor)


def _apply_pay(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    insert(tx, entry, p["payer"], p["payer"], closed=True)
    post_shares(tx, entry, entry.record, p["payer"], p["shares"], several=False)


def insert(tx: Tx, entry: Entry, payer: int | None, payee: int, closed: bool) -> None:
    """Add the split that ``entry`` makes, with its parts."""
    p, at = entry.act.payload, entry.act.at
    tx.insert(
        Transfer,
        id=entry.record,
        kind=SPLIT,
        state=DONE if closed else PENDING,
        payer=payer,
        payee=payee,
        amount=total(p["shares"]),
        category=p["category"],
        text_entry=entry.number if entry.act.private_digest else None,
        opened_entry=entry.number,
        opened_ms=at.ms,
        closed_entry=entry.number if closed else None,
        closed_ms=at.ms if closed else None,
        closed_quality=int(at.quality) if closed else None,
    )
    for account, amount in p["shares"]:
        tx.insert(
            Share,
            transfer=entry.record,
            account=account,
            amount=amount,
            state=DONE if closed else ASKED,
            phrase="",
            entry=entry.number,
        )


def post_shares(
    tx: Tx, entry: Entry, record: bytes, one: int, shares: Sequence[Sequence[int]], several: bool
) -> None:
    """Post all parts at once, less the levy of each: ``several`` pay ``one``, or the other way round."""
    lines: dict[int, int] = {}

    def add(account: int, amount: int) -> None:
        lines[account] = lines.get(account, 0) + amount

    for account, amount in shares:
        payer, payee = (account, one) if several else (one, account)
        taken = levy.on(tx, payee, amount)
        add(payer, -amount)
        add(payee, amount - taken)
        if taken:
            add(COMMONS, taken)
    post(
        tx,
        RecordId(record),
        [(AccountNumber(account), Amount(amount)) for account, amount in lines.items()],
        entry.number,
    )


def shares_shape(value: Any) -> bool:
    """Pairs of account and amount, not too many, no account twice."""
    if type(value) is not list or not FEWEST <= len(value) <= MOST:
        return False
    pairs = all(type(one) is list and len(one) == 2 and ACCOUNT(one[0]) and AMOUNT(one[1]) for one in value)
    return pairs and len({account for account, _ in value}) == len(value) and total(value) <= MAX_AMOUNT


HANDLERS = (
    Handler(
        PaySplit,
        _decide_pay,
        _apply_pay,
        _may_pay,
        {"payer": ACCOUNT, "shares": shares_shape, "category": word},
    ),
)
