"""Empty databases that all tests of a process share: the tables are made once, then copied.

Nearly every test founds a hub or replays a book, and both begin with an empty database: to run each migration anew took a
fifth of their time.
"""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from appliance.ledger.book import store
from appliance.ledger.book.store import Store

Create = Callable[[Path], Store]


def copying(create: Create) -> Create:
    """``Store.create``, which copies what the same migrations made before."""
    known = {store.MIGRATIONS: _made_by(create)}

    def create_or_copy(path: Path) -> Store:
        if store.MIGRATIONS not in known:
            return create(path)
        try:
            path.touch(mode=0o600, exist_ok=False)
        except OSError:
            return create(path)  # which says why it cannot be
        path.write_bytes(known[store.MIGRATIONS])
        return Store.open(path)

    return create_or_copy


def _made_by(create: Create) -> bytes:
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "empty.db"
        create(path).close()
        with closing(sqlite3.connect(path)) as opened:
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()
