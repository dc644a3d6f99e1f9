"""What was printed for whom: kept on this box, so that a keeper need not remember it.

It is no part of the book: nothing follows from it but where the next statement begins, and who
still has no card.
"""

from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.local import Printed
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant

STATEMENT: Final = "statement"
CARD: Final = "card"


def last_statement(tx: Tx, account: int) -> Printed | None:
    """The last statement that was printed of an account: from ``first`` up to, and without, ``end``."""
    return tx.get(Printed, account=account, what=STATEMENT)


def print_statement(store: Store, account: int, at: Instant) -> tuple[int, int]:
    """Begin where the last statement ended, and remember where this one ends. Its entries.

    When nothing was posted on the account since, it is the last one again: who taps twice, or
    whose printer had no paper, gets the same sheet.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        last = last_statement(tx, account)
        first, end = last.end if last else 1, chain.head(tx).number + 1
        moved = tx.first("SELECT 1 FROM posting WHERE account = ? AND entry >= ? LIMIT 1", account, first)
        if last is not None and moved is None:
            return last.first, last.end
        _keep(tx, account, STATEMENT, first, end, at)
        return first, end


def cards_printed(store: Store, accounts: tuple[int, ...], at: Instant) -> None:
    """Remember that these people have a card now.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        for account in accounts:
            _keep(tx, account, CARD, 0, 0, at)


def with_card(tx: Tx) -> frozenset[int]:
    """The accounts for which a card was printed."""
    return frozenset(n for (n,) in tx.select("SELECT account FROM printed WHERE what = ?", CARD))


def _keep(tx: Tx, account: int, what: str, first: int, end: int, at: Instant) -> None:
    tx.put(Printed, account=account, what=what, first=first, end=end, at_ms=at.ms, quality=int(at.quality))
