"""Who is asked to trade in a ring: nobody with whom one of them would not, and they take nobody else's place."""

import pytest

from appliance.ledger.book.schema import Listing
from appliance.ledger.market import marks
from appliance.ledger.market.matches import ACCEPT, DISMISS, WRONG, AnswerMatch
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads import trading
from appliance.ledger.values import RecordId
from appliance.matching.lexicon import lexicon
from appliance.matching.pool import CANDIDATES, LOOKED_AT, MOST_EACH
from appliance.matching.proposing import propose
from tests.matching.market import Market


def pair_of(market: Market, offer: RecordId, want: RecordId) -> trading.Pair:
    with market.village.hub.reading() as tx:
        here, rows = own_place(tx).hub, [tx.get(Listing, id=one) for one in (offer, want)]
    numbers = [int(row.opened_entry) for row in rows if row is not None]
    return (here, numbers[0]), (here, numbers[1])


def ring(market: Market, other: str) -> trading.Pair:
    """Alice has bread and needs eggs, the other one the reverse; the match of the eggs."""
    market.offers("Alice", "food", "Bread")
    eggs = market.wants("Alice", "food", "Eggs")
    market.wants(other, "food", "Bread")
    return pair_of(market, market.offers(other, "food", "Eggs"), eggs)


@pytest.mark.parametrize(("said", "loops"), [(DISMISS, 0), (WRONG, 0), (ACCEPT, 1)])
def test_what_alice_did_not_want_does_not_come_back_in_a_ring(market: Market, said: str, loops: int) -> None:
    offer, want = ring(market, "Bob")
    terms = ("figs", "nails") if said == WRONG else ("", "")  # other words: it is the answer that counts
    market.village.do("Alice", AnswerMatch(offer, want, said, None, *terms))
    market.follow()
    assert propose(market.village.hub, market.index) == loops


def test_who_may_not_trade_crowds_out_nobody_who_may(market: Market) -> None:
    ring(market, "Chandra")
    for _ in range(MOST_EACH * LOOKED_AT):
        market.offers("Bob", "food", "Eggs")
    village, numbers = market.village, market.village.numbers
    at = village.clock.now()
    assert marks.block(village.hub.store, numbers["Alice"], marks.OWN, numbers["Bob"], at) is None
    market.follow()
    assert propose(village.hub, market.index) == 1


@pytest.mark.parametrize(
    ("one", "other", "loops"), [("Saturdays", "Monday mornings", 0), ("Saturdays", "weekends", 1)]
)
def test_two_whose_times_never_meet_are_in_no_loop_one_after_the_other(
    market: Market, one: str, other: str, loops: int
) -> None:
    market.lists("Alice", "offer", "garden", "Help in the garden", times=one)
    market.lists("Bob", "want", "garden", "Help in the garden", times=other)
    market.wants("Alice", "food", "Eggs")
    market.lists("Bob", "offer", "food", "Eggs", times="after the harvest")
    market.follow()
    assert propose(market.village.hub, market.index) == loops


def test_whose_times_never_meet_take_nobodys_place(market: Market) -> None:
    ring(market, "Chandra")  # who says nothing of times
    market.lists("Alice", "want", "food", "Eggs", times="Saturdays")
    for _ in range(MOST_EACH * LOOKED_AT):
        market.lists("Bob", "offer", "food", "Eggs", times="Mondays")
    market.follow()
    assert propose(market.village.hub, market.index) == 1


def test_who_may_not_trade_crowds_out_nobody_however_differently_it_is_said(market: Market) -> None:
    """What is said in so many ways that the one who may is not among those that are looked at first."""
    ring(market, "Chandra")
    words = [concept.words["en"][0] for concept in lexicon().concepts.values() if concept.words.get("en")]
    for word in words[: 2 * MOST_EACH * CANDIDATES]:
        market.offers("Bob", "food", f"Eggs, {word}"[:60])
    village, numbers = market.village, market.village.numbers
    at = village.clock.now()
    assert marks.block(village.hub.store, numbers["Alice"], marks.OWN, numbers["Bob"], at) is None
    market.follow()
    assert propose(village.hub, market.index) == 1
