"""PINs: which are accepted, how wrong ones are counted, how long one waits after them.

An attempt is written to disk before it is checked, so pulling the plug does not give another
try. Devices from which a member has signed in before are counted apart from all unknown ones:
whoever types wrong PINs under somebody else's number makes strangers wait, not the member.
Waits are kept as time left within a boot and begin again in full after a reboot, because the
wall clock can be set (design.md 5).
"""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from appliance.ledger.book.local import Attempt, Device
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Uptime
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.values import western_digits

SHORTEST, LONGEST = 4, 8
FREE_TRIES: Final = 3
_WAITS_MS: Final = (30_000, 120_000, 600_000, 3_600_000)
"""The wait after the third wrong PIN in a row, after the fourth, ..."""

MOST_WAITING: Final = 4
"""How many derivations may queue behind the one that runs, before people are told to try again."""


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


def wait_after(failures: int) -> int:
    """Milliseconds to wait after this many wrong PINs in a row."""
    return 0 if failures < FREE_TRIES else _WAITS_MS[min(failures - FREE_TRIES, len(_WAITS_MS) - 1)]


def begin(store: Store, member: int, device: bytes, now: Uptime) -> Refusal | int:
    """Count one attempt on disk, before it is checked; how many there were in a row with it.

    Returns the refusal, with the seconds left, while a wait lasts; that is no attempt.
    """
    with store.write() as tx:
        known = device if device and _knows(tx, member, device) else b""
        row = tx.get(Attempt, member=member, device=known)
        failures = row.failures if row else 0
        if row and row.wait_ms:
            left = row.until_ms - now.ms if row.boot == now.boot else row.wait_ms
            if row.boot != now.boot:
                _keep(tx, member, known, failures, now, row.wait_ms)
            if left > 0:
                return Refusal(Code.PIN_WAIT, {"seconds": -(-left // 1000)}, (Action.WAIT, Action.ASK_KEEPER))
        _keep(tx, member, known, failures + 1, now, wait_after(failures + 1))
        return int(failures + 1)


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
    """The PIN was right: forget the wrong ones counted with it, and know the device from now on."""
    with store.write() as tx:
        known = device if device and _knows(tx, member, device) else b""
        tx.delete(Attempt, (Attempt.member == member) & (Attempt.device == known))
        if device:
            tx.put(Device, member=member, device=device)


def forget(store: Store, member: int) -> None:
    """Forget all wrong PINs of a member who has a new one."""
    with store.write() as tx:
        tx.delete(Attempt, Attempt.member == member)


def _knows(tx: Tx, member: int, device: bytes) -> bool:
    return tx.get(Device, member=member, device=device) is not None


class KdfQueue:
    """One key derivation at a time (it takes 64 MiB), a few waiting, then "try again"."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + MOST_WAITING)

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Wait for a turn; gives False at once when the queue is full."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            with self._turn:
                yield True
        finally:
            self._places.release()
