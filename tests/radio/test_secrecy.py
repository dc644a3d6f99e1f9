"""What a third hub, or whoever carries the bytes, reads of a payment between two others.

Destination hub and amount, and what follows from them: kind, numbers, how long the sealed part is. Lake is a hub
of the community and has every key that a hub has, but those of River and Hill.
"""

import random
from dataclasses import replace

from appliance.ledger import codec, sealing
from appliance.ledger.book import letters
from appliance.ledger.book.records import Kind, Record
from appliance.ledger.errors import BadEncoding
from appliance.radio import control, frames
from appliance.radio.ports import Position
from appliance.radio.show import describe
from tests.radio.community import (
    COMMUNITY,
    GROUP_KEY,
    HILL,
    LAKE,
    RIVER,
    a_directory,
    box_of,
    pack,
    pair_key,
    seal,
)

DIRECTORY = a_directory()
MEMO = "for Chandra's mother, who is ill"
ALICE, CHANDRA = 100_042, 100_007


def payments(count: int) -> list[Record]:
    """Payments of Alice to Chandra, each with a memo, as River sends them."""
    letter = letters.Sent(ALICE, CHANDRA, "health", MEMO)
    plain = [
        Record(RIVER, 1, n, Kind.SENT, HILL, 4711 + n, letters.sent(letter)) for n in range(1, count + 1)
    ]
    return [seal(record) for record in plain]


def keys_of_lake() -> list[bytes]:
    """All that Lake could try: its pairs, both ways, and the group's."""
    lake = box_of(LAKE)
    pairs = [
        lake.pair_key(box_of(hub).public, COMMUNITY, sending)
        for hub in (RIVER, HILL)
        for sending in (True, False)
    ]
    return [*pairs, sealing.group_seal_key(GROUP_KEY), GROUP_KEY]


def test_no_name_number_or_memo_stands_in_a_frame_or_a_summary() -> None:
    records = payments(3)
    sent = [pack([record], DIRECTORY) for record in records]
    vector = {hub: Position(1, hub, bytes([hub]) * 32) for hub in (RIVER, HILL, LAKE)}
    told = [control.pack_summary(s, DIRECTORY) for s in control.summaries(1, vector, DIRECTORY)]
    packed = letters.pack_text(MEMO)
    secrets = [
        MEMO.encode(),
        b"Chandra",
        b"mother",
        packed,
        packed[2:10],
        *map(codec.encode, (ALICE, CHANDRA)),
    ]
    for data in sent + told:
        assert [secret for secret in secrets if secret in data] == []


def test_lake_reads_destination_and_amount() -> None:
    data = pack(payments(1), DIRECTORY)
    shown = describe(data, replace(DIRECTORY, hub=LAKE))
    (record,) = shown["records"]
    assert set(record) == {"number", "kind", "to", "amount", "sealed"}
    assert (record["kind"], record["to"], record["amount"]) == ("sent", HILL, 4712)


def test_no_key_of_lake_opens_it() -> None:
    for record in frames.open_data(pack(payments(2), DIRECTORY), DIRECTORY).records:
        opened = [sealing.stream(key, RIVER, 1, record.number, record.sealed) for key in keys_of_lake()]
        assert all(letter_in(text) is None for text in opened)
        hill = box_of(HILL).pair_key(box_of(RIVER).public, COMMUNITY, sending=False)
        assert hill == pair_key(RIVER, HILL)
        text = sealing.stream(hill, RIVER, 1, record.number, record.sealed)
        assert letter_in(text) == letters.Sent(ALICE, CHANDRA, "health", MEMO)


def letter_in(text: bytes) -> letters.Sent | None:
    try:
        return letters.read_sent(text)
    except BadEncoding:
        return None


def test_one_payment_made_twice_looks_like_two_others() -> None:
    """No part of the sealed bytes repeats, so nobody sees that it is the same payee, or the same words."""
    one, two = payments(2)
    assert sum(a == b for a, b in zip(one.sealed, two.sealed, strict=True)) < len(one.sealed) // 4


def test_what_hill_reads_back_was_sealed_by_river_alone() -> None:
    """The key of the way back is another one: what Hill sealed cannot be handed to it as River's."""
    assert pair_key(RIVER, HILL) != pair_key(HILL, RIVER)
    rng = random.Random(3)
    text = rng.randbytes(20)
    there = sealing.stream(pair_key(RIVER, HILL), RIVER, 1, 1, text)
    assert sealing.stream(pair_key(HILL, RIVER), RIVER, 1, 1, there) != text
