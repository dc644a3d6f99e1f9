"""Alice of River asks Chandra of Hill to confirm care, and Chandra finds it in the portal of Hill."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from appliance.ledger.care.claims import ClaimCare, EditClaim, WithdrawClaim
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.tend import tend
from appliance.ledger.values import Account, AccountNumber, RecordId
from tests.ledger.care.across import ask, asked, at_home, sign
from tests.ledger.care.caring import claim
from tests.support.two_villages import HILL, RIVER, two_villages
from tests.support.village import PIN
from tests.web.conftest import forms
from tests.web.villages import Portals, portals


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path, care={"quorum": 1}) as two:
        yield portals(two)


def words(page: TestResponse) -> str:
    main = page.text.split("<main", 1)[-1].split("</main>", 1)[0]
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub("</?bdi>", "", main)).replace("\u00a0", " ").split())


def written(here: Portals) -> str:
    """Alice's claim; its address."""
    v = here.two
    day = v.clock.now().ms // DAY_MS
    alice = AccountNumber(v.river.numbers["Alice"])
    made = v.river.do("Alice", ClaimCare(alice, "elder", 90, day, "Old Tom", "cooked for him"))
    return f"/C/{made.outcome['code']}"


def test_from_the_claim_to_the_payment(here: Portals) -> None:
    alice, chandra = here.at("Alice"), here.at("Chandra")
    page = written(here)
    assert "Ask somebody of another village" in words(alice.get(page))
    sure = alice.get(f"{page}/elsewhere", query_string={"who": here.number("Chandra")})
    assert "We have no name for this number" in words(sure)
    told = alice.fill(sure, f"{page}/elsewhere", follow=True)
    assert "The question goes there by radio" in words(told)
    assert "on its way to Hill" in words(told)
    assert "on its way to Hill" in words(alice.get(f"{page}/progress")), "the script sees it, too"
    here.two.carry()
    here.two.hear(RIVER)
    assert "has not answered" in words(alice.get(page))

    home = chandra.get("/")
    assert "Alice of River asks you to confirm care" in words(home)
    assert "Alice of River" in words(chandra.get("/care"))
    address = re.search(r"/care/elsewhere/[0-9a-f]{32}", home.text)
    assert address is not None
    asked = words(chandra.get(address[0]))
    for said in ("Old Tom", "cooked for him", "1 hour 30 minutes", "The commons of River will pay 1.50 h"):
        assert said in asked, said
    thanks = chandra.fill(address[0], f"{address[0]}/confirm", pin=PIN, follow=True)
    assert "Your word is on its way to River" in words(thanks)
    assert "asks you to confirm" not in words(chandra.get("/"))
    here.two.carry()
    paid = words(alice.get(page))
    assert "Confirmed and paid" in paid
    assert "1 of 1 has confirmed." in paid, "Chandra has, in Hill"
    here.two.carry()
    assert "It is confirmed." in words(chandra.get(address[0]))
    assert "It is confirmed." in words(chandra.get("/care"))
    assert "In their words cooked for him" in words(chandra.get(address[0]))
    tend(here.two.hill.hub)
    later = words(chandra.get(address[0]))
    assert "In their words text erased" in later
    assert "cooked" not in later
    assert "Old Tom" not in later


@pytest.mark.parametrize("pin", ["", "0000"])
def test_without_the_pin_nothing_is_signed_though_her_key_is_open(here: Portals, pin: str) -> None:
    made = claim(here.two.river, "Alice")
    ask(here.two, made, "Alice", "Chandra")
    here.two.carry()
    chandra, row = here.at("Chandra"), asked(here.two, "Chandra")[0]
    address = f"/care/elsewhere/{row.id.hex()}"
    # She has just come in: for what asks for no PIN each time her key is open.
    page = chandra.get(address)
    decline = next(form for form in forms(page) if form.action.endswith("/decline"))
    assert "pin" not in decline.fields
    head = here.two.hill.hub.head()
    answer = chandra.fill(page, f"{address}/confirm", pin=pin)
    assert answer.status_code == 422
    assert here.two.hill.hub.head() == head
    assert at_home(here.two, "Chandra") == ("open", "asked", None)
    assert chandra.fill(answer, f"{address}/confirm", pin=PIN).status_code == 302
    assert at_home(here.two, "Chandra") == ("open", "signed", None)


def test_what_chandra_has_signed_is_not_offered_to_be_changed(tmp_path: Path) -> None:
    with two_villages(tmp_path, care={"quorum": 2}) as two:
        alice, made = portals(two).at("Alice"), claim(two.river, "Alice")
        page = f"/C/{made.outcome['code']}"
        assert f"{page}/edit" in alice.get(page).text
        ask(two, made, "Alice", "Chandra")
        two.carry()
        sign(two, "Chandra")
        two.carry()
        assert f"{page}/edit" not in alice.get(page).text
        assert alice.get(f"{page}/edit").status_code == 302


def test_she_says_no_and_alice_reads_why(here: Portals) -> None:
    made = claim(here.two.river, "Alice")
    ask(here.two, made, "Alice", "Chandra")
    here.two.carry()
    chandra, row = here.at("Chandra"), asked(here.two, "Chandra")[0]
    address = f"/care/elsewhere/{row.id.hex()}"
    said = chandra.fill(address, f"{address}/decline", reason="I was away", follow=True)
    assert "Noted" in words(said)
    here.two.carry()
    page = words(here.at("Alice").get(f"/C/{made.outcome['code']}"))
    assert "cannot confirm: “I was away”" in page


def test_nobody_else_reads_it(here: Portals) -> None:
    made = claim(here.two.river, "Alice")
    ask(here.two, made, "Alice", "Chandra")
    here.two.carry()
    address = f"/care/elsewhere/{asked(here.two, 'Chandra')[0].id.hex()}"
    assert here.at("Dina").get(address).status_code == 404
    assert here.at("Dina").get("/care/elsewhere/nothing").status_code == 404
    assert here.at("Bob").get(f"/C/{made.outcome['code']}/elsewhere").status_code == 404


def test_whom_one_can_ask(here: Portals) -> None:
    alice, page = here.at("Alice"), written(here)
    for typed, said in (
        ("Bob", "somebody of this village"),
        ("Xerxes", "Nobody here fits"),
        (Account(104, AccountNumber(2)).full, "village"),
    ):
        answer = alice.get(f"{page}/elsewhere", query_string={"who": typed})
        assert answer.status_code == 422
        assert said in words(answer), typed


def test_what_was_taken_back_or_changed_says_so(here: Portals) -> None:
    v = here.two
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    first = asked(v, "Chandra")[0].id.hex()
    day = v.clock.now().ms // DAY_MS
    v.river.do("Alice", EditClaim(RecordId(made.record), "elder", 120, day, "Old Tom"))
    v.carry()
    chandra = here.at("Chandra")
    assert "It was changed since" in words(chandra.get(f"/care/elsewhere/{first}"))
    second = asked(v, "Chandra")[0].id.hex()
    v.river.do("Alice", WithdrawClaim(RecordId(made.record)))
    v.carry()
    assert "This was taken back" in words(chandra.get(f"/care/elsewhere/{second}"))
    assert "Waits for you" not in words(chandra.get("/"))


def test_who_has_said_no_does_not_read_that_they_are_asked_anew(here: Portals) -> None:
    v = here.two
    made = claim(v.river, "Alice")
    ask(v, made, "Alice", "Chandra")
    v.carry()
    first = asked(v, "Chandra")[0].id.hex()
    here.at("Chandra").fill(f"/care/elsewhere/{first}", "/decline")
    v.carry()
    day = v.clock.now().ms // DAY_MS
    v.river.do("Alice", EditClaim(RecordId(made.record), "elder", 120, day, "Old Tom"))
    v.carry()
    chandra = here.at("Chandra")
    assert "It was changed after you had said no." in words(chandra.get("/care"))
    for page in (f"/care/elsewhere/{first}", "/care"):
        assert "asked anew" not in words(chandra.get(page))


def test_a_number_that_nobody_there_has(here: Portals) -> None:
    alice, page = here.at("Alice"), written(here)
    nobody = Account(HILL, AccountNumber(77)).full
    sure = alice.get(f"{page}/elsewhere", query_string={"who": nobody})
    alice.fill(sure, f"{page}/elsewhere")
    here.two.carry()
    assert "Nobody in Hill has this number." in words(alice.get(page))
