"""Files out: written row by row, so that a book of any length needs no more memory than a row.

UTF-8 with a mark at the front (spreadsheet programs then read accents), commas, lines that end
with CR LF (RFC 4180). Texts that a spreadsheet could take for a formula get an apostrophe in
front, which reading takes away again.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from appliance.ledger.book import chain, taxonomy
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.files import cells
from appliance.ledger.files.columns import ERROR, out
from appliance.ledger.files.directory import COMMONS_WORD
from appliance.ledger.files.reading import Problem, Sheet
from appliance.ledger.market import changing
from appliance.ledger.people.imports import LISTINGS, MEMBERS, TRANSFERS
from appliance.ledger.reads.crossings import crossing_of, far_person
from appliance.ledger.values import COMMONS, Account, AccountNumber, Unit

EXPORTS: Final = (MEMBERS, LISTINGS, TRANSFERS)
"""What can be written. Opening balances are read out of the file of members."""

MARK: Final = "\ufeff"
_AT_ONCE: Final = 16 * 1024

Cells = Mapping[str, object]


def export(tx: Tx, what: str, hub: int, unit: Unit) -> Iterator[bytes]:
    """The file of members, listings or transfers, a few thousand bytes at a time.

    Args:
        tx: stays open while it is read from.
        hub: this hub's number.
    """
    write = {MEMBERS: _members, LISTINGS: _listings, TRANSFERS: _transfers}[what]
    names = out(what)
    rows = ([one.get(name, "") for name in names] for one in write(tx, hub, unit))
    yield from _csv(names, rows)


def errors(sheet: Sheet, problems: Iterable[tuple[Problem, str]]) -> Iterator[bytes]:
    """The file as it was brought, with one more column: what is wrong with each row.

    Args:
        problems: each with its sentence.
    """
    found: dict[int, list[str]] = {}
    for problem, sentence in problems:
        column = f"{problem.column}: " if problem.column else ""
        found.setdefault(problem.line, []).append(column + sentence)
    kept = [i for i, title in enumerate(sheet.header) if title.strip().casefold() != ERROR]
    names = [*(sheet.header[i] for i in kept), ERROR]
    yield from _csv(names, _with_errors(sheet, kept, found), sheet.delimiter)


def _with_errors(sheet: Sheet, kept: list[int], found: Mapping[int, list[str]]) -> Iterator[list[object]]:
    if 0 in found:
        yield [*("" for _ in kept), cells.safe(" | ".join(found[0]))]
    for one in sheet.raw():
        if isinstance(one, Problem):
            return
        line, row = one
        yield [*(row[i] if i < len(row) else "" for i in kept), cells.safe(" | ".join(found.get(line, ())))]


def _csv(names: Iterable[str], rows: Iterable[Iterable[object]], delimiter: str = ",") -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    buffer.write(MARK)
    writer.writerow(list(names))
    for row in rows:
        writer.writerow(list(row))
        if buffer.tell() > _AT_ONCE:
            yield buffer.getvalue().encode("utf-8")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8")


def _money(name: str, amount: int | None, unit: Unit, empty: str = "") -> dict[str, object]:
    if amount is None:
        return {name: empty, f"{name}_minor": empty}
    return {name: unit.plain(amount), f"{name}_minor": amount}


def _full(hub: int, number: int) -> str:
    return Account(hub, AccountNumber(number)).full


def _members(tx: Tx, hub: int, unit: Unit) -> Iterator[Cells]:
    for row in tx.stream(_MEMBERS):
        number, name, kind, status, keeper, opened, balance, low, high, until = row
        entry = None if opened is None else chain.by_number(tx, opened)
        has = balance is not None
        yield {
            "number": _full(hub, number),
            "name": cells.safe(name),
            "kind": kind,
            "status": status,
            "keeper": "yes" if keeper else "no",
            "joined": cells.day_of(entry.act.at.ms) if entry else "",
            "limits_until": cells.day_of(until) if until is not None else "",
            **_money("balance", balance, unit),
            **_money("low", low, unit, "none" if has else ""),
            **_money("high", high, unit, "none" if has else ""),
        }
    commons = tx.first("SELECT balance, low, high FROM account WHERE number = ?", COMMONS)
    if commons is not None:
        yield {
            "number": _full(hub, COMMONS),
            "kind": COMMONS_WORD,
            **_money("balance", commons[0], unit),
            **_money("low", commons[1], unit, "none"),
            **_money("high", commons[2], unit, "none"),
        }


# Accounts of members in the order of their numbers; who has none yet stands with the own number.
_MEMBERS: Final = """
SELECT COALESCE(account.number, member.number) AS number, COALESCE(private_text.text, ''),
    COALESCE(terms.grp, 'person'), member.status, member.keeper, account.entry,
    account.balance, account.low, account.high, terms.until_ms
FROM member LEFT JOIN account ON account.owner = member.number AND account.kind = 'member'
LEFT JOIN private_text ON private_text.entry = member.name_entry AND private_text.field = 'name'
LEFT JOIN terms ON terms.account = account.number
ORDER BY number
"""


def _listings(tx: Tx, hub: int, unit: Unit) -> Iterator[Cells]:
    kinds = taxonomy.of(tx)
    for row in tx.stream(_LISTINGS):
        record, owner, name, kind, category, title, text, price, state, opened, per, left, times, place = row
        until = changing.ends(tx, record)
        yield {
            "id": record.hex(),
            "owner": _full(hub, owner),
            "owner_name": cells.safe(name),
            "kind": kind,
            "category": kinds.shipped(category),
            "title": cells.safe(title),
            "text": cells.safe(text),
            "unit": per or "",
            "quantity": "" if left is None else left,
            "times": cells.safe(times),
            "place": cells.safe(place),
            "until": "" if until is None else cells.day_of(until),
            "state": state,
            "opened": cells.day_of(opened),
            **_money("price", price, unit),
        }


_LISTINGS: Final = """
SELECT listing.id, listing.owner, COALESCE(name.text, ''), listing.kind, listing.category,
    COALESCE(title.text, CASE WHEN erased.entry IS NULL THEN '' ELSE '[erased]' END), COALESCE(text.text, ''), listing.price, listing.state, listing.opened_ms,
    terms.unit, terms.quantity, COALESCE(times.text, ''), COALESCE(place.text, '')
FROM listing JOIN member ON member.number = listing.owner
LEFT JOIN listing_terms AS terms ON terms.listing = listing.id
LEFT JOIN private_text AS name ON name.entry = member.name_entry AND name.field = 'name'
LEFT JOIN private_text AS title ON title.entry = listing.text_entry AND title.field = 'title'
LEFT JOIN private_text AS text ON text.entry = listing.text_entry AND text.field = 'text'
LEFT JOIN private_text AS times ON times.entry = listing.text_entry AND times.field = 'times'
LEFT JOIN private_text AS place ON place.entry = listing.text_entry AND place.field = 'place'
LEFT JOIN erased ON erased.entry = listing.text_entry
ORDER BY listing.opened_entry
"""


def _transfers(tx: Tx, hub: int, unit: Unit) -> Iterator[Cells]:
    """Every movement of credit, in the order of the book, as rows of one payer and one payee each."""
    for record, group in groupby(tx.stream(_POSTINGS), key=lambda row: row[0]):
        lines = list(group)
        _, _, _, kind, payer, payee, ms, category, reversed_by, note = lines[0]
        for gives, gets, amount, levy in parts([(row[1], row[2]) for row in lines], payer, payee):
            yield {
                "id": record.hex(),
                "day": cells.day_of(ms),
                "kind": kind,
                **_side(tx, hub, record, "payer", gives),
                **_side(tx, hub, record, "payee", gets),
                **_money("amount", amount, unit),
                **_money("levy", levy or None, unit),
                "category": category,
                "note": cells.safe(note),
                "cancelled": "yes" if reversed_by else "no",
            }


def _side(tx: Tx, hub: int, record: bytes, column: str, number: int) -> dict[str, object]:
    if number >= 0:
        name = tx.first(_NAME, number)
        return {column: _full(hub, number), f"{column}_name": cells.safe(name[0]) if name else ""}
    row = tx.get(Transfer, id=record)  # a trunk stands for somebody of another hub
    crossing = crossing_of(tx, row) if row else None
    if crossing is None:
        return {column: f"hub {-number}", f"{column}_name": ""}
    far = far_person(tx, crossing.hub, crossing.far)
    return {column: _full(-number, crossing.far), f"{column}_name": cells.safe(far.name) if far else ""}


_NAME: Final = """
SELECT private_text.text FROM account JOIN member ON member.number = account.owner
JOIN private_text ON private_text.entry = member.name_entry AND private_text.field = 'name'
WHERE account.number = ?
"""

# A transfer's postings stand together, in the order of the book.
_POSTINGS: Final = """
SELECT posting.transfer, posting.account, posting.amount, transfer.kind, transfer.payer, transfer.payee,
    COALESCE(transfer.closed_ms, transfer.opened_ms), transfer.category, transfer.reversed_by,
    COALESCE(private_text.text, CASE WHEN erased.entry IS NULL THEN '' ELSE '[erased]' END)
FROM posting CROSS JOIN transfer ON transfer.id = posting.transfer
LEFT JOIN private_text ON private_text.entry = transfer.text_entry
    AND private_text.field = CASE transfer.kind WHEN 'reversal' THEN 'reason' ELSE 'note' END
LEFT JOIN erased ON erased.entry = transfer.text_entry
ORDER BY posting.rowid
"""


def parts(lines: list[tuple[int, int]], payer: int | None, payee: int) -> Iterator[tuple[int, int, int, int]]:
    """The lines of a transfer as (payer, payee, what the payer gave, what the commons kept of it).

    A transfer between two, with a levy or without, is one part. One of many lines is told apart
    so that every account gets and gives what it did.
    """
    moved = dict(lines)
    if set(moved) <= {payer, payee, COMMONS} and payer in moved and payee in moved and payer != payee:
        levy = 0 if COMMONS in (payer, payee) else moved.get(COMMONS, 0)
        yield payer, payee, -moved[payer], levy
        return
    givers = [[number, -amount] for number, amount in lines if amount < 0]
    getters = [[number, amount] for number, amount in lines if amount > 0]
    while givers and getters:
        amount = min(givers[0][1], getters[0][1])
        yield givers[0][0], getters[0][0], amount, 0
        for side in (givers, getters):
            side[0][1] -= amount
            if not side[0][1]:
                side.pop(0)
