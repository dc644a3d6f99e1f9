"""Stories of what leaves the village besides payments: names of those who agree, offers and wants."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.feed import FarListing, FarPerson
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Entry, Listing, Outgoing
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.people.erasing import Erase
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Away, Back, Freeze, Reopen, Unfreeze
from appliance.ledger.people.showing import LISTING, PERSON, Publish, ShowName
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, RecordId
from tests.support.two_villages import HILL, TwoVillages, two_villages
from tests.support.village import a_village


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


def shows(two: TwoVillages, name: str, shown: bool = True) -> None:
    home = two.home_of(name)
    home.do(name, ShowName(home.numbers[name], shown))


def lists(two: TwoVillages, name: str, title: str, price: int | None = None) -> RecordId:
    home = two.home_of(name)
    asked = None if price is None else Amount(price)
    return home.do(name, OpenListing(home.numbers[name], "offer", "food", title, "", asked)).record


def publishes(two: TwoVillages, most: int = 50) -> int:
    return two.posts[HILL].publish(most)


def said(two: TwoVillages) -> list[Kind]:
    """The kinds of all that Hill has put on its feed, in order."""
    with two.hill.hub.reading() as tx:
        return [Kind(row.kind) for row in tx.rows(Outgoing.select().order_by(Outgoing.number))]


def names_at_river(two: TwoVillages) -> dict[int, str]:
    with two.river.hub.reading() as tx:
        return {row.number: row.name for row in tx.rows(FarPerson.select())}


def titles_at_river(two: TwoVillages) -> list[str]:
    """Open ones, as they arrived."""
    with two.river.hub.reading() as tx:
        return [
            row.title for row in tx.rows(FarListing.select().where(FarListing.open).order_by(FarListing.id))
        ]


class TestNames:
    def test_nobody_is_named_who_has_not_agreed(self, two) -> None:
        shows(two, "Chandra")
        assert publishes(two) == 1
        two.carry()
        assert names_at_river(two) == {two.hill.numbers["Chandra"]: "Chandra"}

    def test_who_no_longer_agrees_is_forgotten_there(self, two) -> None:
        shows(two, "Chandra")
        publishes(two)
        two.carry()
        shows(two, "Chandra", False)
        assert publishes(two) == 1
        two.carry()
        assert names_at_river(two) == {}
        assert said(two) == [Kind.PERSON, Kind.PERSON]

    def test_who_agreed_and_withdrew_before_the_post_went_was_never_named(self, two) -> None:
        shows(two, "Chandra")
        shows(two, "Chandra", False)
        assert publishes(two) == 0
        assert said(two) == []

    def test_a_name_withdrawn_after_it_stood_on_the_feed_is_said_and_taken_back(self, two) -> None:
        # The feed's order is fixed once the book has spoken; the other hub ends without the name.
        shows(two, "Chandra")
        publishes(two)
        shows(two, "Chandra", False)
        publishes(two)
        two.carry()
        assert names_at_river(two) == {}

    def test_agreeing_again_says_it_again(self, two) -> None:
        for shown in (True, False, True):
            shows(two, "Chandra", shown)
            assert publishes(two) == 1
        two.carry()
        assert names_at_river(two) == {two.hill.numbers["Chandra"]: "Chandra"}

    def test_nobody_agrees_for_another(self, two) -> None:
        answer = two.hill.ask("Dina", ShowName(two.hill.numbers["Chandra"], True))
        assert isinstance(answer, Refusal)
        assert answer.code is Code.NOT_YOURS
        assert two.hill.ask("Hana", ShowName(two.hill.numbers["Chandra"], True)) == answer
        assert publishes(two) == 0


class TestListings:
    def test_what_is_open_is_told_with_its_price_and_what_is_closed_is_taken_down(self, two) -> None:
        bread = lists(two, "Chandra", "Bread every Friday", 50)
        lists(two, "Dina", "Cake")
        assert publishes(two) == 2
        two.carry()
        with two.river.hub.reading() as tx:
            told = [
                (row.hub, row.owner, row.kind, row.category, row.price, row.title)
                for row in tx.rows(FarListing.select().order_by(FarListing.id))
            ]
        chandra, dina = (two.hill.numbers[name] for name in ("Chandra", "Dina"))
        assert told == [
            (HILL, chandra, "offer", "food", 50, "Bread every Friday"),
            (HILL, dina, "offer", "food", None, "Cake"),
        ]
        two.hill.do("Chandra", CloseListing(bread))
        assert publishes(two) == 1
        two.carry()
        assert titles_at_river(two) == ["Cake"]
        assert said(two) == [Kind.LISTING, Kind.LISTING, Kind.UNLISTING]

    def test_what_was_closed_before_it_was_told_is_never_told(self, two) -> None:
        two.hill.do("Chandra", CloseListing(lists(two, "Chandra", "Bread")))
        lists(two, "Chandra", "Cake")
        assert publishes(two) == 1
        two.carry()
        assert titles_at_river(two) == ["Cake"]
        with two.river.hub.reading() as tx:
            assert tx.select("SELECT COUNT(*) FROM far_listing") == [(1,)]

    def test_a_village_full_of_them_goes_a_few_at_a_time(self, two) -> None:
        shows(two, "Chandra")
        for number in range(12):
            lists(two, "Chandra", f"Loaf {number:02}")
        assert publishes(two, 5) == 5
        assert len(said(two)) == 5
        assert said(two)[0] is Kind.PERSON  # names first: they are what payments are checked by
        assert publishes(two, 5) == 5
        assert publishes(two, 5) == 3
        assert publishes(two, 5) == 0
        two.carry()
        assert titles_at_river(two) == [f"Loaf {number:02}" for number in range(12)]

    def test_what_is_gone_is_told_before_what_is_new(self, two) -> None:
        bread = lists(two, "Chandra", "Bread")
        publishes(two)
        for number in range(4):
            lists(two, "Chandra", f"Cake {number}")
        two.hill.do("Chandra", CloseListing(bread))
        assert publishes(two, 1) == 1
        assert said(two) == [Kind.LISTING, Kind.UNLISTING]

    def test_a_payment_overtakes_the_listings_that_are_not_on_the_feed_yet(self, two) -> None:
        for number in range(12):
            lists(two, "Chandra", f"Loaf {number:02}")
        publishes(two, 3)
        two.send("Chandra", "Alice", 100)
        publishes(two, 3)
        assert said(two) == [Kind.LISTING] * 3 + [Kind.SENT] + [Kind.LISTING] * 3


class TestTheRule:
    def test_only_what_is_so_is_said_and_once(self, two) -> None:
        # A second process that decided the same a moment before, or on an older state.
        lists(two, "Chandra", "Bread")
        with two.hill.hub.reading() as tx:
            (row,) = tx.rows(Listing.select())
        say = Publish(LISTING, row.opened_entry, True)
        chandra = two.hill.numbers["Chandra"]
        assert not isinstance(two.hill.hub.by_rule(say, "publish"), Refusal)
        for wrong in (
            say,
            Publish(PERSON, chandra, True),
            Publish(PERSON, chandra, False),
            Publish(LISTING, row.opened_entry + 1, True),
            Publish(LISTING, row.opened_entry, False),
        ):
            answer = two.hill.hub.by_rule(wrong, "publish")
            assert isinstance(answer, Refusal), wrong
            assert answer.code is Code.TERMS_CHANGED
        assert said(two) == [Kind.LISTING]

    def test_no_member_says_it_for_the_hub(self, two) -> None:
        lists(two, "Chandra", "Bread")
        with two.hill.hub.reading() as tx:
            (row,) = tx.rows(Listing.select())
        answer = two.hill.ask("Chandra", Publish(LISTING, row.opened_entry, True))
        assert isinstance(answer, Refusal)
        assert said(two) == []

    def test_a_village_alone_says_nothing(self, tmp_path) -> None:
        with a_village(tmp_path / "alone") as alone:
            alone.do("Alice", ShowName(alone.numbers["Alice"], True))
            alone.do("Alice", OpenListing(alone.numbers["Alice"], "offer", "food", "Bread"))
            verify(alone.hub.store)
            with alone.hub.reading() as tx:
                assert tx.rows(Outgoing.select()) == []

    def test_the_book_says_it_all_again(self, two) -> None:
        shows(two, "Chandra")
        shows(two, "Dina")
        bread = lists(two, "Chandra", "Bread", 50)
        lists(two, "Dina", "Cake")
        publishes(two, 3)
        shows(two, "Dina", False)
        two.hill.do("Chandra", CloseListing(bread))
        publishes(two)
        two.carry()
        for village in (two.river, two.hill):
            verify(village.hub.store)
        # What was said stands on the feed exactly as often as entries say so.
        with two.hill.hub.reading() as tx:
            entries = [row.number for row in tx.rows(Entry.select().where(Entry.kind == "publish"))]
            assert [row.entry for row in tx.rows(Outgoing.select().order_by(Outgoing.number))] == sorted(
                entries
            )


class TestWhoGoes:
    """What was told of somebody is taken back when the person freezes, rests or leaves."""

    def tell(self, two: TwoVillages) -> None:
        shows(two, "Dina")
        lists(two, "Dina", "Bread")
        publishes(two)
        two.carry()
        assert list(names_at_river(two).values()) == ["Dina"]
        assert titles_at_river(two) == ["Bread"]

    def after(self, two: TwoVillages) -> tuple[list[str], list[str]]:
        publishes(two)
        two.carry()
        verify(two.hill.hub.store)
        return list(names_at_river(two).values()), titles_at_river(two)

    def test_away_hides_what_she_offers_and_not_her_name(self, two: TwoVillages) -> None:
        self.tell(two)
        dina = two.hill.numbers["Dina"]
        two.hill.do("Dina", Away(dina))
        assert self.after(two) == (["Dina"], [])
        two.hill.do("Dina", Back(dina))
        assert self.after(two) == (["Dina"], ["Bread"])

    def test_frozen_hides_both_until_freed(self, two: TwoVillages) -> None:
        self.tell(two)
        dina = two.hill.numbers["Dina"]
        two.hill.do("Hana", Freeze(dina, "the phone was stolen"))
        assert self.after(two) == ([], [])
        two.hill.do("Hana", Unfreeze(dina, "found again"))
        assert self.after(two) == (["Dina"], ["Bread"])

    def test_who_comes_again_is_asked_anew_whether_the_name_may_be_told(self, two: TwoVillages) -> None:
        self.tell(two)
        dina = two.hill.numbers["Dina"]
        two.hill.do("Dina", Leave(dina))
        assert self.after(two) == ([], [])
        two.hill.do("Hana", Reopen(dina, "came home"))
        assert self.after(two) == ([], [])


class TestErased:
    def test_neighbours_delete_the_words_of_what_is_taken_down_and_the_name_of_who_was_erased(
        self, two
    ) -> None:
        chandra = two.hill.numbers["Chandra"]
        shows(two, "Chandra")
        lists(two, "Chandra", "Quince bread", 50)
        lists(two, "Dina", "Hazel cake")
        publishes(two)
        two.carry()
        assert titles_at_river(two) == ["Quince bread", "Hazel cake"]
        two.hill.do("Chandra", Leave(chandra))
        two.hill.do("Hana", Erase(chandra, "asked at the desk"))
        publishes(two)
        two.carry()
        two.clock.advance(8 * 24 * 3_600_000)
        tend(two.hill.hub)
        assert two.river.hub.store.truncate_log()
        after = b"".join(path.read_bytes() for path in sorted(two.river.hub.data.glob("ledger.db*")))
        assert b"Quince" not in after
        assert b"Chandra" not in after
        assert b"Hazel" in after
        with two.river.hub.reading() as tx:
            assert tx.select("SELECT title, price FROM far_listing WHERE NOT open") == [("", None)]

    def test_what_is_shown_again_after_being_away_has_its_words_again(self, two) -> None:
        chandra = two.hill.numbers["Chandra"]
        lists(two, "Chandra", "Quince bread", 50)
        for step in (None, Away(chandra), Back(chandra)):
            if step is not None:
                two.hill.do("Chandra", step)
            publishes(two)
            two.carry()
        assert titles_at_river(two) == ["Quince bread"]
