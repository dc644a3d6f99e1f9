"""``hub close-year`` and ``hub archive`` as somebody types them; and that backups take the archive along."""

import json
from pathlib import Path

import pytest

from appliance.ledger import yearly
from appliance.ledger.book import backup_make
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.rehearsal import rehearse
from tests.ledger.test_cli import hub
from tests.support.village import PIN, Village, make_village


@pytest.fixture
def river(tmp_path: Path) -> Village:
    """River after some payments, at rest."""
    village = make_village(tmp_path / "river")
    for amount in (10, 20, 30):
        village.pay("Alice", "Bob", amount, note="eggs")
    village.hub.close()
    return village


def kira(village: Village) -> str:
    return village.account("Kira").short


def test_it_says_what_it_will_do_asks_and_does_it(river: Village) -> None:
    data = river.hub.data
    no = hub("close-year", "--data", data, "--keeper", kira(river), typed="n\n")
    assert no.exit_code == 1
    assert "15 entries" in no.output
    assert not (data / "archive").exists()
    done = hub("close-year", "--data", data, typed=f"{kira(river)}\ny\n{PIN}\n")
    assert done.exit_code == 0, done.output
    assert "Closed up to entry 15, as entry 16." in done.output
    again = hub("close-year", "--data", data, "--keeper", kira(river), "--yes", typed=f"{PIN}\n")
    assert again.exit_code == 0, again.output
    quick = json.loads(hub("verify", "--data", data, "--quick", "--json").output)
    assert quick["closing"] == 16
    assert "began at the closing after entry 16" in hub("verify", "--data", data, "--from-closing").output
    assert json.loads(hub("verify", "--data", data, "--json").output)["closing"] == 0


def test_only_a_keeper_and_the_right_pin(river: Village) -> None:
    for who, pin in (("Alice", PIN), ("Kira", "9999")):
        done = hub(
            "close-year",
            "--data",
            river.hub.data,
            "--keeper",
            river.account(who).short,
            "--yes",
            typed=f"{pin}\n",
        )
        assert done.exit_code == 2, done.output
    assert not (river.hub.data / "archive").exists()


def test_a_book_that_does_not_hold_is_not_closed(river: Village) -> None:
    with river.hub.store.write() as tx:
        tx.select("UPDATE account SET balance = balance + 1 WHERE number = 2")
    river.hub.close()
    done = hub("close-year", "--data", river.hub.data, "--keeper", kira(river), "--yes", typed=f"{PIN}\n")
    assert done.exit_code == 1
    assert "Nothing was closed: table account" in done.output


def test_the_archive_is_listed_and_checked(river: Village, tmp_path: Path) -> None:
    data = river.hub.data
    assert "never been closed" in hub("archive", "list", "--data", data).output
    hub("close-year", "--data", data, "--keeper", kira(river), "--yes", typed=f"{PIN}\n")
    listed = hub("archive", "list", "--data", data).output
    assert "closing 1: entries 1 to 15, closed by entry 16" in listed
    checked = hub("archive", "verify", "--data", data)
    assert checked.exit_code == 0
    assert "clean" in checked.output
    entries = next((data / "archive").glob("*entries*"))
    copy = tmp_path / entries.name
    copy.write_bytes(entries.read_bytes())
    assert hub("archive", "verify", "--data", data, copy).exit_code == 0
    whole = copy.read_bytes()
    copy.write_bytes(whole[:5000] + bytes([whole[5000] ^ 4]) + whole[5001:])
    broken = hub("archive", "verify", "--data", data, copy)
    assert (broken.exit_code, "commits to" in broken.output) == (1, True)
    stranger = tmp_path / "0009-entries-to-3.db"
    stranger.write_bytes(whole)
    assert hub("archive", "verify", "--data", data, stranger).exit_code == 1
    entries.rename(tmp_path / "elsewhere")
    gone = hub("verify", "--data", data)
    assert gone.exit_code == 2
    assert "bring it back from a backup" in gone.output
    assert "missing" in hub("archive", "list", "--data", data).output


def test_an_interrupted_closing_is_finished_first(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    data = river.hub.data
    with monkeypatch.context() as cut:
        cut.setattr(yearly, "_finish", lambda *_: None)
        yearly.close(river.hub, river.signers["Kira"])
    river.hub.close()
    done = hub("close-year", "--data", data, "--keeper", kira(river), "--yes", typed=f"{PIN}\n")
    assert "was interrupted" in done.output


def test_a_backup_takes_the_archive_along_and_a_restore_brings_it_back(
    river: Village, tmp_path: Path
) -> None:
    data, paper = river.hub.data, river.papers.hub
    hub("close-year", "--data", data, "--keeper", kira(river), "--yes", typed=f"{PIN}\n")
    river.hub = Hub.open(data, river.clock)
    river.pay("Bob", "Alice", 5)
    file = tmp_path / "river.hubbackup"
    backup_make.make(data, river.hub.box.place, paper.backup_public, file, river.clock.now())
    river.hub.close()
    assert rehearse(file, paper, river.clock).members == 5
    done = hub("restore", file, "--data", tmp_path / "new", typed=f"{paper.text()}\nn\n")
    assert done.exit_code == 0, done.output
    assert {p.name for p in (tmp_path / "new" / "archive").iterdir()} == {
        p.name for p in (data / "archive").iterdir()
    }
    again = Hub.open(tmp_path / "new")
    try:
        full, quick = verify(again.store), verify(again.store, quick=True)
        assert (full.signatures, quick.closing) == (full.head.number, 15)
    finally:
        again.close()


@pytest.mark.parametrize("what", ["gone", "changed"])
def test_a_backup_without_its_archive_is_none_and_pushes_no_whole_one_out(river: Village, what: str) -> None:
    """It could not be restored: the replay needs every entry."""
    data = river.hub.data
    hub("close-year", "--data", data, "--keeper", kira(river), "--yes", typed=f"{PIN}\n")
    assert hub("backup", "--data", data).exit_code == 0
    whole = sorted((data / "backups").iterdir())
    (file,) = (data / "archive").glob("*-entries-to-*.db")
    if what == "gone":
        file.unlink()
    else:
        held = bytearray(file.read_bytes())
        held[len(held) // 2] ^= 1
        file.write_bytes(held)
    failed = hub("backup", "--data", data)
    assert failed.exit_code == 2, failed.output
    assert file.name in failed.output
    assert "Traceback" not in failed.output
    assert sorted((data / "backups").iterdir()) == whole
