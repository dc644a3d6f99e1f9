"""What keepers do about other people's offers and wants, and what their owners read of it."""

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Code
from appliance.ledger.hub import new_key
from appliance.ledger.market import complaints, talks
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.keeping import HideListing, MergeListing, MoveListing, ShowListing
from appliance.ledger.market.listings import WANT, CloseListing
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.reads import trading
from appliance.ledger.reads.listings import ListingView, listing
from appliance.ledger.reads.talks import thread
from appliance.ledger.values import RecordId
from tests.ledger.market.test_changing import clean
from tests.ledger.market.test_listings import bread, code, row
from tests.ledger.market.test_loops import legs_of, propose
from tests.support.village import Village

WHY = "it cures nothing"


def seen(village: Village, made: Receipt, by: str, as_keeper: bool = False) -> ListingView:
    with village.hub.reading() as tx:
        view = listing(tx, made.record, village.numbers[by], as_keeper)
    assert view is not None
    return view


def test_kira_hides_snake_oil_alice_reads_why_and_nobody_else_anything(river: Village) -> None:
    made = river.do("Alice", bread(river, title="Snake oil", text="cures all", place="mill"))
    river.do("Kira", HideListing(made.record, WHY))
    mine = seen(river, made, "Alice")
    assert (mine.state, mine.title) == ("hidden", "Snake oil")
    assert mine.kept is not None
    assert (mine.kept.kind, mine.kept.reason, mine.kept.keeper and mine.kept.keeper.name) == (
        "hide_listing",
        WHY,
        "Kira",
    )
    bobs = seen(river, made, "Bob")
    assert (bobs.state, bobs.title, bobs.text, bobs.place, bobs.kept, bobs.actions) == (
        *("hidden", "", "", "", None),
        (),
    )
    assert seen(river, made, "Kira", as_keeper=True).title == "Snake oil"
    assert seen(river, made, "Kira").title == "", "on a phone a keeper is a member like any other"
    assert code(river.ask("Kira", HideListing(made.record, WHY))) is Code.LISTING_HIDDEN
    river.do("Alice", EditListing(made.record, "food", "Olive oil"))
    assert seen(river, made, "Alice").state == "hidden", "its owner cannot show it"
    river.do("Kira", ShowListing(made.record, "olives it is"))
    assert seen(river, made, "Bob").title == "Olive oil"
    assert code(river.ask("Kira", ShowListing(made.record, "again"))) is Code.LISTING_SHOWN
    assert clean(river)


def test_no_way_leads_to_the_words_of_what_is_hidden(river: Village) -> None:
    """Not the talk about it, not a trade loop that it is in, not the form that tells keepers of it."""
    legs = legs_of(river, "Alice", "Bob", "Chandra")
    loop = propose(river, legs)
    with river.hub.reading() as tx:
        row = tx.get(Listing, opened_entry=legs[0].offer)
        assert row is not None
        hidden = RecordId(bytes(row.id))
    about = talks.About(talks.LISTING, hidden)
    bob, alice = river.numbers["Bob"], river.numbers["Alice"]
    talks.send(river.hub.store, bob, alice, "?", river.clock.now(), new_key(), about)
    river.do("Kira", HideListing(hidden, WHY))

    def said(by: str, other: str) -> tuple[str, str]:
        with river.hub.reading() as tx:
            talk = thread(tx, river.numbers[by], river.numbers[other])
            view = trading.loop(tx, loop, river.numbers[by])
        assert talk is not None
        assert view is not None
        return talk.messages[0].title, view.legs[0].offer

    assert said("Alice", "Bob") == ("what Alice has",) * 2
    assert said("Bob", "Alice") == ("", "")
    with river.hub.reading() as tx:
        for name in ("Bob", "Kira"):
            told = complaints.about(tx, river.numbers[name], complaints.LISTING, 0, legs[0].offer)
            assert code(told) is Code.UNKNOWN_LISTING


def test_kira_moves_it_where_people_look_for_it(river: Village) -> None:
    made = river.do("Alice", bread(river, category="other"))
    river.do("Kira", MoveListing(made.record, "bread", "it is bread"))
    view = seen(river, made, "Alice")
    assert (view.category, view.state) == ("bread", "open")
    assert view.kept is not None
    assert view.kept.reason == "it is bread"
    for kind in ("bread", "gold"):
        assert code(river.ask("Kira", MoveListing(made.record, kind, WHY))) is Code.UNKNOWN_CATEGORY


def test_what_was_said_twice_is_one(river: Village) -> None:
    first, second = river.do("Alice", bread(river)), river.do("Alice", bread(river))
    want = river.do("Alice", bread(river, kind=WANT))
    bobs = river.do("Bob", bread(river, "Bob"))
    for other in (bobs.record, want.record, first.record):
        assert code(river.ask("Kira", MergeListing(first.record, other, WHY))) is Code.NOT_THE_SAME
    river.do("Kira", MergeListing(first.record, second.record, "said twice"))
    gone = seen(river, first, "Alice")
    assert (gone.state, gone.merged_into) == ("closed", second.record)
    assert seen(river, second, "Alice").state == "open"
    assert code(river.ask("Kira", MergeListing(second.record, first.record, WHY))) is Code.LISTING_CLOSED
    assert clean(river)


def acts(record: RecordId, other: RecordId, why: str) -> list[Command]:
    return [
        HideListing(record, why),
        MoveListing(record, "bread", why),
        MergeListing(record, other, why),
    ]


def test_who_may_not(river: Village) -> None:
    """No member, no keeper about an own one or one of somebody whom the keeper helps; never without a reason."""
    made, other = river.do("Alice", bread(river)), river.do("Alice", bread(river))
    own, again = river.do("Kira", bread(river, "Kira")), river.do("Kira", bread(river, "Kira"))
    for command in acts(made.record, other.record, WHY):
        assert code(river.ask("Bob", command)) is Code.NOT_KEEPER
        assert code(river.ask("Alice", command)) is Code.NOT_KEEPER
    for command in acts(own.record, again.record, WHY):
        assert code(river.ask("Kira", command)) is Code.PARTY
    for command in acts(made.record, other.record, " "):
        assert code(river.ask("Kira", command)) is Code.TEXT_MISSING
    for command in acts(RecordId(bytes(16)), other.record, WHY):
        assert code(river.ask("Kira", command)) is Code.UNKNOWN_LISTING
    river.do("Alice", AskGrant(river.numbers["Alice"], river.numbers["Kira"]))
    river.do("Kira", AgreeGrant(river.numbers["Alice"], HELPER))
    for command in acts(made.record, other.record, WHY):
        assert code(river.ask("Kira", command)) is Code.PARTY
    assert row(river, made).state == "open"


@pytest.mark.parametrize("before", ["closed", "hidden"])
def test_what_is_closed_stays_closed(river: Village, before: str) -> None:
    made, other = river.do("Alice", bread(river)), river.do("Alice", bread(river))
    if before == "hidden":
        river.do("Kira", HideListing(made.record, WHY))
    river.do("Alice", CloseListing(made.record))
    for command in [*acts(made.record, other.record, WHY), ShowListing(made.record, WHY)]:
        assert code(river.ask("Kira", command)) is Code.LISTING_CLOSED
