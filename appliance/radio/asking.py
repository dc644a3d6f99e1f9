"""What this hub lacks, and when to ask for it.

Rules (RFC 5740's NACK suppression, counted in frame times):

1. Who learns that it is behind waits a drawn time before it asks, longer the more neighbours may
   be about to ask for the same.
2. An ask that is heard and covers our own counts as ours. What it leaves out we still ask for.
   After three times in a row that brought nothing we ask all the same: that neighbour may be out
   of reach of whoever answers us, or lie.
3. An ask is repeated when an answer has had time, after 12 frame times at most (30 s where nobody waits, and
   it is not long missing), then ever more slowly, to once in Imax. Answers that come in put it
   off while they come; when they stop, the rest is asked for soon.
4. Each ask is for the oldest records, a piece at a time: what has arrived meanwhile, or has
   become known to be missing, goes into the next one.
5. News of a record we did not know of, by a summary, or by an ask or a sum that names it, asks soon,
   whatever has been asked in vain before. So does a hub that is heard, after a while, to hold what we
   asked for, or whose own feed it is: it is there, so our ask or its answer was lost. So asks grow
   rare toward hubs that are silent, and toward all when a dozen have brought nothing: what is asked
   for does not exist, or is not accepted here.

A forged claim of a number that does not exist costs an ask now and then, no more: it is asked
for, never believed.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

from appliance.radio.control import Ask, Mark
from appliance.radio.pace import Pace
from appliance.radio.ports import Library, Position, Span
from appliance.radio.spans import minus, oldest, records_in


class Asking:
    """The asks of one hub. ``missing`` is what it lacks, oldest first within each feed."""

    def __init__(self, rng: Random, frame: float, pace: Pace) -> None:
        self._rng, self._pace = rng, pace
        self.frame_time = frame
        self.missing: tuple[Span, ...] = ()
        self._due = float("inf")
        self._tries = 0
        self._yielded = 0
        # Asks since something came in.
        self._vain = 0
        # When this was asked for last, by us or by another whose ask served.
        self._asked_at = float("-inf")
        # Asks on the air, ours and others', and until when they are given time.
        # Somebody waits for what we lack: ask soon. Else gather what is missing, and let others ask for it.
        self._soon = False
        # By feed, the first record that is missing, and since when.
        self._since: dict[tuple[int, int], tuple[int, float]] = {}
        self._recent: deque[tuple[tuple[Span, ...], float]] = deque(maxlen=pace.asks_remembered)

    @property
    def wake(self) -> float:
        """When to ask next; infinite when nothing is missing."""
        return self._due if self.missing else float("inf")

    def update(self, missing: Sequence[Span], neighbours: int, now: float) -> None:
        """What is missing now. Records that came in mean that somebody answers."""
        progress = bool(minus(self.missing, missing))
        more = bool(minus(missing, self.missing))
        self.missing = tuple(missing)
        firsts = {(span.hub, span.incarnation): span.first for span in reversed(self.missing)}
        self._since = {
            feed: (first, before[1] if (before := self._since.get(feed)) and before[0] == first else now)
            for feed, first in firsts.items()
        }
        if not self.missing:
            self._due = float("inf")
            self._tries = self._yielded = self._vain = 0
            self._recent.clear()
            self._soon = False
        elif progress:
            self._tries = self._yielded = self._vain = 0
            self._recent.clear()
            self._due = now + max(
                self._pace.ask_quiet.draw(self._rng, self.frame_time), self._patience(neighbours, now)
            )
        elif more and self._due == float("inf"):
            self.news(neighbours, now)

    def _hurries(self, now: float) -> bool:
        """Whether somebody waits for what is missing, or we have waited for long ourselves."""
        longest = min((since for _, since in self._since.values()), default=now)
        return self._soon or now - longest >= self._pace.ask_hurry_seconds

    def _patience(self, neighbours: int, now: float) -> float:
        """Seconds in which more may turn out to be missing, where nobody waits and little is missing."""
        if self._hurries(now) or records_in(self.missing) > self._pace.ask_backlog:
            return 0.0
        low, each, most = self._pace.ask_slow_seconds
        return self._rng.uniform(low, max(low, min(each * neighbours, most)))

    def news(self, neighbours: int, now: float, *, soon: bool = False) -> None:
        """Somebody was heard to hold records that we did not know of; ``soon``: for which somebody waits."""
        self._soon = self._soon or (soon and bool(self.missing))
        wait = self._pace.ask_after(neighbours, self._rng, self.frame_time)
        self._due = min(self._due, now + max(wait, self._patience(neighbours, now)))

    def offered(self, neighbours: int, now: float, *, soon: bool = False) -> None:
        """Somebody said again that it holds what we lack."""
        hopeless = max(0, self._vain - self._pace.asks_in_vain)
        frames = min(self._pace.ask_patience + neighbours, self._pace.ask_again)
        patience = frames * self.frame_time * self._pace.growth**hopeless
        if self.missing and now - self._asked_at >= min(patience, self._pace.summary_max_seconds):
            self._tries = min(self._tries, hopeless)
            self._recent.clear()
            self.news(neighbours, now, soon=soon)

    def there(self, hub: int, neighbours: int, now: float) -> None:
        """``hub`` was heard: if it is its own feed that we lack records of, asks need not have grown rare."""
        quiet = max(self._pace.ask_slow_again_seconds, self._again(neighbours))
        if now - self._asked_at >= quiet and any(span.hub == hub for span in self.missing):
            self.offered(neighbours, now)

    def overheard(self, ask: Ask, neighbours: int, now: float) -> bool:
        """Another hub asked. True when that ask serves for ours."""
        if not self.missing or self._yielded >= self._pace.asks_yielded:
            return False
        self._recent.append((ask.spans, now + self._pace.ask_again * self.frame_time))
        if self._open(now):
            return False
        self._yielded += 1
        self._asked_at = now
        wait = max(
            self._pace.ask_after(neighbours, self._rng, self.frame_time), self._patience(neighbours, now)
        )
        self._due = max(self._due, now + self._pace.ask_again * self.frame_time + wait)
        return True

    def _open(self, now: float) -> tuple[Span, ...]:
        """What is missing and in no recent ask."""
        spans = self.missing
        for asked, until in self._recent:
            if until > now:
                spans = minus(spans, asked)
        return spans

    def take(self, now: float, early: float = 0.0) -> tuple[Span, ...]:
        """What to ask for now; nothing when that is not due, or all of it has just been asked for.

        Args:
            early: seconds before it is due in which it may be said as well.
        """
        if self.wake > now + early:
            return ()
        spans = self._open(now)
        if not spans and self._due <= now:
            self._due = max(min(until for _, until in self._recent if until > now), now)
        return spans

    def _again(self, neighbours: int) -> float:
        """Seconds in which an ask is answered, or was not heard: of two hubs the other answers at once."""
        frames = min(
            self._pace.ask_again_least + self._pace.ask_again_each * neighbours, self._pace.ask_again
        )
        return frames * self.frame_time

    def asked(self, spans: tuple[Span, ...], neighbours: int, now: float) -> None:
        """These have been asked for by us."""
        wait, tries = self._again(neighbours), self._tries
        if not self._hurries(now):
            wait = max(wait, self._pace.ask_slow_again_seconds)
        if not self._soon:
            tries = max(0, tries - self._pace.ask_slow_tries)
        wait *= self._pace.growth**tries
        wait = min(wait, self._pace.summary_max_seconds) * self._rng.uniform(1.0, 1.1)
        self._tries = min(self._tries + 1, 32)
        self._vain = min(self._vain + 1, 64)
        self._yielded = 0
        self._asked_at = now
        self._recent.append((spans, now + wait))
        # What did not fit into this ask is asked for once the answers to it have had time.
        self._due = now + wait


def lacking(
    library: Library, furthest: Mapping[int, Mark], vector: Mapping[int, Position], most: int
) -> list[Span]:
    """What others hold, or a gap shows, and we do not: a piece of each feed, ``most`` records of each.

    Args:
        furthest: how far each feed goes, as others claim.
        vector: how far we hold it.
    """
    missing: list[Span] = []
    for hub, mark in furthest.items():
        position = vector.get(hub)
        # Our own feed too: a frame of ours that we do not hold is the proof that this box was set
        # back, which a summary is not. The ledger judges it, and has no holes from then on.
        # A later life than we know we could not read: our summaries show that, and bring the certificate.
        if position is None or mark.number <= position.number or mark.incarnation != position.incarnation:
            continue
        missing += oldest(library.holes(hub, mark.number), most)
    missing += oldest(library.earlier(), most)
    missing += [span for span in library.suspects() if span not in missing]
    return missing
