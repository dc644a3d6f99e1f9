"""The channel in simulated time: who is on the air, who hears it, and what is lost.

A station is a hub's radio. It has at most one packet of its hub inside, and those it relays. Rules:

1. *Carrier sense is ideal between those who sense each other*: a station waits until it senses
   nothing, then for a drawn part of the contention window (Meshtastic's smallest, 2^3 slots),
   and never begins while it senses another. Two who do not sense each other may speak at once.
2. *A packet is lost at a receiver* with the link's own chance, independently; when another packet
   that it hears, or its own, is on the air at the same time; or when it is off.
3. *Relaying* (only with a hop limit): who hears a packet for the first time relays it after
   (16 + U(0, 2^5)) slots, unless it hears it again before (Meshtastic 2.7.26, role CLIENT).
4. *A radio counts* what it sends, relays included, and what reaches it, also what it has heard before and keeps
   from its hub: its hub can know neither.

Not simulated: distance, capture, more than one channel, a radio's own traffic, its refusal at the law's limit.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final

from appliance.radio.airtime import frame_airtime, preset_named
from appliance.radio.governor import CHANNEL_SECONDS, OWN_SECONDS, Window
from appliance.radio.ports import Airtime
from appliance.radio.simulation.topology import Topology

_WINDOW: Final = 8
_RELAY_WAIT: Final = 16
_RELAY_WINDOW: Final = 32


@dataclass(eq=False, slots=True)
class OnAir:
    """One packet, with all its relays: ``number`` is the same for them, ``hops`` those that are left."""

    number: int
    data: bytes
    hops: int
    own: bool


@dataclass(eq=False, slots=True)
class Station:
    """A radio. ``queue`` waits for the channel; ``sensing`` counts those on the air that it senses.

    ``channel`` and ``own`` are seconds on the air as it counts them.
    """

    hub: int
    queue: list[OnAir] = field(default_factory=list)
    relays: dict[int, OnAir] = field(default_factory=dict)
    heard: dict[int, None] = field(default_factory=dict)
    sensing: int = 0
    contending: int = 0
    sending: bool = False
    on: bool = True
    spoiled: dict[int, OnAir] = field(default_factory=dict)
    hearing: list[OnAir] = field(default_factory=list)
    channel: Window = field(default_factory=lambda: Window(CHANNEL_SECONDS, 1.0))
    own: Window = field(default_factory=lambda: Window(OWN_SECONDS, 60.0))


class Channel:
    """Stations on one frequency. ``at`` plans, ``run`` lets time pass.

    Args:
        topology: who hears whom.
        preset: Meshtastic's name of the modulation.
        firmware28: whether radios sign what still fits.
        rng: of losses and contention.
        heard: called with a hub and the bytes that reached it.
        sent: called with a hub when the packet inside its radio has been on the air.
    """

    def __init__(
        self,
        topology: Topology,
        preset: str,
        rng: Random,
        heard: Callable[[int, bytes], None],
        sent: Callable[[int, bytes], None],
        *,
        firmware28: bool = False,
    ) -> None:
        self._topology, self._preset, self._rng, self._firmware28 = topology, preset, rng, firmware28
        self._heard, self._sent = heard, sent
        self._slot = preset_named(preset).slot
        self._senses = topology.senses()
        self._seconds: dict[int, float] = {}
        self._packets, self._order = count(), count()
        self._plans: list[tuple[float, int, Callable[[], object]]] = []
        self.stations: Mapping[int, Station] = {hub: Station(hub) for hub in topology.heard}
        self.now = 0.0
        self.used = 0.0
        self._hours: defaultdict[tuple[int, int], float] = defaultdict(float)
        self.collisions = 0

    def airtime(self, size: int) -> float:
        """Seconds on the air of a payload of ``size`` bytes, all that the radio adds included."""
        if size not in self._seconds:
            self._seconds[size] = frame_airtime(size, self._preset, self._firmware28)
        return self._seconds[size]

    def at(self, when: float, work: Callable[[], object]) -> None:
        """Do ``work`` at that moment."""
        heapq.heappush(self._plans, (when, next(self._order), work))

    def run(self, until: float, done: Callable[[], bool] | None = None) -> None:
        """Let time pass until then, or until ``done``."""
        while self._plans and self._plans[0][0] <= until:
            self.now, _, work = heapq.heappop(self._plans)
            work()
            if done is not None and done():
                return
        self.now = max(self.now, until)

    # -------------------------------------------------------------------------- sending

    def send(self, hub: int, data: bytes) -> None:
        """A hub's packet goes into its radio."""
        station = self.stations[hub]
        packet = OnAir(next(self._packets), data, self._topology.hop_limit, own=True)
        self._remember(station, packet)
        station.queue.append(packet)
        self._contend(station)

    @property
    def hop_limit(self) -> int:
        """How often radios relay a packet."""
        return self._topology.hop_limit

    @property
    def radio_hour(self) -> float:
        """The most seconds of an hour in which one radio was on the air, for its hub or for others."""
        return max(self._hours.values(), default=0.0)

    def figures(self, hub: int) -> Airtime:
        """What a radio has measured, as it tells its hub."""
        station = self.stations[hub]
        channel, own = station.channel.total(self.now), station.own.total(self.now)
        return Airtime(channel / CHANNEL_SECONDS, own / OWN_SECONDS)

    def switch(self, hub: int, *, on: bool) -> None:
        """A radio goes off, with all that is inside it, or on again."""
        station = self.stations[hub]
        station.on = on
        if not on:
            station.queue.clear()
            station.relays.clear()

    @staticmethod
    def _remember(station: Station, packet: OnAir) -> None:
        station.heard[packet.number] = None
        if len(station.heard) > 256:
            del station.heard[next(iter(station.heard))]

    def _contend(self, station: Station) -> None:
        if station.sensing or station.sending or not station.queue:
            return  # what ends on the air, or its own packet, begins this anew
        station.contending += 1
        mark = station.contending
        when = self.now + self._rng.random() * _WINDOW * self._slot
        self.at(when, lambda: self._start(station, mark))

    def _start(self, station: Station, mark: int) -> None:
        if mark != station.contending or station.sensing or station.sending or not station.queue:
            return
        packet = station.queue.pop(0)
        station.sending = True
        seconds = self.airtime(len(packet.data))
        self.used += seconds
        self._hours[station.hub, int(self.now // OWN_SECONDS)] += seconds
        station.own.add(self.now, seconds)
        station.channel.add(self.now, seconds)
        for other in station.hearing:
            station.spoiled[other.number] = other
        ears = self._topology.heard[station.hub]
        receivers = [self.stations[hub] for hub in ears]
        for receiver in receivers:
            if receiver.hearing or receiver.sending:
                # Both are lost to it.
                receiver.spoiled[packet.number] = packet
                receiver.spoiled.update((other.number, other) for other in receiver.hearing)
                self.collisions += 1
            receiver.hearing.append(packet)
        sensing = [self.stations[hub] for hub in self._senses[station.hub]]
        for other_station in sensing:
            other_station.sensing += 1
        self.at(self.now + seconds, lambda: self._end(station, packet, receivers, sensing))

    def _end(self, station: Station, packet: OnAir, receivers: list[Station], sensing: list[Station]) -> None:
        station.sending = False
        for other in sensing:
            other.sensing -= 1
        arrived = []
        for receiver in receivers:
            receiver.hearing.remove(packet)
            clear = receiver.spoiled.pop(packet.number, None) is None
            lost = self._rng.random() < self._topology.heard[station.hub][receiver.hub]
            if clear and not lost and receiver.on:
                arrived.append(receiver)
        if packet.own and station.on:
            self._sent(station.hub, packet.data)
        for receiver in arrived:
            self._arrive(receiver, packet)
        self._contend(station)
        for other in sensing:
            self._contend(other)

    def _arrive(self, receiver: Station, packet: OnAir) -> None:
        receiver.channel.add(self.now, self.airtime(len(packet.data)))
        if packet.number in receiver.heard:
            # Somebody else has relayed it: that is enough.
            relay = receiver.relays.pop(packet.number, None)
            if relay is not None and relay in receiver.queue:
                receiver.queue.remove(relay)
            return
        self._remember(receiver, packet)
        if packet.hops:
            relay = OnAir(packet.number, packet.data, packet.hops - 1, own=False)
            receiver.relays[packet.number] = relay
            wait = (_RELAY_WAIT + self._rng.random() * _RELAY_WINDOW) * self._slot
            self.at(self.now + wait, lambda: self._relay(receiver, relay))
        self._heard(receiver.hub, packet.data)

    def _relay(self, station: Station, relay: OnAir) -> None:
        if station.on and station.relays.get(relay.number) is relay:
            station.queue.append(relay)
            self._contend(station)
