"""Which frames others lack, as their asks say; and one coded packet that mends several losses (``coding``).

Rules:

1. A coded packet is sent in place of one frame, at the moment that frame would be sent, and counts for it:
   whoever waits to give the same answer holds back. What else goes into the sum are frames that others
   asked for lately and that are about as long, those first that most lack. Not those that the same hubs lack as
   that frame: to one who lacks both, a sum is worth no more than either. So who is far behind in a feed is
   given it frame by frame.
2. A hub that holds an equation asks for one frame less: for all but one of those that it lacks. What is
   asked for and comes brings the other to light.
3. Who asks for the same a third time gets the frame itself: of a feed that forked two hubs may hold different
   frames under one name, and no sum of them helps.
4. Nothing in a sum is believed. An equation is forgotten after some minutes, so that a false one delays what it
   names, and keeps nobody from it; there is room for so many.
"""

from collections import OrderedDict
from random import Random

from appliance.radio.coding import MOST_MIXED, Coded, Decoder, Name, pack_coded, room_for
from appliance.radio.control import Ask
from appliance.radio.directory import Directory
from appliance.radio.feeds import Feeds
from appliance.radio.frames import LONGEST_CONTROL, DataFrame, extent
from appliance.radio.pace import Pace
from appliance.radio.ports import Library, Span
from appliance.radio.spans import without


class Mending:
    """Coded repairs of one hub: those that it sends, and those that it solves."""

    def __init__(self, library: Library, feeds: Feeds, rng: Random, pace: Pace) -> None:
        self._library, self._feeds, self._rng, self._pace = library, feeds, rng, pace
        self._decoder = Decoder(self.held, pace.mix_rows)
        # By who asked: when, and the frames that were named and are here.
        self._wanted: OrderedDict[int, tuple[float, dict[Name, bytes]]] = OrderedDict()

    def held(self, name: Name) -> bytes | None:
        """The bytes of the frame that begins with this record, if it is held."""
        hub, first, last = name
        data = self._library.frame_with(hub, self._feeds.held(hub).incarnation, first)
        return data if data is not None and extent(data) == (first, last) else None

    # ----------------------------------------------------------------------------------- what comes in

    def asked(self, ask: Ask, now: float) -> None:
        """Another hub said what it lacks."""
        found: dict[Name, bytes] = {}
        looks = self._pace.mix_looks
        for span in ask.spans:
            place = self._feeds.held(span.hub)
            if place.incarnation != span.incarnation:
                continue
            for number in range(span.first, min(span.last, place.number, span.first + looks) + 1):
                looks -= 1
                if looks < 0:
                    break
                data = self._library.frame_with(span.hub, span.incarnation, number)
                if data is None:
                    break
                found[span.hub, *extent(data)] = data
        self._wanted.pop(ask.hub, None)
        while self._wanted and now - next(iter(self._wanted.values()))[0] > self._pace.mix_seconds:
            self._wanted.popitem(last=False)
        far_behind = any(span.last - span.first >= self._pace.mix_looks for span in ask.spans)
        if found and not far_behind:
            self._wanted[ask.hub] = (now, found)

    def heard(self, frame: DataFrame, now: float) -> list[bytes]:
        """A frame was on the air, and whoever lacked it may have it. What it brings to light, not yet judged."""
        for _, frames in self._wanted.values():
            frames.pop((frame.hub, frame.first, frame.last), None)
        return self._decoder.learn(frame, now)

    def solve(self, coded: Coded, now: float) -> list[bytes]:
        """A coded packet came in. What it brings to light, not yet judged."""
        return self._decoder.add(coded, now)

    # ----------------------------------------------------------------------------------- what goes out

    def left_to_ask(self, spans: tuple[Span, ...], now: float) -> tuple[Span, ...]:
        """``spans`` less a record for each equation at hand; never none where there were some."""
        for hub, first, last in self._decoder.pivots(now):
            spans = without(spans, Span(hub, self._feeds.held(hub).incarnation, first, last)) or spans
        return spans

    def in_place_of(self, frame: DataFrame, directory: Directory, now: float) -> bytes | None:
        """A coded packet to send in place of ``frame``; None where nothing goes well with it."""
        own = (frame.hub, frame.first, frame.last)
        chosen = {own: frame.data}
        longest = len(frame.data)
        wanters, frames = self._demand(now)
        if own not in wanters:
            return None
        for name in sorted(frames, key=lambda one: (-len(wanters[one]), one)):
            if len(chosen) >= min(self._pace.mix_most, MOST_MIXED):
                break
            longer = max(longest, len(frames[name]))
            fits = room_for([*chosen, name], longer) <= LONGEST_CONTROL
            same = name in chosen or wanters[name] == wanters[own]
            if not same and fits and longer <= longest + self._pace.mix_slack:
                chosen[name], longest = frames[name], longer
        return pack_coded(chosen, directory, self._rng) if len(chosen) > 1 else None

    def _demand(self, now: float) -> tuple[dict[Name, set[int]], dict[Name, bytes]]:
        """Who wants each frame, and the frames."""
        wanters: dict[Name, set[int]] = {}
        frames: dict[Name, bytes] = {}
        for hub, (when, wanted) in self._wanted.items():
            if now - when <= self._pace.mix_seconds:
                frames |= wanted
                for name in wanted:
                    wanters.setdefault(name, set()).add(hub)
        return wanters, frames
