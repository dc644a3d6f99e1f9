"""Alice has forgotten her PIN, and has her sheet at home."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import keys, reentry
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.private import SealedKeyRow, SealedSheet
from appliance.ledger.book.schema_sheets import Reentry
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.people import sheets
from appliance.ledger.people.grants import AgreeGrant, AskGrant
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.sheets import AllowReentry, AskReentry, MakeSheet, Reenter, StopReentry
from appliance.ledger.values import RecordId
from tests.support.village import Village

DAY_MS = 86_400_000
OLD, NEW = "2580", "7415"


def sheet(village: Village, name: str = "Alice") -> str:
    made = reentry.make(village.hub, village.signers[name])
    assert isinstance(made, reentry.Printed), made
    return made.letters


def ask(village: Village, letters: str, name: str = "Alice", key: bytes = b"k" * 16) -> Receipt | Refusal:
    return reentry.ask(village.hub, village.numbers[name], letters, key)


def asked(village: Village, letters: str, name: str = "Alice") -> Receipt:
    result = ask(village, letters, name)
    assert isinstance(result, Receipt), result
    return result


def choose(village: Village, letters: str, pin: str = NEW, name: str = "Alice") -> Receipt | Refusal:
    return reentry.choose_pin(village.hub, village.numbers[name], letters, pin, b"phone", "10.0.0.7")


def allow(village: Village, wish: RecordId, name: str = "Alice") -> AllowReentry:
    return AllowReentry(wish, village.numbers[name])


def stop(village: Village, wish: RecordId, name: str = "Alice") -> StopReentry:
    return StopReentry(wish, village.numbers[name])


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def opens(village: Village, pin: str, name: str = "Alice") -> bool:
    signer = village.hub.unlock(village.numbers[name], pin)
    if isinstance(signer, Refusal):
        return False
    signer.close()
    return True


# ------------------------------------------------------------------------------------------- the story


def test_with_the_sheet_and_a_keeper_alice_chooses_a_new_pin_at_once(river: Village) -> None:
    letters = sheet(river)
    wish = asked(river, letters)
    assert code(choose(river, letters)) is Code.REENTRY_WAITS
    river.do("Kira", allow(river, wish.record))
    before = river.signers["Alice"].public
    assert isinstance(choose(river, letters), Receipt)
    assert opens(river, NEW)
    with river.hub.reading() as tx:
        assert bytes(tx.rows(SealedKeyRow.select().where(SealedKeyRow.member == 2))[0].public) == before
    river.pay("Alice", "Bob", 100)
    verify(river.hub.store)


def test_with_the_sheet_alone_it_takes_a_day(river: Village) -> None:
    letters = sheet(river)
    asked(river, letters)
    river.clock.advance(DAY_MS - 1)
    assert code(choose(river, letters)) is Code.REENTRY_WAITS
    river.clock.advance(1)
    assert isinstance(choose(river, letters), Receipt)
    assert opens(river, NEW)
    verify(river.hub.store)


def test_the_day_does_not_pass_by_a_clock_that_nobody_vouches_for(river: Village) -> None:
    letters = sheet(river)
    asked(river, letters)
    river.clock.set(river.clock.now().ms + 5 * DAY_MS, Quality.MESH)
    assert code(choose(river, letters)) is Code.REENTRY_WAITS


def test_the_same_form_again_gives_the_first_receipt(river: Village) -> None:
    letters = sheet(river)
    wish = asked(river, letters)
    assert ask(river, letters) == replace(wish, replayed=True)
    river.do("Kira", allow(river, wish.record))
    first = choose(river, letters)
    again = choose(river, letters)
    assert isinstance(first, Receipt)
    assert again == replace(first, replayed=True)


def test_a_second_wish_is_refused_while_one_waits_and_is_possible_afterwards(river: Village) -> None:
    letters = sheet(river)
    wish = asked(river, letters)
    assert code(ask(river, letters, key=b"2" * 16)) is Code.ALREADY_ASKED
    river.do("Kira", allow(river, wish.record))
    assert isinstance(choose(river, letters), Receipt)
    assert isinstance(ask(river, letters, key=b"3" * 16), Receipt)


# ---------------------------------------------------------------------------------------- who may what


def test_whoever_has_the_pin_stops_it_and_the_sheet_is_worthless(river: Village) -> None:
    letters = sheet(river)
    wish = asked(river, letters)
    assert code(river.ask("Bob", stop(river, wish.record))) is Code.NOT_YOURS
    river.do("Alice", stop(river, wish.record))
    river.clock.advance(2 * DAY_MS)
    assert code(choose(river, letters)) is Code.SHEET_WRONG
    assert code(ask(river, letters, key=b"4" * 16)) is Code.SHEET_WRONG
    with river.hub.reading() as tx:
        assert tx.rows(SealedSheet.select()) == []
    assert opens(river, OLD)
    verify(river.hub.store)


def test_a_keeper_stops_it_as_well(river: Village) -> None:
    wish = asked(river, sheet(river))
    river.do("Kira", stop(river, wish.record))
    assert code(river.ask("Kira", allow(river, wish.record))) is Code.NO_REENTRY


def test_only_a_keeper_without_a_part_in_it_allows_it(river: Village) -> None:
    wish = asked(river, sheet(river))
    assert code(river.ask("Bob", allow(river, wish.record))) is Code.NOT_KEEPER
    river.do("Alice", AskGrant(river.numbers["Alice"], river.numbers["Kira"]))
    river.do("Kira", AgreeGrant(river.numbers["Alice"], "helper"))
    assert code(river.ask("Kira", allow(river, wish.record))) is Code.PARTY
    own = asked(river, sheet(river, "Kira"), "Kira")
    assert code(river.ask("Kira", AllowReentry(own.record, river.numbers["Kira"]))) is Code.PARTY


def test_a_new_sheet_makes_the_old_one_worthless_and_ends_what_was_asked_with_it(river: Village) -> None:
    old = sheet(river)
    wish = asked(river, old)
    new = sheet(river)
    assert code(river.ask("Kira", allow(river, wish.record))) is Code.NO_REENTRY
    assert code(choose(river, old)) is Code.SHEET_WRONG
    assert isinstance(ask(river, new, key=b"5" * 16), Receipt)


def test_a_new_key_makes_the_sheet_worthless(river: Village) -> None:
    """A keeper has reset the PIN of somebody who lost both; the sheet turns up later, in other hands."""
    letters = sheet(river)
    wish = asked(river, letters)
    river.do("Kira", allow(river, wish.record))
    assert isinstance(river.hub.reset_pin(river.numbers["Alice"], "9137", river.signers["Kira"]), Receipt)
    assert code(choose(river, letters)) is Code.SHEET_WRONG
    verify(river.hub.store)


def test_another_pin_leaves_the_sheet_as_it_is(river: Village) -> None:
    letters = sheet(river)
    assert isinstance(river.hub.change_pin(river.numbers["Alice"], OLD, "9137"), Receipt)
    assert isinstance(ask(river, letters), Receipt)


def test_nobody_elses_sheet_opens_it(river: Village) -> None:
    letters = sheet(river)
    sheet(river, "Bob")
    for name in ("Bob", "Chandra"):
        assert code(ask(river, letters, name)) is Code.SHEET_WRONG
    assert code(reentry.ask(river.hub, 10**30, letters, b"k" * 16)) is Code.SHEET_WRONG
    assert code(reentry.ask(river.hub, 99, letters, b"k" * 16)) is Code.SHEET_WRONG


def test_a_weak_pin_is_refused_and_nothing_is_used_up(river: Village) -> None:
    letters = sheet(river)
    river.do("Kira", allow(river, asked(river, letters).record))
    assert code(choose(river, letters, "1234")) is Code.PIN_WEAK
    assert isinstance(choose(river, letters), Receipt)


def test_who_has_left_has_no_sheet(river: Village) -> None:
    letters = sheet(river)
    river.do("Alice", Leave(river.numbers["Alice"]))
    with river.hub.reading() as tx:
        assert tx.rows(SealedSheet.select()) == []
    assert code(ask(river, letters)) is Code.SHEET_WRONG


def test_without_the_pepper_a_stolen_book_and_the_sheets_letters_open_nothing(river: Village) -> None:
    letters = sheet(river)
    with river.hub.reading() as tx:
        (row,) = tx.rows(SealedSheet.select())
    secret = sheets.parse_letters(letters)
    assert secret is not None
    box, public = bytes(row.box), bytes(row.public)
    assert keys.unseal_with_sheet(box, public, secret, bytes(32)) is None
    assert keys.unseal_with_sheet(box, public, bytes(15), river.hub.pepper) is None
    assert keys.unseal_with_sheet(box, public, secret, river.hub.pepper) is not None


# ----------------------------------------------------------------------------- what a hand-made book says


@pytest.fixture
def wish(river: Village) -> RecordId:
    return asked(river, sheet(river)).record


def test_nobody_comes_in_for_another(river: Village, wish: RecordId) -> None:
    """Bob signs with his own key what only Alice's may."""
    river.do("Kira", allow(river, wish))
    bob = river.signers["Bob"]
    sealed = keys.seal(bob.seed(), NEW, river.hub.pepper, river.hub.cost)
    assert code(river.ask("Bob", Reenter(wish, sealed))) is Code.NOT_YOURS
    assert code(river.ask("Bob", AskReentry(bob.public))) is Code.SHEET_WRONG
    strange = KeySigner("member:2", keys.new_seed())
    assert code(river.ask("Alice", MakeSheet(strange.public, b"box"))) is Code.NOT_YOURS


def test_whom_it_is_about_is_named_rightly(river: Village, wish: RecordId) -> None:
    assert code(river.ask("Kira", allow(river, wish, "Bob"))) is Code.NO_REENTRY
    assert code(river.ask("Bob", stop(river, wish, "Bob"))) is Code.NO_REENTRY


def test_states_are_told_apart(river: Village, wish: RecordId) -> None:
    river.do("Kira", allow(river, wish))
    assert code(river.ask("Kira", allow(river, wish))) is Code.NO_REENTRY
    river.do("Alice", stop(river, wish))
    assert code(river.ask("Alice", stop(river, wish))) is Code.NO_REENTRY
    with river.hub.reading() as tx:
        row = tx.get(Reentry, id=wish)
    assert row is not None
    assert (row.state, row.keeper) == (sheets.STOPPED, 1)


# ------------------------------------------------------------------------------------------ the letters


@given(st.binary(min_size=15, max_size=15))
def test_letters_come_back_as_they_were_printed_however_they_are_typed(secret: bytes) -> None:
    letters = sheets.letters_of(secret)
    assert sheets.parse_letters(letters) == secret
    assert sheets.parse_letters(sheets.show_letters(letters).lower().replace("o", "0")) == secret
    assert sheets.parse_letters(f"  {'-'.join(letters)} ") == secret


def test_one_wrong_letter_and_two_swapped_ones_are_seen() -> None:
    letters = sheets.letters_of(bytes(range(15)))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for place, right in enumerate(letters):
        for other in alphabet.replace(right, ""):
            assert sheets.parse_letters(letters[:place] + other + letters[place + 1 :]) is None
        swapped = letters[:place] + letters[place : place + 2][::-1] + letters[place + 2 :]
        assert swapped == letters or sheets.parse_letters(swapped) is None


@given(st.text(max_size=60))
def test_anything_typed_is_an_answer(text: str) -> None:
    assert sheets.parse_letters(text) is None or len(text) >= 28
