"""The sample villages: what is in them, that they are there whole or not at all, and that all of it runs."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from appliance.cli import main
from appliance.demo import PIN, default_data, prepare
from appliance.demo.place import MARKER, Marker, in_use
from appliance.demo.run import PAPERS, welcome
from appliance.demo.words import LISTINGS, NEWCOMER, VILLAGERS
from appliance.demo.words_hill import LISTINGS as LISTINGS_OF_HILL
from appliance.demo.words_hill import SHOWN as SHOWN_OF_HILL
from appliance.demo.words_hill import VILLAGERS as OF_HILL
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import FarListing, FarPerson
from appliance.ledger.book.schema import Claim, Crossing, Entry, Listing, Transfer
from appliance.ledger.book.schema_market import ListingTerms
from appliance.ledger.book.schema_talk import Message
from appliance.ledger.book.taxonomy import SHIPPED, group_of
from appliance.ledger.clock import SystemClock
from appliance.ledger.errors import Action, DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner
from appliance.ledger.money.crossings import Send
from appliance.ledger.people import pins
from appliance.ledger.reads import desk, listings, member
from appliance.ledger.reads.radio import neighbours, radio_running
from appliance.ledger.values import Account, AccountNumber, Amount
from appliance.matching import Index, suggestions

CHEAP = KdfCost(1, 8 * 1024)
KIRA, ALICE, BOB, DINA = (AccountNumber(number) for number in (1, 2, 3, 5))
CHANDRA = AccountNumber(2)
"""Of Hill."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Villages that are looked at only."""
    data = tmp_path_factory.mktemp("demo") / "valley"
    prepare(data, cost=CHEAP)
    return data


@pytest.fixture
def village(made: Path, tmp_path: Path) -> Path:
    """Villages of one's own."""
    return Path(shutil.copytree(made, tmp_path / "valley"))


@pytest.fixture(scope="module")
def hub(made: Path) -> Iterator[Hub]:
    opened = Hub.open(made / "river")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def hill(made: Path) -> Iterator[Hub]:
    opened = Hub.open(made / "hill")
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
            commons = desk.overview(tx, hub.clock.now()).commons
            (toward_hill,) = neighbours(tx, hub.number)
        for line in lines:
            assert line.balance is not None
            assert line.low is not None
            assert line.high is not None
            assert line.low <= line.balance <= line.high
        assert sum(line.balance or 0 for line in lines) + commons + toward_hill.balance == 0
        assert len({line.balance for line in lines}) > 10  # people differ

    def test_sixty_listings_offers_and_wants(self, hub: Hub) -> None:
        with hub.reading() as tx:
            rows = tx.rows(Listing.select())
            titles = {
                view.title
                for one in range(1, 21)
                for view in listings.listings_of(tx, AccountNumber(one), KIRA)
            }
        assert len(rows) == len(LISTINGS) == 60
        assert {row.kind for row in rows} == {"offer", "want"}
        assert {group_of(row.category) for row in rows} == set(SHIPPED)
        assert titles == {line.title for line in LISTINGS}

    def test_no_listing_ends_while_somebody_looks_round(self, hub: Hub) -> None:
        with hub.reading() as tx:
            soon = hub.clock.now().ms + 21 * 86_400_000
            terms = tx.rows(ListingTerms.select())
        assert len(terms) == len(LISTINGS)
        assert all(one.until_ms is not None and one.until_ms > soon for one in terms)

    def test_bob_asks_alice_for_cheese(self, hub: Hub) -> None:
        with hub.reading() as tx:
            thread = tx.rows(Message.select().order_by(Message.seq))
        assert [(one.sender, one.receiver) for one in thread] == [(3, 2), (2, 3), (10, 2)]

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
        assert {row.kind for row in done} == {"payment", "request", "reversal", "care", "refund"}
        assert kinds >= {"pay", "request", "accept", "decline", "cancel", "reverse", "set_limits", "approve"}

    def test_a_few_do_most_of_the_trade(self, hub: Hub) -> None:
        with hub.reading() as tx:
            done = tx.rows(Transfer.select().where(Transfer.kind == "payment"))
        by_person = sorted(
            (sum(number in (row.payer, row.payee) for row in done) for number in range(1, 21)), reverse=True
        )
        assert sum(by_person[:5]) > 2 * sum(by_person[10:])

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
        for directory in ("river", "hill"):
            checked = CliRunner().invoke(main, ["verify", "--data", str(made / directory)])
            assert checked.exit_code == 0, checked.output

    def test_it_says_how_to_sign_in(self, made: Path) -> None:
        text = welcome(made, "127.0.0.1", (8080, 8081), 4600)
        assert "http://localhost:8080/" in text
        assert "http://localhost:8081/" in text
        assert PIN in text
        for name, number in [("Alice", "2-0"), ("Bob", "3-1"), ("Dina", "5-4"), ("Kira", "1-2")]:
            assert any(line.strip().startswith(name) and number in line for line in text.splitlines())
        assert Account(102, CHANDRA).full in text
        assert "a real hub prints them once and forgets them" in text
        for directory in ("river", "hill"):
            assert (made / directory / PAPERS).stat().st_mode & 0o777 == 0o600


class TestValley:
    def test_two_villages_of_one_community_whose_people_have_different_names(
        self, hub: Hub, hill: Hub
    ) -> None:
        assert hub.box.place.community == hill.box.place.community
        names = [{villager.name.split()[0] for villager in people} for people in (VILLAGERS, OF_HILL)]
        assert names[0] & names[1] == set()
        with hill.reading() as tx:
            lines = desk.account_lines(tx, "active")
        assert [line.who.name for line in lines] == [villager.name for villager in OF_HILL]
        assert [line.who.name for line in lines if line.who.keeper] == ["Hana Lepik"]

    def test_they_have_traded_and_both_sides_agree(self, hub: Hub, hill: Hub) -> None:
        with hub.reading() as tx:
            (toward_hill,) = neighbours(tx, hub.number)
            crossed = [(row.outgoing, row.state) for row in tx.rows(Crossing.select())]
        with hill.reading() as tx:
            (toward_river,) = neighbours(tx, hill.number)
        assert toward_hill.balance == -toward_river.balance != 0
        assert toward_hill.on_way == toward_river.on_way == 0
        assert not toward_hill.mismatch
        assert not toward_river.mismatch
        assert crossed.count((True, "arrived")) >= 6
        assert crossed.count((False, "arrived")) >= 5
        assert crossed.count((True, "returned")) == 1

    def test_each_knows_of_the_other_what_its_people_agreed_to(self, hub: Hub, hill: Hub) -> None:
        with hub.reading() as tx:
            far = [row.name for row in tx.rows(FarPerson.select().order_by(FarPerson.number))]
            listings = [row.title for row in tx.rows(FarListing.select())]
        assert far == [OF_HILL[number - 1].name for number in SHOWN_OF_HILL]
        assert sorted(listings) == sorted(line.title for line in LISTINGS_OF_HILL)
        with hill.reading() as tx:
            assert len(tx.rows(FarListing.select())) == len(LISTINGS)
            assert "Alice Martin" in {row.name for row in tx.rows(FarPerson.select())}

    def test_a_village_of_an_earlier_release_is_left_alone(self, tmp_path: Path) -> None:
        before = {"village": "River", "pin": "2580", "made_ms": 1, "people": [], "keeper": {}}
        (tmp_path / MARKER).write_text(json.dumps(before))
        for words in (["demo"], ["demo", "--fresh"]):
            refused = CliRunner().invoke(
                main, [*words, "--data", str(tmp_path), *ports(free_port(), free_port())]
            )
            assert refused.exit_code == 2
            assert "earlier release" in refused.output
            assert len(refused.output.splitlines()) == 1
        assert json.loads((tmp_path / MARKER).read_text()) == before


class TestPlace:
    def test_the_second_start_keeps_what_is_there_and_founds_no_other(
        self, village: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        head = self._head(village)
        monkeypatch.setattr(Hub, "found", lambda *_, **__: pytest.fail("a village was made"))
        prepare(village, cost=CHEAP)
        assert self._head(village) == head

    def test_fresh_makes_another(self, village: Path) -> None:
        head = self._head(village)
        prepare(village, fresh=True, cost=CHEAP)
        assert self._head(village) != head
        assert sorted(file.name for file in village.parent.iterdir()) == ["valley"]

    @pytest.mark.parametrize("fresh", [False, True])
    def test_a_directory_that_is_no_village_is_left_alone(self, tmp_path: Path, fresh: bool) -> None:
        (tmp_path / "ledger.db").write_text("somebody's own")
        words = ["demo", "--data", str(tmp_path), *ports(free_port(), free_port())]
        words += ["--fresh"] if fresh else []

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
        data, cradle = tmp_path / "valley", tmp_path / ".valley.making"
        code = (
            "import sys, pathlib; from appliance.demo import prepare; from appliance.ledger.keys import KdfCost;"
            "prepare(pathlib.Path(sys.argv[1]), cost=KdfCost(1, 8 * 1024 * 1024))"
        )
        started = subprocess.Popen(
            [sys.executable, "-c", code, str(data)], stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 60
            while self._entries(cradle / "village" / "river") < 100:
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
        assert CliRunner().invoke(main, ["verify", "--data", str(data / "river")]).exit_code == 0

    def test_a_start_that_is_stopped_leaves_no_village(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("appliance.demo.calendar.Calendar.live", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare(tmp_path / "valley", cost=CHEAP)
        assert not (tmp_path / "valley").exists()

    def test_something_else_where_the_cradle_stands_is_not_removed(self, tmp_path: Path) -> None:
        (tmp_path / ".valley.making").mkdir()
        (tmp_path / ".valley.making" / "song.txt").write_text("la la")
        with pytest.raises(DataDirectoryError, match="not ours to remove"):
            prepare(tmp_path / "valley", cost=CHEAP)
        assert (tmp_path / ".valley.making" / "song.txt").exists()

    def test_a_marker_nobody_can_read(self, village: Path) -> None:
        (village / MARKER).write_text("{}")
        with pytest.raises(DataDirectoryError, match="no sample village"):
            Marker.load(village)

    def test_it_lives_among_the_persons_own_data(self) -> None:
        assert default_data({"XDG_DATA_HOME": "/srv/alice"}) == Path("/srv/alice/technocommune-hub/valley")
        assert default_data({}) == Path.home() / ".local/share/technocommune-hub/valley"
        assert default_data({"XDG_DATA_HOME": "not/absolute"}) == default_data({})

    def test_a_busy_port_is_one_line(self, village: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            refused = CliRunner().invoke(main, ["demo", "--data", str(village), *ports(port, free_port())])
        assert refused.exit_code == 2
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in refused.output
        assert len(refused.output.splitlines()) == 1

    def _head(self, data: Path) -> str:
        return CliRunner().invoke(main, ["head", "--data", str(data / "river")]).output

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
    """All of it: an ether, two nodes, two radio processes with the real library, two portals."""

    def test_alice_pays_chandra_and_all_ends_with_ctrl_c(self, village: Path) -> None:
        with demo(village) as running:
            assert running.page("river").startswith("<!doctype html>")
            assert running.page("hill").startswith("<!doctype html>")
            alice_pays_chandra(village / "river")
            eventually(lambda: last_crossing(village / "river") == (True, "arrived"))
            assert last_crossing(village / "hill") == (False, "arrived")
            eventually(lambda: running.health("river")["radio"]["state"] == "up")
            children = running.children()
            assert len(children) == 7
            said = running.stop(signal.SIGINT)
        assert f"http://localhost:{running.ports['river']}/" in said
        assert [pid for pid in children if alive(pid)] == []
        for directory in ("river", "hill"):
            checked = CliRunner().invoke(main, ["verify", "--data", str(village / directory)])
            assert checked.exit_code == 0, checked.output

    def test_who_dies_alone_comes_back_and_nobody_outlives_a_killed_demo(self, village: Path) -> None:
        before = crossings(village / "hill").count("arrived")
        alice_pays_chandra(village / "river")  # while nothing runs: it waits
        with demo(village) as running:
            eventually(lambda: last_crossing(village / "river") == (True, "arrived"))
            victim = next(
                pid for pid, words in running.children().items() if "radio run" in words and "hill" in words
            )
            os.kill(victim, signal.SIGKILL)
            eventually(lambda: not radio_running(village / "hill"))
            eventually(lambda: radio_running(village / "hill"))
            alice_pays_chandra(village / "river", 50)
            eventually(lambda: crossings(village / "hill").count("arrived") == before + 2)
            children = running.children()
            assert len(children) == 7
            running.stop(signal.SIGKILL)
        eventually(lambda: not any(alive(pid) for pid in children))


@dataclass
class Running:
    """A demo under way."""

    process: "subprocess.Popen[str]"
    data: Path
    ports: dict[str, int]

    def page(self, village: str) -> str:
        with urllib.request.urlopen(f"http://localhost:{self.ports[village]}/", timeout=10) as page:
            assert page.status == 200
            return str(page.read().decode())

    def health(self, village: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://localhost:{self.ports[village]}/health", timeout=10) as answer:
            return dict(json.load(answer))

    def children(self) -> dict[int, str]:
        """The processes it has started, with their command lines."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(word) for word in path.read_text().split()]
        return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids}

    def stop(self, how: int) -> str:
        """End it; what it said."""
        os.killpg(self.process.pid, how)
        said, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == (-how if how == signal.SIGKILL else 0)
        return said


@contextmanager
def demo(data: Path) -> Iterator[Running]:
    """``hub demo`` on ``data``, once both portals answer."""
    taken = {"river": free_port(), "hill": free_port()}
    words = [str(Path(sys.executable).parent / "hub"), "demo", "--data", str(data), *ports(*taken.values())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        running = Running(process, data, taken)
        try:
            for name in taken:
                eventually(lambda name=name: answers(running, name), process)  # type: ignore[misc]
            yield running
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def answers(running: Running, village: str) -> bool:
    try:
        running.page(village)
    except OSError:
        return False
    return True


def eventually(true: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait until it is so; a minute at most, for a machine that does ten other things."""
    deadline = time.monotonic() + 60
    while not true():
        assert process is None or process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def alice_pays_chandra(data: Path, amount: int = 125) -> None:
    river = Hub.open(data)
    try:
        key = river.unlock(ALICE, PIN)
        assert isinstance(key, KeySigner)
        paid = river.submit(Send(ALICE, 102, CHANDRA, Amount(amount), "food", "honey"), key)
        assert isinstance(paid, Receipt), paid
    finally:
        river.close()


def last_crossing(data: Path) -> tuple[bool, str]:
    village = Hub.open(data)
    try:
        with village.reading() as tx:
            row = tx.rows(Crossing.select().order_by(Crossing.opened_entry.desc()).limit(1))[0]
    finally:
        village.close()
    return bool(row.outgoing), str(row.state)


def crossings(data: Path) -> list[str]:
    village = Hub.open(data)
    try:
        with village.reading() as tx:
            return [row.state for row in tx.rows(Crossing.select())]
    finally:
        village.close()


def ports(river: int, hill: int) -> list[str]:
    return ["--port", str(river), "--hill-port", str(hill)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
