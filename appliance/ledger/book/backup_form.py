"""What a backup looks like: the header anybody can read, the files inside, what a database says of itself.

The layout of the sealed file around it: ``sealedfile``. Inside is a plain tar of ``ledger.db``, ``hub.toml``
and what lies in ``keys/`` and ``archive/``.
"""

import os
import re
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Head, Place
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import BackupDamaged, BadEncoding, BookDamaged
from appliance.ledger.sealedfile import PIECE, SealedReader

SUFFIX: Final = ".hubbackup"
MAKING: Final = ".making-"
"""How the names of what is not finished begin. After a power cut such things may be left."""

ALLOWED: Final = re.compile(r"ledger\.db|hub\.toml|(keys|archive)(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){1,3}")
_MOST_FILES: Final = 10_000
COPY_BYTES: Final = 256 * 1024

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done (``COPYING`` ...), how much of it, and of how much."""

COPYING: Final = "copying"
CHECKING: Final = "checking"
SEALING: Final = "sealing"
READING: Final = "reading"
UNPACKING: Final = "unpacking"


@dataclass(frozen=True, slots=True)
class Header:
    """What anybody can read of a backup. Only who opens it knows that it is true.

    Attributes:
        place, hub_name, community: whose it is.
        head: where its book ends.
        at: when it was made, as the box believed, and how far.
        release, schema: by which release, and the last migration of its database.
        serial: how many backups this hub had made by then; orders them where no clock does.
        reader: the public backup key it is sealed for.
        files: bytes of each file in it.
    """

    place: Place
    hub_name: str
    community: str
    head: Head
    at: Instant
    release: str
    schema: str
    serial: int
    reader: bytes
    files: dict[str, int]

    def to_map(self) -> codec.Body:
        """As it stands in the file, without ``reader``, which the sealing adds."""
        return {
            "community": self.place.community,
            "hub": self.place.hub,
            "incarnation": self.place.incarnation,
            "hub_name": self.hub_name,
            "community_name": self.community,
            "number": self.head.number,
            "head": self.head.hash,
            "at": self.at.ms,
            "quality": int(self.at.quality),
            "release": self.release,
            "schema": self.schema,
            "serial": self.serial,
            "files": self.files,
        }

    @classmethod
    def from_map(cls, m: codec.Body) -> "Header":
        """Raises BackupDamaged when something is missing or of another kind."""
        kinds: dict[str, type] = dict.fromkeys(
            ("hub", "incarnation", "number", "at", "quality", "serial"), int
        )
        kinds |= dict.fromkeys(("hub_name", "community_name", "release", "schema"), str)
        kinds |= dict.fromkeys(("community", "head", "reader"), bytes) | {"files": dict}
        if any(type(m.get(name)) is not kind for name, kind in kinds.items()):
            raise BackupDamaged("its header is damaged")
        try:
            at = Instant(Millis(m["at"]), Quality(m["quality"]))
        except ValueError as error:
            raise BackupDamaged("its header is damaged") from error
        # Anybody can write a header, and seal a file for anybody's paper.
        counted = all(m[name] >= 0 for name in ("hub", "incarnation", "number", "serial"))
        sized = all(type(size) is int and size >= 0 for size in m["files"].values())
        if not (counted and sized):
            raise BackupDamaged("its header is damaged")
        return cls(
            Place(m["community"], m["hub"], m["incarnation"]),
            m["hub_name"],
            m["community_name"],
            Head(m["number"], m["head"]),
            at,
            m["release"],
            m["schema"],
            m["serial"],
            m["reader"],
            m["files"],
        )

    @property
    def order(self) -> tuple[int, int, int]:
        """Backups of one hub in the order in which they were made, whatever the clock said."""
        return (self.place.incarnation, self.head.number, self.serial)


def silent(_what: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Found:
    """What a database says of itself: whose it is, where its book ends, its last migration."""

    hub: int
    hub_name: str
    community: str
    head: Head
    schema: str


def inspect(database: Path) -> Found:
    """What the database of a hub says of itself, once SQLite finds no fault with the file.

    Nobody else may have it open: it is read as it lies there, without what a ``-wal`` beside it holds.

    Raises:
        BookDamaged: it is torn, or no hub's.
    """
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            fault = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if fault != "ok":
                raise BookDamaged(f"the database is torn: {fault}")
            head = db.execute("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1").fetchone()
            named = db.execute("SELECT body FROM setting WHERE name = 'community'").fetchone()
            schema = db.execute("SELECT name FROM schema_migration ORDER BY name DESC LIMIT 1").fetchone()
            if None in (head, named, schema):
                raise BookDamaged("the database has no founding")
            m = codec.decode_map(named[0])
            return Found(m["hub"], m["hub_name"], m["name"], Head(head[0], bytes(head[1])), schema[0])
    except (sqlite3.Error, TypeError, KeyError, BadEncoding) as error:
        raise BookDamaged(f"the database is no hub's: {error}") from error


def members(reader: SealedReader, sizes: dict[str, int]) -> Iterator[tuple[str, IO[bytes]]]:
    """The files in a sealed tar, one after the other; what follows the last is read too, and checked.

    Args:
        sizes: of each file, as the header says: what is longer, or is not named there, is not unpacked.

    Raises:
        BackupDamaged: it holds anything else.
    """
    names = set()
    try:
        with tarfile.open(fileobj=reader, mode="r|", bufsize=PIECE) as tar:  # type: ignore[call-overload]
            for entry in tar:
                # Not ``isreg``: a sparse file is one, too, and a few bytes of it unpack to any length.
                plain = entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not entry.issparse()
                if not plain or not ALLOWED.fullmatch(entry.name) or entry.name in names:
                    raise BackupDamaged(f"it holds what no backup holds: {entry.name[:80]!r}")
                names.add(entry.name)
                if len(names) > _MOST_FILES:
                    raise BackupDamaged("it holds too many files")
                if entry.size != sizes.get(entry.name):
                    raise BackupDamaged("its files are not those that its header names")
                tar.members = []
                yield entry.name, tar.extractfile(entry)
            while reader.read(PIECE):
                pass
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise BackupDamaged(f"its content is damaged: {error}") from error


def sync(path: Path) -> None:
    """Return when what ``path`` names would survive a power cut."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_tree(directory: Path) -> None:
    """``sync`` everything in ``directory``, and itself."""
    for one in directory.rglob("*"):
        sync(one)
    sync(directory)
