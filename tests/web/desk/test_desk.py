"""Stories of the keeper's desk."""

import pytest

from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.errors import Refusal
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.members import Approve
from appliance.ledger.reads import desk as reads
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, forms

SMALL = 30 * 1024
PAGES = [
    "/desk",
    "/desk/people",
    "/desk/people/2",
    "/desk/log",
    "/desk/rules",
    "/desk/rules/credit",
    "/desk/rules/care",
]


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def line(village, name: str):
    with village.hub.reading() as tx:
        return reads.account_line(tx, village.numbers[name])


def test_a_keeper_takes_the_place_of_a_member_at_the_hubs_own_screen(village, signed_in) -> None:
    screen = signed_in("Alice", OWN_SCREEN)
    signin = screen.fill(screen.get("/desk"), "/leave", follow=True)
    assert signin.request.path == "/signin"
    entered = screen.fill(signin, "/signin", number=village.account("Kira").short, pin=PIN)
    assert entered.location == "/desk"


@pytest.mark.parametrize("path", PAGES)
def test_the_desk_opens_for_a_keeper_at_the_hubs_own_screen_alone(signed_in, phone, kira, path: str) -> None:
    page = kira.get(path)
    assert page.status_code == 200
    assert len(page.data) < SMALL
    far = signed_in("Kira").get(path)
    assert far.status_code == 403
    assert "own screen" in far.text
    alice = signed_in("Alice", OWN_SCREEN).get(path)
    assert alice.status_code == 403
    assert "Only keepers" in alice.text
    assert "/signin" in phone(OWN_SCREEN).get(path).location
    passed_on = kira.get(path, headers={"X-Forwarded-For": "127.0.0.1"})
    assert passed_on.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/desk/people/2/approve",
        "/desk/people/2/limits",
        "/desk/people/2/pin",
        "/desk/rules/care",
    ],
)
def test_nor_can_anything_be_sent_to_it_from_elsewhere(signed_in, path: str) -> None:
    for browser in (signed_in("Kira"), signed_in("Alice", OWN_SCREEN)):
        token = browser.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
        assert browser.post(path, {"csrf_token": token, "pin": PIN, "key": "00" * 16}).status_code == 403


def test_kira_lets_emil_in_once(village, kira) -> None:
    village.join("Emil")
    assert "1 person wants to join" in kira.get("/desk").text
    assert "waits to be let in" in kira.get("/desk/people").text
    page = kira.get(f"/desk/people/{village.numbers['Emil']}")
    for _tap in range(2):
        done = kira.fill(page, "/approve", follow=True)
        assert "Emil is in now" in done.text
    assert line(village, "Emil").balance == 0
    assert "wants to join" not in kira.get("/desk").text


def test_whom_another_keeper_let_in_is_not_let_in_again(village, kira) -> None:
    emil = village.join("Emil")
    page = kira.get(f"/desk/people/{emil}")
    village.do("Kira", Approve(emil))
    refused = kira.fill(page, "/approve")
    assert refused.status_code == 422
    assert "not waiting to be let in" in refused.text


def test_kira_turns_emil_away_with_a_reason(village, kira) -> None:
    emil = village.join("Emil")
    page = kira.get(f"/desk/people/{emil}")
    assert kira.fill(page, "/turn-away", reason=" ").status_code == 422
    assert "was not let in" in kira.fill(page, "/turn-away", follow=True, reason="nobody knows him").text
    assert "nobody knows him" in kira.get("/desk/log").text
    assert "Emil" not in kira.get("/desk/people").text


def test_people_are_found_by_name_and_number(village, kira) -> None:
    assert "Chandra" in kira.get("/desk/people?q=chan").text
    for typed in (village.account("Bob").short, village.account("Bob").full, str(village.numbers["Bob"])):
        page = kira.get("/desk/people", query_string={"q": typed})
        assert "Bob" in page.text
        assert "Alice" not in page.text
    assert "Nobody fits" in kira.get("/desk/people?q=zoe").text
    assert kira.get("/desk/people/99").status_code == 404


@pytest.mark.parametrize("number", ["10000000000000000000000", "9" * 5000, "0"])
def test_a_number_that_nobody_has_is_a_plain_page(kira, number: str) -> None:
    token = kira.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "key": "00" * 16, "low": "1", "high": "1", "reason": "x", "pin": PIN}
    assert kira.get(f"/desk/people/{number}").status_code == 404
    for act in ("approve", "turn-away", "limits", "pin"):
        assert kira.post(f"/desk/people/{number}/{act}", data).status_code == 404
    for path in ("/desk/log?before=", "/desk/people?page=", "/statement?before="):
        assert kira.get(path + number).status_code == 200


def test_limits_need_a_reason_and_stand_in_the_log(village, kira) -> None:
    path = f"/desk/people/{village.numbers['Alice']}"
    again = kira.fill(path, "/limits", low="20", high="30", reason="")
    assert again.status_code == 422
    assert "must not be empty" in again.text
    assert kira.fill(path, "/limits", low="lots", high="30", reason="x").status_code == 422
    done = kira.fill(path, "/limits", follow=True, low="0", high="30", reason="she asked for it")
    assert "The limits are set" in done.text
    assert (line(village, "Alice").low, line(village, "Alice").high) == (0, 3000)
    log = kira.get("/desk/log").text
    assert "Kira set the limits of Alice: down to 0.00" in log
    assert "Because: she asked for it" in log


def test_bob_gets_a_new_pin_with_kira_beside_him(village, kira, signed_in, phone) -> None:
    bob_before = signed_in("Bob")
    path = f"/desk/people/{village.numbers['Bob']}"
    differ = kira.fill(path, "/pin", new="7391", new2="7392", pin=PIN)
    assert differ.status_code == 422
    assert "not the same" in differ.text
    weak = kira.fill(path, "/pin", new="1234", new2="1234", pin=PIN)
    assert "too easy" in weak.text
    wrong = kira.fill(path, "/pin", new="7391", new2="7391", pin="8642")
    assert wrong.status_code == 422
    assert "not right" in wrong.text
    done = kira.fill(path, "/pin", follow=True, new="7391", new2="7391", pin=PIN)
    assert "The new PIN counts" in done.text
    assert bob_before.get("/statement").status_code == 302
    bob = phone()
    assert bob.sign_in(village.account("Bob").short, PIN).status_code == 422
    assert bob.sign_in(village.account("Bob").short, "7391").status_code == 302
    assert not isinstance(village.hub.unlock(village.numbers["Bob"], "7391"), Refusal)
    assert "Kira gave Bob a new PIN" in kira.get("/desk/log").text


def test_a_keeper_without_the_pin_gives_nobody_a_new_one(village, kira) -> None:
    path = f"/desk/people/{village.numbers['Bob']}"
    answer = kira.fill(path, "/pin", new="7391", new2="7391", pin="")
    assert answer.status_code == 422
    assert isinstance(village.hub.unlock(village.numbers["Bob"], "7391"), Refusal)


def test_a_keeper_changes_the_own_pin_as_everybody_does(village, kira) -> None:
    path = f"/desk/people/{village.numbers['Kira']}"
    assert not any(form.action.endswith("/pin") for form in forms(kira.get(path)))


def test_rules_change_with_a_reason_and_are_read_in_words(village, kira) -> None:
    assert "2 other people must confirm it" in kira.get("/desk/rules").text
    again = kira.fill("/desk/rules/care", "/rules/care", quorum="0", reason="x")
    assert again.status_code == 422
    assert "cannot have that value" in again.text
    done = kira.fill(
        "/desk/rules/care", "", follow=True, quorum="3", rate_elder="1.5", reason="assembly of May"
    )
    assert "changed from now on" in done.text
    assert "3 other people must confirm it" in done.text
    assert village.hub.rules().care.rates["elder"] == 150
    assert village.hub.rules().care.rates["child"] == 100
    kira.fill("/desk/rules/credit", "/rules/credit", low="15", pin_above="2", reason="spring")
    assert (village.hub.rules().credit.low, village.hub.rules().credit.pin_above) == (-1500, 200)
    assert village.hub.rules().credit.high == 2400
    log = kira.get("/desk/log").text
    assert "3 others must confirm care" in log
    assert "a new member may go down to −15.00" in log
    assert "the PIN is asked again above 2.00" in log
    assert "Because: assembly of May" in log


def test_the_log_tells_only_the_rates_that_changed(village, kira) -> None:
    kira.fill("/desk/rules/care", "/rules/care", rate_elder="1.5", reason="assembly")
    log = kira.get("/desk/log").text
    assert "old person is paid 1.50" in log
    assert "household is paid" not in log
    kira.fill("/desk/rules/care", "/rules/care", rate_child="2", reason="again")
    assert kira.get("/desk/log").text.count("old person is paid") == 1


def test_rules_that_stay_the_same_are_no_act(village, kira) -> None:
    before = village.hub.head().number
    assert (
        "Nothing was different"
        in kira.fill("/desk/rules/credit", "/rules/credit", follow=True, reason="x").text
    )
    assert village.hub.head().number == before


def test_a_form_from_before_undoes_no_other_keepers_change(village, kira) -> None:
    stale = kira.get("/desk/rules/credit")
    village.do("Kira", ChangeRules("credit", {"low": -500, "pin_above": 300}, "spring"))
    done = kira.fill(stale, "/rules/credit", follow=True, high="30", reason="summer")
    assert "changed from now on" in done.text
    credit = village.hub.rules().credit
    assert (credit.low, credit.high, credit.pin_above) == (-500, 3000, 300)


def test_the_same_rule_changed_by_two_comes_back_and_says_what_is_in_force(village, kira) -> None:
    stale = kira.get("/desk/rules/care")
    village.do("Kira", ChangeRules("care", {"quorum": 4}, "spring"))
    again = kira.fill(stale, "/rules/care", quorum="3", rate_elder="1.5", reason="summer")
    assert again.status_code == 422
    assert "changed the same rule meanwhile" in again.text
    assert "Now in force: 4" in again.text
    assert village.hub.rules().care.quorum == 4
    done = kira.fill(again, "/rules/care", follow=True)
    assert "changed from now on" in done.text
    assert (village.hub.rules().care.quorum, village.hub.rules().care.rates["elder"]) == (3, 150)


def test_there_are_no_other_rules_to_change(kira) -> None:
    assert kira.get("/desk/rules/community").status_code == 404


def test_the_log_tells_a_keepers_reversal_and_pages(village, kira) -> None:
    paid = village.pay("Alice", "Bob", 150)
    village.do("Kira", Reverse(paid.record, "Alice mistyped"))
    for number in range(22):
        village.join(f"N{number}")
        village.do("Kira", Approve(village.numbers[f"N{number}"]))
    first = kira.get("/desk/log")
    assert len(first.data) < SMALL
    assert "mistyped" not in first.text
    older = first.text.split("before=")[1].split('"')[0]
    second = kira.get(f"/desk/log?before={older}").text
    assert "Kira gave back 1.50" in second
    assert "Because: Alice mistyped" in second
    assert "The root paper made Kira a keeper" in second
    assert "The hub was founded" in second


def test_a_keeper_gives_back_from_the_persons_page_with_a_reason(village, kira, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 150, note="a goat")
    person = kira.get(f"/desk/people/{village.numbers['Bob']}")
    receipt = f"/t/{paid.record.hex()}"
    assert "a goat" in person.text
    assert f'href="{receipt}"' in person.text
    assert "Give it back" in kira.get(receipt).text
    nothing = kira.fill(f"{receipt}/undo", "/undo", reason="", pin=PIN)
    assert nothing.status_code == 422
    mistyped = kira.fill(f"{receipt}/undo", "/undo", reason="wrong Bob", pin="1357").text
    assert "The PIN is not right" in mistyped
    assert "/keepers" not in mistyped
    done = kira.fill(f"{receipt}/undo", "/undo", follow=True, reason="wrong Bob", pin=PIN)
    assert "Cancelled by the keeper Kira" in done.text
    assert "wrong Bob" in done.text
    first = signed_in("Bob").get(receipt).text
    assert "cancelled by the keeper Kira" in first
    assert "wrong Bob" in first
    assert "<dd>given back</dd>" in first
    assert village.balance("Alice") == 0


def test_the_page_of_a_busy_person_stays_small(village, kira) -> None:
    for _ in range(25):
        village.pay("Alice", "Bob", 10, note="x" * 140, again=True)
    page = kira.get(f"/desk/people/{village.numbers['Bob']}")
    assert page.text.count("x" * 140) == 20
    assert len(page.data) < SMALL


def test_on_a_phone_a_keeper_is_a_member_like_any_other(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 150, note="for the midwife")
    day = village.clock.now().ms // 86_400_000
    care = village.do("Dina", ClaimCare(village.numbers["Dina"], "elder", 60, day, "Old Tom", "", ()))
    village.do("Dina", WithdrawClaim(care.record))
    offer = village.do("Alice", OpenListing(village.numbers["Alice"], "offer", "food", "Snake oil", ""))
    phone, screen = signed_in("Kira"), signed_in("Kira", OWN_SCREEN)
    receipt, listing = f"/t/{paid.record.hex()}", f"/market/{offer.record.hex()}"
    assert phone.get(receipt).status_code == 404
    assert phone.get(f"/t/{paid.record.hex()}/undo").status_code == 403
    assert "Old Tom" not in phone.get(f"/C/{care.outcome['code']}").text
    token = phone.get("/me").text.split('csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "key": "00" * 16, "pin": PIN, "reason": "because"}
    for path in (f"{receipt}/undo", f"{listing}/close"):
        refused = phone.post(path, form)
        assert refused.status_code == 403
        assert "own screen" in refused.text
    assert village.balance("Alice") == -150
    assert "for the midwife" in screen.get(receipt).text
    assert "Old Tom" in screen.get(f"/C/{care.outcome['code']}").text
    assert "Take it down" in screen.get(listing).text
