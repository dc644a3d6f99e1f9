"""What happened on an account from one entry of the book to another: for paper, and for spreadsheets.

The opening balance and the lines always give the closing balance. A payment that was undone inside
the period is *one* line, where it was undone, and moves nothing there (``Line.whole``); undone
later, it stands as it was, with a mark. ``postings`` tells the same period as the book has it, every
posting with the balance of then.

Nothing here costs more than the period asked for: sums, lines and the balance before are found
through the index of the account's postings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book import chain
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant
from appliance.ledger.money import transfers
from appliance.ledger.reads import crossings, splits
from appliance.ledger.reads.people import Person, owner_of, person
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import COMMONS, RecordId

LINES: Final = 18
"""Lines on one sheet: what an A4 page holds in letters that people can read, when each takes two rows."""

_AT_ONCE: Final = 500
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement.

    Attributes:
        amount: what it did to the account, signed; what a line that is ``whole`` would have done.
        balance: after it. On a sheet without what was undone inside the period, so that the column
            adds up; of ``postings`` as it stood in the book.
        others: who stands on the other side; nobody for what an account began with.
        more: how many more people had a part in it (a split).
        began: when the payment was made that this one undoes; None for any other line.
        whole: it undoes a payment of the same period, which has no line of its own.
        undone: when it was undone, later than the period; None when it stands.
        said_day: the day that a paper slip or a file of books before says, days since 1970-01-01.
        by: who did it, when that was neither owner: a helper, or a keeper (of slips and files, and of
            what a keeper undid).
        levy: what the commons kept of it, when the account is the one that was paid.
        recovered: it was found again after a restore; the book has it only since then.
    """

    transfer: RecordId
    entry: int
    at: Instant
    others: tuple[Person, ...]
    more: int
    amount: int
    balance: int
    kind: str
    category: str
    note: str
    state: str
    began: Instant | None
    whole: bool
    undone: Instant | None
    said_day: int | None
    by: Person | None
    levy: int
    recovered: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One sheet of a statement about entries ``first`` up to, and without, ``end``.

    Attributes:
        opening, closing: the balances before and after the period.
        given, received: sums of what went out and came in, without what was undone inside.
        count: lines in all; ``sheet`` of ``sheets`` has ``lines``, and begins at ``carried``.
        last: the last entry of the book when this was read.
    """

    account: Person
    first: int
    end: int
    opening: int
    closing: int
    given: int
    received: int
    count: int
    sheet: int
    sheets: int
    carried: int
    lines: tuple[Line, ...]
    last: int


def statement(tx: Tx, account: int, first: int, end: int, sheet: int = 1) -> Statement | None:
    """A sheet of the statement of a member's account; None when there is no such account.

    ``end`` may lie beyond the book; a sheet beyond the last is the last.
    """
    row = tx.get(AccountRow, number=account)
    who = None if row is None or row.owner is None else person(tx, account)
    if who is None:
        return None
    first, last = max(1, first), chain.head(tx).number
    end = max(first, min(end, last + 1))
    found = tx.first(f"{_LINE} SELECT {_SUMS} FROM line", account, first, end)  # noqa: S608 - our own text
    assert found is not None  # sums of nothing are a row
    count, received, given = (int(value or 0) for value in found)
    sheets = max(1, -(-count // LINES))
    sheet = max(1, min(sheet, sheets))
    skipped = (sheet - 1) * LINES
    opening = balance_before(tx, account, first)
    carried = opening + int((tx.first(_CARRIED, account, first, end, skipped) or (0,))[0] or 0)
    lines: list[Line] = []
    running = carried
    for raw in tx.select(_SHEET, account, first, end, LINES, skipped):
        running += 0 if raw[_UNDOING] else raw[2]
        lines.append(_line(tx, account, raw, running))
    return Statement(
        who,
        first,
        end,
        opening,
        balance_before(tx, account, end),
        given,
        received,
        count,
        sheet,
        sheets,
        carried,
        tuple(lines),
        last,
    )


def balance_before(tx: Tx, account: int, entry: int) -> int:
    """The balance of an account before an entry."""
    found = tx.first(_BEFORE, account, entry)
    return int(found[0]) if found else 0


def postings(store: Store, account: int, first: int, end: int) -> Iterator[Line]:
    """All postings of the period as the book has them, oldest first, a few hundred read at a time.

    Between the pieces nothing is held open, so that a slow phone keeps nobody waiting.
    """
    after = (first, -1)
    while True:
        with store.read() as tx:
            rows = tx.select(_PIECE, account, first, end, *after, _AT_ONCE)
            lines = [_line(tx, account, raw, raw[3]) for raw in rows]
        yield from lines
        if len(rows) < _AT_ONCE:
            return
        after = (rows[-1][1], rows[-1][0])


def _line(tx: Tx, account: int, raw: tuple[Any, ...], balance: int) -> Line:
    _, number, amount, _, record, undoing, kind, category, text, state, said_day, keeper, payee = raw[:13]
    reverses, reversed_by, payer, total, closed_ms = raw[13:]
    entry = chain.by_number(tx, number)
    assert entry is not None  # a posting is folded from its entry
    field = "reason" if kind in transfers.WITH_REASON else "note"
    by = keeper if said_day is not None else _stranger(tx, entry.actor, account, amount, payer, payee, kind)
    if kind == transfers.IMPORTED:
        said_day, by = closed_ms // DAY_MS, entry.actor
    plain = kind not in (*transfers.CROSSING, transfers.SPLIT, transfers.REVERSAL, transfers.OPENING)
    paid = plain and account == payee and COMMONS not in (payer, payee)
    return Line(
        RecordId(bytes(record)),
        number,
        entry.act.at,
        *_others(tx, bytes(record), kind, account, payer, payee),
        amount,
        balance,
        kind,
        category,
        words_of(tx, text, field),
        state,
        _posted(tx, reverses, account) if reverses is not None else None,
        bool(undoing),
        _posted(tx, reversed_by, account) if reversed_by is not None else None,
        said_day,
        None if by is None else person(tx, by),
        total - amount if paid else 0,
        kind in transfers.CROSSING and bool(crossings.recovered(tx, [bytes(record)])),
    )


def _posted(tx: Tx, record: bytes, account: int) -> Instant | None:
    """When a transfer was posted on the account."""
    found = tx.first("SELECT entry FROM posting WHERE transfer = ? AND account = ?", record, account)
    entry = None if found is None else chain.by_number(tx, found[0])
    return None if entry is None else entry.act.at


def _stranger(
    tx: Tx, actor: int | None, account: int, amount: int, payer: int | None, payee: int, kind: str
) -> int | None:
    """Who acted for this account, or over it as a keeper; None when an owner did, or it is not for this side to say."""
    if actor is None or kind == transfers.CARE or (kind == transfers.SPLIT and payer is None):
        return None
    owners = {owner_of(tx, number) for number in (payer, payee, account) if number is not None}
    told = amount < 0 or kind == transfers.REVERSAL
    return actor if told and actor not in owners else None


def _others(
    tx: Tx, record: bytes, kind: str, account: int, payer: int | None, payee: int
) -> tuple[tuple[Person, ...], int]:
    """Who stands beside the line, and how many more had a part in it."""
    if kind == transfers.OPENING:
        return (), 0
    if kind in transfers.CROSSING:
        far = crossings.far_sides(tx, [record])
        return ((far[record],) if record in far else ()), 0
    undone = tx.first("SELECT reverses FROM transfer WHERE id = ?", record)
    of = bytes(undone[0]) if undone is not None and undone[0] is not None else record
    other, more = splits.other_side(tx, of, payer, payee, account)
    who = person(tx, other)
    return (() if who is None else (who,)), more


_UNDOING: Final = 5

# ``gone``: undone inside the period, which its own line says; ``undoing``: that line. The index
# (account, entry) has the order of posting within an entry as well, by SQLite's rowid.
_LINE: Final = """
WITH line AS (
  SELECT p.rowid AS place, p.entry, p.amount, p.balance_after, p.transfer,
    EXISTS (SELECT 1 FROM transfer u JOIN posting r ON r.transfer = u.reversed_by AND r.account = p.account
            WHERE u.id = p.transfer AND r.entry < ?3) AS gone,
    EXISTS (SELECT 1 FROM transfer u JOIN posting o ON o.transfer = u.reverses AND o.account = p.account
            WHERE u.id = p.transfer AND o.entry >= ?2) AS undoing
  FROM posting p WHERE p.account = ?1 AND p.entry >= ?2 AND p.entry < ?3
)
"""

_SUMS: Final = """COUNT(*) - SUM(gone),
  SUM(CASE WHEN NOT gone AND NOT undoing AND amount > 0 THEN amount ELSE 0 END),
  SUM(CASE WHEN NOT gone AND NOT undoing AND amount < 0 THEN -amount ELSE 0 END)"""

_CARRIED: Final = f"""{_LINE}
SELECT SUM(amount) FROM (
  SELECT CASE WHEN undoing THEN 0 ELSE amount END AS amount FROM line WHERE NOT gone
  ORDER BY entry, place LIMIT ?4)
"""  # noqa: S608 - no value of anybody is written into it

_COLUMNS: Final = """t.kind, t.category, t.text_entry, t.state, slip.day, slip.keeper, t.payee,
  t.reverses, t.reversed_by, t.payer, t.amount, t.closed_ms"""

_SHEET: Final = f"""{_LINE}
SELECT line.place, line.entry, line.amount, line.balance_after, line.transfer, line.undoing, {_COLUMNS}
FROM line JOIN transfer t ON t.id = line.transfer LEFT JOIN slip ON slip.transfer = t.id
WHERE NOT line.gone ORDER BY line.entry, line.place LIMIT ?4 OFFSET ?5
"""  # noqa: S608 - no value of anybody is written into it

_PIECE: Final = f"""
SELECT p.rowid, p.entry, p.amount, p.balance_after, p.transfer, 0, {_COLUMNS}
FROM posting p JOIN transfer t ON t.id = p.transfer LEFT JOIN slip ON slip.transfer = t.id
WHERE p.account = ?1 AND p.entry >= ?2 AND p.entry < ?3 AND (p.entry, p.rowid) > (?4, ?5)
ORDER BY p.entry, p.rowid LIMIT ?6
"""  # noqa: S608 - no value of anybody is written into it

_BEFORE: Final = """
SELECT balance_after FROM posting WHERE account = ? AND entry < ? ORDER BY entry DESC, rowid DESC LIMIT 1
"""
