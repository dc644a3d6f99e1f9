"""What a hub does for its neighbours by itself, now and then, when the air is free.

Names and listings go on the feed a few at a time, never while a payment waits; positions are
told when something has crossed; what was held for too long goes back. Each is a command by rule
in the book: this file only decides when to try.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from appliance.ledger.clock import Quality
from appliance.ledger.post import Post

AT_ONCE: Final = 6
"""Items of names and listings that go on the feed together: about one frame of them."""

QUIET: Final = 0.10
"""With more of the channel in use than this, listings wait."""


@dataclass(slots=True)
class _Chore:
    due: float
    low: float
    high: float
    do: Callable[[], int]
    again: bool = False
    """Whether it is due again at once when something was done: there may be more."""


class Chores:
    """The chores of one hub.

    Args:
        free: whether nothing waits to be sent and the channel is quiet.
    """

    def __init__(self, post: Post, rng: Random, free: Callable[[], bool], *, now: float) -> None:
        self._post, self._rng, self._free = post, rng, free
        self._chores = (
            _Chore(now + 5.0, 20.0, 60.0, self._publish),
            _Chore(now + 30.0, 240.0, 360.0, self._tell),
            _Chore(now + 60.0, 3300.0, 3900.0, self._expire),
            # What a busy book put off, or was more than one go. (What arrives is settled at once.)
            _Chore(now, 5.0, 10.0, self._settle, again=True),
        )

    def do(self, now: float) -> int:
        """Do what is due; how many things were done, so that others look whether records wait.

        Raises:
            HubError: the book is busy or cannot be written; it is due again at its next time.
        """
        done = 0
        for chore in self._chores:
            if chore.due <= now:
                chore.due = now + self._rng.uniform(chore.low, chore.high)
                count = chore.do()
                if count and chore.again:
                    chore.due = now
                done += count
        return done

    def _settle(self) -> int:
        return self._post.settle() + self._post.take_up()

    def _publish(self) -> int:
        return self._post.publish(AT_ONCE) if self._free() else 0

    def _tell(self) -> int:
        return self._post.tell() if self._free() else 0

    def _expire(self) -> int:
        # Nothing expires by a clock that nobody has vouched for (docs/design.md 6).
        if self._post.hub.clock.now().quality < Quality.KEEPER:
            return 0
        return self._post.expire()
