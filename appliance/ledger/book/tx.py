"""One transaction's view of the database: how rows are asked for and written.

Every query names its database through its ``Tx``, so none strays out of the transaction. What has been read is
remembered until its table is written: deciding, the warrant and applying ask for the same few rows, those
who share a transaction (``together``) for many of the same, and nobody else can change them meanwhile.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import peewee as pw

from appliance.ledger.book.archive import Archive
from appliance.ledger.book.schema import Table

_SEEN_ROWS: Final = 64
"""How many single rows of a table a transaction remembers: a replay is one transaction of any length."""

_KNOWN: Final = 256
"""After how many answers (``Tx.known``) it begins anew to remember."""

Row = TypeVar("Row", bound=Table)


class Tx:
    """One transaction's view of the database. Every query names its database through it."""

    def __init__(self, database: pw.Database, archive: Archive | None = None) -> None:
        self.archive = archive or Archive(Path())
        """Where the bytes of entries are that a closing has moved."""
        self._db = database
        self._connection: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]  # peewee has no types
        self._seen: dict[type[Table], dict[tuple[Any, ...], tuple[Any, ...] | None]] = {}
        self._asked = 0
        self._known: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        self._known_of: dict[type[Table], set[tuple[Any, ...]]] = {}
        """The questions that were answered out of each table since it was written last."""

    def get(self, model: type[Row], **key: Any) -> Row | None:
        """The one row whose columns are ``key``, or None."""
        seen = self._seen.get(model)
        if seen is None:
            seen = self._seen[model] = {}
        question = (*key, *key.values())
        if question in seen:
            found = seen[question]
        else:
            if len(seen) >= _SEEN_ROWS:
                seen.clear()
            values = tuple(value for value in key.values() if value is not None)
            sql = _select(model, tuple(key), tuple(value is None for value in key.values()))
            found = seen[question] = self._run(sql, values).fetchone()
        return None if found is None else row_of(model, found)

    def found(self, model: type[Row], where: str, *values: Any) -> list[Row]:
        """The rows of a table that fit a condition written out in SQL: for what every page asks (see ``first``).

        Args:
            where: what follows WHERE: the condition, and perhaps an order and a limit. Values stand as ``?``.
        """
        return [row_of(model, row) for row in self._run(f"{_all_of(model)} WHERE {where}", values)]

    def rows(self, query: Any) -> list[Any]:
        """All rows of a select."""
        return list(query.execute(self._db))

    def each(self, query: Any) -> Iterator[Any]:
        """The rows of a select one by one, for tables of any length."""
        yield from query.iterator(self._db)

    def scalar(self, query: Any) -> Any:
        """The first column of the first row."""
        return query.scalar(self._db)

    def first(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query written out in SQL: for the few that every payment runs.

        peewee writes a query's text anew each time, which costs more than running it.
        """
        row: tuple[Any, ...] | None = self._run(sql, values).fetchone()
        return row

    def select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of such a query."""
        return list(self._run(sql, values).fetchall())

    def known(self, of: tuple[type[Table], ...], sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """As ``select``, for short answers that many ask for: remembered until one of the tables is written.

        Args:
            of: every table that the query reads.
        """
        question = (sql, *values)
        found = self._known.get(question)
        if found is None:
            if self._asked >= _KNOWN:
                self._forget_all()
            self._asked += 1
            found = self._known[question] = self._run(sql, values).fetchall()
            for model in of:
                self._known_of.setdefault(model, set()).add(question)
        return found

    def stream(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of such a query one by one, just as SQLite has them."""
        yield from self._run(sql, values)

    def columns(self, model: type[Table]) -> tuple[str, ...]:
        """The columns of a table, in the model's order."""
        return _columns(model)

    def dump(
        self, model: type[Table], order: Iterable[str], columns: Iterable[str] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """All rows of a table (or these columns) in the order of some columns, just as SQLite has them."""
        names, table = _names(columns or self.columns(model)), _table(model)
        yield from self.stream(f"SELECT {names} FROM {table} ORDER BY {_names(order)}")  # noqa: S608 - names are the models'

    def insert(self, model: type[Table], **values: Any) -> None:
        """Add a row; it must be new."""
        self._add("INSERT", model, values)

    def put(self, model: type[Table], **values: Any) -> None:
        """Add a row, or take the place of the one with its key."""
        self._add("INSERT OR REPLACE", model, values)

    def update(self, model: type[Table], key: Mapping[str, Any], **values: Any) -> int:
        """Change the rows whose columns are ``key``; how many there were."""
        test, keys = _test(key)
        changes = ", ".join(f"{_name(column)} = ?" for column in values)
        sql = f"UPDATE {_table(model)} SET {changes} WHERE {test}"  # noqa: S608 - names are the models'
        self._forget(model)
        return int(self._run(sql, (*values.values(), *keys)).rowcount)

    def add(self, model: type[Table], key: Mapping[str, Any], column: str, amount: int) -> int | None:
        """Add ``amount`` to a column of the one row whose columns are ``key``; what it is then.

        None when there is no such row.
        """
        sql = _adding(model, tuple(key), column)
        self._forget(model)
        after = self._run(sql, (amount, *key.values())).fetchall()
        return int(after[0][0]) if after else None

    def delete(self, model: type[Table], *where: Any) -> int:
        """Remove the rows that fit; how many there were."""
        self._forget(model)
        return int(model.delete().where(*where).execute(self._db))

    def rewrite(self, table: str) -> None:
        """Write all rows of a table anew and overwrite the pages in which they were (``wiping``).

        The rows wait in this very file meanwhile: a temporary table may be a file elsewhere.
        """
        name, kept = _name(table), _name(f"kept_{table}")
        self._forget_all()
        for sql in (
            f"CREATE TABLE {kept} AS SELECT * FROM {name} ORDER BY rowid",  # noqa: S608 - our names
            f"DELETE FROM {name}",  # noqa: S608 - our names
            f"INSERT INTO {name} SELECT * FROM {kept} ORDER BY rowid",  # noqa: S608 - our names
            f"DROP TABLE {kept}",
        ):
            self._run(sql, ())

    def _run(self, sql: str, values: tuple[Any, ...]) -> Any:
        # SQLite's connection itself: peewee's way there costs as much as a small query. Its errors are peewee's.
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise getattr(pw, type(error).__name__, pw.DatabaseError)(*error.args) from error

    def _add(self, how: str, model: type[Table], values: Mapping[str, Any]) -> None:
        self._forget(model)
        self._run(_adding_row(how, model, tuple(values)), tuple(values.values()))

    def _forget(self, model: type[Table]) -> None:
        """The table is written: what was read of it counts no more."""
        self._seen.pop(model, None)
        for question in self._known_of.pop(model, ()):
            self._known.pop(question, None)

    def _forget_all(self) -> None:
        self._asked = 0
        self._seen.clear()
        self._known.clear()
        self._known_of.clear()

    def begin(self) -> None:
        """Begin to read: for ``Store`` alone."""
        self._run("BEGIN DEFERRED", ())

    def end(self) -> None:
        """End what has begun, if anything has: for ``Store`` alone."""
        if self._connection.in_transaction:
            self._run("ROLLBACK", ())


def row_of(model: type[Row], found: Sequence[Any]) -> Row:
    """A row as a model: as peewee's own __init__ leaves it, without the detour of a call for each column."""
    row = model.__new__(model)
    row.__dict__ = {
        "__data__": dict(zip(_columns(model), found, strict=True)),
        "__rel__": {},
        "_dirty": set(),
    }
    return row


@lru_cache(maxsize=128)
def _columns(model: type[Table]) -> tuple[str, ...]:
    return tuple(model._meta.sorted_field_names)  # noqa: SLF001 - peewee's documented metadata


@lru_cache(maxsize=128)
def _all_of(model: type[Table]) -> str:
    return f"SELECT {columns_of(model)} FROM {_table(model)}"  # noqa: S608 - names are the models'


def columns_of(model: type[Table]) -> str:
    """The columns of a table as a query names them, in the order in which ``row_of`` wants their values."""
    return ", ".join(f"{_table(model)}.{_name(column)}" for column in _columns(model))


@lru_cache(maxsize=512)
def _select(model: type[Table], key: tuple[str, ...], nulls: tuple[bool, ...]) -> str:
    """The text that asks for one row: written once for each question of the code."""
    test, _ = _test({name: None if null else "" for name, null in zip(key, nulls, strict=True)})
    return f"{_all_of(model)} WHERE {test} LIMIT 1"


@lru_cache(maxsize=512)
def _adding_row(how: str, model: type[Table], columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"{how} INTO {_table(model)} ({_names(columns)}) VALUES ({marks})"


@lru_cache(maxsize=64)
def _adding(model: type[Table], key: tuple[str, ...], column: str) -> str:
    test, _ = _test(dict.fromkeys(key, ""))
    name = _name(column)
    return f"UPDATE {_table(model)} SET {name} = {name} + ? WHERE {test} RETURNING {name}"  # noqa: S608 - names are the models'


def _name(column: str) -> str:
    return f'"{column}"'


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_name, columns))


def _table(model: type[Table]) -> str:
    return _name(model._meta.table_name)  # noqa: SLF001 - peewee's documented metadata


def _test(key: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """A WHERE clause for equality, and its values. Names come from our code, values are bound."""
    parts = (f"{_name(c)} IS NULL" if value is None else f"{_name(c)} = ?" for c, value in key.items())
    return " AND ".join(parts), tuple(value for value in key.values() if value is not None)
