"""Trickle (RFC 6206): when to repeat what may be known already.

Rules:

1. Time runs in intervals of length I, from Imin to Imax. In each, one moment is drawn from the
   second half; the first half is for listening (section 4.2, step 2; it avoids the short-listen
   problem).
2. Whoever hears its own message said by others k times in the interval before that moment keeps
   silent in it (steps 3 and 4).
3. An interval that ends is followed by one twice as long (step 5).
4. What is heard or done that makes the message news begins an interval of Imin, unless this one
   is of that length already (step 6). So news travels fast, and when nothing is new, a channel
   of any density hears about one message in Imax.

Two additions for news inside an interval of Imin, which the RFC lets wait for the next: whoever
has spoken in it begins another one, and what was heard before the news no longer silences. At
most one message in half of Imin, as before.

One more, as not all hear all: whoever was silenced comes earlier the next time, in the first half of the second
half, then in its first third or quarter. So turns go round at no cost, and a hub on whom somebody depends who hears nobody else is
not silenced by chance again and again.
"""

from random import Random


class Trickle:
    """One timer. ``due`` tells whether to speak; whoever did says so with ``spoke``.

    Args:
        shortest: Imin in seconds.
        longest: Imax in seconds; not below Imin.
        redundancy: k.
        turns: how many times of being silenced in a row make it come earlier; none where so many speak that the
            window must stay wide.
        rng: draws the moment in each interval.
        now: begins the first interval.
    """

    def __init__(
        self, shortest: float, longest: float, redundancy: int, rng: Random, *, now: float, turns: int = 0
    ) -> None:
        if not 0 < shortest <= longest or redundancy < 1:
            raise ValueError("not a Trickle timer")
        self.shortest, self.longest, self._redundancy, self._rng = shortest, longest, redundancy, rng
        self._turns, self._silenced = turns, 0
        self._begin(now, shortest)

    def _begin(self, now: float, interval: float) -> None:
        self.interval = interval
        self._moment = now + interval * (0.5 + 0.5 * self._rng.random() / (1 + self._silenced))
        self._begun, self._end = now, now + interval
        self._heard = 0
        self._spoke = False

    @property
    def wake(self) -> float:
        """When ``due`` should be asked next."""
        return self._end if self._spoke else self._moment

    def consistent(self) -> None:
        """Somebody said what we would say."""
        self._heard += 1

    def inconsistent(self, now: float) -> bool:
        """There is news. True when that began a new interval."""
        if self.interval <= self.shortest and not self._spoke:
            self._heard = 0
            return False
        self._begin(now, self.shortest)
        return True

    def due(self, now: float) -> bool:
        """Whether to speak now. Stays True until ``spoke`` or the end of the interval."""
        self.advance(now)
        if self._spoke or now < self._moment:
            return False
        if self._heard >= self._redundancy:
            self._spoke = True
            self._silenced = min(self._silenced + 1, self._turns)
            return False
        return True

    def rides(self, now: float) -> bool:
        """Whether to speak already now, where it costs little: not in the first half, which is for listening,
        but when that began with own news; not when another has said it.
        """
        self.advance(now)
        listening = self._begun < now < self._end - self.interval / 2
        return not self._spoke and self._heard < self._redundancy and not listening

    def advance(self, now: float) -> bool:
        """Let intervals end that are over. True when a new one has begun."""
        begun = False
        while now >= self._end:
            # After a long sleep of the process the intervals that were slept through are skipped.
            start = self._end if now - self._end < self.longest else now
            self._begin(start, min(2 * self.interval, self.longest))
            begun = True
        return begun

    def spoke(self) -> None:
        """The message has been said; nothing more in this interval."""
        self._spoke = True
        self._silenced = 0
