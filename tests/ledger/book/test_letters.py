"""The plain text of sealed parts: one meaning, strict reading, and no error but ``BadEncoding`` on any bytes."""

import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.ledger import codec
from appliance.ledger.book import letters
from appliance.ledger.book.letters import Checkpoint, FarListing, Named, Sent, Why
from appliance.ledger.book.records import LONGEST_SEALED
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.errors import BadEncoding
from appliance.ledger.values import MAX_AMOUNT

READERS: list[Callable[[bytes], Any]] = [
    letters.read_sent,
    letters.read_answer,
    letters.read_returned,
    letters.read_person,
    letters.read_listing,
    letters.read_unlisting,
    letters.read_checkpoint,
]

ACCOUNT = st.integers(0, 10**9)
NUMBER = st.integers(1, (1 << 40) - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAMED = st.builds(Named, st.integers(1, 65535), NUMBER)
TOTALS = [st.integers(0, 10**12)] * 5


# ------------------------------------------------------------------------------------------------ there and back


@given(ACCOUNT, ACCOUNT, st.sampled_from(CATEGORIES), TEXT)
def test_a_payment(payer: int, payee: int, category: str, memo: str) -> None:
    assert letters.read_sent(letters.sent(Sent(payer, payee, category, memo))) == Sent(
        payer, payee, category, memo
    )


@given(NAMED, st.sampled_from(Why))
def test_an_answer(named: Named, why: Why) -> None:
    assert letters.read_answer(letters.answer(named)) == named
    assert letters.read_returned(letters.answer(named, why)) == (named, why)


@given(ACCOUNT, TEXT)
def test_a_name(number: int, name: str) -> None:
    plain = letters.person(number, name)
    assert len(plain) <= LONGEST_SEALED
    found, told = letters.read_person(plain)
    assert (found, told) == (number, letters.shortened(name))


@given(
    NUMBER,
    ACCOUNT,
    st.booleans(),
    st.sampled_from(CATEGORIES),
    st.none() | st.integers(0, MAX_AMOUNT),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
)
def test_a_listing(number: int, owner: int, want: bool, category: str, price: int | None, title: str) -> None:
    plain = letters.listing(FarListing(number, owner, want, category, price, title))
    assert len(plain) <= LONGEST_SEALED
    found = letters.read_listing(plain)
    assert found == FarListing(number, owner, want, category, price, letters.shortened(title))
    assert letters.read_unlisting(letters.unlisting(number)) == number


@given(
    st.builds(Checkpoint, st.binary(min_size=32, max_size=32), NUMBER, *TOTALS, NUMBER, st.just(b"h" * 16))
)
def test_a_checkpoint(position: Checkpoint) -> None:
    plain = letters.checkpoint(position)
    assert len(plain) <= LONGEST_SEALED
    assert letters.read_checkpoint(plain) == position


def test_a_checkpoint_of_a_rich_village_leaves_out_the_books_head() -> None:
    most = 1 << 62
    position = Checkpoint(bytes(32), (1 << 40) - 1, most, most, most, most, most, 1 << 40, b"h" * 16)
    plain = letters.checkpoint(position)
    assert len(plain) <= LONGEST_SEALED
    found = letters.read_checkpoint(plain)
    assert (found.held, found.entry, found.head) == (1 << 62, 0, bytes(16))


# ------------------------------------------------------------------------------------------------ texts


def test_the_dictionary_never_changes() -> None:
    """It is part of the wire: with another one, no hub reads what an older one packed."""
    assert (
        hashlib.sha256(letters._DICTIONARY).hexdigest()
        == "a069ca29d53052e284ba30655a02b755b900c4cdbaba6117ac95fa6c4e0eacfa"
    )


def test_what_an_older_zlib_packed_is_read() -> None:
    """Bytes as they were packed when the wire was fixed; any inflate must give the same text."""
    item = codec.decode(bytes.fromhex("46c36214ba5600"))
    assert letters.unpack_text(item) == "two bread and milk for the children"


def test_a_text_has_two_spellings_and_both_are_read() -> None:
    words = "hours of work in the garden"
    packed = letters.pack_text(words)
    assert len(packed) < len(words) // 2
    assert letters.unpack_text(codec.decode(packed)) == letters.unpack_text(words) == words


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=700))
def test_a_text_that_is_shortened_fits_and_keeps_its_beginning(words: str) -> None:
    short = letters.shortened(words)
    assert letters.room_for(short) <= letters.LONGEST_MEMO
    assert short == words or words.startswith(short[:-1])


def deflated(plain: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=letters._DICTIONARY)
    return packer.compress(plain) + packer.flush()


@pytest.mark.parametrize(
    "item",
    [
        deflated(b"a" * 100_000),
        deflated(b"\xff\xfe"),
        deflated(b"bread")[:-1],
        deflated(b"bread") + b"x",
        b"",
        b"\xff" * 40,
        "x" * 601,
        "é" * 301,
        7,
        None,
        ["bread"],
    ],
    ids=lambda item: str(item)[:12],
)
def test_a_text_is_bounded_before_it_is_unpacked(item: object) -> None:
    with pytest.raises(BadEncoding):
        letters.unpack_text(item)


# ------------------------------------------------------------------------------------------------ strict reading


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(st.binary(max_size=LONGEST_SEALED))
@example(bytes.fromhex("9b0000007fffffffff"))
@example(bytes.fromhex("5b7fffffffffffffff"))
@example(bytes.fromhex("bb0000007fffffffff"))
@example(bytes.fromhex("d81e820100"))
@example(bytes.fromhex("d81c81d81d00"))
@example(bytes.fromhex("c4821b7fffffffffffffff01"))
@example(bytes.fromhex("d8236128"))
@example(b"\x81" * 112)
@example(b"\xa1\x80\x00")
def test_any_bytes_are_read_or_refused(read: Callable[[bytes], Any], plain: bytes) -> None:
    try:
        read(plain)
    except BadEncoding:
        return


GOOD: dict[Callable[[bytes], Any], bytes] = {
    letters.read_sent: letters.sent(Sent(2, 3, "food", "bread")),
    letters.read_answer: letters.answer(Named(1, 700)),
    letters.read_returned: letters.answer(Named(4, 700), Why.KEEPER),
    letters.read_person: letters.person(3, "Chandra"),
    letters.read_listing: letters.listing(
        FarListing(9, 3, want=False, category="food", price=None, title="Rye")
    ),
    letters.read_unlisting: letters.unlisting(9),
    letters.read_checkpoint: letters.checkpoint(Checkpoint(bytes(32), 1, 2, 3, 4, 5, 6, 7, bytes(16))),
}


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_cut_off_or_longer_is_refused(read: Callable[[bytes], Any]) -> None:
    good = GOOD[read]
    # A payment may have no memo, a checkpoint no head of the book: both are whole without.
    whole = {len(letters.sent(Sent(2, 3, "food"))), len(good) - 18}
    for length in range(len(good)):
        if length not in whole or read not in (letters.read_sent, letters.read_checkpoint):
            with pytest.raises(BadEncoding):
                read(good[:length])
    with pytest.raises(BadEncoding):
        read(good + b"\x00")


@pytest.mark.parametrize(
    ("read", "plain"),
    [
        (letters.read_sent, "18 02 03 00"),
        (letters.read_sent, "20 03 00"),
        (letters.read_sent, "02 f5 00"),
        (letters.read_sent, "1a 3b9aca01 03 00"),
        (letters.read_answer, "00"),
        (letters.read_answer, "82 01 05"),
        (letters.read_answer, "83 02 05 06"),
        (letters.read_answer, "1b 000000ffffffffff 00"),
        (letters.read_returned, "05 20"),
        (letters.read_person, "03"),
        (letters.read_person, "03 f6"),
        (letters.read_listing, "09 03 02 00 f6 63 527965"),
        (letters.read_listing, "09 03 00 00 20 63 527965"),
        (letters.read_unlisting, "61 39"),
    ],
)
def test_what_is_out_of_bounds_or_spelled_otherwise_is_refused(
    read: Callable[[bytes], Any], plain: str
) -> None:
    with pytest.raises(BadEncoding):
        read(bytes.fromhex(plain))


def test_words_of_a_later_release_are_read_as_the_nearest_of_ours() -> None:
    assert letters.read_sent(bytes.fromhex("02 03 18c8")).category == "other"
    assert letters.read_returned(bytes.fromhex("05 18c8")) == (Named(1, 5), Why.KEEPER)
    assert letters.read_sent(letters.sent(Sent(2, 3, "a kind that is not there"))).category == "other"


def test_reasons_and_categories_keep_their_places() -> None:
    assert [str(why) for why in Why] == [
        "unknown_account",
        "account_closed",
        "payee_limit",
        "recalled",
        "expired",
        "keeper",
        "unreadable",
        "renewed",
    ]
    assert CATEGORIES[:3] == ("food", "garden", "animals")
    assert CATEGORIES[-1] == "other"
    assert len(CATEGORIES) == 16
