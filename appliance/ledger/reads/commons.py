"""The commons as everybody may see it: what it has, what came in and went out, month by month.

The village sees amount, category and carer of care, and not whom it was for; of gifts not the
giver; of what keepers paid everything. What the levy brought is told as a sum only: a line each
would tell everybody what others trade. All of it is asked a month at a time, so that a long
history costs no more than a short one.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.money import accounts, transfers
from appliance.ledger.reads.people import Person, owner_of, person
from appliance.ledger.reads.proposals import keepers_of
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import COMMONS, RecordId

LEVY: Final = "levy"
GIFT: Final = "gift"
CARE: Final = "care"
PAID: Final = "paid"
DEBT: Final = "debt"
LEFT: Final = "left"
BACK: Final = "back"
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the commons has now; ``can_give`` down to its floor ``low`` (both None: no floor)."""

    balance: int
    low: int | None
    can_give: int | None


@dataclass(frozen=True, slots=True)
class Sum:
    """What one kind brought in and took out within a time, both not negative."""

    kind: str
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement. ``who``: the carer, the receiver, the member whose debt it was; of a gift only
    to the giver. ``keepers``: who paid it; ``reason``: why. ``mine``: the viewer may open the receipt.
    """

    transfer: RecordId
    at: Instant
    kind: str
    amount: int
    who: Person | None
    category: str
    reason: str
    keepers: tuple[Person, ...]
    undone: bool
    mine: bool


def standing(tx: Tx) -> Standing:
    """How the commons stands."""
    account = accounts.get(tx, COMMONS)
    assert account is not None  # opened by the founding
    return Standing(account.balance, account.low, accounts.can_give(account))


def earlier(tx: Tx, first: int) -> bool:
    """Whether anything moved on the commons before entry ``first``."""
    return tx.first(_EARLIER, COMMONS, first) is not None


def sums(tx: Tx, first: int, end: int) -> tuple[Sum, ...]:
    """What came in and went out from entry ``first`` to before ``end``, by kind."""
    found: dict[str, list[int]] = {}
    for kind, pays, is_paid, came, went in tx.select(_SUMS, COMMONS, first, end):
        both = found.setdefault(_kind(kind, pays, is_paid), [0, 0])
        both[0] += came
        both[1] -= went
    return tuple(Sum(kind, *found[kind]) for kind in _ORDER if kind in found)


def movements(
    tx: Tx, viewer: int, first: int, end: int, size: int = 20
) -> tuple[tuple[Movement, ...], int | None]:
    """Movements from entry ``first`` to before ``end``, newest first, without levies; and before
    which entry the older ones of them stand (None at the end).
    """
    rows = tx.select(_MOVEMENTS, COMMONS, first, end, size + 1)
    older = int(rows[size - 1][-1]) if len(rows) > size else None
    return tuple(_movement(tx, row[:-1], viewer) for row in rows[:size]), older


def _movement(tx: Tx, row: tuple[object, ...], viewer: int) -> Movement:
    record, kind_, payer, payee, amount, category, text, ms, quality, undone = row
    transfer, out = RecordId(bytes(record)), payer == COMMONS  # type: ignore[call-overload]  # a blob
    other = payee if out else payer  # None where several stand on that side
    kind = _kind(str(kind_), out, not out)
    mine = other is not None and owner_of(tx, int(str(other))) == viewer
    secret = kind in (GIFT, OTHER) and not mine
    reason = words_of(tx, int(str(text)), "reason") if text is not None and kind in _TOLD else ""
    return Movement(
        transfer,
        Instant(Millis(int(str(ms))), Quality(int(str(quality)))),
        kind,
        int(str(amount)),
        None if other is None or secret or (kind == BACK and not mine) else person(tx, int(str(other))),
        str(category),
        reason,
        keepers_of(tx, transfer),
        undone is not None,
        mine,
    )


def _kind(kind: str, pays: object, is_paid: object) -> str:
    """What a movement is to the commons, which pays, is paid, or takes a levy of it."""
    if kind == transfers.OPENING:
        return OTHER
    if not pays and not is_paid:
        return LEVY
    if kind == transfers.CLEARING:
        return DEBT if pays else LEFT
    if kind in transfers.UNDOING:
        return BACK
    return _KINDS.get(kind, OTHER if pays else GIFT)


_KINDS: Final = {transfers.CARE: CARE, transfers.GRANT: PAID}
_TOLD: Final = (PAID, DEBT, LEFT)
_ORDER: Final = (LEVY, GIFT, LEFT, CARE, PAID, DEBT, BACK, OTHER)

_EARLIER: Final = "SELECT 1 FROM posting WHERE account = ? AND entry < ? LIMIT 1"

_PAYS: Final = "COALESCE(transfer.payer = 0, 0)"

# Of a split the commons may be one of several who are paid; they stand in its shares.
_IS_PAID: Final = """(COALESCE(transfer.payee = 0, 0) OR EXISTS (SELECT 1 FROM share
  WHERE share.transfer IN (transfer.id, transfer.reverses) AND share.account = 0))"""

_SUMS: Final = f"""
SELECT transfer.kind, {_PAYS}, {_IS_PAID}, SUM(MAX(posting.amount, 0)), SUM(MIN(posting.amount, 0))
FROM posting JOIN transfer ON transfer.id = posting.transfer
WHERE posting.account = ? AND posting.entry >= ? AND posting.entry < ?
GROUP BY 1, 2, 3
"""  # noqa: S608 - no value of anybody is written into it

_MOVEMENTS: Final = f"""
SELECT transfer.id, kind, payer, payee, posting.amount, category, text_entry, closed_ms, closed_quality,
  reversed_by, posting.entry
FROM posting JOIN transfer ON transfer.id = posting.transfer
WHERE posting.account = ? AND posting.entry >= ? AND posting.entry < ?
  AND ({_PAYS} OR {_IS_PAID} OR kind = '{transfers.OPENING}')
ORDER BY posting.entry DESC LIMIT ?
"""  # noqa: S608 - no value of anybody is written into it
