"""The sample village: what is in it, and that it is there whole or not at all."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.cli import main
from appliance.demo import PIN, default_data, prepare
from appliance.demo.place import MARKER, Marker, in_use
from appliance.demo.run import PAPERS, welcome
from appliance.demo.words import LISTINGS, NEWCOMER, VILLAGERS
from appliance.ledger.book.schema import Claim, Entry, Listing, Transfer
from appliance.ledger.clock import SystemClock
from appliance.ledger.errors import Action, DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner
from appliance.ledger.people import pins
from appliance.ledger.reads import desk, member
from appliance.ledger.values import AccountNumber
from appliance.matching import Index, suggestions

CHEAP = KdfCost(1, 8 * 1024 * 1024)
KIRA, ALICE, BOB, DINA = (AccountNumber(number) for number in (1, 2, 3, 5))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village that is looked at only."""
    data = tmp_path_factory.mktemp("demo") / "river"
    prepare(data, cost=CHEAP)
    return data


@pytest.fixture
def village(made: Path, tmp_path: Path) -> Path:
    """A village of one's own."""
    return Path(shutil.copytree(made, tmp_path / "river"))


@pytest.fixture(scope="module")
def hub(made: Path) -> Iterator[Hub]:
    opened = Hub.open(made)
    yield opened
    opened.close()


class TestVillage:
    def test_twenty_people_one_keeper_one_newcomer(self, hub: Hub) -> None:
        with hub.reading() as tx:
            lines = desk.account_lines(tx)
        members = [line.who.name for line in lines if line.who.status == "active"]
        assert members == [villager.name for villager in VILLAGERS]
        assert len(members) == 20
        assert [line.who.number for line in lines if line.who.keeper] == [KIRA]
        assert [line.who.name for line in lines if line.who.status == "applied"] == [NEWCOMER]

    def test_everybody_is_within_the_limits_and_the_village_at_zero(self, hub: Hub) -> None:
        with hub.reading() as tx:
            lines = desk.account_lines(tx, "active")
            commons = desk.overview(tx).commons
        for line in lines:
            assert line.balance is not None
            assert line.low is not None
            assert line.high is not None
            assert line.low <= line.balance <= line.high
        assert sum(line.balance or 0 for line in lines) + commons == 0
        assert len({line.balance for line in lines}) > 10  # people differ

    def test_sixty_listings_offers_and_wants(self, hub: Hub) -> None:
        with hub.reading() as tx:
            rows = tx.rows(Listing.select())
            titles = {
                view.title
                for one in range(1, 21)
                for view in member.listings_of(tx, AccountNumber(one), KIRA)
            }
        assert len(rows) == len(LISTINGS) == 60
        assert {row.kind for row in rows} == {"offer", "want"}
        assert len({row.category for row in rows}) == 16
        assert titles == {line.title for line in LISTINGS}

    def test_what_people_want_meets_what_others_offer(self, hub: Hub, tmp_path: Path) -> None:
        index = Index.open(tmp_path / "cache.db")
        try:
            with hub.reading() as tx:
                index.follow(tx)
                now = SystemClock().now().ms
                met = [one for one in (ALICE, BOB, DINA) if suggestions(index, tx, one, now)]
        finally:
            index.close()
        assert met == [ALICE, BOB, DINA]

    def test_three_months_of_life(self, hub: Hub) -> None:
        now, day = SystemClock().now().ms, 86_400_000
        with hub.reading() as tx:
            done = tx.rows(Transfer.select().where(Transfer.state == "done").order_by(Transfer.closed_entry))
            kinds = {row.kind for row in tx.rows(Entry.select(Entry.kind).distinct())}
        assert len(done) > 300
        assert 80 * day < done[-1].closed_ms - done[0].closed_ms < 93 * day
        assert now - 3 * day < done[-1].closed_ms <= now
        assert {row.kind for row in done} == {"payment", "request", "reversal", "care"}
        assert kinds >= {"pay", "request", "accept", "decline", "cancel", "reverse", "set_limits", "approve"}

    def test_a_few_do_most_of_the_trade(self, hub: Hub) -> None:
        with hub.reading() as tx:
            done = tx.rows(Transfer.select().where(Transfer.kind == "payment"))
        by_person = sorted(
            (sum(number in (row.payer, row.payee) for row in done) for number in range(1, 21)), reverse=True
        )
        assert sum(by_person[:5]) > 2.5 * sum(by_person[10:])

    def test_something_waits_for_each_of_the_sample_sign_ins(self, hub: Hub) -> None:
        now = SystemClock().now()
        with hub.reading() as tx:
            homes = {number: member.home(tx, number) for number in (ALICE, BOB, DINA)}
        alice, bob, dina = (homes[number] for number in (ALICE, BOB, DINA))
        assert alice is not None
        assert bob is not None
        assert dina is not None
        assert {"Bob Okafor", "Rosa Jiménez"} <= {one.payee.name for one in alice.to_pay}
        assert any(one.carer.number == DINA and one.signed == one.quorum - 1 for one in alice.to_confirm)
        assert [one for one in alice.asked if one.payer is None]  # an open request, for whoever reads it
        assert any(one.payee.name == "Fatima Zahra" for one in bob.to_pay)
        assert any(one.signed == 1 and Action.CANCEL in one.actions for one in dina.my_care)
        assert all(one.at.ms <= now.ms for one in alice.to_pay)

    def test_care_was_paid_and_waits(self, hub: Hub) -> None:
        with hub.reading() as tx:
            states = [row.state for row in tx.rows(Claim.select())]
        assert states.count("paid") >= 8
        assert states.count("open") >= 2

    def test_everybody_has_the_documented_pin(self, hub: Hub) -> None:
        assert pins.refuse_weak(PIN) is None
        for number in (KIRA, ALICE, DINA, AccountNumber(20)):
            signer = hub.unlock(number, PIN)
            assert isinstance(signer, KeySigner)
            signer.close()

    def test_it_verifies(self, made: Path) -> None:
        checked = CliRunner().invoke(main, ["verify", "--data", str(made)])
        assert checked.exit_code == 0, checked.output

    def test_it_says_how_to_sign_in(self, made: Path) -> None:
        text = welcome(made, "127.0.0.1", 8080)
        assert "http://localhost:8080/" in text
        assert PIN in text
        for name, number in [("Alice", "2-0"), ("Bob", "3-1"), ("Dina", "5-4"), ("Kira", "1-2")]:
            assert any(line.strip().startswith(name) and number in line for line in text.splitlines())
        assert "a real hub prints them once and forgets them" in text
        assert (made / PAPERS).stat().st_mode & 0o777 == 0o600


class TestPlace:
    def test_the_second_start_keeps_what_is_there_and_is_quick(self, village: Path) -> None:
        head = self._head(village)
        before = time.monotonic()
        prepare(village, cost=CHEAP)
        assert time.monotonic() - before < 0.5
        assert self._head(village) == head

    def test_fresh_makes_another(self, village: Path) -> None:
        head = self._head(village)
        prepare(village, fresh=True, cost=CHEAP)
        assert self._head(village) != head
        assert sorted(file.name for file in village.parent.iterdir()) == ["river"]

    @pytest.mark.parametrize("fresh", [False, True])
    def test_a_directory_that_is_no_village_is_left_alone(self, tmp_path: Path, fresh: bool) -> None:
        (tmp_path / "ledger.db").write_text("somebody's own")
        words = ["demo", "--data", str(tmp_path), "--port", str(free_port()), *(["--fresh"] if fresh else [])]

        refused = CliRunner().invoke(main, words)

        assert refused.exit_code == 2
        assert "no sample village" in refused.output
        assert len(refused.output.splitlines()) == 1
        assert (tmp_path / "ledger.db").read_text() == "somebody's own"

    def test_a_village_in_use_is_not_replaced(self, village: Path) -> None:
        head = self._head(village)
        with in_use(village), pytest.raises(DataDirectoryError, match="in use"):
            prepare(village, fresh=True, cost=CHEAP)
        assert self._head(village) == head

    def test_a_first_start_that_was_killed_is_made_anew(self, tmp_path: Path) -> None:
        data, cradle = tmp_path / "river", tmp_path / ".river.making"
        code = (
            "import sys, pathlib; from appliance.demo import prepare; from appliance.ledger.keys import KdfCost;"
            "prepare(pathlib.Path(sys.argv[1]), cost=KdfCost(1, 8 * 1024 * 1024))"
        )
        started = subprocess.Popen(
            [sys.executable, "-c", code, str(data)], stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 60
            while self._entries(cradle / "village") < 100:
                assert started.poll() is None, "made before it could be killed"
                assert time.monotonic() < deadline
                time.sleep(0.02)
        finally:
            started.send_signal(signal.SIGKILL)
            started.wait()
        assert not data.exists()
        assert cradle.exists()

        prepare(data, cost=CHEAP)

        assert not cradle.exists()
        assert CliRunner().invoke(main, ["verify", "--data", str(data)]).exit_code == 0

    def test_a_start_that_is_stopped_leaves_no_village(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("appliance.demo.village._Life.live", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(tmp_path / "river", cost=CHEAP)
        assert not (tmp_path / "river").exists()

    def test_something_else_where_the_cradle_stands_is_not_removed(self, tmp_path: Path) -> None:
        (tmp_path / ".river.making").mkdir()
        (tmp_path / ".river.making" / "song.txt").write_text("la la")
        with pytest.raises(DataDirectoryError, match="not ours to remove"):
            prepare(tmp_path / "river", cost=CHEAP)
        assert (tmp_path / ".river.making" / "song.txt").exists()

    def test_a_marker_nobody_can_read(self, village: Path) -> None:
        (village / MARKER).write_text("{}")
        with pytest.raises(DataDirectoryError, match="no sample village"):
            Marker.load(village)

    def test_it_lives_among_the_persons_own_data(self) -> None:
        assert default_data({"XDG_DATA_HOME": "/srv/alice"}) == Path("/srv/alice/technocommune-hub/river")
        assert default_data({}) == Path.home() / ".local/share/technocommune-hub/river"
        assert default_data({"XDG_DATA_HOME": "not/absolute"}) == default_data({})

    def test_a_busy_port_is_one_line(self, village: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            refused = CliRunner().invoke(main, ["demo", "--data", str(village), "--port", str(port)])
        assert refused.exit_code == 2
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in refused.output
        assert len(refused.output.splitlines()) == 1

    def _head(self, data: Path) -> str:
        return CliRunner().invoke(main, ["head", "--data", str(data)]).output

    def _entries(self, data: Path) -> int:
        """How far the making has come; 0 before there is a book. Looks on without opening the hub."""
        try:
            database = sqlite3.connect(f"file:{data / 'ledger.db'}?mode=ro", uri=True)
        except sqlite3.OperationalError:
            return 0
        try:
            return int(database.execute("SELECT count(*) FROM entry").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
        finally:
            database.close()


class TestRunning:
    def test_it_survives_ctrl_c_and_starts_again_with_its_data(self, village: Path) -> None:
        first = self._start_look_and_stop(village)
        again = self._start_look_and_stop(village)

        assert first["ledger"]["head"] == again["ledger"]["head"]
        assert first["ledger"]["entries"] > 500
        checked = CliRunner().invoke(main, ["verify", "--data", str(village)])
        assert checked.exit_code == 0, checked.output
        verified = self._start_look_and_stop(village)["ledger"]["verified"]
        assert verified["head"] == again["ledger"]["head"]

    def _start_look_and_stop(self, data: Path) -> dict[str, Any]:
        """What /health says of a village that was started, and was stopped as a terminal does it."""
        port = free_port()
        words = [str(Path(sys.executable).parent / "hub"), "demo", "--data", str(data), "--port", str(port)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as started:
            try:
                told = self._wait_for(f"http://localhost:{port}/health", started)
                with urllib.request.urlopen(f"http://localhost:{port}/", timeout=10) as first_page:
                    assert first_page.status == 200
            finally:
                os.killpg(started.pid, signal.SIGINT)
            said, _ = started.communicate(timeout=30)
        assert started.returncode == 0
        assert f"http://localhost:{port}/" in said
        return told

    def _wait_for(self, address: str, started: "subprocess.Popen[str]") -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(address, timeout=10) as answer:
                    return dict(json.load(answer))
            except urllib.error.URLError:
                assert started.poll() is None, "it ended by itself"
                assert time.monotonic() < deadline
                time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
