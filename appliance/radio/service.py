"""The radio's process: joins one hub's ledger, the engine and a link, and runs until told to stop.

One thread, one loop: poll the link, hand what was heard to the engine, keep what arrived before
anything else is done with it, send what the engine decides when the link takes a packet, do the
chores, write the board. All waiting is in ``Link.wait``.

Rules:

1. *Nothing is sent before it is durable*: packing is a commit (``Post.pack``), and a frame that
   arrived counts as held only after ``Post.take``.
2. *The book may be busy, the disk full.* Then what was heard is lost, as if the air had
   lost it: summaries bring it again. The loop says so once, waits 1 to 60 s and goes on.
3. *The link may do anything*: it comes and goes through ``Changed``; a packet inside a radio that
   is lost is decided anew.
4. *Two of these on one hub would answer each other*: a lock on a file makes it one.
"""

import fcntl
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import peewee as pw

from appliance.ledger.clock import Quality
from appliance.ledger.errors import DataDirectoryError, HubError
from appliance.ledger.hub import Hub
from appliance.ledger.reads.radio import LOCK
from appliance.radio.airtime import PRESETS, duty_cycle, frame_airtime
from appliance.radio.bulletin import Bulletin
from appliance.radio.chores import QUIET, Chores
from appliance.radio.engine import Engine
from appliance.radio.events import (
    Arrived,
    Certified,
    Config,
    Event,
    HeardHub,
    Ignored,
    OwnVoice,
    Packet,
    ProofHeard,
)
from appliance.radio.links.supervisor import signs
from appliance.radio.ports import Airtime, Changed, Heard, Link, LinkEvent, LinkState, Radio, Refused, Sent
from appliance.radio.presence import BEATS_PER_START
from appliance.radio.proofs import Proofs
from appliance.radio.refusals import Refusals
from appliance.radio.shelf import Shelf
from appliance.radio.trace import Trace

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often the ledger is asked for own records: a payment waits at most so long to be noticed."""

_ROSTER_SECONDS: Final = 5.0
_LONGEST_BACK_OFF: Final = 60.0
_ALONE_TOGETHER: Final = 2
_TIME_SECONDS: Final = 12 * 3600.0
_TIME_AGAIN: Final = 10.0

_UNREACHED: Final = Radio(preset="MEDIUM_FAST")
"""What is assumed of a radio before it was reached: nothing is sent until then."""

TROUBLES: Final = (HubError, pw.PeeweeException)
"""What a database may do to us."""


@contextmanager
def only_one(data: Path, clock_ms: Callable[[], int]) -> Iterator[None]:
    """Be the one radio process of the hub in ``data`` as long as the block, or this process, lasts.

    Raises:
        DataDirectoryError: another one is alive, or the directory cannot be written.
    """
    try:
        held = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirectoryError(f"{data / LOCK}: {error.strerror}") from error
    try:
        # Who looks whether we live holds a shared lock for a moment: so try for a second.
        until = clock_ms() + 1000
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if clock_ms() >= until:
                    raise DataDirectoryError(f"another radio process works on {data}") from error
        yield
    finally:
        os.close(held)


def _ignored(events: Sequence[Event]) -> str | None:
    """Why nothing came of a packet; None when something did."""
    if not all(isinstance(event, Ignored) for event in events):
        return None
    return next((event.reason for event in events if isinstance(event, Ignored)), None)


class Service:
    """The loop of one hub. Use ``run``; ``step`` is one turn of it.

    Args:
        hub: open; stays open.
        link: not started; started and closed by ``run``.
        setting: which radio it is, for the board.
        rng: draws waiting times; seeded in tests.
        config: the engine's; ``first_beat`` is replaced.

    Raises:
        NotAdmitted: the hub is of no community of hubs yet.
        HubError: the book cannot be written.
    """

    def __init__(self, hub: Hub, link: Link, setting: str, rng: Random, config: Config | None = None) -> None:
        self._hub, self._link = hub, link
        self._shelf = Shelf(hub)
        self._board = Bulletin(hub, setting)
        first_beat = self._board.begin() * BEATS_PER_START + 1
        config = replace(config or Config(), first_beat=first_beat)
        now = self._now()
        self._radio = _UNREACHED
        self._engine = Engine(self._shelf.directory, self._shelf, self._airtime, rng, config, now=now)
        self._proofs = Proofs(self._shelf, self._engine.proving, config.pace, first_beat)
        self._chores = Chores(self._shelf.post, rng, self._free, now=now)
        self._counts: Counter[str] = Counter()
        self._differs: dict[int, str] = {}
        self._inside: Packet | None = None
        self._link_state = LinkState.CONNECTING
        self._link_reason = ""
        self._refusals = Refusals()
        self._look_at = self._roster_at = self._time_at = now
        self._back_off = 0.0
        self._troubled_at = self._resume_at = now
        self._watched = False
        self._trace: Trace | None = None

    def _now(self) -> float:
        return self._hub.clock.uptime().ms / 1000

    def _airtime(self, size: int) -> float:
        return frame_airtime(size, self._radio.preset, signs(self._radio.firmware))

    # ------------------------------------------------------------------------------ the loop

    def run(self, stopped: Callable[[], bool]) -> None:
        """Work until ``stopped`` says so; it is asked at least every half second.

        Raises:
            DataDirectoryError: the trace's socket cannot be made.
        """
        self._trace = Trace(self._hub.data, self.status)
        log.info("radio=start hub=%s setting=%s", self._hub.number, self._board.state.setting)
        try:
            self._link.start()
            while not stopped():
                self._link.wait(self.step())
        finally:
            self._link.close()
            self._trace.close()
            self._stop()

    def _stop(self) -> None:
        self._board.changed(LinkState.DOWN, "stopped", None)
        try:
            self._board.flush(self._now(), at_once=True)
        except TROUBLES as error:
            log.warning("radio=board_not_written reason=%s", error)
        log.info("radio=stop hub=%s", self._hub.number)

    def step(self) -> float:
        """One turn; the seconds until the next one, if nothing comes in before."""
        now = self._now()
        if self._trace is not None:
            self._watched = self._trace.poll()
        for event in self._link.poll():
            self._took_place(event, now)
        if now < self._resume_at:
            return min(LOOK_SECONDS, self._resume_at - now)
        try:
            wait = self._work(now)
        except TROUBLES as error:
            self._trouble(error, now)
            return LOOK_SECONDS
        if self._back_off and now - self._troubled_at > _LONGEST_BACK_OFF:
            self._back_off = 0.0
            log.info("radio=book_well")
        return wait

    def _trouble(self, error: Exception, now: float) -> None:
        """The ledger cannot be read or written. Say so once, and wait longer each time."""
        if not self._back_off:
            log.error("radio=book_trouble reason=%s", " ".join(str(error).split()))
        self._back_off = min(_LONGEST_BACK_OFF, 2 * self._back_off or 1.0)
        self._troubled_at, self._resume_at = now, now + self._back_off

    def _work(self, now: float) -> float:
        if now >= self._roster_at:
            self._roster_at = now + _ROSTER_SECONDS
            if self._shelf.look_at_roster():
                log.info("radio=roster hubs=%s", len(self._shelf.directory.members))
                self._engine.change_directory(self._shelf.directory, now)
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._hub.clock.look()
            self._shelf.look()
        self._proofs.look(now)
        if self._chores.do(now):
            self._shelf.look()
            self._engine.stored(now)
        if self._inside is None and self._link.ready():
            self._give_time(now)
            self._send(now)
        self._board.breathed(now, self._engine.governor.channel_use(now), self._seconds)
        self._board.changed(*self._state(), self._link.radio())
        self._board.flush(now)
        if self._link_state is not LinkState.UP:
            return LOOK_SECONDS
        return max(0.0, min(LOOK_SECONDS, self._engine.next_wake(now) - now))

    def _give_time(self, now: float) -> None:
        """Give the node the time, twice a day, once it is certain: the node hands it on as certain to all."""
        if now < self._time_at:
            return
        instant = self._hub.clock.now()
        certain = instant.quality >= Quality.RTC
        self._time_at = now + (_TIME_SECONDS if certain else _TIME_AGAIN)
        if certain:
            self._link.set_time(instant.ms)

    def _send(self, now: float) -> None:
        packet = self._engine.transmit(now)
        if packet is not None:
            self._inside = packet
            self._link.send(packet.data)

    def _state(self) -> tuple[LinkState, str]:
        if self._shelf.stale:
            return self._link_state, "stale"
        if self._shelf.voice:
            return self._link_state, "twin"
        if self._shelf.quiet:
            return self._link_state, "quiet"
        return self._link_state, self._link_reason or self._refusals.word

    def _free(self) -> bool:
        now = self._now()
        quiet = self._engine.governor.channel_use(now) < QUIET and self._engine.leisure(now)
        return quiet and self._link_state is LinkState.UP and not self._shelf.waiting().records

    # ------------------------------------------------------------------------------ what the link tells

    def _took_place(self, event: LinkEvent, now: float) -> None:
        match event:
            case Heard():
                self._heard(event, now)
            case Sent():
                self._sent(now)
            case Refused():
                self._refused(event, now)
            case Changed(state=state, reason=reason):
                self._time_at = now  # it may be another node, or have lost the time
                log.info("radio=link state=%s reason=%s", state.value, reason)
                self._refusals.over()
                self._tell_of("link", state=state.value, reason=reason)
                # A link that is down tries again and again: to those who look it stays down.
                if (self._link_state, state) != (LinkState.DOWN, LinkState.CONNECTING):
                    self._link_state, self._link_reason = state, reason
                if self._inside is not None:
                    self._lost(now, 0.0)
                self._retune(now)
            case Airtime():
                self._engine.radio_measured(event, now)

    def _sent(self, now: float) -> None:
        packet, self._inside = self._inside, None
        if packet is None:
            return
        self._refusals.over()
        self._engine.sent(now, len(packet.data))
        self._tell("sent", packet.data, {"sending": packet.sending.value})

    def _refused(self, refused: Refused, now: float) -> None:
        reason, wait = refused.reason, self._refusals.refused(refused)
        self._counts[f"refused_{reason}"] += 1
        if self._refusals.worth_a_line:
            log.warning("radio=refused reason=%s wait=%s times=%s", reason, wait, self._refusals.row)
        if self._inside is not None:
            why = {"sending": self._inside.sending.value, "reason": reason, "wait": wait}
            self._tell("refused", self._inside.data, why)
        self._lost(now, wait, hopeless=self._refusals.hopeless)

    def _lost(self, now: float, wait: float, *, hopeless: bool = False) -> None:
        self._inside = None
        self._engine.refused(now, wait, hopeless=hopeless)

    def _retune(self, now: float) -> None:
        """A radio was reached: from now on its preset and region count."""
        radio = self._link.radio()
        if radio is None or radio == self._radio:
            return
        if radio.preset not in PRESETS:
            log.warning("radio=unknown_preset preset=%s taken_as=LONG_FAST", radio.preset)
            radio = replace(radio, preset="LONG_FAST")
        before, self._radio = self._radio, radio
        if replace(before, name="") != replace(radio, name=""):
            self._engine.retune(self._airtime, duty_cycle(radio.region), now)

    def _heard(self, packet: Heard, now: float) -> None:
        if packet.at_ms is not None:
            self._hub.clock.mesh(packet.at_ms)
        about = {"snr": packet.snr, "rssi": packet.rssi, "hops": packet.hops}
        if now < self._resume_at:
            self._counts["lost_book_trouble"] += 1
            self._tell("heard", packet.data, about | {"ignored": "book_trouble"})
            return
        try:
            events = self._engine.receive(packet.data, now)
            self._tell("heard", packet.data, about | {"ignored": _ignored(events)})
            for event in events:
                self._understood(event, packet, now)
        except TROUBLES as error:
            self._counts["lost_book_trouble"] += 1
            self._tell_of("trouble", reason="book_trouble")
            self._trouble(error, now)

    def _understood(self, event: Event, packet: Heard, now: float) -> None:
        match event:
            case Arrived(frame=frame):
                taken = self._shelf.take(frame)
                self._counts[f"taken_{taken.value}"] += 1
                read = self._shelf.settle()
                self._engine.stored(now)
                log.debug(
                    "radio=arrived hub=%s first=%s taken=%s read=%s", frame.hub, frame.first, taken, read
                )
            case Certified(frame=frame):
                if self._shelf.renewed(frame):
                    self._counts["renewed"] += 1
                    self._engine.change_directory(self._shelf.directory, now)
                elif self._shelf.has_rival(frame):
                    self._engine.tell_certificate(frame.hub, now)
            case ProofHeard(frame=frame):
                self._counts[f"proof_{self._proofs.heard(frame, now)}"] += 1
            case HeardHub(hub=hub, beat=None):
                # Signed records without a beat may be months old and sent on by a third hub: no
                # sign that theirs is there now. Where there is no third one, they are.
                if len(self._shelf.directory.members) == _ALONE_TOGETHER:
                    self._board.heard_news(hub, packet)
            case OwnVoice(beat=beat, ahead=ahead):
                if not self._shelf.voice:
                    log.warning("radio=own_voice beat=%s ahead=%s", beat, ahead)
                self._shelf.heard_ourselves(ahead)
            case HeardHub(beat=int(beat)):
                self._heard_hub(event, beat, packet)

    def _heard_hub(self, event: HeardHub, beat: int, packet: Heard) -> None:
        """A hub said in a control frame how it stands."""
        if self._hub.number in event.positions:
            self._shelf.heard_of_us(event.positions[self._hub.number])
        if self._board.heard(event.hub, beat, event.positions, packet):
            if missed := self._board.missed(event.hub):
                self._tell_of("lost", **{"from": event.hub, "packets": missed})
            self._compare(event)
        else:
            self._counts["replayed"] += 1

    def _compare(self, heard: HeardHub) -> None:
        """Say once what in a hub's summaries does not fit ours. It proves nothing, so nothing follows.

        With an older roster than ours it cannot read a frame of a newer hub, nor what comes after:
        payments wait until somebody brings it the roster. Other heads at the same positions are
        a fork, or a box that was set back.
        """
        if heard.roster is None:
            return
        other = "other_roster" if heard.roster != self._shelf.directory.roster else ""
        other = other or ("other_heads" if heard.same_heads is False else "")
        if other:
            self._counts[other] += 1
        if other and other != self._differs.get(heard.hub):
            log.warning("radio=%s hub=%s", other, heard.hub)
        self._differs[heard.hub] = other

    # ------------------------------------------------------------------------------ for those who look on

    def _seconds(self) -> Mapping[str, float]:
        return self._engine.status(self._now()).seconds

    def _tell(self, direction: str, data: bytes, more: Mapping[str, object]) -> None:
        if self._trace is not None and self._watched:
            seconds, at_ms = self._airtime(len(data)), self._hub.clock.now().ms
            self._trace.packet(at_ms, direction, data, seconds, self._shelf.directory, more)

    def _tell_of(self, direction: str, **more: object) -> None:
        if self._trace is not None and self._watched:
            self._trace.event(self._hub.clock.now().ms, direction, more)

    def status(self) -> dict[str, Any]:
        """The process at this moment: the radio's state, the engine's counters, what was lost."""
        engine = asdict(self._engine.status(self._now()))
        return {
            "radio": asdict(self._board.state),
            "engine": engine,
            "counts": dict(self._counts),
            "losses": dict(self._board.losses()),
        }
