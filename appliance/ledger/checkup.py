"""A verification as the box does it: with the heads it remembers, and remembered itself.

``book.verify`` does the checking. Here every way in which a database can be damaged becomes
``BookDamaged``, so that whoever asks gets one of three answers: clean, the first difference,
or that the directory cannot be used.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import peewee as pw

from appliance.ledger.book import local, rules, verify
from appliance.ledger.book.chain import Head
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.clock import Clock
from appliance.ledger.errors import BadEncoding, BadSignature, BookDamaged, DataDirectoryError
from appliance.ledger.people import timing
from appliance.ledger.values import Unit


@dataclass(frozen=True, slots=True)
class Checked:
    """A clean verification. ``kept`` is how many earlier heads the book was held against,
    ``total`` the sum of all balances in ``unit``: zero.
    """

    report: verify.Report
    unit: Unit
    total: int
    kept: int


def check(
    data: Path,
    heads: Sequence[Head],
    root_key: bytes | None,
    clock: Clock,
    progress: verify.Progress | None = None,
    from_start: bool = False,
    quick: bool = False,
) -> Checked:
    """Verify the hub in ``data`` and remember that it was clean. The hub may be running.

    What it works with lies in ``data`` and is gone when it ends; when it is interrupted, the next
    one goes on from there.

    Args:
        heads: heads noted elsewhere; the one of the last clean verification is added.
        from_start: use nothing that an interrupted one left.
        quick: begin at the last closing, if there is one.

    Raises:
        BookDamaged: the first difference.
        DataDirectoryError: there is no hub, or it cannot be read or written.
    """
    try:
        store = Store.open(data / LEDGER_FILE)
        try:
            return _check(store, heads, root_key, clock, progress, data, from_start, quick)
        finally:
            store.close()
    except (pw.OperationalError, sqlite3.OperationalError) as error:
        raise DataDirectoryError(f"{data}: {error}") from error
    except (pw.DatabaseError, sqlite3.DatabaseError, BadEncoding, BadSignature) as error:
        raise BookDamaged(f"the database cannot be read: {error}") from error


def _check(
    store: Store,
    heads: Sequence[Head],
    root_key: bytes | None,
    clock: Clock,
    progress: verify.Progress | None,
    data: Path,
    from_start: bool,
    quick: bool,
) -> Checked:
    with store.read() as tx:
        before = local.last_verified(tx)
    kept = tuple(dict.fromkeys((*heads, *((before.head,) if before else ()))))
    report = verify.verify(store, kept, root_key, progress, data, from_start, quick)
    with store.read() as tx:
        unit = rules.load(tx).community.counted_in
        total = int(tx.scalar(AccountRow.select(pw.fn.SUM(AccountRow.balance))) or 0)
    with store.write() as tx:
        local.keep_verified(tx, local.Verified(report.head, timing.now_ms(tx, clock)))
    return Checked(report, unit, total, len(kept))
