"""What was erased leaves the search index too, out of every byte of its file."""

from appliance.ledger.people.erasing import Erase
from appliance.ledger.people.leaving import Leave
from appliance.ledger.tend import tend
from appliance.web.market.finding import keep_up
from tests.matching.market import Market

WEEK_MS = 7 * 24 * 3600 * 1000


def bytes_of(market: Market) -> bytes:
    files = sorted(market.village.hub.data.glob("cache.db*"))
    return b"".join(path.read_bytes() for path in files)


def test_no_byte_of_an_erased_offer_is_left_and_others_are_found_as_before(market: Market) -> None:
    market.offers("Alice", "food", "Medlar cheese", "of rowan too")
    hazel = market.offers("Bob", "food", "Hazel nuts")
    assert len(market.search("medlar")) == 1
    market.index.close()
    assert b"medlar" in bytes_of(market)
    village, alice = market.village, market.village.numbers["Alice"]
    village.do("Alice", Leave(alice))
    village.do("Kira", Erase(alice, "asked at the desk"))
    village.clock.advance(WEEK_MS + 1)
    tend(village.hub)
    keep_up(village.hub)
    after = bytes_of(market).lower()
    assert b"medlar" not in after
    assert b"rowan" not in after
    assert market.search("hazel") == [hazel]
