"""Trunks: limits on both sides, and whether what two hubs say of each other adds up."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book import letters
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.letters import Checkpoint
from appliance.ledger.book.records import Kind
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.trunks import ArriveCheckpoint, SetTrunk, TellPosition
from appliance.ledger.post import TELL_EVERY_MS
from appliance.ledger.values import MAX_AMOUNT, RecordId
from tests.support.mad_hub import Word
from tests.support.valley import CREDIT, HILL, LAKE, RIVER, Valley


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    for hub in made.hubs.values():
        verify(hub.store)
    made.close()


def limits(valley: Valley, hub: int, other: int) -> tuple[int, int]:
    with valley.hubs[hub].reading() as tx:
        low, high = tx.select("SELECT low, high FROM account WHERE number = ?", -other)[0]
    return low, high


def doubt(valley: Valley, hub: int, other: int) -> bool | None:
    """Whether the neighbour's word did not add up; None when it has not been compared yet."""
    with valley.hubs[hub].reading() as tx:
        since, checked = tx.select(
            "SELECT mismatch_entry, checked_entry FROM neighbour WHERE hub = ?", other
        )[0]
    return None if checked is None else since is not None


def tell_all(valley: Valley) -> int:
    valley.clock.advance(TELL_EVERY_MS)
    told = sum(post.tell() for post in valley.posts.values())
    valley.carry()
    return told


# ------------------------------------------------------------------------------------------------ limits


def test_a_new_trunk_has_the_communitys_limits(valley: Valley) -> None:
    assert limits(valley, RIVER, HILL) == limits(valley, LAKE, RIVER) == (CREDIT.trunk_low, CREDIT.trunk_high)


def test_a_keeper_sets_others_and_each_trunk_has_its_own(valley: Valley) -> None:
    valley.do(RIVER, 1, SetTrunk(HILL, -50, 90, "a small village"))
    assert limits(valley, RIVER, HILL) == (-50, 90)
    assert limits(valley, RIVER, LAKE) == limits(valley, HILL, RIVER) == (CREDIT.trunk_low, CREDIT.trunk_high)


@pytest.mark.parametrize(
    ("who", "command", "code"),
    [
        (2, SetTrunk(HILL, -50, 90, "more"), Code.NOT_KEEPER),
        (1, SetTrunk(RIVER, -50, 90, "ourselves"), Code.UNKNOWN_HUB),
        (1, SetTrunk(999, -50, 90, "nobody"), Code.UNKNOWN_HUB),
        (1, SetTrunk(HILL, 1, 90, "upside down"), Code.LIMITS_WRONG),
        (1, SetTrunk(HILL, -50, -1, "upside down"), Code.LIMITS_WRONG),
        (1, SetTrunk(HILL, -MAX_AMOUNT - 1, 90, "far"), Code.LIMITS_WRONG),
        (1, SetTrunk(HILL, -50, MAX_AMOUNT + 1, "far"), Code.LIMITS_WRONG),
        (1, SetTrunk(HILL, -50, 90, "  "), Code.TEXT_MISSING),
        (1, SetTrunk(HILL, -50, 90, "x" * 900), Code.TEXT_TOO_LONG),
    ],
)
def test_who_sets_limits_and_which(valley: Valley, who: int, command: SetTrunk, code: Code) -> None:
    no = valley.ask(RIVER, who, command)
    assert isinstance(no, Refusal)
    assert no.code is code
    assert limits(valley, RIVER, HILL) == (CREDIT.trunk_low, CREDIT.trunk_high)


def test_the_stricter_side_counts(valley: Valley) -> None:
    """River would let 700 leave; Hill takes 180 and holds the rest."""
    valley.send(RIVER, 2, HILL, 3, 180)
    valley.send(RIVER, 3, HILL, 2, 1)
    valley.carry()
    assert (valley.balances(RIVER)[-HILL], valley.balances(HILL)[-RIVER]) == (181, -180)


def test_a_limit_under_what_is_owed_already_lets_it_only_shrink(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 150)
    valley.carry()
    valley.do(HILL, 1, SetTrunk(RIVER, -100, 700, "careful"))
    valley.send(RIVER, 2, HILL, 3, 10)
    valley.carry()
    assert valley.balances(HILL)[-RIVER] == -150
    valley.send(HILL, 3, RIVER, 2, 60)
    assert valley.balances(HILL)[-RIVER] == -100, "60 back, and the 10 that were held"


# ------------------------------------------------------------------------------------------------ checkpoints


def test_what_adds_up_fits_on_both_sides(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 100)
    valley.send(HILL, 3, RIVER, 2, 30)
    valley.send(RIVER, 2, HILL, 77, 5)
    valley.carry()
    assert tell_all(valley) == 2
    assert (doubt(valley, RIVER, HILL), doubt(valley, HILL, RIVER)) == (False, False)
    assert doubt(valley, LAKE, RIVER) is None


def test_it_fits_with_anything_in_transit(valley: Valley) -> None:
    """Checkpoints cross payments, answers and held ones on their way: each compares like with like."""
    valley.send(RIVER, 2, HILL, 3, 170)
    river = list(valley.frames_of(RIVER))
    valley.send(HILL, 3, RIVER, 2, 30)
    valley.send(RIVER, 2, HILL, 3, 90)
    for hub in (RIVER, HILL):
        valley.posts[hub].tell()
    hill = list(valley.frames_of(HILL))
    river += list(valley.frames_of(RIVER))
    for data in hill:
        valley.deliver(data, RIVER)
    assert doubt(valley, RIVER, HILL) is False
    for data in river:
        valley.deliver(data, HILL)
    assert doubt(valley, HILL, RIVER) is False
    valley.carry()
    tell_all(valley)
    assert (doubt(valley, RIVER, HILL), doubt(valley, HILL, RIVER)) == (False, False)


def test_telling_is_for_neighbours(valley: Valley) -> None:
    no = valley.hubs[RIVER].by_rule(TellPosition(999), "checkpoint")
    assert isinstance(no, Refusal)
    assert no.code is Code.UNKNOWN_HUB
    position = Checkpoint(bytes(32), 0, 0, 0, 0, 0, 0, 0, bytes(16))
    no = valley.hubs[RIVER].by_rule(ArriveCheckpoint(999, 1, 1, bytes(32), position), "arrival")
    assert isinstance(no, Refusal)
    assert no.code is Code.UNKNOWN_HUB


def said_by(valley: Valley, hub: int, to: int) -> Checkpoint:
    """The last checkpoint that a hub told another, as it was sealed."""
    with valley.hubs[hub].reading() as tx:
        body, number = tx.select(
            'SELECT body, number FROM outgoing WHERE kind = 7 AND "to" = ? ORDER BY number DESC LIMIT 1', to
        )[0]
        link = tx.select("SELECT link FROM record WHERE hub = ? AND number = ?", hub, number - 1)[0][0]
    return replace(letters.read_checkpoint(bytes(body)), link=bytes(link))


def trade(valley: Valley) -> Checkpoint:
    """River and Hill trade, one payment is held; what Hill then tells River."""
    valley.send(RIVER, 2, HILL, 3, 120)
    valley.send(RIVER, 2, HILL, 77, 5)
    valley.send(RIVER, 2, HILL, 3, 90)
    valley.send(HILL, 3, RIVER, 2, 30)
    valley.do(HILL, 1, SetTrunk(RIVER, -120, 700, "careful"))
    valley.send(HILL, 3, RIVER, 77, 7)
    valley.carry()
    valley.posts[HILL].tell()
    for data in valley.frames_of(HILL):
        valley.deliver(data, RIVER)
    assert doubt(valley, RIVER, HILL) is False
    return said_by(valley, HILL, RIVER)


@pytest.mark.parametrize("name", ["sent", "refunded", "accepted", "returned", "held", "seen"])
@pytest.mark.parametrize("by", [-1, 1])
def test_any_other_sum_is_a_mismatch_and_a_good_one_ends_it(valley: Valley, name: str, by: int) -> None:
    good = trade(valley)
    assert all(
        getattr(good, field) > 0 for field in ("sent", "refunded", "accepted", "returned", "held", "seen")
    )
    mad, before = valley.mad(HILL), valley.balances(RIVER)
    # To have seen less leaves a payment out; to have seen more, nobody has said so much.
    changed = 0 if (name, by) == ("seen", -1) else getattr(good, name) + by
    totals: dict[str, Any] = {"link": mad.link, name: changed}
    for data in mad.say(Word(Kind.CHECKPOINT, RIVER, plain=letters.checkpoint(replace(good, **totals)))):
        valley.deliver(data, RIVER)
    assert doubt(valley, RIVER, HILL) is True
    assert valley.balances(RIVER) == before, "nothing stops, nothing moves"
    valley.send(RIVER, 3, HILL, 2, 1)
    true = replace(good, link=mad.link)
    for data in mad.say(Word(Kind.CHECKPOINT, RIVER, plain=letters.checkpoint(true))):
        valley.deliver(data, RIVER)
    assert doubt(valley, RIVER, HILL) is False


def test_another_past_is_a_mismatch(valley: Valley) -> None:
    """The sums are right, but the feed that Hill says it has is not the one that River has."""
    good = trade(valley)
    mad = valley.mad(HILL)
    lie = replace(good, link=b"\x05" * 32)
    for data in mad.say(Word(Kind.CHECKPOINT, RIVER, plain=letters.checkpoint(lie))):
        valley.deliver(data, RIVER)
    assert doubt(valley, RIVER, HILL) is True


def test_a_checkpoint_names_the_link_before_it_and_the_book(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 100)
    valley.posts[RIVER].tell()
    head = valley.hubs[RIVER].head()
    valley.carry()
    told = said_by(valley, RIVER, HILL)
    with valley.hubs[HILL].reading() as tx:
        link = tx.select("SELECT link FROM record WHERE hub = ? AND number = 1", RIVER)[0][0]
        body = tx.select("SELECT body FROM entry WHERE kind = 'arrive_checkpoint'")
    assert bytes(link) == told.link
    assert bytes(link) in bytes(body[0][0])
    assert told.entry == head.number - 1


def test_a_checkpoint_twice_is_one(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 100)
    valley.posts[RIVER].tell()
    for data in [*valley.frames_of(RIVER)] * 2:
        valley.deliver(data, HILL)
    with valley.hubs[HILL].reading() as tx:
        assert tx.select("SELECT COUNT(*) FROM entry WHERE kind = 'arrive_checkpoint'")[0][0] == 1


def test_a_mismatch_remembers_since_when(valley: Valley) -> None:
    good = trade(valley)
    mad = valley.mad(HILL)
    since = []
    for _ in range(2):
        lie = Word(Kind.CHECKPOINT, RIVER, plain=letters.checkpoint(replace(good, sent=1)))
        for data in mad.say(lie):
            valley.deliver(data, RIVER)
        with valley.hubs[RIVER].reading() as tx:
            since.append(tx.select("SELECT mismatch_entry FROM neighbour WHERE hub = ?", HILL)[0][0])
    assert since[0] == since[1] == valley.hubs[RIVER].head().number - 1


def test_a_receipt_names_what_was_sent(valley: Valley) -> None:
    sent = valley.send(RIVER, 2, HILL, 3, 100)
    assert isinstance(sent, Receipt)
    with valley.hubs[RIVER].reading() as tx:
        assert bytes(tx.select("SELECT id FROM crossing")[0][0]) == RecordId(sent.record)
