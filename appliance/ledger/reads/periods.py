"""Where a day stands in the book: found by halving, without reading what lies between.

The order of a book is that of its entries; the clock of a hub may have been wrong for a while, so
that its days are none. The halving always asks at the same places (those of a book of ``_LONGEST``
entries), whatever the book's length. So the place of a moment stays where it is while the book
grows by later entries, a later moment never stands before an earlier one, and periods that follow
each other share no entry and miss none.
"""

from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.store import Tx

_LONGEST: Final = 1 << 40


def first_from(tx: Tx, ms: int) -> int:
    """The number of the first entry of ``ms`` or later; the next that will be made, when there is none yet."""
    last = chain.head(tx).number
    low, high = 1, _LONGEST
    while low < high:
        middle = (low + high) // 2
        entry = chain.by_number(tx, middle) if middle <= last else None
        if entry is None or entry.act.at.ms >= ms:
            high = middle
        else:
            low = middle + 1
    return low
