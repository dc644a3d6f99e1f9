"""Making a backup while the hub works (``make``): copied, checked, sealed, read back, and then named.

The database is copied in one read transaction (SQLite's online backup: writers go on). It takes a few
pieces of memory, whatever the size, and room on the disk for the plain copy and the file.
"""

import contextlib
import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final

import appliance
from appliance.ledger.book import archive
from appliance.ledger.book.backup_form import (
    ALLOWED,
    CHECKING,
    COPY_BYTES,
    COPYING,
    MAKING,
    READING,
    SEALING,
    Found,
    Header,
    Progress,
    inspect,
    members,
    silent,
    sync,
)
from appliance.ledger.book.chain import Place
from appliance.ledger.book.store import LEDGER_FILE
from appliance.ledger.clock import Instant
from appliance.ledger.errors import BackupFailed, HubError
from appliance.ledger.sealedfile import PIECE, FileKey, SealedReader, SealedWriter

_BESIDE: Final = ("keys", "hub.toml", "archive")
_STEP_PAGES: Final = 1024


def make(
    data: Path,
    place: Place,
    reader: bytes,
    target: Path,
    at: Instant,
    serial: int = 1,
    progress: Progress | None = None,
    named: Callable[[Header], str] | None = None,
) -> Header:
    """Write a backup of the hub in ``data`` to the new file ``target``, durable and read back.

    The plain copy that is made for the while lies in ``data`` itself, never where ``target`` is: that may
    be a stick.

    Args:
        place: which hub it is, in its present incarnation.
        reader: the public backup key of the hub's root paper.
        named: gives the file its name, in the folder ``target``. Without it ``target`` is the file.

    Raises:
        BackupFailed: no room, a stick that was pulled, a copy that does not hold, bytes that do not
            read back. Nothing is left of it; other files were not touched.
    """
    tell = progress or silent
    try:
        with tempfile.TemporaryDirectory(prefix=MAKING, dir=data) as room:
            copy = Path(room) / LEDGER_FILE
            found = _copy(data / LEDGER_FILE, copy, tell)
            _check_archive(copy, data / archive.FOLDER)
            files = _listed(data, copy)
            header = Header(
                place,
                found.hub_name,
                found.community,
                found.head,
                at,
                appliance.__version__,
                found.schema,
                serial,
                reader,
                {name: path.stat().st_size for name, path in files.items()},
            )
            _write(header, files, target / named(header) if named else target, tell)
            return header
    except BackupFailed:
        raise
    except (OSError, HubError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupFailed(f"{target}: {getattr(error, 'strerror', None) or error}") from error


def _copy(source: Path, copy: Path, tell: Progress) -> Found:
    """A copy of the database as it stands now, in one file, checked."""
    copy.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as live,
        closing(sqlite3.connect(copy)) as fresh,
    ):
        fresh.execute("PRAGMA synchronous=OFF")  # it goes again; what it is sealed into is synced
        # Inside a read transaction every step sees the same state, and none begins again because
        # somebody wrote meanwhile.
        live.isolation_level = None
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(fresh, pages=_STEP_PAGES, progress=lambda _, left, all_: tell(COPYING, all_ - left, all_))
        live.execute("ROLLBACK")
        fresh.execute("PRAGMA journal_mode=DELETE")  # one file, to be read anywhere
    tell(CHECKING, 0, 1)
    found = inspect(copy)
    tell(CHECKING, 1, 1)
    return found


def _check_archive(copy: Path, folder: Path) -> None:
    """That the archive has the entries which the book does not: without them no backup can be restored.

    Raises:
        BackupFailed: a file of it is missing, or is another one.
    """
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        rows = db.execute(
            "SELECT seq, upto, entries_size, entries_digest FROM closing ORDER BY seq"
        ).fetchall()
    for seq, upto, size, digest in rows:
        path = folder / archive.entries_name(seq, upto)
        if archive.seal_of(path) != archive.Seal(size, bytes(digest)):
            raise BackupFailed(f"{path} is not the file that was archived: {archive.BRING_BACK}")


def _listed(data: Path, copy: Path) -> dict[str, Path]:
    """What goes in: the name in the backup, and where it lies."""
    files = {LEDGER_FILE: copy}
    for name in _BESIDE:
        path = data / name
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        files |= {
            one.relative_to(data).as_posix(): one for one in inside if one.is_file() and not one.is_symlink()
        }
    return {name: path for name, path in files.items() if ALLOWED.fullmatch(name)}


def _write(header: Header, files: dict[str, Path], target: Path, tell: Progress) -> None:
    """Seal ``files`` into the new file ``target``: under another name until it has been read back."""
    if target.exists():
        raise BackupFailed(f"{target} is there already")
    part = target.with_name(f"{MAKING}{target.name}")
    key = FileKey.fresh()
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            written = _seal(out, header, files, key, tell)
            out.flush()
            os.fsync(out.fileno())
        _read_back(part, header, key, written, tell)
        part.rename(target)
        sync(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _seal(
    out: BinaryIO, header: Header, files: dict[str, Path], key: FileKey, tell: Progress
) -> dict[str, bytes]:
    """Write all of it; the digest of each file as it went in."""
    sealed = SealedWriter(out, header.to_map(), header.reader, key)
    total, done = sum(header.files.values()), 0
    digests = {}
    with tarfile.open(fileobj=sealed, mode="w|", format=tarfile.GNU_FORMAT, bufsize=PIECE) as tar:  # type: ignore[call-overload]
        for name, path in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = header.files[name], 0o600
            with path.open("rb") as opened:
                counted = _Digesting(opened)
                tar.addfile(entry, counted)
            digests[name] = counted.digest()
            done += entry.size
            tell(SEALING, done, total)
    sealed.finish()
    return digests


class _Digesting(io.RawIOBase):
    """Reads on behalf of somebody, and knows the digest of what was read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = hashlib.blake2b(digest_size=32)

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> bytes:
        return self._hash.digest()


def _read_back(path: Path, header: Header, key: FileKey, written: dict[str, bytes], tell: Progress) -> None:
    """Read what the medium holds now, and return when it is what was written.

    The database in it is the copy that was checked, byte for byte.
    """
    total, done = sum(header.files.values()), 0
    with path.open("rb") as source:
        # Out of the page cache: a stick that lies about what it keeps is found now, not in a year.
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        reader = SealedReader(source)
        if Header.from_map(reader.header) != header:
            raise BackupFailed(f"{path}: its header does not read back")
        reader.use(key)
        found = {}
        for name, content in members(reader, header.files):
            hashed = hashlib.blake2b(digest_size=32)
            while piece := content.read(COPY_BYTES):
                hashed.update(piece)
                done += len(piece)
                tell(READING, done, total)
            found[name] = hashed.digest()
    if found != written:
        raise BackupFailed(f"{path}: it does not read back as it was written")
