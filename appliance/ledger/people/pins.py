"""PINs: which are accepted, how wrong ones are counted, how long one waits after them.

An attempt is written to disk before it is checked, so pulling the plug does not give another
try. Devices from which a member has signed in before are counted apart from all unknown ones:
whoever types wrong PINs under somebody else's number makes strangers wait, not the member.
All known devices of a member are counted together besides, so that many of them do not give
many times the tries; and all numbers that nobody has share one count, and no row each. Waits are kept as time left within a boot and begin again in full after a reboot, because the
wall clock can be set (design.md 5).
"""

import itertools
import threading
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from appliance.ledger.book.local import Attempt, Device
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Uptime
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.lane import THE_LANE
from appliance.ledger.values import western_digits

SHORTEST, LONGEST = 4, 8
FREE_TRIES: Final = 3
_WAITS_MS: Final = (30_000, 120_000, 600_000, 3_600_000)
"""The wait after the third wrong PIN in a row, after the fourth, ..."""

FREE_TRIES_OF_ALL: Final = 20
"""Wrong PINs in a row from all known devices of a member together, until these wait as well."""

MOST_DEVICES: Final = 8
"""How many devices are known for a member: those from which the member came in last."""

NOBODY: Final = 0
"""Under whose number wrong PINs for numbers that nobody has are counted: no member has it."""

_ALL_KNOWN: Final = b"\xff"
"""In place of a device, for all known ones of a member together. No browser carries it: not UTF-8."""

MOST_WAITING: Final = 4
"""How many derivations may queue behind the one that runs, before people are told to try again."""

MOST_OF_ONE: Final = 3
"""How many of them one caller may have asked for at a time: one queues, the others wait for it."""


def normal(pin: str) -> str:
    """The PIN as it is used: digits of any script become 0-9, spaces go."""
    return western_digits(pin).replace(" ", "").strip()


def refuse_weak(pin: str) -> Refusal | None:
    """The refusal of a PIN that is too short or among the first anybody would try."""
    digits = normal(pin)
    plain = digits.isascii() and digits.isdigit() and SHORTEST <= len(digits) <= LONGEST
    # 1111, 1234, 8765: the first that anybody would try.
    if not plain or {int(b) - int(a) for a, b in itertools.pairwise(digits)} in ({0}, {1}, {-1}):
        return Refusal(Code.PIN_WEAK, {"shortest": SHORTEST, "longest": LONGEST}, (Action.TRY_AGAIN,))
    return None


def wait_after(failures: int, free: int = FREE_TRIES) -> int:
    """Milliseconds to wait after this many wrong PINs in a row, when ``free`` bring the first wait."""
    return 0 if failures < free else _WAITS_MS[min(failures - free, len(_WAITS_MS) - 1)]


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that was counted, and what follows when its PIN is wrong."""

    tries_left: int
    wait_ms: int


@dataclass(frozen=True, slots=True)
class _Count:
    """One row to count in, and how many wrong PINs in a row it allows before the first wait."""

    device: bytes
    free: int


def begin(store: Store, member: int, device: bytes, now: Uptime) -> Refusal | Counted:
    """Count one attempt on disk, before it is checked.

    Returns the refusal, with the seconds left, while a wait lasts; that is no attempt.

    Args:
        member: the number, or ``NOBODY`` for every number that nobody has.
    """
    with store.write() as tx:
        counts = _counts(tx, member, device)
        rows = [tx.get(Attempt, member=member, device=count.device) for count in counts]
        left = max(_left(tx, row, now) for row in rows)
        if left > 0:
            return Refusal(Code.PIN_WAIT, {"seconds": -(-left // 1000)}, (Action.WAIT, Action.ASK_KEEPER))
        tries, wait = [], []
        for count, row in zip(counts, rows, strict=True):
            failures = (row.failures if row else 0) + 1
            tries.append(max(0, count.free - failures))
            wait.append(wait_after(failures, count.free))
            _keep(tx, member, count.device, failures, now, wait[-1])
        return Counted(min(tries), max(wait))


def _counts(tx: Tx, member: int, device: bytes) -> tuple[_Count, ...]:
    if _knows(tx, member, device):
        return _Count(device, FREE_TRIES), _Count(_ALL_KNOWN, FREE_TRIES_OF_ALL)
    return (_Count(b"", FREE_TRIES),)


def _left(tx: Tx, row: Attempt | None, now: Uptime) -> int:
    """Milliseconds of a wait that are left; after a reboot all of them."""
    if row is None or not row.wait_ms:
        return 0
    if row.boot == now.boot:
        return int(row.until_ms - now.ms)
    _keep(tx, row.member, bytes(row.device), row.failures, now, row.wait_ms)
    return int(row.wait_ms)


def _keep(tx: Tx, member: int, device: bytes, failures: int, now: Uptime, wait: int) -> None:
    tx.put(
        Attempt,
        member=member,
        device=device,
        failures=failures,
        boot=now.boot,
        until_ms=now.ms + wait,
        wait_ms=wait,
    )


def succeeded(store: Store, member: int, device: bytes) -> None:
    """The PIN was right: forget the wrong ones counted with it, and know the device from now on.

    Of all known devices, the one from which the member came in longest ago is forgotten when
    they are too many, and so are its wrong PINs.
    """
    with store.write() as tx:
        mine = Attempt.member == member
        for count in _counts(tx, member, device):
            tx.delete(Attempt, mine & (Attempt.device == count.device))
        tx.delete(Attempt, mine & (Attempt.device == _ALL_KNOWN))
        if device:
            _know(tx, member, device)


def renewed(store: Store, member: int, device: bytes = b"") -> None:
    """A member has a new PIN: forget all wrong ones and all devices but ``device``."""
    with store.write() as tx:
        tx.delete(Attempt, Attempt.member == member)
        knew = _knows(tx, member, device)
        tx.delete(Device, Device.member == member)
        if knew:
            _know(tx, member, device)


def forget_devices(store: Store, member: int, device: bytes = b"") -> None:
    """Know none of a member's devices any more but ``device``, if it was one.

    Wrong PINs stay counted, those of forgotten devices aside, which count as unknown ones from now on. A keeper
    does this without the member's PIN, and would get more tries at it, as often as they like, otherwise.
    """
    with store.write() as tx:
        mine = Device.member == member
        for row in list(tx.rows(Device.select().where(mine))):
            if bytes(row.device) != device:
                tx.delete(Device, mine & (Device.device == row.device))
                tx.delete(Attempt, (Attempt.member == member) & (Attempt.device == row.device))


def _know(tx: Tx, member: int, device: bytes) -> None:
    (newest,) = tx.first('SELECT COALESCE(MAX("seq"), 0) FROM "device" WHERE "member" = ?', member) or (0,)
    tx.put(Device, member=member, device=device, seq=newest + 1)
    known = tx.select('SELECT "device" FROM "device" WHERE "member" = ? ORDER BY "seq" DESC', member)
    for (old,) in known[MOST_DEVICES:]:
        tx.delete(Device, (Device.member == member) & (Device.device == old))
        tx.delete(Attempt, (Attempt.member == member) & (Attempt.device == old))


def knows(store: Store, member: int, device: bytes) -> bool:
    """Whether the member has signed in from the device before."""
    with store.read() as tx:
        return _knows(tx, member, device)


def _knows(tx: Tx, member: int, device: bytes) -> bool:
    return bool(device) and tx.get(Device, member=member, device=device) is not None


@dataclass(slots=True)
class _Lane:
    """One caller's way to the queue: one at a time."""

    asked: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)


class KdfQueue:
    """One key derivation at a time (it takes 64 MiB), a few waiting, then "try again".

    First come, first served, and of each caller one at a time: whoever asks a hundred times at
    once takes one place, and leaves the others to others.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._lanes: dict[Hashable, _Lane] = {}

    @contextmanager
    def place(self, caller: Hashable | None = None) -> Iterator[bool]:
        """Wait for a turn; gives False at once when the queue is full, or the caller's part of it.

        Args:
            caller: who asks; None for the box itself, which asks as often as it likes.
        """
        with self._lane(caller) as free:
            if not free:
                yield False
                return
            ticket = object()
            with self._changed:
                full = len(self._waiting) > MOST_WAITING
                if not full:
                    self._waiting.append(ticket)
            if not full:
                with THE_LANE.aside(), self._changed:
                    self._changed.wait_for(lambda: self._waiting[0] is ticket)
            if full:
                yield False
                return
            try:
                yield True
            finally:
                with self._changed:
                    self._waiting.popleft()
                    self._changed.notify_all()

    @contextmanager
    def _lane(self, caller: Hashable | None) -> Iterator[bool]:
        if caller is None:
            yield True
            return
        with self._changed:
            lane = self._lanes.setdefault(caller, _Lane())
            free = lane.asked < MOST_OF_ONE
            if free:
                lane.asked += 1
        if not free:
            yield False
            return
        try:
            with THE_LANE.aside():
                lane.turn.acquire()
            try:
                yield True
            finally:
                lane.turn.release()
        finally:
            with self._changed:
                lane.asked -= 1
                if not lane.asked:
                    del self._lanes[caller]
