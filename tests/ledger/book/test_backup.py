"""A backup of River: made, opened, damaged, of somebody else."""

import contextlib
import io
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.book import backup, backup_form, backup_make
from appliance.ledger.book.backup_form import Header
from appliance.ledger.book.store import LEDGER_FILE
from appliance.ledger.errors import (
    BackupCutOff,
    BackupDamaged,
    BackupFailed,
    BackupNewer,
    BackupOfAnother,
    BackupRefused,
    DataDirectoryError,
    NotABackup,
    PaperDoesNotFit,
)
from appliance.ledger.keys import RootPaper
from appliance.ledger.sealedfile import FileKey, SealedReader, SealedWriter
from tests.support.village import Village, a_village


def back_up(village: Village, target: Path) -> Header:
    hub = village.hub
    public = village.papers.hub.backup_public
    return backup_make.make(hub.data, hub.book.place, public, target, village.clock.now())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Village, Path]]:
    """River, and a backup of it that tests only read."""
    place = tmp_path_factory.mktemp("kept")
    with a_village(place / "river") as river:
        river.pay("Alice", "Bob", 150)
        path = place / f"river{backup_form.SUFFIX}"
        back_up(river, path)
        yield river, path


def test_what_was_there_is_in_it(river: Village, tmp_path: Path) -> None:
    river.pay("Alice", "Bob", 150)
    (river.hub.data / "hub.toml").write_text("channel = 3\n", "utf-8")
    (river.hub.data / "archive").mkdir()
    (river.hub.data / "archive" / "2025.book").write_bytes(bytes(200_000))
    header = back_up(river, tmp_path / "b")
    river.pay("Bob", "Alice", 50)  # after it: not in it

    into = tmp_path / "unpacked"
    assert backup.open_backup(tmp_path / "b", river.papers.hub, into) == header
    assert header.head.number == river.hub.head().number - 1
    assert (header.hub_name, header.place) == ("River", river.hub.book.place)
    assert (into / "hub.toml").read_text("utf-8") == "channel = 3\n"
    assert (into / "archive" / "2025.book").read_bytes() == bytes(200_000)
    box = "keys/box.json"
    assert (into / box).read_bytes() == (river.hub.data / box).read_bytes()
    with contextlib.closing(sqlite3.connect(into / LEDGER_FILE)) as db:
        assert db.execute("SELECT max(number) FROM entry").fetchone() == (header.head.number,)
    assert (into / box).stat().st_mode & 0o077 == 0


def test_nothing_of_the_making_is_left(river: Village, tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    back_up(river, place / "b")
    assert [one.name for one in place.iterdir()] == ["b"]
    assert not [one for one in river.hub.data.iterdir() if one.name.startswith(backup_form.MAKING)]


def test_the_file_tells_a_stranger_no_secret(kept: tuple[Village, Path]) -> None:
    river, path = kept
    data = path.read_bytes()
    for secret in (river.hub.pepper, river.hub.box.signing, b"SQLite format 3", b"Alice", b"box_secret"):
        assert secret not in data
    assert backup.read_header(path).hub_name == "River"


def test_only_the_paper_opens_it(kept: tuple[Village, Path], tmp_path: Path) -> None:
    river, path = kept
    for paper in (river.founders, RootPaper.fresh()):
        with pytest.raises(PaperDoesNotFit):
            backup.open_backup(path, paper, tmp_path / "no")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_holds_something_stays_as_it_is(kept: tuple[Village, Path], tmp_path: Path) -> None:
    river, path = kept
    (tmp_path / "mine").write_text("mine", "utf-8")
    with pytest.raises(DataDirectoryError, match="not empty"):
        backup.open_backup(path, river.papers.hub, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(kept: tuple[Village, Path], tmp_path: Path, data: st.DataObject) -> None:
    river, path = kept
    whole = bytearray(path.read_bytes())
    # The header is short beside the content: look there as often.
    at = data.draw(st.integers(0, 700) | st.integers(0, len(whole) - 1), label="at")
    whole[at] ^= data.draw(st.integers(1, 255), label="flip")
    refused(bytes(whole), river, tmp_path, BackupDamaged)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_missing_end_is_found(kept: tuple[Village, Path], tmp_path: Path, data: st.DataObject) -> None:
    river, path = kept
    whole = path.read_bytes()
    length = data.draw(st.integers(1, 700) | st.integers(1, len(whole) - 1), label="length")
    refused(whole[:length], river, tmp_path, BackupCutOff)


def test_a_missing_piece_and_one_too_many_are_found(kept: tuple[Village, Path], tmp_path: Path) -> None:
    river, path = kept
    whole = path.read_bytes()
    end = len(whole)
    refused(whole + b"\x00", river, tmp_path, BackupDamaged)
    refused(whole[: end - 200_000] + whole[end - 100_000 :], river, tmp_path, BackupDamaged)


def test_an_end_missing_between_two_pieces_is_found(river: Village, tmp_path: Path) -> None:
    """Each piece that is left opens; only that none of them is the last shows what is missing."""
    whole = io.BytesIO()
    key = FileKey.fresh()
    writer = SealedWriter(whole, {}, river.papers.hub.backup_public, key)
    begin = len(whole.getvalue())
    for _ in range(3):
        writer.write(os.urandom(64 * 1024))
    writer.finish()
    for pieces in range(3):
        cut = whole.getvalue()[: begin + pieces * (64 * 1024 + 17)]
        reader = SealedReader(io.BytesIO(cut))
        reader.use(key)
        with pytest.raises(BackupCutOff):
            read_all(reader)


def test_something_behind_a_last_piece_that_is_full_is_found(river: Village) -> None:
    whole = io.BytesIO()
    key = FileKey.fresh()
    writer = SealedWriter(whole, {}, river.papers.hub.backup_public, key)
    writer.write(os.urandom(64 * 1024))
    writer.finish()
    reader = SealedReader(io.BytesIO(whole.getvalue() + b"x"))
    reader.use(key)
    with pytest.raises(BackupDamaged, match="after its end"):
        read_all(reader)


def test_a_backup_of_a_newer_release_is_refused_with_its_release(
    river: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with river.hub.store.write() as tx:
        tx.select(
            "INSERT INTO schema_migration (name, applied) VALUES ('0999_later', '2030-01-01') RETURNING id"
        )
    monkeypatch.setattr("appliance.__version__", "9.1")
    back_up(river, tmp_path / "b")
    for look in (
        lambda: backup.read_header(tmp_path / "b"),
        lambda: backup.open_backup(tmp_path / "b", river.papers.hub, tmp_path / "no"),
    ):
        with pytest.raises(BackupNewer, match=r"9\.1"):
            look()


def test_a_later_form_is_refused_as_newer_not_as_damaged(
    river: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr("appliance.ledger.sealedfile.VERSION", 2)
        back_up(river, tmp_path / "b")
    with pytest.raises(BackupNewer, match="form 2"):
        backup.read_header(tmp_path / "b")


def test_what_is_no_backup_is_named_so(tmp_path: Path) -> None:
    for content in (b"", b"x", b"PK\x03\x04" + bytes(500), b"\x89PNG\r\n\x1a\n" + bytes(500)):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(NotABackup):
            backup.read_header(tmp_path / "file")
    with pytest.raises(DataDirectoryError, match="No such file"):
        backup.read_header(tmp_path / "nowhere")


def test_whose_it_is_shows_without_the_paper(kept: tuple[Village, Path], tmp_path: Path) -> None:
    river, path = kept
    header = backup.read_header(path)
    backup.check_whose(header, river.hub.book.place)
    # A community of its own, with the same number.
    with (
        a_village(tmp_path / "other") as other,
        pytest.raises(BackupOfAnother, match="another community"),
    ):
        backup.check_whose(header, other.hub.book.place)
    with pytest.raises(BackupOfAnother, match=r"another hub, River \(101\)"):
        backup.check_whose(header, type(header.place)(header.place.community, 102, 1))


def test_a_torn_database_is_not_backed_up(river: Village, tmp_path: Path) -> None:
    data = river.hub.data
    river.hub.close()
    whole = bytearray((data / LEDGER_FILE).read_bytes())
    middle = 4096 * (len(whole) // 8192)
    whole[middle : middle + 8192] = b"\xff" * 8192
    (data / LEDGER_FILE).write_bytes(whole)
    with pytest.raises(BackupFailed, match=r"torn|malformed"):
        back_up(river, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    assert not [one for one in data.iterdir() if one.name.startswith(backup_form.MAKING)]


def test_what_the_disk_changed_is_not_called_a_backup(
    river: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medium gives back other bytes than it was given: seen at once, and the older one stays."""
    back_up(river, tmp_path / "older")
    synced = os.fsync

    def rot(opened: int) -> None:
        synced(opened)
        path = Path(f"/proc/self/fd/{opened}").readlink()
        if path.name.startswith(backup_form.MAKING) and path.is_file():
            with path.open("r+b") as file:
                file.seek(-100_000, os.SEEK_END)
                file.write(b"\x00" * 8)

    monkeypatch.setattr(os, "fsync", rot)
    with pytest.raises(BackupFailed):
        back_up(river, tmp_path / "newer")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["older", "river"]
    backup.open_backup(tmp_path / "older", river.papers.hub, tmp_path / "opened")


def read_all(reader: SealedReader) -> None:
    while reader.read(1000):
        pass


def refused(data: bytes, river: Village, tmp_path: Path, error: type[BackupRefused]) -> None:
    """The file is refused, in one line, and nothing is left of it."""
    bad = tmp_path / "bad"
    bad.write_bytes(data)
    with pytest.raises(error) as told:
        backup.open_backup(bad, river.papers.hub, tmp_path / "no")
    assert "\n" not in str(told.value)
    assert [one.name for one in tmp_path.iterdir()] == ["bad"]
