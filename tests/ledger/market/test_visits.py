"""When Alice looked at the market before: what is new since stays new while she looks."""

from appliance.ledger.book.schema_market import MarketSeen
from appliance.ledger.market import visits
from tests.support.village import Village

MINUTE = 60_000


def looks(village: Village) -> int | None:
    """Since when things are new to Alice; and she looks."""
    alice, now = village.numbers["Alice"], village.clock.now()
    with village.hub.reading() as tx:
        since, due = visits.last(tx, alice, now), visits.is_due(tx, alice, now)
    if due:
        visits.keep(village.hub.store, alice, now)
    return since


def test_new_is_what_came_since_the_visit_before(river: Village) -> None:
    assert looks(river) is None, "there was none"
    river.clock.advance(5 * MINUTE)
    assert looks(river) is None, "this is still the first"
    river.clock.advance(15 * MINUTE)
    looks(river)
    ended = river.clock.now().ms
    river.clock.advance(24 * 60 * MINUTE)
    assert looks(river) == ended
    for _ in range(12):
        river.clock.advance(15 * MINUTE)
        assert looks(river) == ended, "however long she looks"
    again = river.clock.now().ms
    river.clock.advance(2 * 60 * MINUTE)
    assert looks(river) == again


def test_it_is_one_row_and_seldom_written(river: Village) -> None:
    alice = river.numbers["Alice"]
    looks(river)
    with river.hub.reading() as tx:
        assert not visits.is_due(tx, alice, river.clock.now())
    river.clock.advance(visits.STEP_MS)
    with river.hub.reading() as tx:
        assert visits.is_due(tx, alice, river.clock.now())
    looks(river)
    looks(river)
    with river.hub.reading() as tx:
        assert len(tx.rows(MarketSeen.select())) == 1


def test_a_clock_that_was_set_back_hides_nothing_new(river: Village) -> None:
    looks(river)
    river.clock.advance(90 * MINUTE)
    looks(river)
    earlier = river.clock.now().ms - 80 * MINUTE
    river.clock.set(earlier)
    since = looks(river)
    assert since is None or since <= earlier
    river.clock.advance(61 * MINUTE)
    assert looks(river) == earlier
