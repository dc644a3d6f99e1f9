"""Hubs that keep their feeds in memory, and a channel between them in virtual time.

Frames are real and signed; only the ledger and the ether are small. The channel has loss per
receiver, half duplex, carrier sense with a drawn contention, and who hears whom. Simultaneous
starts collide. What a radio of this kind cannot do: capture, partial overlap of hidden nodes
that is survived. ``appliance/radio/emulated/ether.py`` is the one that ships.
"""

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from appliance.ledger.book.records import EVERYONE, FEED_BEGIN, Kind, Record
from appliance.ledger.keys import KeySigner
from appliance.radio.airtime import frame_airtime, preset_named
from appliance.radio.directory import Directory, Member
from appliance.radio.engine import Engine
from appliance.radio.events import Arrived, Config, Event, Packet
from appliance.radio.frames import DataFrame, fit, open_data, pack
from appliance.radio.ports import Position, Span, Waiting

COMMUNITY = b"valley of rivers"
GROUP_KEY = bytes(range(32))
FULL = 231
"""Bytes of the longest packet."""

URGENT = frozenset({Kind.SENT, Kind.ACCEPTED, Kind.RETURNED, Kind.RECALL})


def signer(hub: int) -> KeySigner:
    """The key of a hub in its first life."""
    return KeySigner(f"hub:{hub}", hub.to_bytes(32, "big"))


def directory(hub: int, hubs: Sequence[int]) -> Directory:
    """The community of ``hubs`` as ``hub`` knows it."""
    members = {index: Member(number, 1, signer(number).public) for index, number in enumerate(hubs, 1)}
    return Directory(COMMUNITY, GROUP_KEY, hub, members, b"head")


class Shelf:
    """A Library in memory. ``write`` adds an own record; ``keep`` takes in a frame."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.hub = directory.hub
        self._key = signer(self.hub)
        hubs = [member.hub for member in directory.members.values()]
        self.records: dict[int, dict[int, Record]] = {hub: {} for hub in hubs}
        self.links: dict[int, list[bytes]] = {hub: [FEED_BEGIN] for hub in hubs}
        self._frames: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._packed = 0
        self._urgent: set[int] = set()

    # ------------------------------------------------------------------------------------------------ what is written

    def write(self, kind: Kind = Kind.CHECKPOINT, to: int = EVERYONE, sealed: bytes = bytes(8)) -> Record:
        """Another record of our own."""
        own = self.records[self.hub]
        record = Record(self.hub, 1, len(own) + 1, kind, to, 100 * (kind in URGENT), sealed)
        own[record.number] = record
        self._link(self.hub)
        if kind in URGENT:
            self._urgent.add(record.number)
        return record

    def keep(self, frame: DataFrame) -> list[Record]:
        """Take in a frame; the records that were new."""
        feed = self.records[frame.hub]
        fresh = [record for record in frame.records if record.number not in feed]
        for record in frame.records:
            assert feed.setdefault(record.number, record) == record, "a fork"
        self._index(frame)
        self._link(frame.hub)
        return fresh

    def _index(self, frame: DataFrame) -> None:
        for record in frame.records:
            last, _ = self._frames.get((frame.hub, record.number), (0, b""))
            if frame.last > last:
                self._frames[frame.hub, record.number] = (frame.last, frame.data)

    def _link(self, hub: int) -> None:
        links, feed = self.links[hub], self.records[hub]
        while record := feed.get(len(links)):
            links.append(record.link(COMMUNITY, links[-1]))

    # ------------------------------------------------------------------------------------------------ the Library

    def vector(self) -> Mapping[int, Position]:
        # Of our own feed, what no frame carries yet is not on offer.
        out = {hub: Position(1, len(links) - 1, links[-1]) for hub, links in self.links.items()}
        out[self.hub] = Position(1, self._packed, self.links[self.hub][self._packed])
        return out

    def holes(self, hub: int, up_to: int) -> Sequence[Span]:
        spans: list[Span] = []
        feed, first = self.records[hub], len(self.links[hub])
        highest = min(up_to, max(feed, default=0))
        for number in range(first, highest + 1):
            if number in feed:
                if first < number:
                    spans.append(Span(hub, 1, first, number - 1))
                first = number + 1
        if first <= up_to:
            spans.append(Span(hub, 1, first, up_to))
        return spans

    def earlier(self) -> Sequence[Span]:
        return ()

    def certificate(self, hub: int, incarnation: int) -> bytes | None:
        return None

    def suspects(self) -> Sequence[Span]:
        return ()

    def frame_with(self, hub: int, incarnation: int, number: int) -> bytes | None:
        found = self._frames.get((hub, number)) if incarnation == 1 else None
        return found[1] if found else None

    def waiting(self) -> Waiting:
        return Waiting(len(self.records[self.hub]) - self._packed, bool(self._urgent))

    def pack(self, room: int) -> bytes | None:
        own = self.records[self.hub]
        new = [own[number] for number in range(self._packed + 1, len(own) + 1)]
        if not new:
            return None
        taken = new[: fit(new, self.directory, room)]
        first = taken[0].number
        # The newest earlier records ride again while there is room: a later frame heals a loss.
        while first > 1:
            longer = [own[number] for number in range(first - 1, taken[-1].number + 1)]
            if fit(longer, self.directory, room) < len(longer):
                break
            taken, first = longer, first - 1
        data = pack(taken, self.links[self.hub][first - 1], self.directory, self._key.sign)
        self._packed = taken[-1].number
        self._urgent = {number for number in self._urgent if number > self._packed}
        self._index(open_data(data, self.directory))
        return data

    @property
    def held(self) -> dict[int, int]:
        """Records held without a gap, by hub."""
        return {hub: len(links) - 1 for hub, links in self.links.items()}


@dataclass
class Station:
    """One hub on the channel: its shelf, its engine, and the packet inside its radio."""

    shelf: Shelf
    engine: Engine
    on: bool = True
    inside: Packet | None = None
    busy_until: float = 0.0
    sending_until: float = 0.0
    started: float = -1.0
    wake: float = float("-inf")
    events: list[Event] = field(default_factory=list)


class Channel:
    """Hubs in virtual time. Give it work by ``at``; let it run by ``run``.

    Args:
        hubs: their numbers.
        preset: of the modem.
        loss: how many of the packets that reach a receiver are lost there, independently.
        seed: of everything.
        hears: which pairs hear each other; all, when not given.
        answers: seconds after which a hub accepts a payment that came in; never, when not given.
    """

    def __init__(
        self,
        hubs: Sequence[int],
        *,
        preset: str = "MEDIUM_FAST",
        loss: float = 0.0,
        seed: int = 1,
        hears: Collection[tuple[int, int]] | None = None,
        answers: float | None = None,
        config: Config | None = None,
    ) -> None:
        self.hubs, self.loss, self.answers = tuple(hubs), loss, answers
        self.rng = Random(seed)
        self.now = 0.0
        self._airtime: dict[int, float] = {}
        self.preset = preset
        self.slot = preset_named(preset).slot
        self.frame = self.airtime(FULL)
        self.used = 0.0
        self.packets: list[tuple[float, int, Packet]] = []
        self._work: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._hears = {
            a: {b for b in hubs if b != a and (hears is None or (a, b) in hears or (b, a) in hears)}
            for a in hubs
        }
        self.stations: dict[int, Station] = {}
        self._config = config
        for hub in hubs:
            self.stations[hub] = self._station(Shelf(directory(hub, hubs)))
        for hub in hubs:
            self._plan(hub)

    def airtime(self, size: int) -> float:
        """Seconds on the air of a payload of ``size`` bytes."""
        if size not in self._airtime:
            self._airtime[size] = frame_airtime(size, self.preset)
        return self._airtime[size]

    def _station(self, shelf: Shelf) -> Station:
        rng = Random(self.rng.random())
        engine = Engine(shelf.directory, shelf, self.airtime, rng, self._config, now=self.now)
        return Station(shelf, engine)

    # ------------------------------------------------------------------------------------------------ what happens

    def at(self, when: float, work: Callable[[], object]) -> None:
        """Do ``work`` at that moment."""
        heapq.heappush(self._work, (when, next(self._order), work))

    def write(self, hub: int, kind: Kind = Kind.CHECKPOINT, to: int = EVERYONE) -> Record:
        """``hub`` has something to say."""
        station = self.stations[hub]
        record = station.shelf.write(kind, to)
        if station.on:
            station.engine.stored(self.now)
            self._plan(hub)
        return record

    def off(self, hub: int) -> None:
        """The radio process of ``hub`` stops."""
        self.stations[hub].on = False
        self.stations[hub].inside = None

    def back(self, hub: int) -> None:
        """It starts again, with what is durable."""
        self.stations[hub] = self._station(self.stations[hub].shelf)
        self._plan(hub)

    def run(self, until: float, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass until then, or until ``done``; whether it was."""
        while self._work and self._work[0][0] <= until:
            self.now, _, work = heapq.heappop(self._work)
            work()
            if done and done():
                return True
        self.now = max(self.now, until)
        return bool(done and done())

    def in_step(self) -> bool:
        """Whether all hubs that are on hold the same, and nothing waits."""
        on = [s.shelf for s in self.stations.values() if s.on]
        return all(s.held == on[0].held and not s.waiting().records for s in on)

    # ------------------------------------------------------------------------------------------------ radio

    def _plan(self, hub: int) -> None:
        station = self.stations[hub]
        if not station.on or station.inside:
            return
        wake = max(station.engine.next_wake(self.now), self.now)
        assert wake < float("inf")
        station.wake = wake
        self.at(wake, lambda: self._awake(hub, station, wake))

    def _awake(self, hub: int, station: Station, wake: float) -> None:
        if self.stations[hub] is not station or station.wake != wake or station.inside or not station.on:
            return
        packet = station.engine.transmit(self.now)
        if packet is None:
            assert station.engine.next_wake(self.now) > self.now, "a wake-up without progress"
            self._plan(hub)
            return
        station.inside = packet
        self._contend(hub, station)

    def _contend(self, hub: int, station: Station) -> None:
        """The radio waits until it hears nothing, then for a drawn number of slots."""
        start = max(self.now, station.busy_until) + self.rng.randint(0, 15) * self.slot
        self.at(start, lambda: self._start(hub, station, start))

    def _start(self, hub: int, station: Station, start: float) -> None:
        if station.inside is None or self.stations[hub] is not station:
            return
        if station.busy_until > start:
            self._contend(hub, station)
            return
        packet = station.inside
        end = start + self.airtime(len(packet.data))
        self.used += end - start
        self.packets.append((start, hub, packet))
        station.started, station.sending_until = start, end
        heard = []
        for other in self._hears[hub]:
            listener = self.stations[other]
            # Another packet is on the air there, or it sends itself: both are lost to it.
            clear = listener.busy_until <= start and listener.sending_until <= start
            listener.busy_until = max(listener.busy_until, end)
            if clear and listener.on and self.rng.random() >= self.loss:
                heard.append(other)
        self.at(end, lambda: self._end(hub, station, packet, start, heard))

    def _end(self, hub: int, station: Station, packet: Packet, start: float, heard: list[int]) -> None:
        if self.stations[hub] is station and station.on:
            station.inside = None
            station.engine.sent(self.now, len(packet.data))
            self._plan(hub)
        for other in heard:
            listener = self.stations[other]
            if listener.on and not start <= listener.started < self.now:
                self.deliver(other, packet.data)

    def deliver(self, hub: int, data: bytes) -> list[Event]:
        """Bytes reach ``hub``."""
        station = self.stations[hub]
        events = station.engine.receive(data, self.now)
        station.events += events
        for event in events:
            if isinstance(event, Arrived):
                fresh = station.shelf.keep(event.frame)
                station.engine.stored(self.now)
                for record in fresh:
                    self._accept(hub, record)
        self._plan(hub)
        return events

    def _accept(self, hub: int, record: Record) -> None:
        if self.answers is not None and record.kind == Kind.SENT and record.to == hub:
            self.at(self.now + self.answers, lambda: self.write(hub, Kind.ACCEPTED, record.hub))
