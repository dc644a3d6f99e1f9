"""Numbers as they stand in a frame, each in one spelling only.

In the packed header a number is a *varint* (LEB128: seven bits a byte, lowest first, the top
bit says that more follow). In bodies it is CBOR (RFC 8949), of which a frame knows three
things: unsigned integers, byte strings and arrays of known length. ``Reader`` reads these and
refuses all else, a second spelling included, so what it accepts encodes again to the same
bytes. It is written out here because a general decoder knows tags, floats and dates, and what
each does with hostile bytes would have to be known too.
"""

from typing import Final

from appliance.radio.errors import BadFrame, Reason

_UINT, _BYTES, _ARRAY = 0, 2, 4
_LONG_HEADS: Final = {24: 1, 25: 2, 26: 4, 27: 8}


def varint(number: int) -> bytes:
    """``number`` (0 or more) in as few bytes as it takes."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, at: int, longest: int) -> tuple[int, int]:
    """The number at ``at``, and where it ends. It takes at most ``longest`` bytes.

    Raises:
        BadFrame: ``TRUNCATED``; ``NOT_CANONICAL`` when it is longer than it need be;
            ``MALFORMED`` when it is longer than allowed.
    """
    number = 0
    for place in range(longest):
        if at + place >= len(data):
            raise BadFrame(Reason.TRUNCATED, "ends inside a number")
        byte = data[at + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if byte == 0 and place > 0:
                raise BadFrame(Reason.NOT_CANONICAL, "number with a needless byte")
            return number, at + place + 1
    raise BadFrame(Reason.MALFORMED, "number too long")


class Reader:
    """Goes through a body from its first byte to its last.

    Every method raises ``BadFrame``: ``NOT_CANONICAL`` for a second spelling, ``MALFORMED``
    for anything else than what was asked for, or for a body that ends too soon.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether all has been read."""
        return self._at == len(self._data)

    def uint(self) -> int:
        """The unsigned integer that stands here."""
        return self._head(_UINT)

    def octets(self) -> bytes:
        """The byte string that stands here."""
        length = self._head(_BYTES)
        return self._take(length)

    def array(self) -> int:
        """How many items the array has that begins here; they follow."""
        return self._head(_ARRAY)

    def at_array(self) -> bool:
        """Whether an array begins here."""
        return not self.done and self._data[self._at] >> 5 == _ARRAY

    def _take(self, length: int) -> bytes:
        # Compared before slicing: a length of 2^64 costs nothing.
        if length > len(self._data) - self._at:
            raise BadFrame(Reason.MALFORMED, "ends too soon")
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken

    def _head(self, major: int) -> int:
        first = self._take(1)[0]
        if first >> 5 != major:
            raise BadFrame(Reason.MALFORMED, "another type than expected")
        info = first & 0x1F
        if info < 24:
            return info
        if info not in _LONG_HEADS:
            raise BadFrame(Reason.NOT_CANONICAL, "of unknown length")
        more = _LONG_HEADS[info]
        number = int.from_bytes(self._take(more), "big")
        shortest = 24 if more == 1 else 1 << (4 * more)
        if number < shortest:
            raise BadFrame(Reason.NOT_CANONICAL, "number with needless bytes")
        return number
