"""Stories of payments with which something is not right, as people see them."""

import re

import pytest

from appliance.ledger.clock import Quality
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.requests import DAY_MS
from appliance.ledger.money.undo import AskBack
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.tend import tend
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024


def receipt(paid) -> str:
    return f"/t/{paid.record.hex()}"


def test_alice_asks_back_and_bob_gives_it_back_with_one_tap(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 200, note="for the roof")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    page = alice.get(f"{receipt(paid)}/ask-back")
    assert "Bob" in page.text
    assert len(page.data) < SMALL
    assert alice.fill(page, "/ask-back", words=" ", pin=PIN).status_code == 422
    done = alice.fill(page, "/ask-back", follow=True, words="meant for Chandra", pin=PIN)
    assert "Alice asks for it back" in done.text
    home = bob.get("/").text
    assert "Waits for you" in home
    assert "meant for Chandra" in home
    undo = bob.fill(f"{receipt(paid)}/undo", "/undo", follow=True, pin=PIN)
    assert "Given back" in undo.text
    assert village.balance("Alice") == 0
    assert "it was given back" in alice.get(receipt(paid)).text


def test_bob_answers_that_it_was_right(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 200)
    village.do("Alice", AskBack(paid.record, "meant for Chandra"))
    bob = signed_in("Bob")
    for _tap in range(2):
        kept = bob.fill(receipt(paid), "/keep", follow=True, pin=PIN)
        if kept.status_code == 422:
            break
        assert "the answer: it was right" in kept.text
        break
    assert "asks for it back" not in bob.get("/").text
    alice = signed_in("Alice")
    assert "ask-back" not in alice.get(receipt(paid)).text
    assert alice.get(f"{receipt(paid)}/ask-back").status_code == 302
    assert "/wrong" in alice.get(receipt(paid)).text


def test_a_dispute_from_its_beginning_to_its_end(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 200)
    alice = signed_in("Alice")
    form = alice.get(f"{receipt(paid)}/wrong")
    done = alice.fill(form, "/wrong", follow=True, words="the bread never came", pin=PIN)
    assert "The keepers have until" in done.text
    assert "You said that something is wrong" in done.text
    bob = signed_in("Bob")
    assert "Alice says that something is wrong" in bob.get("/").text
    kira = signed_in("Kira", OWN_SCREEN)
    assert "You said that something is wrong" in alice.get("/").text
    assert "1 payment is contested" in kira.get("/desk").text
    assert "the bread never came" in kira.get("/desk/disputes").text
    assert 'href="/desk/disputes"' in kira.get(receipt(paid)).text
    end = kira.get(f"{receipt(paid)}/end")
    assert "Give it back instead" in end.text
    ended = kira.fill(end, "/end", follow=True, words="Bob brings it on Friday", pin=PIN)
    assert "Bob brings it on Friday" in ended.text
    assert "Nobody contests" in kira.get("/desk/disputes").text
    for browser in (alice, bob):
        assert "Bob brings it on Friday" in browser.get(receipt(paid)).text
        assert "something is wrong" not in browser.get("/").text
    assert "Bob brings it on Friday" in kira.get("/desk/log").text
    assert "Bob brings it on Friday" in alice.get("/me/acts").text


def test_all_is_well_with_one_tap(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 200)
    village.do("Alice", Dispute(paid.record, "the bread never came"))
    alice = signed_in("Alice")
    done = alice.fill(receipt(paid), "/well", follow=True, pin=PIN)
    assert "then all was well" in done.text


def test_who_has_no_part_in_it_reads_nothing_and_ends_nothing(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 200)
    village.do("Alice", Dispute(paid.record, "a secret"))
    dina = signed_in("Dina")
    for path in ("", "/ask-back", "/wrong", "/end"):
        assert dina.get(receipt(paid) + path).status_code == 404
    away = signed_in("Kira")
    assert away.get(f"{receipt(paid)}/end").status_code in {302, 404}
    assert away.get("/desk/disputes").status_code == 403
    token = away.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "key": "00" * 16, "words": "I decide", "pin": PIN}
    assert away.post(f"{receipt(paid)}/end", data).status_code in {403, 404}


def test_what_was_undone_is_one_line(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 200)
    village.pay("Alice", "Chandra", 50)
    from appliance.ledger.money.reversals import Reverse

    village.do("Bob", Reverse(paid.record))
    for name, sign in (("Alice", "−"), ("Bob", "+")):
        browser = signed_in(name)
        for path in ("/", "/statement"):
            text = browser.get(path).text
            assert len(re.findall(r"<s>", text)) == 1
            assert re.search(rf"<s>\{sign}2.00", text)
            assert "cancelled" in text


def test_a_request_says_until_when_it_waits_and_then_that_it_has_lapsed(village, signed_in) -> None:
    asked = village.request("Chandra", "Alice", 75, note="mending")
    code = str(asked.outcome["code"])
    alice, chandra = signed_in("Alice"), signed_in("Chandra")
    assert "It waits for 14 more days" in alice.get(f"/R/{code}").text
    assert "ends in" not in alice.get("/").text
    village.clock.advance(12 * DAY_MS)
    for browser in (alice, chandra):
        assert "ends in 2 days" in browser.get("/").text
    village.clock.advance(3 * DAY_MS)
    village.clock.set(village.clock.now().ms, Quality.FLOOR)
    tend(village.hub)
    assert "the clock of this hub is not set" in alice.get(f"/R/{code}").text
    kira = signed_in("Kira", OWN_SCREEN)
    assert "The clock of this hub is doubtful" in kira.get("/desk").text
    village.clock.set(village.clock.now().ms, Quality.KEEPER)
    tend(village.hub)
    for browser in (alice, chandra):
        assert "it has lapsed" in browser.get("/").text
        assert "Nobody answered in time" in browser.get(receipt(asked)).text


def test_a_request_for_everybody_that_has_lapsed_says_so_to_who_scans_it(village, signed_in) -> None:
    asked = village.request("Chandra", None, 75)
    village.clock.advance(15 * DAY_MS)
    tend(village.hub)
    assert "in time: it is over" in signed_in("Bob").get(f"/R/{asked.outcome['code']}").text


def test_alice_says_no_with_a_kind_word(village, signed_in) -> None:
    asked = village.request("Chandra", "Alice", 75)
    alice = signed_in("Alice")
    done = alice.fill(f"/R/{asked.outcome['code']}", "/decline", follow=True, phrase="talk_first", pin=PIN)
    assert "Declined" in done.text
    assert "Let us talk about it first" in signed_in("Chandra").get(receipt(asked)).text


def test_kira_switches_the_levy_on_and_everybody_sees_what_it_does(village, signed_in) -> None:
    kira, alice, bob = signed_in("Kira", OWN_SCREEN), signed_in("Alice"), signed_in("Bob")
    form = kira.get("/desk/rules/levy")
    assert kira.fill(form, "/levy", levy_rate="51", reason="too much", pin=PIN).status_code == 422
    done = kira.fill(form, "/levy", follow=True, levy_rate="2.5", reason="assembly of May", pin=PIN)
    assert "keeps 2.5" in done.text
    assert "the commons keeps 2.5" in kira.get("/desk/log").text
    number = village.account("Bob").compact
    check = alice.fill(f"/P/{number}", "/pay/check", amount="2")
    assert "Bob gets 1.95" in check.text.replace("\u00a0", " ")
    paid = alice.fill(check, "/pay/send", follow=True, pin=PIN)
    assert "Of it went to the commons" in paid.text
    assert "+1.95" in bob.get("/").text
    assert (
        "Bob gets" not in alice.fill(f"/P/{village.account('Bob').compact}", "/pay/check", amount="0.30").text
    )
    village.do("Kira", ChangeRules("credit", {"levy_rate": 0}, "assembly of June"))
    assert "Bob gets" not in alice.fill(f"/P/{number}", "/pay/check", amount="2").text


@pytest.mark.parametrize(
    ("typed", "status"), [("0", 302), ("30", 302), ("0,5", 422), ("-1", 422), ("x", 422)]
)
def test_the_days_that_things_wait_are_whole_numbers(village, signed_in, typed: str, status: int) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    sent = kira.fill("/desk/rules/times", "/times", request_days=typed, reason="so decided", pin=PIN)
    assert sent.status_code == (422 if typed == "0" else status)


def test_a_keeper_notes_what_emma_says_who_has_no_phone(village, signed_in) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    kira.fill("/desk/people/new", "/desk/people/new", name="Emma", group="person", reason="no phone", pin=PIN)
    village.numbers["Emma"] = max(village.numbers.values()) + 1
    paid = village.pay("Alice", "Emma", 200)
    page = kira.get(f"{receipt(paid)}/on-word")
    assert len(page.data) < SMALL
    assert kira.fill(page, "/on-word", words=" ", pin=PIN).status_code == 422
    done = kira.fill(page, "/on-word", follow=True, words="it was four hours", pin=PIN)
    assert "Noted by the keeper Kira for Emma" in done.text
    assert "Emma says that something is wrong" in signed_in("Alice").get("/").text
    assert "noted for Emma" in kira.get("/desk/log").text
    assert signed_in("Kira").get(f"{receipt(paid)}/on-word").status_code in (302, 404)
    assert kira.post(f"{receipt(paid)}/on-word", {"member": "x"}).status_code == 400
