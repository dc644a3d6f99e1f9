"""Who came in, and wrong PINs: seen by those they concern."""

from appliance.ledger.people import tries
from appliance.ledger.people.tries import MOST, Since
from tests.support.village import PIN, Village


def since(river: Village, name: str) -> Since:
    with river.hub.reading() as tx:
        return tries.since(tx, river.numbers[name])


def test_alice_reads_when_she_was_here_before_and_how_many_wrong_pins_followed(river: Village) -> None:
    alice = river.numbers["Alice"]
    river.hub.came_in(alice, "10.0.0.7")
    assert since(river, "Alice") == Since(None, 0)
    first = river.clock.now()
    river.clock.advance(3_600_000)
    for _ in range(2):
        river.hub.unlock(alice, "1357", b"", "10.0.0.66")
    river.hub.came_in(alice, "10.0.0.7")
    assert since(river, "Alice") == Since(first, 2)


def test_a_right_pin_for_a_payment_is_no_sign_in(river: Village) -> None:
    river.hub.came_in(river.numbers["Alice"], "10.0.0.7")
    river.hub.unlock(river.numbers["Alice"], PIN, b"", "10.0.0.7")
    assert since(river, "Alice").before is None


def test_a_failed_sign_in_of_a_keeper_is_seen_by_keepers_and_that_of_others_is_not(river: Village) -> None:
    """MCCS 65: a failed admin sign-in is logged."""
    river.hub.unlock(river.numbers["Kira"], "1357", b"", "10.0.0.66")
    river.hub.unlock(river.numbers["Alice"], "1357", b"", "10.0.0.66")
    with river.hub.reading() as tx:
        (only,) = tries.of_keepers(tx)
    assert (only.member, only.good, only.source) == (river.numbers["Kira"], False, "10.0.0.66")
    assert only.at == river.clock.now()


def test_of_each_member_the_last_few_are_kept(river: Village) -> None:
    bob, alice = river.numbers["Bob"], river.numbers["Alice"]
    river.hub.came_in(alice, "10.0.0.7")
    for _ in range(MOST + 5):
        tries.keep(river.hub.store, bob, False, river.clock.now(), "10.0.0.66")
    with river.hub.reading() as tx:
        (count,) = tx.first('SELECT COUNT(*) FROM "tried" WHERE member = ?', bob) or (0,)
        (others,) = tx.first('SELECT COUNT(*) FROM "tried" WHERE member = ?', alice) or (0,)
    assert (count, others) == (MOST, 1)
