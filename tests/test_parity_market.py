"""What the predecessor could do for offers, wants and matching, and we can too: ``test_parity.py`` goes on here.

One test a row of the parity list in our notes on MCCS (*Offers, wants, matching*, and what of *Directory* is about finding
each other), named after the row. Where the design does it in another way on purpose, the docstring says which.

====================================================  =======================================================================
row                                                   where, beside the tests below
====================================================  =======================================================================
search by name, category, offers, wants, favourites   test_parity.py::test_people_by_name_offers_wants_and_favourites_in_pages_with_totals
favourites                                            test_parity.py::test_favourites_are_added_taken_away_and_filtered
first contact                                         test_parity.py::test_a_first_message_to_another_member
tags and categories, kept by keepers                  test_parity.py::test_create_rename_and_delete_tags_and_categories
one of each is asked for                              test_parity.py::test_an_offer_is_asked_for_when_somebody_is_new_and_has_its_date
notifications                                         web/market/test_new_matches.py::test_both_are_told_and_it_is_new_once
====================================================  =======================================================================
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.people.life import Freeze
from appliance.web import create_app
from appliance.web.market.finding import keep_up
from tests.support.village import PIN, Village, a_copied_village
from tests.web.conftest import Browser

Enter = Callable[..., Browser]


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_copied_village(tmp_path / "river") as village:
        yield village


@pytest.fixture
def app(river: Village) -> Flask:
    return create_app(river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)


@pytest.fixture
def enter(river: Village, app: Flask) -> Enter:
    """``enter("Alice")``: a phone on which Alice is signed in."""

    def new(name: str) -> Browser:
        browser = Browser(app.test_client())
        assert browser.sign_in(river.account(name).short).status_code == 302
        return browser

    return new


def lists(village: Village, name: str, kind: str, title: str) -> None:
    village.do(name, OpenListing(village.numbers[name], kind, "food", title))


def test_the_table_above_names_tests_that_are_there() -> None:
    rows = re.findall(r" (\S+\.py)::(\w+)$", __doc__ or "", re.MULTILINE)
    assert len(rows) == 6
    for path, name in rows:
        assert f"def {name}(" in (Path(__file__).parent / path).read_text("utf-8"), (path, name)


class TestDirectory:
    def test_what_fits_is_proposed_while_a_listing_is_said(self, enter: Enter) -> None:
        """Successor of suggestions while typing a tag or a category: works without script. Words are free, so none is
        proposed; the kinds that what was said looks like stand first. A search takes the beginning of a word."""
        alice = enter("Alice")
        page = alice.fill("/market/new?kind=offer", "/market/new", title="Fontanería").text
        likely = page.partition("It looks like")[2].partition("Or choose yourself")[0]
        assert 'value="plumbing"' in likely
        assert 'value="bread"' not in likely

    def test_only_who_may_trade_is_in_the_results_at_all(
        self, river: Village, app: Flask, enter: Enter
    ) -> None:
        """Successor of *trading members first*: who may not trade now is not found in the market, rather than found
        last. Among those who fit, who has no room for it comes last (``matching/test_ranking.py``)."""
        for name in ("Bob", "Chandra"):
            lists(river, name, OFFER, f"Honey of {name}")
        river.do("Kira", Freeze(river.numbers["Chandra"], "three disputes"))
        for query in ("", "?q=honey"):
            page = enter("Alice").get(f"/market{query}").text
            assert "Honey of Bob" in page
            assert "Honey of Chandra" not in page

    def test_nobody_reads_how_to_reach_another_who_is_not_a_member(self, river: Village, app: Flask) -> None:
        """Successor of e-mail addresses that both sides see when both trade: a hub has none. Who is not let in yet reads
        no page of people or talk; members write to each other within the hub."""
        phone = Browser(app.test_client())
        phone.fill("/join", "/join", follow=True, name="Emil", pin=PIN, pin2=PIN)
        for path in ("/people", f"/people/{river.numbers['Bob']}", f"/talks/{river.numbers['Bob']}"):
            assert ">Bob<" not in phone.get(path, follow_redirects=True).text
            assert phone.get(path).status_code == 302, path


class TestOffersWantsMatching:
    def test_more_than_ten_of_each_and_each_with_its_date(self, river: Village, enter: Enter) -> None:
        """Successor of ten tags each: a listing is a thing of its own, with words, price and an end; there is no bound
        of ten. That each has its date, ``test_parity.py`` holds."""
        for number in range(11):
            lists(river, "Alice", OFFER, f"Bread no {number}")
            lists(river, "Alice", WANT, f"Cloth no {number}")
        alice = enter("Alice")
        mine = "".join(alice.get(f"/market/mine?page={page}").text for page in (1, 2, 3))
        assert all(f"{what} no {n}<" in mine for what in ("Bread", "Cloth") for n in range(11))

    @pytest.mark.parametrize("wanted", ["tomatos", "tomat", "Organic tomatoes", "tomates"])
    def test_an_offer_is_found_by_slip_beginning_part_and_another_language(
        self, river: Village, enter: Enter, wanted: str
    ) -> None:
        """Successor of edit distance, prefix and *contains*, by what words mean: *painting* finds no *printing*."""
        lists(river, "Bob", OFFER, "Tomatoes")
        assert ">Tomatoes<" in enter("Alice").get("/market", query_string={"q": wanted}).text
        assert ">Tomatoes<" not in enter("Alice").get("/market?q=potatoes").text

    def test_new_matches_are_told_with_a_link_to_the_match(self, river: Village, enter: Enter) -> None:
        """Successor of a daily mail that an entity switches off: the first page tells it, once as *new*, for two weeks, or
        until one of the two answers or takes theirs down. The switch is *News of matches* (``web/people/test_news.py``); *not
        for me* takes one away."""
        alice = enter("Alice")
        alice.get("/market")
        keep_up(river.hub)
        lists(river, "Alice", WANT, "Honey")
        lists(river, "Bob", OFFER, "Fresh honey")
        keep_up(river.hub)
        first = alice.get("/").text
        assert "You could trade with" in first
        path = first.split('href="/market/match/', 1)[1].split('"', 1)[0]
        assert "Fresh honey" in alice.get(f"/market/match/{path}").text
        alice.fill(f"/market/match/{path}", f"/market/match/{path}", answer="dismiss", pin=PIN)
        assert "You could trade with" not in alice.get("/").text

    def test_all_matches_and_those_since_one_was_here(self, river: Village, enter: Enter) -> None:
        """Successor of the dashboard's toggle *since last login*: what one has not been shown yet is marked *new* on the
        first page; all of them are on a page of their own."""
        alice = enter("Alice")
        lists(river, "Alice", WANT, "Honey")
        lists(river, "Chandra", OFFER, "Honey in jars")
        alice.get("/market")
        keep_up(river.hub)
        lists(river, "Bob", OFFER, "Fresh honey")
        keep_up(river.hub)
        first, again, every = (alice.get(path).text for path in ("/", "/", "/market/suggestions"))
        assert ("Fresh honey" in first, "Honey in jars" in first) == (True, False)
        assert ('class="new"' in first, 'class="new"' in again) == (True, False)
        assert ("Fresh honey" in every, "Honey in jars" in every) == (True, True)
