"""What falls due by itself, and what does not by a clock that nobody vouches for."""

import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.requests import DAY_MS, PHRASES, Cancel, Decline, Expire
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.troubles import trouble, unanswered
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
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
