"""How much a hub may send: the channel is shared with strangers, and with law.

Rules (docs/design.md 7):

1. *The channel.* Of the last minute, all that was on the air counts, own and heard. Asks, summaries and all
   about proofs of care stop when it reaches 18 %, repairs at 20 %, own records at 25 %, everything at 40 %. So when it
   gets crowded the old yields to the new. Asks and summaries, which lead to asks, must stop before answers do: with the order
   turned, 64 hubs were seen to fill the channel with asks that nobody was allowed to answer, and with summaries that
   left no room for records (docs/decisions/0063). A minute is what Meshtastic's own utilisation covers; its firmware holds nothing of ours back.
2. *The law.* Of the last hour, own sending stays within half the regional duty cycle (the other
   half is the radio's: it relays for others, and names itself). Repairs and proofs stop at 70 % of that
   half: a hub that mended its neighbours' feeds all hour can still send its members' payments.
3. *The radio knows more.* It hears strangers and counts its own relaying. Its figures, while
   fresh, count where they are higher than ours.
4. *The radio may refuse.* Then nothing is sent for as long as it says.

Memory is a fixed number of time slots, however much is heard.
"""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from appliance.radio.events import Sending
from appliance.radio.ports import Airtime

CHANNEL_LIMITS: Final[Mapping[Sending, float]] = MappingProxyType(
    {
        Sending.REPAIR: 0.20,
        Sending.DATA: 0.25,
        Sending.ASK: 0.18,
        Sending.SUMMARY: 0.18,
        Sending.CERTIFICATE: 0.40,
        Sending.PROOF: 0.18,
    }
)
OWN_SHARES: Final[Mapping[Sending, float]] = MappingProxyType(
    {
        Sending.REPAIR: 0.70,
        Sending.DATA: 1.0,
        Sending.ASK: 1.0,
        Sending.SUMMARY: 1.0,
        Sending.CERTIFICATE: 1.0,
        Sending.PROOF: 0.70,
    }
)
CHANNEL_SECONDS: Final = 60.0
OWN_SECONDS: Final = 3600.0
FIGURES_SECONDS: Final = 90.0
"""The radio tells its figures to the host every 60 s, give or take: they count until the next ones have had time to come."""

LONGEST_WAIT: Final = 3600.0
"""A radio that asks for more is asked again after this."""


class Window:
    """Seconds of airtime in the last ``span`` seconds, in slots of ``slot`` seconds.

    A slot leaves as a whole ``span`` after its end, so the sum is never too low.
    """

    def __init__(self, span: float, slot: float) -> None:
        self._span, self._slot = span, slot
        self._slots: deque[tuple[int, float]] = deque()
        self._sum = 0.0

    def _gone(self, slot: int) -> float:
        return (slot + 1) * self._slot + self._span

    def add(self, now: float, seconds: float) -> None:
        slot = int(now // self._slot)
        if self._slots and self._slots[-1][0] >= slot:
            last, sum_ = self._slots.pop()
            self._slots.append((last, sum_ + seconds))
        else:
            self._slots.append((slot, seconds))
        self._sum += seconds

    def total(self, now: float) -> float:
        if self._slots and self._gone(self._slots[0][0]) <= now:
            while self._slots and self._gone(self._slots[0][0]) <= now:
                self._slots.popleft()
            # Not by subtraction: rounding would add up over months.
            self._sum = sum(seconds for _, seconds in self._slots)
        return self._sum

    def below(self, limit: float, now: float) -> float:
        """The first moment from ``now`` at which the sum is below ``limit``, or nothing is left."""
        when, left = now, self.total(now)
        if left < limit:
            return now
        for place, (slot, _) in enumerate(self._slots, 1):
            when, left = self._gone(slot), sum(seconds for _, seconds in islice(self._slots, place, None))
            if left < limit:
                break
        return when


class Governor:
    """Says when a packet of a kind may be sent.

    Args:
        duty_cycle: the region's, from 0 to 1; 1 where there is none.
        frame: the airtime of the longest packet, kept in reserve so that the hour's budget holds.
        shared: whether others use the channel; where none do, there are no bounds of rule 1.
    """

    def __init__(self, duty_cycle: float, frame: float, *, shared: bool = True) -> None:
        if not 0 < duty_cycle <= 1:
            raise ValueError("a duty cycle is above 0 and at most 1")
        self._budget = duty_cycle / 2
        self._frame = frame
        self._limits = CHANNEL_LIMITS if shared else dict.fromkeys(Sending, 1.0)
        self._channel = Window(CHANNEL_SECONDS, 1.0)
        self._own = Window(OWN_SECONDS, 60.0)
        self._figures = Airtime(0.0, 0.0)
        self._figures_end = self._held_until = float("-inf")

    def heard(self, now: float, seconds: float) -> None:
        """Another's packet was on the air for so long."""
        self._channel.add(now, seconds)

    def sent(self, now: float, seconds: float) -> None:
        """An own packet was."""
        self._channel.add(now, seconds)
        self._own.add(now, seconds)

    def figures(self, now: float, figures: Airtime) -> None:
        """What the radio measured itself."""
        self._figures, self._figures_end = figures, now + FIGURES_SECONDS

    def refused(self, now: float, wait: float) -> None:
        """The radio wants nothing for ``wait`` seconds."""
        self._held_until = max(self._held_until, now + min(max(wait, 0.0), LONGEST_WAIT))

    def retune(self, duty_cycle: float, frame: float) -> None:
        """Another preset or region from now on; what has been counted stays."""
        self._budget, self._frame = duty_cycle / 2, frame

    def channel_use(self, now: float) -> float:
        """The channel's use in the last minute, from 0 to 1 (more where the count is too high)."""
        ours = self._channel.total(now) / CHANNEL_SECONDS
        return max(ours, self._figures.channel) if now < self._figures_end else ours

    def own_use(self, now: float) -> float:
        """Own sending in the last hour, from 0 to 1."""
        ours = self._own.total(now) / OWN_SECONDS
        return max(ours, self._figures.own) if now < self._figures_end else ours

    def when(self, sending: Sending, now: float) -> float:
        """The first moment from ``now`` at which this may be sent, if nothing else is on the air till then."""
        channel = self._limits[sending]
        own = self._budget * OWN_SHARES[sending]
        when = max(
            now,
            self._held_until,
            self._channel.below(channel * CHANNEL_SECONDS, now),
            self._own.below(max(own * OWN_SECONDS - self._frame, 0.0), now),
        )
        if self._figures.channel >= channel or self._figures.own >= own:
            when = max(when, self._figures_end)
        return when
