"""A box that lost its power, or whose card came into another board, says nothing before it has heard a neighbour."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import community
from appliance.ledger.book import startup
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.startup import CLEAN
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import ManualClock
from appliance.ledger.hub import Hub
from appliance.ledger.people.speaking import Speak
from appliance.ledger.reads.radio import radio_state
from appliance.radio.bundle import split
from appliance.radio.control import Mark
from appliance.radio.recent import Recent
from appliance.radio.shelf import Shelf
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.village import CHEAP, MONDAY_NOON

DATA = 0x41
"""The first byte of a data frame."""


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[TwoRadios]:
    with two_radios(tmp_path) as made:
        for name in ("river", "hill"):
            made.end(name)
        yield made


def power_cut(radios: TwoRadios, boot: str = "after", board: str = "board-1") -> None:
    """River's radio process ran in another boot, and never said that it stops; now it begins again."""
    store = radios.villages.river.hub.store
    startup.begins(store, "radio", "before", "board-1")
    startup.begins(store, "radio", boot, board)


def reason(radios: TwoRadios) -> str:
    with radios.villages.river.hub.reading() as tx:
        state = radio_state(tx)
    return state.reason if state else ""


def said(radios: TwoRadios) -> list[bytes]:
    """River's own records, as they went out."""
    return [data for sent in radios.links["river"].sent for data in split(sent) if data[0] == DATA]


def test_it_waits_until_a_neighbour_is_heard_and_then_says_what_waits(radios: TwoRadios) -> None:
    power_cut(radios)
    radios.begin("river")
    radios.villages.send("Alice", "Chandra", 100)
    radios.live(1800)
    assert said(radios) == []
    assert reason(radios) == "quiet"
    assert radios.state() == [("on_way", None)]
    radios.begin("hill")
    assert radios.live(1800, lambda: radios.state() == [("arrived", None)])
    assert startup.last_stop(radios.villages.river.hub.store) is CLEAN
    assert reason(radios) == ""


def test_an_orderly_stop_keeps_nobody_waiting(radios: TwoRadios) -> None:
    store = radios.villages.river.hub.store
    startup.begins(store, "radio", "before", "board-1")
    startup.stopped_cleanly(store, "radio")
    startup.begins(store, "radio", "after", "board-1")
    radios.begin("river")
    radios.villages.send("Alice", "Chandra", 100)
    radios.live(60)
    assert len(said(radios)) == 1


def test_a_keeper_lets_it_speak_where_nobody_can_be_heard(radios: TwoRadios) -> None:
    power_cut(radios)
    radios.begin("river")
    radios.villages.send("Alice", "Chandra", 100)
    radios.live(600)
    assert said(radios) == []
    radios.villages.river.do("Kira", Speak("Hill's hub is being repaired"))
    radios.live(60)
    assert len(said(radios)) == 1
    verify(radios.villages.river.hub.store)


def test_the_word_that_more_of_it_was_said_keeps_it_quiet(radios: TwoRadios) -> None:
    """A summary reaches further than this box: what it lacks was said, and may come yet. One that does not, lets it speak."""
    power_cut(radios)
    shelf = Shelf(radios.villages.river.hub)
    place = shelf.vector()[shelf.hub.number]
    for beyond in (Mark(place.incarnation, place.number + 1), Mark(place.incarnation + 1, 0)):
        shelf.heard_of_us(beyond)
        assert shelf.quiet, beyond
    shelf.heard_of_us(Mark(place.incarnation, place.number))
    assert not shelf.quiet


def test_who_holds_more_of_it_makes_it_stale(radios: TwoRadios) -> None:
    """River's card came back without its last frame, which Hill holds."""
    river = radios.villages.river.hub
    copy = river.data.parent / "copy"
    river.close()
    shutil.copytree(river.data, copy)
    for name in ("river", "hill"):
        radios.begin(name)
    radios.villages.send("Alice", "Chandra", 100)
    assert radios.live(600, lambda: radios.state() == [("arrived", None)])
    for name in ("river", "hill"):
        radios.end(name)
    river.close()
    shutil.rmtree(river.data)
    shutil.copytree(copy, river.data)
    radios.links["river"].sent.clear()
    power_cut(radios)
    radios.begin("river")
    radios.villages.send("Bob", "Chandra", 30)
    radios.begin("hill")
    radios.live(1800)
    assert said(radios) == []
    assert reason(radios) == "stale"


def test_a_clone_of_a_running_card_is_noticed_before_it_says_anything(radios: TwoRadios) -> None:
    """The copy runs on another board, and knows as much as the card that it was made of."""
    river = radios.villages.river.hub
    radios.begin("river")
    radios.live(1200)
    voice = [data for data in radios.links["river"].sent if data[0] == 0x4A]
    assert voice
    radios.end("river")
    radios.links["river"].sent.clear()
    power_cut(radios, board="board-2")
    radios.begin("river")  # the same directory serves as the copy: its memory of the first is gone
    radios.villages.send("Alice", "Chandra", 100)
    radios.live(1)
    radios.links["hill"].plug()
    radios.links["hill"].send(voice[-1])  # the original is heard
    radios.live(10)
    radios.links["hill"].poll()
    radios.live(10)
    assert reason(radios) == "twin"
    radios.begin("hill")
    radios.live(1800)
    assert said(radios) == [], "a neighbour's word alone does not tell the copy from the card"
    radios.villages.river.do("Kira", Speak("the old box has been switched off"))
    assert radios.live(1800, lambda: radios.state() == [("arrived", None)])
    verify(river.store)


def test_the_card_that_goes_on_hears_that_it_has_a_twin(radios: TwoRadios) -> None:
    """The copy counts its starts on, so its beats are ones that the card has yet to use."""
    for name in ("river", "hill"):
        radios.begin(name)
    radios.live(60)
    engine = radios.services["river"]._engine
    ahead = engine._saying.summary(radios.services["river"]._now())
    assert ahead is not None
    engine._parts.telling._said = Recent(8)
    engine._parts.telling.beat -= 1
    while not radios.links["hill"].ready():
        radios.live(1)
    radios.links["hill"].send(ahead.data)
    radios.live(5)
    assert reason(radios) == "twin"


@pytest.mark.parametrize("board", ["board-1", "board-2"])
def test_payments_at_home_wait_for_nobody(tmp_path: Path, board: str) -> None:
    with two_radios(tmp_path) as made:
        for name in ("river", "hill"):
            made.end(name)
        power_cut(made, board=board)
        made.villages.river.pay("Alice", "Bob", 100)
        assert made.villages.river.balance("Bob") == 100


def test_a_hub_without_neighbours_waits_for_nobody(tmp_path: Path) -> None:
    """The first hub of a community, before another is admitted: nobody could tell it anything."""
    rules = Rules(Community("Valley", "River", 101, "hour", "h", 2), Credit(), Care())
    hub, papers = Hub.found(tmp_path / "river", rules, ManualClock(MONDAY_NOON), CHEAP)
    assert papers.community is not None
    community.join(hub, community.admit(hub, [community.apply_for(hub)], papers.community))
    startup.begins(hub.store, "radio", "before", "board-1")
    startup.begins(hub.store, "radio", "after", "board-2")
    assert startup.last_stop(hub.store) is not CLEAN
    assert not Shelf(hub).quiet
    hub.close()
