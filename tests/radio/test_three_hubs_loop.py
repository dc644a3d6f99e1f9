"""A trade loop of three villages: Alice of River bakes, Alice of Hill cuts hair, Alice of Lake repairs bicycles.

Each hub has a book of its own; what passes between them are the real signed frames, and the matcher of River finds the loop.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.schema_trading import TradeLoop
from appliance.ledger.book.verify import verify
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.market.loops import AnswerLoop, PayLeg
from appliance.ledger.reads import trading
from appliance.ledger.reads.trading import LoopView
from appliance.ledger.values import AccountNumber, Amount, RecordId
from appliance.matching import Index
from appliance.matching.proposing import WEEK_MS, propose, turn_ms
from tests.support.valley import HILL, LAKE, RIVER, Valley

ALICE = 2
HUBS = (RIVER, HILL, LAKE)
HAVE = {RIVER: "Bread", HILL: "Haircut", LAKE: "Bicycle repair"}
NEED = {RIVER: "Haircut", HILL: "Bicycle repair", LAKE: "Bread"}
SERVED_BY = {RIVER: HILL, HILL: LAKE, LAKE: RIVER}


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    """Everybody has heard of all that is offered and wanted."""
    made = Valley(tmp_path)
    for hub in HUBS:
        owner = AccountNumber(ALICE)
        made.do(hub, ALICE, OpenListing(owner, OFFER, "other", HAVE[hub], "", Amount(100)))
        made.do(hub, ALICE, OpenListing(owner, WANT, "other", NEED[hub]))
        made.posts[hub].publish(9)
    made.carry()
    yield made
    made.close()


def find(valley: Valley, hub: int) -> int:
    """The matcher of ``hub`` looks for loops; how many it proposes."""
    index = Index.open(valley.room / f"{hub}.cache.db")
    try:
        with valley.hubs[hub].reading() as tx:
            index.follow(tx)
        return propose(valley.hubs[hub], index)
    finally:
        index.close()


def view(valley: Valley, hub: int) -> LoopView:
    """The loop as Alice of ``hub`` reads it."""
    with valley.hubs[hub].reading() as tx:
        (row,) = tx.rows(TradeLoop.select())
        found = trading.loop(tx, bytes(row.id), ALICE)
    assert found is not None
    return found


def answer(valley: Valley, hub: int, yes: bool) -> None:
    valley.do(hub, ALICE, AnswerLoop(view(valley, hub).id, yes))


def all_verify(valley: Valley) -> None:
    for hub in valley.hubs.values():
        verify(hub.store, root_key=None)


def test_proposed_in_three_villages_confirmed_and_paid(valley: Valley) -> None:
    assert find(valley, RIVER) == 1
    valley.carry()
    for hub in HUBS:
        seen = view(valley, hub)
        assert (seen.state, seen.waits_for_me, seen.mine.offer) == ("open", True, HAVE[hub])
        assert (seen.to_pay.offer, seen.to_pay.amount) == (NEED[hub], 100), (
            "what Alice gets, from another village"
        )
        assert {leg.offer for leg in seen.legs} == set(HAVE.values()), "all know the whole loop"
        assert find(valley, hub) == 0, "nobody is asked twice"
    for hub in (LAKE, RIVER, HILL):
        assert view(valley, hub).state == "open"
        answer(valley, hub, True)
        valley.carry()
    assert [view(valley, hub).state for hub in HUBS] == ["agreed"] * 3
    for hub in HUBS:
        paid = valley.send(hub, ALICE, SERVED_BY[hub], ALICE, 100)
        valley.do(hub, ALICE, PayLeg(view(valley, hub).id, RecordId(paid.record)))
    valley.carry()
    for hub in HUBS:
        seen = view(valley, hub)
        assert (seen.mine.paid, seen.to_pay.paid, seen.waits_for_me) == (True, True, False)
        assert valley.balances(hub)[ALICE] == 0, "each has given and got an hour"
        assert sum(valley.balances(hub).values()) == 0
    assert find(valley, RIVER) == 1, "their listings stand: it can go round once more"
    all_verify(valley)


def test_one_of_them_declines_and_all_three_read_it(valley: Valley) -> None:
    assert find(valley, RIVER) == 1
    valley.carry()
    answer(valley, RIVER, True)
    answer(valley, HILL, True)
    valley.carry()
    answer(valley, LAKE, False)
    valley.carry()
    for hub in HUBS:
        seen = view(valley, hub)
        assert (seen.state, seen.waits_for_me) == ("declined", False)
        assert valley.balances(hub)[ALICE] == 0
    assert find(valley, RIVER) == find(valley, HILL) == 0, (
        "who said no is not asked the same again by anybody"
    )
    all_verify(valley)


def test_hubs_look_one_after_the_other(valley: Valley) -> None:
    turns = []
    for hub in HUBS:
        with valley.hubs[hub].reading() as tx:
            turns.append(turn_ms(tx))
    assert turns == [0, WEEK_MS // 3, WEEK_MS * 2 // 3]
