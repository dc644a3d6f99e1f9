"""All payments and requests, for a keeper who looks for one: by how it stands, whose it is, and when."""

from collections.abc import Mapping
from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.reads import member
from appliance.ledger.reads.member import TransferView

STATES: Final[Mapping[str, str]] = {
    "waiting": "state IN ('pending', 'on_way', 'held')",
    "done": "state IN ('done', 'arrived') AND reversed_by IS NULL",
    "undone": "(reversed_by IS NOT NULL OR state = 'returned')",
    "unpaid": "state IN ('declined', 'cancelled', 'expired')",
}
"""How a payment can stand, by what a keeper asks: does it wait, is it done, was it cancelled, was it never paid?"""


def payments(
    tx: Tx,
    viewer: int,
    state: str | None = None,
    accounts: frozenset[int] | None = None,
    first: int | None = None,
    end: int | None = None,
    limit: int = 25,
) -> tuple[tuple[TransferView, ...], int | None]:
    """Payments and requests, the one begun last first; and where older ones begin, None at the end.

    What was undone is one line: the payment itself, which says so.

    Args:
        viewer: the keeper who looks, present as one.
        state: one of ``STATES``; None for all.
        accounts: only those that move or would move one of these accounts; None for all.
        first, end: only those begun from this entry on, up to before that one.
    """
    asked, values = [], []
    if state is not None:
        asked.append(STATES[state])
    for sign, entry in ((">=", first), ("<", end)):
        if entry is not None:
            asked.append(f"opened_entry {sign} ?")
            values.append(entry)
    if accounts is not None:
        marks = ", ".join("?" * len(accounts))
        asked.append(_MOVES.format(marks))
        values += sorted(accounts) * 4
    where = " AND ".join(asked) or "1"
    rows = tx.select(_ALL.format(where), *values, limit + 1)
    found = [view for record, _ in rows[:limit] if (view := _seen(tx, bytes(record), viewer)) is not None]
    return tuple(found), rows[limit - 1][1] if len(rows) > limit else None


def _seen(tx: Tx, record: bytes, viewer: int) -> TransferView | None:
    return member.transfer(tx, record, viewer, as_keeper=True)


_ALL: Final = (
    "SELECT id, opened_entry FROM transfer WHERE kind <> 'reversal' AND {} ORDER BY opened_entry DESC LIMIT ?"
)

_MOVES: Final = (
    "(payer IN ({0}) OR payee IN ({0}) OR id IN (SELECT transfer FROM posting WHERE account IN ({0}))"
    " OR id IN (SELECT transfer FROM share WHERE account IN ({0})))"
)
