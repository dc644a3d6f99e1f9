"""Where a restore is prepared: for one command alone, on the disk it ends on, and nothing of it stays behind."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.ledger import restore
from appliance.ledger.book import backup_make
from appliance.ledger.errors import DataDirectoryError
from tests.support.village import Village


@pytest.fixture
def backup(river: Village, tmp_path: Path) -> Path:
    river.pay("Alice", "Bob", 150)
    public = river.papers.hub.backup_public
    backup_make.make(river.hub.data, river.hub.book.place, public, tmp_path / "b", river.clock.now())
    return tmp_path / "b"


def test_two_who_restore_at_once_do_not_throw_each_others_work_away(
    river: Village, backup: Path, tmp_path: Path
) -> None:
    second: list[Exception] = []

    def meanwhile(what: str, _done: int, _total: int) -> None:
        if what == restore.VERIFYING and not second:
            with pytest.raises(DataDirectoryError, match="being restored already") as refused:
                restore.restore(backup, river.papers.hub, tmp_path / "new", 2, river.clock, lambda *_: None)
            second.append(refused.value)

    done = restore.restore(backup, river.papers.hub, tmp_path / "new", 2, river.clock, meanwhile)
    assert second
    assert done.entries == river.hub.head().number
    assert (tmp_path / "new" / "ledger.db").exists()


def test_who_waited_for_the_other_one_finds_the_hub_there(
    river: Village, backup: Path, tmp_path: Path
) -> None:
    def tell(*_: object) -> None:
        pass

    restore.restore(backup, river.papers.hub, tmp_path / "new", 2, river.clock, tell)
    with pytest.raises(DataDirectoryError, match="is not empty"):
        restore.restore(backup, river.papers.hub, tmp_path / "new", 2, river.clock, tell)
    assert not list(tmp_path.glob(".*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from appliance.ledger import restore
from appliance.ledger.keys import RootPaper

def tell(what, done, total):
    if what == "unpacking" and done == total:
        os.kill(os.getpid(), signal.SIGKILL)

restore.restore(Path(sys.argv[1]), RootPaper.parse(sys.argv[2]), Path(sys.argv[3]), 2, None, tell)
"""


def test_what_a_kill_leaves_of_keys_and_words_goes_with_the_next_attempt(
    river: Village, backup: Path, tmp_path: Path
) -> None:
    before = set(tmp_path.rglob("*"))
    paper = river.papers.hub
    dead = subprocess.run(
        [sys.executable, "-c", KILLED, str(backup), paper.text(), str(tmp_path / "new")],
        check=False,
        capture_output=True,
    )
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    left = [one for one in set(tmp_path.rglob("*")) - before if one.name == "box.json"]
    assert left, "it was killed with the keys unpacked"
    restore.restore(backup, paper, tmp_path / "new", 2, river.clock, lambda *_: None)
    shutil.rmtree(tmp_path / "new")
    assert set(tmp_path.rglob("*")) - before == set(), "nothing is left beside it"


def test_a_link_to_an_empty_directory_on_the_new_card(river: Village, backup: Path, tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    (tmp_path / "hub").symlink_to(tmp_path / "card", target_is_directory=True)
    restore.restore(backup, river.papers.hub, tmp_path / "hub", 2, river.clock, lambda *_: None)
    assert (tmp_path / "hub").is_symlink()
    assert (tmp_path / "card" / "ledger.db").exists()


MOUNTED = """
mount -t tmpfs hub "$1/new" || exit 99
exec "$2" -m appliance.cli restore "$1/b" --data "$1/new" --incarnation 2 --paper-file "$1/paper"
"""


def test_a_mounted_card_is_refused_before_an_hour_is_spent_with_what_to_type_instead(
    river: Village, backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "paper").write_text(river.papers.hub.text(), "utf-8")
    command = [
        "unshare",
        "--mount",
        "--map-root-user",
        "sh",
        "-c",
        MOUNTED,
        "sh",
        str(tmp_path),
        sys.executable,
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert done.returncode == 2, done.stderr
    assert "A backup of" not in done.stdout
    assert f"such as {tmp_path / 'new' / 'hub'}" in done.stderr
    assert not list(tmp_path.glob(".restoring-*"))
