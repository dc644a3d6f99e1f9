"""One connection to a radio, used once: what the supervisor asks of it, and what it tells.

A session lives on a thread of its own that may be abandoned at any line. Its methods may block
for ever, raise anything, and end the thread; only ``cut`` must not. What happens it *tells*, from
whatever thread it likes; the supervisor listens only to the session that is current.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from appliance.ledger.errors import HubError
from appliance.radio.ports import Airtime, Heard, Radio


class Trouble(StrEnum):
    """Why a link is not up, or is up and cannot send. Stable words; the portal explains them."""

    UNREACHABLE = "unreachable"
    """Nobody answers at this address, or there is no such port."""
    PORT_BUSY = "port_busy"
    """Another program holds the serial port."""
    NO_HANDSHAKE = "no_handshake"
    """Somebody is there who does not speak as a radio does, or not in time."""
    CLOSED = "closed"
    """The radio ended the connection: it restarts, or another program took it."""
    TAKEN = "taken"
    """The radio ends connection after connection: another program wants it too."""
    RESET = "reset"
    """The connection broke."""
    UNPLUGGED = "unplugged"
    """The serial port went away."""
    REBOOTED = "rebooted"
    """The radio says that it has just restarted."""
    SILENT = "silent"
    """The connection stands and nothing comes any more."""
    STUCK = "stuck"
    """Too many connections that never ended are still inside the library."""
    FAILED = "failed"
    """Anything else; the log has the words."""
    LET_GO = "let_go"
    """This link was closed by us."""
    REGION_UNSET = "region_unset"
    """The link is up, and the radio may not send before its region is set."""
    TX_DISABLED = "tx_disabled"
    """The link is up, and sending is switched off in the radio's settings."""


class LinkLost(HubError, ConnectionError):
    """A session cannot go on. Stays inside ``links``: the supervisor makes ``Changed`` of it."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble.value}: {detail}" if detail else trouble.value)
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Opened:
    """The radio has told all about itself and takes packets. ``warning`` if it will not send them."""

    radio: Radio
    warning: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is over."""

    trouble: Trouble
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The packet was written to the radio under this id."""

    packet: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The radio's word on its queue: ``waiting`` packets are in it.

    ``packet`` is the one the word is about, 0 when it answers a probe. ``refusal`` names why that
    packet was not taken; empty when it was.
    """

    packet: int
    waiting: int
    refusal: str = ""
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The radio gave up on packet ``packet``: ``reason`` as it names it."""

    packet: int
    reason: str
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Notice:
    """Words of the radio to whoever uses it, with the seconds it asks to wait, if it does."""

    text: str
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Alive:
    """Something came in that says no more than that the radio is there."""


Told = Opened | Lost | Written | Queue | Undelivered | Notice | Alive | Heard | Airtime
Tell = Callable[[Told], None]


class Session(Protocol):
    """One connection. Every method but ``cut`` is called on the session's own thread."""

    def open(self, tell: Tell) -> None:
        """Connect and shake hands; tell ``Opened`` when packets can be sent.

        Raises:
            LinkLost: it did not come to that.
        """
        ...

    def send(self, data: bytes) -> None:
        """Write one packet to the radio, and tell ``Written``."""
        ...

    def set_time(self, at_ms: int) -> None:
        """Tell the radio what time it is."""
        ...

    def probe(self) -> None:
        """Ask the radio for a sign of life; the answer is told as ``Queue`` of packet 0."""
        ...

    def close(self) -> None:
        """Say goodbye and free everything."""
        ...

    def cut(self) -> None:
        """Make whatever blocks in this session fail. Never blocks, never raises; from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a supervisor waits for what, in seconds."""

    handshake: float = 40.0
    """Until a new connection must be up. (The library itself gives up after 30.)"""
    answer: float = 10.0
    """Until the radio must have said that it took a packet, and as long again after being asked."""
    look: float = 0.2
    """Until the radio's queue is looked at after a packet was taken; each time half as long again."""
    look_most: float = 1.0
    leave: float = 60.0
    """After which a packet that was taken counts as sent, whatever the queue says."""
    probe: float = 60.0
    """Between two probes of a radio."""
    silence: float = 90.0
    """Without any word from it, a radio is dead."""
    verdict: float = 0.5
    """For the notice that says how long a duty cycle keeps us waiting: it follows the refusal."""
    first_back_off: float = 1.0
    last_back_off: float = 60.0
    steady: float = 60.0
    """A link that was up this long begins again with the first back-off."""
    goodbye: float = 2.0
    """For a session to end by itself on ``close``, and once more after it was cut."""
    stuck_most: int = 4
    """So many threads may be left behind before no new session is begun."""
