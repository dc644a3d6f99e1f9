"""Keeps a link to a radio alive, over sessions that may block, lie, or never end.

Rules, in the order in which they matter:

1. No method here touches a session's blocking methods; they run on the session's own daemon
   thread (``_Crew``), which is fed jobs and heard through one inbox. A thread that will not end is
   left behind; so many may be, then no new session begins until one of them has ended.
2. A session is used once. After any trouble a fresh one is begun, after a back-off of 1 to 60 s,
   which starts anew only when a link has been up for a minute: two programs that take the radio
   from each other must not do so every second.
3. One packet is inside the radio. It has left when the radio said that it took it, its queue was
   seen empty, and its time on the air has passed. (Real radios say nothing at that moment.)
4. Without any word for 90 s a radio is dead, whatever the connection claims. It is probed every 60 s.

States: CONNECTING until the first session is up or has failed; then UP and DOWN in turn. All of
this object is called from one thread, the service's; time passes when it is called.
"""

import logging
import queue
import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from appliance.ledger.clock import Clock
from appliance.radio.airtime import LONGEST_PAYLOAD, frame_airtime
from appliance.radio.links.session import (
    Alive,
    LinkLost,
    Lost,
    Notice,
    Opened,
    Patience,
    Queue,
    Session,
    Told,
    Trouble,
    Undelivered,
    Written,
)
from appliance.radio.ports import Airtime, Changed, Heard, LinkEvent, LinkState, Radio, Refused, Sent

log = logging.getLogger(__name__)

NO_ANSWER: Final = "NO_ANSWER"
"""``Refused.reason`` when the radio lives and never said what became of a packet."""

_NO_ANSWERS: Final = 2
"""So many in a row: it answers probes and forgot us, as over a serial line after a restart that nobody saw."""

_EARLY_MOST: Final = 16

_HEARD_MOST: Final = 1000
"""Messages that may wait to be polled. Beyond, what is heard is dropped, as a full radio would."""

_SEND, _PROBE, _TIME, _END = "send", "probe", "time", "end"


def signs(firmware: str) -> bool:
    """Whether a firmware of this version (``2.8.0.7239fe8``) adds its signature to short broadcasts."""
    found = re.match(r"(\d+)\.(\d+)", firmware)
    return found is not None and (int(found[1]), int(found[2])) >= (2, 8)


class _Crew:
    """One session and the thread it lives on."""

    def __init__(self, session: Session, inbox: "queue.SimpleQueue[tuple[_Crew, Told]]") -> None:
        self._session = session
        self._inbox = inbox
        self._jobs: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, name="radio session", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def send(self, data: bytes) -> None:
        self._jobs.put((_SEND, data))

    def probe(self) -> None:
        self._jobs.put((_PROBE, b""))

    def set_time(self, at_ms: int) -> None:
        self._jobs.put((_TIME, at_ms.to_bytes(8, "big")))

    def end(self) -> None:
        """Ask the session to end in peace."""
        self._jobs.put((_END, b""))

    def cut(self) -> None:
        """Make it end whatever it does."""
        self._session.cut()
        self.end()

    def ended(self, seconds: float = 0.0) -> bool:
        """Whether its thread has ended, waiting so long for it."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def tell(self, told: Told) -> None:
        if isinstance(told, Heard) and self._inbox.qsize() >= _HEARD_MOST:
            return  # nobody polls; the engine's repair brings it again
        self._inbox.put((self, told))

    def _live(self) -> None:
        """Everything that may block. The library raises what it likes and calls sys.exit()."""
        session = self._session
        try:
            session.open(self.tell)
            while (job := self._jobs.get())[0] != _END:
                if job[0] == _SEND:
                    session.send(job[1])
                elif job[0] == _TIME:
                    session.set_time(int.from_bytes(job[1], "big"))
                else:
                    session.probe()
        except LinkLost as lost:
            self.tell(Lost(lost.trouble, lost.detail))
        except (Exception, SystemExit) as error:  # noqa: BLE001 a third party's code, on a thread of its own
            self.tell(Lost(Trouble.FAILED, f"{type(error).__name__}: {error}"))
        finally:
            try:
                session.close()
            except (Exception, SystemExit) as error:  # noqa: BLE001 as above; it is over either way
                log.debug("session_close_failed error=%r", error)


@dataclass(slots=True)
class _Inside:
    """The packet that was handed over last, and what is known of it. Times as ``now``."""

    size: int
    handed: float
    packet: int | None = None
    asked: float | None = None
    taken: float | None = None
    waiting: float | None = None  # when the queue was last seen with something in it
    left: float | None = None  # when it will be off the air
    look: float = 0.0
    next_look: float = 0.0
    refused: Refused | None = None
    verdict: float = 0.0  # when ``refused`` is told as it stands
    noticed: float = 0.0  # seconds that the radio asked to wait, since this was handed over


class Supervisor:
    """A ``Link`` over one session after the other. See the module's rules.

    Args:
        name: of the radio, for the log: its setting.
        sessions: makes a fresh session; must not block.
        clock: for its uptime.
        patience: how long to wait for what.
    """

    def __init__(
        self, name: str, sessions: Callable[[], Session], clock: Clock, patience: Patience | None = None
    ) -> None:
        self._name = name
        self._sessions = sessions
        self._clock = clock
        self._patience = patience or Patience()
        self._inbox: queue.SimpleQueue[tuple[_Crew, Told]] = queue.SimpleQueue()
        self._events: deque[LinkEvent] = deque()
        self._crew: _Crew | None = None
        self._left_behind: list[_Crew] = []
        self._state = LinkState.DOWN
        self._reason = ""
        self._radio: Radio | None = None
        self._started = self._closed = False
        self._begun = self._up_since = self._last_word = self._last_probe = 0.0
        self._back_off = self._patience.first_back_off
        self._next_try = 0.0
        self._closed_by_radio = False
        self._inside: _Inside | None = None
        self._no_answers = 0
        self._early: list[Queue] = []  # words on a packet that came before its id was known
        self._unpolled = False  # the verdict on the last packet waits to be polled

    # ---------------------------------------------------------------------------------------- Link

    def start(self) -> None:
        if self._started or self._closed:
            return
        self._started = True
        self._change(LinkState.CONNECTING, "")
        self._begin(self._now())

    def ready(self) -> bool:
        self._step()
        return self._free()

    def send(self, data: bytes) -> None:
        if len(data) > LONGEST_PAYLOAD:
            raise ValueError(f"{len(data)} bytes, the radio takes {LONGEST_PAYLOAD}")
        if not self._free() or self._crew is None:
            raise RuntimeError("the link is not ready")
        self._inside = _Inside(len(data), self._now())
        self._early.clear()
        self._crew.send(data)

    def poll(self) -> Sequence[LinkEvent]:
        self._step()
        events = tuple(self._events)
        self._events.clear()
        self._unpolled = False
        return events

    def wait(self, seconds: float) -> None:
        end = self._now() + seconds
        while True:
            self._step()
            now = self._now()
            if self._events or now >= end:
                return
            due = min(end, self._next_due())
            try:
                crew, told = self._inbox.get(timeout=max(due - now, 0.001))
            except queue.Empty:
                continue
            self._take(crew, told, self._now())

    def set_time(self, at_ms: int) -> None:
        if self._crew is not None:
            self._crew.set_time(at_ms)

    def radio(self) -> Radio | None:
        return self._radio

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        crew, self._crew = self._crew, None
        if crew is not None:
            if self._state is LinkState.UP:
                crew.end()
            else:
                crew.cut()
            if not crew.ended(self._patience.goodbye):
                crew.cut()
                if not crew.ended(self._patience.goodbye):
                    log.warning("link_thread_left_behind radio=%s", self._name)
        if self._started:
            self._change(LinkState.DOWN, Trouble.LET_GO)

    # ---------------------------------------------------------------------------- time and the inbox

    def _now(self) -> float:
        return self._clock.uptime().ms / 1000

    def _free(self) -> bool:
        return self._state is LinkState.UP and self._inside is None and not self._unpolled

    def _step(self) -> None:
        """Take in what was told, then do what is due."""
        while True:
            try:
                crew, told = self._inbox.get_nowait()
            except queue.Empty:
                break
            self._take(crew, told, self._now())
        if self._started and not self._closed:
            self._due(self._now())

    def _next_due(self) -> float:
        """When something will be due without anybody telling us. Early is harmless."""
        patience = self._patience
        if self._closed or not self._started:
            return float("inf")
        if self._crew is None:
            return self._next_try
        if self._state is not LinkState.UP:
            return self._begun + patience.handshake
        due = [self._last_probe + patience.probe, self._last_word + patience.silence]
        if (inside := self._inside) is not None:
            if inside.refused is not None:
                due.append(inside.verdict)
            elif inside.left is not None:
                due.append(inside.left)
            elif inside.taken is not None:
                due += [inside.next_look, inside.taken + patience.leave]
            else:
                due.append((inside.asked or inside.handed) + patience.answer)
        return min(due)

    def _due(self, now: float) -> None:
        if self._crew is None:
            if now >= self._next_try:
                self._begin(now)
            return
        if self._state is not LinkState.UP:
            if now >= self._begun + self._patience.handshake:
                self._lose(Trouble.NO_HANDSHAKE, "", now)
            return
        if now >= self._last_word + self._patience.silence:
            self._lose(Trouble.SILENT, "", now)
            return
        if now >= self._last_probe + self._patience.probe:
            self._probe(now)
        if self._inside is not None:
            self._due_inside(self._inside, now)

    def _take(self, crew: _Crew, told: Told, now: float) -> None:
        if crew is not self._crew:
            return  # the last words of a session that is no longer ours
        self._last_word = now
        match told:
            case Opened(radio, warning):
                self._up(radio, warning, now)
            case Lost(trouble, detail):
                self._lose(trouble, detail, now)
            case Written(packet):
                self._written(packet, now)
            case Queue():
                self._on_queue(told, now)
            case Undelivered():
                self._on_undelivered(told, now)
            case Notice():
                self._on_notice(told)
            case Heard() | Airtime():
                self._events.append(told)
            case Alive():
                pass
            case _:
                assert_never(told)

    # -------------------------------------------------------------------------------------- sessions

    def _change(self, state: LinkState, reason: str) -> None:
        """Tell a new state; the same again is not told."""
        if (state, reason) == (self._state, self._reason):
            return
        self._state, self._reason = state, reason
        self._inside = None
        self._unpolled = True
        self._events.append(Changed(state, reason))

    def _begin(self, now: float) -> None:
        self._left_behind = [crew for crew in self._left_behind if not crew.ended()]
        if len(self._left_behind) >= self._patience.stuck_most:
            self._next_try = now + self._patience.last_back_off
            self._change(LinkState.DOWN, Trouble.STUCK)
            return
        self._begun = now
        self._crew = _Crew(self._sessions(), self._inbox)
        self._crew.begin()

    def _up(self, radio: Radio, warning: Trouble | None, now: float) -> None:
        self._radio, self._no_answers = radio, 0
        self._up_since = self._last_probe = now
        log.info(
            "link_up radio=%s preset=%s region=%s firmware=%s hops=%d",
            self._name,
            radio.preset,
            radio.region,
            radio.firmware,
            radio.hop_limit,
        )
        if warning is not None:
            log.warning("link_cannot_send radio=%s reason=%s", self._name, warning.value)
        self._change(LinkState.UP, warning or "")

    def _lose(self, trouble: Trouble, detail: str, now: float) -> None:
        """Let the session go and say why. Its thread ends, or is left behind."""
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.cut()
            self._left_behind.append(crew)
        was_up = self._state is LinkState.UP
        steady = was_up and now - self._up_since >= self._patience.steady
        if steady:
            self._back_off, self._closed_by_radio = self._patience.first_back_off, False
        if was_up and trouble is Trouble.CLOSED:
            if self._closed_by_radio:  # it came back at once and hung up again: no restart does that
                trouble = Trouble.TAKEN
            self._closed_by_radio = True
        log.warning(
            "link_lost radio=%s reason=%s again_s=%.1f detail=%r",
            self._name,
            trouble.value,
            self._back_off,
            detail,
        )
        self._next_try = now + self._back_off
        self._back_off = min(self._back_off * 2, self._patience.last_back_off)
        self._change(LinkState.DOWN, trouble)

    def _probe(self, now: float) -> None:
        if self._crew is not None:
            self._last_probe = now
            self._crew.probe()

    # ------------------------------------------------------------------------ the one packet inside

    def _written(self, packet: int, now: float) -> None:
        if self._inside is None:
            return
        self._inside.packet = packet
        early, self._early = self._early, []
        for word in early:
            self._on_queue(word, now)

    def _on_queue(self, word: Queue, now: float) -> None:
        inside = self._inside
        if inside is None or inside.refused is not None or inside.left is not None:
            return
        if word.packet == 0:
            self._on_look(inside, word, now)
        elif inside.packet is None:
            if len(self._early) < _EARLY_MOST:
                self._early.append(word)
        elif word.packet == inside.packet:
            self._no_answers = 0
            if word.refusal:
                self._refuse(inside, word.refusal, word.wait, now)
            elif inside.taken is None:
                inside.taken = inside.waiting = now
                inside.look = self._patience.look
                inside.next_look = now + inside.look
            else:
                self._leaves(inside, now)  # some firmware says so when it begins to send

    def _on_look(self, inside: _Inside, word: Queue, now: float) -> None:
        """The answer to a probe: what the radio's queue holds now."""
        if inside.taken is not None:
            if word.waiting:
                inside.waiting = now
            else:
                self._leaves(inside, inside.waiting or inside.taken)
        elif inside.asked is not None:
            self._no_answers += 1
            if self._no_answers >= _NO_ANSWERS:
                self._lose(Trouble.SILENT, "it answers probes, and says nothing on packets", now)
            else:
                self._refuse(inside, NO_ANSWER, 0.0, now)

    def _leaves(self, inside: _Inside, since: float) -> None:
        """It left the queue at ``since`` at the earliest: then it is off the air one airtime later."""
        radio = self._radio
        on_air = 0.0 if radio is None else frame_airtime(inside.size, radio.preset, signs(radio.firmware))
        inside.left = since + on_air

    def _on_undelivered(self, told: Undelivered, now: float) -> None:
        inside = self._inside
        if inside is not None and inside.refused is None and told.packet == inside.packet:
            self._refuse(inside, told.reason, told.wait, now)

    def _on_notice(self, told: Notice) -> None:
        log.warning("radio_says radio=%s text=%r wait_s=%.0f", self._name, told.text, told.wait)
        inside = self._inside
        if inside is not None and told.wait:
            inside.noticed = told.wait
            if inside.refused is not None:
                inside.refused = Refused(inside.refused.reason, told.wait)
                inside.verdict = 0.0

    def _refuse(self, inside: _Inside, reason: str, wait: float, now: float) -> None:
        """Told at once, or after a moment if the radio may still say how long to wait."""
        inside.refused = Refused(reason, inside.noticed or wait)
        inside.verdict = now + (self._patience.verdict if wait and not inside.noticed else 0.0)

    def _due_inside(self, inside: _Inside, now: float) -> None:
        patience = self._patience
        if inside.refused is not None:
            if now >= inside.verdict:
                self._verdict(inside.refused)
        elif inside.left is not None:
            if now >= inside.left:
                self._verdict(Sent())
        elif inside.taken is not None:
            if now >= inside.taken + patience.leave:
                self._verdict(Sent())
            elif now >= inside.next_look:
                inside.look = min(inside.look * 1.5, patience.look_most)
                inside.next_look = now + inside.look
                self._probe(now)
        elif inside.asked is None:
            if now >= inside.handed + patience.answer:
                inside.asked = now
                self._probe(now)
        elif now >= inside.asked + patience.answer:
            self._lose(Trouble.SILENT, "no word on a packet, none on a probe", now)

    def _verdict(self, event: Sent | Refused) -> None:
        self._inside = None
        self._unpolled = True
        self._events.append(event)
