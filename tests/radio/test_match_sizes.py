"""Bytes of what hubs say about matches; docs/wire.md has the table that is made here."""

import pytest

from appliance.ledger.book import letters_match
from appliance.ledger.book.letters import Named, sequence
from appliance.ledger.book.letters_match import HAPPENED, NO, SAYINGS, YES, Saying
from appliance.ledger.errors import BadEncoding
from tests.radio.page import cddl, table
from tests.support.cbor import decode_sequence

NUMBERS = {"below 256": (200, 200), "below 65,536": (20_000, 20_000), "up to a million": (10**6, 10**6)}


def test_the_page_has_the_sizes() -> None:
    rows = table("Matches, in bytes")
    assert [words for words, *_sizes in rows] == list(NUMBERS)
    for words, *sizes in rows:
        listing, record = NUMBERS[words]
        yes = len(letters_match.match(Saying(listing, listing, YES)))
        paid = len(letters_match.match(Saying(listing, listing, HAPPENED, Named(1, record))))
        assert [yes, paid] == [int(size) for size in sizes]


def test_what_is_said_is_read_again() -> None:
    for said in SAYINGS:
        for paid in (None, Named(1, 7), Named(3, 7)):
            saying = Saying(5, 6, said, paid)
            plain = letters_match.match(saying)
            assert letters_match.read_match(plain) == saying
            assert cddl().fits("match", decode_sequence(plain))


def test_what_only_a_later_release_knows_is_no_yes() -> None:
    assert letters_match.read_match(sequence(5, 6, 9)) == Saying(5, 6, NO)
    for broken in (b"", sequence(5, 6), sequence(0, 6, 1), sequence(5, 6, 1, 7, 8), sequence(5, 6, -1)):
        with pytest.raises(BadEncoding):
            letters_match.read_match(broken)
