"""Several who write at once share a transaction, and none of them notices."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.local import Printed
from appliance.ledger.book.store import Store, Tx, WriteBusy
from appliance.ledger.book.together import MOST, Together
from appliance.ledger.errors import NestedWrite
from appliance.ledger.lane import Lane


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.create(tmp_path / "ledger.db")
    yield store
    store.close()


def row(tx: Tx, number: int) -> int:
    tx.insert(Printed, account=number, what="card", first=0, end=1, at_ms=0, quality=0)
    return number


def kept(store: Store) -> list[int]:
    with store.read() as tx:
        return [n for (n,) in tx.select("SELECT account FROM printed ORDER BY rowid")]


class Crowd:
    """Threads that ask while the book is held by somebody else, in a known order."""

    def __init__(self, store: Store) -> None:
        self.store, self.together = store, Together(store)
        self.answers: dict[int, Any] = {}

    def ask(self, works: list[Callable[[Tx], Any]]) -> None:
        threads = [threading.Thread(target=self._one, args=(i, work)) for i, work in enumerate(works)]
        with self.store.write():
            for place, thread in enumerate(threads):
                thread.start()
                # The first leads and waits for the lock; the others stand in line behind it.
                until = time.monotonic() + 10
                while not self._stand(place) and time.monotonic() < until:
                    time.sleep(0.001)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()

    def _stand(self, place: int) -> bool:
        """Whether the one at ``place`` has come; the first has left the line to lead."""
        return self.together._led and len(self.together._queue) == place

    def _one(self, place: int, work: Callable[[Tx], Any]) -> None:
        try:
            self.answers[place] = self.together.do(work)
        except BaseException as error:  # noqa: BLE001 - what it was is what the tests look at
            self.answers[place] = error


@pytest.fixture
def commits(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    run = store._db.execute_sql

    def execute(sql: str, params: Any = None) -> Any:
        if sql in ("COMMIT", "ROLLBACK"):
            said.append(sql)
        return run(sql, params)

    monkeypatch.setattr(store._db, "execute_sql", execute)
    return said


def test_ten_who_wait_share_one_commit(store: Store, commits: list[str]) -> None:
    crowd = Crowd(store)
    crowd.ask([partial(row, number=n) for n in range(10)])
    assert crowd.answers == {n: n for n in range(10)}
    assert kept(store) == list(range(10))
    # The lock's holder, the first who found it held, and the nine who came meanwhile, in their order.
    assert commits.count("COMMIT") == 3


def test_nobody_is_answered_before_the_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(store)
    durable: set[int] = set()
    early: set[int] = set()
    run = store._db.execute_sql

    def execute(sql: str, params: Any = None) -> Any:
        if sql != "COMMIT":
            return run(sql, params)
        time.sleep(0.05)  # whoever was woken too soon has told its answer by now
        early.update(set(crowd.answers) - durable)
        answer = run(sql, params)
        durable.update(n for (n,) in run("SELECT account FROM printed").fetchall())
        return answer

    monkeypatch.setattr(store._db, "execute_sql", execute)
    crowd.ask([partial(row, number=n) for n in range(6)])
    assert early == set()
    assert durable == set(crowd.answers) == set(range(6))


def test_one_that_fails_fails_alone(store: Store) -> None:
    def fails(tx: Tx) -> None:
        row(tx, 99)
        raise ValueError("mine alone")

    crowd = Crowd(store)
    crowd.ask([lambda tx: row(tx, 1), lambda tx: row(tx, 2), fails, lambda tx: row(tx, 3)])
    assert [crowd.answers[n] for n in (0, 1, 3)] == [1, 2, 3]
    assert isinstance(crowd.answers[2], ValueError)
    assert kept(store) == [1, 2, 3]


def test_what_one_has_done_the_next_one_sees(store: Store) -> None:
    def counted(tx: Tx) -> int:
        seen = tx.first("SELECT COUNT(*) FROM printed")
        row(tx, 100 + int(seen[0]) if seen else 0)
        return int(seen[0]) if seen else -1

    crowd = Crowd(store)
    crowd.ask([counted] * 8)
    assert [crowd.answers[n] for n in range(8)] == list(range(8))


def test_when_the_book_stays_busy_everybody_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.ledger.book.store._LOCK_SECONDS", 0.05)
    together, answers = Together(store), []

    def ask() -> None:
        try:
            together.do(lambda tx: row(tx, 1))
        except WriteBusy as error:
            answers.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with store.write():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(answers) == 3
    assert kept(store) == []
    assert together.do(lambda tx: row(tx, 7)) == 7  # and the next one gets through


def test_when_who_leads_is_stopped_nobody_is_told_that_it_was_done(store: Store) -> None:
    def stopped(_tx: Tx) -> int:
        raise KeyboardInterrupt

    crowd = Crowd(store)
    crowd.ask([partial(row, number=0), stopped, partial(row, number=2), partial(row, number=3)])
    assert isinstance(crowd.answers[1], KeyboardInterrupt)
    assert [type(crowd.answers[n]) for n in (2, 3)] == [WriteBusy, WriteBusy]
    assert kept(store) == [0]
    assert crowd.together.do(partial(row, number=5)) == 5, "and the next one is not kept waiting"


def test_a_write_within_a_transaction_is_refused_before_it_waits(store: Store) -> None:
    together = Together(store)
    with store.read(), pytest.raises(NestedWrite):
        together.do(lambda tx: row(tx, 1))


def test_more_than_share_a_transaction_come_in_the_next(store: Store, commits: list[str]) -> None:
    crowd = Crowd(store)
    crowd.ask([partial(row, number=n) for n in range(MOST + 5)])
    assert kept(store) == list(range(MOST + 5))
    assert commits.count("COMMIT") == 4


def test_who_leads_lets_those_pass_who_wait_in_the_lane(
    store: Store, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane(patience=30)
    monkeypatch.setattr("appliance.ledger.book.together.THE_LANE", lane)
    monkeypatch.setattr("appliance.ledger.book.store.THE_LANE", lane)
    together, answers = Together(store), []

    def pays(number: int) -> None:
        with lane.inside():  # as a thread of the portal is, for its whole request
            answers.append(together.do(partial(row, number=number)))

    threads = [threading.Thread(target=pays, args=(n,), daemon=True) for n in range(6)]
    with lane.inside():
        for place, thread in enumerate(threads):
            thread.start()
            while len(lane._queue) <= place:
                time.sleep(0.001)
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == list(range(6))
    assert commits.count("COMMIT") == 1
