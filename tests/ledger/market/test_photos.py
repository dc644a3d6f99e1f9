"""A photo of bread: beside the book, counted, replaced, taken away, and gone when nothing shows it."""

from appliance.ledger.book import verify
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_market import ListingPhoto, Photo
from appliance.ledger.errors import Code
from appliance.ledger.market.keeping import HideListing
from appliance.ledger.market.listings import CloseListing
from appliance.ledger.market.photos import MOST_BYTES, DropPhoto, SetPhoto, digest
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.leaving import Leave
from appliance.ledger.reads import listings as reads
from appliance.ledger.tend import tend
from tests.ledger.market.test_listings import bread, code
from tests.support.village import Village

SALT = bytes(16)


def photo(made: Receipt, large: bytes = b"large" * 100, small: bytes = b"small") -> SetPhoto:
    return SetPhoto(made.record, large, small, SALT)


def kept(village: Village) -> list[int]:
    with village.hub.reading() as tx:
        return [one.entry for one in tx.rows(Photo.select().order_by(Photo.entry))]


def test_alice_shows_her_bread_and_bob_sees_it(river: Village) -> None:
    made = river.do("Alice", bread(river))
    shown = river.do("Alice", photo(made))
    with river.hub.reading() as tx:
        view = reads.listing(tx, made.record, river.numbers["Bob"])
        assert view is not None
        assert view.photo == shown.entry
        assert reads.photo(tx, shown.entry, small=False) == (made.record, b"large" * 100)
        assert reads.photo(tx, shown.entry, small=True) == (made.record, b"small")
        row = tx.get(ListingPhoto, listing=made.record)
    assert row is not None
    assert (
        bytes(row.digest)
        == digest(SALT, b"large" * 100, b"small")
        != digest(b"x" * 16, b"large" * 100, b"small")
    )
    assert verify.verify(river.hub.store).head == river.hub.head()


def test_the_photo_before_and_the_one_taken_away_are_kept_nowhere(river: Village) -> None:
    made = river.do("Alice", bread(river))
    river.do("Alice", photo(made))
    second = river.do("Alice", photo(made, b"second"))
    assert kept(river) == [second.entry]
    river.do("Alice", DropPhoto(made.record))
    assert kept(river) == []
    assert code(river.ask("Alice", DropPhoto(made.record))) is Code.UNKNOWN_LISTING


def test_what_ends_takes_its_photo_along(river: Village) -> None:
    made, other = river.do("Alice", bread(river)), river.do("Alice", bread(river))
    for one in (made, other):
        river.do("Alice", photo(one))
    river.do("Alice", CloseListing(made.record))
    assert tend(river.hub) == 1
    assert len(kept(river)) == 1
    river.do("Alice", Leave(river.numbers["Alice"]))
    assert tend(river.hub) == 1
    assert kept(river) == []


def test_who_may_not(river: Village) -> None:
    made = river.do("Alice", bread(river))
    assert code(river.ask("Bob", photo(made))) is Code.NOT_YOURS
    assert code(river.ask("Kira", photo(made))) is Code.NOT_YOURS
    river.do("Alice", photo(made))
    assert code(river.ask("Bob", DropPhoto(made.record))) is Code.NOT_YOURS
    assert code(river.ask("Kira", DropPhoto(made.record))) is Code.TEXT_MISSING
    river.do("Kira", DropPhoto(made.record, "somebody's face"))
    river.do("Alice", CloseListing(made.record))
    assert code(river.ask("Alice", photo(made))) is Code.LISTING_CLOSED


def test_photos_have_bounds_each_and_together(river: Village) -> None:
    made, other = river.do("Alice", bread(river)), river.do("Bob", bread(river, "Bob"))
    for wrong in (photo(made, b""), photo(made, small=b""), photo(made, bytes(MOST_BYTES))):
        assert code(river.ask("Alice", wrong)) is Code.PHOTO_WRONG
    river.do("Kira", ChangeRules("market", {"photo_megabytes": 1}, "a small card"))
    large = bytes(MOST_BYTES - 5)
    fits = (1024 * 1024) // MOST_BYTES
    for _ in range(fits):
        river.do("Bob", photo(river.do("Bob", bread(river, "Bob")), large))
    assert code(river.ask("Alice", photo(made, large))) is Code.PHOTO_ROOM
    river.do("Alice", photo(made))
    assert code(river.ask("Bob", photo(other, large))) is Code.PHOTO_ROOM
    river.do("Kira", ChangeRules("market", {"photo_megabytes": 0}, "none at all"))
    assert code(river.ask("Alice", photo(made))) is Code.PHOTO_ROOM


def test_one_in_place_of_another_needs_no_room_of_its_own(river: Village) -> None:
    made = river.do("Alice", bread(river))
    river.do("Kira", ChangeRules("market", {"photo_megabytes": 1}, "a small card"))
    large = bytes(MOST_BYTES - 5)
    for _ in range((1024 * 1024) // MOST_BYTES - 1):
        river.do("Alice", photo(river.do("Alice", bread(river)), large))
    for _ in range(2):
        river.do("Alice", photo(made, large))


def test_nobody_else_sees_the_photo_of_what_a_keeper_has_hidden(river: Village) -> None:
    made = river.do("Alice", bread(river))
    river.do("Alice", photo(made))
    river.do("Kira", HideListing(made.record, "a face"))
    with river.hub.reading() as tx:
        views = [reads.listing(tx, made.record, river.numbers[name]) for name in ("Alice", "Bob")]
    assert [view is not None and view.photo is not None for view in views] == [True, False]
