"""What can be traded right now: room on both sides, for the price that is asked."""

from collections.abc import Callable

from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people.life import Away
from appliance.ledger.reads.tradeable import tradeable
from appliance.ledger.values import Amount
from tests.support.village import Village


def lists(village: Village, who: str, kind: str, price: int | None) -> int:
    terms = OpenListing(
        village.numbers[who], kind, "food", "Bread", price=None if price is None else Amount(price)
    )
    return int(village.do(who, terms).entry)


def limits(village: Village, who: str, low: int, high: int) -> None:
    village.do("Kira", SetLimits(village.numbers[who], low, high, "to see"))


def seen_by(village: Village, who: str) -> Callable[[str], set[int]]:
    def of(kind: str) -> set[int]:
        with village.hub.reading() as tx:
            found = tradeable(tx, village.numbers[who], kind)
        assert {hub for hub, _ in found} <= {0}
        return {number for _, number in found}

    return of


def test_an_offer_needs_room_to_give_here_and_to_receive_there(river: Village) -> None:
    cheap, dear = (lists(river, "Bob", OFFER, price) for price in (300, 900))
    open_price = lists(river, "Bob", OFFER, None)
    free = lists(river, "Bob", OFFER, 0)
    own = lists(river, "Alice", OFFER, 100)
    seen = seen_by(river, "Alice")
    limits(river, "Alice", -1000, 1000)
    limits(river, "Bob", -1000, 1000)
    assert seen(OFFER) == {cheap, dear, open_price, free}
    assert own not in seen(OFFER)
    limits(river, "Alice", -500, 1000)
    assert seen(OFFER) == {cheap, open_price, free}
    limits(river, "Bob", -1000, 299)
    assert seen(OFFER) == {open_price, free}
    limits(river, "Bob", -1000, 0)
    assert seen(OFFER) == {free}
    assert seen(WANT) == set()


def test_a_want_needs_it_the_other_way_round(river: Village) -> None:
    want = lists(river, "Bob", WANT, 400)
    seen = seen_by(river, "Alice")
    limits(river, "Alice", -1000, 1000)
    limits(river, "Bob", -400, 1000)
    assert seen(WANT) == {want}
    limits(river, "Bob", -399, 1000)
    assert seen(WANT) == set()
    limits(river, "Bob", -400, 1000)
    limits(river, "Alice", -1000, 399)
    assert seen(WANT) == set()


def test_what_was_paid_meanwhile_counts_and_who_is_away_does_not(river: Village) -> None:
    bread = lists(river, "Bob", OFFER, 300)
    limits(river, "Alice", -500, 1000)
    seen = seen_by(river, "Alice")
    assert seen(OFFER) == {bread}
    river.pay("Alice", "Chandra", 201)
    assert seen(OFFER) == set()
    river.pay("Chandra", "Alice", 201)
    assert seen(OFFER) == {bread}
    river.do("Bob", Away(river.numbers["Bob"]))
    assert seen(OFFER) == set()
