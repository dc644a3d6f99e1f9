"""A large village moves in: errors, corrected, done; and a cut in the middle.

2,000 members and 20,000 payments with ``HUB_LARGE=10`` (`make test-long`); a tenth of it in every run.
Time and memory are printed and not asserted: the machine may be doing ten other things. Every
run is the ``hub`` command in a process of its own.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from tests.support import lists
from tests.support.village import PIN, a_village

TENTHS = int(os.environ.get("HUB_LARGE", "1"))
MEMBERS, TRANSFERS = 200 * TENTHS, 2_000 * TENTHS
HUNDREDTH = 100
BAD_AMOUNTS = ("1,500", "-3", "two", "0", "1.005", "")
BAD_NAMES = ("", "x" * 41)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    seconds: float
    cpu: float
    peak_mib: float


_RUN = """
import atexit, pathlib, sys, time
from appliance.cli import main
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    print("peak", *[line for line in status.splitlines() if line.startswith("VmHWM")], file=sys.stderr)
    print("cpu", time.process_time(), file=sys.stderr)
atexit.register(peak)
main()
"""
"""Says at its end how much memory it had at most; what the parent had counts in ``ru_maxrss``, and not here."""


def hub(*words: object, pins: tuple[str, ...] = ()) -> Ran:
    """``hub ...`` in its own process, with its wall time and the most memory it had."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, *map(str, words)],
        input="".join(f"{pin}\n" for pin in pins),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    (peak,) = re.findall(r"^peak VmHWM:\s+(\d+) kB$", ran.stderr, re.MULTILINE)
    (cpu,) = re.findall(r"^cpu ([\d.]+)$", ran.stderr, re.MULTILINE)
    return Ran(ran.returncode, ran.stdout + ran.stderr, seconds, float(cpu), int(peak) / 1024)


def told(what: str, ran: Ran) -> None:
    print(f"{what:<44}{ran.seconds:7.1f} s, of it processor {ran.cpu:5.1f} s {ran.peak_mib:7.0f} MiB")


def head(data: Path) -> str:
    return re.findall(r"^\d+:[0-9a-f]{64}$", hub("head", "--data", data).out, re.MULTILINE)[0]


def commit(data: Path, what: str, file: Path, *more: object) -> Ran:
    words = ("--commit", "--keeper", "1-2", "--reason", "the list of before")
    return hub("import", what, file, "--data", data, *words, *more, pins=(PIN,))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_whole_village_moves_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with a_village(tmp_path / "river") as river:
        river.hub.close()
        data = river.hub.data
        good_people, good_paid = lists.members(MEMBERS), lists.transfers(TRANSFERS, MEMBERS)
        bad_people = lists.spoiled(good_people, HUNDREDTH, 1, BAD_NAMES)
        bad_paid = lists.spoiled(good_paid, HUNDREDTH, 3, BAD_AMOUNTS)
        files = {}
        for name, rows in (
            ("members-bad", bad_people),
            ("members", good_people),
            ("paid-bad", bad_paid),
            ("paid", good_paid),
        ):
            files[name] = tmp_path / f"{name}.csv"
            files[name].write_bytes(lists.as_csv(rows))
        before = head(data)
        old = ("--numbers", "old")

        with capsys.disabled():
            print()
            # 1 % of the members are wrong: each is named, and nothing has happened.
            errors = tmp_path / "members-errors.csv"
            wrong = hub("import", "members", files["members-bad"], "--data", data, "--errors", errors)
            told("members, 1 % wrong: refused", wrong)
            assert wrong.code == 2
            assert f"{MEMBERS // HUNDREDTH} errors in {MEMBERS // HUNDREDTH} rows" in wrong.out
            assert "line 101, name: This cell must not be empty." in wrong.out
            marked = errors.read_bytes().decode("utf-8-sig").splitlines()
            assert sum("name: " in line for line in marked) == MEMBERS // HUNDREDTH
            assert head(data) == before

            right = hub("import", "members", files["members"], "--data", data)
            told("members, corrected: previewed", right)
            assert right.code == 0
            assert f"{MEMBERS} rows would be taken in" in right.out
            assert head(data) == before
            done = commit(data, "members", files["members"])
            told("members: done", done)
            assert f"Done: {MEMBERS} rows" in done.out

            # And 1 % of the payments.
            people = head(data)
            wrong = commit(data, "transfers", files["paid-bad"], *old)
            told("payments, 1 % wrong: refused", wrong)
            assert wrong.code == 2
            assert f"{TRANSFERS // HUNDREDTH} errors in {TRANSFERS // HUNDREDTH} rows" in wrong.out
            assert head(data) == people
            right = hub("import", "transfers", files["paid"], "--data", data, *old)
            told("payments, corrected: previewed", right)
            assert f"{TRANSFERS} rows would be taken in" in right.out
            assert "would end outside the limits" in right.out
            assert re.search(r"line 2: 2021-01-01: \w+ \w+ \d+ paid \w+ \w+ \d+ \d+\.\d\d h", right.out)
            done = commit(data, "transfers", files["paid"], *old)
            told("payments: done", done)
            assert f"Done: {TRANSFERS} rows" in done.out
            again = commit(data, "transfers", files["paid"], *old)
            assert again.code == 2
            assert "This very file has been taken in already" in again.out

            checked = hub("verify", "--data", data)
            told("hub verify", checked)
            assert "\nclean\n" in checked.out
            assert re.search(r"sum +0\.00 h", checked.out)

            # Every row is there, once, and what it says.
            out = tmp_path / "out.csv"
            told("payments: exported", hub("export", "transfers", out, "--data", data))
    assert _as_paid(out) == _as_listed(good_paid)
    opened = Hub.open(data)
    try:
        with opened.reading() as tx:
            found = tx.first("SELECT COUNT(*), SUM(balance) FROM account WHERE kind = 'member'")
    finally:
        opened.close()
    assert found == (MEMBERS + 5, 0)


def _as_paid(file: Path) -> Counter[tuple[str, ...]]:
    import csv

    with file.open(encoding="utf-8-sig", newline="") as opened:
        return Counter(
            (
                row["day"],
                row["payer_name"],
                row["payee_name"],
                row["amount"],
                row["category"],
                _bare(row["note"]),
            )
            for row in csv.DictReader(opened)
        )


def _bare(note: str) -> str:
    return note.removeprefix("'") if note.startswith("'=") else note


def _as_listed(rows: list[list[str]]) -> Counter[tuple[str, ...]]:
    names = {row[0]: row[1] for row in lists.members(MEMBERS)}
    return Counter(
        (day, names[payer], names[payee], amount, category or "other", note)
        for day, payer, payee, amount, category, note in rows[1:]
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cut_in_the_middle_of_writing_leaves_nothing(tmp_path: Path) -> None:
    """The process is killed while rows are being written, at several moments; then it is taken in whole."""
    with a_village(tmp_path / "river") as river:
        river.hub.close()
        data = river.hub.data
        file = tmp_path / "members.csv"
        file.write_bytes(lists.as_csv(lists.members(900)))
        before = head(data)
        for moment in (1, 2, 4):  # each 200 rows
            command = "from appliance.cli import main; main()"
            words = [
                "import",
                "members",
                file,
                "--data",
                data,
                "--commit",
                "--keeper",
                "1-2",
                "--reason",
                "x",
            ]
            with subprocess.Popen(
                [sys.executable, "-c", command, *map(str, words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            ) as process:
                assert process.stdin is not None
                assert process.stderr is not None
                process.stdin.write(f"{PIN}\n".encode())
                process.stdin.close()
                told = 0
                for line in process.stderr:
                    told += line.startswith(b"writing")
                    if told == moment:
                        process.send_signal(signal.SIGKILL)
                        break
            assert process.returncode == -signal.SIGKILL
            assert head(data) == before
        assert commit(data, "members", file).code == 0
        opened = Hub.open(data)
        try:
            verify(opened.store)
        finally:
            opened.close()
