"""The market in the order of what is of use to Alice: what fits her first, and why; then what can be traded, near, new."""

import pytest

from appliance.ledger.market.listings import OpenListing
from appliance.ledger.values import Amount, RecordId
from appliance.matching import Query, Useful, useful, usefulness
from tests.matching.market import Market

DAY_MS = 86_400_000


def page(
    market: Market, query: Query, after: str | None = None, limit: int = 20
) -> tuple[list[Useful], str | None]:
    market.follow()
    village = market.village
    with village.hub.reading() as tx:
        found = useful(
            market.index, tx, village.numbers["Alice"], query, village.clock.now().ms, after, limit
        )
    return list(found.shown), found.more


def shown(market: Market, kind: str = "offer", **also: object) -> list[object]:
    return [one.hit.id for one in page(market, Query("", kind, **also))[0]]  # type: ignore[arg-type]


def offers(market: Market, name: str, title: str, price: int) -> RecordId:
    command = OpenListing(market.village.numbers[name], "offer", "other", title, "", Amount(price))
    return market.village.do(name, command).record


def test_what_serves_a_want_of_hers_comes_first_and_says_which(market: Market) -> None:
    need = market.wants("Alice", "food", "Honey")
    honey = market.offers("Bob", "food", "Miel de abeja")
    fence = market.offers("Chandra", "building", "Fence mending")
    own = market.offers("Alice", "crafts", "Knitting")
    found, more = page(market, Query("", "offer"))
    assert [one.hit.id for one in found] == [honey, fence, own], "the newer fence after it, her own last"
    assert more is None
    assert found[0].fits is not None
    assert (found[0].fits.mine, found[0].fits.why.offered) == (need, "miel de abeja")
    assert [one.fits for one in found[1:]] == [None, None]


def test_among_wants_what_she_offers_comes_first(market: Market) -> None:
    market.offers("Alice", "food", "Honey")
    wanted = market.wants("Bob", "food", "Honey")
    fence = market.wants("Chandra", "building", "Fence mending")
    assert shown(market, "want") == [wanted, fence]


def test_what_both_have_room_for_comes_before_what_somebody_could_not_pay(market: Market) -> None:
    cheap = offers(market, "Bob", "Haircut", 50)
    dear = offers(market, "Chandra", "Wardrobe", 200)
    assert shown(market) == [dear, cheap]
    market.village.pay("Alice", "Dina", 1100)
    assert shown(market) == [cheap, dear]


def test_who_names_her_place_or_has_traded_with_her_comes_first_and_it_is_said(market: Market) -> None:
    market.lists("Alice", "want", "other", "Violin", place="by the mill")
    mill = market.lists("Bob", "offer", "other", "Haircut", place="Old mill")
    partner = market.offers("Chandra", "other", "Wardrobe")
    other = market.offers("Dina", "other", "Fence")
    market.village.pay("Alice", "Chandra", 10)
    found, _more = page(market, Query("", "offer"))
    assert [one.hit.id for one in found] == [mill, partner, other]
    assert [(one.known.near, one.known.traded) for one in found] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_of_equals_the_newer_first(market: Market) -> None:
    old = market.offers("Bob", "other", "Haircut")
    market.village.clock.advance(20 * DAY_MS)
    new = market.offers("Bob", "other", "Wardrobe")
    assert shown(market) == [new, old]


def test_what_is_asked_for_alone_is_shown_alone(market: Market) -> None:
    market.wants("Alice", "food", "Honey")
    honey = market.offers("Bob", "food", "Honey")
    fence = market.offers("Chandra", "building", "Fence mending")
    assert shown(market, categories=["building"]) == [fence]
    assert shown(market, hidden=[market.village.numbers["Bob"]]) == [fence]
    assert shown(market, without=[(0, market.village.numbers["Bob"])]) == [fence]
    assert shown(market, own=False) == []
    numbers = {bytes(row[0]): row[1] for row in market.index.rows("SELECT id, number FROM listing")}
    assert shown(market, within={(0, numbers[honey])}) == [honey]
    assert shown(market, within={(0, numbers[fence])}) == [fence]
    assert shown(market, only=[]) == []


def test_near_first_is_near_first(market: Market) -> None:
    market.wants("Alice", "food", "Honey")
    honey = market.offers("Bob", "food", "Honey")
    old = market.offers("Bob", "other", "Haircut")
    new = market.offers("Chandra", "other", "Fence")
    numbers = {bytes(row[0]): row[1] for row in market.index.rows("SELECT id, number FROM listing")}
    assert shown(market) == [honey, new, old]
    numbers = {bytes(row[0]): row[1] for row in market.index.rows("SELECT id, number FROM listing")}
    assert shown(market, close={(0, numbers[old])}) == [honey, old, new]


@pytest.fixture
def many(market: Market, monkeypatch: pytest.MonkeyPatch) -> list[RecordId]:
    """Thirty offers, the third of which Alice needs; no more than twelve of the others are compared."""
    monkeypatch.setattr(usefulness, "LOOKED_AT", 12)
    monkeypatch.setattr(usefulness, "MOST_HITS", 5)
    market.wants("Alice", "food", "Honey")
    names = ("Bob", "Chandra", "Dina")
    return [
        market.offers(names[n % 3], "food", "Honey" if n == 2 else f"Thing {chr(97 + n % 26)}{n}")
        for n in range(30)
    ]


@pytest.mark.parametrize("close", [None, ()])
def test_page_after_page_everything_is_shown_once(
    market: Market, many: list[RecordId], close: tuple[()] | None
) -> None:
    seen: list[object] = []
    after: str | None = None
    for _page in range(20):
        found, after = page(market, Query("", "offer", close=close), after, 4)
        assert found, "no page is empty"
        seen += [one.hit.id for one in found]
        if after is None:
            break
    assert after is None
    assert seen[0] == many[2]
    assert len(seen) == len(set(seen)) == 30
    assert set(seen) == set(many)
    assert seen[-1] == many[0], "after what is compared, newest first"


@pytest.mark.parametrize("after", ["", "u", "ux", "u-1", "u99999999999", "zebra"])
def test_a_link_that_somebody_has_typed_breaks_nothing(
    market: Market, many: list[RecordId], after: str
) -> None:
    found, _more = page(market, Query("", "offer"), after, 4)
    assert len(found) == 4
