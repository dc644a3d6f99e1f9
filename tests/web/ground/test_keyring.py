"""Open keys: for a while, not too many, and gone when one leaves."""

import pytest

from appliance.ledger.clock import ManualClock
from appliance.ledger.keys import KeySigner, new_seed
from appliance.web.ground.keyring import KeyRing

ALICE, BOB = "member:2", "member:3"


@pytest.fixture
def clock():
    return ManualClock(0)


@pytest.fixture
def ring(clock):
    return KeyRing(clock, idle_minutes=10, most=2)


def key(authority=ALICE):
    return KeySigner(authority, new_seed())


def test_a_key_is_borrowed_as_a_copy_that_outlives_leaving(ring):
    mine = key()
    ring.keep(b"one", mine)
    mine.close()
    lent = ring.borrow(b"one", ALICE)
    ring.drop(b"one")
    assert lent.public == mine.public
    assert lent.sign(b"x")
    assert not ring.has(b"one")


def test_it_opens_for_its_own_session_and_member_only(ring):
    ring.keep(b"one", key())
    assert ring.borrow(b"two", ALICE) is None
    assert ring.borrow(b"one", BOB) is None


def test_it_is_forgotten_when_idle_and_use_keeps_it(ring, clock):
    ring.keep(b"one", key())
    for _ in range(3):
        clock.advance(9 * 60_000)
        assert ring.borrow(b"one", ALICE)
    clock.advance(10 * 60_000)
    assert ring.borrow(b"one", ALICE) is None


def test_asking_whether_it_is_open_is_no_use(ring, clock):
    ring.keep(b"one", key())
    clock.advance(9 * 60_000)
    assert ring.has(b"one")
    clock.advance(60_000)
    assert not ring.has(b"one")


def test_the_wall_clock_has_no_say(ring, clock):
    ring.keep(b"one", key())
    clock.set(10**13)
    assert ring.has(b"one")


def test_when_too_many_are_open_the_one_not_used_for_longest_goes(ring):
    ring.keep(b"one", key())
    ring.keep(b"two", key(BOB))
    ring.borrow(b"one", ALICE)
    ring.keep(b"three", key())
    assert [ring.has(name) for name in (b"one", b"two", b"three")] == [True, False, True]


def test_all_keys_of_a_member_go_together(ring):
    ring.keep(b"one", key())
    ring.keep(b"two", key(BOB))
    ring.drop_all_of(ALICE)
    assert [ring.has(name) for name in (b"one", b"two")] == [False, True]
