"""Records that somebody waits for, until their hub has shown to hold them.

A payment or an answer to one is for a single hub. Trickle alone would mend its loss within
minutes; people stand at the counter. So beside it runs a small handshake of summaries, for
records with one destination:

1. *Owed.* Who sent such records says so again, by a summary, after about 8 frame times, and then
   ever more slowly, until their destination shows to hold them: by a summary that reaches them,
   or by sending us an answer for each payment. A summary of the destination that does *not*
   reach them is as good as an ask: the frame is repeated at once.
2. *Receipt.* Who got such records and has nothing to send to their hub says a summary soon. If a
   summary of that hub is heard shortly after, the receipt was lost: it is said again, three
   times at most.
3. *Bridge.* Who merely overheard records between two others does as in 1, but later and only a
   few times: the two may not hear each other. Another bridge's summary counts as ours.

One entry for each feed and destination, at most 64. Nothing here is durable and nothing must
be: Trickle finds whatever this forgets.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.radio.control import Mark
from appliance.radio.pace import Pace
from appliance.radio.ports import Span

ANSWERS: Final = frozenset({Kind.ACCEPTED, Kind.RETURNED})
ANSWERED: Final = frozenset({Kind.SENT})

_Key = tuple[int, int, int]
"""A feed (hub and incarnation), and the destination."""


@dataclass(slots=True)
class _Owed:
    numbers: tuple[int, ...]
    last: int
    due: float
    delay: float
    tries: int
    unanswered: int
    """Payments without an answer so far; -1 where other records are owed too, which nothing answers."""


@dataclass(slots=True)
class _Receipt:
    due: float
    said: int
    until: float


class Owed:
    """What one hub owes others, and the receipts it owes them."""

    def __init__(self, hub: int, rng: Random, frame: float, pace: Pace) -> None:
        self._hub, self._rng, self._pace = hub, rng, pace
        self.frame_time = frame
        self._owed: dict[_Key, _Owed] = {}
        self._receipts: dict[int, _Receipt] = {}

    @property
    def wake(self) -> float:
        """When the next summary is due for the sake of these; infinite when none is."""
        dues = [entry.due for entry in self._owed.values()]
        dues += [receipt.due for receipt in self._receipts.values()]
        return min(dues, default=float("inf"))

    def owing(self) -> tuple[int, ...]:
        """The hubs to which own records are on the way."""
        return tuple(sorted({to for hub, _, to in self._owed if hub == self._hub}))

    # ----------------------------------------------------------------------------------------- what was sent or arrived

    def due(self, now: float) -> frozenset[int]:
        """The feeds that a summary for the sake of these must name now."""
        feeds = {feed for (feed, _, _), entry in self._owed.items() if entry.due <= now}
        return frozenset(feeds | {hub for hub, receipt in self._receipts.items() if receipt.due <= now})

    def on_air(self, records: Iterable[Record], now: float, *, urgent: bool = True) -> None:
        """Records that we sent, or overheard, for the first time; ``urgent``: somebody waits for them."""
        for record in records:
            if record.to in (EVERYONE, self._hub):
                continue
            if urgent:
                self._owe(record, now)
            if record.hub == self._hub:
                # What we send a hub also shows that we heard it.
                self._receipts.pop(record.to, None)

    def _owe(self, record: Record, now: float) -> None:
        key = (record.hub, record.incarnation, record.to)
        before = self._owed.pop(key, None)
        delay = self._pace.owed.draw(self._rng, self.frame_time)
        numbers = (*(before.numbers if before else ()), record.number)[-self._pace.owed_numbers :]
        unanswered = before.unanswered if before else 0
        unanswered = -1 if record.kind not in ANSWERED or unanswered < 0 else unanswered + 1
        due = now + delay if record.hub == self._hub else float("inf")
        self._owed[key] = _Owed(numbers, max(numbers), due, delay, 0, unanswered)
        while len(self._owed) > self._pace.owed_entries:
            del self._owed[next(iter(self._owed))]

    def arrived(self, records: Iterable[Record], now: float) -> None:
        """Records that came in for the first time, of one hub."""
        fresh = list(records)
        for record in fresh:
            if record.kind in ANSWERS and record.to != EVERYONE:
                self._answered(record)
        ours = [record for record in fresh if record.to == self._hub]
        if any(record.kind in ANSWERS for record in ours):
            due = now + self._pace.receipt.draw(self._rng, self.frame_time)
            self._receipts[fresh[0].hub] = _Receipt(due, 0, float("inf"))
        elif ours:
            # A payment will be answered. Whoever still waits for a sign says so, and gets one then.
            until = now + self._pace.receipt_memory * self.frame_time
            self._receipts[fresh[0].hub] = _Receipt(float("inf"), 0, until)
        self.on_air((record for record in fresh if record.hub != self._hub), now)

    def _answered(self, answer: Record) -> None:
        """A hub answered one payment: it holds that one, and most likely those before."""
        for key, entry in list(self._owed.items()):
            hub, _, to = key
            if (hub, to) == (answer.to, answer.hub) and entry.unanswered > 0:
                entry.unanswered -= 1
                if not entry.unanswered:
                    del self._owed[key]

    # ----------------------------------------------------------------------------------------------- summaries

    def shown(self, hub: int, positions: Mapping[int, Mark], now: float, *, waits: bool) -> list[Span]:
        """``hub`` said a summary. The records of ours, or that we overheard, which it waits for.

        Args:
            waits: whether it says by this summary that somebody waits.
        """
        lacking: list[Span] = []
        for key, entry in list(self._owed.items()):
            feed, incarnation, to = key
            mark = positions.get(feed)
            if mark is None:
                continue
            if to == hub:
                if mark >= Mark(incarnation, entry.last):
                    del self._owed[key]
                else:
                    numbers = [n for n in entry.numbers if Mark(incarnation, n) > mark]
                    lacking.append(Span(feed, incarnation, min(numbers), max(numbers)))
            elif feed == hub and waits:
                # It says that it waits for a sign of the other: the two may not hear each other.
                wait = self._pace.relayed.draw(self._rng, self.frame_time)
                entry.due = min(entry.due, now + wait)
            elif feed not in (self._hub, hub) and mark >= Mark(incarnation, entry.last):
                # Another bridge has said it; one is enough for now.
                self._again(key, entry, now)
        receipt = self._receipts.get(hub)
        asked = waits and hub in positions and receipt is not None and receipt.due == float("inf")
        if receipt and now < receipt.until and (receipt.said or asked):
            receipt.due = now + self._pace.receipt_again.draw(self._rng, self.frame_time)
        return lacking

    def alive(self, hub: int, now: float) -> None:
        """``hub`` was heard, and has not shown what we wait for: patience begins anew."""
        for (feed, _, to), entry in self._owed.items():
            if to == hub and feed == self._hub:
                entry.delay = self._pace.owed.draw(self._rng, self.frame_time)
                entry.due = min(entry.due, now + entry.delay)

    def said(self, feeds: Container[int], now: float) -> None:
        """We said a summary of these feeds: it serves for what is owed of them."""
        for key, entry in list(self._owed.items()):
            if key[0] in feeds:
                self._again(key, entry, now)
        for hub, receipt in list(self._receipts.items()):
            if hub not in feeds:
                continue
            if receipt.due != float("inf"):
                receipt.said += 1
                receipt.due = float("inf")
                receipt.until = now + self._pace.receipt_memory * self.frame_time
            if receipt.said >= self._pace.receipts or now >= receipt.until:
                del self._receipts[hub]

    def _again(self, key: _Key, entry: _Owed, now: float) -> None:
        entry.tries += 1
        if key[0] != self._hub:
            entry.due = float("inf")
            if entry.tries >= self._pace.relayed_tries:
                del self._owed[key]
            return
        # A summary said for another reason, before this one was due, costs it no patience.
        if entry.due <= now and entry.tries > self._pace.owed_patience:
            entry.delay = min(entry.delay * self._pace.growth, self._pace.summary_max_seconds)
        entry.due = now + entry.delay * self._rng.uniform(1.0, 1.2)
