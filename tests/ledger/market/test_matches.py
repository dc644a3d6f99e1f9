"""What people say of a match: each for themself, what was said last holds, and no credit moves."""

import pytest

from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_trading import MatchAnswer, Unfit
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.market.matches import ACCEPT, DISMISS, HAPPENED, WRONG, AllowMatch, AnswerMatch
from appliance.ledger.reads.people import text_of
from appliance.ledger.values import RecordId
from tests.support.village import Village

Sides = tuple[tuple[int, int], tuple[int, int]]


@pytest.fixture
def sides(river: Village) -> Sides:
    """Alice offers bread, Bob wants some."""
    offer = river.do("Alice", OpenListing(river.numbers["Alice"], OFFER, "food", "Bread"))
    want = river.do("Bob", OpenListing(river.numbers["Bob"], WANT, "food", "Bread"))
    number = river.hub.number
    return (number, int(offer.entry)), (number, int(want.entry))


def said(village: Village) -> dict[int, tuple[str, bytes | None]]:
    with village.hub.reading() as tx:
        return {row.member: (row.answer, row.transfer) for row in tx.rows(MatchAnswer.select())}


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def test_both_accept_bob_pays_and_it_has_happened(river: Village, sides: Sides) -> None:
    river.do("Alice", AnswerMatch(*sides, ACCEPT))
    river.do("Bob", AnswerMatch(*sides, ACCEPT))
    paid = river.pay("Bob", "Alice", 50)
    river.do("Bob", AnswerMatch(*sides, HAPPENED, paid.record))
    assert said(river) == {
        river.numbers["Alice"]: ("accept", None),
        river.numbers["Bob"]: ("happened", paid.record),
    }
    verify(river.hub.store)


def test_only_the_two_and_only_a_payment_that_fits(river: Village, sides: Sides) -> None:
    assert code(river.ask("Chandra", AnswerMatch(*sides, ACCEPT))) is Code.NOT_YOURS
    assert code(river.ask("Bob", AnswerMatch(sides[1], sides[0], ACCEPT))) is Code.UNKNOWN_LISTING
    other = river.pay("Bob", "Chandra", 50)
    assert code(river.ask("Bob", AnswerMatch(*sides, HAPPENED, other.record))) is Code.UNKNOWN_TRANSFER
    backwards = river.pay("Alice", "Bob", 50)
    assert code(river.ask("Bob", AnswerMatch(*sides, HAPPENED, backwards.record))) is Code.UNKNOWN_TRANSFER
    assert said(river) == {}


def test_nobody_accepts_what_is_gone_nor_oneself(river: Village, sides: Sides) -> None:
    own = river.do("Alice", OpenListing(river.numbers["Alice"], WANT, "food", "Bread"))
    mine = (river.hub.number, int(own.entry))
    assert code(river.ask("Alice", AnswerMatch(sides[0], mine, ACCEPT))) is Code.OWN_ACCOUNT
    river.do("Alice", AnswerMatch(*sides, DISMISS))
    with river.hub.reading() as tx:
        row = tx.get(Listing, opened_entry=sides[0][1])
    assert row is not None
    river.do("Alice", CloseListing(RecordId(bytes(row.id))))
    assert code(river.ask("Bob", AnswerMatch(*sides, ACCEPT))) is Code.LISTING_CLOSED


def test_what_is_no_match_is_kept_until_a_keeper_takes_it_back(river: Village, sides: Sides) -> None:
    assert code(river.ask("Bob", AnswerMatch(*sides, WRONG))) is Code.TEXT_MISSING
    made = river.do("Bob", AnswerMatch(*sides, WRONG, offered="bread", wanted="bread"))
    with river.hub.reading() as tx:
        (row,) = tx.rows(Unfit.select())
        assert (row.state, text_of(tx, row.text_entry, "offered")) == ("kept", "bread")
    assert code(river.ask("Alice", AllowMatch(made.record))) is Code.NOT_KEEPER
    river.do("Kira", AllowMatch(made.record))
    assert isinstance(river.ask("Kira", AllowMatch(made.record)), Refusal)
    verify(river.hub.store)
