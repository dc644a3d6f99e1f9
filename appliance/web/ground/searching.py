"""The search index for one page: opened, brought up to the book, closed."""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance.ledger.book.store import Tx
from appliance.matching import CACHE_FILE, Index
from appliance.web.ground.here import the_hub


@contextmanager
def searching() -> Iterator[tuple[Index, Tx]]:
    """The index, in step with the book, and the book to read from.

    It lives for one page: nothing is held open, and the file may be deleted at any time.
    """
    hub = the_hub()
    index = Index.open(hub.data / CACHE_FILE)
    try:
        with hub.reading() as tx:
            index.follow(tx)
            yield index, tx
    finally:
        index.close()
