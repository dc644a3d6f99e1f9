"""Records: what one hub tells the others, item by item, in its feed.

A record has four open fields: its kind, its number in the feed, the hub it is for, and an
amount. All else is *sealed*: for a neighbour under the pair's key, for everyone of the
community under the group's key (``sealing.py``). The chain of a feed and the identity of a
record cover the canonical form with all fields restored, community included; so a record that
rides again in a later frame compares equal, and the frame it came in does not matter.

What the sealed part of each kind holds is in ``letters.py``, its bytes in ``docs/wire.md``.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from appliance.ledger import codec
from appliance.ledger.values import HUB_NUMBERS, MAX_AMOUNT

EVERYONE: Final = 0
"""The destination of a record that is for every hub of the community."""

FEED_BEGIN: Final = bytes(codec.DIGEST_BYTES)
"""The link before the first record of a feed."""

LONGEST_SEALED: Final = 112
"""Bytes of the longest sealed part; so that every kind of today, whatever its amount, fits a frame of 200."""


NUMBER_BITS: Final = 40
"""A record's number takes so many bits at most."""


class Kind(IntEnum):
    """What a record says. The numbers are on the wire and never change their meaning."""

    SENT = 0
    ACCEPTED = 1
    RETURNED = 2
    RECALL = 3
    PERSON = 4
    LISTING = 5
    UNLISTING = 6
    CHECKPOINT = 7
    SEEN = 8
    FORK = 9
    CARE_ASK = 10
    CARE_KEY = 11
    CARE_SIGN = 12
    CARE_NO = 13
    CARE_TOLD = 14
    LOOP = 20
    LOOP_ANSWER = 21
    LOOP_END = 22
    MESSAGE = 23
    UNMESSAGE = 24
    MATCH = 25
    ABOUT = 26


def position(incarnation: int, number: int) -> int:
    """A place in all lives of a feed as one number, which grows along them; in the first life the number itself."""
    return (incarnation - 1) << NUMBER_BITS | number


def life_and_number(at: int) -> tuple[int, int]:
    """What ``position`` was made of."""
    return (at >> NUMBER_BITS) + 1, at & (1 << NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One item of a feed. ``kind`` may be one that a later release knows."""

    hub: int
    incarnation: int
    number: int
    kind: int
    to: int
    amount: int
    sealed: bytes

    def __post_init__(self) -> None:
        ok = (
            self.hub in HUB_NUMBERS
            and 1 <= self.incarnation < 1 << 16
            and 1 <= self.number < 1 << 40
            and 0 <= self.kind < 1 << 16
            and (self.to == EVERYONE or self.to in HUB_NUMBERS)
            and 0 <= self.amount <= MAX_AMOUNT
            and len(self.sealed) <= LONGEST_SEALED
        )
        if not ok:
            raise ValueError("not a record")

    def form(self, community: bytes) -> bytes:
        """The canonical bytes: what a link covers, and what is compared."""
        return codec.signed_form(
            "tch/record/1",
            [
                community,
                self.hub,
                self.incarnation,
                self.number,
                self.kind,
                self.to,
                self.amount,
                self.sealed,
            ],
        )

    def digest(self, community: bytes) -> bytes:
        """32 bytes that stand for the record."""
        return codec.digest("tch.record", self.form(community))

    def link(self, community: bytes, before: bytes) -> bytes:
        """The 32-byte link of this record, when ``before`` is that of the one before it."""
        return codec.digest("tch.feed", before + self.digest(community))
