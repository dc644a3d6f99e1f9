"""Where backups lie: a folder of the box and sticks; which are there, which go, where one may be put.

Backups of one hub are ordered by incarnation, entry and serial number, never by the clock.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import glob
from hashlib import blake2b
from pathlib import Path
from typing import Final

from appliance.ledger.book import backup
from appliance.ledger.book.backup_form import COPY_BYTES, MAKING, SUFFIX, Header, sync
from appliance.ledger.book.chain import Place
from appliance.ledger.clock import Quality
from appliance.ledger.errors import BackupFailed, HubError

LAST: Final = 2
"""So many of the last ones stay whatever else is asked: one may lie where the card is bad."""

DAILY: Final = 7
WEEKLY: Final = 4
MONTHLY: Final = 12

SPARE: Final = 32 * 1024 * 1024
"""Bytes of a disk that backups leave free: the book comes first."""

STICK_FOLDER: Final = "technocommune-hub"


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup that lies somewhere, as far as its header says."""

    path: Path
    header: Header
    size: int


def name_of(header: Header) -> str:
    """A file name that sorts as this hub's backups do; the day at its end is for people."""
    when = _at(header)
    day = "" if when is None else f"-{when:%Y%m%d}"
    incarnation, number, serial = header.order
    return f"hub{header.place.hub}-{incarnation:03d}-{number:09d}-{serial:06d}{day}{SUFFIX}"


def listed(folder: Path, place: Place) -> tuple[Copy, ...]:
    """This hub's backups in ``folder``, the newest first. What cannot be read is left out, and alone."""
    found = []
    try:
        paths = sorted(one for one in folder.glob(f"*{SUFFIX}") if not one.name.startswith(MAKING))
    except OSError:
        return ()
    for path in paths:
        try:
            if not path.is_file():  # a pipe on a stick would be waited for without end
                continue
            header = backup.read_header(path)
            size = path.stat().st_size
        except (HubError, OSError):
            continue
        if (header.place.community, header.place.hub) == (place.community, place.hub):
            found.append(Copy(path, header, size))
    return tuple(sorted(found, key=lambda copy: copy.header.order, reverse=True))


def kept(copies: Sequence[Copy]) -> tuple[Copy, ...]:
    """Those of ``copies``, the newest first, that stay: the last two, and the newest of each of the last
    7 days, 4 weeks and 12 months from which there is one.

    Days are counted from one backup to the next, not back from a clock: one that jumps deletes
    nothing. Where no clock could be believed, one backup counts as a day.
    """
    stays = dict.fromkeys(copy.path for copy in copies[:LAST])
    for bucket, most in ((_day, DAILY), (_week, WEEKLY), (_month, MONTHLY)):
        seen: dict[object, Path] = {}
        for copy in copies:
            seen.setdefault(bucket(copy.header), copy.path)
        stays |= dict.fromkeys(list(seen.values())[:most])
    return tuple(copy for copy in copies if copy.path in stays)


def _when(header: Header) -> datetime | None:
    return None if header.at.quality < Quality.KEEPER else _at(header)


def _at(header: Header) -> datetime | None:
    try:
        return datetime.fromtimestamp(header.at.ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _day(header: Header) -> object:
    when = _when(header)
    return header.serial if when is None else when.date()


def _week(header: Header) -> object:
    when = _when(header)
    return header.serial // 7 if when is None else tuple(when.isocalendar())[:2]


def _month(header: Header) -> object:
    when = _when(header)
    return header.serial // 30 if when is None else (when.year, when.month)


def thin_out(copies: Sequence[Copy]) -> tuple[Copy, ...]:
    """Delete what need not stay; what stays. One that cannot be deleted is tried again another time."""
    stays = kept(copies)
    staying = {copy.path for copy in stays}
    for copy in copies:
        if copy.path not in staying:
            with contextlib.suppress(OSError):
                copy.path.unlink(missing_ok=True)
    return stays


def sweep(folder: Path) -> None:
    """Remove what a power cut left half made. Only for who holds the turn (``backups``)."""
    for left in folder.glob(f"{MAKING}*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


class NoRoom(BackupFailed):
    """The disk is too full for it, even without the older ones that may go."""


def make_room(folder: Path, copies: Sequence[Copy], needed: int, spare: int = SPARE) -> None:
    """Return when ``needed`` bytes and ``spare`` more are free there.

    When they are not, the oldest backups go, but never one of the last two.

    Raises:
        NoRoom: there is no room even so.
    """
    left = list(copies)
    while (free := shutil.disk_usage(folder).free) < needed + spare:
        if len(left) <= LAST:
            raise NoRoom(
                f"no room in {folder}: {needed // 1024**2 + 1} MB and {spare // 1024**2} MB to spare are "
                f"needed, {free // 1024**2} MB are free"
            )
        left.pop().path.unlink(missing_ok=True)


# ---------------------------------------------------------------------------------------- sticks


def sticks(patterns: Iterable[str], data: Path) -> tuple[Path, ...]:
    """The mounted sticks: places by ``patterns`` that are mounts of other disks than ``data`` and ``/``."""
    own = {os.stat(data).st_dev, os.stat("/").st_dev}  # noqa: PTH116 - beside os.path.ismount
    found = {Path(one) for pattern in patterns for one in glob(pattern)}  # noqa: PTH207 - absolute patterns
    return tuple(sorted(one for one in found if _other_disk(one, own)))


def _other_disk(place: Path, own: set[int]) -> bool:
    try:
        return place.is_dir() and place.is_mount() and place.stat().st_dev not in own
    except OSError:
        return False


def put_on_stick(copy: Copy, stick: Path, tell: Callable[[int, int], None]) -> Copy:
    """A copy of a backup on a stick, durable and read back; older ones there are thinned out.

    Raises:
        BackupFailed: the stick is full, cannot be written, was pulled, or gives other bytes back.
            What was on it before is still there.
    """
    folder = stick / STICK_FOLDER
    target = folder / copy.path.name
    part = folder / f"{MAKING}{copy.path.name}"
    try:
        device = stick.stat().st_dev
        if not stick.is_mount():
            raise BackupFailed(f"{stick}: no stick is mounted there any more")
        folder.mkdir(exist_ok=True)
        sweep(folder)
        _check_device(folder, device)
        have = listed(folder, copy.header.place)
        make_room(folder, [one for one in have if one.path != target], copy.size)
        try:
            digest = _copy_bytes(copy.path, part, device, copy.size, tell)
            if _digest(part) != digest:
                raise BackupFailed(
                    f"{stick}: it gives back other bytes than were written: do not trust this stick"
                )
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)
        sync(folder)
        sync(stick)
        _check_device(folder, device)
    except OSError as error:
        raise BackupFailed(f"{stick}: {error.strerror or error}") from error
    put = Copy(target, copy.header, copy.size)
    thin_out(listed(folder, copy.header.place))
    return put


def _check_device(place: Path, device: int) -> None:
    """Raises BackupFailed when ``place`` is on another disk: the stick was pulled, the folder under it is ours."""
    if place.stat().st_dev != device:
        raise BackupFailed(f"{place}: the stick was pulled out")


def _copy_bytes(source: Path, part: Path, device: int, size: int, tell: Callable[[int, int], None]) -> bytes:
    hashed, done = blake2b(digest_size=32), 0
    with (
        source.open("rb") as data,
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
    ):
        if os.fstat(out.fileno()).st_dev != device:
            raise BackupFailed(f"{part.parent}: the stick was pulled out")
        while piece := data.read(COPY_BYTES):
            hashed.update(piece)
            out.write(piece)
            done += len(piece)
            tell(done, size)
        out.flush()
        os.fsync(out.fileno())
    return hashed.digest()


def _digest(path: Path) -> bytes:
    hashed = blake2b(digest_size=32)
    with path.open("rb") as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # from the stick, not from memory
        while piece := source.read(COPY_BYTES):
            hashed.update(piece)
    return hashed.digest()
