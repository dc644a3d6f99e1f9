"""What people are told at the edges: at the box of another village, with a radio that is off, on their own page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.support.two_villages import HILL, two_villages
from tests.web.conftest import PHONE, Browser
from tests.web.desk.test_neighbours import radio_process, set_up
from tests.web.money.test_crossing import words
from tests.web.villages import Portals, portals

ELSEWHERE = "From another village? Pay from your own hub, to number"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path) as two:
        yield portals(two)


class TestAtTheBoxOfAnotherVillage:
    """Alice of River reads Chandra's code with her phone and comes to Hill's box, where she is nobody."""

    @pytest.fixture
    def phone(self, here: Portals) -> Browser:
        return Browser(here.apps[HILL].test_client(), PHONE)

    @pytest.mark.parametrize("form", ["compact", "full"])
    @pytest.mark.parametrize("short", ["P", "p"])
    def test_the_code_of_a_card_leads_to_the_number_to_pay(self, here, phone, form, short):
        number = getattr(here.two.hill.account("Chandra"), form)
        page = phone.get(f"/{short}/{number}", follow_redirects=True)
        assert page.request.path == "/signin"
        assert f"{ELSEWHERE} 102-0002-7" in words(page)

    def test_a_wrong_try_to_sign_in_still_says_it(self, here, phone):
        page = phone.get(f"/P/{here.two.hill.account('Chandra').compact}?amount=2", follow_redirects=True)
        page = phone.fill(page, "/signin", number=here.number("Alice"), pin="2580")
        assert page.status_code == 422
        assert f"{ELSEWHERE} 102-0002-7" in words(page)

    @pytest.mark.parametrize("path", ["/signin", "/pay", "/P/rubbish", "/P/101000200", "/P/102000208"])
    def test_nothing_is_said_where_no_number_of_this_village_was_read(self, phone, path):
        assert ELSEWHERE not in words(phone.get(path, follow_redirects=True))

    def test_a_number_that_nobody_has_is_told_no_differently(self, phone):
        """So strangers cannot find out by it which numbers there are."""
        assert f"{ELSEWHERE} 102-0077-6" in words(phone.get("/P/102-0077-6", follow_redirects=True))

    def test_who_lives_here_pays(self, here):
        page = here.at("Dina").get(f"/P/{here.two.hill.account('Chandra').compact}")
        assert page.status_code == 200
        assert ELSEWHERE not in words(page)


def test_a_village_alone_does_not_speak_of_others(village, phone):
    page = phone().get(f"/P/{village.account('Alice').compact}", follow_redirects=True)
    assert page.request.path == "/signin"
    assert ELSEWHERE not in words(page)


class TestBeforePaying:
    """The check page says when the payment cannot even leave."""

    OFF = "The radio is off at the moment. The payment waits here until it is back."

    def check(self, here: Portals, payee: str = "Chandra") -> TestResponse:
        account = here.two.home_of(payee).account(payee)
        return here.at("Alice").fill(f"/P/{account.compact}", "/pay/check", amount="2")

    def test_its_process_is_stopped(self, here):
        set_up(here)
        assert self.OFF in words(self.check(here))

    def test_it_is_out_of_reach(self, here):
        set_up(here)
        with radio_process(here, "down", "unplugged"):
            assert self.OFF in words(self.check(here))

    @pytest.mark.parametrize("state", ["up", "connecting"])
    def test_it_is_there(self, here, state):
        set_up(here)
        with radio_process(here, state):
            page = words(self.check(here))
        assert "The radio" not in page
        assert "Only Hill can send it back." in page

    def test_it_may_not_send(self, here):
        set_up(here)
        with radio_process(here, "up", "region_unset"):
            page = words(self.check(here))
        assert "The radio cannot send at the moment. The payment waits here; ask a keeper." in page

    def test_there_is_none(self, here):
        page = words(self.check(here))
        assert "There is no radio here yet. The payment waits here until there is one." in page

    def test_at_home_it_does_not_matter(self, here):
        set_up(here)
        assert "radio" not in words(self.check(here, "Bob"))


class TestMe:
    def test_only_the_name_can_be_hidden(self, here):
        alice = here.at("Alice")
        goes = "Your offers and wants go there with your number"
        page = alice.get("/me")
        assert goes in words(page)
        page = alice.fill(page, "/me/name", follow=True)
        assert goes in words(page)
        assert "nothing else" not in words(page)

    def test_leaving_is_no_matter_of_other_villages(self, here):
        page = here.at("Alice").get("/me").text
        assert page.index('action="/leave"') < page.index("<h2>Other villages</h2>")

    def test_why_not_is_read_first(self, here):
        alice = here.at("Alice")
        here.two.clock.advance(11 * 60_000)
        page = alice.fill(alice.get("/me"), "/me/name", pin="9999")
        assert page.status_code == 422
        assert page.text.index('id="why-not"') < page.text.index('action="/leave"')


def test_the_desk_says_what_a_keeper_can_do_about_a_stopped_radio(here):
    set_up(here)
    page = words(here.at("Kira", "127.0.0.1").get("/desk/neighbours"))
    assert "Start it with “hub radio run”. Until then payments to other villages wait here." in page
    assert "off and on" not in page
    with radio_process(here, "down", "stuck"):
        page = words(here.at("Kira", "127.0.0.1").get("/desk/neighbours"))
    assert "off and on" not in page
