"""A backup: one sealed file from which a hub can be rebuilt, made while the hub works.

It holds a copy of ``ledger.db`` as it stood at one moment, all of ``keys/``, ``hub.toml`` and what lies
in ``archive/``, as a plain tar inside a sealed file (``sealedfile``). It is sealed for the backup key of
the hub's root paper; the box, which has only the public half, cannot open what it has sealed.

Here it is read: ``read_header`` by anybody, ``open_backup`` with the root paper, all of it or nothing, in a
few pieces of memory whatever the size. ``backup_make`` makes it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from appliance.ledger.book.backup_form import (
    COPY_BYTES,
    MAKING,
    UNPACKING,
    Header,
    Progress,
    inspect,
    members,
    silent,
    sync,
    sync_tree,
)
from appliance.ledger.book.chain import Place
from appliance.ledger.book.store import LEDGER_FILE, MIGRATIONS
from appliance.ledger.errors import (
    BackupDamaged,
    BackupNewer,
    BackupOfAnother,
    BookDamaged,
    DataDirectoryError,
)
from appliance.ledger.keys import RootPaper
from appliance.ledger.sealedfile import SealedReader, open_key


def read_header(path: Path) -> Header:
    """What anybody can read of the backup ``path``; nothing is changed.

    Raises:
        BackupDamaged: it is none (``NotABackup``), or its header is damaged or cut off.
        BackupNewer: a newer release wrote it.
        DataDirectoryError: the file cannot be read.
    """
    with _opened(path) as source:
        return _header_of(SealedReader(source))


def _header_of(reader: SealedReader) -> Header:
    header = Header.from_map(reader.header)
    known = {one.stem for one in MIGRATIONS.glob("[0-9]*.py")}
    if header.schema not in known:
        raise BackupNewer(
            f"written by a newer release ({header.release}; it knows {header.schema}): update this hub first"
        )
    return header


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        source = path.open("rb")
    except OSError as error:
        raise DataDirectoryError(f"{path}: {error.strerror or error}") from error
    with source:
        yield source


def check_whose(header: Header, place: Place) -> None:
    """Return when the backup is of this hub, in whichever incarnation.

    Raises:
        BackupOfAnother: it is another community's, or another hub's.
    """
    if header.place.community != place.community:
        raise BackupOfAnother(
            f"a backup of {header.hub_name} in another community, {header.community}; not of this one"
        )
    if header.place.hub != place.hub:
        raise BackupOfAnother(f"a backup of another hub, {header.hub_name} ({header.place.hub})")


def open_backup(path: Path, paper: RootPaper, into: Path, progress: Progress | None = None) -> Header:
    """Unpack the backup ``path`` into the new directory ``into``, all of it or nothing.

    There is then ``ledger.db`` with what belongs to it, whole and checked, not yet opened by this
    release (``Store.open`` migrates it). ``into`` must be empty or missing, its parent writable.

    Raises:
        PaperDoesNotFit: it was sealed for another root paper.
        BackupDamaged, BackupNewer: as ``read_header``; or a byte of the content is not what was written.
        BackupOfAnother: what is in it is another hub's than its header says.
        DataDirectoryError: ``into`` is not empty or cannot be written, or the file cannot be read.
    """
    tell = progress or silent
    with _opened(path) as source:
        reader = SealedReader(source)
        header = _header_of(reader)
        reader.use(open_key(reader.header, paper.backup_secret))
        if into.exists() and (not into.is_dir() or any(into.iterdir())):
            raise DataDirectoryError(f"{into} is not empty")
        try:
            with tempfile.TemporaryDirectory(prefix=MAKING, dir=into.parent) as room:
                fresh = Path(room) / "hub"
                fresh.mkdir(mode=0o700)
                _unpack(reader, header, fresh, tell)
                _check_content(header, fresh)
                sync_tree(fresh)
                fresh.rename(into)
                sync(into.parent)
        except OSError as error:
            raise DataDirectoryError(f"{into}: {error.strerror or error}") from error
    return header


def _unpack(reader: SealedReader, header: Header, into: Path, tell: Progress) -> None:
    total, done = sum(header.files.values()), 0
    for name, content in members(reader, header.files):
        path = into / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            while piece := content.read(COPY_BYTES):
                out.write(piece)
                done += len(piece)
                tell(UNPACKING, done, total)
    found = {one.relative_to(into).as_posix(): one.stat().st_size for one in into.rglob("*") if one.is_file()}
    if found != header.files:
        raise BackupDamaged("its files are not those that its header names")


def _check_content(header: Header, directory: Path) -> None:
    try:
        found = inspect(directory / LEDGER_FILE)
    except BookDamaged as error:
        raise BackupDamaged(str(error)) from error
    if (found.head, found.schema) != (header.head, header.schema):
        raise BackupDamaged("its database is not the one that its header names")
    if found.hub != header.place.hub:
        raise BackupOfAnother(f"its database is of hub {found.hub}, its header of {header.place.hub}")
