"""Asking several people, all at once: through two programs; and the sums that must hold of it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.money import sums
from appliance.ledger.money.shares import CancelSplit
from tests.ledger.money.test_shares import agree, all_is_free, feast, yes
from tests.ledger.money.test_splits import balances, lines
from tests.support.village import Village


@pytest.fixture(autouse=True)
def sound(river: Village) -> Iterator[None]:
    """However a story ends: the book replays, and every sum holds."""
    yield
    verify(river.hub.store)


@pytest.fixture
def second(river: Village) -> Iterator[Hub]:
    """River in another program: the same file, opened again."""
    hub = Hub.open(river.hub.data, river.clock)
    try:
        yield hub
    finally:
        hub.close()


def at_once(*asked: Callable[[], Receipt | Refusal]) -> list[Receipt | Refusal]:
    start = threading.Barrier(len(asked))

    def one(what: Callable[[], Receipt | Refusal]) -> Receipt | Refusal:
        start.wait(20)
        return what()

    with ThreadPoolExecutor(len(asked)) as pool:
        return [found.result() for found in [pool.submit(one, what) for what in asked]]


def test_the_last_two_agree_through_two_programs_and_it_is_paid_once(river: Village, second: Hub) -> None:
    for turn in range(1, 9):
        split = feast(river, Bob=10, Chandra=10, Dina=10)
        agree(river, "Bob", split, 10)
        said = at_once(
            partial(second.submit, yes(river, "Chandra", split, 10), river.signers["Chandra"]),
            partial(river.hub.submit, yes(river, "Dina", split, 10), river.signers["Dina"]),
        )
        assert all(isinstance(one, Receipt) for one in said), said
        assert len(lines(river, split.record)) == 4
        assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [30 * turn, *[-10 * turn] * 3]
        all_is_free(river)


def test_of_the_last_yes_and_taking_all_back_exactly_one_counts(river: Village, second: Hub) -> None:
    paid = 0
    for _turn in range(8):
        split = feast(river, Bob=10, Dina=10)
        agree(river, "Bob", split, 10)
        said = at_once(
            partial(second.submit, yes(river, "Dina", split, 10), river.signers["Dina"]),
            partial(river.hub.submit, CancelSplit(split.record), river.signers["Alice"]),
        )
        refused = [one.code for one in said if isinstance(one, Refusal)]
        assert refused == [Code.NOT_PENDING]
        paid += isinstance(said[0], Receipt)
        assert river.balance("Alice") == 20 * paid
        all_is_free(river)


# ------------------------------------------------------------------------------------------- the sums


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE aside SET amount = amount + 1", "kept aside"),
        ("DELETE FROM aside", "kept aside"),
        ("INSERT INTO aside VALUES (5, 0)", "kept aside"),
        ("UPDATE share SET amount = amount + 1 WHERE state = 'asked'", "the parts of split"),
        ("UPDATE share SET state = 'left_out' WHERE state = 'asked'", "the parts of split"),
        ("UPDATE account SET held = 0", "what is held"),
    ],
)
def test_the_sums_see_what_does_not_add_up(river: Village, change: str, found: str) -> None:
    split = feast(river)
    agree(river, "Bob", split)

    def look() -> None:
        with river.hub.store.write() as tx:
            tx.select(change)
            sums.check(tx)

    with pytest.raises(BookDamaged, match=found):
        look()
