"""``hub radio run``, ``status`` and ``trace``, as somebody at a terminal meets them: real processes, real signals."""

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli import main
from appliance.ledger.market.distances import SetDistance
from appliance.ledger.reads.radio import radio_running
from appliance.radio.emulated.background import emulated_ether
from appliance.radio.emulated.server import EtherServer
from appliance.radio.trace import SOCKET, Trace, listen
from tests.support.two_villages import RIVER, TwoVillages, two_villages
from tests.support.village import a_village


@pytest.fixture(scope="module")
def villages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoVillages]:
    with two_villages(tmp_path_factory.mktemp("villages")) as made:
        yield made


@pytest.fixture(scope="module")
def ether() -> Iterator[EtherServer]:
    with emulated_ether(seed=7) as server:
        yield server


@contextmanager
def radio(data: Path, setting: str) -> Iterator["subprocess.Popen[str]"]:
    """``hub radio run``, once it is alive."""
    words = [sys.executable, "-m", "appliance.cli", "radio", "run", "--data", str(data), "--radio", setting]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: radio_running(data) or process.poll() is not None)
            yield process
        finally:
            process.kill()


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def hub(*words: str) -> str:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == 0, done.output
    return done.output


class TestRun:
    def test_a_damaged_book_ends_it_with_a_code_of_its_own_and_no_traceback(
        self, villages: TwoVillages, ether: EtherServer, tmp_path: Path
    ) -> None:
        villages.river.hub.close()
        river = tmp_path / "river"
        shutil.copytree(villages.river.hub.data, river, ignore=shutil.ignore_patterns("*.sock"))
        with closing(sqlite3.connect(river / "ledger.db")) as db:
            db.execute("UPDATE entry SET body = zeroblob(40) WHERE number = (SELECT max(number) FROM entry)")
            db.commit()
        for damage in ("torn", "no database"):
            if damage == "no database":
                for file in river.glob("ledger.db-*"):
                    file.unlink()
                (river / "ledger.db").write_bytes(b"no database" * 1000)
            with radio(river, f"sim://127.0.0.1:{ether.port}/river") as process:
                _, said = process.communicate(timeout=60)
            assert process.returncode == 3, said
            assert "the radio says nothing" in said
            assert "hub restore" in said
            assert "Traceback" not in said

    def test_two_processes_bring_a_payment_over_and_end_at_sigterm(
        self, villages: TwoVillages, ether: EtherServer
    ) -> None:
        river, hill = villages.river.hub.data, villages.hill.hub.data
        at = f"sim://127.0.0.1:{ether.port}"
        with radio(river, f"{at}/river") as one, radio(hill, f"{at}/hill") as other:
            eventually(lambda: "radio        up" in hub("radio", "status", "--data", str(river)))
            lines = listen(hill, timeout=30)
            assert next(lines)["status"]["radio"]["state"] == "up"
            villages.hill.do("Hana", SetDistance(RIVER, 40))
            villages.send("Alice", "Chandra", 250, note="two loaves")
            data = next(line for line in lines if line.get("type") == "data" and line["direction"] == "heard")
            (record,) = data["records"]
            assert (data["from"], record["kind"], record["to"], record["amount"]) == (101, "sent", 102, 250)
            assert "loaves" not in json.dumps(data)
            lines.close()  # type: ignore[attr-defined]
            eventually(lambda: crossing(villages) == "arrived")
            eventually(
                lambda: json.loads(hub("radio", "status", "--json", "--data", str(river)))["neighbours"][0][
                    "heard"
                ]
            )
            status = json.loads(hub("radio", "status", "--json", "--data", str(river)))
            assert status["running"] is True
            assert status["live"]["engine"]["counts"]["sent_data"] >= 1
            assert status["neighbours"][0]["balance"] >= 250
            owed = f"{status['neighbours'][0]['balance'] / 100:.2f} h; we may owe up to 100.00 h, Hill up to 100.00 h"
            assert f"we owe Hill {owed}" in hub("radio", "status", "--data", str(river))
            far = hub("radio", "status", "--data", str(hill))
            assert "River owes us " in far
            assert "River (101), 40 min on foot  heard " in far

            refused = CliRunner().invoke(main, ["radio", "run", "--data", str(river), "--radio", at])
            assert refused.exit_code == 2
            assert "another radio process works on" in refused.output
            for process in (one, other):
                process.send_signal(signal.SIGTERM)
                said = process.communicate(timeout=30)[1]
                assert process.returncode == 0, said
                assert "Traceback" not in said
                assert "radio=stop" in said
        assert not (river / SOCKET).exists()
        assert not radio_running(river)
        text = hub("radio", "status", "--data", str(river))
        assert "not running" in text
        assert "down (stopped)" in text

    def test_who_looks_on_is_told_at_once_to_whom_and_when_it_is_over(
        self, villages: TwoVillages, ether: EtherServer
    ) -> None:
        river, hill = villages.river.hub.data, villages.hill.hub.data
        at = f"sim://127.0.0.1:{ether.port}"
        # A run that was started in the background has Ctrl-C switched off, and so would these.
        words = ["env", "--default-signal=INT", sys.executable, "-m", "appliance.cli"]
        words += ["radio", "trace", "--data", str(hill)]
        with radio(river, f"{at}/r"), radio(hill, f"{at}/h") as watched:
            eventually((hill / SOCKET).exists)
            with (
                subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as looking,
                subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other,
            ):
                assert looking.stdout is not None
                assert other.stdout is not None
                assert other.stderr is not None
                for one in (looking, other):
                    assert one.stderr is not None
                    assert one.stderr.readline() == "listening to hub 102, Hill; Ctrl-C ends it\n"
                villages.send("Bob", "Chandra", 150)
                for stdout in (looking.stdout, other.stdout):
                    assert any("payment 1.50 h, for Hill" in line for line in iter(stdout.readline, ""))
                other.send_signal(signal.SIGINT)
                assert other.wait(30) == 0
                assert "data 1" in other.stderr.read(), "what it came to"
                watched.send_signal(signal.SIGTERM)
                assert looking.communicate(timeout=30)[1].endswith("The radio's process has ended.\n")
                assert looking.returncode == 1

    def test_a_trace_of_one_kind_goes_on_with_the_next_process(
        self, villages: TwoVillages, ether: EtherServer
    ) -> None:
        river, hill = villages.river.hub.data, villages.hill.hub.data
        at = f"sim://127.0.0.1:{ether.port}"
        words = [sys.executable, "-m", "appliance.cli", "radio", "trace", "--data", str(hill), "--json"]
        words += ["--follow", "--kind", "data", "--hub", "101", "--count", "1"]
        with radio(river, f"{at}/rr"):
            with radio(hill, f"{at}/hh") as first:
                eventually((hill / SOCKET).exists)
                looking = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                assert looking.stdout is not None
                assert "status" in json.loads(looking.stdout.readline())
                first.send_signal(signal.SIGTERM)
                first.communicate(timeout=30)
            with radio(hill, f"{at}/hh"):
                stderr = looking.stderr
                assert stderr is not None
                eventually(lambda: "begun again" in stderr.readline())
                villages.send("Bob", "Chandra", 160)
                said, _ = looking.communicate(timeout=60)
        (line,) = [json.loads(text) for text in said.splitlines()]
        assert (line["type"], line["from"], looking.returncode) == ("data", 101, 0)

    def test_killed_it_is_known_to_be_gone_and_begins_again(
        self, villages: TwoVillages, ether: EtherServer
    ) -> None:
        river = villages.river.hub.data
        with radio(river, f"sim://127.0.0.1:{ether.port}") as process:
            process.kill()
            process.wait()
            assert not radio_running(river)
        with radio(river, f"sim://127.0.0.1:{ether.port}") as process:
            eventually(lambda: "air " in hub("radio", "status", "--data", str(river)))  # it answers
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
            assert process.returncode == 0

    def test_a_disk_that_is_full_is_lived_through(self, villages: TwoVillages, ether: EtherServer) -> None:
        at = f"sim://127.0.0.1:{ether.port}"
        river, hill = villages.river.hub.data, villages.hill.hub.data
        with radio(river, f"{at}/a"), radio(hill, f"{at}/b") as full:
            eventually(lambda: "radio        up" in hub("radio", "status", "--data", str(hill)))
            # No file of this process may grow beyond a kilobyte: SQLite meets what a full disk says.
            unlimited = resource.prlimit(full.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(full.pid, resource.RLIMIT_FSIZE, (1024, unlimited[1]))
            villages.send("Bob", "Dina", 75)
            assert full.stderr is not None
            assert any("book_trouble" in line for line in iter(full.stderr.readline, ""))
            assert full.poll() is None
            resource.prlimit(full.pid, resource.RLIMIT_FSIZE, unlimited)
            eventually(lambda: villages.hill.balance("Dina") == 75)

    def test_nobody_at_the_other_end_is_a_state_not_an_end(self, villages: TwoVillages) -> None:
        hill = villages.hill.hub.data
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with radio(hill, f"sim://127.0.0.1:{port}") as process:
            eventually(lambda: "radio        down (" in hub("radio", "status", "--data", str(hill)))
            assert process.poll() is None


def crossing(villages: TwoVillages, payer: str = "Alice") -> str:
    with villages.river.hub.reading() as tx:
        (found,) = tx.select("SELECT state FROM crossing WHERE near = ?", villages.river.numbers[payer])
    return str(found[0])


class TestRefusals:
    @pytest.mark.parametrize(
        ("toml", "said"),
        [
            ("", "has no radio"),
            ('radio = "none"', "has no radio"),
            ('radio = "tcp//here"', "names no radio"),
            ("radio = 4403", "must be a text in quotes"),
            ('radoi = "none"', "radoi is no setting"),
            ("channel = 9", "channel must be a whole number from 0 to 7"),
            ("radio = ", "hub.toml"),
        ],
    )
    def test_a_setting_that_cannot_be_is_one_line(
        self, villages: TwoVillages, toml: str, said: str, tmp_path: Path
    ) -> None:
        (tmp_path / "hub.toml").write_text(toml)
        refused = CliRunner().invoke(main, ["radio", "run", "--data", str(tmp_path)])
        assert refused.exit_code == 2
        assert said in refused.output
        assert len(refused.output.splitlines()) == 1

    def test_a_hub_of_no_community_says_where_to_begin(self, tmp_path: Path) -> None:
        with a_village(tmp_path):
            words = ["radio", "run", "--data", str(tmp_path), "--radio", "sim://127.0.0.1:4600"]
            refused = CliRunner().invoke(main, words)
        assert refused.exit_code == 2
        assert "has not been admitted" in refused.output

    def test_status_of_a_hub_whose_process_should_run_ends_with_1(self, tmp_path: Path) -> None:
        with a_village(tmp_path):
            (tmp_path / "hub.toml").write_text('radio = "sim://127.0.0.1:4600"')
            done = CliRunner().invoke(main, ["radio", "status", "--data", str(tmp_path)])
        assert done.exit_code == 1
        assert "not running" in done.output

    def test_trace_without_a_process_is_one_line(self, tmp_path: Path) -> None:
        refused = CliRunner().invoke(main, ["radio", "trace", "--data", str(tmp_path)])
        assert refused.exit_code == 2
        assert "no radio process answers" in refused.output


class TestTrace:
    def test_a_deep_directory_and_one_that_does_not_read(self, tmp_path: Path) -> None:
        deep = tmp_path / ("village" * 12) / ("valley" * 12)
        deep.mkdir(parents=True)
        trace = Trace(deep, lambda: {"radio": {}})
        try:
            assert not trace.poll()
            with socket.socket(socket.AF_UNIX) as sleeper:
                directory = os.open(deep, os.O_RDONLY)
                sleeper.connect(f"/proc/self/fd/{directory}/{SOCKET}")
                os.close(directory)
                assert trace.poll()
                for _ in range(20_000):
                    trace.tell({"said": "x" * 100})
                assert not trace.poll()  # it was dropped, and nobody waited for it
        finally:
            trace.close()
        assert not (deep / SOCKET).exists()
