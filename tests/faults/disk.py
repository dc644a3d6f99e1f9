"""The disk as it is found after a power cut, at any position of a recorded log.

A write is sure once its file was synced after it; a name (made, gone, changed) once its folder was.
What was not sure may be there or not: in part, torn within a write, later ones without earlier
ones. ``Model`` names what is tried. Files that SQLite truncates keep their unsynced size or not,
like a write.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.layer import Op

SECTOR: Final = 512
PAGE: Final = 4096


class Model(StrEnum):
    """What becomes of that which was not synced."""

    DROPPED = "all dropped"
    KEPT = "all kept"
    SOME = "some writes kept"
    SECTORS = "torn at 512 bytes"
    PAGES = "torn at 4096 bytes"
    LATER = "later ones without earlier ones"


@dataclass(eq=False, slots=True)
class _File:
    sure: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, Op]] = field(default_factory=list)
    """Not synced yet, each with its position in the log."""


@dataclass(frozen=True, slots=True)
class _Name:
    """A change of a folder that is not synced yet."""

    position: int
    op: Op
    file: _File | None


Image = Mapping[str, bytes]
"""Files by path."""

Torn = tuple[int, int]
"""The size of the disk's pieces, and which of those that a write touches have reached it, as bits."""


class Disk:
    """What is sure and what is not, as operations go by."""

    def __init__(self, base: Image) -> None:
        self._now = {path: _File(bytearray(data)) for path, data in base.items()}
        self._sure = dict(self._now)
        self._names: list[_Name] = []
        self._position = 0
        self._version = 0

    def apply(self, op: Op) -> None:
        """Let this happen next."""
        self._position += 1
        here = (self._position, op)
        match op.kind:
            case b"C":
                self._now[op.path] = _File()
                self._names.append(_Name(*here, self._now[op.path]))
            case b"W" | b"T":
                self._now[op.path].since.append(here)
            case b"U":
                self._now.pop(op.path, None)
                self._names.append(_Name(*here, None))
            case b"R":
                file = self._now.pop(op.path)
                self._now[op.data.decode().lstrip("/")] = file
                self._names.append(_Name(*here, file))
            case b"S" if op.path in self._now:
                self._synced(self._now[op.path])
            case b"S":
                self._synced_folder(op.path)
            case _:
                raise AssertionError(f"an operation of an unknown kind: {op.kind!r}")

    def _synced(self, file: _File) -> None:
        for _, op in file.since:
            _change(file.sure, op, None)
        if file.since:
            self._version += 1
        file.since.clear()

    def _synced_folder(self, folder: str) -> None:
        left = []
        for name in self._names:
            if _folder(name.op.path) == folder:
                _rename(self._sure, name)
                self._version += 1
            else:
                left.append(name)
        self._names = left

    def after_cut(self, model: Model, dice: Random) -> tuple[tuple[object, ...], "Found"]:
        """What the disk holds when the power goes now; and a name: the same one is the same disk."""
        names = [n for n in self._names if _keep(model, dice)]
        table = dict(self._sure)
        for name in names:
            _rename(table, name)
        parts: dict[str, list[tuple[Op, Torn | None]]] = {}
        chosen: list[object] = [self._version, tuple(n.position for n in names)]
        for path, file in table.items():
            kept = list(_chosen(file.since, model, dice))
            if kept:
                parts[path] = [(op, torn) for _, op, torn in kept]
                chosen.append((path, tuple((position, torn) for position, _, torn in kept)))
        return tuple(chosen), Found(table, parts)


@dataclass(frozen=True, slots=True)
class Found:
    """A disk after a cut, not written out yet; good until the ``Disk`` goes on."""

    _table: Mapping[str, _File]
    _parts: Mapping[str, list[tuple[Op, Torn | None]]]

    def write(self, room: Path) -> None:
        """Write it out as files under ``room``, in place of what is there."""
        for path, file in self._table.items():
            data = file.sure
            if path in self._parts:
                data = bytearray(data)
                for op, torn in self._parts[path]:
                    _change(data, op, torn)
            (room / path).parent.mkdir(parents=True, exist_ok=True)
            (room / path).write_bytes(data)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _rename(table: dict[str, _File], name: _Name) -> None:
    if name.op.kind == b"U":
        table.pop(name.op.path, None)
    elif name.file is not None:
        if name.op.kind == b"R":
            table.pop(name.op.path, None)
            table[name.op.data.decode().lstrip("/")] = name.file
        else:
            table[name.op.path] = name.file


def _keep(model: Model, dice: Random) -> bool:
    if model in (Model.DROPPED, Model.KEPT):
        return model is Model.KEPT
    return dice.random() < 0.5


def _chosen(since: list[tuple[int, Op]], model: Model, dice: Random) -> Iterator[tuple[int, Op, Torn | None]]:
    """Of these operations, which have reached the disk, and of a torn write, which pieces."""
    first = dice.randint(0, len(since)) if model is Model.LATER else 0
    size = {Model.SECTORS: SECTOR, Model.PAGES: PAGE}.get(model)
    for index, (position, op) in enumerate(since):
        if model is Model.DROPPED or (model is Model.LATER and index < first):
            continue
        if size is not None and op.kind == b"W":
            if mask := dice.getrandbits(_pieces(op, size)):
                yield position, op, (size, mask)
        elif model in (Model.KEPT, Model.LATER) or _keep(model, dice):
            yield position, op, None


def _pieces(op: Op, size: int) -> int:
    """How many pieces of the disk a write touches."""
    return (op.at + len(op.data) - 1) // size - op.at // size + 1


def _change(data: bytearray, op: Op, torn: Torn | None) -> None:
    """Let an operation reach ``data``: whole, or only some pieces of it."""
    if op.kind == b"T":
        if op.at < len(data):
            del data[op.at :]
        else:
            data.extend(bytes(op.at - len(data)))
        return
    end = op.at + len(op.data)
    if torn is None:
        _put(data, op, op.at, end)
        return
    size, mask = torn
    for piece in range(_pieces(op, size)):
        if mask >> piece & 1:
            edge = (op.at // size + piece) * size
            _put(data, op, max(op.at, edge), min(end, edge + size))


def _put(data: bytearray, op: Op, start: int, stop: int) -> None:
    if len(data) < start:
        data.extend(bytes(start - len(data)))
    data[start:stop] = op.data[start - op.at : stop - op.at]
