"""``hub backup``, ``hub rehearse``, ``hub paper``: as somebody types them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger import boxfile, papers
from appliance.ledger.book.backup_form import SUFFIX
from appliance.ledger.hub import Hub
from tests.support.village import Village, a_village


def hub(*words: object, typed: str = "") -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


@pytest.fixture
def file(river: Village, tmp_path: Path) -> Path:
    """River's backup, made at the terminal while the portal has the hub open."""
    river.pay("Alice", "Bob", 150)
    path = tmp_path / f"river{SUFFIX}"
    made = hub("backup", "--data", river.hub.data, path)
    assert made.exit_code == 0, made.output
    return path


@pytest.fixture
def paper_file(river: Village, tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(" ".join(river.papers.hub.words("es")), "utf-8")
    return path


def untouched(path: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in path.rglob("*") if one.is_file()}


class TestBackup:
    def test_it_says_where_how_far_and_that_it_was_read_back(self, river: Village, tmp_path: Path) -> None:
        made = hub("backup", "--data", river.hub.data)
        assert made.exit_code == 0
        (copy,) = (river.hub.data / "backups").iterdir()
        assert made.output.splitlines()[0] == str(copy)
        assert f"up to entry {river.hub.head().number}" in made.output
        assert "read back and right" in made.output

    def test_a_directory_gets_a_file_with_a_name(self, river: Village, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        assert hub("backup", "--data", river.hub.data, tmp_path / "stick").exit_code == 0
        (copy,) = (tmp_path / "stick").iterdir()
        assert copy.name.startswith("hub101-001-")

    def test_a_file_that_is_there_is_not_overwritten(self, river: Village, tmp_path: Path) -> None:
        (tmp_path / "list").write_text("shopping", "utf-8")
        refused = hub("backup", "--data", river.hub.data, tmp_path / "list")
        assert refused.exit_code == 2
        assert "is there already" in refused.output
        assert (tmp_path / "list").read_text("utf-8") == "shopping"

    def test_what_failed_and_the_last_good_one_are_told(self, river: Village, tmp_path: Path) -> None:
        assert "no backup has been made" in hub("backup", "--status", "--data", river.hub.data).output
        hub("backup", "--data", river.hub.data)
        assert hub("backup", "--data", river.hub.data, tmp_path / "no" / "file").exit_code == 2
        told = hub("backup", "--status", "--data", river.hub.data).output
        assert "last good" in told
        assert "FAILED" in told
        assert f"up to entry {river.hub.head().number}" in told


class TestRehearse:
    def test_a_backup_and_its_paper_bring_the_hub_back(
        self, river: Village, file: Path, paper_file: Path
    ) -> None:
        before = untouched(river.hub.data)
        tried = hub("rehearse", file, "--paper-file", paper_file, "--balances", "--data", river.hub.data)
        assert tried.exit_code == 0, tried.output
        assert f"{river.account('Alice').short}  -1.50 h" in tried.output
        assert f"{river.account('Bob').short}  1.50 h" in tried.output
        assert "bring River back as it was" in tried.output
        assert "typed in again from slips" in tried.output
        assert "sum 0.00 h" in tried.output
        assert untouched(river.hub.data) == before

    def test_as_json_with_every_balance(self, river: Village, file: Path) -> None:
        tried = hub("rehearse", file, "--json", "--balances", typed=river.papers.hub.text() + "\n")
        told = json.loads(tried.output.splitlines()[-1])
        assert told["sum"] == 0
        assert told["members"] == 5
        assert told["head"] == str(river.hub.head())
        assert told["balances"][river.account("Alice").short] == -150
        assert sum(told["balances"].values()) == 0

    def test_each_thing_that_is_wrong_has_its_line_and_its_code(
        self, river: Village, file: Path, paper_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = file.read_bytes()
        (tmp_path / "damaged").write_bytes(whole[:90_000] + b"\x00\x01" + whole[90_002:])
        (tmp_path / "short").write_bytes(whole[:-70_000])
        (tmp_path / "photo").write_bytes(b"\xff\xd8\xff\xe0" + whole)

        def tried(path: Path, *more: object, typed: str = "") -> tuple[int, str]:
            how = ("--paper-file", paper_file) if not typed else ()
            result = hub("rehearse", path, *how, *more, typed=typed)
            assert "Traceback" not in result.output
            return result.exit_code, result.output.splitlines()[-1]

        assert tried(tmp_path / "damaged") == (3, "Error: damaged: its bytes are not those that were written")
        assert tried(tmp_path / "photo") == (3, "Error: not a hub's backup")
        assert tried(tmp_path / "short")[0] == 4
        assert "cut off" in tried(tmp_path / "short")[1]
        with a_village(tmp_path / "elsewhere") as elsewhere:
            other = tried(file, "--data", elsewhere.hub.data)
            assert other[0] == 5
            assert "another community" in other[1]
            wrong = tried(file, typed=elsewhere.papers.hub.text() + "\n")
        assert wrong[0] == 7
        assert "the root paper of River (101) does" in wrong[1]
        words = river.papers.hub.words()
        slip = tried(file, typed=" ".join((*words[:6], "rivver", *words[7:])) + "\n")
        assert slip[0] == 7
        assert f"word 7 is wrong: '{words[6]}' would fit" in slip[1]
        monkeypatch.setattr("appliance.ledger.sealedfile.VERSION", 0)
        assert tried(file)[0] == 6
        monkeypatch.undo()
        assert tried(tmp_path / "nowhere")[0] == 2

    def test_another_hub_of_the_same_community_is_another_hub(
        self, river: Village, file: Path, paper_file: Path, tmp_path: Path
    ) -> None:
        other = replace(river.hub.box, place=replace(river.hub.box.place, hub=102))
        boxfile.make(tmp_path / "hill", other)
        refused = hub("rehearse", file, "--paper-file", paper_file, "--data", tmp_path / "hill")
        assert refused.exit_code == 5
        assert "another hub, River (101)" in refused.output


class TestPaper:
    @pytest.fixture
    def old(self, river: Village) -> Village:
        """River, whose box was founded before there were backups."""
        river.hub.keep_box(replace(river.hub.box, backup_public=None, box_key=None))
        return river

    def test_a_paper_that_is_right_is_remembered(self, river: Village) -> None:
        with river.hub.reading() as tx:
            assert [one.at for one in papers.checked(tx)] == [None]
        told = hub("paper", "check", "--data", river.hub.data, typed=river.papers.hub.scanned() + "\n")
        assert told.exit_code == 0
        assert "the root paper of this hub" in told.output
        with river.hub.reading() as tx:
            (one,) = papers.checked(tx)
        assert one.at is not None

    def test_the_communitys_is_told_from_the_hubs(self, river: Village) -> None:
        told = hub("paper", "check", "--data", river.hub.data, typed=river.founders.text() + "\n")
        assert "the root paper of the community" in told.output

    def test_another_hubs_is_not_remembered(self, river: Village) -> None:
        typed = " ".join(type(river.papers.hub).fresh().words()) + "\n"
        told = hub("paper", "check", "--data", river.hub.data, typed=typed)
        assert told.exit_code == 7
        assert "of another hub or another community" in told.output
        with river.hub.reading() as tx:
            assert [one.at for one in papers.checked(tx)] == [None]

    def test_it_completes_an_old_box(self, old: Village) -> None:
        assert "paper check" in hub("backup", "--data", old.hub.data).output
        hub("paper", "check", "--data", old.hub.data, typed=old.papers.hub.text() + "\n")
        assert boxfile.read(old.hub.data).backup_public == old.papers.hub.backup_public
        opened = Hub.open(old.hub.data)
        opened.close()
        assert hub("backup", "--data", old.hub.data).exit_code == 0
