"""What the engine asks of the ledger, and what two shelves of two hubs make of each other's frames."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import community
from appliance.ledger.book.feed import Taken
from appliance.ledger.book.rules import Care, Credit, Rules
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost
from appliance.radio.frames import open_data
from appliance.radio.ports import Library, Position, Span, Waiting
from appliance.radio.shelf import Shelf
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


@pytest.fixture
def river(villages: TwoVillages) -> Shelf:
    return Shelf(villages.river.hub)


@pytest.fixture
def hill(villages: TwoVillages) -> Shelf:
    return Shelf(villages.hill.hub)


def packed(shelf: Shelf, room: int = 200) -> bytes:
    data = shelf.pack(room)
    assert data is not None
    return data


def carried(data: bytes, shelf: Shelf) -> Taken:
    return shelf.take(open_data(data, shelf.directory))


class TestLeaving:
    def test_it_is_a_library(self, river: Shelf) -> None:
        library: Library = river
        assert library.vector() == {RIVER: Position(1, 0, bytes(32)), HILL: Position(1, 0, bytes(32))}
        assert library.waiting() == Waiting(0, False)
        assert library.pack(200) is None

    def test_a_payment_waits_is_packed_once_and_found_again(
        self, villages: TwoVillages, river: Shelf
    ) -> None:
        assert river.waiting() == Waiting(0, False)
        villages.send("Alice", "Chandra", 250)
        assert river.waiting() == Waiting(0, False)  # as of the last look
        river.look()
        assert river.waiting() == Waiting(1, True)
        data = packed(river)
        assert river.waiting() == Waiting(0, False)
        assert river.vector()[RIVER].number == 1
        assert river.frame_with(RIVER, 1, 1) == data
        assert river.frame_with(RIVER, 1, 2) is None
        assert river.pack(200) is None

    def test_a_frame_keeps_within_its_room(self, villages: TwoVillages, river: Shelf) -> None:
        for amount in range(10, 22):
            villages.send("Alice", "Chandra", amount, note=f"loaf {amount}")
        first, second = packed(river, 150), packed(river)
        assert len(first) <= 150 < len(second) <= 200
        numbers = [
            record.number for data in (first, second) for record in open_data(data, river.directory).records
        ]
        assert numbers == list(range(1, len(numbers) + 1))

    def test_what_was_packed_before_a_crash_is_there_after_it(
        self, villages: TwoVillages, river: Shelf
    ) -> None:
        villages.send("Alice", "Chandra", 250)
        data = packed(river)
        again = Shelf(villages.river.hub)
        assert again.vector() == river.vector()
        assert again.frame_with(RIVER, 1, 1) == data


class TestArriving:
    def test_what_arrives_is_held_and_takes_effect(
        self, villages: TwoVillages, river: Shelf, hill: Shelf
    ) -> None:
        villages.send("Alice", "Chandra", 250)
        data = packed(river)
        assert carried(data, hill) is Taken.NEW
        assert hill.vector()[RIVER] == river.vector()[RIVER]
        assert hill.settle() == 1
        assert villages.hill.balance("Chandra") == 250
        assert hill.waiting() == Waiting(1, True)  # the answer
        assert carried(data, hill) is Taken.KNOWN
        assert hill.settle() == 0

    def test_a_gap_is_a_hole_until_it_is_filled(
        self, villages: TwoVillages, river: Shelf, hill: Shelf
    ) -> None:
        frames = []
        for amount in (100, 50, 25):
            villages.send("Alice", "Chandra", amount)
            frames.append(packed(river))
        carried(frames[2], hill)
        assert hill.vector()[RIVER].number == 0
        assert list(hill.holes(RIVER, 3)) == [Span(RIVER, 1, 1, 2)]
        assert hill.settle() == 0
        carried(frames[0], hill)
        assert list(hill.holes(RIVER, 4)) == [Span(RIVER, 1, 2, 2), Span(RIVER, 1, 4, 4)]
        carried(frames[1], hill)
        assert hill.vector()[RIVER].number == 3
        assert hill.settle() == 3
        assert villages.hill.balance("Chandra") == 175

    def test_nobody_knows_holes_of_a_stranger(self, hill: Shelf) -> None:
        assert list(hill.holes(777, 9)) == []

    def test_an_own_frame_that_comes_back_is_nothing_new(self, villages: TwoVillages, river: Shelf) -> None:
        villages.send("Alice", "Chandra", 250)
        data = packed(river)
        assert carried(data, river) is Taken.KNOWN
        assert not river.stale

    def test_a_box_from_an_old_backup_stays_silent_after_a_restart(
        self, villages: TwoVillages, river: Shelf, tmp_path: Path
    ) -> None:
        """A restart must not let it say something else under a number that is out already."""
        here = villages.river.hub
        shutil.copytree(here.data, tmp_path / "backup")
        villages.send("Alice", "Chandra", 250)
        data = packed(river)
        for before in (False, True):
            restored = Hub.open(tmp_path / "backup", villages.clock)
            try:
                shelf = Shelf(restored)
                assert shelf.stale is before
                carried(data, shelf)
                assert shelf.stale
                assert shelf.pack(200) is None
            finally:
                restored.close()


class TestRoster:
    def test_a_third_hub_is_known_at_the_next_look(
        self, villages: TwoVillages, river: Shelf, tmp_path: Path
    ) -> None:
        assert not river.look_at_roster()
        letter = community.invite(villages.river.hub, 103, "Lake")
        rules = Rules(letter.community, Credit(), Care())
        cost = KdfCost(1, 8 * 1024 * 1024)
        lake, _ = Hub.found(tmp_path / "lake", rules, villages.clock, cost, letter.community_key)
        founders = villages.river.papers.community
        assert founders is not None
        community.admit(villages.river.hub, [community.apply_for(lake)], founders)
        lake.close()

        assert river.look_at_roster()

        assert sorted(member.hub for member in river.directory.members.values()) == [101, 102, 103]
        assert river.vector()[103] == Position(1, 0, bytes(32))
        assert not river.look_at_roster()
