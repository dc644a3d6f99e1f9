"""The file layer as tests use it: compiled once, switched on in a process, told to fail, its log read."""

import json
import mmap
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

SOURCE: Final = Path(__file__).with_name("layer.c")
_HEAD: Final = struct.Struct("<cHIQ")
_FAULT: Final = struct.Struct("<iiii")
MARK: Final = b"M"


@cache
def library() -> Path:
    """The compiled layer; it stays until this process ends."""
    room = tempfile.TemporaryDirectory(prefix="faults-")
    _ROOMS.append(room)
    path = Path(room.name) / "layer.so"
    command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(path), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tests/faults needs a C compiler (scripts/compiler.sh):\n{done.stderr}"
    return path


_ROOMS: list[tempfile.TemporaryDirectory[str]] = []


def environment(
    root: Path, log: Path | None = None, control: Path | None = None, disk: Path | None = None
) -> dict[str, str]:
    """The environment of a process whose files under ``root`` go through the layer; ``disk``: see ``Lossy``."""
    more = {"LD_PRELOAD": str(library()), "FAULTS_ROOT": str(root)}
    more |= {} if log is None else {"FAULTS_LOG": str(log)}
    more |= {} if control is None else {"FAULTS_CONTROL": str(control)}
    more |= {} if disk is None else {"FAULTS_DISK": str(disk)}
    return dict(os.environ) | more


# -------------------------------------------------------------------------------------- the log


@dataclass(frozen=True, slots=True)
class Op:
    """One thing that happened to the disk: see ``layer.c``. ``path`` is relative to the root."""

    kind: bytes
    path: str
    at: int
    data: bytes

    @property
    def mark(self) -> dict[str, Any]:
        """What a mark says."""
        found: dict[str, Any] = json.loads(self.data)
        return found


class Marks:
    """Adds marks to the log of this process's layer, in their place between what it does to the disk."""

    def __init__(self, log: Path) -> None:
        self._fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def add(self, **what: Any) -> None:
        """Append a mark."""
        data = json.dumps(what).encode()
        whole = _HEAD.pack(MARK, 0, len(data), 0) + data
        assert os.write(self._fd, whole) == len(whole)


def read_log(path: Path) -> Iterator[Op]:
    """What was recorded, in its order."""
    whole = memoryview(path.read_bytes())
    at = 0
    while at < len(whole):
        kind, path_size, data_size, offset = _HEAD.unpack_from(whole, at)
        at += _HEAD.size
        name = bytes(whole[at : at + path_size]).decode()
        at += path_size
        yield Op(kind, name.lstrip("/"), offset, bytes(whole[at : at + data_size]))
        at += data_size


# ------------------------------------------------------------------------------------- live faults


class Job(IntEnum):
    """What can be made to fail; ``LOG_WRITES``: writes of SQLite's log alone; syncs also of book or log alone."""

    WRITES = 0
    SYNCS = 1
    OPENS = 2
    TRUNCATES = 3
    NAMES = 4
    LOG_WRITES = 5
    BOOK_SYNCS = 6
    LOG_SYNCS = 7


class Faults:
    """The switches of a living process's layer."""

    def __init__(self, control: Path, keep: bool = False) -> None:
        if not keep:  # a layer that has it mapped already would lose a file that is cut to nothing
            control.write_bytes(bytes(_FAULT.size * len(Job)))
        self.path = control
        with control.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def fail(self, error: int, *jobs: Job, passing: int = 0, times: int = -1) -> None:
        """Let these calls fail with ``error``: after ``passing`` good ones, ``times`` often (-1: from now on)."""
        for job in jobs:
            _FAULT.pack_into(self._map, job * _FAULT.size, error, passing, times, 0)

    def heal(self) -> None:
        """Nothing fails any more."""
        self._map[:] = bytes(len(self._map))

    def left(self, job: Job) -> int:
        """How many more calls of this kind will fail; -1: all."""
        return int(_FAULT.unpack_from(self._map, job * _FAULT.size)[2])

    def seen(self) -> Mapping[Job, int]:
        """How many calls of each kind there were since it was last told."""
        return {job: _FAULT.unpack_from(self._map, job * _FAULT.size)[3] for job in Job}
