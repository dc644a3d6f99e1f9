"""Lake's root says that Lake goes on in its next life: the packet, and how it reaches those who lack it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.keys import Certificate, KeySigner, public_of
from appliance.ledger.people.restoring import NameRisk
from appliance.ledger.post import Post
from appliance.radio import control
from appliance.radio.bundle import split
from appliance.radio.certificates import CertificateFrame, open_certificate, pack_certificate
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame, CannotPack, Reason
from appliance.radio.pace import Pace
from appliance.radio.ports import Heard
from appliance.radio.renewals import Renewals
from appliance.radio.shelf import directory_of
from tests.radio.community import COMMUNITY, HILL, LAKE, a_directory
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.two_villages import HILL as FAR
from tests.support.two_villages import RIVER

ROOT = KeySigner("root:lake", bytes([7]) * 32)
KEY = public_of(bytes([9]) * 32)


def a_directory_with_roots(root: bytes = ROOT.public) -> Directory:
    plain = a_directory()
    members = {index: replace(member, root=root) for index, member in plain.members.items()}
    return replace(plain, members=members)


DIRECTORY = a_directory_with_roots()


def a_frame(incarnation: int = 2, closed: int = 57, hub: int = LAKE) -> bytes:
    certificate = Certificate(COMMUNITY, hub, incarnation, KEY, closed, bytes(range(32)))
    return pack_certificate(certificate, ROOT.sign(certificate.form()), DIRECTORY)


class TestFrame:
    @given(st.integers(2, 65535), st.integers(0, (1 << 40) - 1))
    def test_it_says_what_was_certified(self, incarnation: int, closed: int) -> None:
        data = a_frame(incarnation, closed)
        assert len(data) <= 139
        read = control.read(data, DIRECTORY)
        assert isinstance(read, CertificateFrame)
        c = read.certificate
        assert (c.hub, c.incarnation, c.closed_number, c.signing_key) == (LAKE, incarnation, closed, KEY)

    def test_every_flipped_bit_and_every_cut_is_refused(self) -> None:
        data = a_frame()
        for at in range(len(data) * 8):
            changed = bytearray(data)
            changed[at // 8] ^= 1 << at % 8
            with pytest.raises(BadFrame):
                control.read(bytes(changed), DIRECTORY)
        for end in range(len(data)):
            with pytest.raises(BadFrame):
                control.read(data[:end], DIRECTORY)
        with pytest.raises(BadFrame, match="too_long"):
            control.read(data + b"\0", DIRECTORY)

    def test_another_root_certifies_nothing(self) -> None:
        with pytest.raises(BadFrame) as refused:
            open_certificate(a_frame(), a_directory_with_roots(public_of(bytes(32))))
        assert refused.value.reason is Reason.UNSIGNED

    @given(st.binary(max_size=200))
    def test_noise_is_refused(self, noise: bytes) -> None:
        with pytest.raises(BadFrame):
            open_certificate(bytes([0x59, 3]) + noise, DIRECTORY)

    def test_the_first_life_is_certified_by_the_roster(self) -> None:
        certificate = Certificate(COMMUNITY, LAKE, 1, KEY)
        with pytest.raises(CannotPack):
            pack_certificate(certificate, bytes(64), DIRECTORY)


class _Shelf:
    """What ``Renewals`` asks for."""

    def certificate(self, hub: int, incarnation: int) -> bytes | None:
        return a_frame(hub=hub) if hub == LAKE else None


class TestRenewals:
    def waiting(self, me: int) -> Renewals:
        return Renewals(me, Random(1), 1.0, Pace())

    def test_the_hub_itself_says_it_first(self) -> None:
        own, other = self.waiting(LAKE), self.waiting(HILL)
        for one in (own, other):
            one.unknown(LAKE, 3, 0.0)
        assert own.wake < other.wake < 60

    def test_whoever_hears_it_keeps_silent(self) -> None:
        other = self.waiting(HILL)
        other.unknown(LAKE, 3, 0.0)
        assert other.aired(LAKE, 1.0)
        assert other.wake == float("inf")
        other.unknown(LAKE, 3, 1.1)
        assert other.wake >= 5.0, "it was just on the air: whoever lacks it now may be about to read it"

    def test_one_of_which_nothing_is_held_is_let_go(self) -> None:
        other = self.waiting(LAKE)
        other.unknown(HILL, 0, 0.0)
        assert other.take(_Shelf(), DIRECTORY, 100.0) is None  # type: ignore[arg-type]  # all that it asks for
        assert other.wake == float("inf")


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[TwoRadios]:
    with two_radios(tmp_path) as made:
        yield made


def lives(radios: TwoRadios, at: str) -> list[tuple[int, int]]:
    hub = radios.villages.river.hub if at == "river" else radios.villages.hill.hub
    with hub.reading() as tx:
        return [(int(h), int(i)) for h, i in tx.select("SELECT hub, incarnation FROM roster ORDER BY hub")]


class TestOnTheAir:
    @pytest.mark.parametrize("loss", [0.0, 0.4])
    def test_hill_learns_of_rivers_next_life_and_trade_goes_on(self, radios: TwoRadios, loss: float) -> None:
        chance = Random(3)
        villages = radios.villages
        villages.send("Alice", "Chandra", 100)
        assert radios.live(1800, lambda: radios.state() == [("arrived", None)])
        for link in radios.links.values():
            link.hears = lambda _: chance.random() >= loss
        radios.end("river")
        villages.river.hub.renew(villages.river.papers.hub)
        radios.begin("river")
        villages.river.do("Kira", NameRisk(FAR, "the market is today"))
        villages.send("Alice", "Chandra", 50)
        assert radios.live(3600, lambda: radios.state() == [("arrived", None)] * 2)
        assert lives(radios, "hill") == [(RIVER, 2), (FAR, 1)]
        assert villages.hill.balance("Chandra") == 150
        said = [data for data in radios.links["river"].sent if data[0] == 0x59]
        assert 1 <= len(said) <= (2 if not loss else 12), "a certificate is one packet, and seldom repeated"
        radios.links["hill"].hears = radios.links["river"].hears = lambda _: True
        assert radios.live(3600) is False
        for village in (villages.river, villages.hill):
            verify(village.hub.store)

    def test_a_hub_that_was_away_for_all_of_it_gets_what_it_missed_of_both_lives(
        self, radios: TwoRadios
    ) -> None:
        villages = radios.villages
        radios.end("hill")
        villages.send("Alice", "Chandra", 100)
        radios.live(60)
        assert radios.state() == [("on_way", None)]
        radios.end("river")
        villages.river.hub.renew(villages.river.papers.hub)
        radios.begin("river")
        villages.river.do("Kira", NameRisk(FAR, "the market is today"))
        villages.send("Alice", "Chandra", 25)
        radios.live(600)
        radios.begin("hill")
        assert radios.live(3600, lambda: radios.state() == [("arrived", None)] * 2)
        assert villages.hill.balance("Chandra") == 125
        for village in (villages.river, villages.hill):
            verify(village.hub.store)

    def test_what_the_lost_box_said_last_is_refused_behind_the_certificate(self, radios: TwoRadios) -> None:
        """River's backup is older than its last frame, which Hill did not hear in time."""
        villages = radios.villages
        radios.end("hill")
        radios.end("river")
        copy = villages.river.hub.data.parent / "copy"
        villages.river.hub.close()
        shutil.copytree(villages.river.hub.data, copy)
        radios.begin("river")
        villages.send("Alice", "Chandra", 100)
        radios.live(60)
        said = [data for sent in radios.links["river"].sent for data in split(sent)]
        late = [data for data in said if data[0] == 0x41][-1]
        radios.end("river")
        villages.river.hub.close()
        shutil.rmtree(villages.river.hub.data)
        shutil.copytree(copy, villages.river.hub.data)
        villages.river.hub.renew(villages.river.papers.hub)
        radios.begin("river")
        radios.begin("hill")
        assert radios.live(3600, lambda: lives(radios, "hill") == [(RIVER, 2), (FAR, 1)])
        radios.links["hill"].events.append(Heard(late, 7.5, -80, 0))
        radios.live(60)
        assert villages.hill.balance("Chandra") == 0
        verify(villages.hill.hub.store)

    def test_two_certificates_of_one_life_are_told_and_stop_it(self, radios: TwoRadios) -> None:
        """River was restored twice; Hill knows one of the two, then hears the other."""
        villages = radios.villages
        for name in ("river", "hill"):
            radios.end(name)
        river = villages.river.hub
        copy = river.data.parent / "copy"
        river.close()
        shutil.copytree(river.data, copy)
        river.renew(villages.river.papers.hub)
        radios.begin("river")
        radios.begin("hill")
        assert radios.live(3600, lambda: lives(radios, "hill") == [(RIVER, 2), (FAR, 1)])
        other = Hub.open(copy, villages.clock)
        other.renew(villages.river.papers.hub)
        found = Post(other).certificate(RIVER, 2)
        assert found is not None
        data = pack_certificate(*found, directory_of(other, Post(other)))
        other.close()
        radios.links["hill"].events.append(Heard(data, 7.5, -80, 0))
        radios.live(600)
        with villages.hill.hub.reading() as tx:
            assert tx.select("SELECT hub, incarnation, number FROM fork") == [(RIVER, 2, 0)]
        assert data in radios.links["hill"].sent, "others need both"
        radios.live(600)
        villages.send("Alice", "Chandra", 30)
        radios.live(600)
        assert villages.hill.balance("Chandra") == 0
        verify(villages.hill.hub.store)
