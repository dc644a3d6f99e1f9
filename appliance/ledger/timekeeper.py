"""The hub's own time: the best source known, as an offset against the time since boot. No root is needed.

The machine's wall clock is read and never set. What is known stands in one local row, so that the
portal, the radio's process and the commands of one box agree; a step of the wall clock moves
nothing by itself. Sources, weakest first:

=========  ======================================================================================
floor      where the last boot got to; never before the floor of the book, nor this release's date
mesh       the radio's node; forward only, at most a day from where the boot began
phone      a keeper's phone: by the book (``people.timing``), one keeper up to a day, two any time
rtc        a clock with a battery: not before the floor, and seen to tick
machine    the wall clock of a machine that others keep right (``clock = "machine"`` in hub.toml)
ntp        the wall clock while the kernel says that it is kept right from outside
=========  ======================================================================================

Backwards the hub's time goes only by an entry in the book (``CorrectTime``, or keepers), and by
nothing under five minutes: so far ahead it waits. Where a keeper's time or a better one jumps forward
by more than that while the hub runs, it is an entry as well, so that what waits is not cut short.
"""

import logging
import threading
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.command import Book
from appliance.ledger.book.schema_clock import ClockRow
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import (
    BUILT,
    LATEST,
    Instant,
    Machine,
    Millis,
    Quality,
    Uptime,
    this_machine,
)
from appliance.ledger.errors import HubError, Refusal
from appliance.ledger.people import timing
from appliance.ledger.people.timing import DAY_MS, CorrectTime

_log = logging.getLogger(__name__)

HOLD_MS: Final = 5 * 60_000
"""So much later than a better source the hub's time may be: it is not set back for less."""

NEAR_MS: Final = 2_000
"""Two clocks that differ by less say the same; an RTC counts whole seconds."""

LOOK_MS: Final = 1_000
"""The least time between two looks at the sources."""

SAVE_MS: Final = 3_600_000
"""How often it is written down that time has passed, where no entry says so: a card wears out by writing."""

TICK_MS: Final = 10_000
"""So long an RTC is watched before it is believed, unless the wall clock, set by it at boot, has run along."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known in a boot; the fields are those of ``ClockRow``."""

    boot: str
    zero_ms: int
    quality: Quality
    source: str
    base_ms: int
    rtc_wrong_ms: int | None = None

    @classmethod
    def of(cls, row: ClockRow) -> "Kept":
        """What the row says."""
        return cls(row.boot, row.zero_ms, Quality(row.quality), row.source, row.base_ms, row.rtc_wrong_ms)


@dataclass(frozen=True, slots=True)
class Reading:
    """A source's word: the hub's time would be ``zero_ms`` and the time since boot."""

    source: str
    quality: Quality
    zero_ms: int


class What(Enum):
    """What follows from a reading."""

    NOTHING = "nothing"
    TAKE = "take"
    """It becomes the hub's time at once."""
    CORRECT = "correct"
    """It does by an entry in the book."""
    DISTRUST = "distrust"
    """An RTC that a better source contradicts."""


def judge(kept: Kept, reading: Reading, up_ms: int, floor_ms: int) -> What:
    """What follows from ``reading`` at ``up_ms`` since boot, when the floor is ``floor_ms``."""
    at_ms, ahead = reading.zero_ms + up_ms, reading.zero_ms - kept.zero_ms
    if not BUILT <= at_ms <= LATEST:
        return What.NOTHING
    if reading.quality is Quality.MESH:
        return _judge_mesh(kept, reading, ahead)
    if reading.source == timing.RTC and (verdict := _judge_rtc(kept, at_ms, ahead, floor_ms)) is not None:
        return verdict
    if reading.quality < kept.quality:
        return What.NOTHING
    if -HOLD_MS <= ahead <= NEAR_MS:
        return What.TAKE if reading.quality > kept.quality else What.NOTHING
    if ahead > 0 and (kept.quality < Quality.KEEPER or ahead <= HOLD_MS):
        return What.TAKE
    return What.CORRECT


def _judge_mesh(kept: Kept, reading: Reading, ahead: int) -> What:
    """A node that anybody in reach may have set: it never sets back, and never leads far."""
    far = reading.zero_ms - kept.base_ms > DAY_MS
    if kept.quality > Quality.MESH or far or ahead < -HOLD_MS:
        return What.NOTHING
    if kept.quality is Quality.MESH and ahead < 60_000:
        return What.NOTHING
    return What.TAKE


def _judge_rtc(kept: Kept, at_ms: int, ahead: int, floor_ms: int) -> What | None:
    wrong = kept.rtc_wrong_ms
    still_wrong = wrong is not None and (at_ms >= wrong if wrong > 0 else at_ms < -wrong)
    if still_wrong or at_ms < floor_ms - HOLD_MS:
        return What.NOTHING
    if kept.source in (timing.KEEPERS, timing.NTP) and abs(ahead) > DAY_MS:
        return What.DISTRUST
    return None


def taken(kept: Kept, reading: Reading) -> Kept:
    """What is known once ``reading`` is taken. Nothing goes back: what is a little behind is held."""
    zero = max(kept.zero_ms, reading.zero_ms)
    trusted = reading.quality >= Quality.RTC
    base = zero if trusted else kept.base_ms
    return replace(kept, zero_ms=zero, quality=reading.quality, source=reading.source, base_ms=base)


def _other_boot(row: ClockRow, up: Uptime) -> bool:
    """Whether the row is of an earlier boot; where boots have no names, its time is yet to come."""
    return bool(row.boot != up.boot or row.zero_ms + up.ms < row.saved_ms)


class HubClock:
    """The clock of a hub. Threads may share it; ``now`` asks no file and no database.

    Args:
        book: where it is kept, and where corrections are written.
        machine: the clocks that are there.
        trust_wall: others keep this machine's wall clock right (``clock = "machine"``).
    """

    def __init__(self, book: Book, machine: Machine | None = None, trust_wall: bool = False) -> None:
        self.book, self._machine, self._trust_wall = book, machine or this_machine(), trust_wall
        self._looking = threading.Lock()
        up = self._machine.uptime()
        self._kept = Kept(up.boot, BUILT - up.ms, Quality.FLOOR, timing.FLOOR, BUILT - up.ms)
        self._floor = 0
        self._looked_ms = -LOOK_MS
        self._saved_up_ms = up.ms
        self._wall_zero = self._machine.wall_ms() - up.ms
        self._rtc_first: tuple[int, int] | None = None
        self._trouble = ""
        self.look()

    def now(self) -> Instant:
        kept = self._kept
        return Instant(Millis(kept.zero_ms + self._machine.uptime().ms), kept.quality)

    def uptime(self) -> Uptime:
        return self._machine.uptime()

    def look(self, at_once: bool = False) -> None:
        up = self._machine.uptime()
        soon = up.ms - self._looked_ms < LOOK_MS
        if (soon and not at_once) or not self._looking.acquire(blocking=at_once):
            return
        try:
            self._looked_ms = up.ms
            self._refresh(up)
            for reading in self._readings(up):
                self._hear(reading, up)
            self._save(up)
            self._trouble = ""
        except HubError as error:
            # The time goes on as it did; what cannot be written is tried again.
            if str(error) != self._trouble:
                _log.error("clock=not_kept reason=%s", error)
            self._trouble = str(error)
        finally:
            self._looking.release()

    def mesh(self, at_ms: int) -> None:
        """The radio's node says that it is ``at_ms`` now. One that says nonsense changes nothing."""
        up = self._machine.uptime()
        with self._looking:
            try:
                self._hear(Reading(timing.MESH, Quality.MESH, at_ms - up.ms), up)
            except HubError as error:
                _log.error("clock=not_kept reason=%s", error)

    # -- what the box keeps

    def _refresh(self, up: Uptime) -> None:
        """What the row says; a new one when the boot is new."""
        with self.book.store.read() as tx:
            row = timing.row(tx)
        if row is None or _other_boot(row, up):
            with self.book.store.write() as tx:
                row = timing.row(tx)
                if row is None or _other_boot(row, up):
                    row = self._begin(tx, row, up)
        kept = Kept.of(row)
        if kept.zero_ms != self._kept.zero_ms:
            with self.book.store.read() as tx:
                self._floor = timing.kept_floor(tx)
        self._kept = kept

    def _begin(self, tx: Tx, before: ClockRow | None, up: Uptime) -> ClockRow:
        """A boot begins where the last one got to, as far as anybody knows."""
        timing.keep_floor(tx)
        start = max(BUILT, timing.kept_floor(tx), timing.newest(tx), before.saved_ms if before else 0)
        zero = min(start, LATEST) - up.ms
        wrong = before.rtc_wrong_ms if before else None
        tx.put(
            ClockRow,
            id=1,
            boot=up.boot,
            zero_ms=zero,
            quality=int(Quality.FLOOR),
            source=timing.FLOOR,
            base_ms=zero,
            saved_ms=zero + up.ms,
            rtc_wrong_ms=wrong,
        )
        row = timing.row(tx)
        assert row is not None  # it was put there in this transaction
        return row

    def _save(self, up: Uptime) -> None:
        if up.ms - self._saved_up_ms < SAVE_MS:
            return
        self._saved_up_ms = up.ms
        with self.book.store.write() as tx:
            row = timing.row(tx)
            if row is not None and row.boot == up.boot:
                tx.update(ClockRow, {"id": 1}, saved_ms=row.zero_ms + up.ms)

    # -- the sources

    def _readings(self, up: Uptime) -> list[Reading]:
        wall_zero = self._machine.wall_ms() - up.ms
        stepped = wall_zero - self._wall_zero
        self._wall_zero = wall_zero
        if abs(stepped) > NEAR_MS:
            _log.warning("clock=machine_stepped by_ms=%d", stepped)
        found = []
        if self._machine.synchronised():
            found.append(Reading(timing.NTP, Quality.NTP, wall_zero))
        if self._trust_wall:
            found.append(Reading(timing.MACHINE, Quality.RTC, wall_zero))
        if (rtc := self._rtc(up, wall_zero)) is not None:
            found.append(Reading(timing.RTC, Quality.RTC, rtc))
        return found

    def _rtc(self, up: Uptime, wall_zero: int) -> int | None:
        """The zero that the RTC says, once it is seen to tick."""
        said = self._machine.rtc_ms()
        if said is None:
            self._rtc_first = None
            return None
        zero = said - up.ms
        if up.ms > TICK_MS and abs(zero - wall_zero) <= NEAR_MS:
            return zero
        if self._rtc_first is None or abs(self._rtc_first[1] - zero) > NEAR_MS:
            self._rtc_first = (up.ms, zero)  # it was set meanwhile, or stands still
            return None
        return zero if up.ms - self._rtc_first[0] >= TICK_MS else None

    def _hear(self, reading: Reading, up: Uptime) -> None:
        verdict = judge(self._kept, reading, up.ms, self._floor)
        if verdict is not What.NOTHING and reading.source == timing.RTC:
            with self.book.store.read() as tx:  # entries have raised it since
                self._floor = timing.kept_floor(tx)
            verdict = judge(self._kept, reading, up.ms, self._floor)
        if verdict is What.NOTHING:
            return
        before = self._kept
        if verdict is What.CORRECT:
            self._correct(before, reading)
        else:
            self._keep(reading, up, verdict)
        if self._kept != before:
            now = self._kept
            shift = now.zero_ms - before.zero_ms
            _log.info("clock=%s source=%s quality=%d by_ms=%d", verdict.value, now.source, now.quality, shift)

    def _keep(self, reading: Reading, up: Uptime, verdict: What) -> None:
        """Take it, unless another process was quicker."""
        with self.book.store.write() as tx:
            row = timing.row(tx)
            if row is None or row.boot != up.boot:
                return
            kept = Kept.of(row)
            if judge(kept, reading, up.ms, timing.kept_floor(tx)) is verdict:
                kept = self._after(kept, reading, up, verdict)
                tx.update(
                    ClockRow,
                    {"id": 1},
                    zero_ms=kept.zero_ms,
                    quality=int(kept.quality),
                    source=kept.source,
                    base_ms=kept.base_ms,
                    rtc_wrong_ms=kept.rtc_wrong_ms,
                )
        self._kept = kept

    def _after(self, kept: Kept, reading: Reading, up: Uptime, verdict: What) -> Kept:
        if verdict is What.DISTRUST:
            ahead = reading.zero_ms > kept.zero_ms
            wrong = reading.zero_ms + up.ms if ahead else -(kept.zero_ms + up.ms)
            return replace(kept, rtc_wrong_ms=wrong)
        return taken(kept, reading)

    def _correct(self, before: Kept, reading: Reading) -> None:
        """By an entry, which moves the row in its own transaction; the other process may be quicker."""
        shift = reading.zero_ms - before.zero_ms
        command = CorrectTime(before.boot, before.zero_ms, shift, reading.quality, reading.source)
        named = f"{before.boot} {before.zero_ms} {shift}".encode()
        key = codec.digest("tch.clock", named)[: chain.KEY_BYTES]
        result = self.book.by_rule(command, "clock", key, self.now())
        if isinstance(result, Refusal):
            _log.warning("clock=not_corrected reason=%s", result.code.value)
        self._refresh(self._machine.uptime())
