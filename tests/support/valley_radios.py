"""The radio processes of three hubs of the valley, turn by turn, on air that loses packets.

Who hears whom is given; each receiver loses packets by itself. Time stands still until ``live`` lets
it pass. A station has a name of its own, so that two boxes may speak for one hub.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from appliance.ledger.hub import Hub
from appliance.radio.airtime import frame_airtime
from appliance.radio.bundle import split
from appliance.radio.frames import read_header
from appliance.radio.service import Service
from tests.support.two_radios import PRESET, MemoryLink
from tests.support.valley import Valley


@dataclass
class ValleyRadios:
    """Radios of ``valley``; ``loss`` is the share of packets that each receiver loses."""

    valley: Valley
    loss: float = 0.0
    rng: Random = field(default_factory=lambda: Random(7))
    links: dict[str, MemoryLink] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    def put_up(self, *names: str) -> None:
        """Radios that nobody uses yet. Each hears the one named before it, and that one it."""
        for name in names:
            self.links[name] = MemoryLink(self.valley.clock, lambda _: self.rng.random() >= self.loss)
        for one, other in pairwise(names):
            self.connect(one, other)

    def connect(self, one: str, other: str) -> None:
        """From now on these two hear each other."""
        self.links[one].others.append(self.links[other])
        self.links[other].others.append(self.links[one])

    def begin(self, name: str, hub: Hub) -> None:
        """Start the radio process of ``hub`` at that radio."""
        self.services[name] = Service(
            hub, self.links[name], "sim://127.0.0.1:4600", Random(self.rng.random())
        )
        self.links[name].start()

    def end(self, name: str) -> None:
        """That radio process is killed."""
        del self.services[name]
        self.links[name].close()

    def live(self, seconds: float, until: "Callable[[], bool] | None" = None) -> bool:
        """Let so much time pass, or less when ``until`` comes true; whether it did."""
        clock = self.valley.clock
        end = clock.uptime().ms + int(1000 * seconds)
        while clock.uptime().ms < end:
            waits = [int(1000 * service.step()) for service in self.services.values()]
            if until is not None and until():
                return True
            clock.advance(max(10, min([*waits, *(link.flies() for link in self.links.values()), 500])))
        return False

    def said(self, kind: int) -> dict[str, tuple[int, float]]:
        """How many packets of a kind each radio has sent, and their seconds on the air."""
        out = {}
        for name, link in self.links.items():
            times = [
                frame_airtime(len(data), PRESET)
                for sent in link.sent
                for data in split(sent)
                if read_header(data).type == kind
            ]
            out[name] = (len(times), sum(times))
        return out
