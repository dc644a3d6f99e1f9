"""The box's own secrets: written all or nothing, read strictly, shown to nobody."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger import boxfile
from appliance.ledger.book.chain import Place
from appliance.ledger.boxfile import Box
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.keys import KdfCost, RootPaper

PAPER = RootPaper.fresh()
BOX = Box(Place(bytes(16), 101, 1), b"s" * 32, b"p" * 32, PAPER.public, KdfCost(1, 8 * 1024 * 1024))
FILE = Path("keys") / "box.json"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    boxfile.make(tmp_path / "river", BOX)
    return tmp_path / "river"


@pytest.mark.parametrize(
    "box",
    [BOX, BOX.with_paper(PAPER), BOX.with_group(b"g" * 32), BOX.with_paper(PAPER).with_group(b"g" * 32)],
)
def test_what_was_written_is_read(data: Path, box: Box) -> None:
    boxfile.write(data, box)
    assert boxfile.read(data) == box


def test_a_box_from_before_hubs_had_neighbours_is_read(data: Path) -> None:
    kept = json.loads((data / FILE).read_text("utf-8"))
    assert {"box_secret", "group_key"}.isdisjoint(kept)
    found = boxfile.read(data)
    assert (found.box_key, found.group_key) == (None, None)


def test_the_box_key_is_that_of_the_paper(data: Path) -> None:
    one, again = BOX.with_paper(PAPER), BOX.with_paper(RootPaper.parse(PAPER.text()))
    assert one.box_key == again.box_key
    assert one.box_key != BOX.with_paper(RootPaper.fresh()).box_key


def test_only_the_owner_may_read_it(data: Path) -> None:
    boxfile.write(data, BOX.with_group(b"g" * 32))
    assert (data / FILE).stat().st_mode & 0o077 == 0
    assert (data / "keys").stat().st_mode & 0o077 == 0


def test_no_secret_shows_in_a_log() -> None:
    shown = repr(BOX.with_paper(PAPER).with_group(b"g" * 32))
    for secret in (b"s" * 32, b"p" * 32, b"g" * 32, PAPER.box_secret):
        assert repr(secret) not in shown


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_power_cut_leaves_what_was_there(data: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def cut(*_: Any) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else Path, step, cut)
        with pytest.raises(DataDirectoryError):
            boxfile.write(data, BOX.with_group(b"g" * 32))
    assert boxfile.read(data) == BOX
    boxfile.write(data, BOX.with_group(b"g" * 32))
    assert boxfile.read(data).group_key == b"g" * 32
    assert sorted(path.name for path in (data / "keys").iterdir()) == ["box.json"]


@pytest.mark.parametrize(
    "changes",
    [
        {"group_key": "00" * 31},
        {"group_key": "zz"},
        {"group_key": 7},
        {"box_secret": "xyz"},
        {"pepper": None},
        {"signing_key": 5},
        {"community": "not hex"},
    ],
    ids=str,
)
def test_a_damaged_file_is_named(data: Path, changes: dict[str, Any]) -> None:
    kept = json.loads((data / FILE).read_text("utf-8"))
    (data / FILE).write_text(json.dumps(kept | changes), "utf-8")
    with pytest.raises(DataDirectoryError, match="its keys cannot be read"):
        boxfile.read(data)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '"x"', "\x00", "{" * 5000])
def test_anything_else_is_no_box(data: Path, text: str) -> None:
    (data / FILE).write_text(text, "utf-8")
    with pytest.raises(DataDirectoryError):
        boxfile.read(data)


def test_a_directory_that_is_not_empty_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(DataDirectoryError, match="not empty"):
        boxfile.make(tmp_path, BOX)
    with pytest.raises(DataDirectoryError):
        boxfile.make(tmp_path / "photo.jpg" / "river", replace(BOX))
