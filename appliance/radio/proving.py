"""When to say what about proofs of care: asks until all parts are here, parts that were asked for.

As with feeds, an ask is repeated ever more slowly while it brings nothing, what comes puts it off, and the same
part is not said twice within 4 to 6 frame times (``asking``, ``answering``). Each matter is between two hubs and
sealed, so there is nobody else whose words could serve, and nothing to suppress but one's own.

Bounded against a neighbour gone mad: each hub has a purse of parts that fills slowly, and so many parts wait.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from random import Random
from typing import Final

from appliance.radio.pace import Pace

_NEVER: Final = float("inf")


@dataclass(slots=True)
class _Wanted:
    due: float
    vain: int = 0


@dataclass(slots=True)
class _Purse:
    parts: float
    at: float


class Proving:
    """The proofs that one hub asks for, and the parts it is about to say.

    ``ask``: makes the frame that asks for a proof; None when nothing is to be asked. Set by whoever knows keys.
    """

    def __init__(self, rng: Random, frame: float, pace: Pace) -> None:
        self._rng, self._pace = rng, pace
        self.frame_time = frame
        self.ask: Callable[[Hashable], bytes | None] = lambda _key: None
        self._wanted: dict[Hashable, _Wanted] = {}
        self._parts: OrderedDict[bytes, float] = OrderedDict()
        self._aired: OrderedDict[bytes, float] = OrderedDict()
        self._purses: dict[int, _Purse] = {}

    @property
    def wake(self) -> float:
        """When something is due; infinite when nothing is."""
        asks = min((one.due for one in self._wanted.values()), default=_NEVER)
        return min(asks, min(self._parts.values(), default=_NEVER))

    # ------------------------------------------------------------------------------------------- asking

    def want(self, key: Hashable, now: float) -> None:
        """Ask for this proof soon; one that is asked for goes on as it is."""
        if key not in self._wanted:
            self._wanted[key] = _Wanted(now + self._pace.ask_after(1, self._rng, self.frame_time))

    def came(self, key: Hashable, now: float) -> None:
        """A part that was missing has come: more may follow, and what does not is asked for soon."""
        if key in self._wanted:
            self._wanted[key] = _Wanted(now + self._pace.proof_quiet.draw(self._rng, self.frame_time))

    def drop(self, key: Hashable) -> None:
        """It is wanted no more."""
        self._wanted.pop(key, None)

    def vain(self, key: Hashable) -> int:
        """How often it has been asked for since something came."""
        return self._wanted[key].vain if key in self._wanted else 0

    # ---------------------------------------------------------------------------------------- answering

    def afford(self, hub: int, parts: int, now: float) -> bool:
        """Whether ``hub`` may have so many more parts said for it; they are paid for then."""
        most = self._pace.proof_parts
        purse = self._purses.setdefault(hub, _Purse(most, now))
        purse.parts = min(most, purse.parts + (now - purse.at) / self._pace.proof_part_seconds)
        purse.at = now
        if purse.parts < parts:
            return False
        purse.parts -= parts
        return True

    def waits(self, frame: bytes) -> bool:
        """Whether this part is about to be said."""
        return frame in self._parts

    def answer(self, frame: bytes, now: float) -> None:
        """Say this part, once, when it was not on the air just now."""
        if frame in self._parts or len(self._parts) >= self._pace.proof_waiting:
            return
        due = now + self._pace.answer_after(True, 1, self._rng, self.frame_time)
        if (aired := self._aired.get(frame)) is not None:
            due = max(due, aired + self._pace.repeat.draw(self._rng, self.frame_time))
        self._parts[frame] = due

    # ------------------------------------------------------------------------------------------ sending

    def take(self, now: float) -> bytes | None:
        """The frame to send now, if one is due: parts before asks."""
        for frame, due in self._parts.items():
            if due <= now:
                del self._parts[frame]
                self._aired[frame] = now
                while len(self._aired) > self._pace.proof_waiting:
                    self._aired.popitem(last=False)
                return frame
        for key, one in sorted(self._wanted.items(), key=lambda item: item[1].due):
            if one.due > now:
                break
            data = self.ask(key)
            if data is None:
                del self._wanted[key]
                continue
            wait = self._pace.ask_again * self.frame_time * self._pace.growth ** min(one.vain, 32)
            one.due = now + min(wait, self._pace.summary_max_seconds) * self._rng.uniform(1.0, 1.1)
            one.vain += 1
            return data
        return None
