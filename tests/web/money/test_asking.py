"""Bob asks, Alice answers."""

import re

import pytest
import zxingcpp

from appliance.ledger.people.members import Approve
from appliance.ledger.values import show_code
from appliance.web.ground import acting
from appliance.web.money import ask
from tests.support.drawn import drawn
from tests.support.village import PIN


def path_of(page):
    return re.sub(r"^https?://[^/]+", "", page.request.url)


class TestAsking:
    def test_bob_shows_the_code_and_alice_pays(self, village, signed_in):
        bob, alice = signed_in("Bob"), signed_in("Alice")
        shown = bob.fill("/ask", "/ask", amount="2", note="bread", follow=True)
        code = path_of(shown).rpartition("/")[2]
        assert show_code(code) in shown.text
        assert "<svg" in shown.text

        page = alice.get(f"/R/{code}")
        assert "Bob" in page.text
        assert "2.00" in page.text
        assert "bread" in page.text
        assert "No, do not pay" not in page.text  # nobody in particular was asked
        receipt = alice.fill(page, "/accept", pin=PIN, follow=True)
        assert "You have paid" in receipt.text
        assert village.balance("Bob") == 200
        assert "You have been paid" in bob.get(f"/R/{code}", follow_redirects=True).text

    def test_a_second_device_cannot_pay_it_twice(self, village, signed_in):
        code = village.request("Bob", "Alice", 200).outcome["code"]
        first, second = signed_in("Alice"), signed_in("Alice")
        pages = [browser.get(f"/R/{code}") for browser in (first, second)]
        answers = [b.fill(p, "/accept", pin=PIN) for b, p in zip((first, second), pages, strict=True)]
        assert answers[0].location == answers[1].location
        assert village.balance("Bob") == 200

    def test_asked_by_name_it_waits_on_her_first_page(self, village, signed_in):
        signed_in("Bob").fill("/ask", "/ask", amount="2", of="alice")
        home = signed_in("Alice").get("/")
        assert "Waits for you" in home.text
        assert "Bob asks you for" in home.text
        assert "Waits for you" not in signed_in("Chandra").get("/").text

    def test_whom_nobody_knows(self, signed_in):
        page = signed_in("Bob").fill("/ask", "/ask", amount="2", of="Zoe")
        assert page.status_code == 422
        assert 'value="2"' in page.text

    def test_several_alices_are_a_choice(self, village, signed_in):
        village.do("Kira", Approve(village.join("Alice Gray")))
        bob = signed_in("Bob")
        page = bob.fill("/ask", "/ask", amount="2", of="ali")
        assert "Which one?" in page.text
        assert bob.fill(page, "/ask", of=village.account("Alice").full).status_code == 302

    def test_more_than_he_can_receive(self, signed_in):
        page = signed_in("Bob").fill("/ask", "/ask", amount="25")
        assert "still receive 24.00" in page.text.replace("\u00a0", " ")

    def test_a_double_tap_asks_once(self, village, signed_in):
        bob = signed_in("Bob")
        form = bob.get("/ask")
        answers = [bob.fill(form, "/ask", amount="2") for _ in range(2)]
        assert answers[0].location == answers[1].location


class TestAnswers:
    def test_alice_says_no(self, village, signed_in):
        code = village.request("Bob", "Alice", 200).outcome["code"]
        done = signed_in("Alice").fill(f"/R/{code}", "/decline", follow=True)
        assert "Declined: nothing was paid" in done.text
        assert village.balance("Bob") == 0

    def test_bob_takes_it_back(self, village, signed_in):
        code = village.request("Bob", "Alice", 200).outcome["code"]
        alice = signed_in("Alice")
        page = alice.get(f"/R/{code}")
        done = signed_in("Bob").fill(f"/R/{code}", "/cancel", follow=True)
        assert "Taken back: nothing was paid" in done.text
        late = alice.fill(page, "/accept", pin=PIN)
        assert late.status_code == 422
        assert "already been answered or cancelled" in late.text
        assert village.balance("Bob") == 0

    def test_with_the_key_closed_the_same_page_asks_for_the_pin(self, village, signed_in):
        code = village.request("Bob", "Alice", 200).outcome["code"]
        bob = signed_in("Bob")
        village.clock.advance(60 * 60_000)
        page = bob.get(f"/R/{code}")
        assert 'name="pin"' in page.text
        assert bob.fill(page, "/cancel", pin=PIN).status_code == 302

    def test_what_one_was_not_asked_is_not_there(self, village, signed_in):
        code = village.request("Bob", "Alice", 200).outcome["code"]
        assert signed_in("Chandra").get(f"/R/{code}").status_code == 404
        assert signed_in("Chandra").get("/R/00000000").status_code == 404

    def test_terms_that_differ_from_the_page_are_refused(self, village, signed_in):
        code = village.request("Bob", "Alice", 200).outcome["code"]
        page = signed_in("Alice").fill(f"/R/{code}", "/accept", amount="1", pin=PIN)
        assert "changed since you looked" in page.text
        assert village.balance("Bob") == 0


class TestSomebodyElseWasQuicker:
    def test_the_second_reads_that_nothing_was_taken(self, village, signed_in):
        code = village.request("Bob", None, 200).outcome["code"]
        alice, dina = signed_in("Alice"), signed_in("Dina")
        seen = dina.get(f"/R/{code}")
        assert "You have paid" in alice.fill(f"/R/{code}", "/accept", pin=PIN, follow=True).text

        late = dina.fill(seen, "/accept", pin=PIN)
        assert late.status_code == 422
        again = dina.get(f"/R/{code}")
        assert again.status_code == 200
        typed = dina.get("/pay", query_string={"to": code}, follow_redirects=True)
        for page in (late, again, typed):
            assert "Somebody else has already paid this" in page.text
            assert "Nothing was taken from you" in page.text
            assert "Alice" not in page.text
        assert village.balance("Dina") == 0

    def test_one_that_was_taken_back(self, village, signed_in):
        code = village.request("Bob", None, 200).outcome["code"]
        dina = signed_in("Dina")
        seen = dina.get(f"/R/{code}")
        signed_in("Bob").fill(f"/R/{code}", "/cancel")
        for page in (dina.fill(seen, "/accept", pin=PIN), dina.get(f"/R/{code}")):
            assert "This request was taken back" in page.text
            assert "Nothing was taken from you" in page.text

    def test_at_the_very_same_moment(self, village, signed_in, monkeypatch):
        asked = village.request("Bob", None, 200)
        code = asked.outcome["code"]
        dina = signed_in("Dina")

        def alice_first(*args):
            village.accept("Alice", asked, "Bob", 200)
            return acting.act(*args)

        monkeypatch.setattr(ask, "act", alice_first)
        late = dina.fill(f"/R/{code}", "/accept", pin=PIN)
        assert late.status_code == 422
        assert "Somebody else has already paid this" in late.text
        assert village.balance("Dina") == 0

    def test_one_that_named_its_payer_stays_theirs(self, village, signed_in):
        asked = village.request("Bob", "Alice", 200)
        village.accept("Alice", asked, "Bob", 200)
        assert signed_in("Dina").get(f"/R/{asked.outcome['code']}").status_code == 404


class TestQr:
    @pytest.mark.parametrize("host", ["10.42.0.1", "river.hub.internal"])
    def test_a_phone_reads_my_address(self, app, village, signed_in, host):
        app.config["ADDRESS"] = f"http://{host}"
        page = signed_in("Bob").get("/me/qr")
        wanted = f"HTTP://{host.upper()}/P/{village.account('Bob').compact}"
        assert wanted in page.text
        svg = re.findall(r'<svg class="qr".*?</svg>', page.text, re.DOTALL)[0]
        found = zxingcpp.read_barcodes(drawn(svg))
        assert [code.text for code in found] == [wanted]
        assert int(re.findall(r'viewBox="0 0 (\d+)', svg)[0]) <= 29 + 8  # version 3 and its margin
