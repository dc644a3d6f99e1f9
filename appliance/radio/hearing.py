"""What the engine does about a frame that came in, kind by kind (``docs/reactions.md``).

Nothing that comes in is obeyed. Data frames are signed, and are for the ledger to judge; all else
proves the group key and no more, and makes us ask or answer, within bounds.
"""

from collections.abc import Iterable, Mapping

from appliance.radio.bundle import split
from appliance.radio.certificates import CertificateFrame
from appliance.radio.coding import Coded
from appliance.radio.control import Ask, Mark, Summary, same_heads, says_that_somebody_waits
from appliance.radio.errors import BadFrame
from appliance.radio.events import Arrived, Certified, Event, HeardHub, Ignored, OwnVoice, ProofHeard, Sending
from appliance.radio.frames import DataFrame
from appliance.radio.parts import Parts
from appliance.radio.presence import begins
from appliance.radio.proofframes import ProofFrame


class Hearing:
    """The engine's ears."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def receive(self, data: bytes, now: float) -> list[Event]:
        """A packet came in. Raises nothing, whatever it is."""
        parts = self._parts
        parts.governor.heard(now, seconds := parts.airtime(len(data)))
        parts.seconds["heard"] += seconds
        try:
            return [event for frame in split(data) for event in self._heard(frame, now)]
        except BadFrame as error:
            return self._ignore(error.reason.value)

    def _heard(self, data: bytes, now: float) -> list[Event]:
        parts = self._parts
        try:
            frame = parts.open(data, parts.directory)
        except BadFrame as error:
            return self._ignore(error.reason.value)
        if isinstance(frame, DataFrame):
            events = self._heard_data(frame, now)
            return events + self._came_to_light(parts.mending.heard(frame, now), now)
        if isinstance(frame, Coded):
            return self._heard_coded(frame, now)
        if isinstance(frame, CertificateFrame):
            return self._heard_certificate(frame, now)
        if isinstance(frame, ProofFrame):
            return [ProofHeard(frame)] if frame.to == parts.directory.hub else self._ignore("for_another")
        if frame.hub == parts.directory.hub:
            return self._own_voice(frame, data)
        alone, highest = parts.returning.alone(now), parts.neighbours.highest_beat(frame.hub)
        if not parts.neighbours.beat(frame.hub, frame.beat, now):
            return self._ignore("old_beat")
        new = frame.beat > highest
        if new and begins(highest, frame.beat, self._first_beats(now)):
            parts.presence.began(frame.hub, parts.count(now), now)
        if alone:
            parts.look(now)  # what waited for company has it
        if isinstance(frame, Ask):
            return self._heard_ask(frame, now)
        return self._heard_summary(frame, now, new=new)

    def _first_beats(self, now: float) -> int:
        """How many of its first beats show that a hub never heard before has begun just now. None on a channel that allows
        summaries: soon somebody says what they hold of it. None among many, who would all be answered when all begin.
        """
        parts = self._parts
        few = len(parts.directory.members) <= parts.pace.some_hubs
        barred = parts.governor.when(Sending.SUMMARY, now) > now
        return parts.pace.presence_first_beats if few and barred else 0

    def _own_voice(self, frame: Ask | Summary, data: bytes) -> list[Event]:
        telling = self._parts.telling
        if telling.is_ours(data):
            return self._ignore("echo")
        self._parts.counts["own_voice"] += 1
        return [OwnVoice(frame.beat, frame.beat >= telling.beat)]

    def _ignore(self, reason: str) -> list[Event]:
        self._parts.counts[f"ignored_{reason}"] += 1
        return [Ignored(reason)]

    def _heard_data(self, frame: DataFrame, now: float) -> list[Event]:
        parts = self._parts
        parts.counts["heard_data"] += 1
        parts.counts["yielded_answer"] += parts.answering.aired(frame, parts.count(now), now, ours=False)
        held = parts.feeds.held(frame.hub)
        key = frame.data[-64:]
        seen = key in parts.known_frames
        parts.known_frames.add(key)
        if seen and Mark(frame.incarnation, frame.last) <= held:
            return self._ignore("known")
        fresh = [record for record in frame.records if Mark(record.incarnation, record.number) > held]
        if frame.hub == parts.directory.hub or not fresh:
            # Our own frame, sent on by another: one that we do not hold makes us stale, as the ledger finds out.
            return [Arrived(frame)]
        parts.counts["heard_news"] += 1
        parts.neighbours.wrote(frame.hub, now)
        if not seen:
            parts.owed.arrived(fresh, now)
        if parts.neighbours.exists(frame.hub, Mark(frame.incarnation, frame.last)):
            parts.look_for_missing(now)
        return [HeardHub(frame.hub, None), Arrived(frame)]

    def _heard_coded(self, coded: Coded, now: float) -> list[Event]:
        parts = self._parts
        parts.counts["heard_coded"] += 1
        if (data := parts.mending.held(coded.names[0])) is not None:
            frame = parts.open(data, parts.directory)
            if isinstance(frame, DataFrame):
                yielded = parts.answering.aired(frame, parts.count(now), now, ours=False)
                parts.counts["yielded_answer"] += yielded
        events = self._came_to_light(parts.mending.solve(coded, now), now)
        held = parts.feeds.held
        self._named(((hub, Mark(held(hub).incarnation, last)) for hub, _, last in coded.names), now)
        return events

    def _named(self, marks: Iterable[tuple[int, Mark]], now: float) -> None:
        """Somebody spoke of records: so they exist, as far as a word goes that proves the group key and no more.

        Who missed them need not wait for a summary to learn that.
        """
        parts = self._parts
        named = [parts.neighbours.exists(hub, mark) for hub, mark in marks if mark > parts.feeds.held(hub)]
        if any(named):
            parts.look_for_missing(now)

    def _came_to_light(self, found: list[bytes], now: float) -> list[Event]:
        self._parts.counts["decoded"] += len(found)
        return [event for data in found for event in self._heard(data, now)]

    def _heard_certificate(self, frame: CertificateFrame, now: float) -> list[Event]:
        parts = self._parts
        parts.counts["heard_certificate"] += 1
        yielded, news = parts.renewals.heard(frame, parts.library, parts.directory, now)
        parts.counts["yielded_certificate"] += yielded
        return [Certified(frame)] if news else self._ignore("known")

    def _heard_ask(self, ask: Ask, now: float) -> list[Event]:
        parts = self._parts
        parts.counts["heard_ask"] += 1
        count = parts.count(now)
        parts.owed.alive(ask.hub, now)
        parts.mending.asked(ask, now)
        parts.answering.asked(ask, parts.feeds.vector, count, now)
        self._named(((span.hub, Mark(span.incarnation, span.last)) for span in ask.spans), now)
        parts.asking.there(ask.hub, count, now)
        parts.counts["yielded_ask"] += parts.asking.overheard(ask, count, now)
        return [HeardHub(ask.hub, ask.beat)]

    def _heard_summary(self, summary: Summary, now: float, *, new: bool) -> list[Event]:
        """``new``: it is no old one played again, which after long silence is taken as well as one of a hub set back."""
        parts = self._parts
        parts.counts["heard_summary"] += 1
        parts.tick(now)
        news = parts.neighbours.claims(summary.hub, summary.positions)
        behind, more = False, set[int]()
        ours, count = parts.directory.hub, parts.count(now)
        differ = parts.feeds.unlike(summary.positions)
        if new:
            self._present(summary, differ, now)
        parts.news_of.said(summary.positions.keys() - differ.keys())
        for hub, mark in differ.items():
            held = parts.feeds.held(hub)
            if mark.incarnation < held.incarnation:
                parts.renewals.unknown(hub, parts.count(now), now)
            if mark > held:
                more.add(hub)
            elif not parts.news_of.young(hub, now) and parts.neighbours.tell(summary.hub, hub, held, now):
                behind = True
        parts.news_of.said(more)
        waits = says_that_somebody_waits(summary, parts.feeds.vector)
        for span in parts.owed.shown(summary.hub, summary.positions, now, waits=waits):
            if Mark(span.incarnation, span.last) <= parts.feeds.held(span.hub):
                parts.answering.plan(summary.hub, span, count, now)
        parts.owed.alive(summary.hub, now)
        self._tell(summary.hub, differ, count, now)
        if behind:
            parts.news(now)
        elif parts.news_of.all_said(parts.feeds.vector, now):
            parts.telling.trickle.consistent()
        if more & news.keys():
            parts.look_for_missing(now)
            parts.asking.news(count, now, soon=waits)
        elif more:
            parts.asking.offered(count, now, soon=waits)
        same = same_heads(summary, parts.feeds.vector, parts.directory) if not differ else None
        told = {hub: mark for hub, mark in summary.positions.items() if new or hub != ours}
        return [HeardHub(summary.hub, summary.beat, told, summary.roster, same)]

    def _present(self, summary: Summary, differ: Mapping[int, Mark], now: float) -> None:
        """What a summary means for those that cannot wait (``presence``)."""
        parts = self._parts
        ours, count = parts.directory.hub, parts.count(now)
        parts.presence.heard(summary.hub, summary.positions, parts.feeds.held, ours, count, now)
        if not differ:
            parts.presence.alike(summary.positions, len(parts.feeds.vector), now)

    def _tell(self, for_hub: int, differ: Mapping[int, Mark], count: int, now: float) -> None:
        """Another holds these feeds up to somewhere else than we do: of ours, and of one that is no news, say what it lacks."""
        parts = self._parts
        ours = parts.directory.hub
        for hub in sorted(differ, key=lambda one: (one != ours, one)):
            if hub != ours and not parts.news_of.old(hub, now):
                continue
            held = parts.feeds.held(hub)
            told = parts.answering.behind(for_hub, hub, differ[hub], held, parts.library, count, now)
            if told and hub != ours:
                return
