"""What needs a keeper's eye."""

import pytest

from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.reads.lists import DAY_MS, Lists, lists, used
from tests.support.village import Village


def now(river: Village) -> Lists:
    with river.hub.reading() as tx:
        return lists(tx, river.hub.number, river.clock.now())


def names(standing: object) -> list[str]:
    return [s.who.name for s in standing]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("balance", "low", "high", "percent"),
    [
        (-600, -1200, 2400, 50),
        (-599, -1200, 2400, 49),
        (-1080, -1200, 2400, 90),
        (-1079, -1200, 2400, 89),
        (2160, -1200, 2400, 90),
        (-1201, -1200, 2400, 100),
        (5, -1200, None, None),
        (-5, None, 2400, None),
        (0, 0, 0, 0),
        (-1, 0, 0, 1000),
    ],
)
def test_how_much_of_a_limit_is_used(
    balance: int, low: int | None, high: int | None, percent: int | None
) -> None:
    assert used(balance, low, high) == percent


def test_a_new_village_needs_no_eye_but_for_its_offers(river: Village) -> None:
    found = now(river)
    assert (found.over, found.near, found.half, found.inactive, found.stale, found.trunks) == ((),) * 6
    assert [p.name for p in found.no_offers] == ["Kira", "Alice", "Bob", "Chandra", "Dina"]


def test_alice_moves_from_half_to_near_to_beyond(river: Village) -> None:
    river.pay("Alice", "Bob", 600)
    assert names(now(river).half) == []  # as on her own page: past half, not at it
    river.pay("Alice", "Bob", 1)
    assert names(now(river).half) == ["Alice"]
    river.pay("Alice", "Bob", 480)
    found = now(river)
    assert (names(found.near), names(found.half)) == (["Alice"], [])
    river.do("Kira", SetLimits(river.numbers["Alice"], -1000, 2400, "as agreed"))
    found = now(river)
    assert (names(found.over), names(found.near)) == (["Alice"], [])
    assert names(found.half) == []
    river.pay("Bob", "Alice", 100)
    assert names(now(river).over) == []


def test_whoever_stands_exactly_at_the_limit_is_near_not_beyond(river: Village) -> None:
    river.pay("Alice", "Bob", 1200)
    found = now(river)
    assert (names(found.over), names(found.near)) == ([], ["Alice"])


def test_who_offers_something_is_not_among_those_who_offer_nothing(river: Village) -> None:
    river.do("Bob", OpenListing(river.numbers["Bob"], "offer", "food", "Bread"))
    river.do("Dina", OpenListing(river.numbers["Dina"], "want", "food", "Bread"))
    assert [p.name for p in now(river).no_offers] == ["Kira", "Alice", "Chandra", "Dina"]


def test_a_request_is_stale_after_a_week_and_gone_when_answered(river: Village) -> None:
    asked = river.request("Chandra", "Alice", 75)
    river.clock.advance(7 * DAY_MS)
    assert now(river).stale == ()
    river.clock.advance(1)
    (stale,) = now(river).stale
    assert (stale.payee.name, stale.payer and stale.payer.name, stale.amount) == ("Chandra", "Alice", 75)
    river.accept("Alice", asked, "Chandra", 75)
    assert now(river).stale == ()


def test_who_has_not_traded_for_ninety_days_is_visited(river: Village) -> None:
    river.clock.advance(60 * DAY_MS)
    river.pay("Alice", "Bob", 100)
    river.clock.advance(31 * DAY_MS)
    assert sorted(names(now(river).inactive)) == ["Chandra", "Dina", "Kira"]
    river.clock.advance(60 * DAY_MS)
    assert sorted(names(now(river).inactive)) == ["Alice", "Bob", "Chandra", "Dina", "Kira"]
