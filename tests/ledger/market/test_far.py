"""Offers and wants as other villages get them: their end travels along, and what changed is said anew."""

from pathlib import Path

import pytest

from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Listing, Outgoing
from appliance.ledger.clock import Quality
from appliance.ledger.market.categories import NEW, SetCategory
from appliance.ledger.market.changing import EditListing, RenewListing
from appliance.ledger.market.keeping import HideListing, MoveListing, ShowListing
from appliance.ledger.market.listings import DAY_MS, CloseListing, OpenListing
from appliance.ledger.people.life import Away, Back
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, RecordId
from appliance.matching import Index, Query, find
from tests.support.two_villages import HILL, TwoVillages, two_villages


@pytest.fixture
def two(tmp_path: Path):
    with two_villages(tmp_path) as made:
        yield made


def post_goes(two: TwoVillages) -> list[Kind]:
    """What Hill says on its feed, and the post is carried over."""
    with two.hill.hub.reading() as tx:
        before = len(tx.rows(Outgoing.select()))
    for post in two.posts.values():
        post.publish(50)
    with two.hill.hub.reading() as tx:
        said = [Kind(row.kind) for row in tx.rows(Outgoing.select().order_by(Outgoing.number))][before:]
    two.carry()
    return said


def offers(two: TwoVillages, **also: object) -> RecordId:
    said = {"kind": "offer", "category": "bread", "title": "Bread", **also}
    return two.hill.do("Chandra", OpenListing(two.hill.numbers["Chandra"], **said)).record  # type: ignore[arg-type]


def far(two: TwoVillages, record: RecordId) -> FarListing | None:
    """What River has of a listing of Hill."""
    with two.hill.hub.reading() as tx:
        row = tx.get(Listing, id=record)
    assert row is not None
    with two.river.hub.reading() as tx:
        return tx.get(FarListing, hub=HILL, listing=row.opened_entry)


def found(two: TwoVillages, tmp_path: Path) -> int:
    index = Index.open(tmp_path / "cache.db")
    with two.river.hub.reading() as tx:
        index.follow(tx)
    hits = find(index, Query("bread", hubs=(HILL,), own=False)).hits
    index.close()
    return len(hits)


def later(two: TwoVillages, days: int) -> None:
    for clock in {id(home.clock): home.clock for home in (two.river, two.hill)}.values():
        clock.advance(days * DAY_MS)


def test_river_drops_chandras_bread_by_itself_when_its_time_is_over(two: TwoVillages, tmp_path: Path) -> None:
    record = offers(two, price=Amount(50), unit="kg", quantity=12)
    assert post_goes(two) == [Kind.LISTING]
    there = far(two, record)
    assert there is not None
    assert (there.title, there.category, there.unit, there.quantity) == ("Bread", "bread", "kg", 12)
    assert found(two, tmp_path) == 1
    later(two, 89)
    tend(two.river.hub)
    assert found(two, tmp_path) == 1
    later(two, 2)
    assert tend(two.river.hub) == 1
    there = far(two, record)
    assert there is not None
    assert (bool(there.open), there.title) == (False, "")
    assert found(two, tmp_path) == 0, "the search follows, though Hill has said nothing"
    assert tend(two.hill.hub) == 1
    assert post_goes(two) == [], "that it is gone needs no airtime"
    two.hill.do("Chandra", RenewListing(record))
    assert post_goes(two) == [Kind.LISTING]
    assert found(two, tmp_path) == 1, "renewed, it is back here, too"


def test_without_a_clock_that_somebody_vouches_for_nothing_is_dropped(
    two: TwoVillages, tmp_path: Path
) -> None:
    offers(two)
    post_goes(two)
    later(two, 400)
    two.river.clock.set(two.river.clock.now().ms, Quality.MESH)
    tend(two.river.hub)
    assert found(two, tmp_path) == 1


def test_what_changed_is_said_anew_once(two: TwoVillages) -> None:
    record = offers(two)
    post_goes(two)
    for title in ("Cake", "Better cake"):
        two.hill.do("Chandra", EditListing(record, "bread", title, "", Amount(75)))
    assert post_goes(two) == [Kind.LISTING]
    there = far(two, record)
    assert there is not None
    assert (there.title, there.price) == ("Better cake", 75)
    assert post_goes(two) == []
    two.hill.do("Hana", MoveListing(record, "meal", "it is a meal"))
    assert post_goes(two) == [Kind.LISTING]
    there = far(two, record)
    assert there is not None
    assert there.category == "meal"


def test_hidden_is_gone_there_and_shown_again_is_back(two: TwoVillages) -> None:
    record = offers(two)
    post_goes(two)
    two.hill.do("Hana", HideListing(record, "mouldy"))
    assert post_goes(two) == [Kind.UNLISTING]
    two.hill.do("Hana", ShowListing(record, "fresh"))
    assert post_goes(two) == [Kind.LISTING]
    two.hill.do("Chandra", CloseListing(record))
    assert post_goes(two) == [Kind.UNLISTING]


def test_who_is_away_is_not_shown_there_and_back_again(two: TwoVillages) -> None:
    record, chandra = offers(two), two.hill.numbers["Chandra"]
    post_goes(two)
    two.hill.do("Chandra", Away(chandra))
    assert post_goes(two) == [Kind.UNLISTING]
    two.hill.do("Chandra", Back(chandra))
    assert post_goes(two) == [Kind.LISTING]
    there = far(two, record)
    assert there is not None
    assert bool(there.open)


def test_a_kind_of_hills_own_travels_as_the_nearest_shipped_one(two: TwoVillages) -> None:
    made = two.hill.do("Hana", SetCategory(NEW, "food", "Cheese of the upper pasture", "food"))
    record = offers(two, category=f"own{made.entry}")
    post_goes(two)
    there = far(two, record)
    assert there is not None
    assert there.category == "food"


def test_what_was_never_told_and_expired_is_never_told(two: TwoVillages) -> None:
    offers(two)
    later(two, 91)
    tend(two.hill.hub)
    assert post_goes(two) == []


def test_closed_after_its_end_its_words_go_there_all_the_same(two: TwoVillages) -> None:
    """A hub without a clock has kept them, and its owner may want them erased."""
    record = offers(two)
    post_goes(two)
    later(two, 91)
    tend(two.hill.hub)
    two.hill.do("Chandra", CloseListing(record))
    assert post_goes(two) == [Kind.UNLISTING]
