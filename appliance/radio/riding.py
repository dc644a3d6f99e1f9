"""One packet out of what must be said now and what would be said soon (``bundle``)."""

from collections.abc import Callable, Iterable

from appliance.radio.bundle import EACH_BYTES, HEAD_BYTES, MOST_FRAMES, bundle, is_bundle
from appliance.radio.events import Packet, Sending

Rider = tuple[Sending, Callable[[int], Packet | None]]
"""What may ride along: what makes the next frame of it, of at most so many bytes."""


def with_riders(packet: Packet, riders: Iterable[Rider], index: int, size: int) -> Packet:
    """The packet with all that finds room in it; the same one where nothing does.

    Args:
        riders: in the order of importance. Repairs as many as fit, of anything else one.
        index: of the hub that sends it.
        size: bytes that a bundle is filled to.
    """
    if is_bundle(packet.data):
        return packet
    parts = [packet]
    room = size - HEAD_BYTES - EACH_BYTES - len(packet.data)
    for sending, make in riders:
        while room > EACH_BYTES and len(parts) < MOST_FRAMES and (more := make(room - EACH_BYTES)):
            parts.append(more)
            room -= EACH_BYTES + len(more.data)
            if sending is not Sending.REPAIR:
                break
    if len(parts) == 1:
        return packet
    data = bundle([part.data for part in parts], index)
    return Packet(packet.sending, data, tuple((part.sending, len(part.data)) for part in parts))
