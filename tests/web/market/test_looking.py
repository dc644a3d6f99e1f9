"""Two keepers who look for trade loops at one moment ask nobody twice."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.market.loops import AnswerLoop
from appliance.ledger.reads.trading import loop_counts, loops_of
from appliance.matching import Index
from appliance.matching.proposing import propose
from appliance.web.market import finding
from appliance.web.market.finding import look_for_loops
from tests.support.village import Village


def two_serve_each_other(village: Village) -> None:
    for name, has, needs in (("Alice", "Bread", "Eggs"), ("Bob", "Eggs", "Bread")):
        for kind, title in ((OFFER, has), (WANT, needs)):
            village.do(name, OpenListing(village.numbers[name], kind, "food", title))


def counts(village: Village) -> dict[str, int]:
    with village.hub.reading() as tx:
        return loop_counts(tx)


class Held:
    """The first search stands still until it is let go; how many there were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go, self.searches = threading.Event(), threading.Event(), 0
        self._real = propose
        monkeypatch.setattr(finding, "propose", self._propose)

    def _propose(self, hub: Hub, index: Index) -> int:
        self.searches += 1
        count = self._real(hub, index)
        self.begun.set()
        assert self.go.wait(20)
        return count


class Door:
    """The lane, out of which who waits for another steps."""

    def __init__(self) -> None:
        self.reached = threading.Event()

    @contextmanager
    def aside(self) -> Iterator[None]:
        self.reached.set()
        yield


def test_two_who_look_at_once_are_told_of_the_same_loops(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_serve_each_other(village)
    held = Held(monkeypatch)
    with ThreadPoolExecutor(2) as keepers:
        first = keepers.submit(look_for_loops, village.hub)
        assert held.begun.wait(20)
        # Meanwhile one of the two says no: who searched anew by an older view would ask them again.
        with village.hub.reading() as tx:
            (loop,) = loops_of(tx, village.numbers["Bob"])
        village.do("Bob", AnswerLoop(loop.id, yes=False))
        door = Door()
        monkeypatch.setattr(finding, "THE_LANE", door)
        second = keepers.submit(look_for_loops, village.hub)
        assert door.reached.wait(20)
        held.go.set()
        assert (first.result(20), second.result(20)) == (1, 1)
    assert held.searches == 1
    assert counts(village) == {"declined": 1}
    assert look_for_loops(village.hub) == 0, "asked together in vain"


def test_a_search_that_fails_fails_for_both_and_the_next_one_looks_again(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_serve_each_other(village)

    def full(_hub: Hub, _index: Index) -> int:
        raise DataDirectoryError("the card is full")

    with monkeypatch.context() as card:
        card.setattr(finding, "propose", full)
        with pytest.raises(DataDirectoryError):
            look_for_loops(village.hub)
    assert look_for_loops(village.hub) == 1


def test_the_book_asks_nobody_who_has_a_loop_to_answer(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though two had searched at the same moment, each for itself."""
    two_serve_each_other(village)
    monkeypatch.setattr(finding._Look, "join", lambda _self, search: search())
    together = threading.Barrier(2)

    def at_once(hub: Hub, index: Index) -> int:
        together.wait(20)
        return propose(hub, index)

    monkeypatch.setattr(finding, "propose", at_once)
    with ThreadPoolExecutor(2) as keepers:
        told = [keepers.submit(look_for_loops, village.hub) for _ in range(2)]
        assert sorted(one.result(20) for one in told) == [0, 1]
    assert counts(village) == {"open": 1}
