"""Where a day stands in the book, also when the clock was wrong for a while."""

import peewee as pw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.book.store import Tx
from appliance.ledger.reads import periods
from appliance.ledger.reads.periods import first_from
from tests.support.village import MONDAY_NOON, Village

HOUR = 3_600_000


def test_a_moment_stands_before_the_first_entry_of_its_time(river: Village) -> None:
    with river.hub.reading() as tx:
        founded = first_from(tx, MONDAY_NOON)
        assert first_from(tx, 0) == founded == 1
        ahead = first_from(tx, MONDAY_NOON + 1)
    river.clock.advance(HOUR)
    paid = river.pay("Alice", "Bob", 100)
    with river.hub.reading() as tx:
        assert first_from(tx, MONDAY_NOON + 1) == ahead == paid.entry
        assert first_from(tx, MONDAY_NOON + HOUR) == paid.entry
        assert first_from(tx, MONDAY_NOON + HOUR + 1) == paid.entry + 1


@given(times=st.lists(st.integers(0, 50), max_size=40), asked=st.integers(0, 50), more=st.integers(1, 40))
def test_later_entries_move_no_place_that_was_found(times: list[int], asked: int, more: int) -> None:
    assert _Book(times + [asked] * more).first_from(asked) == _Book(times).first_from(asked)


@settings(max_examples=200)
@given(times=st.lists(st.integers(0, 50), max_size=60), asked=st.lists(st.integers(0, 51), min_size=2))
def test_a_later_moment_never_stands_before_an_earlier_one(times: list[int], asked: list[int]) -> None:
    book = _Book(times)
    asked.sort()
    found = [book.first_from(ms) for ms in asked]
    assert found == sorted(found)
    assert all(1 <= n <= len(times) + 1 for n in found)
    if times == sorted(times):
        assert found == [1 + sum(at < ms for at in times) for ms in asked]


class _Book:
    """A book of which only the times matter, in the place of the chain."""

    def __init__(self, times: list[int]) -> None:
        self.times = times

    def first_from(self, ms: int) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(periods, "chain", self)
            return first_from(Tx(pw.SqliteDatabase(":memory:")), ms)

    def head(self, _tx: Tx) -> "_Number":
        return _Number(len(self.times))

    def by_number(self, _tx: Tx, number: int) -> "_Dated":
        return _Dated(self.times[number - 1])


class _Number:
    def __init__(self, number: int) -> None:
        self.number = number


class _Dated:
    def __init__(self, ms: int) -> None:
        self.act = self.at = self
        self.ms = ms
