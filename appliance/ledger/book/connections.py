"""SQLite connections that are kept between transactions, and taken and given back in a few steps.

peewee's pool takes two locks, a heap and a dozen calls each time, which is as much as a page's smaller queries
together. Here a connection that is given back waits in a list, still the pool's own: the pool goes on to
open connections, to bound their number, to let threads wait for one, and to close them all.
"""

import sqlite3
from typing import Any

from playhouse.pool import PooledSqliteDatabase


class Connections(PooledSqliteDatabase):  # type: ignore[misc]  # peewee has no types
    """peewee's pool with a short way to a connection that is free. Threads may share it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ready: list[sqlite3.Connection] = []
        self._writers: list[sqlite3.Connection] = []
        super().__init__(*args, **kwargs)

    def take(self, to_write: bool = False) -> sqlite3.Connection:
        """This thread's connection; a free one when it has none: that given back last, as it remembers the most pages.

        A connection forgets all pages when another one has written. So one is kept ``to_write``, for a store
        that lets one thread write at a time: what was written last is at hand when the next one writes.

        Raises:
            peewee.OperationalError: there was none, and the file cannot be opened.
        """
        state = self._state
        if state.closed:
            try:
                state.conn = (self._writers if to_write else self._ready).pop()
            except IndexError:
                self.connect()
            else:
                state.closed = False
        connection: sqlite3.Connection = state.conn
        return connection

    def give_back(self, to_write: bool = False) -> None:
        """This thread's connection may be another's. What it has begun must have ended."""
        state = self._state
        connection = state.conn
        if connection is None or state.ctx or id(connection) not in self._in_use or connection.in_transaction:
            self.close()  # the pool's own way: also when all were closed meanwhile
            return
        state.conn, state.closed = None, True
        (self._writers if to_write else self._ready).append(connection)

    def _connect(self) -> sqlite3.Connection:
        """Who waits for a connection because there are enough of them looks here, too."""
        try:
            return self._ready.pop()
        except IndexError:
            made: sqlite3.Connection = super()._connect()
            return made

    def close_all(self) -> None:
        """Close every connection, those in use as well."""
        self._forget()  # the pool counts them as in use, and closes those
        super().close_all()

    def dispose(self) -> None:
        """Forget every connection without closing it."""
        self._forget()
        super().dispose()

    def _forget(self) -> None:
        self._ready.clear()
        self._writers.clear()
