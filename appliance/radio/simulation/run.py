"""One run: hubs that pay each other over the channel, and what it cost and took (``scenario``).

Payments are written during the hours asked for; then the hubs get up to one more, without new payments, to finish.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from appliance.ledger import sealing
from appliance.ledger.book import letters
from appliance.ledger.book.letters import FarListing, Named, Sent
from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.ledger.keys import KeySigner
from appliance.ledger.sealing import BoxKey
from appliance.radio.chores import AT_ONCE, QUIET
from appliance.radio.control import read
from appliance.radio.directory import Directory, Member
from appliance.radio.engine import Engine
from appliance.radio.events import Arrived, Config, Packet
from appliance.radio.frames import DataFrame
from appliance.radio.simulation.channel import Channel
from appliance.radio.simulation.library import Memory
from appliance.radio.simulation.scenario import LATE_SECONDS, Result, Scenario, bound
from appliance.radio.simulation.topology import Topology, one_domain

FINISH_SECONDS: Final = 3600.0
FIRST_HUB: Final = 101

_COMMUNITY: Final = b"simulated valley"
_GROUP_KEY: Final = bytes(range(32))
_ANSWER_SECONDS: Final = 1.0
_MEMBERS: Final = 150
_CATEGORIES: Final = 16
_DECODED: Final = 512
_DAY: Final = 86_400.0
_FIGURES_SECONDS: Final = 60.0
_TITLES: Final = (
    "Bread on Fridays, a loaf",
    "Help with the hay",
    "Eggs, a dozen",
    "Mending of clothes, small things",
    "Goat cheese, half a kilo",
    "Firewood, split and dry, a cubic metre",
    "Spanish for beginners",
    "A ride to the market",
)


@dataclass(slots=True)
class _Hub:
    number: int
    memory: Memory
    box: BoxKey
    engine: Engine | None
    inside: Packet | None = None
    wake: float = 0.0
    beats: int = 1


@dataclass(slots=True)
class _Written:
    at: float
    left: set[int]
    latency: float = 0.0


class Simulation:
    """A community of hubs in simulated time. ``run`` gives the figures."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        master = Random(scenario.seed)
        self._traffic, self._engines = Random(master.random()), Random(master.random())
        topology = scenario.topology or one_domain(scenario.hubs, scenario.loss)
        topology = Topology(
            {_number(a): {_number(b): p for b, p in ears.items()} for a, ears in topology.heard.items()},
            topology.hop_limit,
        )
        self.channel = Channel(
            topology,
            scenario.preset,
            Random(master.random()),
            self._heard,
            self._sent,
            firmware28=scenario.firmware28,
        )
        self._decoded: dict[bytes, Any] = {}
        self._pairs: dict[tuple[int, int], bytes] = {}
        self._written: dict[tuple[int, int], _Written] = {}
        self._open = 0
        self._frames: Counter[str] = Counter()
        self._airtime: dict[str, float] = {}
        self._hours: defaultdict[tuple[int, int], float] = defaultdict(float)
        self._queue = 0
        self._untold: Counter[int] = Counter()
        self._told: dict[tuple[int, int], set[int]] = {}
        self._end = scenario.hours * 3600
        numbers = [_number(place) for place in range(1, scenario.hubs + 1)]
        signers = {hub: KeySigner(f"hub:{hub}", hub.to_bytes(32, "big")) for hub in numbers}
        members = {index: Member(hub, 1, signers[hub].public) for index, hub in enumerate(numbers, 1)}
        self.hubs: dict[int, _Hub] = {}
        for hub in numbers:
            directory = Directory(_COMMUNITY, _GROUP_KEY, hub, members, b"head")
            box = BoxKey(hub.to_bytes(4, "big") * 8)
            self.hubs[hub] = _Hub(hub, Memory(directory, signers[hub]), box, None)
        for one in self.hubs.values():
            self._begin(one)

    # -------------------------------------------------------------------------- the course of events

    def run(self) -> Result:
        """Let the hours pass, then the time to finish."""
        self._plan_traffic()
        self._plan_listings()
        self._plan_figures()
        for outage in self.scenario.outages:
            hub = self.hubs[_number(outage.hub)]
            self.channel.at(outage.begin, partial(self._go_off, hub))
            self.channel.at(outage.end, partial(self._come_back, hub))
        self.channel.run(self._end)
        used, frames, airtime = self.channel.used, dict(self._frames), dict(self._airtime)
        collisions = self.channel.collisions
        if self._open:
            self.channel.run(self._end + FINISH_SECONDS, lambda: not self._open)
        return self._result(used, frames, airtime, collisions)

    def _plan_traffic(self) -> None:
        for hub in self.hubs.values():
            when = self._traffic.expovariate(self.scenario.rate / 60)
            while when < self._end:
                others = [number for number in self.hubs if number != hub.number]
                to = self._traffic.choice(others)
                waits = self._traffic.random() < self.scenario.waiting
                self.channel.at(when, partial(self._pay, hub, to, waits))
                when += self._traffic.expovariate(self.scenario.rate / 60)

    def _plan_listings(self) -> None:
        if not self.scenario.listings and not self.scenario.untold:
            return
        for hub in self.hubs.values():
            self._untold[hub.number] = self.scenario.untold
            self.channel.at(self._traffic.uniform(5, 60), partial(self._chore, hub))
            if not self.scenario.listings:
                continue
            when = self._traffic.expovariate(self.scenario.listings / _DAY)
            while when < self._end:
                self.channel.at(when, partial(self._untold.update, [hub.number]))
                when += self._traffic.expovariate(self.scenario.listings / _DAY)

    def _plan_figures(self) -> None:
        """Radios tell their hubs each minute what they count. Without relaying their hubs count the same."""
        if self.channel.hop_limit:
            for place, hub in enumerate(self.hubs.values()):
                self.channel.at(_FIGURES_SECONDS * place / len(self.hubs), partial(self._measured, hub))

    def _measured(self, hub: _Hub) -> None:
        if hub.engine is not None:
            hub.engine.radio_measured(self.channel.figures(hub.number), self.channel.now)
            self._plan(hub)
        self.channel.at(self.channel.now + _FIGURES_SECONDS, partial(self._measured, hub))

    def _chore(self, hub: _Hub) -> None:
        """Tell a few listings, as ``chores.Chores`` does when ``Service`` finds the hub at leisure."""
        now, engine = self.channel.now, hub.engine
        free = engine is not None and not hub.memory.waiting().records and engine.leisure(now)
        if free and engine is not None and engine.governor.channel_use(now) < QUIET:
            for _ in range(min(AT_ONCE, self._untold[hub.number])):
                self._untold[hub.number] -= 1
                self._tell_listing(hub)
        if now < self._end:
            self.channel.at(now + self._traffic.uniform(20, 60), partial(self._chore, hub))

    def _tell_listing(self, hub: _Hub) -> None:
        draw = self._traffic
        number = len(hub.memory.records[hub.number]) + 1
        title, want = draw.choice(_TITLES), draw.random() < 0.4
        item = FarListing(draw.randint(1, 750), draw.randint(1, _MEMBERS), want, "food", 250, title)
        hub.memory.write(Kind.LISTING, EVERYONE, 0, bytes(len(letters.listing(item))))
        self._told[hub.number, number] = set(self.hubs) - {hub.number}
        if hub.engine is not None:
            hub.engine.stored(self.channel.now)
            self._plan(hub)
        self._waits(hub)

    def _waits(self, hub: _Hub) -> None:
        self._queue = max(self._queue, hub.memory.waiting().records)

    def _begin(self, hub: _Hub) -> None:
        config = Config(
            first_beat=hub.beats, duty_cycle=self.scenario.duty_cycle, shared=not self.scenario.whole_channel
        )
        hub.beats += 1 << 20
        rng = Random(self._engines.random())
        hub.engine = Engine(
            hub.memory.directory,
            hub.memory,
            self.channel.airtime,
            rng,
            config,
            now=self.channel.now,
            opened=self._read,
        )
        self._plan(hub)

    def _go_off(self, hub: _Hub) -> None:
        hub.engine = hub.inside = None
        self.channel.switch(hub.number, on=False)

    def _come_back(self, hub: _Hub) -> None:
        self.channel.switch(hub.number, on=True)
        self._begin(hub)

    def _read(self, data: bytes, directory: Directory) -> Any:
        """What came in. All hubs hold one roster, so that one decoding and one check of a signature serve all who hear."""
        if data not in self._decoded:
            if len(self._decoded) >= _DECODED:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[data] = read(data, directory)
        return self._decoded[data]

    # -------------------------------------------------------------------------- payments

    def _pay(self, hub: _Hub, to: int, waits: bool) -> None:
        draw = self._traffic.randint
        letter = Sent(draw(1, _MEMBERS), draw(1, _MEMBERS), "food", "")
        self._write(hub, Kind.SENT, to, draw(1, 5000), letters.sent(letter), waits)

    def _answer(self, hub: _Hub, payment: Record) -> None:
        plain = letters.answer(Named(payment.incarnation, payment.number))
        self._write(hub, Kind.ACCEPTED, payment.hub, 0, plain, True)

    def _write(self, hub: _Hub, kind: Kind, to: int, amount: int, plain: bytes, urgent: bool) -> None:
        number = len(hub.memory.records[hub.number]) + 1
        sealed = sealing.stream(self._pair(hub, to), hub.number, 1, number, plain)
        record = hub.memory.write(kind, to, amount, sealed, urgent=urgent)
        self._written[hub.number, record.number] = _Written(self.channel.now, set(self.hubs) - {hub.number})
        self._open += 1
        self._waits(hub)
        if hub.engine is not None:
            hub.engine.stored(self.channel.now)
            self._plan(hub)

    def _pair(self, hub: _Hub, to: int) -> bytes:
        key = hub.number, to
        if key not in self._pairs:
            self._pairs[key] = hub.box.pair_key(self.hubs[to].box.public, _COMMUNITY, sending=True)
        return self._pairs[key]

    # -------------------------------------------------------------------------- the radio

    def _plan(self, hub: _Hub) -> None:
        if hub.engine is None or hub.inside is not None:
            return
        wake = max(hub.engine.next_wake(self.channel.now), self.channel.now)
        if wake != hub.wake or wake <= self.channel.now:
            hub.wake = wake
            self.channel.at(wake, partial(self._awake, hub, hub.engine, wake))

    def _awake(self, hub: _Hub, engine: Engine, wake: float) -> None:
        if hub.engine is not engine or hub.wake != wake or hub.inside is not None:
            return
        hub.wake = -1.0
        packet = engine.transmit(self.channel.now)
        if packet is None:
            if engine.next_wake(self.channel.now) <= self.channel.now:
                raise AssertionError(f"hub {hub.number} is woken and does nothing")
            self._plan(hub)
            return
        hub.inside = packet
        self.channel.send(hub.number, packet.data)

    def _sent(self, number: int, data: bytes) -> None:
        hub = self.hubs[number]
        if hub.engine is None or hub.inside is None:
            return
        seconds = self.channel.airtime(len(data))
        self._frames["packets"] += 1
        self._hours[number, int(self.channel.now // 3600)] += seconds
        for kind, share in hub.inside.shares:
            self._frames[kind.value] += 1
            self._airtime[kind.value] = self._airtime.get(kind.value, 0.0) + seconds * share
        hub.inside = None
        hub.engine.sent(self.channel.now, len(data))
        self._plan(hub)

    def _heard(self, number: int, data: bytes) -> None:
        hub = self.hubs[number]
        if hub.engine is None:
            return
        for event in hub.engine.receive(data, self.channel.now):
            if isinstance(event, Arrived):
                self._arrived(hub, event.frame)
        self._plan(hub)

    def _arrived(self, hub: _Hub, frame: DataFrame) -> None:
        linked = hub.memory.keep(frame)
        if hub.engine is not None:
            hub.engine.stored(self.channel.now)
        for record in linked:
            self._took_effect(hub, record)

    def _took_effect(self, hub: _Hub, record: Record) -> None:
        if record.kind == Kind.LISTING:
            self._told[record.hub, record.number].discard(hub.number)
            return
        written = self._written[record.hub, record.number]
        written.left.discard(hub.number)
        took = self._on_together(hub.number, record.hub, written.at)
        written.latency = max(written.latency, took)
        if not written.left:
            self._open -= 1
        if self.scenario.answered and record.kind == Kind.SENT and record.to == hub.number:
            self.channel.at(self.channel.now + _ANSWER_SECONDS, partial(self._answer, hub, record))

    def _on_together(self, one: int, other: int, since: float) -> float:
        """Seconds since a moment in which neither of two hubs was off."""
        gone, at = 0.0, since
        for outage in sorted(self.scenario.outages, key=lambda outage: outage.begin):
            if _number(outage.hub) in {one, other}:
                begin, end = max(outage.begin, at), min(outage.end, self.channel.now)
                gone, at = gone + max(end - begin, 0.0), max(at, end)
        return self.channel.now - since - gone

    # -------------------------------------------------------------------------- figures

    def _result(
        self, used: float, frames: dict[str, int], airtime: dict[str, float], collisions: int
    ) -> Result:
        every = list(self._written.values())
        done = sorted(one.latency for one in every if not one.left)
        all_hubs: defaultdict[int, float] = defaultdict(float)
        for (_, hour), seconds in self._hours.items():
            all_hubs[hour] += seconds
        least = bound(self.scenario.preset, self.scenario.loss) * len(every)
        return Result(
            utilisation=round(used / self._end, 6),
            records=len(every),
            delivered=len(done),
            late=len(every) - sum(latency <= LATE_SECONDS for latency in done),
            latency_s={f"p{p}": _quantile(done, p) for p in (50, 95, 99)},
            frames=frames,
            airtime_s={kind: round(seconds, 3) for kind, seconds in airtime.items()},
            airtime_over_bound=round(used / least, 3) if every else 0.0,
            collisions=collisions,
            finished_s=round(self.channel.now, 3),
            busiest_hour=round(max(all_hubs.values(), default=0.0) / 3600, 6),
            own_hour=round(max(self._hours.values(), default=0.0) / 3600, 6),
            radio_hour=round(self.channel.radio_hour / 3600, 6),
            queue=self._queue,
            listings=len(self._told),
            listings_held=sum(not left for left in self._told.values()),
        )


def _quantile(ordered: list[float], percent: int) -> float:
    return round(ordered[(len(ordered) - 1) * percent // 100], 1) if ordered else 0.0


def _number(place: int) -> int:
    return FIRST_HUB + place - 1


def simulate(scenario: Scenario) -> Result:
    """What comes of a scenario; the same for the same scenario."""
    return Simulation(scenario).run()
