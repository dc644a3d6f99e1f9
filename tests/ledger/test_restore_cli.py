"""From the paper alone, typed in however it is at hand, a hub comes back; and what is refused changes nothing.

All through ``hub``, with real files. That pepper, backup key and root come from the paper is seen where the
backup has no keys at all: then there is nothing else that they could come from.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger import boxfile
from appliance.ledger.book import backup_make
from appliance.ledger.book.backup import read_header
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, RootPaper
from tests.ledger.test_cli import hub
from tests.support.village import PIN, Village, make_village

WAYS: dict[str, Callable[[RootPaper], str]] = {
    "English words": lambda paper: " ".join(paper.words("en")),
    "Spanish words": lambda paper: " ".join(paper.words("es")).upper(),
    "French words": lambda paper: ", ".join(paper.words("fr")),
    "Portuguese words": lambda paper: " ".join(word[:5] for word in paper.words("pt")),
    "letters": lambda paper: paper.text().lower(),
    "QR text": RootPaper.scanned,
}


@dataclass(frozen=True)
class Lost:
    """River, whose card is dead: what there is of it. ``bare``: a backup without keys."""

    village: Village
    file: Path
    bare: Path

    @property
    def paper(self) -> RootPaper:
        return self.village.papers.hub


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    table = tmp_path_factory.mktemp("river")
    village = make_village(table / "river")
    village.pay("Alice", "Bob", 150)
    made = hub("backup", "--data", village.hub.data, table / "river.hubbackup")
    assert made.exit_code == 0, made.output
    keys = village.hub.data / boxfile.KEYS
    shutil.move(keys, table / "aside")
    place, now = village.hub.box.place, village.clock.now()
    backup_make.make(village.hub.data, place, village.papers.hub.backup_public, table / "bare", now)
    shutil.move(table / "aside", keys)
    yield Lost(village, table / "river.hubbackup", table / "bare")
    village.hub.close()


def is_back(lost: Lost, data: Path) -> None:
    """What the paper stands for is here again, and Kira's old PIN opens her key."""
    again = Hub.open(data)
    try:
        box = again.box
        assert (box.pepper, box.root_public) == (lost.paper.pepper, lost.paper.public)
        assert box.backup_public == lost.paper.backup_public
        assert box.box_key is not None
        assert box.box_key.secret == lost.village.hub.box.box_key.secret  # type: ignore[union-attr]
        verify(again.store, root_key=lost.paper.public)
        assert isinstance(again.unlock(lost.village.numbers["Kira"], PIN), KeySigner)
        assert not isinstance(again.unlock(lost.village.numbers["Kira"], "9999"), KeySigner)
    finally:
        again.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("keys", ["with its keys", "without keys"])
def test_the_paper_brings_the_hub_back_however_it_is_typed(
    lost: Lost, tmp_path: Path, way: str, keys: str
) -> None:
    file = lost.file if keys == "with its keys" else lost.bare
    done = hub("restore", file, "--data", tmp_path / "new", typed=f"{WAYS[way](lost.paper)}\nn\n")
    assert done.exit_code == 0, done.output
    is_back(lost, tmp_path / "new")
    assert ("The backup had no keys" in done.output) == (keys == "without keys")
    # A backup of the new life opens with the same paper: so it can be lost again.
    again = tmp_path / "again.hubbackup"
    assert hub("backup", "--data", tmp_path / "new", again).exit_code == 0
    assert read_header(again).place.incarnation == 2
    assert hub("rehearse", again, typed=WAYS[way](lost.paper) + "\n").exit_code == 0


def test_one_slip_on_the_paper_is_named_and_the_hub_comes_back_with_what_is_named(
    lost: Lost, tmp_path: Path
) -> None:
    words = list(lost.paper.words("es"))
    right, words[6] = words[6], "zorro" if words[6] != "zorro" else "abeja"
    refused = hub("restore", lost.file, "--data", tmp_path / "new", typed=" ".join(words) + "\nn\n")
    assert refused.exit_code == 2
    assert f"word 7 is wrong: {right!r} would fit" in refused.output
    assert not (tmp_path / "new").exists()
    words[6] = right
    done = hub("restore", lost.file, "--data", tmp_path / "new", typed=" ".join(words) + "\nn\n")
    assert done.exit_code == 0, done.output


class TestRefused:
    """Each ends with one line and code 2; no directory, no half of one, and the file as it was."""

    def refused(self, lost: Lost, file: Path, room: Path, paper: RootPaper | None = None) -> str:
        (room / "paper").write_text((paper or lost.paper).text(), "utf-8")
        before = {one: one.read_bytes() for one in room.rglob("*") if one.is_file()}
        words = ("--data", room / "new", "--paper-file", room / "paper", "--incarnation", 2)
        done = hub("restore", file, *words)
        assert done.exit_code == 2, done.output
        assert {one: one.read_bytes() for one in room.rglob("*") if one.is_file()} == before
        assert not (room / "new").exists()
        assert not list(room.glob(".*"))
        last = done.output.strip().splitlines()[-1]
        assert last.startswith("Error: ")
        assert "Traceback" not in done.output
        return last

    def test_another_communitys_file(self, lost: Lost, tmp_path: Path) -> None:
        other = make_village(tmp_path / "elsewhere")
        other.hub.close()
        file = tmp_path / "other.hubbackup"
        paper = other.papers.hub.backup_public
        backup_make.make(other.hub.data, other.hub.box.place, paper, file, other.clock.now())
        assert "is not that of River (101)" in self.refused(lost, file, tmp_path)

    def test_another_hubs_file_of_this_community(self, lost: Lost, tmp_path: Path) -> None:
        """Hill's backup was put on the wrong stick."""
        box = lost.village.hub.box
        hill, paper = tmp_path / "hill", RootPaper.fresh()
        shutil.copytree(lost.village.hub.data, hill)
        place, now = replace(box.place, hub=102), lost.village.clock.now()
        backup_make.make(hill, place, paper.backup_public, tmp_path / "hill.hubbackup", now)
        said = self.refused(lost, tmp_path / "hill.hubbackup", tmp_path)
        assert "this root paper is not that of River (102)" in said

    def test_a_file_whose_header_lies_about_whose_it_is(self, lost: Lost, tmp_path: Path) -> None:
        """Sealed for our paper, but what is in it is another hub's than its header says."""
        place = replace(lost.village.hub.box.place, hub=102)
        paper, now = lost.paper.backup_public, lost.village.clock.now()
        backup_make.make(lost.village.hub.data, place, paper, tmp_path / "lies", now)
        assert self.refused(lost, tmp_path / "lies", tmp_path)

    @pytest.mark.parametrize("what", ["the form of the file", "a migration"])
    def test_a_newer_releases_file(
        self, lost: Lost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        if what == "a migration":
            known = tmp_path / "migrations"
            shutil.copytree(Path(backup_make.__file__).parent / "migrations", known)
            last = max(known.glob("[0-9]*.py"))
            last.unlink()
            monkeypatch.setattr("appliance.ledger.book.backup.MIGRATIONS", known)
        else:
            monkeypatch.setattr("appliance.ledger.sealedfile.VERSION", 0)
        assert "newer release" in self.refused(lost, lost.file, tmp_path)

    def test_the_wrong_paper(self, lost: Lost, tmp_path: Path) -> None:
        said = self.refused(lost, lost.file, tmp_path, lost.village.founders)
        assert "this root paper is not that of River (101)" in said
        assert "not that of River" in self.refused(lost, lost.file, tmp_path, RootPaper.fresh())

    def test_a_directory_that_is_not_empty(self, lost: Lost, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "photo").write_bytes(b"of Dina")
        done = hub("restore", lost.file, "--data", tmp_path / "new", typed=lost.paper.text() + "\nn\n")
        assert done.exit_code == 2
        assert "is not empty" in done.output
        assert [one.read_bytes() for one in (tmp_path / "new").iterdir()] == [b"of Dina"]
        done = hub("restore", lost.file, "--data", tmp_path / "no" / "where", typed=lost.paper.text() + "\n")
        assert done.exit_code == 2
        assert not (tmp_path / "no").exists()

    @given(st.data())
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_bit_of_the_file_changed(self, lost: Lost, data: st.DataObject) -> None:
        content = bytearray(lost.file.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
        with _room(lost) as room:
            (room / "file").write_bytes(content)
            self.refused(lost, room / "file", room)

    def test_every_byte_of_the_header_changed(self, lost: Lost) -> None:
        content = lost.file.read_bytes()
        header = content.index(lost.paper.backup_public) + 400
        assert header < len(content) // 2
        with _room(lost) as room:
            for at in range(header):
                changed = bytearray(content)
                changed[at] ^= 1 << at % 8
                (room / "file").write_bytes(changed)
                self.refused(lost, room / "file", room)

    @given(st.floats(0, 1, exclude_max=True))
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def test_cut_off_anywhere(self, lost: Lost, share: float) -> None:
        content = lost.file.read_bytes()
        with _room(lost) as room:
            (room / "file").write_bytes(content[: int(share * len(content))])
            self.refused(lost, room / "file", room)

    def test_cut_off_by_one_byte_or_with_one_too_many(self, lost: Lost, tmp_path: Path) -> None:
        content = lost.file.read_bytes()
        for wrong in (content[:-1], content + b"\0"):
            (tmp_path / "file").write_bytes(wrong)
            self.refused(lost, tmp_path / "file", tmp_path)


@contextmanager
def _room(lost: Lost) -> Iterator[Path]:
    """A directory of its own for each try."""
    path = lost.file.parent / "room"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    yield path
    shutil.rmtree(path)
