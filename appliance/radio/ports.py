"""What the parts of the radio need of each other, as small protocols.

The engine asks a *library* for frames and never learns where they are kept; the service drives
a *link* and never learns which radio it is. Every link passes ``tests/radio/links/contract.py``.

Times inside the radio are seconds on a clock that only goes forward (``float``), given as
``now``; they mean nothing outside one run of the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a feed is held without gaps: the incarnation and the number of its last record.

    ``link`` is the chain's 32-byte link of that record (zeros for number 0).
    """

    incarnation: int
    number: int
    link: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Records ``first`` to ``last``, both included, of one feed."""

    hub: int
    incarnation: int
    first: int
    last: int


class Library(Protocol):
    """The frames and feeds that a hub holds. Whatever it tells is durable.

    Hubs are named by their numbers (101 to 999). Implemented over the ledger by the service, and
    in memory by the simulation.
    """

    def vector(self) -> Mapping[int, Position]:
        """For every hub of the roster, this one included: up to where its feed is held."""
        ...

    def holes(self, hub: int, up_to: int) -> Sequence[Span]:
        """What is missing of ``hub``'s feed, in order, up to record ``up_to``."""
        ...

    def suspects(self) -> Sequence[Span]:
        """Records that are held and of which, as others say, a second content was signed."""
        ...

    def earlier(self) -> Sequence[Span]:
        """What is missing of hubs' earlier lives, up to where each was closed."""
        ...

    def certificate(self, hub: int, incarnation: int) -> bytes | None:
        """The certificate frame that opened a life of ``hub``; None for a first life, or one not known."""
        ...

    def frame_with(self, hub: int, incarnation: int, number: int) -> bytes | None:
        """A data frame, as it was first sent, that carries this record; the one that reaches furthest."""
        ...

    def waiting(self) -> "Waiting":
        """What this hub has to say and no frame carries yet."""
        ...

    def pack(self, room: int) -> bytes | None:
        """The next frame of this hub's own records, of at most ``room`` bytes, signed and kept.

        It is durable when this returns: it may be sent, and will never change. None when
        nothing waits.
        """
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """Own records that no frame carries yet: how many, and whether somebody waits for one."""

    records: int = 0
    urgent: bool = False


class LinkState(StrEnum):
    """How a link is. ``none``: this hub has no radio."""

    NONE = "none"
    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet that came in. ``snr`` in dB and ``rssi`` in dBm as the radio told, ``hops`` it took.

    ``at_ms``: what the radio took the time to be, which it may have from anybody; None: it does not know.
    """

    data: bytes
    snr: float | None = None
    rssi: int | None = None
    hops: int | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The packet handed over last has left the radio."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The packet handed over last was not sent: ``reason`` as the radio names it.

    ``wait`` seconds should pass before the next one (duty cycle, full queue).
    """

    reason: str
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Changed:
    """The link is in another state, and why."""

    state: LinkState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Airtime:
    """What the radio measured itself, each from 0 to 1: channel use, and own sending this hour."""

    channel: float
    own: float


LinkEvent = Heard | Sent | Refused | Changed | Airtime


@dataclass(frozen=True, slots=True)
class Radio:
    """What a link knows of the radio behind it, for keepers and for the airtime formula.

    ``preset`` is Meshtastic's name (``MEDIUM_FAST``). ``name`` and ``firmware`` are for reading.
    """

    preset: str
    name: str = ""
    firmware: str = ""
    region: str = ""
    hop_limit: int = 0


class Link(Protocol):
    """One radio. No method blocks, none raises for what a radio does; threads stay inside.

    At most one packet is inside the radio: after ``send`` the link is not ``ready`` until
    ``Sent``, ``Refused`` or a change of state has been polled.
    """

    def start(self) -> None:
        """Begin to connect, and go on trying until ``close``."""
        ...

    def ready(self) -> bool:
        """Whether ``send`` would be taken now."""
        ...

    def send(self, data: bytes) -> None:
        """Hand over one packet of at most 231 bytes.

        Raises:
            ValueError: it is longer.
            RuntimeError: the link is not ready.
        """
        ...

    def poll(self) -> Sequence[LinkEvent]:
        """What has happened since the last call, in order."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when there is something to poll, or after ``seconds``. The one call that waits."""
        ...

    def set_time(self, at_ms: int) -> None:
        """Give the radio the time, which it passes on as certain: only a time that is. It may be lost."""
        ...

    def radio(self) -> Radio | None:
        """What is known of the radio; None until it has been reached once."""
        ...

    def close(self) -> None:
        """Let go of the radio; returns within seconds whatever the radio does."""
        ...
