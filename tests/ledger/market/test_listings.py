"""Offers and wants: opened by their owner, closed by the owner or a keeper."""

from typing import Any

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Listing
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market.listings import LONGEST_TITLE, OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.people.words import LONGEST_TEXT
from appliance.ledger.reads.people import text_of
from appliance.ledger.values import MAX_AMOUNT, Amount, RecordId
from tests.support.village import Village


def bread(village: Village, owner: str = "Alice", **also: object) -> OpenListing:
    said = {"kind": OFFER, "category": "food", "title": "Bread", **also}
    return OpenListing(village.numbers[owner], **said)  # type: ignore[arg-type]


def row(village: Village, receipt: Receipt) -> Listing:
    with village.hub.reading() as tx:
        found = tx.get(Listing, id=receipt.record)
    assert found is not None
    return found


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def test_alice_offers_bread_and_takes_it_down(river: Village) -> None:
    made = river.do("Alice", bread(river, title=" Bread ", text="Sourdough, on Fridays", price=Amount(50)))
    listing = row(river, made)
    with river.hub.reading() as tx:
        words = [text_of(tx, listing.text_entry, field) for field in ("title", "text")]
    assert words == ["Bread", "Sourdough, on Fridays"]
    assert (listing.owner, listing.kind, listing.category, listing.price, listing.state) == (
        2,
        OFFER,
        "food",
        50,
        "open",
    )
    closed = river.do("Alice", CloseListing(made.record))
    assert (row(river, made).state, row(river, made).closed_entry) == ("closed", closed.entry)


def test_a_want_needs_no_price_and_no_text(river: Village) -> None:
    listing = row(river, river.do("Bob", bread(river, "Bob", kind=WANT, category="repair", title="My roof")))
    assert (listing.kind, listing.price) == (WANT, None)


def test_a_price_may_be_nothing(river: Village) -> None:
    assert row(river, river.do("Alice", bread(river, price=Amount(0)))).price == 0


@pytest.mark.parametrize(
    ("said", "code_"),
    [
        ({"title": ""}, Code.TEXT_MISSING),
        ({"title": "  "}, Code.TEXT_MISSING),
        ({"title": "x" * (LONGEST_TITLE + 1)}, Code.TEXT_TOO_LONG),
        ({"text": "x" * (LONGEST_TEXT + 1)}, Code.TEXT_TOO_LONG),
        ({"category": "gold"}, Code.UNKNOWN_CATEGORY),
        ({"kind": "gift"}, Code.UNKNOWN_CATEGORY),
        ({"price": -1}, Code.AMOUNT_WRONG),
        ({"price": MAX_AMOUNT + 1}, Code.AMOUNT_WRONG),
    ],
)
def test_what_is_no_listing_is_refused(river: Village, said: dict[str, Any], code_: Code) -> None:
    before = river.hub.head()
    assert code(river.ask("Alice", bread(river, **said))) is code_
    assert river.hub.head() == before


def test_the_longest_words_fit(river: Village) -> None:
    river.do("Alice", bread(river, title="x" * LONGEST_TITLE, text="x" * LONGEST_TEXT))


def test_nobody_offers_for_another(river: Village) -> None:
    for name in ("Bob", "Kira"):
        assert river.ask(name, bread(river, "Alice")) == Refusal(Code.NOT_YOURS, {}, (Action.HOME,))


def test_who_closes_it(river: Village) -> None:
    made = river.do("Alice", bread(river))
    assert code(river.ask("Bob", CloseListing(made.record))) is Code.NOT_YOURS
    assert code(river.ask("Kira", CloseListing(made.record))) is Code.TEXT_MISSING
    river.do("Kira", CloseListing(made.record, "not allowed here"))
    assert row(river, made).state == "closed"


def test_what_is_closed_or_unknown_is_not_closed(river: Village) -> None:
    made = river.do("Alice", bread(river))
    river.do("Alice", CloseListing(made.record))
    for name in ("Alice", "Kira"):
        assert code(river.ask(name, CloseListing(made.record))) is Code.LISTING_CLOSED
        assert code(river.ask(name, CloseListing(RecordId(bytes(16))))) is Code.UNKNOWN_LISTING
