"""The database: one writer at a time, all or nothing, durable, and errors of our own names only."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee as pw
import pytest

from appliance.ledger.book import store as store_module
from appliance.ledger.book.feed import POST_TABLES
from appliance.ledger.book.local import LOCAL_TABLES, Note
from appliance.ledger.book.private import PRIVATE_TABLES
from appliance.ledger.book.schema import TRUTH_TABLES, Entry, Table
from appliance.ledger.book.store import LEDGER_FILE, Store, Tx
from appliance.ledger.errors import BookDamaged, DataDirectoryError, HubError, NestedWrite

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.create(tmp_path / LEDGER_FILE)
    yield made
    made.close()


def note(tx: Tx, name: str) -> str | None:
    row = tx.get(Note, name=name)
    return row.value if row else None


# ------------------------------------------------------------------------------------------------ writing


def test_what_was_written_is_there_after_opening_again(store: Store) -> None:
    with store.write() as tx:
        tx.insert(Note, name="a", value="1")
    store.close()
    again = Store.open(store.path)
    with again.read() as tx:
        assert note(tx, "a") == "1"
    again.close()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit, pw.IntegrityError])
def test_a_write_that_fails_leaves_nothing(store: Store, error: type[BaseException]) -> None:
    def half_way() -> None:
        with store.write() as tx:
            tx.insert(Note, name="a", value="1")
            raise error("half way")

    with pytest.raises(error):
        half_way()
    with store.write() as tx:
        assert note(tx, "a") is None
        tx.insert(Note, name="a", value="2")


def test_a_write_inside_a_write_is_our_mistake(store: Store) -> None:
    def nested() -> None:
        with store.write() as tx:
            tx.insert(Note, name="a", value="1")
            _put(store, "b")

    with pytest.raises(NestedWrite):
        nested()
    with pytest.raises(NestedWrite), store.read():
        _put(store, "b")
    with store.read() as tx:
        assert note(tx, "a") is None
    with store.write() as tx:
        tx.insert(Note, name="a", value="1")


def test_a_read_inside_a_write_sees_the_write(store: Store) -> None:
    with store.write() as tx:
        tx.insert(Note, name="a", value="1")
        with store.read() as inner:
            assert note(inner, "a") == "1"
        tx.insert(Note, name="b", value="2")


def test_readers_see_one_state_while_others_write(store: Store) -> None:
    with store.read() as tx:
        assert note(tx, "a") is None
        other = threading.Thread(target=lambda: _put(store, "a"))
        other.start()
        other.join(20)
        assert note(tx, "a") is None
    with store.read() as tx:
        assert note(tx, "a") == "1"


def _put(store: Store, name: str) -> None:
    with store.write() as tx:
        tx.insert(Note, name=name, value="1")


def test_a_read_changes_nothing(store: Store) -> None:
    with store.read() as tx:
        tx.insert(Note, name="a", value="1")
    with store.read() as tx:
        assert note(tx, "a") is None


def test_many_threads_write_in_turn(store: Store) -> None:
    with store.write() as tx:
        tx.insert(Note, name="count", value="0")

    def add(_: int) -> None:
        with store.write() as tx:
            tx.update(Note, {"name": "count"}, value=str(int(note(tx, "count") or "0") + 1))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(add, range(100)))
    with store.read() as tx:
        assert note(tx, "count") == "100"


WRITER = """
    import sys
    from pathlib import Path
    from appliance.ledger.book.local import Note
    from appliance.ledger.book.store import Store
    store = Store.open(Path(sys.argv[1]))
    for _ in range(100):
        with store.write() as tx:
            found = tx.get(Note, name="count")
            tx.put(Note, name="count", value=str(int(found.value if found else 0) + 1))
    store.close()
"""


def test_two_processes_write_at_once_and_lose_nothing(store: Store) -> None:
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(store.path)]
    running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=90)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    with store.read() as tx:
        assert note(tx, "count") == "200"


# ------------------------------------------------------------------------------------------------ durability


def test_it_is_wal_and_full_on_every_connection(store: Store) -> None:
    def pragmas() -> tuple[Any, ...]:
        with store.read() as tx:
            names = ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
            return tuple((tx.first(f"PRAGMA {name}") or (None,))[0] for name in names)

    found = [pragmas()]
    with store.read(), ThreadPoolExecutor(1) as pool:  # another thread, another connection
        found.append(pool.submit(pragmas).result())
    assert found == [("wal", 2, 1, 0)] * 2
    # Read by SQLite alone: the journal mode stands in the file.
    with sqlite3.connect(store.path) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_nobody_else_reads_the_files(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = Store.create(tmp_path / LEDGER_FILE)
        with store.write() as tx:
            tx.insert(Note, name="a", value="1")
        with store.read():
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert set(modes) >= {LEDGER_FILE, f"{LEDGER_FILE}-wal"}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


# ------------------------------------------------------------------------------------------------ tables


def test_the_migrations_make_the_tables_of_the_models(store: Store) -> None:
    """Compared in SQLite itself: columns with type, null and place in the key; indexes with their columns."""
    models: list[type[Table]] = [Entry, *TRUTH_TABLES, *PRIVATE_TABLES, *LOCAL_TABLES, *POST_TABLES]
    made = pw.SqliteDatabase(":memory:")
    with made.bind_ctx(models), made.connection_context():
        made.create_tables(models, safe=False)
        wanted = _schema(made.execute_sql)
    with store.read() as tx:
        found = _schema(lambda sql: tx._run(sql, ()))
    assert {name for name in found if name not in wanted} <= _runner_tables(found)
    assert {name: found.get(name) for name in wanted} == wanted


def _runner_tables(found: dict[str, Any]) -> set[str]:
    return {name for name in found if "migration" in name}


def _schema(run: Any) -> dict[str, Any]:
    tables = [name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    found = {}
    for table in tables:
        columns = {row[1]: row[2:] for row in run(f"PRAGMA table_info('{table}')").fetchall()}
        indexes = {
            (tuple(c[2] for c in run(f"PRAGMA index_info('{row[1]}')").fetchall()), row[2])
            for row in run(f"PRAGMA index_list('{table}')").fetchall()
        }
        found[table] = (columns, indexes)
    return found


# ------------------------------------------------------------------------------------------------ opening


def test_there_is_no_hub(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError, match="no hub at"):
        Store.open(tmp_path / LEDGER_FILE)
    with pytest.raises(DataDirectoryError, match="no hub at"):
        Store.open(tmp_path / "nowhere" / LEDGER_FILE)


def test_nothing_is_made_over_what_is_there(store: Store) -> None:
    with pytest.raises(DataDirectoryError, match="exists already"):
        Store.create(store.path)


def test_a_database_cannot_be_made_where_there_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError):
        Store.create(tmp_path / "nowhere" / LEDGER_FILE)


def test_a_newer_release_wrote_it(store: Store) -> None:
    with store.write() as tx:
        columns = [row[1] for row in tx._run("PRAGMA table_info('migration_history')", ()).fetchall()]
        table = "migration_history"
        if not columns:
            table = next(n for n in _all_tables(tx) if "migration" in n)
        last = tx.first(f"SELECT * FROM {table} LIMIT 1")
        assert last is not None
        names = [row[1] for row in tx._run(f"PRAGMA table_info('{table}')", ()).fetchall()]
        row = dict(zip(names, last, strict=True))
        row["name"] = "0099_from_the_future"
        row = {key: value for key, value in row.items() if key != "id"}
        marks = ", ".join("?" * len(row))
        tx._run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    store.close()
    with pytest.raises(DataDirectoryError, match=r"newer release.*0099_from_the_future"):
        Store.open(store.path)


def _all_tables(tx: Tx) -> list[str]:
    return [name for (name,) in tx._run("SELECT name FROM sqlite_master WHERE type = 'table'", ()).fetchall()]


@pytest.mark.parametrize(
    "bytes_", [b"this is no database at all, whatever its name says " * 40, b"\x00" * 8192]
)
def test_a_file_that_is_no_database(tmp_path: Path, bytes_: bytes) -> None:
    path = tmp_path / LEDGER_FILE
    path.write_bytes(bytes_)
    with pytest.raises(BookDamaged):
        Store.open(path)
    assert path.read_bytes() == bytes_


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    (tmp_path / LEDGER_FILE).mkdir()
    with pytest.raises(HubError):
        Store.open(tmp_path / LEDGER_FILE)


# ------------------------------------------------------------------------------------------------ trouble


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run as somebody to whom file modes apply."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def foreign_directory() -> Iterator[Path]:
    """A data directory that belongs to who runs ``unprivileged`` (the tests' own are closed to others)."""
    with (
        tempfile.TemporaryDirectory(prefix="river-", dir="/tmp") as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        path = Path(name)
        # Where this source lies may be closed to others as well.
        patch.setattr(store_module, "MIGRATIONS", shutil.copytree(store_module.MIGRATIONS, path / "steps"))
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        yield path


def test_a_file_that_cannot_be_written() -> None:
    with foreign_directory() as room:
        path = room / LEDGER_FILE
        with unprivileged():
            Store.create(path).close()
        path.chmod(0o400)
        room.chmod(0o500)
        with unprivileged(), pytest.raises(DataDirectoryError):
            _write_to(path)
        room.chmod(0o700)


def _write_to(path: Path) -> None:
    store = Store.open(path)
    try:
        _put(store, "a")
    finally:
        store.close()


def test_a_file_that_cannot_be_read() -> None:
    with foreign_directory() as room:
        path = room / LEDGER_FILE
        with unprivileged():
            Store.create(path).close()
        path.chmod(0)
        with unprivileged(), pytest.raises(DataDirectoryError):
            _write_to(path)


def test_a_stick_that_was_pulled_out_is_no_traceback(tmp_path: Path) -> None:
    room = tmp_path / "stick"
    room.mkdir()
    store = Store.create(room / LEDGER_FILE)
    store.close()
    room.rename(tmp_path / "pulled")
    with pytest.raises(DataDirectoryError):
        _put(store, "a")
    with pytest.raises(DataDirectoryError), store.read() as tx:
        note(tx, "a")


def test_a_full_disk_writes_nothing(store: Store) -> None:
    with store.write() as tx:
        pages = (tx.first("PRAGMA page_count") or (0,))[0]
        tx._run(f"PRAGMA max_page_count = {pages}", ())
    with pytest.raises(DataDirectoryError, match="full"), store.write() as tx:
        tx.insert(Note, name="big", value="x" * 1_000_000)
    with store.read() as tx:
        assert note(tx, "big") is None
    _put(store, "small")


def test_a_torn_file_is_a_damaged_book(tmp_path: Path) -> None:
    store = Store.create(tmp_path / LEDGER_FILE)
    with store.write() as tx:
        for number in range(500):
            tx.insert(Note, name=f"{number:04}", value="x" * 200)
    store.close()
    data = bytearray(store.path.read_bytes())
    for page in range(20, len(data) // 4096):
        data[page * 4096 : page * 4096 + 4096] = os.urandom(4096)
    store.path.write_bytes(bytes(data))
    with pytest.raises(BookDamaged), store.read() as tx:
        tx.rows(Note.select())
    with pytest.raises(BookDamaged):
        _put(store, "a")
    store.close()


def test_portal_and_radio_may_bring_an_old_database_up_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an update both start at the same moment, each with the same migrations before it."""
    first = tmp_path / "migrations"
    first.mkdir()
    for name in ("__init__.py", "0001_first.py"):
        (first / name).write_bytes((store_module.MIGRATIONS / name).read_bytes())
    code = (
        "import sys, pathlib; from appliance.ledger.book.store import Store;"
        "sys.stdin.readline(); Store.open(pathlib.Path(sys.argv[1])).close()"
    )
    for turn in range(3):
        path = tmp_path / f"{turn}.db"
        with monkeypatch.context() as before:
            before.setattr(store_module, "MIGRATIONS", first)
            Store.create(path).close()
        words = [sys.executable, "-c", code, str(path)]
        both = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
            for _ in "ab"
        ]
        for one in both:
            assert one.stdin is not None
            one.stdin.write("now\n")
            one.stdin.flush()
        said = [one.communicate(timeout=60)[1] for one in both]
        assert [one.returncode for one in both] == [0, 0], said
