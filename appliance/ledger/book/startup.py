"""How the box last stopped, kept in notes of its own: orderly, by a power cut, or on another board.

Each lasting process (the portal, the radio's) says when it begins and when it has stopped in
order. A process that never said so, in an earlier boot of the machine, lost its power: then what
the disk has may be older than what was said (design.md 4, stale boxes). A process that was
killed within this boot lost nothing: what it wrote is in the kernel's hands.

The answer *sticks*: it stays ``UNCLEAN`` or ``OTHER_BOARD`` over restarts until ``settled`` says
that somebody has made sure, by a neighbour's summary or a keeper's word.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from appliance.ledger.book.local import Note
from appliance.ledger.book.store import Store, Tx

_RUN: Final = "run:"
_STOP: Final = "last_stop"
_UNKNOWN: Final = "unknown"
"""A boot that cannot be told from another one (``SystemClock``)."""

_BOARD_FILES: Final = (
    Path("/sys/firmware/devicetree/base/serial-number"),
    Path("/sys/class/dmi/id/product_uuid"),
)
"""What is in the board and not on its card: a Raspberry Pi's serial number, a PC's own id."""


class Stop(StrEnum):
    """How the box stopped before it began to run now."""

    CLEAN = "clean"
    UNCLEAN = "unclean"
    OTHER_BOARD = "other_board"


CLEAN, UNCLEAN, OTHER_BOARD = Stop.CLEAN, Stop.UNCLEAN, Stop.OTHER_BOARD


def this_board() -> str:
    """What names this board and cannot be copied with its card; empty where nothing does."""
    for path in _BOARD_FILES:
        try:
            found = path.read_bytes().strip(b"\0 \n")
        except OSError:
            continue
        if found:
            return found.decode("ascii", "replace")
    return ""


def begins(store: Store, process: str, boot: str, board: str | None = None) -> Stop:
    """Note that ``process`` (``portal``, ``radio``) runs from now on, in this boot; how the box stopped before.

    Args:
        boot: of ``Clock.uptime``: another one after each start of the machine.
        board: which board this is; by default it is asked (``this_board``).

    The answer is this start's alone, for whoever checks the disk now; what sticks is ``last_stop``.

    Raises:
        DataDirectoryError, BookDamaged: it cannot be noted.
    """
    board = this_board() if board is None else board
    with store.write() as tx:
        now = _found(tx, boot, board)
        if now is not CLEAN and _last(tx) is not OTHER_BOARD:
            _note(tx, _STOP, {"stop": now})
        if board:
            _note(tx, "board", {"board": board})
        _note(tx, _RUN + process, {"boot": boot, "running": True})
    return now


def stopped_cleanly(store: Store, process: str) -> None:
    """Note that ``process`` has stopped in order: nothing it said is still on its way to the disk.

    Raises:
        DataDirectoryError, BookDamaged: it cannot be noted; the next start takes it for a power cut.
    """
    with store.write() as tx:
        _note(tx, _RUN + process, {"boot": "", "running": False})


def last_stop(store: Store) -> Stop:
    """What has to be made sure of before the hub may speak: ``CLEAN`` when nothing."""
    with store.read() as tx:
        return _last(tx)


def settled(store: Store) -> None:
    """Note that somebody has made sure: the next ``last_stop`` is ``CLEAN``, until the box stops badly again."""
    with store.write() as tx:
        settled_in(tx)


def settled_in(tx: Tx) -> None:
    """``settled`` within a transaction."""
    tx.delete(Note, Note.name == _STOP)


def _found(tx: Tx, boot: str, board: str) -> Stop:
    before = _value(tx, "board").get("board", "")
    if board and before and before != board:
        return OTHER_BOARD
    for note in tx.rows(Note.select().where(Note.name.startswith(_RUN))):
        run = _value(tx, note.name)
        same = run.get("boot") == boot != _UNKNOWN
        if run.get("running") and not same:
            return UNCLEAN
    return CLEAN


def _last(tx: Tx) -> Stop:
    try:
        return Stop(_value(tx, _STOP).get("stop", CLEAN))
    except ValueError:
        return UNCLEAN


def _value(tx: Tx, name: str) -> dict[str, Any]:
    """A note; what cannot be read was not written by an orderly stop."""
    note = tx.get(Note, name=name)
    if note is None:
        return {}
    try:
        value = json.loads(note.value)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"running": True, "stop": "?"}


def _note(tx: Tx, name: str, value: dict[str, Any]) -> None:
    tx.put(Note, name=name, value=json.dumps(value))
