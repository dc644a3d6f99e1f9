"""What goes into the engine and comes out of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from appliance.radio.certificates import CertificateFrame
from appliance.radio.control import Mark
from appliance.radio.frames import DataFrame
from appliance.radio.pace import Pace
from appliance.radio.proofframes import ProofFrame


class Sending(StrEnum):
    """Why a packet is sent. ``repair``: a frame that was on the air before."""

    DATA = "data"
    REPAIR = "repair"
    ASK = "ask"
    SUMMARY = "summary"
    CERTIFICATE = "certificate"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Packet:
    """What to hand to the radio now.

    ``sending``: why; of a bundle, of the frame that could not wait. ``parts``: why each of its
    frames is in it, and its bytes.
    """

    sending: Sending
    data: bytes
    parts: tuple[tuple[Sending, int], ...] = ()

    @property
    def shares(self) -> tuple[tuple[Sending, float], ...]:
        """Why each of its frames is in it, and what share of its bytes is due to that one."""
        total = sum(size for _, size in self.parts)
        return tuple((why, size / total) for why, size in self.parts) or ((self.sending, 1.0),)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A signed frame: keep it durably, then call ``Engine.stored``.

    Its records may be known already, in whole or in part. That they are the same is for the
    ledger to see: if not, the frame is half the proof of a fork.
    """

    frame: DataFrame


@dataclass(frozen=True, slots=True)
class Certified:
    """A hub's root says that the hub goes on in a later life than the directory knows."""

    frame: CertificateFrame


@dataclass(frozen=True, slots=True)
class ProofHeard:
    """A frame about a proof, for this hub. Whether its sender made it, the pair's key says (``proofs``)."""

    frame: ProofFrame


@dataclass(frozen=True, slots=True)
class HeardHub:
    """A sign of life, for keepers and for what waits until a hub has been heard.

    With a ``beat`` it came from a control frame, which proves no more than the group key: it
    may be shown and must not be believed. Without, from a frame that the hub signed, which may
    have come from its own radio or another's. ``same_heads`` is None where the positions
    differ; False where feeds are of one length and not the same.
    """

    hub: int
    beat: int | None
    positions: Mapping[int, Mark] = field(default_factory=dict)
    roster: bytes | None = None
    same_heads: bool | None = None


@dataclass(frozen=True, slots=True)
class OwnVoice:
    """A control frame in this hub's own name that it did not send since it began.

    ``ahead``: its beat is one that this hub has yet to use, so it is no old packet played again:
    another box speaks with this one's keys.
    """

    beat: int
    ahead: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """A packet that changed nothing: a ``Reason``'s value, ``echo`` (own) or ``old_beat``."""

    reason: str


Event = Arrived | Certified | ProofHeard | HeardHub | OwnVoice | Ignored


@dataclass(frozen=True, slots=True)
class Config:
    """How one engine is set up.

    Args:
        first_beat: above every beat this hub has sent in any life of the process. The service
            takes it from a counter of starts that is durable, times 2^20.
        duty_cycle: the region's, from 0 to 1.
        shared: whether the channel is shared with others, as it always is outside of a simulation.
        pace: waiting times and bounds; tests may change them, hubs do not.
    """

    first_beat: int = 1
    duty_cycle: float = 1.0
    shared: bool = True
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Status:
    """The engine at one moment, for ``hub radio status``.

    ``counts`` and ``seconds`` (of airtime) are since the start: what was sent by kind
    (``sent_data``), heard by kind (``heard_ask``), ignored by reason (``ignored_unsigned``), and
    what was held back since another said it (``yielded_ask``). ``missing`` are records known of
    and not held, by hub, cut where they are many; ``owed`` the hubs for whom records are on the
    way that they have not shown to hold.
    """

    counts: Mapping[str, int]
    seconds: Mapping[str, float]
    channel: float
    own: float
    summary_interval: float
    neighbours: tuple[int, ...]
    missing: Mapping[int, int]
    owed: tuple[int, ...]
