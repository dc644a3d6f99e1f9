"""Bytes of frames, against docs/design.md 9; each frame is read back by somebody who has only docs/wire.md.

That somebody is a CBOR decoder written from RFC 8949 and the CDDL that stands on the page; no code of
the product takes part.
"""

import statistics

import pytest
from nacl.signing import VerifyKey

from appliance.ledger.book.records import Record
from appliance.ledger.book.rules import CATEGORIES
from appliance.radio import frames
from appliance.radio.directory import Directory
from tests.radio.community import COMMUNITY, Payment, Villages, a_directory, pack, seal
from tests.radio.page import cddl
from tests.support.cbor import decode_sequence

FRAMES = 200
DIRECTORY = a_directory(hubs=Villages.hubs)
CDDL = cddl()


def uleb128(data: bytes, at: int) -> tuple[int, int]:
    """As the page says: seven bits a byte, lowest first."""
    number = shift = 0
    while data[at] & 0x80:
        number, shift, at = number | (data[at] & 0x7F) << shift, shift + 7, at + 1
    return number | data[at] << shift, at + 1


def read_by_the_page(data: bytes, directory: Directory) -> list[tuple[int, int, int, int, bytes]]:
    """Number, kind, index of the destination, amount and sealed part of each record."""
    assert data[0] == 0b01_000_001
    VerifyKey(directory.members[data[1]].public).verify(b"tch/frame/1\0" + COMMUNITY + data[:-64], data[-64:])
    incarnation, at = uleb128(data, 2)
    number, at = uleb128(data, at)
    assert incarnation == 1
    found = []
    for run in decode_sequence(data[at + 8 : -64]):
        assert CDDL.fits("run", run)
        kind, to, *rest = run
        for amount, sealed in zip(rest[::2], rest[1::2], strict=True):
            found.append((number, kind, to, amount, sealed))
            number += 1
    return found


def check(data: bytes, records: list[Record], payments: list[Payment]) -> None:
    """Everything that the payments said comes out of the bytes again."""
    expected = [(r.number, 0, r.to - 100, r.amount, r.sealed) for r in records]
    assert read_by_the_page(data, DIRECTORY) == expected
    for record, payment in zip(records, payments, strict=True):
        said = decode_sequence(seal(record).sealed)
        assert CDDL.fits("sent", said)
        letter = payment.letter
        assert said == [letter.payer, letter.payee, CATEGORIES.index(letter.category)]
        assert record.amount == payment.amount


def measured(count: int, mixed: bool) -> list[int]:
    """The sizes of the seeded frames of ``count`` records that 200 bytes hold, each read back."""
    villages = Villages(seed=count + 100 * mixed)
    sizes = []
    for _ in range(FRAMES):
        records, payments = villages.records(count, mixed)
        if frames.fit(records, DIRECTORY) == count:
            data = pack(records, DIRECTORY)
            check(data, records, payments)
            sizes.append(len(data))
    return sizes


@pytest.mark.parametrize("mixed", [False, True], ids=["to one hub", "to mixed hubs"])
def test_bytes_of_one_to_twelve_payments(mixed: bool) -> None:
    print(f"\nbytes of a frame, {'mixed hubs' if mixed else 'one hub'}, {FRAMES} seeded frames each")
    for count in range(1, 13):
        sizes = measured(count, mixed)
        fitting = f"{len(sizes):3} of {FRAMES} fit 200 bytes"
        if sizes:
            print(f"  n={count:2}  mean {statistics.mean(sizes):6.1f}  worst {max(sizes):3}  {fitting}")
        else:
            print(f"  n={count:2}  {fitting}")
        if count == 1:
            assert statistics.mean(sizes) <= 100
            assert max(sizes) <= 106
        if count <= (8 if mixed else 9):
            assert len(sizes) == FRAMES


def test_a_record_takes_11_to_16_bytes() -> None:
    villages = Villages(seed=5)
    for mixed in (False, True):
        for _ in range(FRAMES):
            records, _ = villages.records(8, mixed)
            size = len(pack(records, DIRECTORY)) - len(pack(records[:1], DIRECTORY))
            assert size <= 16 * 7
