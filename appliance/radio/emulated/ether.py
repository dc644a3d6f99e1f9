"""A radio channel as a calculation: stations send, others hear, or not. Sans-IO, in virtual time.

Rules:

1. A packet is on the air for as long as its length takes at the channel's preset. Whoever sends,
   hears nothing meanwhile (half duplex).
2. Two packets that overlap at a receiver are both lost there. A sender that the receiver does
   not hear does not disturb it: this is how a hidden node arises, and its harm.
3. Before it sends, a station waits a random number of slots and listens, as the firmware does
   (RadioInterface::getTxDelayMsec: the window grows with the channel's use, 2^3 to 2^8 slots).
   It does not notice a packet that began less than a slot ago, so collisions remain possible.
4. On top come losses, duplicates and delays, drawn for every receiver by itself. One seed, one
   course of events.

The caller tells the time with every call and never lets it run backwards, and advances to a
moment before it offers a packet at it; ``due`` says when something happens next, ``advance`` what
has happened. Seconds throughout.
"""

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from appliance.radio.airtime import Preset, preset_named

WINDOW: Final = 60.0
"""Seconds over which the use of the channel is measured, as the firmware does."""

HOUR: Final = 3600.0
"""Seconds over which a station's own sending is measured."""

_SMALLEST_WINDOW: Final = 3
_WIDEST_WINDOW: Final = 8


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the channel treats packets. Shares are from 0 to 1, for every receiver by itself.

    Attributes:
        preset: Meshtastic's name of the modulation.
        loss: share of packets that a receiver misses for no visible reason.
        duplicate: share of packets that a receiver gets twice.
        late: share of packets that arrive late, and so out of order.
        lateness: by how many seconds at most.
        listen: whether stations listen before they send.
    """

    preset: str = "MEDIUM_FAST"
    loss: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    lateness: float = 10.0
    listen: bool = True

    def __post_init__(self) -> None:
        preset_named(self.preset)
        for share in (self.loss, self.duplicate, self.late):
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"a share lies between 0 and 1, not {share}")
        if not 0.0 <= self.lateness <= HOUR:
            raise ValueError(f"lateness lies between 0 and an hour, not {self.lateness}")


@dataclass(frozen=True, slots=True)
class Began:
    """The packet of this station is on the air from now on."""

    station: str
    at: float


@dataclass(frozen=True, slots=True)
class Left:
    """The packet of this station has left; it may hand over the next. It was ``seconds`` on the air."""

    station: str
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet at a receiver. ``snr`` in dB, ``rssi`` in dBm."""

    station: str
    at: float
    data: bytes
    snr: float
    rssi: int


AirEvent = Began | Left | Arrival


@dataclass(slots=True)
class Tally:
    """What became of the packets, each receiver counted by itself."""

    sent: int = 0
    heard: int = 0
    lost: int = 0
    collided: int = 0
    missed: int = 0
    """The receiver was sending itself."""
    seconds: float = 0.0
    """On the air, all senders."""


@dataclass(slots=True, eq=False)
class _Flight:
    sender: str
    start: float
    end: float
    data: bytes
    listeners: tuple[str, ...]
    broken: bool = False


@dataclass(slots=True, eq=False)
class _Station:
    waiting: tuple[bytes, int] | None = None
    flight: _Flight | None = None
    own: deque[tuple[float, float]] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class _Try:
    station: str
    of: _Station


class Ether:
    """One channel and the stations on it. See the rules above."""

    def __init__(self, conditions: Conditions | None = None, seed: int = 0) -> None:
        self.conditions = conditions or Conditions()
        self.tally = Tally()
        self._rng = random.Random(seed)  # noqa: S311 - a simulation that must repeat itself
        self._stations: dict[str, _Station] = {}
        self._deaf: set[tuple[str, str]] = set()
        self._cut: set[str] = set()
        self._air: deque[_Flight] = deque()
        self._heap: list[tuple[float, int, _Try | _Flight | Arrival]] = []
        self._order = 0
        self._now = 0.0

    @property
    def preset(self) -> Preset:
        """The modulation in force."""
        return preset_named(self.conditions.preset)

    @property
    def stations(self) -> tuple[str, ...]:
        """Who has joined, in that order."""
        return tuple(self._stations)

    # ------------------------------------------------------------------------ who hears whom

    def join(self, station: str) -> None:
        """A station is switched on. One that was on already starts anew."""
        self.leave(station)
        self._stations[station] = _Station()

    def leave(self, station: str) -> None:
        """A station is switched off: what it was sending breaks off, but still disturbs others."""
        gone = self._stations.pop(station, None)
        if gone is not None and gone.flight is not None:
            gone.flight.broken = True

    def audible(self, sender: str, receiver: str, yes: bool) -> None:
        """Say whether ``receiver`` hears ``sender``; this way only. At first everybody hears everybody."""
        (self._deaf.discard if yes else self._deaf.add)((sender, receiver))

    def cut(self, station: str, yes: bool) -> None:
        """Take a station out of everybody's reach and everybody out of its own; or put it back."""
        (self._cut.add if yes else self._cut.discard)(station)

    def hears(self, sender: str, receiver: str) -> bool:
        """Whether ``receiver`` can hear ``sender`` at all."""
        return (
            sender != receiver
            and (sender, receiver) not in self._deaf
            and sender not in self._cut
            and receiver not in self._cut
        )

    # ------------------------------------------------------------------------ sending

    def free(self, station: str) -> bool:
        """Whether the station could be given a packet: it has joined and none is inside it."""
        found = self._stations.get(station)
        return found is not None and found.waiting is None and found.flight is None

    def offer(self, station: str, data: bytes, length: int, now: float) -> None:
        """Give a station a packet that takes ``length`` bytes on the air.

        Raises:
            ValueError: there is one inside it already, or no such station.
        """
        if not self.free(station):
            raise ValueError(f"{station} cannot take a packet now")
        self._now = max(self._now, now)
        self._stations[station].waiting = (data, length)
        self._contend(station, self._now)

    def busy(self, station: str, now: float) -> bool:
        """Whether the station, listening, finds the channel in use."""
        noticed = now - self.preset.slot
        return any(
            flight.sender == station or (flight.start <= noticed and self.hears(flight.sender, station))
            for flight in reversed(self._air)
            if flight.end > now
        )

    # ------------------------------------------------------------------------ time

    def due(self) -> float | None:
        """When something happens next; None while nothing is under way."""
        return self._heap[0][0] if self._heap else None

    def advance(self, now: float) -> list[AirEvent]:
        """What has happened until ``now``, in order."""
        events: list[AirEvent] = []
        while self._heap and self._heap[0][0] <= now:
            self._now, _, what = heapq.heappop(self._heap)
            if isinstance(what, _Try):
                events += self._try(what)
            elif isinstance(what, _Flight):
                events += self._land(what)
            elif what.station in self._stations:
                self.tally.heard += 1
                events.append(what)
        self._now = max(self._now, now)
        while self._air and self._air[0].end < self._now - WINDOW:
            self._air.popleft()
        return events

    # ------------------------------------------------------------------------ measures

    def use(self, station: str, now: float) -> float:
        """The share of the last minute in which this station found the channel in use; its own sending counts."""
        since, total, reached = now - WINDOW, 0.0, now - WINDOW
        for flight in self._air:
            if flight.sender == station or self.hears(flight.sender, station):
                start, end = max(flight.start, since, reached), min(flight.end, now)
                total += max(0.0, end - start)
                reached = max(reached, end)
        return min(1.0, total / WINDOW)

    def own(self, station: str, now: float) -> float:
        """The share of the last hour in which this station sent."""
        found = self._stations.get(station)
        if found is None:
            return 0.0
        while found.own and found.own[0][1] < now - HOUR:
            found.own.popleft()
        return sum(min(end, now) - max(start, now - HOUR) for start, end in found.own) / HOUR

    # ------------------------------------------------------------------------ inside

    def _later(self, at: float, what: _Try | _Flight | Arrival) -> None:
        self._order += 1
        heapq.heappush(self._heap, (at, self._order, what))

    def _contend(self, station: str, earliest: float) -> None:
        exponent = _SMALLEST_WINDOW + (_WIDEST_WINDOW - _SMALLEST_WINDOW) * self.use(station, self._now)
        slots = self._rng.randrange(2 ** round(exponent)) if self.conditions.listen else 0
        self._later(earliest + slots * self.preset.slot, _Try(station, self._stations[station]))

    def _try(self, attempt: _Try) -> list[AirEvent]:
        station = self._stations.get(attempt.station)
        if station is not attempt.of or station.waiting is None:
            return []  # switched off meanwhile
        if self.conditions.listen and self.busy(attempt.station, self._now):
            # At least a slot passes before it listens again, or a draw of 0 slots would look for ever at one moment.
            self._contend(attempt.station, self._now + self.preset.slot)
            return []
        data, length = station.waiting
        flight = _Flight(
            attempt.station,
            self._now,
            self._now + self.preset.on_air(length),
            data,
            tuple(name for name in self._stations if self.hears(attempt.station, name)),
        )
        station.waiting, station.flight = None, flight
        station.own.append((flight.start, flight.end))
        self._air.append(flight)
        self.tally.sent += 1
        self.tally.seconds += flight.end - flight.start
        self._later(flight.end, flight)
        return [Began(attempt.station, self._now)]

    def _land(self, flight: _Flight) -> list[AirEvent]:
        events: list[AirEvent] = []
        sender = self._stations.get(flight.sender)
        if sender is not None and sender.flight is flight:
            sender.flight = None
            events.append(Left(flight.sender, flight.end, flight.end - flight.start))
        if flight.broken:
            return events
        others = [
            other
            for other in self._air
            if other is not flight and other.start < flight.end and other.end > flight.start
        ]
        for receiver in flight.listeners:
            if receiver in self._stations and self.hears(flight.sender, receiver):
                events += self._receive(flight, receiver, others)
        return events

    def _receive(self, flight: _Flight, receiver: str, others: list[_Flight]) -> list[AirEvent]:
        if any(other.sender == receiver for other in others):
            self.tally.missed += 1
            return []
        if any(self.hears(other.sender, receiver) for other in others):
            self.tally.collided += 1
            return []
        if self._rng.random() < self.conditions.loss:
            self.tally.lost += 1
            return []
        events: list[AirEvent] = []
        for _ in range(2 if self._rng.random() < self.conditions.duplicate else 1):
            snr = round(self._rng.uniform(-6.0, 9.0) * 4) / 4
            late = self._rng.random() < self.conditions.late
            at = flight.end + (self._rng.uniform(0.0, self.conditions.lateness) if late else 0.0)
            arrival = Arrival(receiver, at, flight.data, snr, round(-100 + 2 * snr))
            if late:
                self._later(at, arrival)
            else:
                self.tally.heard += 1
                events.append(arrival)
        return events
