"""The sheet at home, and the lost phone, as people meet them."""

import re

import pytest

from appliance.ledger.book.local import Device
from appliance.ledger.errors import Code
from appliance.ledger.people import pins
from appliance.ledger.people.sheets import AllowReentry
from appliance.ledger.values import RecordId
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, forms

NEW = "7391"


def make_sheet(browser):
    """The letters on a new sheet, and the address in its code."""
    page = browser.fill("/me/sheet", "/me/sheet", pin=PIN)
    assert page.status_code == 200, page.text
    letters = re.findall(r'<p class="code">([A-Z2-7 ]+)</p>', page.text)
    address = re.search(r'<p class="address">(\S+)</p>', page.text)
    assert [len(line) for line in letters] == [14, 9, 9], page.text
    assert address
    return " ".join(letters), address[1]


def ask(browser, number, letters):
    page = browser.fill("/again", "/again", number=number, letters=letters)
    assert "The sheet is right" in page.text, page.text
    return browser.fill(page, "/again/ask")


class TestSheet:
    def test_alice_forgets_her_pin_and_a_keeper_sees_her(self, village, phone, signed_in):
        letters, address = make_sheet(signed_in("Alice"))
        other = phone()
        number = village.account("Alice").short
        assert "Go to a keeper with this sheet" in ask(other, number, letters).text

        kira = signed_in("Kira", OWN_SCREEN)
        assert "1 person asks for a new PIN with the sheet" in kira.get("/desk").text
        said = kira.fill("/desk/sheets", "/allow", pin=PIN, follow=True)
        assert "can choose a new PIN now" in said.text
        assert "Nobody asks" in said.text

        path = address.partition("//")[2].partition("/")[2]
        page = other.fill(f"/{path}", "/again")  # the code on the sheet fills the form in
        done = other.fill(page, "/again/pin", new=NEW, new2=NEW)
        assert "You have a new PIN" in done.text
        assert phone().sign_in(number, NEW).status_code == 302
        assert phone().sign_in(number, PIN).status_code == 422
        assert "Kira let Alice choose a new PIN" in kira.get("/desk/log").text
        alice = phone()
        alice.sign_in(number, NEW)
        assert "Kira let Alice choose a new PIN" in alice.get("/me/acts").text

    def test_all_sign_ins_of_before_end_with_the_new_pin(self, village, phone, signed_in):
        thief = signed_in("Alice")
        letters, _ = make_sheet(signed_in("Alice"))
        asked = ask(phone(), village.account("Alice").short, letters)
        with village.hub.reading() as tx:
            ((record,),) = tx.select("SELECT id FROM reentry")
        village.do("Kira", AllowReentry(RecordId(bytes(record)), village.numbers["Alice"]))
        other = phone()
        state = other.fill("/again", "/again", number=village.account("Alice").short, letters=letters)
        other.fill(state, "/again/pin", new=NEW, new2=NEW)
        assert thief.get("/me").status_code == 302
        assert asked.status_code == 200

    def test_the_member_reads_of_it_and_stops_it(self, village, phone, signed_in):
        alice = signed_in("Alice")
        letters, _ = make_sheet(alice)
        number = village.account("Alice").short
        ask(phone(), number, letters)
        assert "Somebody has asked, with your sheet" in alice.get("/").text
        stopped = alice.fill("/me/sheet", "/stop", follow=True)
        assert "The sheet opens nothing any more" in stopped.text
        assert "Somebody has asked" not in alice.get("/").text
        assert (
            "do not belong together" in phone().fill("/again", "/again", number=number, letters=letters).text
        )

    def test_nobody_sees_whether_a_number_is_somebodys(self, village, phone, signed_in):
        letters, _ = make_sheet(signed_in("Alice"))
        answers = [
            phone().fill("/again", "/again", number=number, letters=letters).text
            for number in (village.account("Bob").short, "99-4")
        ]
        for text in answers:
            assert "Bob" not in text
        assert "do not belong together" in answers[0]

    @pytest.mark.parametrize(
        ("number", "letters"), [("", ""), ("2-4", "AAAA"), ("x", "y" * 500), ("102-0002-1", "AAAA")]
    )
    def test_what_is_no_sheet_gets_an_answer(self, phone, number, letters):
        page = phone().fill("/again", "/again", number=number, letters=letters)
        assert page.status_code == 422
        for to in ("/again/ask", "/again/pin"):
            data = {"number": number, "letters": letters, "key": "00" * 16}
            assert phone().post(to, data).status_code in (400, 422)

    def test_two_pins_that_differ_or_are_weak_change_nothing(self, village, phone, signed_in):
        letters, _ = make_sheet(signed_in("Alice"))
        number = village.account("Alice").short
        other = phone()
        ask(other, number, letters)
        signed_in("Kira", OWN_SCREEN).fill("/desk/sheets", "/allow", pin=PIN)
        state = other.fill("/again", "/again", number=number, letters=letters)
        differ = other.fill(state, "/again/pin", new=NEW, new2="7392")
        assert "not the same" in differ.text
        weak = other.fill(differ, "/again/pin", new="1234", new2="1234")
        assert weak.status_code == 422
        assert phone().sign_in(number, PIN).status_code == 302
        assert "You have a new PIN" in other.fill(weak, "/again/pin", new=NEW, new2=NEW).text

    def test_before_anybody_said_yes_no_pin_is_taken(self, village, phone, signed_in):
        letters, _ = make_sheet(signed_in("Alice"))
        number = village.account("Alice").short
        other = phone()
        page = ask(other, number, letters)
        token = forms(page)[0].fields["csrf_token"]
        data = {"csrf_token": token, "number": number, "letters": letters, "new": NEW, "new2": NEW}
        answer = other.post("/again/pin", data)
        assert answer.status_code == 422
        assert "Not yet" in answer.text
        assert phone().sign_in(number, PIN).status_code == 302

    def test_a_sheet_is_made_with_the_pin_only(self, signed_in):
        alice = signed_in("Alice")
        for pin in ("", "9999"):
            page = alice.fill("/me/sheet", "/me/sheet", pin=pin)
            assert page.status_code == 422
            assert "You have no sheet yet" in page.text

    def test_members_do_not_answer_for_keepers(self, village, phone, signed_in):
        letters, _ = make_sheet(signed_in("Alice"))
        ask(phone(), village.account("Alice").short, letters)
        assert signed_in("Bob", OWN_SCREEN).get("/desk/sheets").status_code == 403
        assert signed_in("Kira").get("/desk/sheets").status_code == 403


class TestLostPhone:
    def test_alice_signs_out_the_phone_that_is_gone(self, signed_in):
        gone, other = signed_in("Alice"), signed_in("Alice")
        page = other.fill("/me/lost", "/me/lost", pin=PIN)
        assert "every other phone is signed out" in page.text
        assert gone.get("/me").status_code == 302
        assert other.get("/me").status_code == 200

    def test_who_found_a_phone_signs_nobody_out_with_it(self, village, signed_in):
        """Nor does it make a stranger of Alice's own phone, which would wait then for each wrong PIN of his."""
        own, found = signed_in("Alice"), signed_in("Alice")
        for pin in ("", "1357"):
            assert found.fill("/me/lost", "/me/lost", pin=pin).status_code == 422
        assert own.get("/me").status_code == 200
        with village.hub.reading() as tx:
            assert (
                len([row for row in tx.rows(Device.select()) if row.member == village.numbers["Alice"]]) == 2
            )

    def test_one_tap_contests_a_payment_that_was_not_hers(self, village, signed_in):
        paid = village.pay("Alice", "Bob", 150, note="for eggs")
        village.pay("Bob", "Alice", 20)
        alice = signed_in("Alice")
        page = alice.get("/me/lost")
        assert page.text.count("This was not me") == 1, "what came in is not among them"
        done = alice.fill(page, paid.record.hex(), follow=True)
        assert "You have said that something is wrong" in done.text
        kira = signed_in("Kira", OWN_SCREEN)
        assert "My phone was lost" in kira.get("/desk/disputes").text

    def test_a_record_that_is_none_of_hers_is_refused(self, village, signed_in):
        paid = village.pay("Bob", "Chandra", 150)
        mine = village.pay("Alice", "Bob", 10)
        alice = signed_in("Alice")
        page = alice.get("/me/lost")
        token = forms(page)[0].fields["csrf_token"]
        for record in (paid.record.hex(), "zz", "00"):
            assert alice.post(f"/me/lost/{record}", {"csrf_token": token}).status_code == 422
        assert mine.record.hex() in page.text

    def test_wrong_pins_stay_counted_though_all_other_phones_are_signed_out(self, village, signed_in):
        """Else whoever has found a phone that is signed in types three PINs, taps it, and types three more."""
        thief, number = signed_in("Alice"), village.numbers["Alice"]

        def tried() -> str:
            page = thief.fill("/me/pin", "/me/pin", pin="1357", new=NEW, new2=NEW)
            assert page.status_code == 422
            return page.text

        for _turn in range(pins.FREE_TRIES):
            tried()
        assert "Too many wrong PINs" in tried()
        assert thief.fill("/me/lost", "/me/lost").status_code == 422
        assert "Too many wrong PINs" in tried()
        kira = signed_in("Kira", OWN_SCREEN)
        kira.fill(f"/desk/people/{number}", "/sign-out", follow=True)
        said = village.hub.unlock(number, "1357", b"", "10.0.0.66")
        assert (said.code, said.numbers["tries_left"]) == (Code.PIN_WRONG, pins.FREE_TRIES - 1)
        kira.fill(f"/desk/people/{number}", "/sign-out", follow=True)
        said = village.hub.unlock(number, "1357", b"", "10.0.0.66")
        assert said.numbers["tries_left"] == pins.FREE_TRIES - 2

    def test_a_keeper_does_it_for_who_has_no_other_phone(self, village, signed_in):
        gone, kira = signed_in("Alice"), signed_in("Kira", OWN_SCREEN)
        page = kira.fill(f"/desk/people/{village.numbers['Alice']}", "/sign-out", follow=True)
        assert "All sign-ins of this person have ended" in page.text
        assert gone.get("/me").status_code == 302
