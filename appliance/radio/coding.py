"""Coded repairs: one packet that mends several different losses (random linear code over GF(256)).

Hubs that lose packets by themselves lack different frames. A sum of four frames, each times a
factor drawn for this packet, serves everybody who lacks any one of them, and is one of as many equations for
who lacks more. It carries a MAC like an ask and is never believed: what comes out of the
equations is a data frame, with its own signature, or is dropped.

GF(256) is that of polynomial 0x11D; a frame times a factor is one ``bytes.translate``, a sum one xor of
integers. A frame goes in with its length before it, filled up with zeros.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from random import Random
from typing import Final

from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.frames import (
    CODED,
    LONGEST_CONTROL,
    LONGEST_DATA,
    MAC_BYTES,
    MOST_RECORDS,
    SUITE_BLAKE2B,
    VERSION,
    DataFrame,
    Header,
    read_header,
)
from appliance.radio.varint import read_varint, varint

MOST_MIXED: Final = 8
"""So that an equation costs no more steps than so many frames."""

ROW_SECONDS: Final = 300.0
"""How long an equation is kept that nothing solves."""

_HEARD: Final = 64
_NUMBER_BYTES: Final = 6
_POLYNOMIAL: Final = 0x11D


def _tables() -> tuple[list[int], list[int], tuple[bytes, ...]]:
    exp, log = [0] * 510, [0] * 256
    value = 1
    for power in range(255):
        exp[power] = exp[power + 255] = value
        log[value] = power
        value <<= 1
        if value > 255:
            value ^= _POLYNOMIAL
    times = [bytes(256)]
    times += [bytes([0, *(exp[log[a] + log[b]] for b in range(1, 256))]) for a in range(1, 256)]
    return exp, log, tuple(times)


_EXP, _LOG, _TIMES = _tables()


def product(one: int, other: int) -> int:
    """Of two elements of the field."""
    return _TIMES[one][other]


def inverse(one: int) -> int:
    """Of an element that is not zero."""
    return _EXP[255 - _LOG[one]]


def scaled(data: bytes, factor: int) -> bytes:
    """Every byte times ``factor``."""
    return data.translate(_TIMES[factor])


def added(one: bytes, other: bytes) -> bytes:
    """The sum; the shorter one is filled up with zeros."""
    length = max(len(one), len(other))
    left, right = (int.from_bytes(data.ljust(length, b"\0"), "big") for data in (one, other))
    return (left ^ right).to_bytes(length, "big")


Name = tuple[int, int, int]
"""Which frame: its hub, in the life that the roster knows, and the numbers of its first and last record."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A sum of frames, as ``hub`` sent it: the factor of each by its name, the first the one it is sent in place of."""

    hub: int
    factors: Mapping[Name, int]
    sum: bytes

    @property
    def names(self) -> tuple[Name, ...]:
        """Of which frames it is the sum."""
        return tuple(self.factors)


def _content(frame: bytes) -> bytes:
    return bytes([len(frame)]) + frame


def room_for(names: Sequence[Name], longest: int) -> int:
    """The bytes of a coded packet of these frames, the longest of which has so many."""
    each = sum(3 + len(varint(first)) for _, first, _ in names)
    return 2 + 1 + each + 1 + longest + MAC_BYTES


def pack_coded(frames: Mapping[Name, bytes], directory: Directory, rng: Random) -> bytes:
    """A packet of the sum of these frames, with factors drawn from ``rng``.

    Raises:
        CannotPack: fewer than two frames, more than eight, a hub without an index, or more than 231 bytes.
    """
    if not 2 <= len(frames) <= MOST_MIXED:
        raise CannotPack(f"a sum of {len(frames)}")
    head, total = bytearray(), b""
    for (hub, first, last), data in frames.items():
        index = directory.index(hub)
        if index is None:
            raise CannotPack(f"no hub {hub} in the roster")
        factor = rng.randint(1, 255)
        head += bytes([index, factor, last - first + 1]) + varint(first)
        total = added(total, scaled(_content(data), factor))
    own = directory.index(directory.hub) or 0
    out = Header(VERSION, CODED, SUITE_BLAKE2B, own).encode() + bytes([len(frames)]) + bytes(head) + total
    if len(out) + MAC_BYTES > LONGEST_CONTROL:
        raise CannotPack(f"{len(out) + MAC_BYTES} bytes")
    return out + directory.mac(out)


def open_coded(data: bytes, directory: Directory) -> Coded:
    """A coded packet whose MAC is the community's.

    Raises:
        BadFrame: anything else. Nothing but this is ever raised for what came in.
    """
    header = read_header(data)
    if header.type != CODED:
        raise BadFrame(Reason.UNKNOWN_TYPE, str(header.type))
    if len(data) > LONGEST_CONTROL:
        raise BadFrame(Reason.TOO_LONG, str(len(data)))
    if len(data) < 3 + MAC_BYTES:
        raise BadFrame(Reason.TRUNCATED)
    hub = directory.hub_at(header.index)
    if hub is None:
        raise BadFrame(Reason.UNKNOWN_SENDER, f"index {header.index}")
    content, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
    if not compare_digest(directory.mac(content), mac):
        raise BadFrame(Reason.UNSIGNED)
    count, at = content[2], 3
    factors: dict[Name, int] = {}
    for _ in range(count):
        if at + 3 > len(content):
            raise BadFrame(Reason.TRUNCATED)
        index, factor, records = content[at : at + 3]
        first, at = read_varint(content, at + 3, _NUMBER_BYTES)
        about = directory.hub_at(index)
        if about is None:
            raise BadFrame(Reason.UNKNOWN_HUB, f"index {index}")
        name = (about, first, first + records - 1)
        if not factor or not first or not 1 <= records <= MOST_RECORDS or name in factors:
            raise BadFrame(Reason.MALFORMED, "factor")
        factors[name] = factor
    total = content[at:]
    if not 2 <= count <= MOST_MIXED or not 1 < len(total) <= LONGEST_DATA + 1:
        raise BadFrame(Reason.MALFORMED, f"a sum of {count}")
    return Coded(hub, factors, total)


@dataclass(slots=True)
class _Row:
    """One equation, solved for its pivot: that frame has the factor one, and no other row names it."""

    factors: dict[Name, int]
    sum: bytes
    until: float


class Decoder:
    """The equations of one hub that are not solved yet, by their pivots.

    Args:
        find: the bytes of a frame that is held.
        most: equations are kept, each for ``ROW_SECONDS``; the oldest are forgotten.
    """

    def __init__(self, find: Callable[[Name], bytes | None], most: int) -> None:
        self._find, self._most = find, most
        self._rows: OrderedDict[Name, _Row] = OrderedDict()
        self._heard: OrderedDict[Name, bytes] = OrderedDict()

    def pivots(self, now: float) -> tuple[Name, ...]:
        """A frame of each equation: with all others of them at hand, these would follow."""
        self._forget(now)
        return tuple(self._rows)

    def _forget(self, now: float) -> None:
        for name in [name for name, row in self._rows.items() if row.until <= now]:
            del self._rows[name]
        while len(self._rows) > self._most:
            self._rows.popitem(last=False)

    def add(self, coded: Coded, now: float) -> list[bytes]:
        """Another packet came in; what it brings to light, not yet judged."""
        self._forget(now)
        return self._insert(coded.factors, coded.sum, now + ROW_SECONDS)

    def _insert(self, given: Mapping[Name, int], total: bytes, until: float) -> list[bytes]:
        factors = dict(given)
        for name in given:
            if name not in factors:
                continue
            data = self._heard.get(name) or self._find(name)
            if data is not None:
                total = added(total, scaled(_content(data), factors.pop(name)))
            elif (row := self._rows.get(name)) is not None:
                factors, total = _less(factors, total, row, factors[name])
        if not factors:
            return []
        pivot = next(iter(factors))
        scale = inverse(factors[pivot])
        fresh = _Row({name: product(f, scale) for name, f in factors.items()}, scaled(total, scale), until)
        for row in self._rows.values():
            if (factor := row.factors.get(pivot)) is not None:
                row.factors, row.sum = _less(row.factors, row.sum, fresh, factor)
        self._rows[pivot] = fresh
        return self._solved()

    def learn(self, frame: DataFrame, now: float) -> list[bytes]:
        """A frame came in; what it brings to light, not yet judged."""
        name = (frame.hub, frame.first, frame.last)
        self._heard[name] = frame.data
        while len(self._heard) > _HEARD:
            self._heard.popitem(last=False)
        self._forget(now)
        own = self._rows.pop(name, None)
        for row in self._rows.values():
            if (factor := row.factors.pop(name, None)) is not None:
                row.sum = added(row.sum, scaled(_content(frame.data), factor))
        out = self._solved()
        return out if own is None else out + self._insert(own.factors, own.sum, own.until)

    def _solved(self) -> list[bytes]:
        done = [name for name, row in self._rows.items() if len(row.factors) == 1]
        sums = [self._rows.pop(name).sum for name in done]
        return [total[1 : 1 + total[0]] for total in sums]


def _less(factors: dict[Name, int], total: bytes, row: _Row, factor: int) -> tuple[dict[Name, int], bytes]:
    """An equation less ``factor`` times another."""
    out = dict(factors)
    for name, other in row.factors.items():
        out[name] = out.get(name, 0) ^ product(other, factor)
        if not out[name]:
            del out[name]
    return out, added(total, scaled(row.sum, factor))
