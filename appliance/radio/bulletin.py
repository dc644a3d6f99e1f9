"""What the radio's process writes for others to read: its state, and when each hub was heard.

An SD card wears out by writing: the state is written when it changes, and a hub's line at most
every 20 s; how the air is, every ten minutes. A summary that is played again changes nothing, even after a restart of this
process, because the highest beat is kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from appliance.ledger.book.local import HubHeard, Note
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.hub import Hub
from appliance.ledger.reads import radio as reads
from appliance.ledger.reads.radio import RadioState
from appliance.radio.airlog import Hours, Losses
from appliance.radio.control import Mark
from appliance.radio.ports import Heard, LinkState, Radio

EVERY: Final = 20.0
"""Seconds between two lines about the same hub."""

AIR_EVERY: Final = 600.0
"""Seconds between two notes on the air."""

_STARTS: Final = "radio_starts"


@dataclass(slots=True)
class _Line:
    """What is to be written of a hub."""

    at: Instant
    beat: int
    ours: int
    theirs: int
    snr: float | None
    hops: int | None


class Bulletin:
    """The board of one hub. ``now`` is the radio's clock, as everywhere in here."""

    def __init__(self, hub: Hub, setting: str) -> None:
        self._hub = hub
        instant = hub.clock.now()
        self._state = RadioState(LinkState.CONNECTING.value, "", instant.ms, int(instant.quality), setting)
        self._written: RadioState | None = None
        self._lines: dict[int, _Line] = {}
        self._wrote: dict[int, float] = {}
        self._beats: dict[int, int] = {}
        with hub.reading() as tx:
            self._hours = Hours(reads.air(tx).hours)
        self._losses = Losses()
        self._seconds: Callable[[], Mapping[str, float]] = dict
        self._air_written = float("-inf")

    def breathed(self, now: float, use: float, seconds: Callable[[], Mapping[str, float]]) -> None:
        """How full the channel is, and what says the seconds on the air by what for. Written with ``flush``."""
        self._hours.sample(now, self._hub.clock.now().ms, use)
        self._seconds = seconds

    def losses(self) -> Mapping[int, int]:
        """Of each hub, the share in hundredths of what it says that does not reach us."""
        return {hub: round(100 * share) for hub, share in self._losses.shares().items()}

    def missed(self, hub: int) -> int:
        """How many of its control frames did not reach us before the one heard last."""
        return self._losses.missed(hub)

    @property
    def state(self) -> RadioState:
        """The radio's state as it is now."""
        return self._state

    def changed(self, state: LinkState, reason: str, radio: Radio | None) -> None:
        """The link is in another state, or more is known of the radio. Written with ``flush``."""
        before = self._state
        now = before
        if (state.value, reason) != (before.state, before.reason):
            instant = self._hub.clock.now()
            now = replace(
                now, state=state.value, reason=reason, since_ms=instant.ms, quality=int(instant.quality)
            )
        if radio is not None:
            now = replace(
                now,
                name=radio.name,
                preset=radio.preset,
                firmware=radio.firmware,
                region=radio.region,
            )
        self._state = now

    def heard(self, hub: int, beat: int, positions: Mapping[int, Mark], packet: Heard) -> bool:
        """A hub spoke. False when it had said this before: then nothing changes.

        An ask has no ``positions``; the hub's earlier ones stay.
        """
        line = self._lines.get(hub) or self._kept(hub)
        if beat <= max(line.beat, self._beats.get(hub, 0)):
            return False
        self._beats[hub] = beat
        self._losses.heard(hub, beat)
        line.at, line.beat = self._hub.clock.now(), beat
        line.snr, line.hops = packet.snr, packet.hops
        if self._hub.number in positions:
            line.ours = positions[self._hub.number].number
        if hub in positions:
            line.theirs = positions[hub].number
        self._lines[hub] = line
        return True

    def heard_news(self, hub: int, packet: Heard) -> None:
        """A hub's own radio brought signed records that were not held here."""
        line = self._lines.get(hub) or self._kept(hub)
        line.at, line.snr, line.hops = self._hub.clock.now(), packet.snr, packet.hops
        self._lines[hub] = line

    def _kept(self, hub: int) -> _Line:
        with self._hub.reading() as tx:
            row = tx.get(HubHeard, hub=hub)
        if row is None:
            return _Line(self._hub.clock.now(), 0, 0, 0, None, None)
        return _Line(self._hub.clock.now(), row.beat, row.ours, row.theirs, row.snr, row.hops)

    def flush(self, now: float, at_once: bool = False) -> None:
        """Write what is due; with ``at_once`` all that is new.

        Raises:
            HubError: the book is busy or cannot be written; it stays to be written.
        """
        due = [hub for hub in self._lines if at_once or now - self._wrote.get(hub, float("-inf")) >= EVERY]
        air = at_once or now - self._air_written >= AIR_EVERY
        if not due and self._state == self._written and not air:
            return
        with self._hub.store.write() as tx:
            for hub in due:
                self._write(tx, hub, self._lines[hub])
            if self._state != self._written:
                reads.keep_radio_state(tx, self._state)
            if air:
                whole = {name: round(seconds) for name, seconds in self._seconds().items()}
                reads.keep_air(tx, reads.Air(self._hours.kept(), whole, self.losses()))
        self._written = self._state
        self._air_written = now if air else self._air_written
        for hub in due:
            del self._lines[hub]
            self._wrote[hub] = now

    def _write(self, tx: Tx, hub: int, line: _Line) -> None:
        tx.put(
            HubHeard,
            hub=hub,
            at_ms=line.at.ms,
            quality=int(line.at.quality),
            ours=line.ours,
            theirs=line.theirs,
            beat=line.beat,
            snr=line.snr,
            hops=line.hops,
        )

    def begin(self) -> int:
        """Count this start of the process, durably; how many there have been."""
        with self._hub.store.write() as tx:
            note = tx.get(Note, name=_STARTS)
            starts = (json.loads(note.value) if note else 0) + 1
            tx.put(Note, name=_STARTS, value=json.dumps(starts))
        return int(starts)
