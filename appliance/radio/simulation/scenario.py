"""What is simulated, and what came of it, as values.

What counts: a record is *delivered* when every hub holds it with all before it in its
feed, as only then it takes effect there. Its latency runs from the moment it was written to that
moment at the last hub, without the time in which its writer or that hub was off. It is *late* after
15 minutes. Utilisation is of the hours asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.errors import HubError
from appliance.radio.airtime import frame_airtime
from appliance.radio.simulation.topology import Topology

LATE_SECONDS: Final = 900.0
MOST_HUBS: Final = 100
BOUND_BYTES, BOUND_RECORDS = 229, 9
"""The full frame of the bound of radio.md E2: 76 bytes of header and signature, 9 records of 17."""


class BadScenario(HubError, ValueError):
    """What was asked for cannot be simulated."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A hub, counted from 1, that is off between two moments, in seconds."""

    hub: int
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated. ``rate`` is payments a minute of each hub; times in hours where the name says so.

    Args:
        waiting: the share of payments for which somebody stands waiting, so that they are sent at once.
        answered: whether the payee's hub answers a payment when it takes effect there, as a ledger does.
        listings: new ones of each hub in a day; ``untold``: those that each hub has when the run begins. They
            are told as ``chores`` does: a few at a time, when nothing else waits and the air is free.
        duty_cycle: the region's, from 0 to 1.
        whole_channel: nobody else is on the channel, so the governor keeps none of it free.

    Raises:
        BadScenario: a number out of range.
    """

    hubs: int
    rate: float
    preset: str
    loss: float = 0.0
    hours: float = 2.0
    seed: int = 1
    topology: Topology | None = None
    outages: tuple[Outage, ...] = ()
    firmware28: bool = False
    waiting: float = 0.0
    answered: bool = False
    listings: float = 0.0
    untold: int = 0
    duty_cycle: float = 1.0
    whole_channel: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.hubs <= MOST_HUBS:
            raise BadScenario(f"2 to {MOST_HUBS} hubs")
        for one in self.outages:
            if not 1 <= one.hub <= self.hubs or not 0 <= one.begin < one.end <= self.hours * 3600:
                raise BadScenario(
                    f"an outage is of a hub from 1 to {self.hubs}, and begins and ends within the run"
                )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it; see the head of this file. ``frames`` and ``airtime`` (seconds) by kind, in the hours asked for.

    ``busiest_hour``: the largest share of an hour in which hubs spoke, their radios' relays not counted,
    ``own_hour`` the largest in which one hub did, and ``radio_hour`` in which one radio did, relays counted; ``queue``: the most records that waited at one hub to be sent.
    Records are payments and answers; ``listings`` were told, and ``listings_held`` of them are held by every hub.
    """

    utilisation: float
    records: int
    delivered: int
    late: int
    latency_s: Mapping[str, float]
    frames: Mapping[str, int]
    airtime_s: Mapping[str, float]
    airtime_over_bound: float
    collisions: int
    finished_s: float
    busiest_hour: float
    own_hour: float
    radio_hour: float
    queue: int
    listings: int
    listings_held: int

    def figures(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def bound(preset: str, loss: float) -> float:
    """Seconds on the air that a record costs at least (radio.md E2, one hop): full frames, ideal repair."""
    return frame_airtime(BOUND_BYTES, preset) / BOUND_RECORDS / (1 - loss)
