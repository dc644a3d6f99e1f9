"""The plain text of messages between people of two hubs: part of ``letters.py``.

============ ==================================================================================
MESSAGE      number at its hub, [who wrote it, for whom (members), text]; only the number when it was taken back meanwhile
UNMESSAGE    number of the message that was taken back
ABOUT        number of a message, [the listing that it is about, whose: 1 of the hub it goes to, 0 of the sender's]
============ ==================================================================================
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.letters import pack_text, read_items, room_for, sequence, shortened
from appliance.ledger.book.shape import MEMBER, whole
from appliance.ledger.errors import BadEncoding

LONGEST: Final = 120
"""Characters of a message to another hub."""

ROOM: Final = 96
"""Bytes that its text may take on the air, packed: what the largest numbers leave of a record."""

_NUMBER: Final = whole(1, (1 << 40) - 1)
_WHOSE: Final = whole(0, 1)


@dataclass(frozen=True, slots=True)
class Said:
    """A message: ``number`` at its hub; ``writer`` and ``reader`` are members, each of their own hub."""

    number: int
    writer: int
    reader: int
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """What message ``number`` is about: ``listing``, as its hub numbers it; ``yours``: of the hub that is written to."""

    number: int
    listing: int
    yours: bool


def fits(text: str) -> int:
    """How many characters of ``text``, from the first, a record has room for."""
    if room_for(text) <= ROOM:
        return len(text)
    return max(0, len(shortened(text, ROOM)) - 1)


def message(said: Said) -> bytes:
    """Of a MESSAGE record."""
    return sequence(said.number, said.writer, said.reader) + pack_text(said.text)


def empty(number: int) -> bytes:
    """Of a MESSAGE record whose words were taken back before it was sent; and of the ABOUT record after it."""
    return sequence(number)


def unmessage(number: int) -> bytes:
    """Of an UNMESSAGE record."""
    return sequence(number)


def about(said: About) -> bytes:
    """Of an ABOUT record."""
    return sequence(said.number, said.listing, int(said.yours))


def read_message(plain: bytes) -> Said | None:
    """The message of a MESSAGE record; None for one that was taken back before it was sent.

    Raises:
        BadEncoding: it is neither.
    """
    try:
        number, writer, reader, text = read_items(plain, _NUMBER, MEMBER, MEMBER, text="must")
    except BadEncoding:
        read_items(plain, _NUMBER)
        return None
    return Said(int(number), int(writer), int(reader), str(text))


def read_unmessage(plain: bytes) -> int:
    """The number of the message that an UNMESSAGE record takes back."""
    return int(read_items(plain, _NUMBER)[0])


def read_about(plain: bytes) -> About | None:
    """What an ABOUT record says; None for one of a message that was taken back before it was sent.

    Raises:
        BadEncoding: it is neither.
    """
    try:
        number, listing, yours = read_items(plain, _NUMBER, _NUMBER, _WHOSE)
    except BadEncoding:
        read_items(plain, _NUMBER)
        return None
    return About(int(number), int(listing), bool(yours))
