"""Several frames in one packet: the radio's own overhead is paid once (``docs/wire.md``).

A small frame costs as much in preamble, radio header and protobuf as in content. So what would
soon be said anyway rides along with what is said now: a summary with records, an ask with a
summary, one repair with another. The packet adds no authority: each frame in it is judged as if
it had come alone, and the packet itself is neither kept nor sent on.
"""

from collections.abc import Sequence
from typing import Final

from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.frames import BUNDLE, LONGEST_CONTROL, SUITE_NONE, VERSION, Header, read_header

MOST_FRAMES: Final = 8
"""So that a stranger's packet costs no more checks of signatures than so many packets."""

HEAD_BYTES: Final = 2
EACH_BYTES: Final = 1
_SHORTEST: Final = 2


def bundle(frames: Sequence[bytes], index: int) -> bytes:
    """One packet of two to eight frames, in this order.

    Args:
        index: that of the hub that sends it.

    Raises:
        CannotPack: fewer or more frames, a bundle among them, or more than 231 bytes.
    """
    if not _SHORTEST <= len(frames) <= MOST_FRAMES or any(is_bundle(frame) for frame in frames):
        raise CannotPack(f"a bundle of {len(frames)}")
    data = Header(VERSION, BUNDLE, SUITE_NONE, index).encode()
    data += b"".join(bytes([len(frame)]) + frame for frame in frames)
    if len(data) > LONGEST_CONTROL:
        raise CannotPack(f"{len(data)} bytes")
    return data


def is_bundle(data: bytes) -> bool:
    """Whether the first byte says that this is several frames."""
    return bool(data) and data[0] >> 3 == VERSION << 3 | BUNDLE


def split(data: bytes) -> tuple[bytes, ...]:
    """The frames of a packet, in their order: of one that is no bundle, itself. They are not looked at.

    Raises:
        BadFrame: a bundle that is none: too long, of fewer than two frames or more than eight, with a
            bundle inside, or that does not end where its last frame does.
    """
    if not is_bundle(data):
        return (data,)
    read_header(data)
    if len(data) > LONGEST_CONTROL:
        raise BadFrame(Reason.TOO_LONG, str(len(data)))
    frames: list[bytes] = []
    at = HEAD_BYTES
    while at < len(data):
        end = at + EACH_BYTES + data[at]
        frame = data[at + EACH_BYTES : end]
        if end > len(data) or len(frame) < _SHORTEST:
            raise BadFrame(Reason.MALFORMED, "a frame that ends elsewhere")
        if is_bundle(frame):
            raise BadFrame(Reason.MALFORMED, "a bundle in a bundle")
        frames.append(frame)
        at = end
    if not _SHORTEST <= len(frames) <= MOST_FRAMES:
        raise BadFrame(Reason.MALFORMED, f"a bundle of {len(frames)}")
    return tuple(frames)
