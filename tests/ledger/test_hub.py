"""One hub and its directory: founded once, opened again, and what is never on its disk."""

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger import keys
from appliance.ledger.book import chain
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import BookDamaged, DataDirectoryError, HubError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from tests.support.village import CHEAP, MONDAY_NOON, PIN, Village, a_village
from tests.support.village import river as rules_of_river

BOX = Path("keys") / "box.json"


def found(path: Path) -> Hub:
    hub, _ = Hub.found(path, rules_of_river(), ManualClock(MONDAY_NOON), CHEAP)
    return hub


def change_box(data: Path, **changes: Any) -> None:
    box = json.loads((data / BOX).read_text("utf-8"))
    (data / BOX).write_text(json.dumps(box | changes), "utf-8")


# ------------------------------------------------------------------------------------------------ founding


def test_a_hub_is_founded_in_a_missing_or_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "a" / "b"):
        hub = found(path)
        assert (hub.head().number, hub.number) == (1, 101)
        hub.close()


def test_nothing_is_founded_over_what_is_there(tmp_path: Path) -> None:
    found(tmp_path / "river").close()
    before = (tmp_path / "river" / BOX).read_bytes()
    with pytest.raises(DataDirectoryError, match="not empty"):
        found(tmp_path / "river")
    assert (tmp_path / "river" / BOX).read_bytes() == before
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "goat.jpg").write_bytes(b"goat")
    with pytest.raises(DataDirectoryError, match="not empty"):
        found(tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["goat.jpg"]


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "river").write_text("a file")
    with pytest.raises(DataDirectoryError):
        found(tmp_path / "river")
    with pytest.raises(DataDirectoryError):
        found(tmp_path / "river" / "below")


def test_two_hubs_live_side_by_side(tmp_path: Path) -> None:
    with a_village(tmp_path / "one") as one, a_village(tmp_path / "two") as two:
        one.pay("Alice", "Bob", 100)
        assert (one.balance("Bob"), two.balance("Bob")) == (100, 0)
        assert one.hub.book.place.community != two.hub.book.place.community


def test_the_first_entry_holds_against_the_root_paper(river: Village) -> None:
    assert verify(river.hub.store, root_key=river.papers.hub.public).root_key == river.papers.hub.public
    with pytest.raises(BookDamaged):
        verify(river.hub.store, root_key=river.founders.public)


# ------------------------------------------------------------------------------------------------ on the disk


def test_keys_and_book_are_for_the_hub_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        hub = found(tmp_path / "river")
        with hub.reading():
            modes = {p: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "river").rglob("*")}
        hub.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "river" / BOX).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "river").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "river" / "keys").stat().st_mode) == 0o700
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


def test_keys_are_durable_before_the_book_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "river"
    synced: list[tuple[Path, bool]] = []
    fsync = os.fsync

    def noted(fd: int) -> None:
        synced.append((Path(f"/proc/self/fd/{fd}").readlink(), (data / LEDGER_FILE).exists()))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", noted)
    found(data).close()
    # Written beside, made durable, put in its place; then the place itself.
    fresh = (data / BOX).with_suffix(".new")
    before = [(path, book) for path, book in synced if not book]
    assert before == [(fresh, False), (data / "keys", False), (data, False)]


def test_no_paper_no_pin_and_no_open_key_is_on_the_disk(tmp_path: Path) -> None:
    pin = "73915264"
    with a_village(tmp_path / "river") as river:
        number = river.join("Emma", pin)
        river.hub.change_pin(number, pin, "64827193")
        river.hub.unlock(number, "58302947")
        river.hub.reset_pin(river.numbers["Bob"], "90817263", river.signers["Kira"])
        secrets = [pin, "64827193", "58302947", "90817263"]
        forms: list[bytes] = [text.encode() for text in secrets]
        for paper in (river.papers.hub, river.founders):
            forms += [paper.secret, paper.secret.hex().encode(), paper.text().encode()]
            forms += [paper.text().replace(" ", "").encode(), paper.seed, paper.seed.hex().encode()]
        for name in ("Emma", "Bob", "Kira"):
            forms += [river.signers[name].seed(), river.signers[name].seed().hex().encode()]
        with river.hub.reading():
            whole = [(path, path.read_bytes()) for path in (tmp_path / "river").rglob("*") if path.is_file()]
    whole += [(path, path.read_bytes()) for path in (tmp_path / "river").rglob("*") if path.is_file()]
    assert {path.name for path, _ in whole} >= {LEDGER_FILE, f"{LEDGER_FILE}-wal", "box.json"}
    found_in = [(path.name, form) for path, data in whole for form in forms if form in data]
    assert found_in == []


def test_what_is_private_is_not_in_the_book(river: Village) -> None:
    today = river.clock.now().ms // 86_400_000
    river.do("Dina", ClaimCare(river.numbers["Dina"], "elder", 60, today, "Old Tom", "bathed him"))
    river.pay("Alice", "Bob", 100, note="for the midwife")
    with river.hub.reading() as tx:
        book = b"".join(entry.body() for entry, _ in chain.entries(tx))
    for words in ("Old Tom", "bathed", "midwife", "Alice", "Kira"):
        assert words.encode() not in book


# ------------------------------------------------------------------------------------------------ opening


def test_it_opens_again_as_it_was(river: Village) -> None:
    river.pay("Alice", "Bob", 100)
    again = Hub.open(river.hub.data, river.clock)
    try:
        assert (again.head(), again.number, again.rules()) == (river.hub.head(), 101, river.hub.rules())
        signer = again.unlock(river.numbers["Bob"], PIN)
        assert isinstance(signer, KeySigner)
    finally:
        again.close()


def test_there_is_no_hub_here(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataDirectoryError, match="no hub"):
            Hub.open(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda box: box.unlink(),
        lambda box: box.write_text(""),
        lambda box: box.write_text("[]"),
        lambda box: box.write_text("{}"),
        lambda box: box.write_bytes(b"\xff\xfe"),
        lambda box: change_box(box.parents[1], pepper="zz"),
        lambda box: change_box(box.parents[1], pepper=None),
        lambda box: change_box(box.parents[1], kdf_memory=1),
        lambda box: change_box(box.parents[1], kdf_passes="3"),
        lambda box: shutil.rmtree(box.parent),
    ],
    ids=[
        "gone",
        "empty",
        "a list",
        "a map",
        "no text",
        "no hex",
        "null",
        "cheap",
        "text for number",
        "no keys",
    ],
)
def test_keys_that_cannot_be_read(tmp_path: Path, damage: Any) -> None:
    found(tmp_path / "river").close()
    damage(tmp_path / "river" / BOX)
    with pytest.raises(DataDirectoryError, match="keys cannot be read"):
        Hub.open(tmp_path / "river")


@pytest.mark.parametrize(
    "changes",
    [
        {"community": "00" * 16},
        {"hub": 102},
        {"incarnation": 2},
        {"signing_key": "00" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_keys_of_another_hub_do_not_open_this_book(tmp_path: Path, changes: dict[str, Any]) -> None:
    """What it would write with them could never be verified."""
    found(tmp_path / "river").close()
    change_box(tmp_path / "river", **changes)
    with pytest.raises(HubError, match="another"):
        Hub.open(tmp_path / "river")


def test_a_book_without_a_founding_is_damaged(tmp_path: Path) -> None:
    """The plug was pulled between making the files and the first entry."""
    found(tmp_path / "river").close()
    for path in (tmp_path / "river").glob(f"{LEDGER_FILE}*"):
        path.unlink()
    Store.create(tmp_path / "river" / LEDGER_FILE).close()
    with pytest.raises(BookDamaged, match="founding"):
        Hub.open(tmp_path / "river")


def test_what_is_no_database_is_a_damaged_book(tmp_path: Path) -> None:
    found(tmp_path / "river").close()
    (tmp_path / "river" / LEDGER_FILE).write_bytes(b"goats and more goats " * 400)
    with pytest.raises(BookDamaged):
        Hub.open(tmp_path / "river")


def test_a_closed_hub_opens_by_use(river: Village) -> None:
    river.hub.close()
    assert isinstance(river.pay("Alice", "Bob", 1), Receipt)


def test_secrets_do_not_show_in_logs(river: Village) -> None:
    shown = repr(river.hub) + repr(river.papers)
    for secret in (river.hub.pepper, river.papers.hub.secret, river.founders.secret):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
    assert keys.public_of(river.papers.hub.seed) == river.papers.hub.public
