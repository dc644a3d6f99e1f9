"""The ledger's commands, as somebody types them: what they print and how they end."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger.book.local import last_verified
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub, new_key
from appliance.ledger.keys import KeySigner, RootPaper
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import Approve
from appliance.ledger.reads.people import person
from appliance.ledger.values import AccountNumber, Amount

CHEAP = ["--kdf-memory", "8", "--kdf-passes", "1", "--unchecked"]
KIRA, ALICE, BOB = AccountNumber(1), AccountNumber(2), AccountNumber(3)
PIN = "2580"


def hub(*words: object, typed: str = "") -> Result:
    """``hub ...`` with real directories; what somebody types at its questions is ``typed``."""
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


def init(data: Path, *more: object, pin: str = PIN) -> Result:
    words = ["init", "--data", data, "--name", "River", "--community", "Valley", "--keeper", "Kira"]
    return hub(*words, *CHEAP, *more, typed=f"{pin}\n{pin}\n{PIN}\n{PIN}\n")


def papers_in(text: str) -> list[RootPaper]:
    """The root papers printed in ``text``, in their order."""
    groups = re.findall(r"^ {4}((?:[A-Z2-7]{4} ){6}[A-Z2-7]{4})$", text, re.MULTILINE)
    return [RootPaper.parse(" ".join(groups[i : i + 2])) for i in range(0, len(groups), 2)]


@pytest.fixture
def river(tmp_path: Path) -> Path:
    """A founded hub in which Alice has paid Bob twice; Kira keeps it."""
    data = tmp_path / "river"
    founded = init(data)
    assert founded.exit_code == 0, founded.output
    (tmp_path / "paper.txt").write_text(papers_in(founded.output)[0].text())
    open_hub = Hub.open(data)
    try:
        for name in ("Alice", "Bob"):
            open_hub.join(name, PIN)
        kira, alice = open_hub.unlock(KIRA, PIN), open_hub.unlock(ALICE, PIN)
        assert isinstance(kira, KeySigner)
        assert isinstance(alice, KeySigner)
        for number in (ALICE, BOB):
            open_hub.submit(Approve(number), kira)
        for amount in (200, 50):
            open_hub.submit(Pay(ALICE, BOB, Amount(amount), "food", "Eggs"), alice)
    finally:
        open_hub.close()
    return data


@pytest.fixture
def root_paper(river: Path) -> str:
    return (river.parent / "paper.txt").read_text()


class TestInit:
    def test_a_hub_is_founded_with_its_first_keeper(self, tmp_path: Path) -> None:
        founded = init(tmp_path / "river")
        last = founded.output.splitlines()[-1]
        assert (
            last
            == f"Start it: hub serve --data {tmp_path}/river; its radio is named in {tmp_path}/river/hub.toml"
        )

        assert founded.exit_code == 0, founded.output
        assert "signs in with 1-2" in founded.output
        opened = Hub.open(tmp_path / "river")
        try:
            with opened.reading() as tx:
                kira = person(tx, KIRA)
            assert kira is not None
            assert (kira.name, kira.keeper, kira.status) == ("Kira", True, "active")
            assert isinstance(opened.unlock(KIRA, PIN), KeySigner)
        finally:
            opened.close()

    def test_the_papers_are_printed_once_and_kept_nowhere(self, tmp_path: Path) -> None:
        founded = init(tmp_path / "river")

        hub_paper, community_paper = papers_in(founded.output)
        assert f"public key, to compare with `hub verify`: {hub_paper.public.hex()}" in founded.output
        for file in (tmp_path / "river").rglob("*"):
            if file.is_file():
                for paper in (hub_paper, community_paper):
                    secrets = (paper.secret, paper.secret.hex().encode(), paper.text().encode(), paper.seed)
                    assert not any(secret in file.read_bytes() for secret in secrets), file
        assert papers_in(init(tmp_path / "hill").output)[0] != hub_paper

    @pytest.mark.parametrize("was_there", [True, False])
    def test_a_founding_that_fails_half_way_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was_there: bool
    ) -> None:
        """The disk is full when the keys are written and the database is not."""

        def no_room(path: Path) -> Store:
            assert (path.parent / "keys").is_dir()
            raise DataDirectoryError("no room")

        if was_there:
            (tmp_path / "river").mkdir()
        monkeypatch.setattr(Store, "create", no_room)
        failed = init(tmp_path / "river", "--paper", tmp_path / "paper.txt")
        assert failed.exit_code == 2
        assert "no room" in failed.output
        assert [path.name for path in tmp_path.rglob("*")] == (["river"] if was_there else [])

    def test_a_paper_file_that_is_there_is_not_overwritten(self, tmp_path: Path) -> None:
        paper = tmp_path / "paper.txt"
        paper.write_text("shopping list")
        refused = init(tmp_path / "river", "--paper", paper)

        assert refused.exit_code == 2
        assert paper.read_text() == "shopping list"
        assert not (tmp_path / "river").exists()

    def test_the_rules_are_those_that_were_typed(self, tmp_path: Path) -> None:
        rules = ["--number", 102, "--unit", "day", "--symbol", "d", "--decimals", 1]
        limits = [
            "--can-owe",
            "5.5",
            "--can-hold",
            "20",
            "--commons-can-owe",
            "0",
            "--care-pays",
            "2",
            "--quorum",
            3,
        ]
        founded = init(tmp_path / "hill", *rules, *limits)

        assert founded.exit_code == 0, founded.output
        opened = Hub.open(tmp_path / "hill")
        try:
            in_force = opened.rules()
        finally:
            opened.close()
        assert in_force.community.counted_in.plain(-55) == "-5.5"
        assert (in_force.community.hub, in_force.community.symbol) == (102, "d")
        assert (in_force.credit.low, in_force.credit.high, in_force.credit.commons_low) == (-55, 200, 0)
        assert (in_force.care.quorum, in_force.care.rates["elder"]) == (3, 20)

    def test_a_weak_pin_is_asked_again(self, tmp_path: Path) -> None:
        founded = init(tmp_path / "river", pin="1234")

        assert founded.exit_code == 0
        assert "none of the first that anybody would try" in founded.output

    @pytest.mark.parametrize(
        "wrong", [["--can-owe", "1.234"], ["--can-hold", "lots"], ["--symbol", "overlong!"]]
    )
    def test_rules_that_cannot_be_are_one_line(self, tmp_path: Path, wrong: list[str]) -> None:
        refused = init(tmp_path / "river", *wrong)

        assert refused.exit_code == 2
        assert len(refused.output.splitlines()) == 1
        assert not (tmp_path / "river").exists()

    def test_a_directory_with_something_in_it_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "letter.txt").write_text("Dear Dina")
        refused = init(tmp_path)

        assert refused.exit_code == 2
        assert "not empty" in refused.output
        assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]

    def test_a_founding_that_fails_leaves_nothing(self, tmp_path: Path) -> None:
        refused = hub(
            "init", "--data", tmp_path / "river", "--name", "River", "--community", "Valley", *CHEAP,
            "--keeper", "K" * 41, typed=f"{PIN}\n{PIN}\n",
        )  # fmt: skip

        assert refused.exit_code == 2
        assert "text_too_long" in refused.output
        assert not (tmp_path / "river").exists()


class TestVerify:
    def test_a_clean_book_gives_its_figures(self, river: Path) -> None:
        checked = hub("verify", "--data", river, "--json")

        assert checked.exit_code == 0, checked.output
        figures = json.loads(checked.output)
        assert figures["clean"] is True
        assert figures["entries"] == figures["signatures"] == 11
        assert (figures["postings"], figures["sum"], figures["erased"]) == (4, "0.00 h", 0)
        assert hub("head", "--data", river).output.strip() == figures["head"]

    def test_the_same_for_reading(self, river: Path) -> None:
        checked = hub("verify", "--data", river)

        assert checked.exit_code == 0
        assert checked.output.splitlines()[-1] == "clean"
        assert "sum         0.00 h" in checked.output

    def test_it_is_remembered_with_its_time(self, river: Path) -> None:
        figures = json.loads(hub("verify", "--data", river, "--json").output)

        store = Store.open(river / LEDGER_FILE)
        try:
            with store.read() as tx:
                verified = last_verified(tx)
        finally:
            store.close()
        assert verified is not None
        assert str(verified.head) == figures["head"]
        assert verified.at > 1_700_000_000_000

    def test_it_runs_while_the_hub_does(self, river: Path) -> None:
        running = Hub.open(river)
        try:
            assert hub("verify", "--data", river).exit_code == 0
            alice = running.unlock(ALICE, PIN)
            assert isinstance(alice, KeySigner)
            running.submit(Pay(ALICE, BOB, Amount(25)), alice, new_key())
            assert hub("verify", "--data", river).exit_code == 0
        finally:
            running.close()

    def test_entries_cut_off_since_are_missed_without_anybody_asking(self, river: Path) -> None:
        earlier = river.parent / "earlier"
        shutil.copytree(river, earlier)
        opened = Hub.open(river)
        try:
            alice = opened.unlock(ALICE, PIN)
            assert isinstance(alice, KeySigner)
            opened.submit(Pay(ALICE, BOB, Amount(25)), alice)
        finally:
            opened.close()
        head = hub("head", "--data", river).output.strip()
        assert hub("verify", "--data", earlier).exit_code == 0  # consistent in itself

        cut = hub("verify", "--data", earlier, "--head", head)

        assert cut.exit_code == 1
        assert cut.output == "entry 12: the book ends at entry 11, but entry 12 was seen before\n"

    def test_the_remembered_head_is_held_against_the_book(self, river: Path, tmp_path: Path) -> None:
        assert hub("verify", "--data", river).exit_code == 0
        self._change(river, "DELETE FROM posting WHERE entry = 11")
        self._change(river, "DELETE FROM entry WHERE number = 11")

        cut = hub("verify", "--data", river)

        assert cut.exit_code == 1
        assert "entry 11 was seen before" in cut.output

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ("UPDATE account SET balance = balance + 100 WHERE number = 3", "table account: row 3: balance is 350"),
            ("UPDATE entry SET body = substr(body, 1, length(body) - 1) WHERE number = 10", "entry 10: "),
            ("UPDATE private_text SET text = 'Gold' WHERE text = 'Eggs'", "entry 10: its personal text is not"),
        ],
    )  # fmt: skip
    def test_a_change_is_one_plain_line(self, river: Path, change: str, found: str) -> None:
        self._change(river, change)

        changed = hub("verify", "--data", river)

        assert changed.exit_code == 1
        assert changed.output.startswith(found)
        assert len(changed.output.splitlines()) == 1

        as_json = json.loads(hub("verify", "--data", river, "--json").output)
        assert as_json["clean"] is False
        assert as_json["difference"].startswith(found)

    def test_a_changed_book_is_not_remembered_as_clean(self, river: Path) -> None:
        self._change(river, "UPDATE account SET balance = 0")
        assert hub("verify", "--data", river).exit_code == 1

        store = Store.open(river / LEDGER_FILE)
        try:
            with store.read() as tx:
                assert last_verified(tx) is None
        finally:
            store.close()

    def test_another_root_than_the_paper_says(self, river: Path, root_paper: str) -> None:
        public = RootPaper.parse(root_paper).public.hex()
        assert hub("verify", "--data", river, "--root", public).exit_code == 0

        other = hub("verify", "--data", river, "--root", RootPaper.fresh().public.hex())

        assert other.exit_code == 1
        assert other.output == "entry 1: is not signed by the root that was named\n"

    def test_bytes_that_are_no_database_are_a_difference(self, river: Path) -> None:
        size = (river / LEDGER_FILE).stat().st_size
        for file in river.glob("ledger.db-*"):
            file.unlink()
        (river / LEDGER_FILE).write_bytes(b"\x07" * size)

        assert hub("verify", "--data", river).exit_code == 1

    def test_torn_pages_are_a_difference(self, river: Path) -> None:
        self._change(river, "PRAGMA wal_checkpoint(TRUNCATE)")
        file = river / LEDGER_FILE
        with file.open("r+b") as torn:
            torn.seek(4096)
            torn.write(b"\xff" * (file.stat().st_size - 4096))

        found = hub("verify", "--data", river)

        assert found.exit_code == 1
        assert len(found.output.splitlines()) == 1

    def test_no_hub_there(self, tmp_path: Path) -> None:
        missing = hub("verify", "--data", tmp_path / "nowhere")

        assert missing.exit_code == 2
        assert len(missing.output.splitlines()) == 1

    def test_a_head_that_is_none(self, river: Path) -> None:
        assert hub("verify", "--data", river, "--head", "12").exit_code == 2

    def _change(self, data: Path, sql: str) -> None:
        database = sqlite3.connect(data / LEDGER_FILE)
        with database:
            database.execute(sql)
        database.close()


class TestKeeperAndOthers:
    def test_the_root_paper_makes_bob_a_keeper(self, river: Path, root_paper: str) -> None:
        appointed = hub("keeper", "appoint", "3-1", "--data", river, typed=f"{root_paper.lower()}\n")

        assert appointed.exit_code == 0, appointed.output
        assert self._keepers(river) == [KIRA, BOB]
        assert hub("verify", "--data", river).exit_code == 0

    def test_the_root_paper_ends_an_office(self, river: Path, root_paper: str) -> None:
        hub("keeper", "appoint", "3-1", "--data", river, typed=f"{root_paper}\n")
        dismissed = hub("keeper", "dismiss", "1-2", "--data", river, typed=f"{root_paper}\n")

        assert dismissed.exit_code == 0, dismissed.output
        assert "no keeper any more" in dismissed.output
        assert self._keepers(river) == [BOB]
        again = hub("keeper", "dismiss", "1-2", "--data", river, typed=f"{root_paper}\n")
        assert again.exit_code == 2
        assert hub("verify", "--data", river).exit_code == 0

    @pytest.mark.parametrize("typed", ["", "ABCD EFGH", "another hub's"])
    def test_nothing_else_does(self, river: Path, typed: str) -> None:
        typed = RootPaper.fresh().text() if typed == "another hub's" else typed
        refused = hub("keeper", "appoint", "3-1", "--data", river, typed=f"{typed}\n")

        assert refused.exit_code == (2 if typed else 1)  # nothing typed: the person stopped
        assert self._keepers(river) == [KIRA]
        assert hub("verify", "--data", river).exit_code == 0

    @pytest.mark.parametrize("number", ["3-2", "Bob", "102-0003-2", "9-9"])
    def test_a_number_that_is_nobodys(self, river: Path, root_paper: str, number: str) -> None:
        refused = hub("keeper", "appoint", number, "--data", river, typed=f"{root_paper}\n")

        assert refused.exit_code == 2

    def test_without_a_hub_each_is_one_line(self, tmp_path: Path) -> None:
        for words in (["head"], ["keeper", "appoint", "3-1"], ["verify"]):
            refused = hub(*words, "--data", tmp_path / "nowhere")
            assert (refused.exit_code, len(refused.output.splitlines())) == (2, 1), words

    def _keepers(self, data: Path) -> list[int]:
        opened = Hub.open(data)
        try:
            with opened.reading() as tx:
                return [n for n in (KIRA, ALICE, BOB) if (who := person(tx, n)) is not None and who.keeper]
        finally:
            opened.close()


def test_status_says_how_the_hub_is_and_ends_with_1_for_a_damaged_book(river: Path) -> None:
    well = hub("status", "--data", river, "--json")
    assert well.exit_code == 0, well.output
    told = json.loads(well.output)
    assert (told["book"], told["card"], told["in_doubt"]) == ("well", "well", False)
    assert told["head"] == hub("head", "--data", river).output.strip()
    with sqlite3.connect(river / LEDGER_FILE) as db:
        db.execute("UPDATE entry SET body = zeroblob(40) WHERE number = (SELECT max(number) FROM entry)")
    db.close()
    damaged = hub("status", "--data", river)
    assert damaged.exit_code == 1
    assert "damaged" in damaged.output
    assert "hub restore" in damaged.output
    assert hub("verify", "--data", river).exit_code == 1
    for file in river.glob("ledger.db-*"):
        file.unlink()
    (river / LEDGER_FILE).write_bytes(b"no database" * 1000)
    for command in ("status", "verify"):
        said = hub(command, "--data", river)
        assert said.exit_code == 1, said.output
        assert "Traceback" not in said.output
