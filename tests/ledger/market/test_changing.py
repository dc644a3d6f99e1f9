"""What becomes of an offer or want: changed, renewed, expired, hidden with whoever is away."""

import pytest

from appliance.ledger.book import rules, verify
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_market import ListingTerms
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code
from appliance.ledger.market.changing import EditListing, ExpireListing, RenewListing
from appliance.ledger.market.keeping import HideListing, ShowListing
from appliance.ledger.market.listings import DAY_MS, OFFER, CloseListing
from appliance.ledger.people.erasing import AskErase
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.leaving import Leave
from appliance.ledger.reads.listings import listing, to_renew
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, EntryNumber
from tests.ledger.market.test_listings import bread, code, row
from tests.support.village import Village


def state(village: Village, made: Receipt) -> str:
    return row(village, made).state


def terms(village: Village, made: Receipt) -> ListingTerms:
    with village.hub.reading() as tx:
        found = tx.get(ListingTerms, listing=made.record)
    assert found is not None
    return found


def clean(village: Village) -> bool:
    return verify.verify(village.hub.store).head == village.hub.head()


def test_alice_says_it_otherwise_and_all_but_its_kind_changes(river: Village) -> None:
    made = river.do("Alice", bread(river, price=Amount(50), text="rye", times="Fridays"))
    edit = EditListing(made.record, "bread", " خبز ", "", Amount(75), "kg", 3, "samedi matin", "अपर गाँव")
    changed = river.do("Alice", edit)
    with river.hub.reading() as tx:
        view = listing(tx, made.record, river.numbers["Bob"])
    assert view is not None
    assert (view.kind, view.category, view.title, view.text) == (OFFER, "bread", "خبز", "")
    assert (view.price, view.unit, view.quantity) == (75, "kg", 3)
    assert (view.times, view.place) == ("samedi matin", "अपर गाँव")
    assert row(river, made).text_entry == changed.entry
    river.do("Alice", EditListing(made.record, "bread", "Bread"))
    assert (row(river, made).price, terms(river, made).unit, terms(river, made).quantity) == (
        None,
        None,
        None,
    )
    assert clean(river)


def test_only_its_owner_changes_it_and_only_to_what_can_be(river: Village) -> None:
    made = river.do("Alice", bread(river))
    for name in ("Bob", "Kira"):
        assert code(river.ask(name, EditListing(made.record, "food", "Stones"))) is Code.NOT_YOURS
    for wrong, why in (
        (EditListing(made.record, "gold", "Bread"), Code.UNKNOWN_CATEGORY),
        (EditListing(made.record, "food", " "), Code.TEXT_MISSING),
        (EditListing(made.record, "food", "Bread", unit="furlong"), Code.SETTING_WRONG),
        (EditListing(made.record, "food", "Bread", quantity=10_000), Code.QUANTITY_WRONG),
        (EditListing(made.record, "food", "Bread", times="x" * 61), Code.TEXT_TOO_LONG),
        (EditListing(made.record, "food", "Bread", place="x" * 41), Code.TEXT_TOO_LONG),
    ):
        assert code(river.ask("Alice", wrong)) is why
    river.do("Alice", CloseListing(made.record))
    assert code(river.ask("Alice", EditListing(made.record, "food", "Bread"))) is Code.LISTING_CLOSED


def test_it_leaves_the_market_after_three_months_and_comes_back_with_one_tap(river: Village) -> None:
    made, alice = river.do("Alice", bread(river)), river.numbers["Alice"]
    river.clock.advance(90 * DAY_MS - 1)
    assert tend(river.hub) == 0
    river.clock.advance(1)
    assert tend(river.hub) == 1
    assert state(river, made) == "expired"
    assert tend(river.hub) == 0
    with river.hub.reading() as tx:
        assert [one.id for one in to_renew(tx, alice, river.clock.now())] == [made.record]
    assert code(river.ask("Bob", RenewListing(made.record))) is Code.NOT_YOURS
    river.do("Alice", RenewListing(made.record))
    assert state(river, made) == "open"
    river.clock.advance(90 * DAY_MS)
    assert tend(river.hub) == 1, "it expires a second time, too"
    river.do("Alice", EditListing(made.record, "food", "Better bread"))
    assert state(river, made) == "open", "whoever changes it wants it back"
    assert clean(river)


def test_the_reminder_comes_a_week_before_and_not_earlier(river: Village) -> None:
    made, alice = river.do("Alice", bread(river)), river.numbers["Alice"]
    river.clock.advance(83 * DAY_MS - 1)
    with river.hub.reading() as tx:
        assert to_renew(tx, alice, river.clock.now()) == ()
    assert code(river.ask("Alice", RenewListing(made.record))) is Code.NOT_YET
    river.clock.advance(1)
    with river.hub.reading() as tx:
        assert [one.id for one in to_renew(tx, alice, river.clock.now())] == [made.record]
        assert to_renew(tx, river.numbers["Bob"], river.clock.now()) == ()
    river.do("Alice", RenewListing(made.record))
    with river.hub.reading() as tx:
        assert to_renew(tx, alice, river.clock.now()) == ()


def test_nothing_expires_by_a_clock_that_nobody_vouches_for(river: Village) -> None:
    made = river.do("Alice", bread(river))
    river.clock.advance(400 * DAY_MS)
    river.clock.set(river.clock.now().ms, Quality.FLOOR)
    assert tend(river.hub) == 0
    key = bytes(16)
    assert code(river.hub.by_rule(ExpireListing(made.record), "expire", key)) is Code.NOT_YET
    assert state(river, made) == "open"
    river.clock.set(river.clock.now().ms, Quality.KEEPER)
    assert tend(river.hub) == 1


def test_how_long_is_the_communitys_rule_and_one_keeper_changes_it(river: Village) -> None:
    first = river.do("Alice", bread(river))
    river.do("Kira", ChangeRules("market", {"listing_days": 10}, "things change quickly"))
    second = river.do("Alice", bread(river))
    river.clock.advance(10 * DAY_MS)
    tend(river.hub)
    assert (state(river, first), state(river, second)) == ("open", "expired")
    river.do("Kira", ChangeRules("market", {"listing_days": 0}, "let them stay"))
    third = river.do("Alice", bread(river))
    assert terms(river, third).until_ms is None
    river.clock.advance(1000 * DAY_MS)
    tend(river.hub)
    assert state(river, third) == "open"
    assert code(river.ask("Kira", ChangeRules("market", {"listing_days": -1}, "no"))) is Code.SETTING_WRONG
    assert code(river.ask("Bob", ChangeRules("market", {"listing_days": 1}, "no"))) is Code.NOT_KEEPER
    with river.hub.reading() as tx:
        assert rules.load(tx).market.listing_days == 0
    assert clean(river)


def test_what_nobody_has_dated_has_its_three_months_from_now_on(river: Village) -> None:
    """An older release, or a time when nothing expired, has left it without an end."""
    river.do("Kira", ChangeRules("market", {"listing_days": 0}, "for now"))
    made = river.do("Alice", bread(river))
    assert tend(river.hub) == 0
    river.do("Kira", ChangeRules("market", {"listing_days": 90}, "as elsewhere"))
    river.clock.advance(200 * DAY_MS)
    assert tend(river.hub) == 1
    assert state(river, made) == "open"
    assert tend(river.hub) == 0
    river.clock.advance(90 * DAY_MS)
    assert tend(river.hub) == 1
    assert state(river, made) == "expired"


def test_who_leaves_takes_what_is_expired_or_hidden_along(river: Village) -> None:
    expired, hidden = river.do("Alice", bread(river)), river.do("Alice", bread(river, title="Cake"))
    river.do("Kira", HideListing(hidden.record, "mouldy"))
    river.clock.advance(90 * DAY_MS)
    tend(river.hub)
    assert (state(river, expired), state(river, hidden)) == ("expired", "hidden")
    river.do("Alice", Leave(river.numbers["Alice"]))
    assert (state(river, expired), state(river, hidden)) == ("closed", "closed")


def test_what_is_hidden_does_not_expire_and_cannot_be_renewed_back(river: Village) -> None:
    made = river.do("Alice", bread(river))
    river.do("Kira", HideListing(made.record, "mouldy"))
    river.clock.advance(100 * DAY_MS)
    assert tend(river.hub) == 0
    assert code(river.ask("Alice", RenewListing(made.record))) is Code.LISTING_HIDDEN
    river.do("Kira", ShowListing(made.record, "fresh again"))
    assert tend(river.hub) == 1
    assert state(river, made) == "expired"


@pytest.mark.parametrize("second", [False, True])
def test_words_that_were_said_otherwise_since_can_be_erased_by_who_wrote_them(
    river: Village, second: bool
) -> None:
    made = river.do("Alice", bread(river, title="Alice Smith's bread"))
    changed = river.do("Alice", EditListing(made.record, "food", "Bread"))
    alice = river.numbers["Alice"]
    if second:
        asked = river.ask("Alice", AskErase(alice, EntryNumber(changed.entry)))
        assert code(asked) is Code.UNDER_WAY, "it is what the market shows"
    else:
        river.do("Alice", AskErase(alice, EntryNumber(made.entry)))
    assert code(river.ask("Bob", AskErase(river.numbers["Bob"], EntryNumber(made.entry)))) is Code.NOT_YOURS
