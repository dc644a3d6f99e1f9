"""Backups by themselves: when one is due, what stays, what fails, and sticks."""

import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import backup_shelf, backups
from appliance.ledger.backup_shelf import STICK_FOLDER, Copy, kept
from appliance.ledger.backups import RETRY_MS, SETTLE_MS, Backups, Busy
from appliance.ledger.book import backup
from appliance.ledger.book.backup_form import MAKING, SUFFIX, Header
from appliance.ledger.book.chain import Head, Place
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import BackupFailed
from tests.support.memory import DISK
from tests.support.village import MONDAY_NOON, Village

DAY = 24 * 60 * 60 * 1000


def the_backups(river: Village, *sticks: Path) -> Backups:
    places = ", ".join(f'"{stick}"' for stick in sticks)
    (river.hub.data / "hub.toml").write_text(f"[backup]\nsticks = [{places}]\n", "utf-8")
    return Backups(river.hub)


# ------------------------------------------------------------------------------------------------ when


def test_the_first_is_made_at_once_and_the_next_a_day_later(river: Village) -> None:
    made = the_backups(river)
    assert made.tend()
    assert len(made.copies()) == 1
    river.pay("Alice", "Bob", 100)
    river.clock.advance(DAY - 1)
    assert not made.tend()
    river.clock.advance(1)
    assert made.tend()
    newest = made.copies()[0]
    assert newest.header.head == river.hub.head()
    good = made.state().good
    assert good is not None
    assert good.path == str(newest.path)
    backup.open_backup(newest.path, river.papers.hub, river.hub.data.parent / "opened")


def test_none_is_made_where_nothing_was_written(river: Village) -> None:
    made = the_backups(river)
    assert made.tend()
    river.clock.advance(3 * DAY)
    assert not made.tend()
    made.copies()[0].path.unlink()  # somebody deleted it: then there is none
    assert made.tend()


@pytest.mark.parametrize("wall", [0, 2_208_988_800_000])
def test_a_clock_that_is_wrong_stops_no_backup(river: Village, wall: int) -> None:
    """1970 or 2040 on the wall: the time since boot counts."""
    made = the_backups(river)
    assert made.tend()
    for _ in range(3):
        river.clock.set(wall, Quality.FLOOR)
        river.pay("Alice", "Bob", 100, again=True)
        river.clock.up = replace(river.clock.up, ms=river.clock.up.ms + DAY)
        assert made.tend()
    assert len(made.copies()) == 4


def test_a_missed_night_is_made_up_for_after_the_start(river: Village) -> None:
    made = the_backups(river)
    assert made.tend()
    river.pay("Alice", "Bob", 100)
    river.clock.reboot("boot-2")
    assert not made.tend()
    river.clock.advance(SETTLE_MS)
    assert Backups(river.hub).tend()


def test_one_at_a_time_whoever_asks(river: Village) -> None:
    made, other = the_backups(river), Backups(river.hub)
    inside = []

    def ask_too(_what: str, _done: int, _total: int) -> None:
        with pytest.raises(Busy):
            other.run()
        inside.append(made.working)

    made.run(progress=ask_too)
    assert inside
    assert inside[0] is not None
    assert made.working is None
    assert made.state().failed is None


# ------------------------------------------------------------------------------------------------ what fails


def test_a_full_disk_is_told_and_harms_nothing(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    made = the_backups(river)
    good = made.run()
    river.pay("Alice", "Bob", 100)
    river.clock.advance(DAY)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
        assert made.tend()
        state = made.state()
        assert state.failed is not None
        assert "no room" in state.failed.reason
        assert state.good is not None
        assert state.good.path == str(good.path)
        assert not made.tend()  # not again every minute
    assert [copy.path for copy in made.copies()] == [good.path]
    river.pay("Alice", "Bob", 150)  # the book goes on
    river.clock.advance(RETRY_MS)
    assert made.tend()
    assert made.state().failed is None


def test_what_fails_is_remembered_over_a_start(river: Village, tmp_path: Path) -> None:
    made = the_backups(river)
    with pytest.raises(BackupFailed):
        made.run(tmp_path / "nowhere" / "file")
    assert "nowhere" in str(Backups(river.hub).state().failed)


def test_old_backups_make_room_but_never_the_last_two(
    river: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = the_backups(river)
    for _ in range(4):
        river.pay("Alice", "Bob", 100, again=True)
        river.clock.advance(DAY)
        made.run()
    copies = made.copies()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 0))
    with pytest.raises(BackupFailed, match="no room"):
        made.run()
    assert made.copies() == copies[:2]


def test_what_a_power_cut_left_goes_and_is_never_taken_for_a_backup(river: Village) -> None:
    made = the_backups(river)
    copy = made.run()
    half = made.folder() / f"{MAKING}{copy.path.name}"
    half.write_bytes(copy.path.read_bytes()[:5000])
    left = river.hub.data / f"{MAKING}xyz"
    left.mkdir()
    (left / "ledger.db").write_bytes(b"plain")
    assert made.copies() == (copy,)
    river.pay("Alice", "Bob", 100)
    made.run()
    assert not half.exists()
    assert not left.exists()


def test_an_old_box_says_what_it_needs(river: Village) -> None:
    river.hub.keep_box(replace(river.hub.box, backup_public=None))
    made = the_backups(river)
    assert not made.tend()
    with pytest.raises(BackupFailed, match="paper"):
        made.run()


# ------------------------------------------------------------------------------------------------ what stays


def one(serial: int, day: int, quality: Quality = Quality.NTP) -> Copy:
    at = Instant(Millis(MONDAY_NOON + day * DAY), quality)
    head = Head(serial, bytes(32))
    header = Header(Place(bytes(16), 101, 1), "River", "Valley", head, at, "1", "0001", serial, bytes(32), {})
    return Copy(Path(f"{serial}{SUFFIX}"), header, 1)


def test_seven_days_four_weeks_twelve_months_stay() -> None:
    year = [one(day, day) for day in range(500, 0, -1)]
    stays = [copy.header.serial for copy in kept(year)]
    assert stays[:7] == [500, 499, 498, 497, 496, 495, 494]
    days = [datetime.fromtimestamp(MONDAY_NOON / 1000 + 86_400 * serial, UTC) for serial in stays]
    assert len({day.isocalendar()[:2] for day in days[:11]}) >= 4
    assert len({(day.year, day.month) for day in days}) == 12
    assert len(stays) <= 7 + 4 + 12


@given(st.lists(st.tuples(st.integers(-20_000, 20_000), st.sampled_from(Quality)), min_size=1, max_size=40))
def test_whatever_the_clock_says_the_newest_stay(made: list[tuple[int, Quality]]) -> None:
    copies = [one(serial, day, quality) for serial, (day, quality) in enumerate(made)][::-1]
    stays = kept(copies)
    assert copies[0] == stays[0]
    assert len(stays) <= 7 + 4 + 12 + 1
    doubtful = [copy for copy in copies if copy.header.at.quality < Quality.KEEPER]
    if len(doubtful) == len(copies):
        assert [copy for copy in copies[:7] if copy not in stays] == []


def test_nights_without_a_clock_stay_as_days_weeks_and_months() -> None:
    stays = [copy.header.serial for copy in kept([one(n, 0, Quality.FLOOR) for n in range(400, 0, -1)])]
    assert stays[:7] == list(range(400, 393, -1))
    assert 7 + 2 + 10 <= len(stays) <= 7 + 4 + 12
    assert min(stays) == 89  # the newest of the twelfth month back


# ------------------------------------------------------------------------------------------------ sticks


@pytest.fixture
def tmp_path(on_disk: Path) -> Path:
    """The box's own disk, which is another one than the stick."""
    return on_disk


@pytest.fixture
def stick() -> Iterator[Path]:
    """A real mount of another disk than the hub's: memory that every Linux mounts there.

    All test runs of a machine share it, and each clears it: so whoever has it holds a lock until it is clear again.
    """
    place = Path("/dev/shm")
    if not place.is_mount() or place.stat().st_dev == DISK.stat().st_dev:
        pytest.skip("nothing is mounted at /dev/shm")
    with (place / "technocommune-hub-tests.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(place / STICK_FOLDER, ignore_errors=True)
        yield place
        shutil.rmtree(place / STICK_FOLDER, ignore_errors=True)


def test_a_stick_gets_every_backup_and_opens_with_the_paper(
    river: Village, stick: Path, tmp_path: Path
) -> None:
    made = the_backups(river, stick)
    made.run()
    (done,) = made.state().sticks
    assert done.path == str(stick)
    (copy,) = backup_shelf.listed(stick / STICK_FOLDER, river.hub.book.place)
    assert copy.header == made.copies()[0].header
    backup.open_backup(copy.path, river.papers.hub, tmp_path / "opened")
    assert not made.tend()  # it has it


def test_a_stick_that_is_plugged_in_gets_the_newest(river: Village, stick: Path) -> None:
    made = the_backups(river)
    made.run()
    river.pay("Alice", "Bob", 100)
    river.clock.advance(RETRY_MS)
    made = the_backups(river, stick)
    assert made.tend()
    (copy,) = backup_shelf.listed(stick / STICK_FOLDER, river.hub.book.place)
    assert copy.header.head == river.hub.head()


def test_a_folder_where_no_stick_is_mounted_is_left_alone(river: Village, tmp_path: Path) -> None:
    """The stick was pulled: what is left is a folder on the box's own disk."""
    media = tmp_path / "media" / "usb"
    media.mkdir(parents=True)
    made = the_backups(river, media)
    copy = made.run()
    assert made.sticks() == ()
    assert list(media.iterdir()) == []
    with pytest.raises(BackupFailed, match="no stick"):
        backup_shelf.put_on_stick(copy, media, lambda _done, _all: None)
    assert list(media.iterdir()) == []


def test_a_stick_that_fails_is_told_and_the_backup_stands(
    river: Village, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = the_backups(river, stick)
    made.run()
    before = backup_shelf.listed(stick / STICK_FOLDER, river.hub.book.place)
    river.pay("Alice", "Bob", 100)
    with monkeypatch.context() as bad:
        bad.setattr(backup_shelf, "_digest", lambda _path: b"other")
        made.run()
    state = made.state()
    assert state.stick_failed is not None
    assert state.stick_failed.stick == str(stick)
    assert state.failed is None
    assert backup_shelf.listed(stick / STICK_FOLDER, river.hub.book.place) == before
    assert not [one for one in (stick / STICK_FOLDER).iterdir() if one.name.startswith(MAKING)]
    assert len(made.copies()) == 2


def test_the_names_sort_as_the_backups_do(river: Village) -> None:
    made = the_backups(river)
    for _ in range(3):
        river.pay("Alice", "Bob", 100, again=True)
        made.run()
        river.clock.advance(DAY)
    names = [copy.path.name for copy in made.copies()]
    assert names == sorted(names, reverse=True)
    assert names[0].startswith("hub101-001-")
    assert backups.DAY_MS == DAY


def test_the_plain_copy_of_a_killed_backup_goes_though_no_other_one_is_due(river: Village) -> None:
    """It holds everybody's words, also those that are erased later."""
    (river.hub.data / "hub.toml").write_text("[backup]\ndaily = false\n", "utf-8")
    left = river.hub.data / f"{MAKING}xyz"
    left.mkdir()
    (left / "ledger.db").write_bytes(b"two loaves for Alice")
    made = Backups(river.hub)
    made.tend()
    assert not left.exists()
    assert made.copies() == ()
