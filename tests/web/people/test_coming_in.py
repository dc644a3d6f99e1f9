"""Joining, signing in, leaving, the PIN: the way through the door."""

import sqlite3
from contextlib import closing

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import Attempt, Session
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.people.members import Approve, TurnAway
from appliance.ledger.values import AccountNumber
from appliance.web.ground.session import this_session
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, forms

DAY_MS = 86_400_000


class TestJoining:
    def test_erin_joins_and_a_keeper_says_yes(self, village, phone):
        erin = phone()
        page = erin.fill("/join", "/join", name="Erin", pin="7391", pin2="7391", follow=True)
        assert "6-" in page.text
        assert "A keeper must say yes" in page.text

        village.do("Kira", Approve(AccountNumber(6)))

        assert "You are even with the village" in erin.get("/").text

    def test_who_waits_sees_neither_market_nor_people_nor_care(self, village, phone):
        day = village.clock.now().ms // DAY_MS
        care = village.do("Dina", ClaimCare(village.numbers["Dina"], "elder", 60, day, "Old Tom", "", ()))
        village.join("Emil")
        emil = phone()
        emil.sign_in(village.account("Emil").short)
        for path in ("/market", "/market/suggestions", "/pay?to=ali", "/ask", "/care", "/care/new"):
            assert emil.get(path).location == "/", path
        assert emil.get(f"/C/{care.outcome['code']}").location == "/"
        assert emil.get(f"/P/{village.account('Alice').compact}").location == "/"
        token = forms(emil.get("/"))[0].fields["csrf_token"]
        assert emil.post("/ask", {"csrf_token": token, "key": "00" * 16, "of": "ali"}).location == "/"
        assert "A keeper must say yes" in emil.get("/").text
        assert emil.get("/me").status_code == 200

    def test_who_was_turned_away_is_signed_out_and_reads_why(self, village, phone):
        emil_number = village.join("Emil")
        for path in ("/", "/market", "/me", "/statement"):
            emil = phone()
            assert emil.sign_in(village.account("Emil").short).status_code == 302
            if path == "/":
                village.do("Kira", TurnAway(emil_number, "nobody knows him"))
            page = emil.get(path)
            assert page.status_code == 403
            assert "A keeper has said no" in page.text
            assert "/signin" in emil.get("/").text

    def test_two_pins_that_differ_join_nobody_and_keep_the_name(self, village, phone):
        page = phone().fill("/join", "/join", name="Erin", pin="7391", pin2="7392")
        assert page.status_code == 422
        assert "not the same" in page.text
        assert 'value="Erin"' in page.text
        assert village.hub.head().number == village_size(village)

    def test_an_easy_pin_is_refused_in_plain_words(self, phone):
        page = phone().fill("/join", "/join", name="Erin", pin="1234", pin2="1234")
        assert page.status_code == 422
        assert "4 to 8 digits" in page.text

    def test_a_double_tap_joins_once(self, village, phone):
        erin = phone()
        form = forms(erin.get("/join"))[0]
        data = {**form.fields, "name": "Erin", "pin": "7391", "pin2": "7391"}
        assert erin.post("/join", data).status_code == 302
        before = village.hub.head()
        second = phone()
        second.client.set_cookie("tch101", erin.client.get_cookie("tch101").value)
        second.post("/join", data)
        assert village.hub.head() == before


def village_size(village):
    """Entries of a village in which nothing has happened yet: founding, joins, approvals, the keeper."""
    return 1 + 2 * len(village.numbers) + 1


class TestSigningIn:
    def test_with_the_short_number(self, village, phone):
        alice = phone()
        assert alice.sign_in(village.account("Alice").short).location == "/"
        assert "Alice" in alice.get("/").text

    def test_with_the_full_number_and_other_digits(self, village, phone):
        full = village.account("Alice").full.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        assert phone().sign_in(full, "٢٥٨٠").status_code == 302

    def test_a_wrong_pin_is_counted_and_says_how_many_are_left(self, village, phone):
        alice = phone()
        page = alice.sign_in(village.account("Alice").short, "1357")
        assert page.status_code == 422
        assert "You can try 2 more times" in page.text
        with village.hub.reading() as tx:
            assert [row.failures for row in tx.rows(Attempt.select())] == [1]
        alice.sign_in(village.account("Alice").short, "1357")
        page = alice.sign_in(village.account("Alice").short, "1357")
        assert "Wait 30 seconds" in page.text
        # Now even the right one has to wait.
        assert "Too many wrong PINs" in alice.sign_in(village.account("Alice").short).text

    def test_an_unknown_member_looks_like_a_wrong_pin(self, village, phone):
        nobody = type(village.account("Alice"))(101, 77)
        assert "The number or the PIN is not right" in phone().sign_in(nobody.short).text

    def test_a_mistyped_number_says_so(self, phone):
        assert "Nobody here has this number" in phone().sign_in("42-9").text

    @pytest.mark.parametrize("typed", ["2", "42", "Alice", "Alice Gray-Green", "2-"])
    def test_a_number_without_its_last_digit_says_what_is_missing(self, phone, typed):
        page = phone().sign_in(typed)
        assert page.status_code == 422
        assert "one more digit at its end, for example 2-0" in page.text
        assert "Nobody here" not in page.text

    def test_a_wrong_pin_where_no_number_was_typed(self, village, signed_in):
        alice = signed_in("Alice")
        page = alice.fill("/me/pin", "/me/pin", pin="1357", new="8642", new2="8642")
        assert "The PIN is not right. You can try" in page.text
        assert "The number or the PIN" not in page.text

    def test_it_returns_to_the_page_that_was_wanted(self, village, phone):
        alice = phone()
        asked = alice.get(f"/P/{village.account('Bob').compact}")
        page = alice.fill(asked.location, "/signin", number=village.account("Alice").short, pin=PIN)
        assert page.location == f"/P/{village.account('Bob').compact}"

    def test_it_leads_nowhere_else(self, village, phone):
        for wanted in ("https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "x"):
            alice = phone()
            form = forms(alice.get("/signin"))[0]
            data = {**form.fields, "number": village.account("Alice").short, "pin": PIN, "next": wanted}
            assert alice.post("/signin", data).location == "/", wanted

    def test_the_token_is_another_one_afterwards(self, village, phone):
        alice = phone()
        alice.get("/signin")
        before = alice.client.get_cookie("tch101").value
        alice.sign_in(village.account("Alice").short)
        assert alice.client.get_cookie("tch101").value != before

    def test_a_second_tap_on_sign_in_is_no_stale_form(self, village, phone):
        alice, double = phone(), phone()
        form = forms(alice.get("/signin"))[0]
        double.client.set_cookie("tch101", alice.client.get_cookie("tch101").value)
        data = {**form.fields, "number": village.account("Alice").short, "pin": PIN}
        assert alice.post("/signin", data).status_code == 302
        assert double.post("/signin", data).status_code == 302


class TestSessions:
    def test_the_cookie_is_a_random_word_and_the_table_does_not_hold_it(self, village, signed_in):
        alice = signed_in("Alice")
        cookie = alice.client.get_cookie("tch101")
        assert cookie.http_only
        assert cookie.same_site == "Lax"
        assert not cookie.secure
        with village.hub.reading() as tx:
            rows = tx.rows(Session.select().where(Session.member == village.numbers["Alice"]))
        assert len(rows) == 1
        assert cookie.value.encode() not in bytes(rows[0].token)

    def test_a_clock_that_jumps_by_years_logs_nobody_out(self, village, signed_in):
        alice = signed_in("Alice")
        page = alice.get(f"/P/{village.account('Bob').compact}")
        for year in (1970, 2060):
            village.clock.set((year - 1970) * 365 * 86_400_000 + 1)
            assert "Alice" in alice.get("/").text
            assert alice.fill(page, "/pay/check", amount="1").status_code == 200

    def test_reading_pages_writes_nothing(self, village, signed_in):
        alice = signed_in("Alice")
        alice.get("/")
        # A connection of its own sees by this whether anybody else has committed.
        with closing(sqlite3.connect(village.hub.data / "ledger.db")) as db:
            before = db.execute("PRAGMA data_version").fetchone()
            rows = db.execute("SELECT boot, seen_ms, data FROM session").fetchall()
            alice.get("/")
            alice.get("/statement")
            assert db.execute("PRAGMA data_version").fetchone() == before
            assert db.execute("SELECT boot, seen_ms, data FROM session").fetchall() == rows
            alice.get("/language/es")
            alice.fill("/me", "/leave")
            assert db.execute("PRAGMA data_version").fetchone() != before

    def test_health_and_style_ask_for_no_session(self, village, phone):
        stranger = phone()
        stranger.get("/health")
        stranger.get("/static/portal.css").close()
        assert stranger.client.get_cookie("tch101") is None

    def test_leaving_ends_it_here_and_in_the_table(self, village, signed_in):
        alice = signed_in("Alice")
        home = alice.get("/")
        token = alice.client.get_cookie("tch101").value
        assert alice.fill(home, "/leave").location == "/"
        assert "/signin" in alice.get("/").text
        alice.client.set_cookie("tch101", token)
        assert "/signin" in alice.get("/").text
        # A second tap finds nobody and is no mistake.
        assert alice.fill(home, "/leave").location == "/"

    def test_a_page_that_is_still_loading_does_not_undo_leaving(self, app, village, signed_in):
        alice = signed_in("Alice")
        token = alice.client.get_cookie("tch101").value
        with app.test_request_context(headers={"Cookie": f"tch101={token}"}):
            loading = this_session()
            assert loading.member == village.numbers["Alice"]
            alice.fill("/", "/leave")
            loading["language"] = "es"
            loading.store()
        with village.hub.reading() as tx:
            assert tx.rows(Session.select().where(Session.member.is_null(False))) == []

    def test_a_visit_without_signing_in_writes_nothing(self, village, phone):
        for _visit in range(3):
            stranger = phone()
            form = stranger.get("/signin")
            stranger.get("/join")
            stranger.get("/language/es")
            assert 'lang="es"' in stranger.get("/").text
            assert stranger.fill(form, "/signin", number="", pin="").status_code == 422
        with village.hub.reading() as tx:
            assert tx.rows(Session.select()) == []

    def test_a_form_of_another_browser_is_stale(self, phone):
        one, other = phone(), phone()
        other.get("/signin")
        assert other.fill(one.get("/signin"), "/signin", number="1-9", pin=PIN).status_code == 400

    def test_a_sign_in_ends_after_thirty_days_of_use_though_it_is_used_daily(self, village, signed_in):
        alice = signed_in("Alice")
        for _day in range(30):
            assert "Leave" in alice.get("/").text
            village.clock.advance(DAY_MS)
        assert "Leave" in alice.get("/").text
        village.clock.advance(60_001)
        assert "/signin" in alice.get("/").text
        with village.hub.reading() as tx:
            assert tx.rows(Session.select()) == []

    def test_a_reboot_counts_as_an_hour_and_prolongs_nothing(self, village, signed_in):
        alice = signed_in("Alice")
        village.clock.advance(29 * DAY_MS)
        alice.get("/")
        for boot in range(24):
            village.clock.reboot(f"again-{boot}")
            assert "Leave" in alice.get("/").text
        village.clock.reboot("one too many")
        assert "/signin" in alice.get("/").text

    def test_nobody_else_can_make_one_leave(self, signed_in):
        alice = signed_in("Alice")
        assert alice.post("/leave", {}).status_code == 400
        assert "Alice" in alice.get("/").text


class TestPin:
    def test_alice_changes_it_and_her_other_phone_is_signed_out(self, village, signed_in, phone):
        alice, old_phone = signed_in("Alice"), signed_in("Alice")
        done = alice.fill("/me/pin", "/me/pin", pin=PIN, new="7391", new2="7391", follow=True)
        assert "Your PIN has been changed" in done.text
        assert "/signin" in old_phone.get("/").text
        assert "Alice" in alice.get("/").text
        assert phone().sign_in(village.account("Alice").short, "7391").status_code == 302
        assert phone().sign_in(village.account("Alice").short, PIN).status_code == 422

    def test_the_power_goes_after_the_new_pin_and_old_sign_ins_are_over_all_the_same(
        self, app, village, signed_in
    ):
        """What the portal does after the ledger's commit never happened."""
        old_phone = signed_in("Alice")
        assert isinstance(village.hub.change_pin(village.numbers["Alice"], PIN, "7391"), Receipt)
        answer = old_phone.get("/statement")
        assert "/signin" in answer.location
        keys = app.extensions["keys"]
        assert not keys._open
        assert "/signin" in old_phone.get("/").text

    def test_a_sign_in_with_the_old_pin_that_is_still_under_way_comes_too_late(
        self, village, phone, monkeypatch
    ):
        late, unlock = phone(), type(village.hub).unlock

        def then_changed(hub, number, pin, device=b"", source=""):
            monkeypatch.setattr(type(village.hub), "unlock", unlock)
            signer = unlock(hub, number, pin, device, source)
            assert isinstance(hub.change_pin(number, PIN, "7391"), Receipt)
            return signer

        monkeypatch.setattr(type(village.hub), "unlock", then_changed)
        assert late.sign_in(village.account("Alice").short).status_code == 302
        assert "/signin" in late.get("/").text

    def test_a_new_key_by_a_keeper_ends_all_sign_ins_at_once(self, village, signed_in):
        alice = signed_in("Alice")
        done = village.hub.reset_pin(village.numbers["Alice"], "7391", village.signers["Kira"])
        assert isinstance(done, Receipt)
        assert "/signin" in alice.get("/").text

    def test_who_gets_a_new_pin_reads_for_a_month_who_gave_it(self, village, signed_in, phone):
        assert "was replaced" not in signed_in("Alice").get("/").text
        village.hub.reset_pin(village.numbers["Alice"], "7391", village.signers["Kira"])
        alice = phone()
        alice.sign_in(village.account("Alice").short, "7391")
        told = alice.get("/").text
        assert "Your PIN was replaced by Kira on" in told
        assert "tell another keeper" in told
        # Another PIN of one's own choice takes nothing of it away: who was given it could do that.
        alice.fill("/me/pin", "/me/pin", pin="7391", new="8642", new2="8642")
        assert "was replaced by Kira" in alice.get("/").text
        village.clock.advance(31 * DAY_MS)
        late = phone()
        late.sign_in(village.account("Alice").short, "8642")
        assert "was replaced" not in late.get("/").text

    def test_a_double_tap_changes_it_once_and_says_so_twice(self, village, signed_in):
        alice = signed_in("Alice")
        page = alice.get("/me/pin")
        for _tap in range(2):
            done = alice.fill(page, "/me/pin", pin=PIN, new="7391", new2="7391", follow=True)
            assert "Your PIN has been changed" in done.text

    def test_a_wrong_old_one_changes_nothing(self, village, signed_in, phone):
        page = signed_in("Alice").fill("/me/pin", "/me/pin", pin="1357", new="7391", new2="7391")
        assert page.status_code == 422
        assert phone().sign_in(village.account("Alice").short).status_code == 302


class TestLanguage:
    def test_the_browser_chooses_until_the_person_does(self, phone):
        maria = phone()
        spanish = {"headers": {"Accept-Language": "es-MX,es;q=0.9"}}
        assert 'lang="es"' in maria.get("/", **spanish).text
        assert maria.get("/language/en?back=/join").location == "/join"
        assert 'html lang="en"' in maria.get("/", **spanish).text

    def test_it_leads_nowhere_else(self, phone):
        assert phone().get("/language/es?back=https://evil.example").location == "/"

    def test_it_outlives_signing_in_and_leaving(self, village, phone):
        alice = phone()
        alice.get("/language/es")
        alice.sign_in(village.account("Alice").short)
        assert 'html lang="es"' in alice.get("/").text
        alice.fill("/", "/leave")
        assert 'html lang="es"' in alice.get("/").text


def test_the_keepers_are_named(phone):
    assert "Kira" in phone(OWN_SCREEN).get("/keepers").text
