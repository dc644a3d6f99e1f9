"""Paying several at once and asking several, on the portal's pages."""

import re

import pytest

from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.shares import AcceptShare, AskSplit
from appliance.ledger.money.splits import PaySplit
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import AgreeGrant, AskGrant, EndGrant
from appliance.ledger.people.life import Away, Freeze
from appliance.ledger.people.members import Approve
from appliance.ledger.values import MAX_AMOUNT, Amount
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN

PAY, ASK = "/pay/several", "/ask/several"
WOOD = {"who1": "Bob", "amount1": "1", "who2": "Dina", "amount2": "0.5"}


def plain(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).replace("\xa0", " ").split())


def check(browser, path=PAY, **typed):
    return browser.fill(path, path.partition("?")[0], do="check", **typed)


def asked(village, **amounts):
    n = village.numbers
    parts = tuple((n[name], amount) for name, amount in (amounts or {"Bob": 100, "Dina": 50}).items())
    return village.do("Alice", AskSplit(n["Alice"], parts, "events", "the feast"))


class TestPaying:
    def test_from_the_rows_to_the_receipt(self, village, signed_in):
        alice = signed_in("Alice")
        page = check(alice, **WOOD, note="the wood")
        assert "You pay 2 people 1.50 h" in plain(page)
        assert "After that you can still give 10.50 h" in plain(page)
        receipt = alice.fill(page, "/send", pin=PIN, follow=True)
        assert "You have paid" in receipt.text
        assert (village.balance("Bob"), village.balance("Dina")) == (100, 50)
        got = signed_in("Bob").get(receipt.request.path)
        assert "You have been paid 1.00 h" in plain(got)
        assert "Your part of 1.50 h" in plain(got)
        assert signed_in("Chandra").get(receipt.request.path).status_code == 404

    def test_sent_twice_it_is_paid_once(self, village, signed_in):
        alice = signed_in("Alice")
        page = check(alice, **WOOD)
        first = alice.fill(page, "/send", pin=PIN)
        second = alice.fill(page, "/send", pin=PIN)
        assert first.location == second.location
        assert village.balance("Alice") == -150

    def test_the_same_again_is_asked(self, village, signed_in):
        alice = signed_in("Alice")
        alice.fill(check(alice, **WOOD), "/send", pin=PIN)
        page = alice.fill(check(alice, **WOOD), "/send", pin=PIN)
        assert page.status_code == 422
        assert "You have just paid the same people the same" in page.text
        assert village.balance("Alice") == -150
        alice.fill(page, "/send", pin=PIN, follow=True)
        assert village.balance("Alice") == -300

    def test_a_wrong_pin_keeps_what_was_typed(self, village, signed_in):
        alice = signed_in("Alice")
        page = alice.fill(check(alice, **WOOD), "/send", pin="8642")
        assert page.status_code == 422
        assert "The PIN is not right" in page.text
        assert "You have paid" in alice.fill(page, "/send", pin=PIN, follow=True).text
        assert village.balance("Alice") == -150

    def test_one_sum_is_divided_and_the_rest_goes_to_the_first(self, village, signed_in):
        alice = signed_in("Alice")
        page = check(alice, who1="Bob", who2="Chandra", who3="Dina", whole="1")
        alice.fill(page, "/send", pin=PIN)
        assert [village.balance(name) for name in ("Bob", "Chandra", "Dina")] == [34, 33, 33]

    def test_a_refusal_says_which_row_and_nothing_of_that_persons_room(self, village, signed_in):
        village.do("Kira", SetLimits(village.numbers["Dina"], -100, 42, "for the test"))
        alice = signed_in("Alice")
        page = alice.fill(check(alice, **WOOD), "/send", pin=PIN)
        assert page.status_code == 422
        assert "Row 2: This person cannot receive that much now" in page.text
        assert "0.42" not in page.text
        again = alice.fill(page, PAY, do="change")
        assert village.account("Dina").full in again.text

    def test_the_own_limit_with_its_numbers(self, signed_in):
        alice = signed_in("Alice")
        page = alice.fill(check(alice, who1="Bob", amount1="7", who2="Dina", amount2="6"), "/send", pin=PIN)
        assert "13.00 h is more than you can give now" in plain(page)

    def test_the_levy_is_said_before(self, village, signed_in):
        village.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly of May"))
        alice = signed_in("Alice")
        page = check(alice, **WOOD)
        assert "Of it goes to the commons 0.15 h" in plain(page)
        path = alice.fill(page, "/send", pin=PIN).location
        got = plain(signed_in("Bob").get(path))
        assert "Of it you got 0.90 h" in got
        assert "amount=0.90" in signed_in("Bob").get(path).text, "what is paid back is what was got"


class TestTheForm:
    def test_more_people_keep_what_was_typed(self, signed_in):
        alice = signed_in("Alice")
        page = alice.fill(PAY, PAY, do="more", **WOOD, note="wood")
        assert 'name="who8"' in page.text
        assert 'value="Dina"' in page.text
        assert 'value="wood"' in page.text
        for _n in range(5):
            page = alice.fill(page, PAY, do="more")
        assert 'name="who20"' in page.text
        assert 'name="who21"' not in page.text
        assert "More people" not in page.text

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({}, "Name 2 to 20 people"),
            ({"who1": "Bob", "amount1": "1"}, "Name 2 to 20 people"),
            ({**WOOD, "who2": "Zoe"}, "Row 2: Nobody here fits “Zoe”"),
            ({**WOOD, "who2": "999-1"}, "Row 2: Nobody here has this number"),
            ({**WOOD, "who2": "alice"}, "Row 2: This is your own account"),
            ({**WOOD, "who2": "bob"}, "Row 2: This person stands here twice"),
            ({**WOOD, "who2": ""}, "Row 2: Nobody here has this number"),
            ({**WOOD, "amount2": ""}, "Row 2: This is not an amount"),
            ({**WOOD, "amount2": "-1"}, "Row 2: Type the amount without a minus"),
            ({**WOOD, "amount2": "0"}, "Row 2: Type more than nothing"),
            ({**WOOD, "amount2": "one"}, "Row 2: This is not an amount"),
            ({**WOOD, "whole": "3"}, "not both"),
            ({"who1": "Bob", "who2": "Dina", "whole": "0.01"}, "too small to be divided"),
            ({"who1": "Bob", "who2": "Dina", "whole": "x"}, "This is not an amount"),
            ({**WOOD, "amount1": str(MAX_AMOUNT // 100)}, "at most"),
            ({**WOOD, "note": "x" * 141}, "at most 140"),
        ],
    )
    @pytest.mark.parametrize("path", [PAY, ASK])
    def test_what_is_wrong_is_said_and_what_was_typed_stays(self, village, signed_in, path, typed, said):
        page = check(signed_in("Alice"), path, **typed)
        assert page.status_code == 422
        assert said in plain(page)
        for text in typed.values():
            assert text in page.text
        assert village.balance("Alice") == 0

    def test_several_who_fit_are_a_choice(self, village, signed_in):
        village.do("Kira", Approve(village.join("Dina Gray")))
        alice = signed_in("Alice")
        page = check(alice, **WOOD)
        assert "Row 2: several people fit. Choose one." in page.text
        page = alice.fill(page, PAY, do="check", who2=village.account("Dina Gray").full)
        assert "Dina Gray" in page.text
        alice.fill(page, "/send", pin=PIN)
        assert village.balance("Dina Gray") == 50

    def test_anything_may_be_sent_to_it(self, village, signed_in):
        alice = signed_in("Alice")
        token = alice.get(PAY).text.split('name="csrf_token" value="')[1].split('"')[0]
        for path in (PAY, ASK, f"{PAY}/send", f"{ASK}/send"):
            for typed in ({}, {"who1": "\0", "amount1": "٣"}, {"who99": "Bob"}, {"whole": "9" * 400}):
                data = {"csrf_token": token, "key": "00" * 16, **typed}
                assert alice.post(path, data).status_code in (400, 422)
        assert alice.get(f"{PAY}/send").location == PAY
        assert village.balance("Alice") == 0

    def test_it_is_found_from_pay_and_ask(self, signed_in):
        alice = signed_in("Alice")
        assert f'href="{PAY}"' in alice.get("/pay").text
        assert f'href="{ASK}"' in alice.get("/ask").text

    def test_strangers_and_newcomers_see_none_of_it(self, village, phone):
        assert "/signin" in phone().get(PAY).location
        village.join("Emeka")
        emeka = phone()
        emeka.sign_in(village.account("Emeka").short)
        assert emeka.get(ASK).status_code == 302


class TestAsking:
    def test_one_part_is_my_own(self, village, signed_in):
        alice = signed_in("Alice")
        page = check(alice, ASK, who1="Bob", who2="Dina", whole="10", mine="1")
        assert "You ask 2 people 6.67 h" in plain(page)
        assert "Your own part, which nobody pays 3.33 h" in plain(page)
        changed = alice.fill(page, ASK, do="change")
        assert 'value="1" checked' in changed.text
        shown = alice.fill(page, "/send", follow=True)
        assert "0 of 2 have agreed" in shown.text
        with village.hub.reading() as tx:
            rows = tx.select("SELECT amount FROM share ORDER BY account")
        assert rows == [(334,), (333,)]

    def test_who_agrees_twice_or_on_two_phones_is_on_the_same_page(self, village, signed_in):
        path = f"/t/{asked(village).record.hex()}"
        first, second = signed_in("Bob"), signed_in("Bob")
        pages = [first.get(path), second.get(path)]
        for browser, page in zip((first, second), pages, strict=True):
            assert "You have agreed" in browser.fill(page, "/agree", pin=PIN, follow=True).text
        assert village.balance("Bob") == 0

    def test_a_yes_needs_the_pin_and_a_no_does_not_after_signing_in(self, village, signed_in):
        path = f"/t/{asked(village).record.hex()}"
        bob = signed_in("Bob")
        page = bob.fill(path, "/agree")
        assert page.status_code == 422
        assert "Please type your PIN" in page.text
        page = bob.fill(path, "/no", phrase="talk_first", follow=True)
        assert "You have said no" in page.text
        assert "Let us talk about it first" in page.text
        home = signed_in("Alice").get("/")
        assert "Bob said no: how shall it go on?" in home.text
        assert "You asked 2 people for" not in home.text, "one thing once"

    def test_taken_all_back_it_is_over_for_everybody(self, village, signed_in):
        path = f"/t/{asked(village).record.hex()}"
        bob = signed_in("Bob")
        bob.fill(path, "/agree", pin=PIN)
        page = bob.get(path)
        signed_in("Alice").fill(path, "/end")
        late = bob.fill(page, "/back", follow=True)
        assert "Taken back: nothing was paid" in late.text
        assert "Kept aside" not in bob.get("/").text

    def test_what_stops_the_last_yes_is_said(self, village, signed_in):
        n, split = village.numbers, asked(village)
        village.do("Bob", AcceptShare(split.record, n["Bob"], n["Alice"], Amount(100)))
        village.do("Kira", Freeze(n["Bob"], "a quarrel"))
        dina = signed_in("Dina")
        page = dina.fill(f"/t/{split.record.hex()}", "/agree", pin=PIN)
        assert page.status_code == 422
        assert "Bob has agreed, but cannot pay just now" in page.text

    def test_who_has_no_part_can_do_nothing_with_it(self, village, signed_in):
        record = asked(village).record.hex()
        bob, chandra = signed_in("Bob"), signed_in("Chandra")
        page = bob.get(f"/t/{record}")
        token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
        data = {"csrf_token": token, "key": "00" * 16, "who": "4", "amount": "100"}
        for what in ("agree", "no", "back", "without", "end"):
            assert chandra.post(f"/t/{record}/share/{what}", data).status_code in (400, 404)
            assert bob.post(f"/t/{record}/share/{what}", data).status_code == 422
            for bad in ({"who": "x"}, {"who": "9" * 40}, {"amount": "-1"}):
                if what in ("agree", "without"):
                    answer = bob.post(f"/t/{record}/share/{what}", {**data, **bad})
                    assert answer.status_code in (400, 422)
            assert bob.get(f"/t/{record}/share/{what}").location == f"/t/{record}"
        paid = village.pay("Alice", "Bob", 10).record.hex()
        assert bob.post(f"/t/{paid}/share/agree", data).status_code == 404
        assert bob.get(f"/t/{record}/share/dance").status_code == 404

    def test_a_keeper_sees_all_of_it_at_the_own_screen_only(self, village, signed_in):
        record = asked(village).record.hex()
        assert signed_in("Kira").get(f"/t/{record}").status_code == 404
        page = signed_in("Kira", OWN_SCREEN).get(f"/t/{record}")
        assert "Not everybody has agreed yet" in page.text
        assert "Agree to pay" not in page.text

    def test_who_is_away_is_asked_all_the_same(self, village, signed_in):
        village.do("Bob", Away(village.numbers["Bob"]))
        asked(village)
        assert "Alice asks you for your part" in signed_in("Bob").get("/").text


class TestForOthers:
    def test_a_helper_pays_several_from_the_account_of_whom_she_helps(self, village, signed_in):
        n = village.numbers
        village.do("Dina", AskGrant(n["Dina"], n["Chandra"]))
        village.do("Chandra", AgreeGrant(n["Dina"], "helper"))
        chandra = signed_in("Chandra")
        page = check(
            chandra, f"{PAY}?acting={n['Dina']}", who1="Bob", amount1="1", who2="Chandra", amount2="0.5"
        )
        assert "From the account of Dina. You act as helper." in page.text
        assert "After that this account can still give 10.50 h" in plain(page)
        receipt = chandra.fill(page, "/send", pin=PIN, follow=True)
        assert [village.balance(name) for name in ("Bob", "Chandra", "Dina")] == [100, 50, -150]
        assert "Chandra, for Dina" in plain(receipt)
        assert "Chandra, for Dina" in plain(signed_in("Dina").get(receipt.request.path))

    def test_a_helper_answers_for_whom_she_helps(self, village, signed_in):
        n = village.numbers
        village.do("Dina", AskGrant(n["Dina"], n["Chandra"]))
        village.do("Chandra", AgreeGrant(n["Dina"], "helper"))
        path = f"/t/{asked(village).record.hex()}"
        chandra = signed_in("Chandra")
        assert "Alice asks Dina for a part" in chandra.get("/").text
        page = chandra.get(path)
        assert "The part of Dina" in plain(page)
        chandra.fill(page, "/agree", pin=PIN)
        village.do("Dina", EndGrant(n["Dina"], n["Chandra"]))
        assert chandra.get(path).status_code == 404
        assert "by Chandra" in plain(signed_in("Alice").get(path))
        assert chandra.get(f"{PAY}?acting={n['Dina']}").status_code == 422


class TestWhereElseItIsTold:
    def test_contesting_and_the_keepers_pages_say_how_many(self, village, signed_in):
        n = village.numbers
        parts = ((n["Bob"], Amount(10)), (n["Dina"], Amount(20)))
        paid = village.do("Alice", PaySplit(n["Alice"], parts)).record
        bob, kira = signed_in("Bob"), signed_in("Kira", OWN_SCREEN)
        page = bob.get(f"/t/{paid.hex()}/wrong")
        assert "from Alice to 2 people" in plain(page)
        assert "All who have a part and the keepers read this" in page.text
        bob.fill(page, "/wrong", words="it was more")
        assert "Bob says that something is wrong" in signed_in("Dina").get("/").text
        asked(village)
        found = plain(kira.get("/desk/payments"))
        assert "Alice to 2 people" in found
        assert "2 people to Alice" in found
        kira.fill(f"/t/{paid.hex()}/end", "/end", words="they have talked")
        undo = kira.get(f"/t/{paid.hex()}/undo")
        assert "goes back to Alice 2-0 from all who got it: Bob 0.10 h, Dina 0.20 h" in plain(undo)
        kira.fill(undo, "/undo", reason="no wood", pin=PIN)
        log = plain(kira.get("/desk/log"))
        assert "Kira gave back 0.30 h from 2 people to Alice." in log
        assert "Kira wrote down how it ended that 0.30 h from Alice to 2 people was contested." in log
        back = bob.get(f"/t/{paid.hex()}")
        assert "Paid, and cancelled by the keeper Kira" in plain(back)
        assert village.balance("Bob") == 0
