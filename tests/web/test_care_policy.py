"""Stories of care and its policy on the screen: whom it was for, what it waits for, objections, the rules in words."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.reads import care
from tests.ledger.care.caring import claim, cosign, live_together, objection, row, state
from tests.support.keepers import appoint
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser

SMALL = 30 * 1024
SignedIn = Callable[..., Browser]

WRITTEN: dict[str, Any] = {"category": "elder", "minutes": "60", "day": "0"}


def code_of(page: Any) -> str:
    assert page.status_code == 200, page.text
    return str(page.request.path.rpartition("/")[2])


def of_code(village: Village, code: str) -> care.ClaimView:
    with village.hub.reading() as tx:
        found = care.claim_by_code(tx, code, village.numbers["Dina"], now=village.clock.now())
    assert found is not None
    return found


def rules(village: Village, **changes: Any) -> None:
    village.do("Kira", ChangeRules("care", changes, "assembly of May"))


def test_whom_where_and_from_when_to_when(village: Village, signed_in: SignedIn) -> None:
    dina = signed_in("Dina")
    said = {
        **WRITTEN,
        "minutes": "",
        "recipient": "Alice",
        "place": "at the mill",
        "begun": "23:30",
        "ended": "01:00",
    }
    code = code_of(dina.fill("/care/new", "/care/new", follow=True, **said))
    view = of_code(village, code)
    assert (view.minutes, view.start, view.recipient and view.recipient.name) == (90, 23 * 60 + 30, "Alice")
    page = signed_in("Bob").get(f"/C/{code}")
    for words in ("Alice", "at the mill", "from 23:30", "1.50"):
        assert words in page.text, words
    assert len(page.data) < SMALL


@pytest.mark.parametrize(
    ("begun", "ended"), [("8:00", ""), ("25:00", "26:00"), ("x", "9:00"), ("9:00", "9:00")]
)
def test_a_time_that_is_none_is_said_so(
    village: Village, signed_in: SignedIn, begun: str, ended: str
) -> None:
    said = {**WRITTEN, "cared_for": "old Marta", "begun": begun, "ended": ended}
    answer = signed_in("Dina").fill("/care/new", "/care/new", **said)
    assert answer.status_code == 422
    with village.hub.reading() as tx:
        assert care.my_claims(tx, village.numbers["Dina"]) == ()


def test_who_was_cared_for_writes_it_down(village: Village, signed_in: SignedIn) -> None:
    alice = signed_in("Alice")
    form = alice.get("/care/new?for=me")
    assert "Who cared?" in form.text
    code = code_of(alice.fill(form, "/care/new", follow=True, carer="Dina", **WRITTEN))
    view = of_code(village, code)
    assert (view.carer.name, view.recipient and view.recipient.name) == ("Dina", "Alice")
    assert "Written down by" in signed_in("Dina").get(f"/C/{code}").text
    nobody = alice.fill("/care/new?for=me", "/care/new", carer="Zebedee", **WRITTEN)
    assert nobody.status_code == 422
    assert "Zebedee" in nobody.text


def test_a_keeper_writes_down_what_is_on_paper(village: Village, signed_in: SignedIn) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    code = code_of(
        kira.fill("/care/new?for=paper", "/care/new", follow=True, carer="Dina", recipient="Bob", **WRITTEN)
    )
    assert "/confirm" not in kira.get(f"/C/{code}").text
    assert "Who cared?" not in signed_in("Alice").get("/care/new?for=paper").text


def test_dina_changes_what_she_wrote_until_somebody_has_confirmed(
    village: Village, signed_in: SignedIn
) -> None:
    dina, alice = signed_in("Dina"), signed_in("Alice")
    made = claim(village, "Dina", 60, cared_for="old Marta")
    code = str(made.outcome["code"])
    read = alice.get(f"/C/{code}")
    changed = dina.fill(f"/C/{code}/edit", "/edit", follow=True, hours="2", cared_for="old Martha")
    assert "old Martha" in changed.text
    refused = alice.fill(read, "/confirm", pin=PIN)  # she has the page of before in her hand
    assert refused.status_code == 422
    assert "has changed since you looked" in refused.text
    assert row(village, made).amount == 200
    cosign(village, made, "Alice")
    assert "/edit" not in dina.get(f"/C/{code}").text
    assert dina.get(f"/C/{code}/edit").status_code == 302
    verify(village.hub.store)


def test_the_page_says_who_is_awaited(village: Village, signed_in: SignedIn) -> None:
    rules(village, need_recipient=True, need_keeper=True, expire_days=14)
    made = claim(village, "Dina", whom="Alice")
    path = f"/C/{made.outcome['code']}"
    dina = signed_in("Dina")
    page = dina.get(path).text
    assert "2 more people must confirm." in page
    assert "Alice, who was cared for, must still confirm." in page
    assert "It can be confirmed until" in page
    cosign(village, made, "Bob", "Alice")
    page = dina.get(path).text
    assert "A keeper must still confirm." in page
    assert "more people" not in page


def test_a_ring_is_said_without_blame(village: Village, signed_in: SignedIn) -> None:
    rules(village, quorum=1, ring_share=60)
    for carer, signer in (("Dina", "Bob"), ("Bob", "Dina")):
        made = claim(village, carer)
        cosign(village, made, signer)
    page = signed_in("Bob").get(f"/C/{made.outcome['code']}")
    assert "a keeper who is none of them must confirm too" in page.text
    signed_in("Kira").fill(f"/C/{made.outcome['code']}", "/confirm", follow=True, pin=PIN)
    assert state(village, made) == "paid"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cool_above": 50, "cool_days": 3}, "It is paid on"),
        ({"budget": 100}, "as soon as there is room"),
    ],
)
def test_why_a_confirmed_claim_waits(
    village: Village, signed_in: SignedIn, changes: dict[str, Any], words: str
) -> None:
    rules(village, quorum=1, **changes)
    for _day in range(2):
        made = claim(village, "Dina", 60, _day)
        cosign(village, made, "Bob")
    assert state(village, made) == "confirmed"
    assert words in signed_in("Dina").get(f"/C/{made.outcome['code']}").text


def test_a_household_reads_why_it_does_not_count(village: Village, signed_in: SignedIn) -> None:
    rules(village, household=True)
    live_together(village, "Dina", "Alice")
    made = claim(village, "Dina")
    answer = signed_in("Alice").fill(f"/C/{made.outcome['code']}", "/confirm", pin=PIN)
    assert answer.status_code == 422
    assert "you are one household" in answer.text


def test_a_no_with_its_reason_is_for_those_involved(village: Village, signed_in: SignedIn) -> None:
    made = claim(village, "Dina", witnesses=(village.numbers["Alice"],))
    path = f"/C/{made.outcome['code']}"
    signed_in("Alice").fill(path, "/decline", follow=True, reason="I was at the market")
    assert "I was at the market" in signed_in("Dina").get(path).text
    assert "I was at the market" not in signed_in("Bob").get(path).text


def test_bob_objects_and_a_keeper_gives_it_back(village: Village, signed_in: SignedIn) -> None:
    rules(village, quorum=1, object_days=14)
    made = claim(village, "Dina")
    cosign(village, made, "Alice")
    path = f"/C/{made.outcome['code']}"
    bob, kira = signed_in("Bob"), signed_in("Kira", OWN_SCREEN)
    assert f"{path}/object" in bob.get(path).text
    empty = bob.fill(f"{path}/object", "/object", reason=" ")
    assert empty.status_code == 422
    told = bob.fill(f"{path}/object", "/object", follow=True, reason="She was with me that day")
    assert "Somebody says that this is not right." in told.text
    assert "She was with me" in signed_in("Dina").get(path).text
    assert "She was with me" not in signed_in("Alice").get(path).text
    assert "Somebody objects to care" in kira.get("/desk").text
    assert "She was with me that day" in kira.get("/desk/objections").text
    page = kira.get(f"/desk/objections/{made.outcome['code']}")
    assert len(page.data) < SMALL
    ended = kira.fill(page, page.request.path, follow=True, reason="We asked all three", verdict="upheld")
    assert "This is ended." in ended.text
    assert (state(village, made), village.balance("Dina")) == ("refused", 0)
    assert "This was not accepted" in signed_in("Dina").get(path).text
    assert "Nobody objects" in kira.get("/desk/objections").text
    verify(village.hub.store)


def test_a_keeper_with_a_part_in_it_is_told_so(village: Village, signed_in: SignedIn) -> None:
    rules(village, quorum=1, object_days=14)
    made = claim(village, "Dina")
    cosign(village, made, "Kira")
    path = f"/C/{made.outcome['code']}"
    signed_in("Bob").fill(f"{path}/object", "/object", follow=True, reason="She was with me")
    page = f"/desk/objections/{made.outcome['code']}"
    answer = signed_in("Kira", OWN_SCREEN).fill(page, page, reason="It is fine", verdict="dismissed")
    assert answer.status_code == 422
    assert objection(village, made).state == "open"


def test_everybody_reads_how_care_is_paid(village: Village, signed_in: SignedIn) -> None:
    rules(village, household=True, carer_most=12_000, budget=50_000, caps={"elder": 800})
    page = signed_in("Alice").get("/care/rules")
    for words in ("2 other people must confirm", "one household", "120.00", "500.00", "at most 8.00"):
        assert words in page.text, words
    assert "A keeper must be one of them" not in page.text
    assert len(page.data) < SMALL
    assert "/care/rules" in signed_in("Alice").get("/care").text


def test_a_helper_confirms_for_somebody_confused_who_has_a_key_and_the_rules_say_so(
    village: Village, signed_in: SignedIn
) -> None:
    rules(village, quorum=1, need_recipient=True, helper_stands_in=True)
    alice, bob = village.numbers["Alice"], village.numbers["Bob"]
    village.do("Alice", AskGrant(alice, bob))
    village.do("Bob", AgreeGrant(alice, HELPER))
    made = claim(village, "Dina", whom="Alice")
    cosign(village, made, "Chandra")
    assert state(village, made) == "open"
    cosign(village, made, "Bob")
    assert state(village, made) == "paid"
    said = "Who was cared for must be one of them, or a helper of theirs; for who cannot, a keeper."
    assert said in signed_in("Dina").get("/care/rules").text
    form = signed_in("Kira", OWN_SCREEN).get("/desk/rules/care").text
    assert "and cannot?" not in form


def test_a_lone_keeper_takes_a_preset_and_two_propose_it(village: Village, signed_in: SignedIn) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    page = kira.get("/desk/rules/care/begin")
    for words in ("Usual", "Strict", "Small village"):
        assert words in page.text
    done = kira.fill(page, "/begin/usual", follow=True, reason="assembly of May")
    assert "The rules are changed" in done.text
    assert village.hub.rules().care.household
    assert "Nothing was different" in kira.fill(page, "/begin/usual", follow=True, reason="again").text
    appoint(village, "Kofi")
    proposed = kira.fill("/desk/rules/care/begin", "/begin/strict", follow=True, reason="we grew")
    assert "/desk/two/" in proposed.request.path
    assert not village.hub.rules().care.need_keeper
    assert kira.get("/desk/rules/care/begin").status_code == 200


def test_single_rules_of_care_are_changed_on_the_form(village: Village, signed_in: SignedIn) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    form = kira.get("/desk/rules/care")
    changed = {
        "household": "yes",
        "carer_most": "120",
        "ring_share": "60",
        "cap_elder": "8",
        "object_days": "14",
    }
    done = kira.fill(form, "/rules/care", follow=True, reason="assembly of May", **changed)
    assert "The rules are changed" in done.text
    now = village.hub.rules().care
    assert (now.household, now.carer_most, now.ring_share, now.caps, now.object_days) == (
        True,
        12_000,
        60,
        {"elder": 800},
        14,
    )
    log = kira.get("/desk/log").text
    for words in ("is paid at most 8.00", "to one person in a period: 120.00", "the carer's not at all? Yes"):
        assert words in log.replace("&#39;", "'"), words
    wrong = kira.fill("/desk/rules/care", "/rules/care", reason="why not", ring_share="100")
    assert wrong.status_code == 422


def test_a_keeper_sees_who_confirms_for_whom_and_members_do_not(
    village: Village, signed_in: SignedIn
) -> None:
    for ago in range(3):
        cosign(village, claim(village, "Alice", 60, ago), "Bob", "Kira")
        cosign(village, claim(village, "Bob", 60, ago), "Alice", "Kira")
    page = signed_in("Kira", OWN_SCREEN).get("/desk/care")
    assert re.search(r"Alice.*Bob.*3 times and 3 times", page.text, re.DOTALL)
    assert "It says nothing about anybody" in page.text
    for path in ("/desk/care", "/desk/objections", "/desk/rules/care/begin"):
        assert signed_in("Alice").get(path).status_code in (302, 403), path


def test_from_paper_to_terms(village: Village, signed_in: SignedIn) -> None:
    """What a form says is what stands in the book."""
    dina = signed_in("Dina")
    code = code_of(dina.fill("/care/new", "/care/new", follow=True, cared_for="the school", **WRITTEN))
    made = of_code(village, code)
    with village.hub.reading() as tx:
        view = care.claim(tx, made.id, village.numbers["Kira"])
    assert view is not None
    assert (view.cared_for, view.start, view.place) == ("the school", None, "")
