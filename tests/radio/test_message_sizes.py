"""Bytes of messages between villages; docs/wire.md has the table that is made here, and the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book import letters_talk
from appliance.ledger.book.letters_talk import About, Said
from appliance.ledger.book.records import LONGEST_SEALED
from appliance.ledger.errors import BadEncoding
from tests.radio.page import TEXT, cddl, table
from tests.support.cbor import decode_sequence


def test_the_page_has_the_sizes() -> None:
    rows = table("Messages, in bytes")
    assert len(rows) == 3
    for text, letters, size in rows:
        assert (len(text), len(letters_talk.message(Said(5000, 12, 7, text)))) == (int(letters), int(size))
        assert len(text) <= letters_talk.LONGEST
    assert len(letters_talk.unmessage(5000)) == 3
    assert len(letters_talk.about(About(5000, 300, True))) == 7
    assert len(letters_talk.about(About(10**6, 10**6, False))) == 11
    assert "An *unmessage* has 3, an *about* 7; up to a million, 11." in TEXT
    assert f"at most {letters_talk.ROOM} bytes, with its head" in TEXT


@given(st.text(min_size=1, max_size=200))
def test_what_fits_is_read_again_and_leaves_room_for_the_largest_numbers(text: str) -> None:
    said = Said((1 << 40) - 1, 10**9, 10**9, text[: letters_talk.fits(text)])
    plain = letters_talk.message(said)
    assert len(plain) <= LONGEST_SEALED
    assert letters_talk.read_message(plain) == said
    assert cddl().fits("message", decode_sequence(plain))


def test_one_that_was_taken_back_is_its_number_alone() -> None:
    assert letters_talk.read_message(letters_talk.empty(7)) is None
    assert letters_talk.read_unmessage(letters_talk.unmessage(7)) == 7
    assert cddl().fits("message", decode_sequence(letters_talk.empty(7)))
    assert cddl().fits("unmessage", decode_sequence(letters_talk.unmessage(7)))


def test_what_it_is_about_is_read_again() -> None:
    for said in (About(1, 1, True), About((1 << 40) - 1, (1 << 40) - 1, False)):
        plain = letters_talk.about(said)
        assert letters_talk.read_about(plain) == said
        assert cddl().fits("message-about", decode_sequence(plain))
    assert letters_talk.read_about(letters_talk.empty(7)) is None
    assert cddl().fits("message-about", decode_sequence(letters_talk.empty(7)))
    for plain in (b"", b"\x07\x01", b"\x07\x01\x02", b"\x07\x00\x01", b"\x07\x01\x01\x01"):
        with pytest.raises(BadEncoding):
            letters_talk.read_about(plain)


@pytest.mark.parametrize(
    "plain", [b"", b"\x07\x01", b"\x00\x01\x02\x61a", b"\x07\x01\x02\x61a\x00", b"\x61a"]
)
def test_what_is_no_message_is_refused(plain: bytes) -> None:
    with pytest.raises(BadEncoding):
        letters_talk.read_message(plain)
