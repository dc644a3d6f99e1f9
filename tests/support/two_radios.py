"""River's and Hill's radio processes, on two links that reach each other through plain memory.

Time stands still until ``live`` lets it pass, so hours of it cost seconds. The links keep what
``ports.Link`` promises; what a real one does to frames is tried elsewhere (``tests/radio/links``).
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from appliance.ledger.clock import ManualClock
from appliance.radio.airtime import frame_airtime
from appliance.radio.events import Config
from appliance.radio.ports import Changed, Heard, LinkEvent, LinkState, Radio, Refused, Sent
from appliance.radio.service import Service
from tests.support.two_villages import TwoVillages, two_villages

PRESET = "MEDIUM_FAST"


@dataclass
class MemoryLink:
    """One end. ``others`` hear what is sent when its time on the air has passed."""

    clock: ManualClock
    hears: "Callable[[bytes], bool]" = lambda _: True
    others: "list[MemoryLink]" = field(default_factory=list)
    up: bool = False
    sent: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    refusals: deque[Refused] = field(default_factory=deque)
    events: deque[LinkEvent] = field(default_factory=deque)
    _flying: tuple[int, bytes] | None = None

    def start(self) -> None:
        self.plug()

    def plug(self) -> None:
        """The radio is reached."""
        self.up = True
        self.events += [Changed(LinkState.CONNECTING), Changed(LinkState.UP)]

    def unplug(self) -> None:
        """The radio is gone, and what was inside it."""
        self.up, self._flying = False, None
        self.events.append(Changed(LinkState.DOWN, "unplugged"))

    def ready(self) -> bool:
        return self.up and self._flying is None

    def send(self, data: bytes) -> None:
        assert self.ready()
        if self.refusals:
            self.events.append(self.refusals.popleft())
            return
        self._flying = self.clock.uptime().ms + int(1000 * frame_airtime(len(data), PRESET)), data

    def poll(self) -> Sequence[LinkEvent]:
        if self._flying and self._flying[0] <= self.clock.uptime().ms:
            _, data = self._flying
            self._flying = None
            self.sent.append(data)
            self.events.append(Sent())
            for other in self.others:
                if other.up and other.hears(data):
                    other.events.append(Heard(data, 7.5, -80, 0))
        events = tuple(self.events)
        self.events.clear()
        return events

    def flies(self) -> int:
        """Milliseconds until the packet on the air has passed; many when there is none."""
        return 1000 if self._flying is None else self._flying[0] - self.clock.uptime().ms

    def wait(self, seconds: float) -> None:
        raise AssertionError("time passes in TwoRadios.live")

    def set_time(self, at_ms: int) -> None:
        self.times.append(at_ms)

    def radio(self) -> Radio | None:
        return Radio(PRESET, "memory", "2.7.26", "EU_868", 3)

    def close(self) -> None:
        self.up = False


@dataclass
class TwoRadios:
    """Both villages with their radio processes, turn by turn."""

    villages: TwoVillages
    links: dict[str, MemoryLink] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    seed: int = 1
    config: Config | None = None
    """Of the engines that begin from now on."""

    def begin(self, name: str) -> None:
        """Start a radio process, or another one after ``end``."""
        hub = (self.villages.river if name == "river" else self.villages.hill).hub
        link = self.links[name]
        self.seed += 1
        self.services[name] = Service(hub, link, "sim://127.0.0.1:4600", Random(self.seed), self.config)
        link.start()

    def end(self, name: str) -> None:
        """A radio process is killed; its radio stays."""
        del self.services[name]
        self.links[name].close()

    def jump(self, seconds: float, turn: float) -> None:
        """Let much time pass in which neither hears the other: each has its turn once in ``turn`` seconds."""
        clock = self.villages.clock
        end = clock.uptime().ms + int(1000 * seconds)
        while clock.uptime().ms < end:
            for service in self.services.values():
                service.step()
            clock.advance(min(int(1000 * turn), end - clock.uptime().ms))

    def live(self, seconds: float, until: "Callable[[], bool] | None" = None) -> bool:
        """Let so much time pass, or less when ``until`` comes true; whether it did."""
        clock = self.villages.clock
        end = clock.uptime().ms + int(1000 * seconds)
        while clock.uptime().ms < end:
            waits = [int(1000 * service.step()) for service in self.services.values()]
            if until is not None and until():
                return True
            clock.advance(max(10, min([*waits, *(link.flies() for link in self.links.values()), 500])))
        return False

    def state(self, name: str = "river") -> list[tuple[str, str | None]]:
        """State and reason of the payments that left River, in their order."""
        hub = (self.villages.river if name == "river" else self.villages.hill).hub
        with hub.reading() as tx:
            return [tuple(row) for row in tx.select("SELECT state, why FROM crossing ORDER BY opened_entry")]


@contextmanager
def two_radios(path: Path, **rules: Any) -> Iterator[TwoRadios]:
    """Both radio processes at work; ``rules`` as of ``make_two_villages``."""
    with two_villages(path, **rules) as villages:
        radios = TwoRadios(villages)
        river, hill = MemoryLink(villages.clock), MemoryLink(villages.clock)
        river.others, hill.others = [hill], [river]
        radios.links = {"river": river, "hill": hill}
        for name in radios.links:
            radios.begin(name)
        yield radios
