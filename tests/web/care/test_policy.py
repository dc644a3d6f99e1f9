"""Stories of care and its policy on the screen: whom it was for, what it waits for, objections, the rules in words."""

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest

from appliance.ledger.book.rules import CARE_CATEGORIES, Care, load
from appliance.ledger.book.verify import verify
from appliance.ledger.care.objections import EndObjection, ObjectClaim
from appliance.ledger.care.presets import USUAL, preset
from appliance.ledger.care.states import DAY_MS, UPHELD
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.reads import care
from appliance.ledger.values import RecordId
from tests.ledger.care.caring import claim, cosign, live_together, objection, row, state
from tests.support.keepers import appoint
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser, forms

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


@pytest.mark.parametrize(
    ("first", "tapped", "minutes", "start", "ago"),
    [
        ({"hours": "1", "rest": "15"}, {"minutes": "240", "day": "1"}, 240, None, 1),
        ({"minutes": "60"}, {"hours": "2"}, 120, None, 5),
        ({"begun": "8:00", "ended": "10:00"}, {"minutes": "30"}, 30, 480, 5),
        ({"begun": "8:00", "ended": "10:00"}, {"hours": "3", "rest": "0"}, 180, 480, 5),
        ({"begun": "8:00", "ended": "10:00"}, {"ended": "9:00"}, 60, 480, 5),
    ],
    ids=[
        "tapped after typed",
        "typed after tapped",
        "tapped after the clock",
        "typed after the clock",
        "the clock",
    ],
)
def test_what_is_tapped_in_a_form_that_comes_filled_in_counts(
    village: Village,
    signed_in: SignedIn,
    first: dict[str, str],
    tapped: dict[str, str],
    minutes: int,
    start: int | None,
    ago: int,
) -> None:
    dina, today = signed_in("Dina"), village.clock.now().ms // DAY_MS
    day = (date(1970, 1, 1) + timedelta(days=today - 5)).isoformat()
    said = {"category": "elder", "cared_for": "old Marta", "date": day, **first}
    code = code_of(dina.fill("/care/new", "/care/new", follow=True, **said))
    assert code_of(dina.fill(f"/C/{code}/edit", "/edit", follow=True, **tapped)) == code
    view = of_code(village, code)
    assert (view.minutes, view.start, today - view.day) == (minutes, start, ago)


def test_who_typed_a_day_that_is_none_can_tap_one_instead(village: Village, signed_in: SignedIn) -> None:
    dina, today = signed_in("Dina"), village.clock.now().ms // DAY_MS
    said = {**WRITTEN, "cared_for": "old Marta", "date": "3/25", "hours": "two", "minutes": ""}
    again = dina.fill("/care/new", "/care/new", **said)
    assert again.status_code == 422
    code = code_of(dina.fill(again, "/care/new", follow=True, day="1", minutes="60"))
    view = of_code(village, code)
    assert (view.minutes, today - view.day) == (60, 1)


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


def test_a_household_reads_why_it_does_not_count_before_it_types_a_pin(
    village: Village, signed_in: SignedIn
) -> None:
    rules(village, household=True)
    made = claim(village, "Dina", witnesses=(village.numbers["Alice"],))
    alice = signed_in("Alice")
    page = alice.get(f"/C/{made.outcome['code']}")
    live_together(village, "Dina", "Alice")
    late = alice.fill(page, "/confirm", pin=PIN)
    assert late.status_code == 422
    for told in (late.text, alice.get(page.request.path).text):
        assert "you are one household" in told
        assert "/confirm" not in told
        assert "/decline" in told, "who was asked says no with one tap"
    assert "/confirm" in signed_in("Bob").get(page.request.path).text


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


def test_what_nobody_paid_is_struck_out_among_the_own_care(village: Village, signed_in: SignedIn) -> None:
    rules(village, quorum=1, object_days=14)
    made, paid = claim(village, "Dina", 60), claim(village, "Dina", 30)
    cosign(village, made, "Alice")
    cosign(village, paid, "Alice")
    village.do("Bob", ObjectClaim(RecordId(made.record), "it was another day"))
    ended = EndObjection(RecordId(bytes(objection(village, made).id)), UPHELD, "we asked all three")
    village.do("Kira", ended)
    page = signed_in("Dina").get("/care").text
    assert re.search(r'class="sum gone">1\.00', page)
    assert re.search(r'class="sum">0\.50', page)


def test_a_keeper_with_a_part_in_it_reads_who_can_end_it_and_what_to_do_when_nobody_can(
    village: Village, signed_in: SignedIn
) -> None:
    rules(village, quorum=1, object_days=14)
    made = claim(village, "Dina")
    cosign(village, made, "Kira")
    path = f"/C/{made.outcome['code']}"
    signed_in("Bob").fill(f"{path}/object", "/object", follow=True, reason="She was with me")
    page = f"/desk/objections/{made.outcome['code']}"
    kira = signed_in("Kira", OWN_SCREEN)
    alone = kira.get(page)
    assert "You have a part in this yourself" in alone.text
    assert "one more appointed with the root paper: hub keeper appoint" in alone.text
    assert 'value="dismissed"' not in alone.text
    token = forms(kira.get("/desk/rules/care"))[0].fields["csrf_token"]
    said = {"csrf_token": token, "key": "00" * 16, "reason": "It is fine", "verdict": "dismissed"}
    assert kira.post(page, said).status_code == 422
    assert objection(village, made).state == "open"

    appoint(village, "Bob", "Alice")  # Bob has said it himself
    told = kira.get(page).text
    assert "hub keeper appoint" not in told
    able = told[told.index("It can be:") :]
    assert "Alice" in able
    assert "Bob" not in able[: able.index("</p>")]
    assert 'value="dismissed"' in signed_in("Alice", OWN_SCREEN).get(page).text


def test_everybody_reads_how_care_is_paid(village: Village, signed_in: SignedIn) -> None:
    rules(village, household=True, carer_most=12_000, budget=50_000, caps={"elder": 800})
    page = signed_in("Alice").get("/care/rules")
    for words in ("2 other people must confirm", "one household", "120.00", "500.00", "at most 8.00"):
        assert words in page.text, words
    assert "A keeper must be one of them" not in page.text
    assert len(page.data) < SMALL
    assert "/care/rules" in signed_in("Alice").get("/care").text


OTHER: dict[str, Any] = {"rates": dict.fromkeys(CARE_CATEGORIES, 123), "caps": {"elder": 4567}}
"""Values unlike those of `usual`; of the other rules: the contrary, or one more."""


def test_no_rule_of_care_is_kept_from_those_it_holds_for(village: Village, signed_in: SignedIn) -> None:
    """Whatever two keepers change, the page for everybody reads otherwise."""
    alice, shown = signed_in("Alice"), {}
    rules(village, **{**preset(USUAL, Care()), "need_recipient": True, "budget": 90_000})
    shown["before"] = alice.get("/care/rules").text
    with village.hub.reading() as tx:
        now = load(tx).care
    for rule in fields(Care):
        was = getattr(now, rule.name)
        other = OTHER.get(rule.name) or (not was if isinstance(was, bool) else was + 1)
        rules(village, **{rule.name: other})
        shown[rule.name] = alice.get("/care/rules").text
        rules(village, **{rule.name: was})
    alike = [name for name, text in shown.items() if name != "before" and text == shown["before"]]
    assert alike == [], "nobody reads of these"
    assert "The commons may go down to" in shown["before"]


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


def test_what_waits_behind_other_care_says_so(village: Village, signed_in: SignedIn) -> None:
    """The commons has enough for the second one, which was written down later: it does not overtake."""
    rules(village, quorum=1)
    village.do("Kira", ChangeRules("credit", {"commons_low": -50}, "we save"))
    for minutes, words in (
        (60, "has not enough left for it now"),
        (15, "is paid first. Then it is the turn"),
    ):
        made = claim(village, "Dina", minutes)
        cosign(village, made, "Bob")
        assert state(village, made) == "confirmed"
        assert words in signed_in("Dina").get(f"/C/{made.outcome['code']}").text


def test_whoever_wrote_it_from_paper_is_told_why_there_is_no_button(
    village: Village, signed_in: SignedIn
) -> None:
    made = claim(village, "Dina", by="Kira")
    kira = signed_in("Kira")
    for _time in ("before", "after somebody has confirmed"):
        page = kira.get(f"/C/{made.outcome['code']}")
        assert "Now others confirm it" in page.text
        assert "You wrote this down from paper" in page.text
        assert "/confirm" not in page.text
        if _time == "before":
            cosign(village, made, "Bob")


def test_today_is_yesterday_in_a_draft_that_was_kept_until_tomorrow(
    village: Village, signed_in: SignedIn
) -> None:
    dina = signed_in("Dina")
    dina.fill("/care/new", "/care/new", follow=True, cared_for="Tom", do="later", **WRITTEN)
    path = re.search(r"/care/new\?draft=[0-9a-f]+", dina.get("/care").text)
    assert path is not None
    assert re.search(r'name="day" value="0" checked', dina.get(path[0]).text)
    village.clock.advance(DAY_MS)
    assert re.search(r'name="day" value="1" checked', dina.get(path[0]).text)
    village.clock.advance(10 * DAY_MS)
    dina = signed_in("Dina")
    old = dina.get(path[0]).text
    assert not re.search(r'name="day" value="\d" checked', old)
    assert re.search(r'name="date"[^>]* value="2026-06-01"', old)
    village.clock.advance(60 * DAY_MS)
    answer = signed_in("Dina").fill(path[0], "/care/new", cared_for="Tom")
    assert answer.status_code == 422
    assert "at most 60 days ago" in answer.text
