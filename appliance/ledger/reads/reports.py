"""The village in numbers, month by month, without anybody in them.

People are counted, not accounts: who has a shop beside the own account is one person, with both
together, or the three accounts of one person would tell what that person has.

What is told of fewer than ``FEWEST`` people is None (*hidden*), and so is a further number where the
first could be found by subtracting. Amounts are in minor units.

Months are stretches of the book (``reads/periods.py``). Only they are read, through the index of
each account's postings; what is older costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.store import Tx
from appliance.ledger.money import transfers
from appliance.ledger.reads.periods import first_from

FEWEST: Final = 3
"""Of fewer people nothing is told."""

BANDS: Final = 4
"""Into so many parts each side's limit is divided; into half as many where few people live."""

NOT_TRADE: Final = (*transfers.UNDOING, transfers.OPENING, transfers.IMPORTED)
"""Undoing, and what was brought in from books of before: it happened in another month."""


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in one month.

    Attributes:
        members: people with an account at its end.
        traded: how many of them gave or received anything in it.
        payments, volume: how many payments moved credit, and how much together: everything that
            people, the commons and other villages paid each other, without what was undone.
        velocity: how often credit changed hands, in hundredths: the volume over the sum of all
            balances above zero at the month's end. Of 100: each hour that the village owed
            anybody was spent once. None without such balances, too.
        commons_in, commons_out: what the commons received and gave.
        care_minutes, care_paid: care that was confirmed and paid.
        newcomers, leavers: people let in, and people whose accounts were closed.
        answered, lapsed: requests that were paid or declined, and those nobody answered in time.
    """

    members: int
    traded: int | None
    payments: int | None
    volume: int | None
    velocity: int | None
    commons_in: int | None
    commons_out: int | None
    care_minutes: int | None
    care_paid: int | None
    newcomers: int
    leavers: int
    answered: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the balances lie now: of each person, all own accounts together.

    Attributes:
        people: how many there are.
        bands: how many people use which part of their limits, from those who owe most over
            those at zero (in the middle) to those who are owed most. Who has no limit uses
            the least part of it.
        owing, even, owed: how many owe, stand at zero, are owed.
        median: the balance that half of them are below and half above.
    """

    people: int
    bands: tuple[int | None, ...]
    owing: int | None
    even: int | None
    owed: int | None
    median: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """Twelve months, the present one last, and how the balances lie now. ``last``: the book's last entry."""

    months: tuple[Month, ...]
    spread: Spread
    last: int


Known = dict[tuple[int, ...], Month]
"""Months by their entries, and by how often anything was undone or anybody left until they were read."""


def report(tx: Tx, starts: Sequence[int], known: Known | None = None) -> Report:
    """The report as the book stands.

    Args:
        starts: the moments at which the months begin, in milliseconds, oldest first.
        known: months of earlier reports, which are not read again unless something about them may
            have changed; those of this one take their place.
    """
    last = chain.head(tx).number
    cuts = [*(first_from(tx, ms) for ms in starts), last + 1]
    since = (_one(tx, _UNDONE), _one(tx, _GONE))
    before, found = dict(known or {}), []
    care: list[tuple[int, ...]] | None = None
    closed: list[tuple[int, str]] = []
    for first, end in pairwise(cuts):
        key = (first, end, *since)
        if (month := before.get(key)) is None:
            if care is None:
                care, closed = tx.select(_CARE, cuts[0]), tx.select(_CLOSED_REQUESTS, cuts[0])
            month = _month(
                tx,
                first,
                end,
                [row[1:] for row in care or () if first <= row[0] < end],
                [state for entry, state in closed if first <= entry < end],
            )
        found.append((key, month))
    if known is not None:
        known.clear()
        known.update(found)
    return Report(tuple(month for _, month in found), _spread(tx), last)


def _month(tx: Tx, first: int, end: int, care: list[tuple[int, ...]], closed: list[str]) -> Month:
    payments = volume = answered = 0
    for kind, stands, count, moved in tx.select(_MOVED, first, end):
        answered += count if kind == transfers.REQUEST else 0
        if stands and kind not in NOT_TRADE:
            payments, volume = payments + count, volume + moved
    traded = _one(tx, _TRADED, first, end, *NOT_TRADE)
    owed, holders = (int(value or 0) for value in tx.first(_OWED, end) or (0, 0))
    came_in, went_out, others = (int(value or 0) for value in tx.first(_COMMONS, first, end) or (0, 0, 0))
    carers = len({carer for carer, _, _ in care})
    hidden = 0 < traded < FEWEST
    slow = hidden or holders < FEWEST or owed == 0
    return Month(
        members=_one(tx, _MEMBERS, end, end),
        traded=None if hidden else traded,
        payments=None if hidden else payments,
        volume=None if hidden else volume,
        velocity=None if slow else volume * 100 // owed,
        commons_in=None if 0 < others < FEWEST else came_in,
        commons_out=None if 0 < others < FEWEST else went_out,
        care_minutes=None if 0 < carers < FEWEST else sum(minutes for _, minutes, _ in care),
        care_paid=None if 0 < carers < FEWEST else sum(paid for _, _, paid in care),
        newcomers=_one(tx, _NEWCOMERS, first, end),
        leavers=_one(tx, _LEAVERS, first, end),
        answered=answered + closed.count(transfers.DECLINED),
        lapsed=closed.count(transfers.EXPIRED),
    )


def _one(tx: Tx, sql: str, *values: int | str) -> int:
    found = tx.first(sql, *values)
    return int(found[0] or 0) if found else 0


def _spread(tx: Tx) -> Spread:
    rows = tx.select(_BALANCES)
    balances = sorted(balance for balance, _, _ in rows)
    sides = hide((sum(b < 0 for b in balances), balances.count(0), sum(b > 0 for b in balances)))
    fine, coarse = (_bands(rows, parts, sides) for parts in (BANDS, BANDS // 2))
    median = None if len(rows) < FEWEST else balances[len(rows) // 2]
    # A village too small for narrow bands is told in wide ones.
    owing, even, owed = sides
    return Spread(len(rows), coarse if None in fine else fine, owing, even, owed, median)


def _bands(
    rows: list[tuple[int, int | None, int | None]], parts: int, sides: tuple[int | None, ...]
) -> tuple[int | None, ...]:
    """How many people stand in each of ``parts`` bands of a side; no band of a side that is hidden."""
    counts = [0] * (2 * parts + 1)
    for balance, low, high in rows:
        counts[parts + _band(balance, low if balance < 0 else high, parts)] += 1
    owing, even, owed = sides
    nothing = (None,) * parts
    return (
        *(nothing if owing is None else hide(counts[:parts])),
        even,
        *(nothing if owed is None else hide(counts[parts + 1 :])),
    )


def _band(balance: int, limit: int | None, parts: int) -> int:
    """Which part of the limit is used: 0 at zero, up to ``parts``, with the sign of the balance."""
    if balance == 0:
        return 0
    sign = 1 if balance > 0 else -1
    if limit is None:
        return sign  # the least part of what has no end
    return sign * (parts if limit == 0 else min(parts, -(-abs(balance) * parts // abs(limit))))


def hide(counts: Sequence[int]) -> tuple[int | None, ...]:
    """``counts`` of people whose sum is known, with those of fewer than ``FEWEST`` hidden.

    When what is hidden adds up to fewer than that, or is a single number, the smallest of the
    others is hidden too: it could be found by subtracting. Nobody is nobody, and is told.
    """
    hidden = {i for i, count in enumerate(counts) if 0 < count < FEWEST}
    while hidden and (len(hidden) < 2 or sum(counts[i] for i in hidden) < FEWEST):
        rest = [i for i, count in enumerate(counts) if count and i not in hidden]
        if not rest:
            break
        hidden.add(min(rest, key=lambda i: counts[i]))
    return tuple(None if i in hidden else count for i, count in enumerate(counts))


# CROSS JOIN keeps SQLite to this order: an account, then its postings of the month by the index.
_MOVED: Final = """
SELECT t.kind, t.reversed_by IS NULL, COUNT(DISTINCT p.transfer), SUM(-p.amount)
FROM account a CROSS JOIN posting p ON p.account = a.number AND p.entry >= ? AND p.entry < ?
  CROSS JOIN transfer t ON t.id = p.transfer
WHERE p.amount < 0 GROUP BY 1, 2
"""

_TRADED: Final = """
SELECT COUNT(DISTINCT a.owner) FROM account a WHERE a.kind = 'member' AND EXISTS (
  SELECT 1 FROM posting p CROSS JOIN transfer t ON t.id = p.transfer
  WHERE p.account = a.number AND p.entry >= ? AND p.entry < ? AND t.reversed_by IS NULL
    AND t.kind NOT IN (?, ?, ?, ?))
"""

_OWED: Final = """
SELECT SUM(balance), COUNT(DISTINCT owner) FROM (
  SELECT a.owner, (SELECT p.balance_after FROM posting p WHERE p.account = a.number AND p.entry < ?
    ORDER BY p.entry DESC, p.rowid DESC LIMIT 1) AS balance
  FROM account a WHERE a.kind = 'member') WHERE balance > 0
"""

_COMMONS: Final = """
SELECT SUM(CASE WHEN p.amount > 0 THEN p.amount END), SUM(CASE WHEN p.amount < 0 THEN -p.amount END),
  (SELECT COUNT(DISTINCT COALESCE(a.owner, a.number)) FROM posting q
   CROSS JOIN posting o ON o.transfer = q.transfer CROSS JOIN account a ON a.number = o.account
   WHERE q.account = 0 AND q.entry >= ?1 AND q.entry < ?2 AND o.account <> 0)
FROM posting p CROSS JOIN transfer t ON t.id = p.transfer
WHERE p.account = 0 AND p.entry >= ?1 AND p.entry < ?2 AND t.reversed_by IS NULL AND t.reverses IS NULL
"""

_MEMBERS: Final = """
SELECT COUNT(*) FROM account a JOIN member m ON m.number = a.owner AND m.number = a.number
WHERE a.entry < ? AND NOT (m.status = 'closed' AND m.status_entry < ?)
"""

_NEWCOMERS: Final = """
SELECT COUNT(*) FROM account a WHERE a.kind = 'member' AND a.owner = a.number AND a.entry >= ? AND a.entry < ?
"""

_LEAVERS: Final = """
SELECT COUNT(*) FROM member m JOIN account a ON a.number = m.number
WHERE m.status = 'closed' AND m.status_entry >= ? AND m.status_entry < ?
"""

_UNDONE: Final = "SELECT COUNT(*) FROM transfer WHERE reverses IS NOT NULL"
_GONE: Final = (
    "SELECT COUNT(*) * 1000000007 + COALESCE(MAX(status_entry), 0) FROM member WHERE status = 'closed'"
)

_CARE: Final = (
    "SELECT closed_entry, carer, minutes, amount FROM claim WHERE state = 'paid' AND closed_entry >= ?"
)

_CLOSED_REQUESTS: Final = """
SELECT closed_entry, state FROM transfer
WHERE payee IN (SELECT number FROM account) AND state IN ('declined', 'expired') AND closed_entry >= ?
"""

_BALANCES: Final = """
SELECT SUM(a.balance), CASE WHEN COUNT(a.low) = COUNT(*) THEN SUM(a.low) END,
  CASE WHEN COUNT(a.high) = COUNT(*) THEN SUM(a.high) END
FROM account a JOIN member m ON m.number = a.owner LEFT JOIN further f ON f.account = a.number
WHERE a.kind = 'member' AND m.status <> 'closed' AND COALESCE(f.state, 'open') = 'open' GROUP BY a.owner
"""
