"""What the radio's process leaves for others to read: how its radio is, and how neighbours are.

The state of the radio is a note; whether the process lives at all is a lock that it holds on a
file, so that a process that was killed is known to be gone without anybody having written so.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from appliance.ledger.book import feed
from appliance.ledger.book.local import HubHeard, Note
from appliance.ledger.book.schema import AccountRow, Neighbour
from appliance.ledger.book.schema_market import HubDistance
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.people.roster import trunk_of

LOCK: Final = "radio.lock"
_NOTE: Final = "radio"
_AIR: Final = "radio_air"


@dataclass(frozen=True, slots=True)
class RadioState:
    """How the radio is, or was when its process last wrote.

    Attributes:
        state: ``none``, ``connecting``, ``up`` or ``down``.
        reason: why, in a stable word; empty when there is nothing to say.
        since_ms, quality: since when.
        setting: which radio it is, as in ``hub.toml``.
        name, preset, firmware, region: what the radio says of itself; empty before it was reached.
    """

    state: str
    reason: str
    since_ms: int
    quality: int
    setting: str
    name: str = ""
    preset: str = ""
    firmware: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Air:
    """What the radio's process noted of the air, every ten minutes.

    Attributes:
        hours: pairs of hour (since 1970, by the hub's clock) and the channel's mean use in it, in thousandths.
        seconds: on the air since the process started, by what for: ``heard``, ``sent_data``, ...
        losses: of each hub the share, in hundredths, of what it said that did not reach us.
    """

    hours: tuple[tuple[int, int], ...] = ()
    seconds: Mapping[str, int] = field(default_factory=dict)
    losses: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NeighbourView:
    """Another hub of the community as it stands toward this one.

    Attributes:
        heard: when it was last heard; None if never.
        mine: the number of the last record this hub has for others.
        mine_there: up to which of them it said, or showed by an answer, that it holds.
        theirs: how long it said its own feed is.
        theirs_here: up to which of that we hold it.
        in_sync: both hold all of each other, as of when it was last heard; None if never heard.
        balance, low, high: of the trunk toward it; negative: its members have been paid by it here.
        on_way: what we sent that it has neither accepted nor returned.
        held_in: what it sent that we hold.
        mismatch: what it says of the trunk does not add up with what we have.
        forked: it told two stories under one number; nothing more of it takes effect.
        loss: the share, in hundredths, of what it says that does not reach us; None: too little was heard.
        snr, hops: of the packet in which it was last heard, as far as the radio told.
        minutes: how far it is on foot, as a keeper said; None: nobody did.
    """

    hub: int
    name: str
    heard: Instant | None
    mine: int
    mine_there: int
    theirs: int
    theirs_here: int
    in_sync: bool | None
    balance: int
    low: int | None
    high: int | None
    on_way: int
    held_in: int
    mismatch: bool
    forked: bool
    snr: float | None = None
    hops: int | None = None
    loss: int | None = None
    minutes: int | None = None


def radio_running(data: Path) -> bool:
    """Whether a radio process of the hub in ``data`` is alive now."""
    try:
        opened = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that two who look do not see each other; let go at once.
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(opened)
    return False


def keep_radio_state(tx: Tx, state: RadioState) -> None:
    """Remember how the radio is. For its process."""
    tx.put(Note, name=_NOTE, value=json.dumps(asdict(state), ensure_ascii=False))


def radio_state(tx: Tx) -> RadioState | None:
    """How the radio is, as its process last wrote; None when none ever ran here."""
    note = tx.get(Note, name=_NOTE)
    if note is None:
        return None
    try:
        value = json.loads(note.value)
        return RadioState(**value)
    except (TypeError, ValueError):
        return None


def keep_air(tx: Tx, air: Air) -> None:
    """Remember how the air is. For the radio's process."""
    value = {"hours": air.hours, "seconds": dict(air.seconds), "losses": dict(air.losses)}
    tx.put(Note, name=_AIR, value=json.dumps(value))


def air(tx: Tx) -> Air:
    """How the air was, as the radio's process last noted; empty when it never did."""
    note = tx.get(Note, name=_AIR)
    try:
        value = json.loads(note.value) if note else {}
        return Air(
            tuple((int(hour), int(use)) for hour, use in value.get("hours", ())),
            {str(name): int(seconds) for name, seconds in value.get("seconds", {}).items()},
            {int(hub): int(loss) for hub, loss in value.get("losses", {}).items()},
        )
    except (AttributeError, TypeError, ValueError):
        return Air()


def neighbours(tx: Tx, me: int) -> tuple[NeighbourView, ...]:
    """The other hubs of the community, in the order of admission. ``me`` is this hub's number."""
    mine, losses = feed.last_outgoing(tx), air(tx).losses
    return tuple(
        replace(_neighbour(tx, row.hub, row.name, row.incarnation, mine), loss=losses.get(row.hub))
        for row in feed.neighbours(tx, me)
    )


_ANSWERED: Final = "SELECT MAX(number) FROM crossing WHERE outgoing AND hub = ? AND state <> 'on_way'"


def _neighbour(tx: Tx, hub: int, name: str, incarnation: int, mine: int) -> NeighbourView:
    state = feed.state(tx, hub, incarnation)
    heard = tx.get(HubHeard, hub=hub)
    trunk = tx.get(AccountRow, number=trunk_of(hub))
    totals, far = tx.get(Neighbour, hub=hub), tx.get(HubDistance, hub=hub)
    theirs = max(heard.theirs if heard else 0, state.linked)
    # Who has answered a record of ours holds the feed up to it: often known before a summary says so.
    answered = tx.first(_ANSWERED, hub)
    there = max(heard.ours if heard else 0, int(answered[0] or 0) if answered else 0)
    return NeighbourView(
        hub=hub,
        name=name,
        heard=Instant(Millis(heard.at_ms), Quality(heard.quality)) if heard else None,
        mine=mine,
        mine_there=there,
        theirs=theirs,
        theirs_here=state.linked,
        in_sync=(there >= mine and state.linked >= theirs) if heard else None,
        balance=trunk.balance if trunk else 0,
        low=trunk.low if trunk else None,
        high=trunk.high if trunk else None,
        on_way=totals.sent - totals.arrived - totals.refunded if totals else 0,
        held_in=totals.held if totals else 0,
        mismatch=totals is not None and totals.mismatch_entry is not None,
        forked=bool(state.forked),
        snr=heard.snr if heard else None,
        hops=heard.hops if heard else None,
        minutes=far.minutes if far else None,
    )
