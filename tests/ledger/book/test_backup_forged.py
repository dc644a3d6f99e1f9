"""Backups that nobody's hub made: whoever has one backup has the key to seal others for the same paper."""

import io
import os
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger import backup_shelf, codec
from appliance.ledger.book import backup, backup_form, backup_make
from appliance.ledger.errors import BackupDamaged, BackupRefused, BadEncoding, DataDirectoryError
from appliance.ledger.sealedfile import FileKey, SealedReader, SealedWriter
from tests.support.village import Village, a_village


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Village, Path]]:
    """River, and a backup of it that tests only read."""
    place = tmp_path_factory.mktemp("kept")
    with a_village(place / "river") as river:
        path = place / f"river{backup_form.SUFFIX}"
        public = river.papers.hub.backup_public
        backup_make.make(river.hub.data, river.hub.book.place, public, path, river.clock.now())
        yield river, path


def forged(kept: tuple[Village, Path], into: Path, content: bytes, **header: Any) -> Path:
    """A file for River's paper, with its header but for what is said otherwise, and any content."""
    river, path = kept
    with path.open("rb") as source:
        true: codec.Body = SealedReader(source).header
    fields = {name: value for name, value in true.items() if name not in ("reader", "key")} | header
    with (into / "forged").open("wb") as out:
        sealed = SealedWriter(out, fields, river.papers.hub.backup_public, FileKey.fresh())
        sealed.write(content)
        sealed.finish()
    return into / "forged"


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry, data in entries:
            entry.size = len(data) if entry.type == tarfile.REGTYPE else entry.size
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def sparse(name: str, length: int) -> bytes:
    """A tar of one sparse file: some hundred bytes that unpack to ``length``."""
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    number = b"\x80" + length.to_bytes(11, "big")
    block[386:410] = number + bytes(12)
    block[483:495] = number
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block) + bytes(1024)


def refused(kept: tuple[Village, Path], file: Path, into: Path) -> BackupRefused:
    with pytest.raises(BackupRefused) as why:
        backup.open_backup(file, kept[0].papers.hub, into)
    assert not into.exists()
    return why.value


@pytest.mark.parametrize("files", [{"ledger.db": "much"}, {"ledger.db": -1}, {"ledger.db": b"x"}, {1: 1}])
def test_sizes_in_a_header_that_are_none(kept: tuple[Village, Path], tmp_path: Path, files: Any) -> None:
    try:
        file = forged(kept, tmp_path, tar_of(), files=files)
    except BadEncoding:
        return  # a key of another type is in no map of ours
    refused(kept, file, tmp_path / "new")


def test_a_few_bytes_that_unpack_to_more_than_the_card_holds(
    kept: tuple[Village, Path], tmp_path: Path
) -> None:
    length = 1 << 50
    read: list[int] = []
    file = forged(kept, tmp_path, sparse("ledger.db", length), files={"ledger.db": length})
    with pytest.raises(BackupDamaged):
        backup.open_backup(file, kept[0].papers.hub, tmp_path / "new", lambda _w, done, _t: read.append(done))
    assert read == [], "nothing of it was unpacked"


def test_a_file_longer_than_the_header_says_is_not_unpacked(
    kept: tuple[Village, Path], tmp_path: Path
) -> None:
    read: list[int] = []
    content = tar_of((tarfile.TarInfo("ledger.db"), bytes(3_000_000)))
    file = forged(kept, tmp_path, content, files={"ledger.db": 10})
    with pytest.raises(BackupDamaged):
        backup.open_backup(file, kept[0].papers.hub, tmp_path / "new", lambda _w, done, _t: read.append(done))
    assert read == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices(kept: tuple[Village, Path], tmp_path: Path, kind: bytes) -> None:
    entry = tarfile.TarInfo("keys/box.json")
    entry.type, entry.linkname = kind, "/etc/passwd"
    refused(kept, forged(kept, tmp_path, tar_of((entry, b"")), files={}), tmp_path / "new")


@pytest.mark.parametrize("name", ["../ledger.db", "/etc/cron.d/x", "keys/../../x", "keys/..", "hub.toml/x"])
def test_names_that_lead_elsewhere(kept: tuple[Village, Path], tmp_path: Path, name: str) -> None:
    content = tar_of((tarfile.TarInfo(name), b"x"))
    refused(kept, forged(kept, tmp_path, content, files={name: 1}), tmp_path / "new")


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_stands_where_a_tar_should_is_refused_with_our_words(
    kept: tuple[Village, Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = tmp_path_factory.mktemp("fuzz")
    content = bytearray(
        tar_of((tarfile.TarInfo("ledger.db"), b"x" * 700), (tarfile.TarInfo("hub.toml"), b""))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 511)) + 512 * data.draw(st.sampled_from([0, 3]))
        content[at] = data.draw(st.integers(0, 255))
    for block in (0, 1536):  # a checksum that fits, so that the rest of it is read
        content[block + 148 : block + 156] = b" " * 8
        content[block + 148 : block + 156] = b"%06o\0 " % sum(content[block : block + 512])
    file = forged(kept, place, bytes(content), files={"ledger.db": 700, "hub.toml": 0})
    with pytest.raises((BackupRefused, DataDirectoryError)):
        backup.open_backup(file, kept[0].papers.hub, place / "new")
    assert not (place / "new").exists()


def test_a_pipe_on_a_stick_is_not_waited_for(kept: tuple[Village, Path], tmp_path: Path) -> None:
    def late(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError("it waits for somebody to write into the pipe")

    os.mkfifo(tmp_path / f"a{backup_form.SUFFIX}")
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    try:
        assert backup_shelf.listed(tmp_path, kept[0].hub.book.place) == ()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
