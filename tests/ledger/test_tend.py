"""What falls due by itself, and what does not by a clock that nobody vouches for."""

import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import DAY_MS, PHRASES, Cancel, Decline, Expire
from appliance.ledger.money.shares import AskSplit
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.troubles import trouble, unanswered
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, RecordId
from tests.support.village import Village


def state(river: Village, record: RecordId) -> str:
    with river.hub.reading() as tx:
        seen = reads.transfer(tx, record, river.numbers["Chandra"])
    assert seen is not None
    return seen.state


def test_silence_expires_and_frees_what_was_kept_aside(river: Village) -> None:
    asked = river.request("Chandra", "Alice", 75).record
    river.clock.advance(14 * DAY_MS - 1)
    assert tend(river.hub) == 0
    river.clock.advance(1)
    assert tend(river.hub) == 1
    assert tend(river.hub) == 0
    assert state(river, asked) == "expired"
    with river.hub.reading() as tx:
        home = reads.home(tx, river.numbers["Chandra"])
        assert home is not None
        assert (home.balance, home.held) == (0, 0)
        for who in ("Alice", "Chandra"):
            assert unanswered(tx, river.numbers[who], 0) == (asked,)
        assert unanswered(tx, river.numbers["Bob"], 0) == ()
        head = chain.head(tx).number
        ended = chain.by_number(tx, head)
    assert ended is not None
    assert ended.act.authority == "hub:expire"
    verify(river.hub.store)


@pytest.mark.parametrize("quality", [Quality.NONE, Quality.FLOOR, Quality.MESH])
def test_nothing_expires_by_a_clock_that_nobody_vouches_for(river: Village, quality: Quality) -> None:
    asked = river.request("Chandra", "Alice", 75).record
    river.clock.set(river.clock.now().ms + 400 * DAY_MS, quality)
    assert tend(river.hub) == 0
    assert state(river, asked) == "pending"
    refused = river.hub.by_rule(Expire(asked), "expire")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.NOT_YET
    with river.hub.reading() as tx:
        seen = trouble(tx, asked, river.numbers["Alice"], river.clock.now())
    assert seen.waits is not None
    assert (seen.waits.days_left, seen.waits.doubtful) == (0, True)
    river.clock.set(river.clock.now().ms, Quality.KEEPER)
    assert tend(river.hub) == 1


def test_what_was_answered_does_not_expire(river: Village) -> None:
    asked = [river.request("Chandra", "Alice", amount).record for amount in (1, 2, 3)]
    river.do("Alice", Decline(asked[0], river.numbers["Alice"], "not_now"))
    river.do("Chandra", Cancel(asked[1]))
    river.clock.advance(15 * DAY_MS)
    assert tend(river.hub) == 1
    assert [state(river, record) for record in asked] == ["declined", "cancelled", "expired"]


def test_a_request_keeps_the_day_it_was_given(river: Village) -> None:
    asked = river.request("Chandra", "Alice", 75).record
    river.do("Kira", ChangeRules("credit", {"request_days": 1}, "quick answers"))
    short = river.request("Chandra", "Bob", 75).record
    river.clock.advance(2 * DAY_MS)
    assert tend(river.hub) == 1
    assert (state(river, asked), state(river, short)) == ("pending", "expired")


def test_many_are_done_a_part_at_a_time(river: Village) -> None:
    for amount in range(1, 61):
        river.request("Chandra", "Alice", amount)
    river.clock.advance(15 * DAY_MS)
    assert [tend(river.hub), tend(river.hub), tend(river.hub)] == [50, 10, 0]


def test_who_says_no_may_say_why_in_a_kind_phrase(river: Village) -> None:
    for phrase in PHRASES:
        asked = river.request("Chandra", "Alice", 75).record
        river.do("Alice", Decline(asked, river.numbers["Alice"], phrase))
        with river.hub.reading() as tx:
            assert trouble(tx, asked, river.numbers["Chandra"], river.clock.now()).phrase == phrase
            assert trouble(tx, asked, river.numbers["Bob"], river.clock.now()).phrase == ""
    asked = river.request("Chandra", "Alice", 75).record
    refused = river.ask("Alice", Decline(asked, river.numbers["Alice"], "go away"))
    assert isinstance(refused, Refusal)


@pytest.mark.parametrize("quality", [Quality.NONE, Quality.FLOOR, Quality.MESH])
def test_what_was_asked_by_a_clock_that_was_not_set_has_its_whole_time_from_when_it_is(
    river: Village, quality: Quality
) -> None:
    noon = river.clock.now().ms
    river.clock.set(noon - 60 * DAY_MS, quality)  # the box was off for two months
    n = river.numbers
    asked = river.request("Chandra", "Alice", 75).record
    parts = ((n["Alice"], Amount(10)), (n["Bob"], Amount(10)))
    split = river.do("Chandra", AskSplit(n["Chandra"], parts)).record
    river.do("Kira", SetLimits(n["Alice"], -50, 50, "a bad month", river.clock.now().ms + 14 * DAY_MS))
    river.clock.set(noon, Quality.KEEPER)
    assert tend(river.hub) == 0, "nobody had a day to answer"
    river.pay("Bob", "Dina", 5)
    river.clock.advance(14 * DAY_MS - 1)
    assert tend(river.hub) == 0
    with river.hub.reading() as tx:
        seen = trouble(tx, asked, n["Alice"], river.clock.now()).waits
    assert seen is not None
    assert (seen.until, seen.days_left) == (noon + 14 * DAY_MS, 1)
    river.clock.advance(1)
    assert tend(river.hub) == 3
    assert (state(river, asked), state(river, split)) == ("expired", "expired")
    verify(river.hub.store)


def test_what_nobody_knows_the_end_of_keeps_nothing_else_from_ending(river: Village) -> None:
    noon = river.clock.now().ms
    river.clock.set(noon - 60 * DAY_MS, Quality.FLOOR)
    for amount in range(1, 56):
        river.request("Chandra", "Alice", amount)
    river.clock.set(noon - 20 * DAY_MS, Quality.KEEPER)
    asked = river.request("Chandra", "Bob", 75).record
    river.clock.set(noon, Quality.KEEPER)
    assert tend(river.hub) == 1
    assert state(river, asked) == "expired"
