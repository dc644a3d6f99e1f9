"""Stories of care: logged, confirmed by others, paid by the commons."""

from collections.abc import Callable
from typing import Any

import pytest

from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.reads import care
from appliance.web.wording import labels
from tests.support.village import PIN

SMALL = 30 * 1024


@pytest.fixture
def claim(village) -> Callable[..., Any]:
    """``claim()``: Dina says that she sat with old Marta for two hours today; its view."""

    def make(*witnesses: str, carer: str = "Dina", minutes: int = 120):
        numbers = tuple(village.numbers[name] for name in witnesses)
        day = village.clock.now().ms // 86_400_000
        receipt = village.do(
            carer, ClaimCare(village.numbers[carer], "elder", minutes, day, "old Marta", "soup", numbers)
        )
        return view(village, receipt.outcome["code"])

    return make


def view(village, code: str, viewer: str = "Dina"):
    with village.hub.reading() as tx:
        return care.claim_by_code(tx, code, village.numbers[viewer])


def test_dina_logs_care_two_confirm_and_the_commons_pays(village, signed_in) -> None:
    dina, alice, bob = signed_in("Dina"), signed_in("Alice"), signed_in("Bob")
    page = dina.fill(
        "/care/new",
        "/care/new",
        follow=True,
        category="elder",
        minutes="120",
        day="0",
        cared_for="old Marta",
        what="cooked soup",
    )
    assert page.status_code == 200
    code = page.request.path.rpartition("/")[2]
    assert page.request.path == f"/C/{code}"
    assert 'class="qr"' in page.text
    assert f"/C/{code}" in page.text
    assert f"{code[:4]}-{code[4:]}" in page.text
    assert "0 of 2 have confirmed" in page.text

    seen = alice.get(f"/C/{code}")
    for words in ("Dina", "old Marta", "cooked soup", "2 hours", "today", "2.00"):
        assert words in seen.text
    thanks = alice.fill(seen, "/confirm", follow=True, pin=PIN)
    assert "Thank you" in thanks.text
    assert "1 of 2 have confirmed" in thanks.text
    assert village.balance("Dina") == 0

    thanks = bob.fill(f"/c/{code.lower()}".replace("/c/", "/C/"), "/confirm", follow=True, pin=PIN)
    assert "The commons has paid" in thanks.text
    assert village.balance("Dina") == 200
    paid = dina.get(f"/C/{code}")
    assert "Confirmed and paid" in paid.text
    transfer = view(village, code).transfer.hex()
    assert f'href="/t/{transfer}"' in paid.text
    assert dina.get(f"/t/{transfer}").status_code == 200
    for page in (seen, thanks, paid):
        assert len(page.data) < SMALL


def test_the_small_address_leads_to_the_same_page(claim, signed_in) -> None:
    code = claim().code
    page = signed_in("Alice").get(f"/c/{code.lower()}", follow_redirects=True)
    assert page.status_code == 200
    assert "old Marta" in page.text


def test_the_code_is_typed_as_people_type(claim, signed_in) -> None:
    code = claim().code
    alice = signed_in("Alice")
    page = alice.fill("/care/code", "/care/code", follow=True, code=f" {code[:4].lower()}-{code[4:]} ")
    assert "old Marta" in page.text


@pytest.mark.parametrize("typed", ["", "what", "AAAA-0000"])
def test_an_unknown_code_is_a_plain_page(signed_in, typed: str) -> None:
    page = signed_in("Alice").fill("/care/code", "/care/code", follow=True, code=typed)
    assert page.status_code in (404, 422)
    assert "no care with this code" in page.text


def test_a_stranger_who_scans_signs_in_and_comes_back(village, claim, phone) -> None:
    code = claim().code
    alice = phone()
    answer = alice.get(f"/C/{code}")
    assert answer.status_code == 302
    back = alice.fill(answer.location, "/signin", follow=True, number=village.account("Alice").short, pin=PIN)
    assert "old Marta" in back.text


def test_nobody_confirms_their_own_care(village, claim, signed_in) -> None:
    made = claim()
    dina = signed_in("Dina")
    page = dina.get(f"/C/{made.code}")
    assert "/confirm" not in page.text
    token = page.text.split('csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "terms": made.terms.hex(), "pin": PIN}
    refused = dina.post(f"/C/{made.code}/confirm", data)
    assert refused.status_code == 422
    assert "Nobody confirms their own care" in refused.text
    assert view(village, made.code).signed == 0


def test_a_second_tap_confirms_once(village, claim, signed_in) -> None:
    made = claim()
    alice = signed_in("Alice")
    page = alice.get(f"/C/{made.code}")
    for _tap in range(2):
        thanks = alice.fill(page, "/confirm", follow=True, pin=PIN)
        assert "Thank you" in thanks.text
    assert view(village, made.code).signed == 1
    assert "/confirm" not in alice.get(f"/C/{made.code}").text


def test_who_confirmed_by_another_way_reads_so(village, claim, signed_in) -> None:
    made = claim()
    alice = signed_in("Alice")
    page = alice.get(f"/C/{made.code}")
    village.do("Alice", Cosign(made.id, made.terms))
    refused = alice.fill(page, "/confirm", pin=PIN)
    assert refused.status_code == 422
    assert "already confirmed" in refused.text
    assert view(village, made.code).signed == 1


def test_other_terms_than_those_that_were_read_are_refused(village, claim, signed_in) -> None:
    made = claim()
    alice = signed_in("Alice")
    refused = alice.fill(f"/C/{made.code}", "/confirm", pin=PIN, terms="00" * 32)
    assert refused.status_code == 422
    assert "has changed since you looked" in refused.text
    assert view(village, made.code).signed == 0
    thanks = alice.fill(refused, "/confirm", follow=True, pin=PIN)
    assert "Thank you" in thanks.text


def test_confirming_takes_the_pin_each_time(village, claim, signed_in) -> None:
    made = claim()
    alice = signed_in("Alice")
    page = alice.get(f"/C/{made.code}")
    assert alice.fill(page, "/confirm", pin="").status_code == 422
    wrong = alice.fill(page, "/confirm", pin="9753")
    assert wrong.status_code == 422
    assert "not right" in wrong.text
    assert view(village, made.code).signed == 0


def test_who_is_asked_by_name_can_say_no_and_the_carer_sees_it(village, claim, signed_in) -> None:
    made = claim("Alice")
    alice = signed_in("Alice")
    assert "asked to confirm" in alice.get("/care").text
    noted = alice.fill(f"/C/{made.code}", "/decline", follow=True)
    assert "Noted" in noted.text
    assert "cannot confirm" in signed_in("Dina").get(f"/C/{made.code}").text
    assert "/decline" not in signed_in("Bob").get(f"/C/{made.code}").text


def test_dina_takes_it_back_and_nobody_can_confirm_any_more(village, claim, signed_in) -> None:
    made = claim()
    alice, dina = signed_in("Alice"), signed_in("Dina")
    open_page = alice.get(f"/C/{made.code}")
    taken_back = dina.fill(f"/C/{made.code}", "/withdraw", follow=True).text
    assert "You took this back" in taken_back
    assert "The commons will pay" not in taken_back
    refused = alice.fill(open_page, "/confirm", pin=PIN)
    assert refused.status_code == 422
    assert "taken back" in refused.text
    assert village.balance("Dina") == 0


def test_people_who_were_there_are_named_by_number_or_name(village, signed_in) -> None:
    dina = signed_in("Dina")
    page = dina.get("/care/new")
    token = page.text.split('csrf_token" value="')[1].split('"')[0]
    key = page.text.split('name="key" value="')[1].split('"')[0]
    words = {"category": "child", "hours": "1", "rest": "15", "day": "1", "cared_for": "Bob's children"}
    unclear = dina.client.post(
        "/care/new", data={"csrf_token": token, "key": key, **words, "witness": ["Zoe", "bob", ""]}
    )
    assert unclear.status_code == 422
    assert "Nobody here fits “Zoe”" in unclear.text
    assert "Bob&#39;s children" in unclear.text
    number = village.account("Alice").short
    done = dina.client.post(
        "/care/new",
        data={"csrf_token": token, "key": key, **words, "witness": [number, "bob", "BOB"]},
        follow_redirects=True,
    )
    assert "1 hour 15 minutes" in done.text
    assert "yesterday" in done.text
    assert "Alice" in done.text
    assert done.text.count("has not answered") == 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"minutes": ""}, "not a time we can count"),
        ({"hours": "99", "rest": "0"}, "at most 12 hours"),
        ({"hours": "two"}, "not a time we can count"),
        ({"date": "1999-01-01"}, "at most 60 days ago"),
        ({"date": "soon"}, "This is no date"),
        ({"date": "3/25"}, "Type the day first"),
        ({"date": "1.1.1999"}, "at most 60 days ago"),
        ({"day": ""}, "Which day was it?"),
        ({"begun": "8:00"}, "Type both: from when and to when"),
        ({"recipient": "dina"}, "cannot be the same person"),
        ({"cared_for": " "}, "must not be empty"),
        ({"witness": "dina"}, "Nobody confirms their own care"),
    ],
)
def test_what_cannot_be_comes_back_with_its_reason(signed_in, typed, words: str) -> None:
    good = {"category": "elder", "minutes": "60", "day": "0", "cared_for": "Marta"}
    page = signed_in("Dina").fill("/care/new", "/care/new", **{**good, **typed})
    assert page.status_code == 422
    assert words in page.text


def test_an_empty_commons_makes_it_wait_until_there_is_room(village, claim, signed_in) -> None:
    from appliance.ledger.people.founding import ChangeRules

    village.do("Kira", ChangeRules("credit", {"commons_low": 0}, "we save"))
    made = claim()
    for name in ("Alice", "Bob"):
        village.do(name, Cosign(made.id, made.terms))
    assert "The payment waits" in signed_in("Dina").get(f"/C/{made.code}").text
    assert "It is paid by itself" in signed_in("Kira", "127.0.0.1").get("/desk").text
    village.do("Kira", ChangeRules("credit", {"commons_low": -1000}, "enough saved"))
    assert village.balance("Dina") == 200


def test_every_category_and_kind_of_care_has_a_word_and_a_picture(app) -> None:
    with app.test_request_context("/"):
        for choice in (*labels.category_choices(), *labels.care_choices()):
            assert choice.word != choice.name
            assert choice.picture.startswith("<svg")


def test_nobody_is_asked_to_point_a_phone_at_a_code_that_is_not_there(app, claim, signed_in) -> None:
    page, dina = f"/C/{claim().code}", signed_in("Dina")
    assert "point their phone at this" in dina.get(page).text
    app.config["ADDRESS"] = "http://hub-of-the-village-by-the-old-mill.river.example:8080"
    told = dina.get(page).text
    assert "too long for a code" in told
    assert "point their phone at this" not in told
    assert "or type this code" in told
