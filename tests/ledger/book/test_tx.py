"""What a transaction remembers of its reads, and when it forgets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.local import Printed
from appliance.ledger.book.schema import Neighbour, Setting
from appliance.ledger.book.store import Store, Tx

NAMES = "SELECT name FROM setting ORDER BY name"
BOTH = "SELECT (SELECT COUNT(*) FROM setting), (SELECT COUNT(*) FROM neighbour)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.create(tmp_path / "ledger.db")
    with made.write() as tx:
        tx.insert(Setting, name="bread", body=b"1", entry=1)
    yield made
    made.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every query that reaches SQLite."""
    found: list[str] = []
    run = Tx._run

    def listening(tx: Tx, sql: str, values: tuple[Any, ...]) -> Any:
        found.append(sql)
        return run(tx, sql, values)

    monkeypatch.setattr(Tx, "_run", listening)
    return found


def names(tx: Tx) -> list[str]:
    return [name for (name,) in tx.known((Setting,), NAMES)]


def test_what_is_known_is_asked_once(store: Store, asked: list[str]) -> None:
    with store.read() as tx:
        assert names(tx) == names(tx) == ["bread"]
    assert asked.count(NAMES) == 1


def test_every_kind_of_write_is_seen_at_once(store: Store) -> None:
    with store.write() as tx:
        assert names(tx) == ["bread"]
        tx.insert(Setting, name="milk", body=b"2", entry=2)
        assert names(tx) == ["bread", "milk"]
        tx.put(Setting, name="eggs", body=b"3", entry=3)
        assert names(tx) == ["bread", "eggs", "milk"]
        tx.update(Setting, {"name": "milk"}, name="oats")
        assert names(tx) == ["bread", "eggs", "oats"]
        tx.delete(Setting, Setting.name == "bread")
        assert names(tx) == ["eggs", "oats"]
        entries = "SELECT SUM(entry) FROM setting"
        before = tx.known((Setting,), entries)[0][0]
        tx.add(Setting, {"name": "eggs"}, "entry", 10)
        assert tx.known((Setting,), entries)[0][0] == before + 10


def test_a_question_to_two_tables_is_forgotten_with_either(store: Store) -> None:
    with store.write() as tx:
        assert tx.known((Setting, Neighbour), BOTH) == [(1, 0)]
        tx.insert(Setting, name="milk", body=b"2", entry=2)
        assert tx.known((Setting, Neighbour), BOTH) == [(2, 0)]
        columns = dict.fromkeys(tx.columns(Neighbour), 0)
        tx.insert(Neighbour, **columns)
        assert tx.known((Setting, Neighbour), BOTH) == [(2, 1)]


def test_another_table_written_makes_nothing_forgotten(store: Store, asked: list[str]) -> None:
    with store.write() as tx:
        names(tx)
        tx.insert(Printed, account=5, what="card", first=0, end=0, at_ms=1, quality=1)
        names(tx)
    assert asked.count(NAMES) == 1


def test_values_are_part_of_the_question(store: Store) -> None:
    with store.read() as tx:
        assert tx.known((Setting,), "SELECT ? + 1", 1) == [(2,)]
        assert tx.known((Setting,), "SELECT ? + 1", 2) == [(3,)]


def test_a_transaction_of_any_length_remembers_a_little(store: Store) -> None:
    with store.write() as tx:
        for number in range(2_000):
            tx.known((Setting,), "SELECT name FROM setting WHERE entry = ?", number)
        assert len(tx._known) < 500
        for number in range(2_000):  # and no more when one of two tables is written between them
            tx.known((Setting, Neighbour), "SELECT name FROM setting WHERE entry = ?", number)
            tx.put(Setting, name="eggs", body=b"3", entry=3)
        assert sum(map(len, tx._known_of.values())) < 1000
        assert names(tx) == ["bread", "eggs"]
        tx.insert(Setting, name="milk", body=b"2", entry=2)
        assert names(tx) == ["bread", "eggs", "milk"]
