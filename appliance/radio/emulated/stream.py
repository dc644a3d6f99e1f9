"""Meshtastic's StreamAPI framing, as the firmware reads and writes it: 0x94 0xC3, two bytes of length, a protobuf.

There is no check sum, and anything outside a frame is debug text (StreamAPI.cpp, 2.7.26). A frame
that stops short swallows what follows until its length is reached; so does the firmware's.
"""

from typing import Final

START: Final = b"\x94\xc3"
LONGEST: Final = 512
"""Bytes of the longest ToRadio or FromRadio."""


def frame(message: bytes) -> bytes:
    """A message ready for the line.

    Raises:
        ValueError: it is too long for the StreamAPI.
    """
    if len(message) > LONGEST:
        raise ValueError(f"{len(message)} bytes do not fit a frame of the StreamAPI")
    return START + len(message).to_bytes(2, "big") + message


class Deframer:
    """Finds the frames in a stream of bytes; skips what is none."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now."""
        self._held += data
        found: list[bytes] = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> bytes | None:
        held = self._held
        while True:
            at = held.find(START)
            if at < 0:
                # The first byte of a start may be the last we have.
                del held[: len(held) - 1 if held.endswith(START[:1]) else len(held)]
                return None
            del held[:at]
            if len(held) < 4:
                return None
            size = int.from_bytes(held[2:4], "big")
            if size > LONGEST:
                del held[:4]
                continue
            if len(held) < 4 + size:
                return None
            message = bytes(held[4 : 4 + size])
            del held[: 4 + size]
            return message
