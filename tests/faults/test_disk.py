"""The disk of the tests is as bad as a real one, and no worse: what was synced is there."""

import errno
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.faults.disk import Disk, Model
from tests.faults.layer import Faults, Job, Op, environment, read_log


def found(disk: Disk, model: Model, room: Path, seed: int = 1) -> dict[str, bytes]:
    _, after = disk.after_cut(model, Random(seed))
    after.write(room)
    return {str(p.relative_to(room)): p.read_bytes() for p in room.rglob("*") if p.is_file()}


def write(path: str, at: int, data: bytes) -> Op:
    return Op(b"W", path, at, data)


def sync(path: str) -> Op:
    return Op(b"S", path, 0, b"")


@pytest.mark.parametrize("model", list(Model))
def test_what_was_synced_is_there_and_a_new_file_once_its_folder_was(model: Model, tmp_path: Path) -> None:
    disk = Disk({"old": b"1234"})
    for op in (
        write("old", 2, b"xy"),
        sync("old"),
        Op(b"C", "new", 0, b""),
        write("new", 0, b"n"),
        sync("new"),
    ):
        disk.apply(op)
    names = found(disk, model, tmp_path / "before")
    assert names["old"] == b"12xy"
    assert names.get("new", b"n") == b"n"
    disk.apply(sync(""))
    assert found(disk, model, tmp_path / "after") == {"old": b"12xy", "new": b"n"}


def test_what_was_not_synced_may_be_there_in_part_and_out_of_order(tmp_path: Path) -> None:
    disk = Disk({"book": bytes(2048)})
    disk.apply(write("book", 0, b"a" * 1024))
    disk.apply(write("book", 1024, b"b" * 1024))
    assert found(disk, Model.DROPPED, tmp_path / "d")["book"] == bytes(2048)
    assert found(disk, Model.KEPT, tmp_path / "k")["book"] == b"a" * 1024 + b"b" * 1024
    torn = {found(disk, Model.SECTORS, tmp_path / f"s{n}", n)["book"] for n in range(60)}
    assert all(
        set(book[at : at + 512]) in ({0}, {*b"a"}, {*b"b"}) for book in torn for at in range(0, 2048, 512)
    )
    assert len(torn) > 8
    later = {found(disk, Model.LATER, tmp_path / f"l{n}", n)["book"] for n in range(20)}
    assert bytes(1024) + b"b" * 1024 in later


def test_a_file_that_was_removed_or_renamed_without_a_sync_may_be_back(tmp_path: Path) -> None:
    disk = Disk({"log": b"old", "draft": b"new"})
    disk.apply(Op(b"U", "log", 0, b""))
    disk.apply(Op(b"R", "draft", 0, b"/log"))
    assert found(disk, Model.DROPPED, tmp_path / "d") == {"log": b"old", "draft": b"new"}
    assert found(disk, Model.KEPT, tmp_path / "k") == {"log": b"new"}


SCRIPT = """
import os, sys
fd = os.open(sys.argv[1] + "/a", os.O_CREAT | os.O_RDWR)
os.write(fd, b"one")
os.pwrite(fd, b"TWO", 1)
os.ftruncate(fd, 3)
os.fsync(fd)
os.close(fd)
os.rename(sys.argv[1] + "/a", sys.argv[1] + "/b")
folder = os.open(sys.argv[1], os.O_RDONLY)
os.fsync(folder)
os.unlink(sys.argv[1] + "/b")
open(sys.argv[2], "w").write("elsewhere")
"""


def test_the_layer_tells_what_happened_in_its_order_and_nothing_of_other_folders(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    command = [sys.executable, "-c", SCRIPT, str(root), str(tmp_path / "other")]
    subprocess.run(command, env=environment(root, log=tmp_path / "log"), check=True)
    told = [(op.kind.decode(), op.path, op.at, op.data) for op in read_log(tmp_path / "log")]
    assert told == [
        ("C", "a", 0, b""),
        ("W", "a", 0, b"one"),
        ("W", "a", 1, b"TWO"),
        ("T", "a", 3, b""),
        ("S", "a", 0, b""),
        ("R", "a", 0, b"/b"),
        ("S", "", 0, b""),
        ("U", "b", 0, b""),
    ]


FAILING = """
import os, sys
fd = os.open(sys.argv[1] + "/a", os.O_CREAT | os.O_RDWR)
def tried(what, *more):
    try:
        what(fd, *more)
        return 0
    except OSError as error:
        return error.errno
print(*[tried(os.write, b"x") for _ in range(4)], tried(os.fsync), tried(os.fsync))
"""


def test_the_layer_fails_from_the_call_it_was_told_for_as_long_as_it_was_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    faults = Faults(tmp_path / "control")
    faults.fail(errno.ENOSPC, Job.WRITES, passing=1, times=2)
    faults.fail(errno.EIO, Job.SYNCS, times=1)
    command = [sys.executable, "-c", FAILING, str(root)]
    done = subprocess.run(
        command, env=environment(root, control=faults.path), check=True, capture_output=True, text=True
    )
    assert [int(word) for word in done.stdout.split()] == [0, errno.ENOSPC, errno.ENOSPC, 0, errno.EIO, 0]
    assert faults.seen()[Job.WRITES] == 4
    assert (root / "a").stat().st_size == 2
