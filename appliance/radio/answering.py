"""What others asked for, until it has been on the air.

Rules (RFC 5740's repair cycle, counted in frame times):

1. The feed's own hub answers first; any other who holds the records waits longer, by a drawn
   time that spreads with the number of neighbours. Of many neighbours only a few, drawn by
   chance, are ready to step in, twice as many each time the same ask is repeated: each of
   fifteen that missed the answer of another would else give its own.
2. A frame that was on the air, whoever sent it, is struck from every answer. What is left of an
   answer that somebody else has begun is put off, so two do not answer the same ask in step.
3. The same frame is not sent twice within 4 to 6 frame times: an ask that crossed it on the way
   may be about what has arrived since.
4. One ask is answered with a few frames, the oldest records first. Who has them asks on; who is
   out of reach costs no more.
5. A summary that shows our own feed to be missing is as good as an ask. So is one that shows another's to be missing
   which has been here for minutes: its own hub may not have heard that. One of many such is answered, and only
   where nobody asked.
6. An asker who repeats the same ask may not hear whom we hear. From its second repetition on, a
   frame that we overhear strikes only by chance.

Bounded against a neighbour gone mad: so many answers wait, each of so many spans; the rest is
not kept, and its asker will ask again.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from appliance.radio.control import Ask, Mark
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame
from appliance.radio.frames import LONGEST_DATA, DataFrame, open_data
from appliance.radio.pace import Pace
from appliance.radio.ports import Library, Position, Span
from appliance.radio.spans import oldest, without

_Key = tuple[int, int, int]
"""Who asks, and the feed: hub and incarnation."""


@dataclass(slots=True)
class _Answer:
    spans: tuple[Span, ...]
    due: float
    frames: int
    own: bool
    again: int


class Answering:
    """The answers of one hub. ``opened`` reads a frame that is held, as ``open_data`` does."""

    def __init__(
        self,
        hub: int,
        rng: Random,
        frame: float,
        pace: Pace,
        opened: Callable[[bytes, Directory], object] = open_data,
    ) -> None:
        self._hub, self._rng, self._pace, self._open = hub, rng, pace, opened
        self.frame_time = frame
        self._answers: dict[_Key, _Answer] = {}
        self._asked_before: OrderedDict[_Key, tuple[int, int]] = OrderedDict()
        self._behind: dict[tuple[int, int], tuple[int, int]] = {}
        self._aired: OrderedDict[bytes, float] = OrderedDict()
        self.repeated = 0
        """How often what ``take`` gave last was asked for in vain."""

    @property
    def wake(self) -> float:
        """When the next answer is due; infinite when none is."""
        return min((answer.due for answer in self._answers.values()), default=float("inf"))

    def asked(self, ask: Ask, vector: Mapping[int, Position], neighbours: int, now: float) -> int:
        """Plan answers to ``ask`` from what ``vector`` says we hold. How many spans we can answer."""
        feeds: dict[tuple[int, int], list[Span]] = {}
        for span in ask.spans:
            held = self._held(span, vector)
            if held:
                feeds.setdefault((span.hub, span.incarnation), []).append(held)
        for (hub, incarnation), spans in feeds.items():
            key = (ask.hub, hub, incarnation)
            own = hub == self._hub
            due = now + self._pace.answer_after(own, neighbours, self._rng, self.frame_time)
            before = self._answers.get(key)
            if before:
                due = min(due, before.due)
            again = self._repeated(key, spans[0].first)
            if (
                not own
                and not before
                and self._rng.random() * max(1, neighbours - 1) >= self._pace.answer_ready * 2**again
            ):
                continue
            if not before and len(self._answers) >= self._pace.answers_waiting:
                continue
            limit = self._pace.answer_spans
            self._answers[key] = _Answer(tuple(spans[:limit]), due, self._pace.answer_frames, own, again)
        return sum(map(len, feeds.values()))

    @staticmethod
    def _held(span: Span, vector: Mapping[int, Position]) -> Span | None:
        """The part of ``span`` that we hold. Of an earlier life of a feed we may hold all."""
        position = vector.get(span.hub)
        if position is None or span.incarnation > position.incarnation:
            return None
        if span.incarnation < position.incarnation:
            return span
        if span.first > position.number:
            return None
        return Span(span.hub, span.incarnation, span.first, min(span.last, position.number))

    def _repeated(self, key: _Key, first: int) -> int:
        before, again = self._asked_before.pop(key, (0, 0))
        again = min(again + 1, 16) if before == first else 0
        self._asked_before[key] = (first, again)
        while len(self._asked_before) > 2 * self._pace.answers_waiting:
            self._asked_before.popitem(last=False)
        return again

    def plan(self, for_hub: int, span: Span, neighbours: int, now: float) -> None:
        """Send ``for_hub`` these records as if it had asked: it has shown that it lacks them."""
        key = (for_hub, span.hub, span.incarnation)
        if key in self._answers or len(self._answers) >= self._pace.answers_waiting:
            return
        own = span.hub == self._hub
        due = now + self._pace.answer_after(own, neighbours, self._rng, self.frame_time)
        self._answers[key] = _Answer((span,), due, self._pace.answer_frames, own, 0)

    def behind(
        self, for_hub: int, about: int, said: Mark, held: Mark, library: Library, neighbours: int, now: float
    ) -> bool:
        """A hub shows to hold a feed up to ``said`` only, which we hold up to ``held``. Whether it is told.

        That is as good as an ask, and costs none: its first missing record is said again, if that was
        not just now. Only the first: it may hold what follows. Of another hub's feed only where it has not
        asked us for it, so that most likely it does not know, and by a few.
        """
        if said.incarnation != held.incarnation or said >= held:
            return False
        wanted = Span(about, held.incarnation, said.number + 1, said.number + 1)
        own = about == self._hub
        if not own and self._asked_before.get((for_hub, about, held.incarnation), (0, 0))[0] == wanted.first:
            return False
        data = library.frame_with(about, wanted.incarnation, wanted.first)
        first, times = self._behind.get((for_hub, about), (0, 0))
        times = times if first == wanted.first else 0
        # Who may be deaf to us is told ever more rarely.
        quiet = max(self._pace.behind_frames * self.frame_time, self._pace.behind_seconds)
        quiet = min(quiet * self._pace.behind_growth**times, self._pace.summary_max_seconds)
        if data is None or now - self._aired.get(data, float("-inf")) < quiet:
            return False
        if not own and self._rng.random() * max(1, neighbours - 1) >= self._pace.late_ready:
            return False
        self._behind[for_hub, about] = (wanted.first, times + 1)
        self.plan(for_hub, wanted, neighbours, now)
        return True

    def aired(self, frame: DataFrame, neighbours: int, now: float, *, ours: bool) -> int:
        """``frame`` has been on the air: strike it everywhere. How many answers that ended or put off."""
        self._aired[frame.data] = now
        self._aired.move_to_end(frame.data)
        while len(self._aired) > self._pace.frames_remembered:
            self._aired.popitem(last=False)
        hole = Span(frame.hub, frame.incarnation, frame.first, frame.last)
        struck = 0
        for key, answer in list(self._answers.items()):
            left = without(answer.spans, hole)
            if left == answer.spans:
                continue
            if not ours and answer.again >= 2 and self._rng.random() * neighbours < 1:
                continue
            struck += not ours
            if not left or (ours and answer.frames <= 1):
                del self._answers[key]
                continue
            answer.spans = left
            if ours:
                answer.frames -= 1
                answer.due = now
            else:
                wait = self._pace.answer_after(answer.own, neighbours, self._rng, self.frame_time)
                answer.due = max(answer.due, now + wait)
        return struck

    def take(
        self, library: Library, directory: Directory, now: float, room: int = LONGEST_DATA
    ) -> DataFrame | None:
        """The frame to send now, if one of at most ``room`` bytes is due. Whoever sends it calls ``aired``."""
        for key, answer in sorted(self._answers.items(), key=lambda item: item[1].due):
            for _ in range(self._pace.lookups):
                if answer.due > now or not answer.spans:
                    break
                first = oldest(answer.spans, 1)[0]
                frame = self._frame(library, directory, first)
                if frame is None:
                    answer.spans = without(answer.spans, first)
                    continue
                if len(frame.data) > room:
                    break
                aired = self._aired.get(frame.data)
                free = now if aired is None else aired + self._pace.repeat.draw(self._rng, self.frame_time)
                if free <= now:
                    self.repeated = answer.again
                    return frame
                answer.due = free
            if not answer.spans or (answer.due <= now and room == LONGEST_DATA):
                # Nothing of it is here, or much that is not: whoever misses the rest will ask again.
                del self._answers[key]
        return None

    def _frame(self, library: Library, directory: Directory, wanted: Span) -> DataFrame | None:
        data = library.frame_with(wanted.hub, wanted.incarnation, wanted.first)
        if data is None:
            return None
        try:
            frame = self._open(data, directory)
        except BadFrame:
            # Kept under a roster that has changed since: nobody could read it.
            return None
        if not isinstance(frame, DataFrame):
            return None
        named = (frame.hub, frame.incarnation) == (wanted.hub, wanted.incarnation)
        return frame if named and frame.first <= wanted.first <= frame.last else None
