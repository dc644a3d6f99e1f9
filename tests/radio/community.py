"""A community on the air for tests: hubs with known keys, and the payments that villages make."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from appliance.ledger import sealing
from appliance.ledger.book import letters
from appliance.ledger.book.records import FEED_BEGIN, Kind, Record
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.keys import KeySigner
from appliance.radio import frames
from appliance.radio.directory import Directory, Member

RIVER, HILL, LAKE = 101, 102, 103
COMMUNITY = bytes(range(0xC0, 0xD0))
GROUP_KEY = bytes(range(0x20, 0x40))
ROSTER = bytes.fromhex("a1b2c3d4")


def seed_of(hub: int) -> bytes:
    """The seed of a hub's signing key: its number, again and again."""
    return hub.to_bytes(2, "big") * 16


def signer_of(hub: int) -> Callable[[bytes], bytes]:
    """What signs the hub's frames."""
    return KeySigner(f"hub:{hub}", seed_of(hub)).sign


def a_directory(hubs: int = 3, me: int = RIVER, community: bytes = COMMUNITY) -> Directory:
    """``hubs`` hubs from River (101, index 1) on, each in its first incarnation."""
    members = {
        number - 100: Member(number, 1, KeySigner("hub", seed_of(number)).public)
        for number in range(101, 101 + hubs)
    }
    return Directory(community, GROUP_KEY, me, members, ROSTER)


def link_before(number: int) -> bytes:
    """Some link, fit for what stands before record ``number``."""
    return FEED_BEGIN if number == 1 else number.to_bytes(8, "big") * 4


def pack(records: Sequence[Record], directory: Directory, before: bytes | None = None) -> bytes:
    """The frame of ``records``, signed by their hub."""
    before = link_before(records[0].number) if before is None else before
    return frames.pack(records, before, directory, signer_of(records[0].hub))


def a_record(number: int = 1, to: int = HILL, hub: int = RIVER, amount: int = 250) -> Record:
    """A record of one payment, sealed with nonsense of the usual length."""
    sealed = random.Random(number).randbytes(7)
    return Record(hub, 1, number, Kind.SENT, to, amount, sealed)


@dataclass(frozen=True, slots=True)
class Payment:
    """What a payment says, before it is sealed."""

    letter: letters.Sent
    amount: int


class Villages:
    """Draws payments with the distribution of the sizes that were measured before anything was built:
    accounts 1 to 1500, amounts 0.50 to 99.99, 64 hubs, no memo.
    """

    hubs = 64

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def payment(self) -> Payment:
        rng = self.rng
        letter = letters.Sent(rng.randint(1, 1500), rng.randint(1, 1500), rng.choice(CATEGORIES))
        return Payment(letter, rng.randint(50, 9999))

    def other(self, *hubs: int) -> int:
        """A hub that is none of ``hubs``."""
        return self.rng.choice([hub for hub in range(101, 101 + self.hubs) if hub not in hubs])

    def records(self, count: int, mixed: bool = False) -> tuple[list[Record], list[Payment]]:
        """Payments on one feed, all to one hub, or each to another hub than the last."""
        hub = 100 + self.rng.randint(1, self.hubs)
        first = self.rng.randint(1, 50_000)
        to = self.other(hub)
        records, payments = [], []
        for number in range(first, first + count):
            payment = self.payment()
            if mixed:
                to = self.other(hub, to)
            sealed = seal(Record(hub, 1, number, Kind.SENT, to, payment.amount, letters.sent(payment.letter)))
            records.append(sealed)
            payments.append(payment)
        return records, payments


def box_of(hub: int) -> sealing.BoxKey:
    """The X25519 key pair of a hub."""
    return sealing.BoxKey(hub.to_bytes(4, "big") * 8)


@cache
def pair_key(sender: int, to: int) -> bytes:
    """The key of what one hub seals for another."""
    return box_of(sender).pair_key(box_of(to).public, COMMUNITY, sending=True)


def seal(record: Record) -> Record:
    """``record`` with its plain text sealed for the hub it is to; or opened again."""
    key = pair_key(record.hub, record.to)
    text = sealing.stream(key, record.hub, record.incarnation, record.number, record.sealed)
    return replace(record, sealed=text)
