"""Data frames: records of one feed, packed, signed once, at most 200 bytes.

``docs/wire.md`` describes every bit. A frame is bytes that are signed, kept and never changed;
``pack`` makes them, ``open_data`` reads them back, and whatever it accepts has one spelling:
packing the same records again gives the same bytes under the signature. The signature is
checked before the body is looked at, so a stranger costs one verification and no parsing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

from appliance.ledger import codec, keys
from appliance.ledger.book.records import EVERYONE, FEED_BEGIN, Record
from appliance.ledger.errors import BadSignature
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.varint import Reader, read_varint, varint

VERSION: Final = 1
DATA, SUMMARY, ASK, CERTIFICATE, BUNDLE, PROOF_ASK, PROOF_PART, CODED = range(8)
SUITE_NONE: Final = 0
SUITE_ED25519: Final = keys.SUITE_ED25519
SUITE_BLAKE2B: Final = 2
SUITE_PAIR: Final = 3
SUITES: Final = {
    DATA: SUITE_ED25519,
    SUMMARY: SUITE_BLAKE2B,
    ASK: SUITE_BLAKE2B,
    CERTIFICATE: SUITE_ED25519,
    BUNDLE: SUITE_NONE,
    PROOF_ASK: SUITE_PAIR,
    PROOF_PART: SUITE_PAIR,
    CODED: SUITE_BLAKE2B,
}

LONGEST_DATA: Final = 200
LONGEST_CONTROL: Final = 231
"""What Meshtastic carries in a broadcast on a private port."""
MOST_RECORDS: Final = 60
CUT_BYTES: Final = 8
SIGNATURE_BYTES: Final = 64
MAC_BYTES: Final = 8
PURPOSE: Final = b"tch/frame/1\x00"

_HEADER: Final = 2
_INCARNATION_BYTES: Final = 3
_NUMBER_BYTES: Final = 6
_SHORTEST_BODY: Final = 5


@dataclass(frozen=True, slots=True)
class Header:
    """The two bytes every frame begins with. ``index`` is the sender's, as it claims."""

    version: int
    type: int
    suite: int
    index: int

    def encode(self) -> bytes:
        """The two bytes."""
        return bytes([self.version << 6 | self.type << 3 | self.suite, self.index])


@dataclass(frozen=True, slots=True)
class DataFrame:
    """Records ``first`` and following of one feed, as their hub signed them.

    ``cut`` is the head of the link of the record before ``first``; ``data`` the frame's bytes,
    which are what is kept and repeated.
    """

    hub: int
    incarnation: int
    first: int
    cut: bytes
    records: tuple[Record, ...]
    data: bytes

    @property
    def last(self) -> int:
        """The number of its last record."""
        return self.first + len(self.records) - 1


def read_header(data: bytes) -> Header:
    """What the first two bytes claim.

    Raises:
        BadFrame: too short, or of a version, type or suite that this release does not know.
    """
    if len(data) < _HEADER:
        raise BadFrame(Reason.TRUNCATED)
    header = Header(data[0] >> 6, data[0] >> 3 & 7, data[0] & 7, data[1])
    if header.version != VERSION:
        raise BadFrame(Reason.UNKNOWN_VERSION, str(header.version))
    if header.type not in SUITES:
        raise BadFrame(Reason.UNKNOWN_TYPE, str(header.type))
    if header.suite != SUITES[header.type]:
        raise BadFrame(Reason.UNKNOWN_SUITE, str(header.suite))
    return header


@lru_cache(maxsize=1024)
def extent(data: bytes) -> tuple[int, int]:
    """The numbers of the first and the last record of a data frame that was checked when it came."""
    _, at = read_varint(data, _HEADER, _INCARNATION_BYTES)
    first, at = read_varint(data, at, _NUMBER_BYTES)
    count = sum(1 for _ in _runs(Reader(data[at + CUT_BYTES : -SIGNATURE_BYTES])))
    return first, first + count - 1


def _packed(record: Record, directory: Directory) -> tuple[int, int, bytes]:
    """Kind, index of the destination, and the bytes that the record adds to its run."""
    index = EVERYONE if record.to == EVERYONE else directory.index(record.to)
    if index is None:
        raise CannotPack(f"no hub {record.to} in the roster")
    return record.kind, index, codec.encode(record.amount) + codec.encode(record.sealed)


def _array_head(items: int) -> bytes:
    return bytes([0x80 | items]) if items < 24 else bytes([0x98, items])


def _body(records: Sequence[Record], directory: Directory) -> bytes:
    packed = [_packed(record, directory) for record in records]
    out = bytearray()
    for (kind, index), run in groupby(packed, key=lambda item: item[:2]):
        items = [content for _, _, content in run]
        out += _array_head(2 + 2 * len(items)) + codec.encode(kind) + codec.encode(index)
        out += b"".join(items)
    return bytes(out)


def _check_feed(records: Sequence[Record]) -> None:
    if not 1 <= len(records) <= MOST_RECORDS:
        raise CannotPack(f"{len(records)} records in one frame")
    first = records[0]
    for place, record in enumerate(records):
        same = (record.hub, record.incarnation) == (first.hub, first.incarnation)
        if not same or record.number != first.number + place:
            raise CannotPack("records of one feed in their order, without a gap")


def _head(first: Record, before: bytes, directory: Directory) -> bytes:
    index = directory.index(first.hub)
    if index is None:
        raise CannotPack(f"no hub {first.hub} in the roster")
    if len(before) != codec.DIGEST_BYTES or (first.number == 1) != (before == FEED_BEGIN):
        raise CannotPack("not the link of the record before")
    head = Header(VERSION, DATA, SUITE_ED25519, index).encode()
    return head + varint(first.incarnation) + varint(first.number) + before[:CUT_BYTES]


def pack(
    records: Sequence[Record], before: bytes, directory: Directory, sign: Callable[[bytes], bytes]
) -> bytes:
    """The frame that carries ``records``: one to 60 of one feed, in order, without a gap.

    Args:
        records: all of one hub and incarnation.
        before: the 32-byte link of the record before the first (zeros for record 1).
        directory: gives the hubs their indexes.
        sign: 64 bytes of Ed25519 by the feed's key.

    Raises:
        CannotPack: not such records, a hub without an index, or more than 200 bytes.
    """
    _check_feed(records)
    content = _head(records[0], before, directory) + _body(records, directory)
    if len(content) + SIGNATURE_BYTES > LONGEST_DATA:
        raise CannotPack(f"{len(content) + SIGNATURE_BYTES} bytes")
    return content + sign(PURPOSE + directory.community + content)


def fit(records: Sequence[Record], directory: Directory, room: int = LONGEST_DATA) -> int:
    """How many of ``records``, from the first, fit one frame of at most ``room`` bytes; 0 when none.

    Raises:
        CannotPack: a hub without an index.
    """
    if not records:
        return 0
    first = records[0]
    used = _HEADER + len(varint(first.incarnation)) + len(varint(first.number))
    used += CUT_BYTES + SIGNATURE_BYTES
    room = min(room, LONGEST_DATA)
    run: tuple[int, int] | None = None
    in_run = 0
    for count, record in enumerate(records[:MOST_RECORDS]):
        kind, index, content = _packed(record, directory)
        if (kind, index) == run:
            in_run += 1
            used += len(_array_head(2 + 2 * in_run)) - len(_array_head(2 * in_run))
        else:
            run, in_run = (kind, index), 1
            used += 1 + len(codec.encode(kind)) + len(codec.encode(index))
        used += len(content)
        if used > room:
            return count
    return min(len(records), MOST_RECORDS)


def _runs(reader: Reader) -> Iterator[tuple[int, int, int, bytes]]:
    """Kind, destination's index, amount and sealed part of each record of a body."""
    run: tuple[int, int] | None = None
    while not reader.done:
        items = reader.array()
        if items < 4 or items % 2:
            raise BadFrame(Reason.MALFORMED, f"run of {items} items")
        last, run = run, (reader.uint(), reader.uint())
        if run == last:
            raise BadFrame(Reason.NOT_CANONICAL, "two runs that are one")
        for _ in range(items // 2 - 1):
            yield *run, reader.uint(), reader.octets()


def open_data(data: bytes, directory: Directory) -> DataFrame:
    """The records of a data frame whose signature is that of a hub of the roster.

    Raises:
        BadFrame: anything else. Nothing but this is ever raised for what came in.
    """
    header = read_header(data)
    if header.type != DATA:
        raise BadFrame(Reason.UNKNOWN_TYPE, str(header.type))
    if len(data) > LONGEST_DATA:
        raise BadFrame(Reason.TOO_LONG, str(len(data)))
    if len(data) < _HEADER + 2 + CUT_BYTES + _SHORTEST_BODY + SIGNATURE_BYTES:
        raise BadFrame(Reason.TRUNCATED)
    member = directory.members.get(header.index)
    if member is None:
        raise BadFrame(Reason.UNKNOWN_SENDER, f"index {header.index}")
    content, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    incarnation, at = read_varint(content, _HEADER, _INCARNATION_BYTES)
    key = member.key(incarnation)
    if key is None:
        raise BadFrame(Reason.UNKNOWN_SENDER, f"hub {member.hub} incarnation {incarnation}")
    try:
        keys.check(key, PURPOSE + directory.community + content, signature)
    except BadSignature as error:
        raise BadFrame(Reason.UNSIGNED) from error
    first, at = read_varint(content, at, _NUMBER_BYTES)
    cut, body = content[at : at + CUT_BYTES], content[at + CUT_BYTES :]
    if (first == 1) != (cut == FEED_BEGIN[:CUT_BYTES]):
        raise BadFrame(Reason.MALFORMED, "link before the first record")
    records = _records(body, member.hub, incarnation, first, directory)
    return DataFrame(member.hub, incarnation, first, cut, records, data)


def _records(body: bytes, hub: int, incarnation: int, first: int, directory: Directory) -> tuple[Record, ...]:
    records: list[Record] = []
    for kind, index, amount, sealed in _runs(Reader(body)):
        to = EVERYONE if index == EVERYONE else directory.hub_at(index)
        if to is None:
            raise BadFrame(Reason.UNKNOWN_HUB, f"index {index}")
        try:
            record = Record(hub, incarnation, first + len(records), kind, to, amount, sealed)
        except ValueError as error:
            raise BadFrame(Reason.MALFORMED, "record out of range") from error
        records.append(record)
    if not 1 <= len(records) <= MOST_RECORDS:
        raise BadFrame(Reason.MALFORMED, f"{len(records)} records")
    return tuple(records)
