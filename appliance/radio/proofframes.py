"""Frames between two hubs about one proof of care: an ask, and the parts of the answer.

Both are sealed for the one hub that they are to, and no third hub can make or change one: a claim
says who cared for whom (docs/design.md 8). Each ends with 8 bytes of BLAKE2b, keyed by the pair and
direction, over what it says; these bytes are the nonce that it is sealed with as well, so nothing is
sealed twice with one nonce but the same text (the construction of SIV, RFC 5297). ``docs/wire.md``
has every bit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from appliance.ledger import codec
from appliance.ledger.sealing import stream
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.frames import (
    LONGEST_CONTROL,
    MAC_BYTES,
    PROOF_ASK,
    PROOF_PART,
    SUITE_PAIR,
    VERSION,
    Header,
    read_header,
)
from appliance.radio.varint import Reader

_HEAD: Final = 3
_ABOUT: Final = (16, 32)
OBJECT_BYTES: Final = 4
TAG_BYTES: Final = 4
PIECE: Final = LONGEST_CONTROL - _HEAD - OBJECT_BYTES - TAG_BYTES - 1 - MAC_BYTES
"""Bytes of a proof that one part carries: 211."""
MOST_PARTS: Final = 15
MOST_KEYS: Final = 40
_BEATS: Final = range(1, 1 << 40)
_MEMBERS: Final = range(1, 10**9 + 1)
_WHICH: Final = range(1, 10**6 + 1)

Key = tuple[int, int]
"""A member's key by name: which member, and which of their keys."""


@dataclass(frozen=True, slots=True)
class ProofFrame:
    """A frame about a proof, unopened: only the two hubs can. ``hub`` is the sender, as it claims; ``to`` may be
    a hub that we do not know (None).
    """

    type: int
    hub: int
    to: int | None
    data: bytes


@dataclass(frozen=True, slots=True)
class ProofAsk:
    """``about``: the claim's id (16 bytes) or the terms that were signed (32).

    ``parts``: of the object ``object`` those that are missing; of no object, all. ``keys``: which of the
    answering hub's members' keys the asker holds.
    """

    beat: int
    about: bytes
    object: bytes = b""
    parts: tuple[int, ...] = ()
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class ProofPart:
    """Part ``number`` of ``count``, from 0, of ``object``. ``tag``: how what was asked about begins.

    With ``count`` 0 it is a *no*: ``piece`` is one byte that says why, ``object`` the ask's last 4 bytes of beat.
    """

    tag: bytes
    object: bytes
    number: int
    count: int
    piece: bytes


def object_id(data: bytes) -> bytes:
    """The 4 bytes that tell one proof's parts from another's."""
    return codec.digest("tch.proof.object", data)[:OBJECT_BYTES]


def beat_mark(beat: int) -> bytes:
    """What a *no* repeats of the ask that it answers."""
    return (beat & 0xFFFFFFFF).to_bytes(4, "big")


def pieces(data: bytes) -> tuple[bytes, ...]:
    """What the parts of ``data`` carry.

    Raises:
        CannotPack: more than 15 parts of 211 bytes.
    """
    found = tuple(data[at : at + PIECE] for at in range(0, len(data), PIECE))
    if not 1 <= len(found) <= MOST_PARTS:
        raise CannotPack(f"a proof of {len(data)} bytes")
    return found


def read_proof(data: bytes, directory: Directory) -> ProofFrame:
    """From whom and to whom a frame about a proof is; its MAC is looked at by the hub that it is to.

    Raises:
        BadFrame: anything else. Nothing but this is ever raised for what came in.
    """
    header = read_header(data)
    if header.type not in (PROOF_ASK, PROOF_PART):
        raise BadFrame(Reason.UNKNOWN_TYPE, str(header.type))
    if len(data) > LONGEST_CONTROL:
        raise BadFrame(Reason.TOO_LONG, str(len(data)))
    if len(data) <= _HEAD + MAC_BYTES:
        raise BadFrame(Reason.TRUNCATED)
    hub, to = directory.hub_at(header.index), directory.hub_at(data[2])
    if hub is None:
        raise BadFrame(Reason.UNKNOWN_SENDER, f"index {header.index}")
    return ProofFrame(header.type, hub, to, data)


def _mac(pair: bytes, community: bytes, content: bytes) -> bytes:
    key = codec.digest("tch.proof.mac", b"", key=pair)
    return hashlib.blake2b(community + content, digest_size=MAC_BYTES, key=key, person=b"tch.proof").digest()


def _sealed(pair: bytes, mac: bytes, text: bytes) -> bytes:
    """Seal, or open: the MAC is the nonce."""
    key = codec.digest("tch.proof.seal", b"", key=pair)
    return stream(key, 0, int.from_bytes(mac[:4], "big"), int.from_bytes(mac[4:], "big"), text)


def _pack(kind: int, to: int, body: bytes, pair: bytes, directory: Directory) -> bytes:
    mine, theirs = directory.index(directory.hub), directory.index(to)
    if mine is None or theirs is None:
        raise CannotPack(f"no hub {to} in the roster")
    head = Header(VERSION, kind, SUITE_PAIR, mine).encode() + bytes([theirs])
    if _HEAD + len(body) + MAC_BYTES > LONGEST_CONTROL:
        raise CannotPack(f"{_HEAD + len(body) + MAC_BYTES} bytes")
    mac = _mac(pair, directory.community, head + body)
    return head + _sealed(pair, mac, body) + mac


def open_body(frame: ProofFrame, pair: bytes, directory: Directory) -> bytes:
    """What a frame says, once its MAC is the pair's.

    Args:
        pair: the key of the direction from its sender to this hub (``sealing.BoxKey.pair_key``).

    Raises:
        BadFrame: ``UNSIGNED``.
    """
    head, mac = frame.data[:_HEAD], frame.data[-MAC_BYTES:]
    body = _sealed(pair, mac, frame.data[_HEAD:-MAC_BYTES])
    if not compare_digest(_mac(pair, directory.community, head + body), mac):
        raise BadFrame(Reason.UNSIGNED)
    return body


# ------------------------------------------------------------------------------------------------ asks


def ask_body(ask: ProofAsk) -> bytes:
    """The body of an ask, in the clear."""
    names: list[codec.Value] = [number for key in ask.keys for number in key]
    items: tuple[codec.Value, ...] = (ask.beat, ask.about, ask.object, list(ask.parts), names)
    return b"".join(codec.encode(item) for item in items)


def pack_ask(ask: ProofAsk, to: int, pair: bytes, directory: Directory) -> bytes:
    """The frame of an ask of this hub, naming as many of its ``keys``, from the first, as there is room for.

    Raises:
        CannotPack: ``to`` is not in the roster.
    """
    keys: Sequence[Key] = ask.keys[:MOST_KEYS]
    while True:
        body = ask_body(ProofAsk(ask.beat, ask.about, ask.object, ask.parts, tuple(keys)))
        if not keys or _HEAD + len(body) + MAC_BYTES <= LONGEST_CONTROL:
            return _pack(PROOF_ASK, to, body, pair, directory)
        keys = keys[:-1]


def read_ask(body: bytes) -> ProofAsk:
    """The ask in an opened body.

    Raises:
        BadFrame: it is none; the other hub's release is at fault.
    """
    reader = Reader(body)
    beat, about, named = reader.uint(), reader.octets(), reader.octets()
    parts = tuple(reader.uint() for _ in range(_few(reader.array(), MOST_PARTS)))
    numbers = [reader.uint() for _ in range(_few(reader.array(), 2 * MOST_KEYS))]
    keys = tuple(zip(numbers[::2], numbers[1::2], strict=False))
    ok = (
        beat in _BEATS
        and len(about) in _ABOUT
        and len(named) in (0, OBJECT_BYTES)
        and bool(parts) == bool(named)
        and list(parts) == sorted(set(parts))
        and all(part < MOST_PARTS for part in parts)
        and len(numbers) % 2 == 0
        and all(member in _MEMBERS and which in _WHICH for member, which in keys)
        and reader.done
    )
    if not ok:
        raise BadFrame(Reason.MALFORMED, "ask for a proof")
    return ProofAsk(beat, about, named, parts, keys)


def _few(count: int, most: int) -> int:
    if count > most:
        raise BadFrame(Reason.MALFORMED, f"array of {count}")
    return count


# ----------------------------------------------------------------------------------------------- parts


def pack_part(part: ProofPart, to: int, pair: bytes, directory: Directory) -> bytes:
    """The frame of a part.

    Raises:
        CannotPack: out of range, or ``to`` is not in the roster.
    """
    ok = (
        len(part.tag) == TAG_BYTES
        and len(part.object) == OBJECT_BYTES
        and 0 <= part.number < max(1, part.count) <= MOST_PARTS
        and 1 <= len(part.piece) <= PIECE
    )
    if not ok:
        raise CannotPack("not a part of a proof")
    body = part.tag + part.object + bytes([part.number << 4 | part.count]) + part.piece
    return _pack(PROOF_PART, to, body, pair, directory)


def read_part(body: bytes) -> ProofPart:
    """The part in an opened body.

    Raises:
        BadFrame: it is none.
    """
    at = TAG_BYTES + OBJECT_BYTES
    if len(body) < at + 2:
        raise BadFrame(Reason.MALFORMED, "part of a proof")
    number, count, piece = body[at] >> 4, body[at] & 15, body[at + 1 :]
    last = number == count - 1
    if (
        number >= max(1, count)
        or (count == 0 and len(piece) != 1)
        or (count and not last and len(piece) != PIECE)
    ):
        raise BadFrame(Reason.MALFORMED, "part of a proof")
    return ProofPart(body[:TAG_BYTES], body[TAG_BYTES:at], number, count, piece)
