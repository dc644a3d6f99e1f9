"""Lake loses its box, and goes on in its next life; Hill and River see it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import boxfile, community
from appliance.ledger.book.command import Book
from appliance.ledger.book.records import Kind, life_and_number, position
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BadPaper, DataDirectoryError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import Certificate, KeySigner
from appliance.ledger.people import forks
from appliance.ledger.people.restoring import NameRisk
from appliance.ledger.people.rivals import FindRival
from appliance.ledger.people.showing import ShowName
from appliance.ledger.post import Post
from appliance.ledger.values import AccountNumber
from tests.support.valley import HILL, LAKE, RIVER, Valley, made

SHOW = ShowName(AccountNumber(2), True)


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def renew(valley: Valley, hub: int) -> None:
    valley.hubs[hub].renew(made().papers[hub])
    valley.posts[hub] = Post(valley.hubs[hub])
    valley.directories.clear()
    go_on_alone(valley, hub)


def go_on_alone(valley: Valley, hub: int) -> None:
    """Its keeper waits for nobody's word; what waits is in tests/radio/test_recovery.py."""
    for other in set(valley.hubs) - {hub}:
        valley.do(hub, 1, NameRisk(other, "this is about something else"))


def see(valley: Valley, hub: int, at: int) -> bool:
    """Hand the newest certificate of ``hub`` to another."""
    life = valley.hubs[hub].box.place.incarnation
    found = valley.posts[hub].certificate(hub, life)
    assert found is not None
    seen = valley.posts[at].renewed(*found)
    valley.directories.clear()
    return seen


def copy_of(valley: Valley, hub: int, where: Path) -> Path:
    """A copy of a hub's card, with the power off."""
    valley.hubs[hub].close()
    shutil.copytree(valley.room / str(hub), where)
    valley.start(hub)
    return where


def put_back(valley: Valley, hub: int, copy: Path) -> None:
    """The card is dead; the copy takes its place."""
    valley.hubs[hub].close()
    shutil.rmtree(valley.room / str(hub))
    shutil.copytree(copy, valley.room / str(hub))
    valley.start(hub)


def incarnation(valley: Valley, hub: int, at: int) -> int:
    return next(row.incarnation for row in valley.posts[at].roster() if row.hub == hub)


def outgoing(valley: Valley, hub: int) -> list[tuple[int, int, int]]:
    with valley.hubs[hub].reading() as tx:
        return [(int(n), int(k), int(t)) for n, k, t in tx.select('SELECT number, kind, "to" FROM outgoing')]


def test_a_place_in_all_lives_grows_along_them() -> None:
    places = [(1, 0), (1, 7), (1, (1 << 40) - 1), (2, 0), (2, 1), (9, 3)]
    found = [position(*place) for place in places]
    assert found == sorted(found)
    assert [life_and_number(at) for at in found] == places
    assert position(1, 7) == 7


class TestRenew:
    def test_the_book_goes_on_under_a_new_key(self, valley: Valley) -> None:
        valley.send(LAKE, 2, HILL, 3, 20)
        valley.carry()
        key = valley.hubs[LAKE].box.signing
        renew(valley, LAKE)
        assert valley.hubs[LAKE].box.place.incarnation == 2
        assert valley.hubs[LAKE].box.signing != key
        valley.send(LAKE, 2, HILL, 3, 20)
        assert outgoing(valley, LAKE)[-1] == (1, Kind.SENT, HILL), "the new feed begins at 1"
        verify(valley.hubs[LAKE].store)
        valley.restart(LAKE)
        assert valley.hubs[LAKE].box.place.incarnation == 2

    def test_what_everybody_may_know_and_nobody_had_heard_is_said_again(self, valley: Valley) -> None:
        valley.send(LAKE, 2, HILL, 3, 20)
        valley.do(LAKE, 2, SHOW)
        assert valley.posts[LAKE].publish(6) == 1
        renew(valley, LAKE)
        assert outgoing(valley, LAKE) == [(1, Kind.PERSON, 0)], "what one hub waits for, waits for its word"

    def test_another_paper_opens_nothing(self, valley: Valley) -> None:
        head = valley.hubs[LAKE].head()
        with pytest.raises(BadPaper):
            valley.hubs[LAKE].renew(made().papers[HILL])
        assert valley.hubs[LAKE].head() == head

    def test_a_life_is_later_than_the_one_before(self, valley: Valley) -> None:
        with pytest.raises(ValueError, match="after 1"):
            valley.hubs[LAKE].renew(made().papers[LAKE], 1)

    def test_power_fails_before_the_entry(self, valley: Valley, monkeypatch: pytest.MonkeyPatch) -> None:
        def cut(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Book, "submit", cut)
            with pytest.raises(KeyboardInterrupt):
                valley.hubs[LAKE].renew(made().papers[LAKE])
        valley.restart(LAKE)
        assert valley.hubs[LAKE].box.place.incarnation == 1
        valley.send(LAKE, 2, HILL, 3, 20)
        verify(valley.hubs[LAKE].store)

    def test_power_fails_behind_the_entry(self, valley: Valley, monkeypatch: pytest.MonkeyPatch) -> None:
        def cut(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(boxfile, "write", cut)
            with pytest.raises(KeyboardInterrupt):
                valley.hubs[LAKE].renew(made().papers[LAKE])
        valley.restart(LAKE)
        assert valley.hubs[LAKE].box.place.incarnation == 2
        assert boxfile.prepared(valley.hubs[LAKE].data) is None
        go_on_alone(valley, LAKE)
        valley.send(LAKE, 2, HILL, 3, 20)
        verify(valley.hubs[LAKE].store)

    def test_a_process_of_the_old_life_writes_nothing_more(self, valley: Valley) -> None:
        before = Hub.open(valley.room / str(LAKE), valley.clock)
        try:
            renew(valley, LAKE)
            with pytest.raises(DataDirectoryError, match="new life"):
                before.submit(SHOW, KeySigner("member:2", made().seeds[LAKE][2]))
        finally:
            before.close()
        verify(valley.hubs[LAKE].store)


class TestSeen:
    def test_a_neighbour_goes_on_with_the_new_life_and_says_how_far_it_had_read(self, valley: Valley) -> None:
        for _ in range(3):
            valley.send(LAKE, 2, HILL, 3, 20)
        valley.carry()
        renew(valley, LAKE)
        assert see(valley, LAKE, HILL)
        assert see(valley, LAKE, RIVER)
        assert incarnation(valley, LAKE, HILL) == 2
        assert outgoing(valley, HILL)[-1][1:] == (Kind.SEEN, LAKE)
        valley.send(LAKE, 2, HILL, 3, 20)
        valley.carry()
        assert valley.balances(HILL)[3] == 80
        for hub in (HILL, LAKE):
            verify(valley.hubs[hub].store)

    def test_seeing_it_again_adds_nothing(self, valley: Valley) -> None:
        renew(valley, LAKE)
        assert see(valley, LAKE, HILL)
        head = valley.hubs[HILL].head()
        assert see(valley, LAKE, HILL)
        assert valley.hubs[HILL].head() == head

    def test_what_was_read_stands_and_what_was_not_is_never_read(
        self, valley: Valley, tmp_path: Path
    ) -> None:
        """The box was set back to before it said anything; Hill had read one of two frames."""
        early = copy_of(valley, LAKE, tmp_path / "early")
        said = []
        for amount in (20, 30):
            valley.send(LAKE, 2, HILL, 3, amount)
            said += list(valley.frames_of(LAKE))
        valley.deliver(said[0], HILL)
        put_back(valley, LAKE, early)
        renew(valley, LAKE)
        assert see(valley, LAKE, HILL)
        valley.deliver(said[1], HILL)
        assert valley.balances(HILL)[3] == 20
        with valley.hubs[HILL].reading() as tx:
            assert tx.first(
                "SELECT read, closed_number FROM life WHERE hub = ? AND incarnation = 2", LAKE
            ) == (1, 0)
        verify(valley.hubs[HILL].store)

    def test_records_up_to_where_the_old_life_closed_are_still_read(self, valley: Valley) -> None:
        """Hill had missed them; the books of both say that they were sent."""
        valley.send(LAKE, 2, HILL, 3, 20)
        (late,) = valley.frames_of(LAKE)
        renew(valley, LAKE)
        assert see(valley, LAKE, HILL)
        valley.send(LAKE, 2, HILL, 3, 5)
        (new,) = valley.frames_of(LAKE)
        valley.deliver(new, HILL)
        assert valley.balances(HILL)[3] == 0, "the new life waits for what came before"
        valley.deliver(late, HILL)
        valley.posts[HILL].settle()
        assert valley.balances(HILL)[3] == 25

    def test_what_was_held_beyond_the_close_goes_back(self, valley: Valley, tmp_path: Path) -> None:
        early = copy_of(valley, LAKE, tmp_path / "early")
        valley.send(LAKE, 2, HILL, 3, 170)
        valley.send(LAKE, 2, HILL, 3, 30)
        for data in list(valley.frames_of(LAKE)):
            valley.deliver(data, HILL)
        assert valley.balances(HILL)[3] == 170, "the second is held: the trunk's limit is 180"
        put_back(valley, LAKE, early)
        renew(valley, LAKE)
        assert see(valley, LAKE, HILL)
        with valley.hubs[HILL].reading() as tx:
            states = tx.select("SELECT state, why FROM crossing WHERE NOT outgoing ORDER BY number")
        assert states == [("arrived", None), ("returned", "renewed")]
        verify(valley.hubs[HILL].store)

    def test_a_hub_that_told_two_stories_needs_the_founders(self, valley: Valley) -> None:
        mad = valley.mad(LAKE)
        for amount in (1, 2):
            valley.deliver(mad.frame(mad.records([mad.pay(HILL, 3, amount)])), HILL)
        renew(valley, LAKE)
        assert not see(valley, LAKE, HILL)
        assert incarnation(valley, LAKE, HILL) == 1

    def test_a_certificate_that_was_changed_is_not_seen(self, valley: Valley) -> None:
        renew(valley, LAKE)
        found = valley.posts[LAKE].certificate(LAKE, 2)
        assert found is not None
        certificate, signature = found
        head = valley.hubs[HILL].head()
        assert not valley.posts[HILL].renewed(certificate, signature[:-1] + bytes([signature[-1] ^ 1]))
        assert not valley.posts[LAKE].renewed(certificate, signature), "its own it knows"
        assert valley.hubs[HILL].head() == head


class TestTwoCertificates:
    """Lake's backup was restored twice, each time by people who knew nothing of the other box."""

    def twice(self, valley: Valley, tmp_path: Path) -> list[tuple[Certificate, bytes]]:
        copy = copy_of(valley, LAKE, tmp_path / "copy")
        found = []
        for _ in range(2):
            put_back(valley, LAKE, copy)
            renew(valley, LAKE)
            one = valley.posts[LAKE].certificate(LAKE, 2)
            assert one is not None
            found.append(one)
        return found

    def test_a_neighbour_finds_it_and_reads_nothing_more_of_either(
        self, valley: Valley, tmp_path: Path
    ) -> None:
        one, other = self.twice(valley, tmp_path)
        assert valley.posts[HILL].renewed(*other)
        assert not valley.posts[HILL].renewed(*one)
        assert not valley.posts[HILL].renewed(*one), "and once only"
        valley.directories.clear()
        with valley.hubs[HILL].reading() as tx:
            assert tx.select("SELECT hub, incarnation, number FROM fork") == [(LAKE, 2, 0)]
            assert forks.open_fork(tx, LAKE) is not None
        assert outgoing(valley, HILL)[-1][1:] == (Kind.FORK, 0)
        valley.send(LAKE, 2, HILL, 3, 20)
        for data in valley.frames_of(LAKE):
            valley.deliver(data, HILL)
        assert valley.balances(HILL)[3] == 0
        verify(valley.hubs[HILL].store)

    def test_a_second_certificate_that_its_root_did_not_sign_is_nobodys_fork(
        self, valley: Valley, tmp_path: Path
    ) -> None:
        """Or anybody with a radio could stop a hub."""
        one, other = self.twice(valley, tmp_path)
        assert valley.posts[HILL].renewed(*other)
        head = valley.hubs[HILL].head()
        forged = KeySigner("root:incarnation", made().papers[RIVER].seed).sign(one[0].form())
        valley.posts[HILL].renewed(one[0], forged)
        said = valley.hubs[HILL].by_rule(FindRival(one[0], forged), forks.RULE)
        assert isinstance(said, Refusal)
        assert valley.hubs[HILL].head() == head
        with valley.hubs[HILL].reading() as tx:
            assert forks.open_fork(tx, LAKE) is None

    def test_the_box_itself_finds_its_twin(self, valley: Valley, tmp_path: Path) -> None:
        one, _ = self.twice(valley, tmp_path)
        assert not valley.posts[LAKE].renewed(*one)
        assert valley.posts[LAKE].stale()
        verify(valley.hubs[LAKE].store)

    def test_the_founders_name_a_third_life_and_trade_goes_on(self, valley: Valley, tmp_path: Path) -> None:
        for certificate in reversed(self.twice(valley, tmp_path)):
            valley.posts[HILL].renewed(*certificate)
        renew(valley, LAKE)
        assert not see(valley, LAKE, HILL), "its own paper alone does not end it"
        third = valley.posts[LAKE].certificate(LAKE, 3)
        assert third is not None
        community.join(valley.hubs[HILL], community.rule(valley.hubs[RIVER], *third, made().founders))
        assert see(valley, LAKE, HILL)
        valley.send(LAKE, 2, HILL, 3, 20)
        for data in valley.frames_of(LAKE):
            valley.deliver(data, HILL)
        assert valley.balances(HILL)[3] == 20
        verify(valley.hubs[HILL].store)


def test_the_old_box_learns_that_it_was_replaced_and_says_nothing_more(
    valley: Valley, tmp_path: Path
) -> None:
    copy = copy_of(valley, LAKE, tmp_path / "old")
    renew(valley, LAKE)
    certificate = valley.posts[LAKE].certificate(LAKE, 2)
    assert certificate is not None
    old = Hub.open(copy, valley.clock)
    try:
        post = Post(old)
        assert not post.renewed(*certificate)
        assert post.stale()
    finally:
        old.close()
