"""Paper slips as screens show them: piles at the desk, one slip, and what its two people have not read yet."""

from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book.schema_credit import Dispute
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import RecordId

MOST_TOLD: Final = 50
"""How many slips that wait to be read are looked up at once."""


@dataclass(frozen=True, slots=True)
class Pile:
    """A pile that a keeper typed in: who, when, how many slips, the sum of their amounts.

    ``entry`` is the entry of its first slip.
    """

    id: bytes
    keeper: Person
    at: Instant
    count: int
    amount: int
    entry: int


@dataclass(frozen=True, slots=True)
class SlipView:
    """One slip. ``line`` is its place in its pile, ``day`` the day on the paper, days since 1970-01-01.

    ``undone``: it was given back. ``contested``: somebody says now that it is wrong.
    """

    transfer: RecordId
    pile: bytes
    line: int
    day: int
    payer: Person
    payee: Person
    amount: int
    category: str
    note: str
    keeper: Person
    at: Instant
    undone: bool
    contested: bool


def piles(tx: Tx, before: int | None = None, most: int = 20) -> tuple[tuple[Pile, ...], int | None]:
    """Piles, newest first, from before entry ``before``; and where the older ones begin (None at the end)."""
    first = tx.select(_FIRST, before if before is not None else 1 << 60, most + 1)
    found = tuple(p for (pile_id,) in first[:most] if (p := pile(tx, pile_id)) is not None)
    return found, found[-1].entry if len(first) > most else None


def pile(tx: Tx, pile_id: bytes) -> Pile | None:
    """One pile; None when none of this id is in the book."""
    found = tx.first(_PILE, pile_id)
    if found is None or not found[0]:
        return None
    count, amount, entry, keeper, ms, quality = found
    who = person(tx, keeper)
    assert who is not None  # members are never removed
    return Pile(bytes(pile_id), who, Instant(Millis(ms), Quality(quality)), count, amount, entry)


def slips_of(tx: Tx, pile_id: bytes) -> tuple[SlipView, ...]:
    """The slips of a pile in the order in which they were typed in."""
    return tuple(
        _view(tx, row) for row in tx.select(f"{_SLIPS} WHERE slip.pile = ? ORDER BY slip.line", pile_id)
    )


def slip_of(tx: Tx, transfer: bytes) -> SlipView | None:
    """The slip of a transfer; None when it came from no slip."""
    row = tx.first(f"{_SLIPS} WHERE slip.transfer = ?", transfer)
    return None if row is None else _view(tx, row)


def not_seen(tx: Tx, member: int) -> tuple[SlipView, ...]:
    """Slips of accounts that ``member`` may act on, which ``member`` has not called right or wrong; oldest first.

    What was given back meanwhile needs no answer.
    """
    return tuple(_view(tx, row) for row in tx.select(_NOT_SEEN, *(member,) * 6, MOST_TOLD))


def _view(tx: Tx, row: tuple[Any, ...]) -> SlipView:
    record, pile_id, line, day, payer, payee, keeper, amount, category, text, ms, quality, reversed_by = row
    typed_in = person(tx, keeper)
    assert typed_in is not None  # members are never removed
    contested = tx.get(Dispute, transfer=record, state="open") is not None
    return SlipView(
        RecordId(bytes(record)),
        bytes(pile_id),
        line,
        day,
        _side(tx, payer),
        _side(tx, payee),
        amount,
        category,
        words_of(tx, text, "note"),
        typed_in,
        Instant(Millis(ms), Quality(quality)),
        reversed_by is not None,
        contested,
    )


def _side(tx: Tx, account: int) -> Person:
    found = person(tx, account)
    assert found is not None  # accounts and members are never removed
    return found


_SLIPS: Final = """
SELECT slip.transfer, slip.pile, slip.line, slip.day, slip.payer, slip.payee, slip.keeper, transfer.amount,
  transfer.category, transfer.text_entry, transfer.closed_ms, transfer.closed_quality, transfer.reversed_by
FROM slip JOIN transfer ON transfer.id = slip.transfer
"""

_FIRST: Final = "SELECT pile FROM slip WHERE line = 1 AND entry < ? ORDER BY entry DESC LIMIT ?"

_PILE: Final = """
SELECT COUNT(*), SUM(transfer.amount), MIN(slip.entry), slip.keeper, transfer.closed_ms, transfer.closed_quality
FROM slip JOIN transfer ON transfer.id = slip.transfer WHERE slip.pile = ?
"""

_MINE: Final = """(SELECT number FROM account WHERE owner = ? UNION
  SELECT account FROM "grant" JOIN account ON account.number = "grant".account
  JOIN member ON member.number = account.owner AND member.status IN ('active', 'away', 'moving')
  WHERE "grant".member = ? AND "grant".state = 'agreed')"""

_NOT_SEEN: Final = f"""
{_SLIPS} WHERE (slip.payer IN {_MINE} OR slip.payee IN {_MINE}) AND transfer.reversed_by IS NULL
  AND NOT EXISTS (SELECT 1 FROM slip_seen WHERE slip_seen.member = ? AND slip_seen.transfer = slip.transfer)
  AND NOT EXISTS (SELECT 1 FROM dispute WHERE dispute.member = ? AND dispute.transfer = slip.transfer)
ORDER BY slip.entry LIMIT ?
"""  # noqa: S608 - no value of anybody is written into it
