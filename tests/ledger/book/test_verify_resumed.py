"""A verification that is interrupted goes on the next time, and nothing that it left can hide or invent a difference."""

import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ledger.book import verify as verifying
from appliance.ledger.book.replay_room import ROOM, passing
from appliance.ledger.book.store import Store
from appliance.ledger.book.verify import Report, verify
from appliance.ledger.cli_verify import _Bar
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import BookDamaged
from tests.ledger.book import tampering
from tests.support.village import a_village

INTERRUPTED_AT = 15


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept every five entries, as a village's day has few."""
    monkeypatch.setattr(verifying, "_FOLD_BATCH", 5)


@pytest.fixture
def river(tmp_path: Path) -> Path:
    """River's data directory after a day of paying."""
    data = tmp_path / "data"
    with a_village(data) as village:
        for amount in range(10, 20):
            village.pay("Alice", "Bob", amount, note="eggs")
    return data


def check(data: Path, progress: verifying.Progress | None = None, from_start: bool = False) -> Report:
    store = Store.open(data / "ledger.db")
    try:
        return verify(store, progress=progress, work=data, from_start=from_start)
    finally:
        store.close()


def pull_the_plug(done: int, total: int) -> None:
    if done >= INTERRUPTED_AT:
        raise KeyboardInterrupt


@pytest.fixture
def interrupted(river: Path) -> Path:
    """The same after somebody pressed Ctrl-C while it was checked."""
    with pytest.raises(KeyboardInterrupt):
        check(river, pull_the_plug)
    return river


def replayed_entries(data: Path) -> int:
    with sqlite3.connect(data / ROOM / "replay.db") as db:
        (entries,) = db.execute("SELECT COUNT(*) FROM entry").fetchone()
    db.close()
    return int(entries)


def test_the_next_run_goes_on_and_finds_the_same(interrupted: Path) -> None:
    assert replayed_entries(interrupted) == INTERRUPTED_AT
    seen: list[int] = []
    report = check(interrupted, lambda done, _: seen.append(replayed_entries(interrupted)))

    assert report.resumed == INTERRUPTED_AT
    assert seen[0] > INTERRUPTED_AT, "what was kept is not made again"
    assert not (interrupted / ROOM).exists()
    assert replace(report, resumed=0) == check(interrupted), "and a run that does all finds the same"


def test_from_start_does_all_again(interrupted: Path) -> None:
    assert check(interrupted, from_start=True).resumed == 0


def test_a_killed_run_leaves_only_what_the_next_one_takes_up(river: Path) -> None:
    told = f"""
import os, signal
from pathlib import Path
from appliance.ledger.book import verify
from appliance.ledger.book.store import Store
verify._FOLD_BATCH = 5
def die(done, total):
    if done >= {INTERRUPTED_AT}:
        os.kill(os.getpid(), signal.SIGKILL)
data = Path({str(river)!r})
verify.verify(Store.open(data / "ledger.db"), progress=die, work=data)
"""
    killed = subprocess.run([sys.executable, "-c", told], check=False)
    assert killed.returncode == -signal.SIGKILL

    assert check(river).resumed == INTERRUPTED_AT
    assert not (river / ROOM).exists()


def test_a_state_that_was_changed_meanwhile_is_found(interrupted: Path) -> None:
    with tampering.card_in_hand(interrupted / "ledger.db") as db:
        db.execute("UPDATE account SET balance = balance + 100 WHERE number = 1")
    with pytest.raises(BookDamaged, match="table account"):
        check(interrupted)


def test_an_entry_that_was_changed_meanwhile_is_found(interrupted: Path) -> None:
    """The forger chains all again, so that only the signature tells: it is checked again, as the chain is another."""
    with tampering.card_in_hand(interrupted / "ledger.db") as db:
        number = INTERRUPTED_AT - 5
        entry = tampering.entry_of(db, number)
        tampering.store(db, replace(entry, signature=bytes(64)))
        tampering.rechain(db, number)
    with pytest.raises(BookDamaged, match="is not signed by") as found:
        check(interrupted)
    assert found.value.entry == INTERRUPTED_AT - 5


def test_a_last_entry_that_was_changed_meanwhile_is_found(river: Path) -> None:
    """Interrupted when all was folded: no later entry could tell that the kept part is of another book."""

    def at_the_end(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(river, at_the_end)
    with tampering.card_in_hand(river / "ledger.db") as db:
        (last,) = db.execute("SELECT MAX(number) FROM entry").fetchone()
        tampering.store(db, replace(tampering.entry_of(db, last), signature=bytes(64)))
    with pytest.raises(BookDamaged, match="is not signed by"):
        check(river)


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE account SET balance = balance + 100 WHERE number = 1",
        "UPDATE entry SET hash = zeroblob(32) WHERE number = (SELECT MAX(number) FROM entry)",
    ],
)
def test_what_is_wrong_with_the_kept_part_is_not_said_of_the_book(interrupted: Path, what: str) -> None:
    with sqlite3.connect(interrupted / ROOM / "replay.db") as db:
        db.execute(what)
    db.close()
    assert check(interrupted).resumed == 0


def test_a_torn_kept_part_is_thrown_away(interrupted: Path) -> None:
    (interrupted / ROOM / "replay.db").write_bytes(b"torn" * 1000)
    for beside in (interrupted / ROOM).glob("replay.db-*"):
        beside.unlink()
    assert check(interrupted).resumed == 0


def test_another_release_begins_anew(interrupted: Path) -> None:
    (interrupted / ROOM / "made-by.json").write_text('{"release": "0.0.1", "tables": "0001_first.py"}')
    assert check(interrupted).resumed == 0


def test_two_at_once_do_not_meet(river: Path) -> None:
    inner: list[Report] = []

    def check_too(done: int, total: int) -> None:
        if not inner:
            inner.append(check(river))

    outer = check(river, check_too)
    assert inner[0] == outer
    assert not list(river.glob("*verify*")), "neither left anything"


def test_on_a_screen_one_line_says_how_much_is_done_and_how_long_it_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock(0)
    bar = _Bar(clock)
    for done in (0, 2_500, 10_000):
        bar(done, 10_000)
        clock.advance(20_000)
    first, quarter, whole = capsys.readouterr().err.strip("\r\n").split("\r")
    assert "left" not in first, "nothing is known yet"
    assert " 25 %  2500 of 10000 entries, 60 s left" in quarter
    assert whole.startswith("[" + "#" * 30 + "] 100 %")


DIES = """
import os, signal, sys
from pathlib import Path
from appliance.ledger.book.replay_room import passing
with passing(Path(sys.argv[1])) as place:
    (place / "replay.db").write_bytes(bytes(1000))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    assert died.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    with passing(tmp_path) as first, passing(tmp_path) as second:
        assert not left.exists()
        assert first.exists()
        assert second.exists()
    assert list(tmp_path.iterdir()) == []
