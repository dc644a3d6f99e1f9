"""The sync engine: how hubs that hear each other now and then come to hold the same feeds.

Sans-IO: bytes and ``now`` go in, packets and events come out. There is no socket, clock, thread
or database in here; randomness is given, so a run with the same seed is the same run.

Rules:

1. *Who is behind asks, who is ahead is silent.* A hub says what it holds (a *summary*); whoever
   reads there that it lacks something asks; whoever has it answers. Nobody sends records on the
   suspicion that somebody may lack them.
2. *Decide at the last moment.* Nothing is queued for the radio but the one packet inside it.
   ``transmit`` decides what to say when it can be said: by then it may have been said by another,
   or be known. Engines that queued at once were seen to collapse.
3. *Hear before you speak.* Everything that several hubs might say is said after a drawn time and
   dropped when another says it first: summaries (Trickle, RFC 6206), asks and answers (the
   suppression of NORM, RFC 5740).
4. *Say only what is durable.* Own records are packed by the library, which keeps the frame before
   it returns; a summary is made from what the library holds at that moment.
5. *Nothing that comes in is obeyed.* Data frames are signed, and are for the ledger to judge.
   Summaries and asks prove the group key and no more: all they can do is make us ask or answer,
   within the bounds and the governor's allowance. Their beats must grow.
6. *Every state has a next moment.* ``next_wake`` is finite, and at that moment ``transmit`` either
   gives a packet or moves it on. Whatever is lost or forgotten, by the radio, the neighbours or a
   crash of this process, is found again by the Trickle timer, which never stops.

Theory of operation. What wants to be said, most important first, and what for:

    own records   at once when somebody waits for one; else when they had company (``company``)
    owed summary  of few feeds, for records with one destination, until it shows
                  to hold them                                                    (``owed``)
    ask           for what summaries or gaps in data frames show to be missing    (``asking``)
    answer        to an ask, or to a summary that shows our own feed to be
                  missing: frames as they first were, oldest first                (``answering``)
    summary       when Trickle says so                                 (``trickle``, ``telling``, ``news``)
    proof         of care, asked for or said to one hub               (``proving``)

What would be said soon rides along in the same packet (``riding``).

``transmit`` takes the first of these that is due and that the *governor* allows. Own records do
not starve repairs: the limits are such that a crowded channel carries new records and summaries,
and a free one carries all.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Final

from appliance.radio.answering import Answering
from appliance.radio.asking import Asking, lacking
from appliance.radio.bundle import split
from appliance.radio.certificates import CertificateFrame, open_certificate
from appliance.radio.company import Company
from appliance.radio.control import (
    FEW_FEEDS,
    USUAL_CONTROL,
    AnyFrame,
    Ask,
    Mark,
    Summary,
    read,
    same_heads,
    says_that_somebody_waits,
)
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame
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
    Sending,
    Status,
)
from appliance.radio.frames import LONGEST_DATA, DataFrame, open_data
from appliance.radio.governor import Governor
from appliance.radio.neighbours import Neighbours
from appliance.radio.news import News
from appliance.radio.owed import Owed
from appliance.radio.ports import Airtime, Library, Position
from appliance.radio.proofframes import ProofFrame
from appliance.radio.proving import Proving
from appliance.radio.recent import Recent
from appliance.radio.renewals import Renewals
from appliance.radio.riding import with_riders
from appliance.radio.spans import by_hub
from appliance.radio.telling import Telling, timer
from appliance.radio.trickle import Trickle

LONGEST_PACKET: Final = 231
_NEVER: Final = float("inf")
_ANY: Final = Packet(Sending.DATA, b"")
_NO_FEED: Final = Mark(1, 0)
_PACK_AGAIN_SECONDS: Final = 5.0


class Engine:
    """One hub's side of the conversation.

    The service calls ``receive`` for each packet, ``transmit`` when the link is ready and at
    ``next_wake``, ``sent`` or ``refused`` for each packet that ``transmit`` gave, and ``stored``
    whenever the library holds something new: a frame that came in by any way, or own records.

    Args:
        directory: whom to believe.
        library: frames and feeds.
        airtime: seconds on the air of a payload of so many bytes.
        rng: draws all waiting times.
        config: see ``Config``.
        now: the first moment; the clock only goes forward.
        opened: reads what came in, as ``control.read`` does; a simulation reads for all hubs at once.
    """

    def __init__(
        self,
        directory: Directory,
        library: Library,
        airtime: Callable[[int], float],
        rng: Random,
        config: Config | None = None,
        *,
        now: float,
        opened: Callable[[bytes, Directory], AnyFrame] = read,
    ) -> None:
        self._open, self._config = opened, config or Config()
        self._pace = pace = self._config.pace
        self.directory, self._library, self._rng = directory, library, rng
        self._airtime, self._frame = airtime, airtime(LONGEST_PACKET)
        self.governor = Governor(self._config.duty_cycle, self._frame)
        self._answering = Answering(directory.hub, rng, self._frame, pace)
        self._asking = Asking(rng, self._frame, pace)
        self._owed = Owed(directory.hub, rng, self._frame, pace)
        self._renewals = Renewals(directory.hub, rng, self._frame, pace)
        self.proving = Proving(rng, self._frame, pace)
        self._neighbours = Neighbours(directory, pace)
        self._news_of = News(pace, self._frame)
        self._vector: Mapping[int, Position] = {}
        self._marks: dict[int, Mark] = {}
        self._see()
        self._company = Company(pace)
        self._free_after = float("-inf")
        wait = pace.first_summary + rng.uniform(0, len(directory.members))
        trickle, first = self._timer(now), now + wait * self._frame
        self._telling = Telling(self._config.first_beat, trickle, self._owed, pace, first=first)
        self._unsent: Packet | None = None
        self._inside: Packet | None = None
        self._known_frames = Recent(pace.frames_remembered)
        self._counts: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._look(now)
        if self._held(directory.hub).incarnation > 1:
            # Whoever missed it reads nothing of what we say.
            self._renewals.unknown(directory.hub, 0, now)

    def _timer(self, now: float) -> Trickle:
        return timer(self._pace, len(self.directory.members), self._frame, self._rng, now)

    # ------------------------------------------------------------------------------------------------- what comes in

    def receive(self, data: bytes, now: float) -> list[Event]:
        """A packet came in. Raises nothing, whatever it is."""
        self.governor.heard(now, seconds := self._airtime(len(data)))
        self._seconds["heard"] += seconds
        try:
            return [event for frame in split(data) for event in self._heard(frame, now)]
        except BadFrame as error:
            return self._ignore(error.reason.value)

    def _heard(self, data: bytes, now: float) -> list[Event]:
        try:
            frame = self._open(data, self.directory)
        except BadFrame as error:
            return self._ignore(error.reason.value)
        if isinstance(frame, DataFrame):
            return self._heard_data(frame, now)
        if isinstance(frame, CertificateFrame):
            return self._heard_certificate(frame, now)
        if isinstance(frame, ProofFrame):
            return [ProofHeard(frame)] if frame.to == self.directory.hub else self._ignore("for_another")
        if frame.hub == self.directory.hub:
            if self._telling.is_ours(data):
                return self._ignore("echo")
            self._counts["own_voice"] += 1
            return [OwnVoice(frame.beat, frame.beat >= self._telling.beat)]
        if not self._neighbours.beat(frame.hub, frame.beat, now):
            return self._ignore("old_beat")
        if isinstance(frame, Ask):
            return self._heard_ask(frame, now)
        return self._heard_summary(frame, now)

    def _ignore(self, reason: str) -> list[Event]:
        self._counts[f"ignored_{reason}"] += 1
        return [Ignored(reason)]

    def _heard_data(self, frame: DataFrame, now: float) -> list[Event]:
        self._counts["heard_data"] += 1
        count = self._neighbours.count(now)
        self._counts["yielded_answer"] += self._answering.aired(frame, count, now, ours=False)
        held = self._held(frame.hub)
        key = frame.data[-64:]
        seen = key in self._known_frames
        self._known_frames.add(key)
        if seen and Mark(frame.incarnation, frame.last) <= held:
            return self._ignore("known")
        fresh = [record for record in frame.records if Mark(record.incarnation, record.number) > held]
        if frame.hub == self.directory.hub:
            # Our own frame, sent on by another. One that we do not hold makes us stale, which the
            # ledger finds out.
            return [Arrived(frame)]
        if not fresh:
            return [Arrived(frame)]
        self._counts["heard_news"] += 1
        self._neighbours.wrote(frame.hub, now)
        if not seen:
            self._owed.arrived(fresh, now)
        if self._neighbours.exists(frame.hub, Mark(frame.incarnation, frame.last)):
            self._look_for_missing(now)
        return [HeardHub(frame.hub, None), Arrived(frame)]

    def _heard_certificate(self, frame: CertificateFrame, now: float) -> list[Event]:
        self._counts["heard_certificate"] += 1
        yielded, news = self._renewals.heard(frame, self._library, self.directory, now)
        self._counts["yielded_certificate"] += yielded
        return [Certified(frame)] if news else self._ignore("known")

    def tell_certificate(self, hub: int, now: float) -> None:
        """Two certificates of one life are here: say them to those who may know only one."""
        self._renewals.unknown(hub, self._neighbours.count(now), now)

    def _heard_ask(self, ask: Ask, now: float) -> list[Event]:
        self._counts["heard_ask"] += 1
        count = self._neighbours.count(now)
        self._owed.alive(ask.hub, now)
        self._answering.asked(ask, self._vector, count, now)
        self._counts["yielded_ask"] += self._asking.overheard(ask, count, now)
        return [HeardHub(ask.hub, ask.beat)]

    def _heard_summary(self, summary: Summary, now: float) -> list[Event]:
        self._counts["heard_summary"] += 1
        self._tick(now)
        news = self._neighbours.claims(summary.hub, summary.positions)
        behind, equal = False, True
        for hub, mark in summary.positions.items():
            held = self._held(hub)
            if mark.incarnation < held.incarnation:
                self._renewals.unknown(hub, self._neighbours.count(now), now)
            equal = equal and mark == held
            if mark >= held:
                self._news_of.said(hub)
            elif not self._news_of.young(hub, now) and self._neighbours.tell(summary.hub, hub, held):
                behind = True
        waits = says_that_somebody_waits(summary, self._vector)
        count = self._neighbours.count(now)
        for span in self._owed.shown(summary.hub, summary.positions, now, waits=waits):
            if Mark(span.incarnation, span.last) <= self._held(span.hub):
                self._answering.plan(summary.hub, span, count, now)
        self._owed.alive(summary.hub, now)
        self._answering.behind(summary, self._held(self.directory.hub), self._library, count, now)
        if behind:
            self._news(now)
        elif self._news_of.all_said(self._vector, now):
            self._telling.trickle.consistent()
        more = {hub for hub, mark in summary.positions.items() if mark > self._held(hub)}
        self._offered(more, news=bool(more & news.keys()), soon=waits, now=now)
        if equal and FEW_FEEDS < len(self._vector) == len(summary.positions):
            self._telling.first = _NEVER  # another has said it for us
        same = same_heads(summary, self._vector, self.directory) if equal else None
        return [HeardHub(summary.hub, summary.beat, summary.positions, summary.roster, same)]

    def _offered(self, more: set[int], *, news: bool, soon: bool, now: float) -> None:
        """Somebody claims more of these feeds than we hold; ``news``: of one for the first time."""
        count = self._neighbours.count(now)
        if news:
            self._look_for_missing(now)
            self._asking.news(count, now, soon=soon)
        elif more:
            self._asking.offered(count, now, soon=soon)

    def _held(self, hub: int) -> Mark:
        return self._marks.get(hub, _NO_FEED)

    def _see(self) -> None:
        vector = self._library.vector()
        if vector is not self._vector:
            self._vector = vector
            self._marks = {hub: Mark(place.incarnation, place.number) for hub, place in vector.items()}

    def stored(self, now: float) -> None:
        """The library holds more than before, or own records wait: look again."""
        before = self._marks
        self._see()
        news = {hub for hub, mark in self._marks.items() if before.get(hub) != mark}
        if not news and self._asking.missing:
            self._look_for_missing(now)
        if news:
            self._news_of.grew(news - {self.directory.hub}, now)
            # What we knew to be missing is news to us alone.
            fresh = news - {span.hub for span in self._asking.missing}
            if fresh:
                self._news_of.unsaid(fresh)
                self._news(now)
            self._look_for_missing(now)
        self._look(now)

    def change_directory(self, directory: Directory, now: float) -> None:
        """The roster has changed. What was heard of hubs in an earlier life is forgotten."""
        self.directory = directory
        self._neighbours.change_directory(directory)
        self._see()
        self._news_of.clear()
        self._news(now)
        self._look_for_missing(now)

    def retune(self, airtime: Callable[[int], float], duty_cycle: float, now: float) -> None:
        """The radio turned out to have another preset or region."""
        self._airtime, self._frame = airtime, airtime(LONGEST_PACKET)
        self.governor.retune(duty_cycle, self._frame)
        for part in (self._answering, self._asking, self._owed, self._renewals, self._news_of, self.proving):
            part.frame_time = self._frame
        self._telling.trickle = self._timer(now)

    def radio_measured(self, figures: Airtime, now: float) -> None:
        """The radio told its own figures."""
        self.governor.figures(now, figures)

    def _tick(self, now: float) -> None:
        if self._telling.tick(len(self.directory.members), self._neighbours, now):
            self._news_of.clear()

    def _news(self, now: float) -> None:
        if self._telling.trickle.inconsistent(now):
            self._news_of.clear()

    def _look(self, now: float) -> None:
        self._company.look(self._library.waiting(), self.governor.channel_use(now), now)

    def _look_for_missing(self, now: float) -> None:
        """What others hold, or a gap shows, and we do not. A piece of each feed at a time."""
        found = lacking(self._library, self._neighbours.furthest(), self._vector, self._pace.ask_records)
        self._asking.update(found, self._neighbours.count(now), now)

    # ------------------------------------------------------------------------------------------------- what goes out

    def transmit(self, now: float) -> Packet | None:
        """What to hand to the radio now; None when nothing is due or allowed."""
        self._look(now)
        self._tick(now)
        for due, sending, make in self._turns():
            if self._from(due, sending, now) <= now and (packet := make(now)):
                kinds = (Sending.REPAIR, Sending.ASK, Sending.SUMMARY)
                makers = zip(kinds, (self._answer, self._ask, self._ride), strict=True)
                allowed = (one for one in makers if self.governor.when(one[0], now) <= now)
                riders = [(why, partial(maker, now)) for why, maker in allowed]
                index = self.directory.index(self.directory.hub) or 0
                self._inside = with_riders(packet, riders, index, self._pace.bundle_bytes)
                return self._inside
        return None

    def _turns(self) -> tuple[tuple[float, Sending, Callable[[float], Packet | None]], ...]:
        """What may be said, most important first: since when, as what, and by what it is made."""
        return (
            (-_NEVER if self._unsent else _NEVER, (self._unsent or _ANY).sending, self._again),
            (self._renewals.wake, Sending.CERTIFICATE, self._certify),
            (self._company.due, Sending.DATA, self._own),
            (self._telling.due, Sending.SUMMARY, self._summary),
            (self._owed.wake, Sending.SUMMARY, self._receipt),
            (self._asking.wake, Sending.ASK, self._ask),
            (self._answering.wake, Sending.REPAIR, self._answer),
            (self._telling.trickle.wake, Sending.SUMMARY, self._regular),
            (self.proving.wake, Sending.PROOF, self._prove),
        )

    def next_wake(self, now: float) -> float:
        """When to call ``transmit`` next if nothing comes in until then; never infinite."""
        return min(self._from(due, sending, now) for due, sending, _ in self._turns())

    def _from(self, due: float, sending: Sending, now: float) -> float:
        """From when on this may be said: when due, when the governor allows, and after a breath."""
        if due == _NEVER:
            return _NEVER
        return max(due, self._free_after, self.governor.when(sending, now))

    def sent(self, now: float, size: int) -> None:
        """The packet handed over last, of ``size`` bytes, has left the radio."""
        seconds = self._airtime(size)
        self.governor.sent(now, seconds)
        self._seconds["sent"] += seconds
        if self._inside:
            for sending, share in self._inside.shares:
                self._counts[f"sent_{sending}"] += 1
                self._seconds[f"sent_{sending}"] += seconds * share
        self._inside = None
        self._free_after = now + self._pace.breath.draw(self._rng, self._frame)

    def refused(self, now: float, wait: float = 0.0) -> None:
        """The packet handed over last was not sent, or the link was lost with it inside.

        Records are sent first thing when ``wait`` seconds are over; summaries and asks are
        decided anew.
        """
        self._counts["refused"] += 1
        self.governor.refused(now, wait)
        inside, self._inside = self._inside, None
        if inside is None:
            return
        if inside.sending in (Sending.DATA, Sending.REPAIR, Sending.CERTIFICATE, Sending.PROOF):
            self._unsent = inside
        elif inside.sending is Sending.SUMMARY:
            self._telling.first = now + self._pace.breath.draw(self._rng, self._frame)
        else:
            self._asking.news(self._neighbours.count(now), now)
        self._free_after = now + self._pace.breath.draw(self._rng, self._frame)

    def _again(self, _now: float) -> Packet | None:
        self._unsent, again = None, self._unsent
        return again

    def _own(self, now: float) -> Packet | None:
        held = self._held(self.directory.hub)
        data = self._library.pack(LONGEST_DATA)
        if data is None:
            self._company.put_off(now + _PACK_AGAIN_SECONDS)
            return None
        frame = open_data(data, self.directory)
        self._known_frames.add(data[-64:])
        self._answering.aired(frame, self._neighbours.count(now), now, ours=True)
        fresh = (r for r in frame.records if Mark(r.incarnation, r.number) > held)
        self._owed.on_air(fresh, now, urgent=self._company.waiting.urgent)
        self._see()
        self._news_of.unsaid({self.directory.hub})
        self._news(now)
        self._look(now)
        return Packet(Sending.DATA, data)

    def _answer(self, now: float, room: int = LONGEST_DATA) -> Packet | None:
        if (frame := self._answering.take(self._library, self.directory, now, room)) is None:
            return None
        self._answering.aired(frame, self._neighbours.count(now), now, ours=True)
        return Packet(Sending.REPAIR, frame.data)

    def _certify(self, now: float) -> Packet | None:
        if (data := self._renewals.take(self._library, self.directory, now)) is None:
            return None
        self._renewals.aired(open_certificate(data, self.directory).hub, now)
        return Packet(Sending.CERTIFICATE, data)

    def _ask(self, now: float, room: int = USUAL_CONTROL) -> Packet | None:
        early = 0.0 if room == USUAL_CONTROL else self._pace.ask_early_seconds
        if self._asking.wake > now + early:
            return None
        self._look_for_missing(now)
        if (told := self._telling.ask(self._asking.take(now, early), self.directory, room)) is None:
            return None
        data, spans = told
        self._asking.asked(spans, now)
        return Packet(Sending.ASK, data)

    def _prove(self, now: float) -> Packet | None:
        return None if (data := self.proving.take(now)) is None else Packet(Sending.PROOF, data)

    def _regular(self, now: float) -> Packet | None:
        if self._telling.trickle.due(now):
            return self._summary(now)
        self._counts["yielded_summary"] += 1
        return None

    def _summary(self, now: float) -> Packet | None:
        self._see()
        return Packet(Sending.SUMMARY, self._telling.whole(self._vector, self.directory, now))

    def _receipt(self, now: float) -> Packet:
        self._see()
        some = self._telling.some(self._vector, self._owed.due(now), self.directory, now)
        return Packet(Sending.SUMMARY, some)

    def _ride(self, now: float, room: int) -> Packet | None:
        data = self._telling.riding(self._vector, self.directory, now, room)
        return None if data is None else Packet(Sending.SUMMARY, data)

    # ------------------------------------------------------------------------------------------------- for keepers

    def status(self, now: float) -> Status:
        """The engine as it is now."""
        return Status(
            counts=dict(self._counts),
            seconds=dict(self._seconds),
            channel=self.governor.channel_use(now),
            own=self.governor.own_use(now),
            summary_interval=self._telling.trickle.interval,
            neighbours=self._neighbours.heard(now),
            missing=by_hub(self._asking.missing),
            owed=self._owed.owing(),
        )
