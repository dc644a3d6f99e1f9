"""The hub's time in the book: keepers set it, better sources put it right, and what it cannot be before.

An entry's own time is what the hub believed before the change; its order is its number, as always.

======================  =====================================================================
one keeper              a day to or fro of where the boot began; further when it is the only
                        keeper in office, with a reason
two keepers (``SET``)   any time, also before the floor: the village knows better
the hub (``clock``)     when an RTC or the internet say that it was wrong (``ledger.timekeeper``)
======================  =====================================================================

The *floor* is the time of the newest entry of RTC quality or better, or what a later change set
it to. What is doubtful never raises it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.clock_changes import last_change
from appliance.ledger.book.local import Note
from appliance.ledger.book.schema_clock import ClockChange, ClockRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import BUILT, LATEST, Clock, Instant, Millis, Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.life import refuse_reason

DAY_MS: Final = 86_400_000

FURTHEST: Final = 200 * 366 * DAY_MS
"""No change is larger."""

FLOOR, MESH, PHONE, KEEPERS, RTC, MACHINE, NTP = "floor", "mesh", "phone", "keepers", "rtc", "machine", "ntp"
"""Where the present time came from (``ClockRow.source``)."""

Terms = Mapping[str, Any]

# A boot is named as Linux names it, or in few letters where it has no name.
_boot = shape.word

_SHAPE: Final = {
    "boot": _boot,
    "zero_ms": shape.whole(-FURTHEST, FURTHEST),
    "shift_ms": shape.whole(-FURTHEST, FURTHEST),
}


@dataclass(frozen=True, slots=True)
class SetTime:
    """One keeper sets the hub's time from a phone, or any clock at hand.

    In boot ``boot``, where the hub's time had its zero at ``zero_ms``, it is moved by ``shift_ms``.
    """

    KIND: ClassVar[str] = "set_time"
    VERSION: ClassVar[int] = 1

    boot: str
    zero_ms: int
    shift_ms: int
    reason: str = ""

    def payload(self) -> codec.Body:
        return {"boot": self.boot, "zero_ms": self.zero_ms, "shift_ms": self.shift_ms}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason} if self.reason else {}


@dataclass(frozen=True, slots=True)
class CorrectTime(Wordless):
    """By rule: a source of ``quality`` says that the hub's time was wrong by ``-shift_ms``."""

    KIND: ClassVar[str] = "correct_time"
    VERSION: ClassVar[int] = 1

    boot: str
    zero_ms: int
    shift_ms: int
    quality: Quality
    source: str

    def payload(self) -> codec.Body:
        return {
            "boot": self.boot,
            "zero_ms": self.zero_ms,
            "shift_ms": self.shift_ms,
            "quality": int(self.quality),
        }


# -- what is known ---------------------------------------------------------------------------


def row(tx: Tx) -> ClockRow | None:
    """The hub's clock as this box keeps it; None before there is one."""
    return tx.get(ClockRow, id=1)


def now_ms(tx: Tx, clock: Clock) -> Millis:
    """The hub's own time, for a program beside it; by ``clock`` where no process of the hub has begun this boot."""
    found, up = row(tx), clock.uptime()
    return clock.now().ms if found is None or found.boot != up.boot else Millis(found.zero_ms + up.ms)


def floor(tx: Tx, after: int = 0, known: int = 0) -> int:
    """What the hub's time cannot be before, in milliseconds; 0 when nothing says so.

    Args:
        after, known: entries up to ``after`` need not be read again: they gave ``known``.
    """
    change = last_change(tx)
    if change is not None and change.entry >= after:
        after, known = change.entry, change.floor_ms
    for entry in chain.backwards(tx, after):
        if entry.act.at.quality >= Quality.RTC:
            return entry.act.at.ms
    return known


_FLOOR_NOTE: Final = "clock_floor"


def kept_floor(tx: Tx) -> int:
    """As ``floor``, without reading again what was read at the last start."""
    note = tx.get(Note, name=_FLOOR_NOTE)
    entry, known = (int(part) for part in note.value.split()) if note else (0, 0)
    return floor(tx, entry, known) if entry <= chain.head(tx).number else floor(tx)


def keep_floor(tx: Tx) -> None:
    """Remember what the book says by now, for the next start."""
    tx.put(Note, name=_FLOOR_NOTE, value=f"{chain.head(tx).number} {kept_floor(tx)}")


def newest(tx: Tx) -> int:
    """The time after the newest entry: what was certainly reached, if the hub was right; 0: no entry."""
    head = chain.head(tx)
    change = last_change(tx)
    if change is not None and change.entry == head.number:
        return int(change.to_ms)
    entry = chain.by_number(tx, head.number)
    return 0 if entry is None else int(entry.act.at.ms)


# -- deciding --------------------------------------------------------------------------------


def needs_two(tx: Tx, zero_ms: int, up_ms: int) -> bool:
    """Whether a zero of ``zero_ms`` is further than one keeper, or the mesh, may lead.

    ``up_ms``: the time since boot now.
    """
    now = row(tx)
    before = now is None or zero_ms + up_ms < max(BUILT, kept_floor(tx))
    return before or now is None or abs(zero_ms - now.base_ms) > DAY_MS or now.quality > Quality.KEEPER


def refuse_now(tx: Tx, terms: Terms) -> Refusal | None:
    """Why a change of these terms cannot be made now: the hub's time was moved since, or began anew."""
    now = row(tx)
    if now is None or now.boot != terms["boot"] or now.zero_ms != terms["zero_ms"]:
        return Refusal(Code.CLOCK_MOVED, {}, (Action.TRY_AGAIN,))
    return None


def refuse_time(at: Instant, shift_ms: int) -> Refusal | None:
    """Why ``at`` cannot be moved so far: nobody lives before this release was made."""
    if not BUILT <= at.ms + shift_ms <= LATEST:
        return Refusal(Code.CLOCK_WRONG, {"built_ms": BUILT}, (Action.TRY_AGAIN,))
    return None


def _alone(tx: Tx, at: Instant, shift_ms: int) -> bool:
    """Whether the book lets one keeper of several do this."""
    near = abs(shift_ms) <= 2 * DAY_MS and at.quality <= Quality.KEEPER
    return near and at.ms + shift_ms >= floor(tx)


def _decide_set(tx: Tx, command: SetTime, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    payload = command.payload()
    if refusal := refuse_now(tx, payload) or refuse_time(asking.at, command.shift_ms):
        return refusal
    up_ms = asking.at.ms - command.zero_ms
    if not needs_two(tx, command.zero_ms + command.shift_ms, up_ms):
        return {}
    keepers = len(powers.keepers(tx))
    if keepers > 1:
        return Refusal(Code.CLOCK_FAR, {"keepers": keepers}, (Action.PROPOSE,))
    return refuse_reason(command.reason) or {}


def _may_set(tx: Tx, entry: Entry) -> bool:
    alone = len(powers.keepers(tx)) == 1 and entry.act.private_digest is not None
    shift = entry.act.payload["shift_ms"]
    return powers.by_keeper(tx, entry) and (alone or _alone(tx, entry.act.at, shift))


def _decide_correct(tx: Tx, command: CorrectTime, asking: Asking) -> codec.Body | Refusal:
    refused = refuse_now(tx, command.payload()) or refuse_time(asking.at, command.shift_ms)
    return refused or {}


def apply(tx: Tx, entry: Entry, shift_ms: int, quality: Quality) -> None:
    """Write down that the hub's time was moved by ``entry``."""
    # The entry itself bears the time that was wrong: it is no floor.
    at, known = entry.act.at, _floor_before(tx, entry.number)
    to_ms = at.ms + shift_ms
    tx.insert(
        ClockChange,
        entry=entry.number,
        from_ms=at.ms,
        from_quality=int(at.quality),
        to_ms=to_ms,
        quality=int(quality),
        floor_ms=to_ms if quality >= Quality.RTC else min(known, to_ms),
    )


def _floor_before(tx: Tx, number: int) -> int:
    change = last_change(tx)
    after, known = (change.entry, change.floor_ms) if change else (0, 0)
    for entry in chain.backwards(tx, after, number):
        if entry.act.at.quality >= Quality.RTC:
            return int(entry.act.at.ms)
    return int(known)


def _apply_set(tx: Tx, entry: Entry) -> None:
    apply(tx, entry, entry.act.payload["shift_ms"], Quality.KEEPER)


def _apply_correct(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    apply(tx, entry, p["shift_ms"], Quality(p["quality"]))


# -- the box follows the book ---------------------------------------------------------------


def move(tx: Tx, shift_ms: int, quality: Quality, source: str) -> None:
    """Move this box's clock, in the transaction of the entry that says so."""
    now = row(tx)
    if now is None:
        return
    zero = now.zero_ms + shift_ms
    trusted = source != PHONE
    tx.update(
        ClockRow,
        {"id": 1},
        zero_ms=zero,
        quality=int(quality),
        source=source,
        base_ms=zero if trusted else now.base_ms,
        saved_ms=0,
    )


def _attach_set(tx: Tx, entry: Entry, command: SetTime) -> None:
    up_ms = entry.act.at.ms - command.zero_ms
    far = needs_two(tx, command.zero_ms + command.shift_ms, up_ms)  # then it was the only keeper
    move(tx, command.shift_ms, Quality.KEEPER, KEEPERS if far else PHONE)


def _attach_correct(tx: Tx, _entry: Entry, command: CorrectTime) -> None:
    move(tx, command.shift_ms, command.quality, command.source)


TERMS: Final = _SHAPE
"""What two keepers agree on: the fields of ``SetTime``."""

HANDLERS = (
    Handler(SetTime, _decide_set, _apply_set, _may_set, _SHAPE, attach=_attach_set),
    Handler(
        CorrectTime,
        _decide_correct,
        _apply_correct,
        lambda _tx, entry: entry.act.authority == "hub:clock",
        {**_SHAPE, "quality": shape.whole(int(Quality.RTC), int(Quality.NTP))},
        ("hub",),
        _attach_correct,
    ),
)
