"""The parts of one hub's engine, and what they do together when something is news.

``hearing`` tells them what came in, ``saying`` asks them what is due; neither keeps a state of its own
that the other would have to know. Each part stands alone in a file of its own, and is bounded there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random
from typing import Final

from appliance.radio.answering import Answering
from appliance.radio.asking import Asking, lacking
from appliance.radio.company import Company
from appliance.radio.control import AnyFrame
from appliance.radio.directory import Directory
from appliance.radio.events import Config
from appliance.radio.feeds import Feeds
from appliance.radio.governor import Governor
from appliance.radio.mixing import Mending
from appliance.radio.neighbours import Neighbours
from appliance.radio.news import News
from appliance.radio.owed import Owed
from appliance.radio.ports import Library
from appliance.radio.presence import Presence
from appliance.radio.proving import Proving
from appliance.radio.recent import Recent
from appliance.radio.renewals import Renewals
from appliance.radio.returning import Returning
from appliance.radio.telling import Telling, timer
from appliance.radio.trickle import Trickle

LONGEST_PACKET: Final = 231


class Parts:
    """All parts of one hub's engine. Arguments as of ``Engine``, which makes them."""

    def __init__(
        self,
        directory: Directory,
        library: Library,
        airtime: Callable[[int], float],
        rng: Random,
        config: Config,
        *,
        now: float,
        opened: Callable[[bytes, Directory], AnyFrame],
    ) -> None:
        self.open, self.pace = opened, config.pace
        pace = config.pace
        self.directory, self.library, self.rng = directory, library, rng
        self.airtime, self.frame_time = airtime, airtime(LONGEST_PACKET)
        frame = self.frame_time
        self.governor = Governor(config.duty_cycle, frame, shared=config.shared)
        self.feeds = Feeds(library)
        self.answering = Answering(directory.hub, rng, frame, pace, opened)
        self.mending = Mending(library, self.feeds, rng, pace)
        self.asking = Asking(rng, frame, pace)
        self.owed = Owed(directory.hub, rng, frame, pace)
        self.renewals = Renewals(directory.hub, rng, frame, pace)
        self.proving = Proving(rng, frame, pace)
        self.neighbours = Neighbours(directory, pace)
        self.news_of = News(pace, frame)
        self.company, self.returning = Company(pace), Returning(self.neighbours, pace, begun=now)
        wait = pace.first_summary + rng.uniform(0, len(directory.members))
        trickle, first = self._timer(now), now + wait * frame
        self.presence = Presence(rng, frame, pace, first=first)
        self.telling = Telling(config.first_beat, trickle, self.owed, self.presence, pace)
        self.known_frames = Recent(pace.frames_remembered)
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.look(now)
        if self.feeds.held(directory.hub).incarnation > 1:
            # Whoever missed it reads nothing of what we say.
            self.renewals.unknown(directory.hub, 0, now)

    def _timer(self, now: float) -> Trickle:
        return timer(self.pace, len(self.directory.members), self.frame_time, self.rng, now)

    def count(self, now: float) -> int:
        """How many may be listening."""
        return self.neighbours.count(now)

    def tick(self, now: float) -> None:
        """Time has passed: an interval of Trickle's may have ended."""
        if self.telling.tick(len(self.directory.members), self.neighbours, now):
            self.news_of.clear()

    def news(self, now: float) -> None:
        """There is something that the neighbours do not know."""
        if self.telling.trickle.inconsistent(now):
            self.news_of.clear()

    def look(self, now: float) -> None:
        """Whether own records wait."""
        alone = self.returning.alone(now)
        self.company.look(self.library.waiting(), self.neighbours.loss, now, alone=alone)

    def look_for_missing(self, now: float) -> None:
        """What others hold, or a gap shows, and we do not. A piece of each feed at a time."""
        further = self.feeds.unlike(self.neighbours.furthest())
        found = lacking(self.library, further, self.feeds.vector, self.pace.ask_records)
        self.asking.update(found, self.count(now), now)

    def stored(self, now: float) -> None:
        """The library holds more than before, or own records wait: look again."""
        news = self.feeds.look()
        if not news and self.asking.missing:
            self.look_for_missing(now)
        if news:
            self.news_of.grew(news - {self.directory.hub}, now)
            # What we knew to be missing is news to us alone.
            fresh = news - {span.hub for span in self.asking.missing}
            if fresh:
                self.news_of.unsaid(fresh)
                self.news(now)
            self.look_for_missing(now)
        self.look(now)

    def change_directory(self, directory: Directory, now: float) -> None:
        """The roster has changed. What was heard of hubs in an earlier life is forgotten."""
        self.directory = directory
        self.neighbours.change_directory(directory)
        self.feeds.look()
        self.news_of.clear()
        self.news(now)
        self.look_for_missing(now)

    def retune(self, airtime: Callable[[int], float], duty_cycle: float, now: float) -> None:
        """The radio turned out to have another preset or region."""
        self.airtime, self.frame_time = airtime, airtime(LONGEST_PACKET)
        self.governor.retune(duty_cycle, self.frame_time)
        timed = (
            self.answering,
            self.asking,
            self.owed,
            self.renewals,
            self.news_of,
            self.proving,
            self.presence,
        )
        for part in timed:
            part.frame_time = self.frame_time
        self.telling.trickle = self._timer(now)

    def leisure(self, now: float) -> bool:
        """Whether what is no hurry may be put on the feed now: somebody is there, and nobody far behind."""
        hub = self.directory.hub
        return self.returning.leisure(hub, self.feeds.held(hub), self.asking.missing, now)
