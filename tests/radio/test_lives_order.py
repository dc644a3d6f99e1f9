"""Frames of Lake's old life, its certificate and frames of its new life come to Hill in any order.

How much of the old life Hill had read when it saw the certificate is all that the order may decide.
A model of two lines works out the rest: what stands, what goes back, what is never read. The frames
go through the radio's process as from the air; damaged certificates are among them.
"""

import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.book import feed, letters
from appliance.ledger.book.records import Kind
from appliance.ledger.book.verify import verify
from appliance.ledger.keys import KeySigner
from appliance.radio.certificates import pack_certificate
from appliance.radio.ports import Heard
from appliance.radio.service import Service
from tests.ledger.test_lives import copy_of, put_back, renew
from tests.support.two_radios import MemoryLink
from tests.support.valley import HILL, LAKE, Valley

OLD = (40, 50, 60, 100)
"""What Lake pays in its old life; the trunk's limit is 180, so the last is held."""
CLOSED = 2
NEW = (5, 10, 15)
CERTIFICATE, FORGED = "certificate", "forged"


@dataclass(frozen=True)
class Story:
    """The frames, each of one record, by name: ``old 1``, ``certificate``, ``new 1``."""

    frames: dict[str, bytes]


@cache
def story() -> Story:
    """Lake pays, is backed up, pays on, is lost, and goes on from the backup."""
    room = Path(tempfile.mkdtemp(prefix="lives-order-"))
    valley = Valley(room)
    frames: dict[str, bytes] = {}

    def pay(life: str, number: int, amount: int) -> None:
        valley.send(LAKE, 2, HILL, 3, amount)
        (frames[f"{life} {number}"],) = valley.frames_of(LAKE)

    for number, amount in enumerate(OLD, 1):
        pay("old", number, amount)
        if number == CLOSED:
            early = copy_of(valley, LAKE, room / "early")
    put_back(valley, LAKE, early)
    renew(valley, LAKE)
    for number, amount in enumerate(NEW, 1):
        pay("new", number, amount)
    found = valley.posts[LAKE].certificate(LAKE, 2)
    assert found is not None
    frames[CERTIFICATE] = pack_certificate(*found, valley.directory(LAKE))
    forger = KeySigner("root", bytes(32))
    frames[FORGED] = pack_certificate(found[0], forger.sign(found[0].form()), valley.directory(LAKE))
    valley.close()
    shutil.rmtree(room)
    return Story(frames)


GOOD = [*(f"old {n}" for n in range(1, 5)), CERTIFICATE, *(f"new {n}" for n in range(1, 4))]


def read_of_old(arrived: list[str]) -> int:
    """How far the old life was there without a gap when the certificate came."""
    there = set(arrived[: arrived.index(CERTIFICATE)])
    return next(n for n in range(5) if f"old {n + 1}" not in there)


def crossings_for(read: int) -> set[tuple[int, int, str, str | None]]:
    """(incarnation, number, state, why) of all that must stand at Hill in the end."""
    stands = {(1, n, "arrived", None) for n in range(1, min(3, max(CLOSED, read)) + 1)}
    back = {(1, 4, "returned", "renewed")} if read == 4 else set()
    return stands | back | {(2, n, "arrived", None) for n in (1, 2, 3)}


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    order=st.one_of(
        st.permutations(GOOD),
        st.lists(st.sampled_from([*GOOD, FORGED, "damaged", "restart"]), max_size=16),
        # The old life begins in its order, as the air mostly has it, and then come all others in any.
        st.integers(1, 4).flatmap(
            lambda n: st.permutations(GOOD[n:]).map(lambda others: [*GOOD[:n], *others])
        ),
    ),
    damage=st.integers(0, 10**6),
)
def test_any_order_ends_as_what_was_read_by_then_decides(order: list[str], damage: int) -> None:
    frames = story().frames
    with tempfile.TemporaryDirectory(prefix="lives-order-") as room:
        valley = Valley(Path(room))
        link = MemoryLink(valley.clock)
        service = Service(valley.hubs[HILL], link, "sim://127.0.0.1:4600", Random(1))
        bad = 0
        # In the end all of it comes, in the order in which it was said.
        arrived = [*order, CERTIFICATE, *GOOD]
        for name in arrived:
            if name == "restart":
                assert _unsigned(service) == bad
                service, bad = Service(valley.hubs[HILL], link, "sim://127.0.0.1:4600", Random(1)), 0
                continue
            data = _damaged(frames[CERTIFICATE], damage) if name == "damaged" else frames[name]
            bad += name in ("damaged", FORGED)
            link.events.append(Heard(data, 7.5, -80, 0))
            service.step()
            valley.clock.advance(20_000)
        assert _unsigned(service) == bad, "each damaged certificate is counted, and no other frame"
        assert not service.status()["counts"].get("lost_book_trouble")

        read = read_of_old(arrived)
        with valley.hubs[HILL].reading() as tx:
            crossings = set(tx.select("SELECT incarnation, number, state, why FROM crossing"))
            life = tx.first(
                "SELECT incarnation, closed_number, read FROM life WHERE hub = ? AND incarnation = 2", LAKE
            )
            forked = [feed.state(tx, LAKE, n).forked for n in (1, 2)]
            said = _seen_by_lake(valley)
        assert crossings == crossings_for(read)
        assert valley.balances(HILL)[3] == sum(OLD[: min(3, max(CLOSED, read))]) + sum(NEW)
        assert life == (2, CLOSED, read)
        assert forked == [False, False]
        assert said == [(2, 1, read)], "Lake hears it once, and what is true"
        verify(valley.hubs[HILL].store)
        valley.close()


def _unsigned(service: Service) -> int:
    return int(service.status()["engine"]["counts"].get("ignored_unsigned", 0))


def _damaged(data: bytes, draw: int) -> bytes:
    """One bit of its last 64 bytes, the signature, is another."""
    bit = draw % 512
    changed = bytearray(data)
    changed[-1 - bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _seen_by_lake(valley: Valley) -> list[tuple[int, int, int]]:
    """The *seen* records on Hill's feed: (incarnation, the one before, read)."""
    with valley.hubs[HILL].reading() as tx:
        rows = tx.select('SELECT "to", body FROM outgoing WHERE kind = ?', int(Kind.SEEN))
    assert all(to == LAKE for to, _ in rows)
    return [letters.read_seen(bytes(body)) for _, body in rows]
