"""``hub export`` and ``hub import``, as somebody types them: what they print and how they end."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger.people.members import AppointKeeper
from tests.support.lists import as_csv
from tests.support.village import PIN, Village

PEOPLE = [
    ["name", "kind", "old number", "shoe size"],
    ["Emma", "household", "17", "40"],
    ["Alice", "", "18", "41"],
]


def hub(*words: object, typed: str = "") -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


@pytest.fixture
def data(river: Village) -> Path:
    return river.hub.data


def written(folder: Path, rows: list[list[str]], name: str = "people.csv") -> Path:
    file = folder / name
    file.write_bytes(as_csv(rows))
    return file


class TestExport:
    def test_a_new_file_for_its_owner_alone(self, river: Village, data: Path, tmp_path: Path) -> None:
        river.pay("Alice", "Bob", 250)
        for what in ("members", "listings", "transfers"):
            file = tmp_path / f"{what}.csv"
            done = hub("export", what, file, "--data", data)
            assert done.exit_code == 0, done.output
            assert done.output == f"{file}: {what}, {file.stat().st_size} bytes\n"
            assert file.stat().st_mode & 0o777 == 0o600
        assert "Alice" in (tmp_path / "transfers.csv").read_text("utf-8-sig")

    def test_nothing_is_written_over_and_nothing_half(self, data: Path, tmp_path: Path) -> None:
        file = tmp_path / "members.csv"
        file.write_text("mine")
        done = hub("export", "members", file, "--data", data)
        assert (done.exit_code, file.read_text()) == (2, "mine")
        assert "exists already" in done.output
        nowhere = hub("export", "members", tmp_path / "no" / "members.csv", "--data", data)
        assert nowhere.exit_code == 2
        assert "No such file" in nowhere.output


class TestImport:
    def test_it_says_what_would_happen_and_does_it_when_told(
        self, river: Village, data: Path, tmp_path: Path
    ) -> None:
        file, before = written(tmp_path, PEOPLE), river.hub.head()
        looked = hub("import", "members", file, "--data", data)
        assert looked.exit_code == 0, looked.output
        assert looked.output.splitlines() == [
            "people.csv: members, read as UTF-8, separated by ,",
            "Columns that are passed over: shoe size",
            "2 rows would be taken in",
            "  line 2: Emma, household",
            "  line 3: Alice, person",
            "1 name that somebody else has too: Alice",
            "Nothing has been changed. With --commit it is taken in.",
        ]
        assert river.hub.head() == before
        words = ("--commit", "--keeper", "1-2", "--reason", "they move in")
        done = hub("import", "members", file, "--data", data, *words, typed=f"{PIN}\n")
        assert done.exit_code == 0, done.output
        assert f"Done: 2 rows taken in, as entry {before.number + 1} and what follows." in done.output
        assert PIN not in done.output
        again = hub("import", "members", file, "--data", data)
        assert again.exit_code == 2
        assert f"taken in already, as entry {before.number + 1}." in again.output

    def test_errors_are_named_and_written_beside(self, river: Village, data: Path, tmp_path: Path) -> None:
        file = written(tmp_path, [*PEOPLE, ["", "ship", "17", ""]])
        beside = tmp_path / "errors.csv"
        wrong = hub("import", "members", file, "--data", data, "--errors", beside)
        assert wrong.exit_code == 2
        assert "line 4, kind (ship): Write one of: person, household, business, organisation." in wrong.output
        assert "line 4, old number (17): The same stands in line 2 already." in wrong.output
        assert wrong.output.splitlines()[-2] == "3 errors in 1 row. Nothing has been changed."
        last = beside.read_text("utf-8-sig").splitlines()[3]
        assert last.startswith(',ship,17,,"kind: Write one of')
        assert " | name: This cell must not be empty." in last

    def test_two_keepers(self, river: Village, data: Path, tmp_path: Path) -> None:
        river.root(AppointKeeper(river.numbers["Dina"]))
        alice, bob, dina = (river.account(name).short for name in ("Alice", "Bob", "Dina"))
        file = written(tmp_path, [["number", "amount"], [alice, "-50"], [bob, "50"]])
        words = ("import", "openings", file, "--data", data, "--commit", "--keeper", "1-2", "--reason", "x")
        alone = hub(*words, typed=f"{PIN}\n")
        assert alone.exit_code == 2
        assert "refused: two_keepers" in alone.output
        both = hub(*words, "--second", dina, typed=f"{PIN}\n{PIN}\n")
        assert both.exit_code == 0, both.output
        assert "2 accounts would end outside the limits" in both.output
        assert river.balance("Alice") == -5000

    def test_what_it_needs_is_said(self, data: Path, tmp_path: Path) -> None:
        file = written(tmp_path, PEOPLE)
        for words, said in (
            (("--commit",), "--commit needs --keeper NUMBER and --reason TEXT"),
            (("--commit", "--keeper", "1-3", "--reason", "x"), "its check digit does not fit"),
            (("--commit", "--keeper", "102-0001-2", "--reason", "x"), "no account number"),
        ):
            refused = hub("import", "members", file, "--data", data, *words)
            assert refused.exit_code == 2
            assert said in refused.output
        pin = hub(
            *("import", "members", file, "--data", data, "--commit", "--keeper", "1-2", "--reason", "x"),
            typed="1379\n",
        )
        assert "refused: pin_wrong" in pin.output
        member = hub(
            *("import", "members", file, "--data", data, "--commit", "--keeper", "2-0", "--reason", "x"),
            typed=f"{PIN}\n",
        )
        assert "refused: not_keeper" in member.output
