"""What the predecessor got wrong about people, sign-ins and access: none of it happens here.

MCCS is the mutual-credit software whose users asked for this one; the numbers are those of our notes on it. Here
people have a number and a PIN, and no e-mail. What is held by which test:

====  =======================================================  ==================================================
MCCS  what holds                                               where
====  =======================================================  ==================================================
1     no header says who asks                                  test_mccs_people.py::test_no_header_says_who_asks
1     ... nor that somebody sits at the hub's own screen       web/test_pages.py::test_no_header_moves_a_phone_to_the_hubs_own_screen
2     only who was asked answers, and nobody oneself           test_mccs_people.py::test_nobody_answers_for_another_nor_the_own_request
3     a form changes the account of who is signed in           test_mccs_people.py::test_a_form_that_names_somebody_else_changes_ones_own_account
4     no sign-in leads elsewhere                               web/people/test_coming_in.py::test_it_leads_nowhere_else
5     no form without its token counts                         test_mccs_people.py::test_no_form_counts_without_its_token
5     ... nor with another visit's                             web/ground/test_form_tokens.py::test_the_token_of_somebody_elses_phone_is_none
6     after leaving the cookie opens nothing                   web/people/test_coming_in.py::test_leaving_ends_it_here_and_in_the_table
7     no new PIN without the old one                           web/people/test_coming_in.py::test_a_wrong_old_one_changes_nothing
7     ... for keepers, too                                     test_mccs_people.py::test_a_keeper_needs_the_old_pin_as_everybody_does
8     who asks with a sheet learns of no number                web/people/test_sheets.py::test_nobody_sees_whether_a_number_is_somebodys
9     what was asked with a sheet gives one new PIN            test_mccs_people.py::test_a_wish_for_a_new_pin_is_good_once
9     ... and none after a newer sheet                         ledger/test_reentry.py::test_a_new_sheet_makes_the_old_one_worthless_and_ends_what_was_asked_with_it
10    a wish with a sheet lasts long enough to be used         test_mccs_people.py::test_a_wish_can_be_used_a_week_later
11    each PIN is judged alone                                 test_mccs_people.py::test_each_pin_is_judged_alone
12    wrong PINs count together however the number is typed    test_mccs_people.py::test_wrong_pins_count_together_however_the_number_is_typed
13    a wait ends when the page said it would                  test_mccs_people.py::test_a_wait_ends_at_the_second_that_was_stated
13    ... and wrong PINs at once are all counted               ledger/people/test_pins.py::test_wrong_pins_at_once_are_all_counted
14    keepers wait as well, at the hub's own screen, too       test_mccs_people.py::test_a_keeper_waits_after_wrong_pins_as_everybody_does
15    no header gives more tries                               test_mccs_people.py::test_no_header_gives_further_tries
16    who is called Él or él comes in by number                test_mccs_people.py::test_letters_of_a_name_keep_nobody_out
16    ... and two of one name are two people                   ledger/people/test_members.py::test_two_of_one_name_are_two_people
17    a form sent twice at once makes one member               ledger/people/test_members.py::test_a_double_tap_on_join_makes_one_newcomer
18    joining that fails half way leaves nothing               test_mccs_people.py::test_joining_that_fails_half_way_leaves_nothing
19    who waits or was turned away is shown to nobody          test_mccs_people.py::test_who_waits_or_was_turned_away_is_shown_to_nobody
20    health tells phones no figures of the box                test_mccs_people.py::test_health_tells_phones_no_figures_of_the_box
20    ... and has one rule for its status                      test_mccs_people.py::test_health_has_one_rule_for_its_status
21    what a keeper may do stands in the book                  test_mccs_people.py::test_what_a_keeper_may_do_stands_in_the_book
21    ... and keepers are made by the root paper's word        ledger/people/test_members.py::test_only_the_root_appoints_keepers
====  =======================================================  ==================================================
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from flask import Flask

from appliance.ledger import reentry
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import Attempt
from appliance.ledger.book.private import SealedKeyRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.requests import Accept, Decline
from appliance.ledger.people import pins
from appliance.ledger.people.members import AppointKeeper, Approve, TurnAway
from appliance.ledger.people.sheets import AllowReentry
from appliance.ledger.values import Amount
from appliance.web import create_app
from tests.support.village import PIN, Village, a_village
from tests.web.conftest import OWN_SCREEN, PHONE, Browser, forms

DAY_MS = 86_400_000
WRONG = "1357"
NAMES = ("Él Niño", "él niño", "EL NINO", "Ines", "INES")


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_village(tmp_path / "river") as village:
        yield village


@pytest.fixture
def app(river: Village) -> Flask:
    return create_app(river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)


@pytest.fixture
def phone(app: Flask) -> Callable[..., Browser]:
    return lambda address=PHONE: Browser(app.test_client(), address)


@pytest.fixture
def enter(river: Village, phone: Callable[..., Browser]) -> Callable[..., Browser]:
    def new(name: str, address: str = PHONE) -> Browser:
        browser = phone(address)
        assert browser.sign_in(river.account(name).short).status_code == 302
        return browser

    return new


# ------------------------------------------------------------------------------------------- who asks


def test_no_header_says_who_asks(river: Village, phone: Callable[..., Browser]) -> None:
    """MCCS 1: a stranger, or a cookie that was made up, is nobody, whatever the headers say."""
    made_up = {"userID": "1", "admin": "1", "Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    for cookie in ("", "1", "0" * 43, "eyJhbGciOiJub25lIn0.e30."):
        for path in ("/me", "/statement", "/desk", "/desk/people", f"/P/{river.account('Bob').compact}"):
            stranger = phone(OWN_SCREEN)
            if cookie:
                stranger.client.set_cookie("tch101", cookie)
            page = stranger.get(path, headers=made_up)
            assert (page.status_code, page.location.partition("?")[0]) == (302, "/signin"), (path, cookie)


def test_nobody_answers_for_another_nor_the_own_request(river: Village) -> None:
    """MCCS 2: Bob asks Alice. Neither Chandra nor Bob himself says yes or no to it in her place."""
    asked, of_anybody = river.request("Bob", "Alice", 100), river.request("Bob", None, 100)
    head = river.hub.head()
    for name in ("Chandra", "Bob", "Kira"):
        for payer in ("Alice", name):  # in her place, and from the own account
            yes = Accept(asked.record, river.numbers[payer], river.numbers["Bob"], Amount(100))
            for answer in (yes, Decline(asked.record, river.numbers[payer])):
                assert isinstance(river.ask(name, answer), Refusal), (name, answer)
    own = Accept(of_anybody.record, river.numbers["Bob"], river.numbers["Bob"], Amount(100))
    assert isinstance(river.ask("Bob", own), Refusal)
    assert river.hub.head() == head
    river.accept("Alice", asked, "Bob", 100)


def test_a_form_that_names_somebody_else_changes_ones_own_account(
    river: Village, enter: Callable[..., Browser]
) -> None:
    """MCCS 3: Alice's form for another PIN and for her name says that it is Bob's."""
    alice, bob = enter("Alice"), str(river.numbers["Bob"])
    form = next(form for form in forms(alice.get("/me/pin")) if form.action == "/me/pin")
    lie = {"number": bob, "member": bob, "account": bob, "who": bob}
    answer = alice.post(form.action, {**form.fields, **lie, "pin": PIN, "new": "8642", "new2": "8642"})
    assert answer.status_code == 302
    assert isinstance(river.hub.unlock(river.numbers["Alice"], "8642"), KeySigner)
    assert isinstance(river.hub.unlock(river.numbers["Bob"], PIN), KeySigner)


def test_no_form_counts_without_its_token(river: Village, app: Flask, enter: Callable[..., Browser]) -> None:
    """MCCS 5: each address that takes a form, asked as a keeper at the hub's own screen."""
    kira, head, tried = enter("Kira", OWN_SCREEN), river.hub.head(), 0
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        answer = kira.post(path, {"pin": PIN, "key": "ab" * 16})
        assert answer.status_code in (400, 404), (path, answer.status_code)
        tried += answer.status_code == 400
    assert tried > 60
    assert river.hub.head() == head


# ---------------------------------------------------------------------------------------------- PINs


def test_a_keeper_needs_the_old_pin_as_everybody_does(river: Village, enter: Callable[..., Browser]) -> None:
    """MCCS 7: nor is the desk a way around it: no keeper replaces the own PIN there."""
    kira = enter("Kira", OWN_SCREEN)
    assert kira.fill("/me/pin", "/me/pin", pin=WRONG, new="8642", new2="8642").status_code == 422
    number = river.numbers["Kira"]
    assert isinstance(river.hub.reset_pin(number, "8642", river.signers["Kira"]), Refusal)
    assert isinstance(river.hub.unlock(number, PIN), KeySigner)


def wish(river: Village) -> str:
    """Alice has made a sheet and asked with it; its letters."""
    made = reentry.make(river.hub, river.signers["Alice"])
    assert not isinstance(made, Refusal)
    asked = reentry.ask(river.hub, river.numbers["Alice"], made.letters, b"k" * 16)
    assert isinstance(asked, Receipt)
    river.do("Kira", AllowReentry(asked.record, river.numbers["Alice"]))
    return str(made.letters)


def test_a_wish_for_a_new_pin_is_good_once(river: Village) -> None:
    """MCCS 9: who finds the sheet afterwards cannot use Alice's wish again."""
    letters, alice = wish(river), river.numbers["Alice"]
    assert isinstance(reentry.choose_pin(river.hub, alice, letters, "8642", b"", ""), Receipt)
    assert isinstance(reentry.choose_pin(river.hub, alice, letters, "9753", b"", ""), Refusal)
    assert isinstance(river.hub.unlock(alice, "8642"), KeySigner)


def test_a_wish_can_be_used_a_week_later(river: Village) -> None:
    """MCCS 10: who has to walk home for the sheet is not too late."""
    letters = wish(river)
    river.clock.advance(7 * DAY_MS)
    assert isinstance(
        reentry.choose_pin(river.hub, river.numbers["Alice"], letters, "8642", b"", ""), Receipt
    )


def test_each_pin_is_judged_alone(river: Village) -> None:
    """MCCS 11: a good one was taken before, and a weak one is refused all the same; and the other way."""
    for pin, taken in (("7391", True), ("1234", False), ("83920571", True), ("0000", False), ("2580", True)):
        assert (pins.refuse_weak(pin) is None) == taken, pin
    assert isinstance(river.hub.join("Erin", "7391"), Receipt)
    assert isinstance(refused := river.hub.join("Emil", "1111"), Refusal)
    assert refused.code is Code.PIN_WEAK


def test_wrong_pins_count_together_however_the_number_is_typed(
    river: Village, phone: Callable[..., Browser]
) -> None:
    """MCCS 12: short, in full, without its hyphens, in digits of another script, with spaces: one count."""
    account = river.account("Alice")
    arabic = account.full.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for typed in (account.short, account.compact, arabic):
        said = phone().sign_in(typed, WRONG)
    assert "Wait 30 seconds" in said.text
    with river.hub.reading() as tx:
        rows = [(row.member, row.failures) for row in tx.rows(Attempt.select())]
    assert rows == [(river.numbers["Alice"], 3)]
    for typed in (f" {account.full} ", account.short):
        assert "Too many wrong PINs" in phone().sign_in(typed).text


def test_a_wait_ends_at_the_second_that_was_stated(river: Village) -> None:
    """MCCS 13: every wait, also the longest, ends by itself, exactly then."""
    alice = river.numbers["Alice"]
    for turn in range(10):
        said = river.hub.unlock(alice, WRONG)
        assert isinstance(said, Refusal)
        seconds = int(str(said.numbers["seconds"]))
        assert (seconds > 0) == (turn >= 2)
        river.clock.advance(max(0, seconds * 1000 - 1))
        if seconds:
            early = river.hub.unlock(alice, PIN)
            assert isinstance(early, Refusal)
            assert early.code is Code.PIN_WAIT
        river.clock.advance(1)
    assert isinstance(river.hub.unlock(alice, PIN), KeySigner)


def test_a_keeper_waits_after_wrong_pins_as_everybody_does(
    river: Village, phone: Callable[..., Browser]
) -> None:
    """MCCS 14."""
    for _ in range(3):
        said = phone(OWN_SCREEN).sign_in(river.account("Kira").short, WRONG)
    assert "Wait 30 seconds" in said.text
    assert "Too many wrong PINs" in phone(OWN_SCREEN).sign_in(river.account("Kira").short).text


def test_no_header_gives_further_tries(river: Village, phone: Callable[..., Browser]) -> None:
    """MCCS 15: another address each time, in the words of a header; one count."""
    for turn in range(3):
        guesser = phone()
        form = forms(guesser.get("/signin"))[0]
        typed = {**form.fields, "number": river.account("Alice").short, "pin": WRONG}
        mine = {
            "X-Real-IP": f"10.0.0.{turn}",
            "X-Forwarded-For": f"10.0.1.{turn}",
            "Forwarded": f"for=10.0.2.{turn}",
        }
        said = guesser.post(form.action, typed, headers=mine)
    assert "Wait 30 seconds" in said.text


# -------------------------------------------------------------------------------------------- joining


def test_letters_of_a_name_keep_nobody_out(river: Village, phone: Callable[..., Browser]) -> None:
    """MCCS 16: capitals, accents and spaces of a name are no key to anything."""
    numbers = [river.join(name) for name in NAMES]
    assert len(set(numbers)) == len(NAMES)
    for name in NAMES:
        assert phone().sign_in(river.account(name).short).status_code == 302


def test_joining_that_fails_half_way_leaves_nothing(river: Village) -> None:
    """MCCS 18: the card refuses when the key is written, after the entry, the member and the name."""

    def state() -> list[str]:
        with sqlite3.connect(river.hub.data / "ledger.db") as db:
            return list(db.iterdump())

    before, insert, put = state(), Tx.insert, Tx.put
    failed: list[str] = []

    def refuses(write: Callable[..., None]) -> Callable[..., None]:
        def refusing(tx: Tx, model: type, **values: object) -> None:
            if model is SealedKeyRow:
                failed.append(model.__name__)
                raise OSError("no space left")
            write(tx, model, **values)

        return refusing

    with (
        mock.patch.object(Tx, "insert", refuses(insert)),
        mock.patch.object(Tx, "put", refuses(put)),
        pytest.raises(OSError, match="no space left"),
    ):
        river.hub.join("Erin", "7391")
    assert failed
    assert state() == before
    assert isinstance(river.hub.join("Erin", "7391"), Receipt)
    verify(river.hub.store)


def test_who_waits_or_was_turned_away_is_shown_to_nobody(
    river: Village, enter: Callable[..., Browser]
) -> None:
    """MCCS 19: by number, by name, by code."""
    river.join("Zebulon")
    alice, account = enter("Alice"), river.account("Zebulon")
    for turned_away in (False, True):
        for path in (f"/P/{account.compact}", f"/pay?to={account.short}", "/pay?to=zebu", "/pay?to=Zebulon"):
            page = re.sub(r'value="[^"]*"', "", alice.get(path).text)
            assert ("Zebulon" in page) == (path.endswith("=Zebulon") and "Nobody" in page), path
        if not turned_away:
            river.do("Kira", TurnAway(river.numbers["Zebulon"], "nobody knows him"))


# ------------------------------------------------------------------------------------------- the box


def test_health_tells_phones_no_figures_of_the_box(phone: Callable[..., Browser]) -> None:
    """MCCS 20: how full the card is is the box's business; a phone reads whether all is well."""
    told = phone().get("/health").json
    assert told is not None
    assert set(told["card"]) == {"level"}
    own = phone(OWN_SCREEN).get("/health").json
    assert own is not None
    assert {"free_mb", "total_mb"} < set(own["card"])
    assert not re.search(r"cpu|memory|load|host|uptime", str(told), re.IGNORECASE)


def test_health_has_one_rule_for_its_status(river: Village, phone: Callable[..., Browser]) -> None:
    """MCCS 20: 200 when people can pay, 503 when the ledger cannot be read; the same word to both."""
    assert (phone().get("/health").status_code, phone(OWN_SCREEN).get("/health").status_code) == (200, 200)
    river.hub.store.close()
    with sqlite3.connect(river.hub.data / "ledger.db") as db:
        db.execute("DROP TABLE entry")
    for address in (PHONE, OWN_SCREEN):
        said = phone(address).get("/health")
        assert (said.status_code, said.json and said.json["status"]) == (503, "ledger down")


def test_what_a_keeper_may_do_stands_in_the_book(river: Village, enter: Callable[..., Browser]) -> None:
    """MCCS 21: Alice is made a keeper by the root paper, and may from then on; a form or a table makes nobody one."""
    emil = river.join("Emil")
    assert isinstance(river.ask("Alice", Approve(emil)), Refusal)
    assert enter("Alice", OWN_SCREEN).get("/desk").status_code == 403
    river.root(AppointKeeper(river.numbers["Alice"]))
    assert enter("Alice", OWN_SCREEN).get("/desk").status_code == 200
    river.do("Alice", Approve(emil))
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------ the table


def test_what_the_table_names_is_there() -> None:
    lines = (__doc__ or "").splitlines()
    named = re.findall(r" (\S+\.py)::(test_\w+)$", __doc__ or "", re.MULTILINE)
    assert {int(line[:2]) for line in lines if re.match(r"\d\d?  ", line)} == {*range(1, 22)}
    assert len(named) == sum(1 for line in lines if re.match(r"\d", line))
    for path, test in named:
        source = (Path(__file__).parent / path).read_text("utf-8")
        assert re.search(rf"\n *def {test}\(", source), f"{path}::{test}"
