"""The search index for one page: opened, brought up to the book, closed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import peewee as pw

from appliance.ledger.book.store import Tx
from appliance.ledger.hub import Hub
from appliance.matching import CACHE_FILE, Index
from appliance.web.here import the_hub

_log = logging.getLogger(__name__)


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


def keep_up(hub: Hub) -> None:
    """Bring the index up to the book, if there is one: what was erased leaves it though nobody searches."""
    path = hub.data / CACHE_FILE
    if not path.exists():
        return
    index = Index.open(path)
    try:
        with hub.reading() as tx:
            index.follow(tx)
    except pw.DatabaseError as error:  # it is made anew by the next page
        _log.warning("index=behind reason=%s", error)
    finally:
        index.close()
