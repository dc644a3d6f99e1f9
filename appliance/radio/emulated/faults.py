"""How an emulated node can be made to fail: everything that nodes, lines and other programs were seen to do."""

import random
from enum import StrEnum
from typing import Final

from appliance.radio.emulated.stream import LONGEST, START, frame


class Fault(StrEnum):
    """How a node can fail. Those with a duration (real seconds) mend themselves after it.

    What is marked *until* lasts, without a duration, until ``SPEAK`` or another fault of the same sort. There are two
    sorts, those of the lines and those toward packets (``MOODS``): one of each may be there at a time. A restart ends
    both.
    """

    REBOOT = "reboot"
    """Off the air, the TCP port closed and the serial line pulled; then all anew, queues empty."""
    REBOOTED = "rebooted"
    """A reboot behind a line that stays: the client is told so and must ask for everything anew."""
    UNPLUG = "unplug"
    """The line is pulled and the TCP port gone; the node itself goes on."""
    SILENT = "silent"
    """It reads and says nothing, as at a connection whose other end is gone; *until*."""
    STALL = "stall"
    """It neither reads nor writes: buffers fill, and whoever flushes or closes the line waits; *until*."""
    CLOGGED = "clogged"
    """Serial: it reads no more, and the line is full but for four bytes. Of what a client writes only those go out;
    it waits with the rest, and with its goodbye when it closes the line. The node goes on speaking; *until*."""
    SPEAK = "speak"
    """The end of what lasts until told."""
    DROP = "drop"
    """TCP: the client is hung up on (FIN), the port stays."""
    RESET = "reset"
    """TCP: the client's connection is reset (RST), the port stays."""
    IDLE = "idle"
    """What follows fifteen minutes of silence: TCP is hung up; over a serial line heartbeats are still
    answered, and nothing else is said until the client asks for everything anew."""
    STOLEN = "stolen"
    """Another program takes the node: over TCP it connects again whenever we do; a serial line it holds."""
    GARBAGE = "garbage"
    """Debug text, nonsense, and a frame that stops short and swallows what follows."""
    FULL = "full"
    """The queue for the air is full: every packet is refused with ``res`` 32 and no word; *until*."""
    DUTY = "duty"
    """The duty cycle is used up: refused with a notice and DUTY_CYCLE_LIMIT; *until*."""
    NAK = "nak"
    """Every packet is taken and then given up with a routing error; *until*."""
    SWALLOW = "swallow"
    """Every packet vanishes without a word, as one does whose id was used before; *until*."""


MOODS: Final = frozenset({Fault.FULL, Fault.DUTY, Fault.NAK, Fault.SWALLOW})
"""Faults of the node toward packets, whatever its lines do."""


def garbage(rng: random.Random) -> bytes:
    """What a line may carry beside frames; the last of it swallows the next 100 bytes."""
    text = b"INFO  | 12:00:01 4711 [Router] \x1b[32mno more to say\x1b[0m\r\n"
    too_long = START + (LONGEST + 1 + rng.randrange(1000)).to_bytes(2, "big")
    stops_short = START + (120).to_bytes(2, "big") + rng.randbytes(20)
    return text + too_long + frame(rng.randbytes(rng.randint(1, 60))) + rng.randbytes(30) + stops_short
