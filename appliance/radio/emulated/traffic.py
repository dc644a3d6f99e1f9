"""What a node keeps about packets: the queue for the air, repeats for others, and reliable sending."""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Final

from appliance.radio.airtime import preset_named
from appliance.radio.emulated.packet import Packet

HOUR: Final = 3600.0

TRANSMISSIONS: Final = 3
"""How often a packet is sent that wants an acknowledgement (NUM_RELIABLE_RETX)."""

_SMALLEST_WINDOW: Final = 3
_WIDEST_WINDOW: Final = 8
_PROCESSING: Final = 4.5

Key = tuple[int, int]


class Own:
    """How long the node has sent within the last hour."""

    def __init__(self) -> None:
        self._spans: deque[tuple[float, float]] = deque()

    def add(self, start: float, seconds: float) -> None:
        """It sent from ``start`` on."""
        if seconds:
            self._spans.append((start, seconds))
        self._forget(start)

    def share(self, now: float) -> float:
        """As a share of the hour."""
        self._forget(now)
        return sum(seconds for _, seconds in self._spans) / HOUR

    def _forget(self, now: float) -> None:
        while self._spans and self._spans[0][0] <= now - HOUR:
            self._spans.popleft()

    def minutes_until(self, now: float, allowed: float) -> int:
        """Full minutes until the share is no more than ``allowed``."""
        over = (self.share(now) - allowed) * HOUR
        for start, seconds in self._spans:
            over -= seconds
            if over <= 0:
                return max(1, ceil((start + HOUR - now) / 60))
        return 1


@dataclass(slots=True, eq=False)
class _Waiting:
    packet: Packet
    priority: int


class Outbox:
    """The queue for the air: 16 places, by priority; one packet at a time is taken to the air."""

    SIZE: ClassVar[int] = 16

    def __init__(self) -> None:
        self._queue: list[_Waiting] = []
        self._taken: _Waiting | None = None
        self._begun = False

    @property
    def free(self) -> int:
        """Free places. A packet keeps its place until it is on the air."""
        inside = self._taken is not None and not self._begun
        return self.SIZE - len(self._queue) - inside

    def put(self, packet: Packet, priority: int) -> bool:
        """Queue a packet. When all is full, one of lower priority gives way; otherwise the answer is no."""
        if self.free <= 0:
            if not self._queue or self._queue[-1].priority >= priority:
                return False
            self._queue.pop()
        at = next((i for i, other in enumerate(self._queue) if other.priority < priority), len(self._queue))
        self._queue.insert(at, _Waiting(packet, priority))
        return True

    def cancel(self, key: Key) -> None:
        """Take a packet out again, unless it is on its way to the air."""
        self._queue = [w for w in self._queue if (w.packet.sender, w.packet.ident) != key]

    def take(self) -> Packet | None:
        """The first packet, to be put on the air; None while one is there, or none waits."""
        if self._taken is not None or not self._queue:
            return None
        self._taken, self._begun = self._queue.pop(0), False
        return self._taken.packet

    def begun(self) -> None:
        """The packet taken is on the air."""
        self._begun = True

    def done(self) -> Packet | None:
        """The packet taken has left. It is returned."""
        taken, self._taken = self._taken, None
        return None if taken is None else taken.packet

    def put_back(self) -> None:
        """The packet taken did not make it: it is the first again."""
        if self._taken is not None:
            self._queue.insert(0, self._taken)
            self._taken = None


class Repeats:
    """Packets of others that the node will repeat, unless somebody else does before."""

    def __init__(self) -> None:
        self._planned: dict[Key, tuple[float, Packet]] = {}

    def plan(self, packet: Packet, snr: float, preset: str, now: float, rng: random.Random) -> None:
        """Repeat it after a while: the better it was heard, the later, so that distant nodes come first."""
        share = min(max((snr + 20) / 30, 0.0), 1.0)
        exponent = round(_SMALLEST_WINDOW + (_WIDEST_WINDOW - _SMALLEST_WINDOW) * share)
        slots = 2 * _WIDEST_WINDOW + rng.randrange(2**exponent)
        self._planned[packet.sender, packet.ident] = (now + slots * preset_named(preset).slot, packet)

    def cancel(self, key: Key) -> None:
        """Somebody else has repeated it."""
        self._planned.pop(key, None)

    def due(self) -> float | None:
        """When the next is ripe."""
        return min((at for at, _ in self._planned.values()), default=None)

    def ripe(self, now: float) -> Iterator[Packet]:
        """What is to be repeated now."""
        for key in [key for key, (at, _) in self._planned.items() if at <= now]:
            yield self._planned.pop(key)[1]


@dataclass(slots=True, eq=False)
class _Expected:
    packet: Packet
    priority: int
    left: int = TRANSMISSIONS
    next: float | None = None


class Reliable:
    """Broadcasts that want an acknowledgement: sent up to three times, until somebody is heard repeating them."""

    def __init__(self) -> None:
        self._expected: dict[int, _Expected] = {}

    def expect(self, packet: Packet, priority: int) -> None:
        """This packet wants one."""
        self._expected[packet.ident] = _Expected(packet, priority)

    def sent(self, packet: Packet, seconds: float, preset: str, use: float, now: float) -> None:
        """A packet has left; if it is one of these, the time until the next attempt begins."""
        expected = self._expected.get(packet.ident)
        if expected is None or packet.sender != expected.packet.sender:
            return
        expected.left -= 1
        # RadioInterface::getRetransmissionMsec, counted from when it began: room for the packet, its repetition, and the waits before both.
        window = 2 ** round(_SMALLEST_WINDOW + (_WIDEST_WINDOW - _SMALLEST_WINDOW) * use)
        slots = window + 2 * _WIDEST_WINDOW + 2 ** ((_SMALLEST_WINDOW + _WIDEST_WINDOW) // 2)
        expected.next = now + seconds + slots * preset_named(preset).slot + _PROCESSING

    def heard(self, ident: int) -> bool:
        """Somebody repeated it. Whether it was still expected."""
        return self._expected.pop(ident, None) is not None

    def due(self) -> float | None:
        """When something is due."""
        return min((e.next for e in self._expected.values() if e.next is not None), default=None)

    def again(self, now: float) -> Iterator[tuple[Packet, int]]:
        """What is to be sent once more now, with its priority."""
        for expected in tuple(self._expected.values()):
            if expected.left and expected.next is not None and expected.next <= now:
                expected.next = None
                yield expected.packet, expected.priority

    def given_up(self, now: float) -> list[int]:
        """The ids of what has been sent in vain."""
        over = [
            ident
            for ident, expected in self._expected.items()
            if not expected.left and expected.next is not None and expected.next <= now
        ]
        for ident in over:
            del self._expected[ident]
        return over
