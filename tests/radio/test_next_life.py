"""River's box is lost. Hill hears River, Lake hears Hill only, and a third of all packets is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book import feed
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.people.restoring import NameRisk
from appliance.ledger.people.showing import ShowName
from appliance.ledger.post import Post
from appliance.ledger.values import AccountNumber
from appliance.radio.bundle import split
from appliance.radio.frames import CERTIFICATE, DATA, read_header
from appliance.radio.ports import Heard
from tests.ledger.test_lives import copy_of, incarnation, put_back
from tests.support.valley import HILL, LAKE, RIVER, Valley, made
from tests.support.valley_radios import ValleyRadios

NAMES = {"river": RIVER, "hill": HILL, "lake": LAKE}
HOURS = 3600.0


class Lives:
    """The valley with its radios, and River's next life."""

    def __init__(self, room: Path, loss: float = 0.33) -> None:
        self.valley = Valley(room)
        self.radios = ValleyRadios(self.valley, loss)
        self.radios.put_up("river", "hill", "lake")

    def begin(self, *names: str) -> None:
        for name in names:
            self.radios.begin(name, self.valley.hubs[NAMES[name]])

    def end(self, *names: str) -> None:
        for name in names:
            self.radios.end(name)

    def renew(self) -> None:
        self.valley.hubs[RIVER].renew(made().papers[RIVER])
        for hub in (HILL, LAKE):  # so that it may pay before it has heard everybody
            self.valley.do(RIVER, 1, NameRisk(hub, "the market is today"))
        self.valley.posts[RIVER] = Post(self.valley.hubs[RIVER])

    def learned(self, *hubs: int) -> bool:
        return all(incarnation(self.valley, RIVER, at) == 2 for at in hubs)

    def balance(self, hub: int, account: int) -> int:
        return self.valley.balances(hub)[account]

    def close(self) -> None:
        for hub in self.valley.hubs.values():
            verify(hub.store)
        self.valley.close()


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    made = Lives(tmp_path)
    yield made
    made.close()


def test_hill_learns_it_from_river_and_lake_from_hill(
    lives: Lives, capsys: pytest.CaptureFixture[str]
) -> None:
    lives.begin("river", "hill", "lake")
    lives.valley.send(RIVER, 2, LAKE, 3, 20)
    assert lives.radios.live(2 * HOURS, lambda: lives.balance(LAKE, 3) == 20)
    lives.end("river")
    lives.renew()
    lives.begin("river")
    lives.valley.send(RIVER, 2, LAKE, 3, 5)
    lives.valley.send(LAKE, 2, RIVER, 3, 7)
    assert lives.radios.live(4 * HOURS, lambda: lives.learned(HILL, LAKE))
    assert lives.radios.live(4 * HOURS, lambda: (lives.balance(LAKE, 3), lives.balance(RIVER, 3)) == (25, 7))
    said = lives.radios.said(CERTIFICATE)
    count, seconds = sum(n for n, _ in said.values()), sum(s for _, s in said.values())
    with capsys.disabled():
        print(f"\nnext life: {count} certificates, {seconds:.1f} s on the air until both knew: {said}")
    assert said["hill"][0] >= 1, "Lake does not hear River"
    assert count <= 20
    lives.radios.live(HOURS / 2)
    before = lives.radios.said(CERTIFICATE)
    lives.radios.live(HOURS)
    assert lives.radios.said(CERTIFICATE) == before, "who knows it is not told again"


def test_lake_was_away_and_river_is_when_lake_comes_back(lives: Lives) -> None:
    """Hill has it all: what Lake missed of the old life, the certificate, and the new life."""
    lives.begin("river", "hill")
    lives.valley.send(RIVER, 2, LAKE, 3, 20)
    lives.valley.do(RIVER, 2, ShowName(AccountNumber(2), True))
    lives.radios.live(HOURS / 4)
    lives.end("river")
    lives.renew()
    lives.begin("river")
    lives.valley.send(RIVER, 2, LAKE, 3, 5)
    assert lives.radios.live(2 * HOURS, lambda: lives.learned(HILL))
    lives.radios.live(HOURS / 4)
    lives.end("river")
    lives.begin("lake")
    assert lives.radios.live(4 * HOURS, lambda: lives.balance(LAKE, 3) == 25)
    assert lives.learned(LAKE)
    lives.begin("river")

    def answered() -> bool:
        with lives.valley.hubs[RIVER].reading() as tx:
            return tx.select("SELECT state FROM crossing WHERE outgoing ORDER BY opened_entry") == [
                ("arrived",),
                ("arrived",),
            ]

    assert lives.radios.live(4 * HOURS, answered)


def test_what_the_lost_box_said_behind_its_backup_counts_where_it_had_come_by_then(
    lives: Lives, tmp_path: Path
) -> None:
    """Hill had read it, Lake had not: Hill's word stands, and Lake reads it nevermore."""
    early = copy_of(lives.valley, RIVER, tmp_path / "early")
    lives.begin("river", "hill")
    lives.valley.send(RIVER, 2, HILL, 3, 30)
    lives.valley.send(RIVER, 2, LAKE, 3, 40)
    assert lives.radios.live(2 * HOURS, lambda: lives.balance(HILL, 3) == 30)
    lives.radios.live(HOURS / 4)
    said = [data for sent in lives.radios.links["river"].sent for data in split(sent)]
    late = [data for data in said if read_header(data).type == DATA]
    lives.end("river")
    put_back(lives.valley, RIVER, early)
    lives.renew()
    lives.begin("river")
    # Lake comes on only then: what it heard of the old life before the certificate would stand with it.
    assert lives.radios.live(4 * HOURS, lambda: lives.learned(HILL))
    lives.begin("lake")
    assert lives.radios.live(4 * HOURS, lambda: lives.learned(HILL, LAKE))
    for name in ("hill", "lake"):
        lives.radios.links[name].events += [Heard(data, 7.5, -80, 0) for data in late]
    lives.radios.live(HOURS / 4)
    assert (lives.balance(HILL, 3), lives.balance(LAKE, 3)) == (30, 0)


def test_the_lost_box_turns_up_and_runs_beside_the_new_one(lives: Lives, tmp_path: Path) -> None:
    """Nobody follows it any more, it reads nothing of the new life, and the air is not filled."""
    old = copy_of(lives.valley, RIVER, tmp_path / "old")
    lives.renew()
    lives.begin("river", "hill", "lake")
    assert lives.radios.live(4 * HOURS, lambda: lives.learned(HILL, LAKE))
    ghost = Hub.open(old, lives.valley.clock)
    lives.radios.loss = 0.0
    lives.radios.put_up("ghost")
    lives.radios.connect("ghost", "hill")
    lives.radios.begin("ghost", ghost)
    lives.valley.hubs[0], now = ghost, lives.valley.hubs[RIVER]
    lives.valley.signers[0] = lives.valley.signers[RIVER]
    lives.valley.send(0, 2, HILL, 3, 30)
    lives.valley.send(RIVER, 2, HILL, 3, 4)
    assert lives.radios.live(2 * HOURS, lambda: lives.balance(HILL, 3) == 4)
    assert lives.radios.said(DATA)["ghost"][0] >= 1, "it did say so"
    before = lives.radios.said(CERTIFICATE)
    lives.radios.live(HOURS)
    more = {name: n - before[name][0] for name, (n, _) in lives.radios.said(CERTIFICATE).items()}
    # Each time that the lost box asks for what it will never read: every two minutes at the most.
    assert sum(more.values()) <= 30, f"a certificate is said to nobody's use: {more}"
    assert lives.balance(HILL, 3) == 4
    with lives.valley.hubs[HILL].reading() as tx:
        state = feed.state(tx, RIVER, 1)
        assert (state.linked >= 1, state.read, state.forked) == (True, 0, False), "it came, and is not read"
    for hub, life in ((ghost, 1), (now, 2)):
        with hub.reading() as tx:
            assert tx.first("SELECT incarnation FROM roster WHERE hub = ?", RIVER) == (life,)
