"""The radio's process of River and of Hill, turn by turn: what it sends, keeps, writes and survives."""

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from appliance.ledger import community
from appliance.ledger.book.local import HubHeard
from appliance.ledger.book.rules import Care, Credit, Rules
from appliance.ledger.book.store import Tx, WriteBusy
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality, SystemClock
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.crossings import Recall
from appliance.ledger.people.showing import ShowName
from appliance.ledger.post import NotAdmitted
from appliance.ledger.reads.radio import NeighbourView, air, neighbours, radio_running, radio_state
from appliance.radio.emulated.background import emulated_ether
from appliance.radio.links.sim import SimLink
from appliance.radio.ports import Heard, Refused
from appliance.radio.service import Service, only_one
from tests.support.clocks import HandMachine, live_on
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.village import CHEAP, a_village


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[TwoRadios]:
    with two_radios(tmp_path) as made:
        yield made
        for village in (made.villages.river, made.villages.hill):
            verify(village.hub.store)


def seen(hub: Hub) -> NeighbourView:
    """How the other hub stands toward this one."""
    with hub.reading() as tx:
        (found,) = neighbours(tx, hub.number)
    return found


def heard(hub: Hub) -> HubHeard | None:
    with hub.reading() as tx:
        return tx.get(HubHeard, hub=RIVER if hub.number == HILL else HILL)


def told_reason(radios: TwoRadios) -> str:
    """Why River's radio sends nothing, as keepers are told."""
    with radios.villages.river.hub.reading() as tx:
        told = radio_state(tx)
    assert told is not None
    return told.reason


def test_a_duty_cycle_that_is_used_up_is_told_until_the_radio_sends_again(radios: TwoRadios) -> None:
    radios.live(60)
    radios.links["river"].refusals.append(Refused("DUTY_CYCLE_LIMIT", 600.0))
    radios.villages.send("Alice", "Chandra", 250)
    radios.live(30)
    assert told_reason(radios) == "duty_cycle"
    radios.live(500)
    assert told_reason(radios) == "duty_cycle"
    assert radios.live(900, lambda: radios.state() == [("arrived", None)])
    radios.live(1)
    assert told_reason(radios) == ""


def test_a_channel_that_is_switched_off_is_told_and_not_asked_again_and_again(
    radios: TwoRadios, caplog: pytest.LogCaptureFixture
) -> None:
    link = radios.links["river"]
    radios.live(60)
    link.refusals.extend([Refused("NO_CHANNEL")] * 100)
    radios.villages.send("Alice", "Chandra", 250)
    radios.live(600)
    assert 80 <= len(link.refusals) <= 90, "after 10 s, 20 s, 40 s, then each minute"
    assert len([one for one in caplog.messages if "radio=refused" in one]) == 4, "the 1st, 2nd, 4th and 8th"
    assert told_reason(radios) == "no_channel"
    link.refusals.clear()  # Kira has switched it on
    assert radios.live(70, lambda: radios.state() == [("arrived", None)])
    radios.live(1)
    assert told_reason(radios) == ""


def test_a_packet_that_the_radio_calls_too_large_does_not_silence_the_hub(
    radios: TwoRadios, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = radios.links["river"]
    radios.live(60)
    link.sent.clear()
    given: list[bytes] = []
    take = link.send

    def send(data: bytes) -> None:
        given.append(data)
        if data == given[0]:
            link.refusals.append(Refused("TOO_LARGE"))
        take(data)

    monkeypatch.setattr(link, "send", send)
    radios.villages.send("Alice", "Chandra", 250)
    radios.live(150)
    assert given[:3] == [given[0]] * 3
    assert given[3] != given[0]
    assert link.sent


class TestPayments:
    def test_alice_pays_chandra_and_it_arrives(self, radios: TwoRadios) -> None:
        villages = radios.villages
        villages.send("Alice", "Chandra", 250, note="two loaves")
        assert radios.state() == [("on_way", None)]
        assert radios.live(60, lambda: radios.state() == [("arrived", None)])
        assert (villages.river.balance("Alice"), villages.hill.balance("Chandra")) == (-250, 250)
        hubs = (villages.river.hub, villages.hill.hub)
        assert radios.live(1800, lambda: all(seen(hub).in_sync for hub in hubs))
        assert not any(seen(hub).mismatch for hub in hubs)

    def test_what_nobody_has_the_number_of_comes_back_with_the_reason(self, radios: TwoRadios) -> None:
        radios.villages.send("Alice", 77, 250)
        assert radios.live(60, lambda: radios.state() == [("returned", "unknown_account")])
        assert radios.villages.river.balance("Alice") == 0

    def test_over_the_limit_of_hill_it_waits_there_and_arrives_when_there_is_room(
        self, radios: TwoRadios
    ) -> None:
        radios.villages.limit(HILL, low=-100)
        radios.villages.send("Alice", "Chandra", 250)
        assert radios.live(60, lambda: radios.state("hill") == [("held", None)])
        radios.live(120)
        assert radios.state() == [("on_way", None)]
        assert seen(radios.villages.hill.hub).held_in == 250
        radios.villages.limit(HILL, low=-1000)
        assert radios.live(60, lambda: radios.state() == [("arrived", None)])

    def test_recalled_while_it_is_held_it_comes_back(self, radios: TwoRadios) -> None:
        radios.villages.limit(HILL, low=-100)
        paid = radios.villages.send("Alice", "Chandra", 250)
        assert radios.live(60, lambda: radios.state("hill") == [("held", None)])
        radios.villages.river.do("Alice", Recall(paid.record))
        assert radios.live(60, lambda: radios.state() == [("returned", "recalled")])
        assert radios.villages.river.balance("Alice") == 0

    def test_every_second_packet_lost_it_arrives_once(self, radios: TwoRadios) -> None:
        chance = Random(5)
        for link in radios.links.values():
            link.hears = lambda _: chance.random() < 0.5
        for amount in (100, 50, 25):
            radios.villages.send("Alice", "Chandra", amount)
            radios.live(30)
        assert radios.live(3600, lambda: radios.state() == [("arrived", None)] * 3)
        assert radios.villages.hill.balance("Chandra") == 175


class TestTheAir:
    def test_it_is_noted_every_ten_minutes_and_the_next_process_goes_on(self, radios: TwoRadios) -> None:
        river = radios.villages.river.hub
        for _ in range(12):
            radios.villages.send("Alice", "Chandra", 1)
            radios.live(650)
        with river.reading() as tx:
            first = air(tx)
            (hill,) = neighbours(tx, river.number)
        assert [hour for hour, _ in first.hours] == sorted({hour for hour, _ in first.hours})
        assert 2 <= len(first.hours) <= 4
        assert first.seconds["sent_data"] >= 1
        assert first.seconds["heard"] >= 1
        assert hill.loss == 0
        radios.end("river")
        radios.begin("river")
        radios.live(650)
        with river.reading() as tx:
            assert air(tx).hours[: len(first.hours) - 1] == first.hours[:-1]

    def test_what_is_lost_of_a_neighbour_is_told(self, radios: TwoRadios) -> None:
        chance = Random(2)
        radios.links["river"].hears = lambda _: chance.random() < 0.6
        for turn in range(40):
            radios.villages.send("Chandra", "Alice", 1 + turn)
            radios.live(120)
        losses = radios.services["river"].status()["losses"]
        assert 20 <= losses[HILL] <= 60


class TestLink:
    def test_a_radio_unplugged_and_plugged_again(self, radios: TwoRadios) -> None:
        hub = radios.villages.river.hub
        radios.live(30)
        radios.links["river"].unplug()
        radios.live(10)
        with hub.reading() as tx:
            state = radio_state(tx)
        assert state is not None
        assert (state.state, state.reason) == ("down", "unplugged")
        radios.villages.send("Alice", "Chandra", 250)
        radios.live(600)
        assert radios.state() == [("on_way", None)]
        radios.links["river"].plug()
        assert radios.live(60, lambda: radios.state() == [("arrived", None)])
        radios.live(1)
        with hub.reading() as tx:
            state = radio_state(tx)
        assert state is not None
        assert (state.state, state.reason, state.preset, state.region) == ("up", "", "MEDIUM_FAST", "EU_868")

    def test_what_was_inside_a_radio_that_is_lost_goes_out_again(self, radios: TwoRadios) -> None:
        link = radios.links["river"]
        radios.live(30)
        radios.villages.send("Alice", "Chandra", 250)
        assert radios.live(30, lambda: not link.ready())
        link.unplug()
        radios.live(5)
        link.plug()
        assert radios.live(60, lambda: radios.state() == [("arrived", None)])

    def test_a_radio_that_refuses_is_given_the_packet_again_when_it_says(self, radios: TwoRadios) -> None:
        radios.live(30)
        radios.links["river"].refusals.append(Refused("DUTY_CYCLE_LIMIT", 300.0))
        radios.villages.send("Alice", "Chandra", 250)
        assert not radios.live(290, lambda: radios.state() == [("arrived", None)])
        assert radios.live(60, lambda: radios.state() == [("arrived", None)])

    def test_it_stays_down_for_those_who_look_while_it_tries(self, radios: TwoRadios) -> None:
        radios.live(5)
        writes = []
        radios.links["river"].unplug()
        radios.live(5)
        board = radios.services["river"]._board
        for _ in range(10):
            radios.links["river"].plug()
            radios.links["river"].events.pop()  # it connects, and does not come up
            radios.links["river"].unplug()
            radios.live(3)
            writes.append(board.state)
        assert set(writes) == {writes[0]}
        assert writes[0].state == "down"


class TestProcesses:
    def test_the_payees_radio_process_dies_at_any_turn(self, radios: TwoRadios) -> None:
        radios.live(20)
        radios.villages.send("Alice", "Chandra", 250)
        for turns in range(1, 12):
            radios.live(turns * 0.1)
            radios.end("hill")
            radios.live(1)
            radios.begin("hill")
        assert radios.live(600, lambda: radios.state() == [("arrived", None)])
        assert radios.villages.hill.balance("Chandra") == 250

    def test_the_payers_radio_process_dies_at_any_turn(self, radios: TwoRadios) -> None:
        radios.live(20)
        radios.villages.send("Alice", "Chandra", 250)
        for turns in range(1, 12):
            radios.live(turns * 0.1)
            radios.end("river")
            radios.live(1)
            radios.begin("river")
        assert radios.live(600, lambda: radios.state() == [("arrived", None)])
        assert radios.villages.hill.balance("Chandra") == 250

    def test_hill_goes_on_hearing_river_after_it_restarts(self, radios: TwoRadios) -> None:
        radios.live(60)
        radios.end("river")
        radios.live(5)
        radios.begin("river")
        before = heard(radios.villages.hill.hub)
        assert before is not None
        radios.live(60)
        after = heard(radios.villages.hill.hub)
        assert after is not None
        assert after.beat > before.beat
        assert after.at_ms > before.at_ms


class TestBook:
    def test_a_busy_book_delays_and_loses_nothing(
        self, radios: TwoRadios, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        radios.live(30)
        store = radios.villages.hill.hub.store
        write, busy = store.write, [True]

        @contextmanager
        def blocked() -> Iterator[Tx]:
            if busy[0]:
                raise WriteBusy("the book is busy")
            with write() as tx:
                yield tx

        monkeypatch.setattr(store, "write", blocked)
        radios.villages.send("Alice", "Chandra", 250)
        with caplog.at_level(logging.ERROR):
            radios.live(120)
        assert radios.state() == [("on_way", None)]
        assert [record.message for record in caplog.records] == ["radio=book_trouble reason=the book is busy"]
        busy[0] = False
        assert radios.live(300, lambda: radios.state() == [("arrived", None)])

    def test_a_full_disk_is_said_once_and_lived_through(
        self, radios: TwoRadios, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        radios.live(30)
        store = radios.villages.river.hub.store
        read, full = store.read, [True]

        @contextmanager
        def torn() -> Iterator[Tx]:
            if full[0]:
                raise DataDirectoryError("database or disk is full")
            with read() as tx:
                yield tx

        monkeypatch.setattr(store, "read", torn)
        radios.live(60)
        full[0] = False
        radios.villages.send("Alice", "Chandra", 250)
        assert radios.live(180, lambda: radios.state() == [("arrived", None)])


class TestBoard:
    def test_a_hub_is_written_down_when_heard_and_at_most_every_twenty_seconds(
        self, radios: TwoRadios
    ) -> None:
        assert heard(radios.villages.river.hub) is None
        assert radios.live(60, lambda: heard(radios.villages.river.hub) is not None)
        first = heard(radios.villages.river.hub)
        assert first is not None
        times = set()
        for amount in (25, 50, 75, 100, 125, 150):
            radios.villages.send("Bob", "Chandra", amount)
            radios.live(6)
            now = heard(radios.villages.river.hub)
            assert now is not None
            times.add(now.at_ms)
        assert 2 <= len(times) <= 3  # six answers, in 36 seconds
        assert max(times) > first.at_ms

    def test_a_summary_played_again_moves_nothing_even_after_a_restart(self, radios: TwoRadios) -> None:
        river, hill = radios.links["river"], radios.links["hill"]
        assert radios.live(60, lambda: bool(hill.sent))
        summary = hill.sent[0]
        radios.live(30)
        before = heard(radios.villages.river.hub)
        assert before is not None
        radios.end("hill")
        radios.end("river")
        radios.live(1)
        radios.begin("river")
        radios.villages.clock.advance(3_600_000)
        river.events.append(Heard(summary))
        radios.live(30)
        after = heard(radios.villages.river.hub)
        assert after is not None
        assert after.at_ms == before.at_ms

    def test_a_hub_with_another_roster_is_said_once(
        self, radios: TwoRadios, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        villages = radios.villages
        radios.live(600)
        river = radios.services["river"]
        assert river.status()["counts"].get("other_roster") is None
        letter = community.invite(villages.river.hub, 103, "Lake")
        rules = Rules(letter.community, Credit(), Care())
        lake, _ = Hub.found(tmp_path / "lake", rules, villages.clock, CHEAP, letter.community_key)
        asked = community.apply_for(lake)
        lake.close()
        assert villages.river.papers.community is not None
        roster = community.admit(villages.river.hub, [asked], villages.river.papers.community)

        with caplog.at_level(logging.WARNING, "appliance.radio.service"):
            radios.live(3600)

        assert river.status()["counts"]["other_roster"] > 1
        assert caplog.messages.count("radio=other_roster hub=102") == 1
        community.join(villages.hill.hub, roster)
        radios.live(60)
        before = river.status()["counts"]["other_roster"]
        radios.live(3600)
        assert river.status()["counts"]["other_roster"] == before

    def test_names_and_listings_leave_when_the_air_is_quiet(self, radios: TwoRadios) -> None:
        hill = radios.villages.hill
        chandra = hill.numbers["Chandra"]
        hill.do("Chandra", ShowName(chandra, True))
        hill.do("Chandra", OpenListing(chandra, "offer", "food", "Honey, a kilo", ""))

        def known() -> bool:
            with radios.villages.river.hub.reading() as tx:
                people, listings = (
                    tx.select("SELECT name FROM far_person"),
                    tx.select("SELECT title FROM far_listing"),
                )
            return (people, listings) == ([("Chandra",)], [("Honey, a kilo",)])

        assert radios.live(300, known)

    def test_a_quiet_time_costs_few_frames(self, radios: TwoRadios) -> None:
        radios.live(1200)
        # Trickle's intervals grow from half a minute to 100 s between two, and each hears the other in most of them.
        assert sum(len(link.sent) for link in radios.links.values()) < 16


class TestAlone:
    def test_a_hub_of_no_community_is_refused(self, tmp_path: Path) -> None:
        with a_village(tmp_path) as river, pytest.raises(NotAdmitted, match="hub community"):
            Service(river.hub, SimLink("127.0.0.1", 1), "none", Random(1))

    def test_only_one_process_and_who_looks_does_not_disturb(self, tmp_path: Path) -> None:
        now = SystemClock()
        assert not radio_running(tmp_path)
        with only_one(tmp_path, lambda: now.uptime().ms):
            assert radio_running(tmp_path)
            with (
                pytest.raises(DataDirectoryError, match="another radio process"),
                only_one(tmp_path, lambda: now.uptime().ms),
            ):
                pass
            assert radio_running(tmp_path)
        assert not radio_running(tmp_path)

    def test_a_box_that_lost_part_of_its_feed_sends_nothing_more(self, tmp_path: Path) -> None:
        with two_radios(tmp_path) as radios:
            backup = tmp_path / "backup"
            radios.live(5)
            radios.villages.river.hub.close()
            shutil.copytree(tmp_path / "river", backup)
            radios.villages.send("Alice", "Chandra", 250)
            assert radios.live(60, lambda: radios.state() == [("arrived", None)])
            (frame,) = (data for data in radios.links["river"].sent if len(data) > 80)
            old = Hub.open(backup, radios.villages.clock)
            try:
                radios.end("river")
                link = radios.links["river"]
                radios.services["river"] = service = Service(old, link, "none", Random(9))
                link.start()
                link.events.append(Heard(frame))
                link.sent.clear()
                radios.live(60)
                assert service.status()["radio"]["reason"] == "stale"
                assert all(len(data) < 80 for data in link.sent)  # summaries only
            finally:
                old.close()

    def test_a_box_from_a_backup_finds_out_by_itself(self, tmp_path: Path) -> None:
        """It hears that Hill holds more of its feed than it does, and asks for the proof."""
        with two_radios(tmp_path) as radios:
            backup = tmp_path / "backup"
            radios.live(5)
            shutil.copytree(tmp_path / "river", backup)
            radios.villages.send("Alice", "Chandra", 250)
            assert radios.live(60, lambda: radios.state() == [("arrived", None)])
            radios.live(60)
            radios.end("river")
            radios.villages.river.hub.close()
            radios.villages.river.hub = old = Hub.open(backup, radios.villages.clock)
            radios.begin("river")
            service = radios.services["river"]
            assert radios.live(1800, lambda: service.status()["radio"]["reason"] == "stale")
            radios.villages.send("Bob", "Dina", 70)
            radios.live(60)
            asked = service.status()["engine"]["counts"]["sent_ask"]
            radios.live(3600)
            assert service.status()["engine"]["counts"]["sent_ask"] == asked
            assert not seen(radios.villages.hill.hub).forked
            old.close()


class TestRealTime:
    def test_over_the_emulated_ether_in_threads(self, tmp_path: Path) -> None:
        with two_villages(tmp_path) as villages, emulated_ether(seed=4, speed=1.0) as ether:
            with running(villages, ether.port):
                villages.send("Alice", "Chandra", 250)
                wait_for(villages, "arrived")
            assert not radio_running(tmp_path / "river")


def wait_for(villages: TwoVillages, state: str) -> None:
    done = threading.Event()
    for _ in range(600):
        with villages.river.hub.reading() as tx:
            if tx.select("SELECT state FROM crossing") == [(state,)]:
                return
        done.wait(0.1)
    raise AssertionError("it never came")


@contextmanager
def running(villages: TwoVillages, port: int) -> Iterator[None]:
    """Both radio processes in threads, each with a hub of its own on the village's data."""
    stop = threading.Event()
    threads, hubs = [], []
    for seed, village in enumerate((villages.river, villages.hill)):
        hub = Hub.open(village.hub.data, SystemClock())
        service = Service(hub, SimLink("127.0.0.1", port, f"station {seed}"), "sim://", Random(seed))
        threads.append(threading.Thread(target=service.run, args=(stop.is_set,)))
        hubs.append(hub)
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for hub in hubs:
            hub.close()


class TestTheTime:
    @pytest.mark.parametrize("quality", [Quality.FLOOR, Quality.MESH, Quality.KEEPER])
    def test_a_doubtful_time_is_never_given_to_the_node(self, radios: TwoRadios, quality: Quality) -> None:
        clock = radios.villages.clock
        for link in radios.links.values():
            link.unplug()
        clock.set(clock.now().ms, quality)
        radios.live(30)
        given = len(radios.links["river"].times)
        for link in radios.links.values():
            link.plug()
        radios.live(60)
        assert len(radios.links["river"].times) == given
        clock.set(clock.now().ms, Quality.RTC)
        radios.live(60)
        (*_, last) = radios.links["river"].times
        assert len(radios.links["river"].times) == given + 1
        assert abs(last - clock.now().ms) < 61_000

    def test_it_is_given_again_to_a_node_that_comes_back_and_twice_a_day(self, radios: TwoRadios) -> None:
        river = radios.links["river"]
        radios.live(60)
        assert len(river.times) == 1
        river.unplug()
        radios.live(10)
        river.plug()
        radios.live(60)
        assert len(river.times) == 2

    def test_what_the_node_takes_the_time_to_be_leads_the_hub_a_day_at_most(self, radios: TwoRadios) -> None:
        village = radios.villages.river
        clock = village.hub.clock
        begun = clock.now().ms
        machine = HandMachine()
        own = live_on(village, machine)
        river = radios.links["river"]
        for said in (begun + 3_600_000, begun + 400 * 86_400_000):
            river.events.append(Heard(b"noise", 7.5, -80, 0, at_ms=said))
            radios.services["river"].step()
        assert own.now().quality is Quality.MESH
        assert own.now().ms == begun + 3_600_000
