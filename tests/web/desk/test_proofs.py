"""Proofs of care between River and Hill at both desks: asked for, let go, read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import proofpost
from appliance.ledger.book.local import ProofAsked
from appliance.ledger.care.proof.checking import verify
from tests.ledger.care.caring import row
from tests.ledger.care.proof.proving import by_phone
from tests.support.proof_desks import Desks, desks
from tests.support.two_villages import HILL, RIVER
from tests.web.conftest import OWN_SCREEN
from tests.web.villages import Portals, portals

PAGE = "/desk/proofs"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Desks]:
    with desks(tmp_path, care={"quorum": 2}) as made:
        yield made


@pytest.fixture
def web(both: Desks) -> Portals:
    return portals(both.villages)


def exchange(both: Desks) -> None:
    """The radios say what they have to say."""
    for data in both.parts():
        both.hears(HILL, data)


def test_hana_asks_kira_lets_it_go_and_hana_reads_it(both: Desks, web: Portals) -> None:
    made = by_phone(both.villages.river, 2)
    hana, kira = web.at("Hana", OWN_SCREEN), web.at("Kira", OWN_SCREEN)
    assert "Nothing yet." in hana.get(PAGE).text
    asked = hana.fill(PAGE, "/proofs/ask", follow=True, hub=str(RIVER), claim=made.record.hex())
    assert "The radio asks for it." in asked.text
    assert "Asked. Nothing is here yet." in asked.text
    assert "The radio does not run now." in asked.text
    exchange(both)
    refused = hana.get(PAGE).text
    assert "They do not send it" in refused

    desk = kira.get(PAGE).text
    for words in ("Asked of us", "Hill", "Alice", "Let Hill have it"):
        assert words in desk, words
    let = kira.fill(PAGE, "/proofs/let", follow=True)  # the first form of the page: Hill's
    assert "It goes there when they ask for it." in let.text
    assert made.record.hex() in let.text
    assert "Asked of us" not in let.text

    hana.fill(PAGE, "/proofs/ask", follow=True)  # "Ask again"
    exchange(both)
    assert "It is here, and it holds." in hana.get(PAGE).text
    page = hana.get(f"{PAGE}/{RIVER}/{made.record.hex()}")
    for words in (
        "This proof holds",
        "River (101)",
        "2 people had to confirm",
        "1.50 h",
        "it was never changed",
    ):
        assert words in page.text, words
    assert len(page.data) < 30 * 1024
    file = hana.get(f"{PAGE}/{RIVER}/{made.record.hex()}/file")
    assert verify(file.data, (both.villages.river.founders.public,)).claim == made.record


def test_kira_lets_hill_have_one_by_its_code(both: Desks, web: Portals) -> None:
    made = by_phone(both.villages.river, 2)
    kira = web.at("Kira", OWN_SCREEN)
    code = str(row(both.villages.river, made).code)
    for form, words in (
        ({"hub": str(HILL), "claim": "ZZZZ-ZZZZ"}, "There is no care with this code."),
        ({"hub": "103", "claim": code}, "Choose a village."),
        ({"hub": str(RIVER), "claim": code}, "Choose a village."),
    ):
        wrong = kira.fill(PAGE, "/proofs/let", hub=form["hub"], claim=form["claim"])
        assert wrong.status_code == 422
        assert words in wrong.text
    kira.fill(PAGE, "/proofs/let", follow=True, hub=str(HILL), claim=code)
    with both.villages.river.hub.reading() as tx:
        assert proofpost.may_have(tx, row(both.villages.river, made), HILL)


def test_what_cannot_be_asked_for_is_said_and_nothing_is_kept(both: Desks, web: Portals) -> None:
    hana = web.at("Hana", OWN_SCREEN)
    for form, words in (
        ({"hub": str(RIVER), "claim": "K7Q2"}, "it has 32 letters and digits"),
        ({"hub": "x", "claim": "00" * 16}, "Choose a village."),
    ):
        wrong = hana.fill(PAGE, "/proofs/ask", hub=form["hub"], claim=form["claim"])
        assert wrong.status_code == 422
        assert words in wrong.text
    with both.villages.hill.hub.reading() as tx:
        assert proofpost.asked(tx) == []
    for path in (f"{RIVER}/{'00' * 16}", f"{RIVER}/xyz", f"{RIVER}/{'00' * 16}/file"):
        assert hana.get(f"{PAGE}/{path}").status_code == 404


def test_every_way_that_it_can_stand_has_its_words(both: Desks, web: Portals) -> None:
    hana, about = web.at("Hana", OWN_SCREEN), bytes(16)
    hana.fill(PAGE, "/proofs/ask", follow=True, hub=str(RIVER), claim=about.hex())
    for change, words in (
        ({"held": 2, "parts": 3}, "2 of 3 parts are here"),
        ({"state": "refused", "why": "not_settled"}, "Not enough people have confirmed it there yet"),
        ({"state": "refused", "why": "no_form"}, "It cannot go by radio"),
        ({"state": "silent"}, "No answer came."),
        ({"state": "bad", "why": "too_few"}, "What came does not hold."),
    ):
        with both.villages.hill.hub.store.write() as tx:
            tx.update(ProofAsked, {"hub": RIVER, "about": about}, **change)
        assert words in hana.get(PAGE).text


def test_an_ask_that_got_no_is_noted_once_and_a_claim_that_is_not_there_never(both: Desks) -> None:
    river = both.villages.river.hub
    made = by_phone(both.villages.river, 2)
    for about in (made.record, made.record, bytes(16)):
        proofpost.note_wanted(river, HILL, about)
    with river.reading() as tx:
        assert [(bytes(one.claim), one.hub) for one in proofpost.wanted(tx)] == [(made.record, HILL)]
    for number in range(200, 200 + proofpost.MOST_WANTED):
        both.villages.clock.advance(1000)
        proofpost.note_wanted(river, number, made.record)
    with river.reading() as tx:
        kept = [one.hub for one in proofpost.wanted(tx)]
    assert len(kept) == proofpost.MOST_WANTED
    assert HILL not in kept, "the oldest goes"


def test_only_keepers_at_the_own_screen(both: Desks, web: Portals) -> None:
    for browser in (web.at("Alice", OWN_SCREEN), web.at("Kira")):
        assert browser.get(PAGE).status_code == 403
