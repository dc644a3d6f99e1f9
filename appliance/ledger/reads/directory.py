"""Who offers and wants what, by category, for a list on paper.

Only what people have shown to the village themselves stands in it: open offers and wants of active
members with name and number; and, among the people, those who let others find them by name.
Nobody's balance, and nobody who has shown nothing.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import taxonomy
from appliance.ledger.book.store import Tx
from appliance.ledger.reads.people import Person, person

LINES: Final = 28
"""Lines on one sheet of A4."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One offer or want; ``price`` None: to be agreed."""

    category: str
    kind: str
    title: str
    price: int | None
    who: Person


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of ``sheets``: offers and wants, or people."""

    sheet: int
    sheets: int
    offered: tuple[Offered, ...] = ()
    people: tuple[Person, ...] = ()


def offered(tx: Tx, sheet: int) -> Sheet:
    """Offers and wants in the order of the categories; a sheet beyond the last is the last."""
    sheet, sheets = _within(tx, _COUNT_OFFERED, sheet)
    kinds = taxonomy.of(tx)
    order = [key for group in kinds.groups(hidden=True) for key in kinds.under(group.key)]
    rows = tx.select(_OFFERED, f"|{'|'.join(order)}|", LINES, (sheet - 1) * LINES)
    found = tuple(
        Offered(category, kind, title or "", price, who)
        for category, kind, title, price, owner in rows
        if (who := person(tx, owner)) is not None
    )
    return Sheet(sheet, sheets, offered=found)


def people(tx: Tx, sheet: int) -> Sheet:
    """Active people who offer or want something, or let others find them by name; by name."""
    sheet, sheets = _within(tx, _COUNT_PEOPLE, sheet)
    rows = tx.select(_PEOPLE, LINES, (sheet - 1) * LINES)
    return Sheet(sheet, sheets, people=tuple(who for (n,) in rows if (who := person(tx, n)) is not None))


def _within(tx: Tx, count: str, sheet: int) -> tuple[int, int]:
    sheets = max(1, -(-int((tx.first(count) or (0,))[0]) // LINES))
    return max(1, min(sheet, sheets)), sheets


_SHOWN: Final = """
FROM listing l JOIN account a ON a.number = l.owner JOIN member m ON m.number = a.owner
  LEFT JOIN private_text x ON x.entry = l.text_entry AND x.field = 'title'
WHERE l.state = 'open' AND m.status = 'active'
"""

_COUNT_OFFERED: Final = f"SELECT COUNT(*) {_SHOWN}"

_OFFERED: Final = f"""
SELECT l.category, l.kind, x.text, l.price, l.owner {_SHOWN}
ORDER BY instr(?, '|' || l.category || '|'), l.kind, x.text COLLATE NOCASE, l.opened_entry LIMIT ? OFFSET ?
"""

_LISTED: Final = """
FROM member m LEFT JOIN private_text x ON x.entry = m.name_entry AND x.field = 'name'
WHERE m.status = 'active' AND (m.number IN (SELECT member FROM name_consent)
  OR m.number IN (SELECT owner FROM listing WHERE state = 'open'))
"""

_COUNT_PEOPLE: Final = f"SELECT COUNT(*) {_LISTED}"

_PEOPLE: Final = f"""
SELECT m.number {_LISTED} ORDER BY x.text COLLATE NOCASE, m.number LIMIT ? OFFSET ?
"""
