"""The archive beside the book: what the yearly closings have moved out of ``ledger.db``.

A closing leaves two files in ``archive/``, which are never changed:

* ``0001-entries-to-24000.db``: the bytes of the entries from the closing before it up to its own last
  one, an SQLite file read in place. In the book there stay their numbers, hashes and keys; so no
  entry is lost from sight, and one whose bytes do not give the hash in the book is no entry.
* ``0001-state-at-24000.db.gz``: the truth tables as they stood after that entry, from which a
  verification may begin. Only the newest is kept; a full replay makes the same rows.

The closing's entry (``people.closing``) commits to both by a digest over their bytes. Personal text is in
neither: that stays beside the book, where it can be erased.
"""

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.ledger import codec
from appliance.ledger.errors import ArchiveMissing, BookDamaged, DataDirectoryError

FOLDER: Final = "archive"
"""The directory beside ``ledger.db``."""

COPY_BYTES: Final = 256 * 1024

_NAMED: Final = re.compile(r"(\d{4,})-(?:entries-to|state-at)-(\d+)\.db(?:\.gz)?")


@dataclass(frozen=True, slots=True)
class Seal:
    """A file's length and digest, as a closing commits to it."""

    size: int
    digest: bytes


def entries_name(seq: int, upto: int) -> str:
    """The file of closing ``seq``'s entries, of which ``upto`` is the last."""
    return f"{seq:04}-entries-to-{upto}.db"


def snapshot_name(seq: int, upto: int) -> str:
    """The file of the state at closing ``seq``."""
    return f"{seq:04}-state-at-{upto}.db.gz"


def number_in(name: str) -> int | None:
    """Which closing a file of this name belongs to; None when it is no archive's name."""
    named = _NAMED.fullmatch(name)
    return int(named[1]) if named else None


def seal_of(path: Path) -> Seal:
    """Length and digest of the file ``path``, read in pieces.

    Raises:
        ArchiveMissing: it is not there.
        DataDirectoryError: it cannot be read.
    """
    hashed, size = hashing(), 0
    try:
        with path.open("rb") as source:
            while piece := source.read(COPY_BYTES):
                hashed.update(piece)
                size += len(piece)
    except FileNotFoundError as error:
        raise ArchiveMissing(f"{path} is not there: {BRING_BACK}") from error
    except OSError as error:
        raise DataDirectoryError(f"{path}: {error.strerror}") from error
    return Seal(size, hashed.digest())


def hashing() -> "hashlib.blake2b":
    """What the digest of an archive's file is reckoned with."""
    return hashlib.blake2b(digest_size=codec.DIGEST_BYTES, person=b"tch.archive")


BRING_BACK: Final = "bring it back from a backup (hub restore, or copy it from where it was kept)"


class Archive:
    """The archive of one book. Threads may share it; files are opened when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._files: dict[Path, sqlite3.Connection] = {}
        self._found: tuple[tuple[int, Path], ...] = ()

    def body(self, number: int) -> bytes:
        """The bytes of entry ``number``; whether they are the entry's is for who asks to see.

        Raises:
            ArchiveMissing: no file here holds it.
            BookDamaged: the file that should does not.
        """
        with self._lock:
            path = self._holding(number)
            try:
                row = (
                    self._open(path).execute("SELECT body FROM entry WHERE number = ?", (number,)).fetchone()
                )
            except sqlite3.Error as error:
                raise BookDamaged(f"{path} cannot be read: {error}", number) from error
        if row is None or not isinstance(row[0], bytes):
            raise BookDamaged(f"{path} does not hold it", number)
        return row[0]

    def digests(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Numbers and digests of the entries from ``first`` to ``last`` that had personal text, in order.

        Raises:
            ArchiveMissing, BookDamaged: as ``body``.
        """
        while first <= last:
            with self._lock:
                path = self._holding(first)
                upto = min(last, next(end for end, one in self._found if one == path))
                try:
                    found = self._open(path).execute(
                        "SELECT number, digest FROM private WHERE number BETWEEN ? AND ? ORDER BY number",
                        (first, upto),
                    )
                except sqlite3.Error as error:
                    raise BookDamaged(f"{path} cannot be read: {error}", first) from error
            yield from self._rows(path, found)
            first = upto + 1

    def _rows(self, path: Path, found: sqlite3.Cursor) -> Iterator[tuple[int, bytes]]:
        while True:
            with self._lock:
                try:
                    some = found.fetchmany(500)
                except sqlite3.Error as error:
                    raise BookDamaged(f"{path} cannot be read: {error}") from error
            if not some:
                return
            yield from some

    def use(self, path: Path, upto: int) -> None:
        """Look in this one file alone, of whose entries ``upto`` is the last: a copy on a stick, say."""
        with self._lock:
            self._found = ((upto, path),)

    def close(self) -> None:
        """Close its files; they are opened again by the next use."""
        with self._lock:
            for opened in self._files.values():
                opened.close()
            self._files.clear()
            self._found = ()

    def _holding(self, number: int) -> Path:
        for _ in range(2):
            for upto, path in self._found:
                if number <= upto:
                    return path
            self._found = self._listed()  # another process may have closed a year
        raise ArchiveMissing(
            f"entry {number} is in an archive that is not in {self.folder}: {BRING_BACK}", number
        )

    def _listed(self) -> tuple[tuple[int, Path], ...]:
        files = self.folder.glob("*-entries-to-*.db") if self.folder.is_dir() else ()
        found = [(named, path) for path in files if (named := _NAMED.fullmatch(path.name))]
        return tuple((int(named[2]), path) for named, path in sorted(found, key=lambda one: int(one[0][2])))

    def _open(self, path: Path) -> sqlite3.Connection:
        opened = self._files.get(path)
        if opened is None:
            # Immutable: nobody writes it, and SQLite needs no lock and no file beside it.
            opened = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self._files[path] = opened
        return opened
