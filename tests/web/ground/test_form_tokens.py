"""Another site cannot make a member's browser send a form here."""

import pytest
from flask import Flask

from appliance.web import create_app
from tests.support.village import PIN
from tests.web.conftest import Browser, forms


def form_of(browser: Browser, village):
    page = browser.fill(f"/P/{village.account('Bob').compact}", "/pay/check", amount="1.50")
    return forms(page)[0]


def token_of(browser: Browser, path: str = "/") -> str:
    return forms(browser.get(path))[-1].fields["csrf_token"]


class TestWhatCounts:
    @pytest.mark.parametrize("sent", [None, "", "x", "\u00e4\u0661", "0" * 64])
    def test_a_form_without_the_token_moves_nothing(self, village, signed_in, sent):
        alice = signed_in("Alice")
        form = form_of(alice, village)
        del form.fields["csrf_token"]
        more = {} if sent is None else {"csrf_token": sent}
        page = alice.post(form.action, {**form.fields, **more, "pin": PIN})
        assert page.status_code == 400
        assert "This form is stale" in page.text
        assert village.balance("Bob") == 0

    def test_the_token_of_somebody_elses_phone_is_none(self, village, signed_in):
        alice, chandra = signed_in("Alice"), signed_in("Chandra")
        form = form_of(alice, village)
        stolen = {**form.fields, "csrf_token": token_of(chandra), "pin": PIN}
        assert alice.post(form.action, stolen).status_code == 400
        assert village.balance("Bob") == 0

    def test_nor_is_that_of_her_own_other_phone(self, village, signed_in):
        alice, tablet = signed_in("Alice"), signed_in("Alice")
        form = form_of(alice, village)
        assert alice.post(form.action, {**form.fields, "csrf_token": token_of(tablet)}).status_code == 400

    def test_nor_is_the_cookie_itself(self, village, signed_in):
        alice = signed_in("Alice")
        form = form_of(alice, village)
        cookie = alice.client.get_cookie("tch101").value
        assert form.fields["csrf_token"] != cookie
        assert alice.post(form.action, {**form.fields, "csrf_token": cookie}).status_code == 400

    def test_nor_is_one_from_before_the_sign_in(self, village, phone):
        alice = phone()
        before = forms(alice.get("/signin"))[0].fields["csrf_token"]
        alice.sign_in(village.account("Alice").short)
        form = form_of(alice, village)
        assert alice.post(form.action, {**form.fields, "csrf_token": before}).status_code == 400

    def test_an_address_is_no_place_for_it(self, village, signed_in):
        alice = signed_in("Alice")
        form = form_of(alice, village)
        token = form.fields.pop("csrf_token")
        assert alice.post(f"{form.action}?csrf_token={token}", form.fields).status_code == 400


class TestHowLong:
    def test_all_pages_of_a_visit_carry_the_same(self, signed_in):
        alice = signed_in("Alice")
        assert token_of(alice) == token_of(alice, "/me")

    def test_a_strangers_form_outlives_a_restart(self, village, app: Flask, phone):
        stranger = phone()
        form = forms(stranger.get("/signin"))[0]
        anew = Browser(create_app(village.hub, TESTING=True).test_client())
        anew.client.set_cookie("tch101", stranger.client.get_cookie("tch101").value)
        typed = {**form.fields, "number": village.account("Alice").short, "pin": PIN}
        assert anew.post(form.action, typed).status_code == 302

    def test_leaving_needs_one_while_somebody_is_there(self, signed_in):
        alice = signed_in("Alice")
        assert alice.post("/leave", {}).status_code == 400
        assert "Alice" in alice.get("/").text
        alice.fill("/", "/leave")
        assert alice.post("/leave", {}).status_code == 302  # a second tap finds nobody


def test_an_address_that_is_none_says_so(signed_in):
    assert signed_in("Alice").post("/nowhere", {}).status_code == 404
