"""Connections that are kept: whose they are, what they remember, and what is never handed on."""

import sqlite3
import threading
from pathlib import Path

import pytest

from appliance.ledger.book.connections import Connections

_LONG = 30.0
"""Seconds until a test gives up; none takes that long when all is well."""


@pytest.fixture
def kept(tmp_path: Path) -> Connections:
    database = Connections(
        str(tmp_path / "book.db"), max_connections=2, timeout=_LONG, check_same_thread=False
    )
    database.take().execute("CREATE TABLE line (number INTEGER PRIMARY KEY)")
    database.give_back()
    return database


def _in_a_thread(work):
    said = []
    thread = threading.Thread(target=lambda: said.append(work()))
    thread.start()
    thread.join(_LONG)
    assert not thread.is_alive()
    return said[0]


def test_the_connection_that_was_given_back_last_is_taken_first(kept):
    mine = kept.take()
    other = _in_a_thread(lambda: (kept.take(), kept.give_back())[0])
    kept.give_back()
    assert mine is not other
    assert kept.take() is mine
    assert kept.take() is mine, "one has one, and not a second"


def test_who_writes_has_a_connection_that_readers_do_not_take(kept):
    writer = kept.take(to_write=True)
    kept.give_back(to_write=True)
    reader = kept.take()
    kept.give_back()
    assert reader is not writer
    assert kept.take(to_write=True) is writer


def test_what_was_begun_and_not_ended_is_nobody_elses(kept):
    mine = kept.take()
    mine.execute("BEGIN")
    mine.execute("INSERT INTO line VALUES (7)")
    kept.give_back()
    later = kept.take()
    assert not later.in_transaction
    assert later.execute("SELECT count(*) FROM line").fetchone() == (0,)


def test_closing_closes_all_of_them_and_the_next_is_a_new_one(kept):
    writer = kept.take(to_write=True)
    kept.give_back(to_write=True)
    reader = kept.take()
    kept.give_back()
    kept.close_all()
    for gone in (writer, reader):
        with pytest.raises(sqlite3.ProgrammingError):
            gone.execute("SELECT 1")
    assert kept.take().execute("SELECT count(*) FROM line").fetchone() == (0,)


def test_one_that_was_closed_while_it_was_out_is_not_taken_again(kept):
    mine = kept.take()
    _in_a_thread(kept.close_all)
    with pytest.raises(sqlite3.ProgrammingError):
        mine.execute("SELECT 1")
    kept.give_back()
    assert kept.take().execute("SELECT 1").fetchone() == (1,)


def test_who_comes_when_all_are_out_waits_for_one(kept):
    out, back = threading.Event(), threading.Event()

    def holds():
        kept.take()
        out.set()
        back.wait(_LONG)
        kept.give_back()

    holders = [threading.Thread(target=holds) for _ in range(2)]
    for holder in holders:
        out.clear()
        holder.start()
        assert out.wait(_LONG)
    third: list[tuple[int]] = []
    waits = threading.Thread(target=lambda: third.append(kept.take().execute("SELECT 3").fetchone()))
    waits.start()
    waits.join(0.05)
    assert not third
    back.set()
    for thread in (*holders, waits):
        thread.join(_LONG)
    assert third == [(3,)]
