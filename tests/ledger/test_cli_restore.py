"""``hub restore`` as somebody types it: what it says, and what it refuses before it changes anything."""

from pathlib import Path

import pytest

from appliance.ledger.book import backup_make
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, RootPaper
from tests.ledger.test_cli import hub
from tests.support.village import PIN, Village, make_village


@pytest.fixture
def backup(tmp_path: Path) -> tuple[Path, Village]:
    village = make_village(tmp_path / "river")
    file = tmp_path / "river.hubbackup"
    paper = village.papers.hub
    backup_make.make(village.hub.data, village.hub.box.place, paper.backup_public, file, village.clock.now())
    village.hub.close()
    return file, village


def test_paper_and_file_bring_the_hub_back(backup: tuple[Path, Village], tmp_path: Path) -> None:
    file, village = backup
    done = hub("restore", file, "--data", tmp_path / "new", typed=f"{village.papers.hub.text()}\nn\n")
    assert done.exit_code == 0, done.output
    for said in ("River is back", "5 people", "life 2", "Never start the old card", "what was paid at home"):
        assert said in done.output
    again = Hub.open(tmp_path / "new")
    try:
        assert again.box.place.incarnation == 2
        assert again.pepper == village.papers.hub.pepper
        verify(again.store, root_key=village.papers.hub.public)
        kira = again.unlock(1, PIN)
        assert isinstance(kira, KeySigner), "an old PIN opens: pepper and sealed keys are back"
    finally:
        again.close()
    assert not list(tmp_path.glob(".restoring-*"))


def test_restored_before(backup: tuple[Path, Village], tmp_path: Path) -> None:
    file, village = backup
    done = hub("restore", file, "--data", tmp_path / "new", typed=f"{village.papers.hub.text()}\ny\n2\ny\n")
    assert done.exit_code == 0, done.output
    assert "THIS BACKUP IS OLDER THAN THAT RESTORE" in done.output
    assert "life 3" in done.output


def test_who_learns_that_the_backup_is_older_than_the_last_restore_can_look_for_another(
    backup: tuple[Path, Village], tmp_path: Path
) -> None:
    file, village = backup
    done = hub("restore", file, "--data", tmp_path / "new", typed=f"{village.papers.hub.text()}\ny\n2\nn\n")
    assert done.exit_code == 1
    assert "look for one on the sticks first" in done.output
    assert not (tmp_path / "new").exists()
    words = ("--data", tmp_path / "new", "--incarnation", 4)
    told = hub("restore", file, *words, typed=f"{village.papers.hub.text()}\n")
    assert told.exit_code == 0, told.output
    assert "THIS BACKUP IS OLDER" in told.output


def test_what_a_power_cut_left_is_in_nobodys_way(backup: tuple[Path, Village], tmp_path: Path) -> None:
    file, village = backup
    left = tmp_path / ".restoring-new"
    left.mkdir()
    (left / "ledger.db").write_bytes(b"half")
    done = hub("restore", file, "--data", tmp_path / "new", typed=f"{village.papers.hub.text()}\nn\n")
    assert done.exit_code == 0, done.output
    assert not left.exists()


@pytest.mark.parametrize("what", ["paper", "damaged", "cut", "no backup", "not empty"])
def test_refusals_change_nothing(backup: tuple[Path, Village], tmp_path: Path, what: str) -> None:
    file, village = backup
    into, text, more = tmp_path / "new", village.papers.hub.text(), ["--incarnation", "2"]
    content = file.read_bytes()
    if what == "paper":
        text = RootPaper.fresh().text()
    elif what == "damaged":
        file.write_bytes(content[:-200] + bytes([content[-200] ^ 1]) + content[-199:])
    elif what == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif what == "no backup":
        file.write_bytes(b"a letter")
    elif what == "not empty":
        into.mkdir()
        (into / "mine.txt").write_text("keep", "utf-8")
    done = hub("restore", file, "--data", into, *more, typed=f"{text}\n")
    assert done.exit_code == 2
    assert done.output.strip().splitlines()[-1].startswith("Error: ")
    assert not [one for one in into.glob("*") if one.name != "mine.txt"]
    assert not list(tmp_path.glob(".restoring-*"))
