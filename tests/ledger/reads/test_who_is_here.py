"""The directory: who fits, by name in any script, with what each gives and needs; pages within their bounds."""

import pytest

from appliance.ledger.book.feed import FarListing, FarPerson
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market import marks
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.people.leaving import LEFT, CloseMember
from appliance.ledger.people.life import Away, Freeze
from appliance.ledger.people.members import Approve
from appliance.ledger.reads.who_is_here import LARGEST_PAGE, Directory, Looking, directory, gone
from appliance.ledger.values import RecordId
from tests.support.two_villages import HILL, TwoVillages, make_two_villages
from tests.support.village import Village


def look(village: Village, viewer: str = "Alice", page: int = 1, size: int = 20, **also: object) -> Directory:
    with village.hub.reading() as tx:
        return directory(tx, village.numbers[viewer], Looking(**also), page, size)  # type: ignore[arg-type]


def names(found: Directory) -> list[str]:
    return [entry.who.name for entry in found.entries]


def mark(village: Village, who: str, kind: str, item: int, hub: int = 0) -> Refusal | None:
    return marks.keep(village.hub.store, village.numbers[who], kind, hub, item, village.clock.now())


def test_everybody_by_name_with_what_they_give_and_need(river: Village) -> None:
    for n in range(5):
        river.do("Bob", OpenListing(river.numbers["Bob"], OFFER, "food", f"Bread {n}"))
    river.do("Bob", OpenListing(river.numbers["Bob"], WANT, "repair", "My roof"))
    found = look(river)
    assert names(found) == ["Alice", "Bob", "Chandra", "Dina", "Kira"]
    bob = found.entries[1]
    assert (bob.gives, bob.needs, bob.more) == (("Bread 4", "Bread 3", "Bread 2"), ("My roof",), 2)
    assert names(look(river, kind=OFFER)) == ["Bob"]
    assert names(look(river, kind=WANT)) == ["Bob"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("José Ángel", "jose"),
        ("José Ángel", "ANG jos"),
        ("Łucja", "łuc"),
        ("हरि शर्मा", "शर्मा"),
        ("فاطمة الزهراء", "الزهراء"),
        ("田中花子", "花子"),
        ("Anne-Marie", "marie"),
        ("O'Neill %", "O'Neill %"),
    ],
)
def test_a_name_is_found_as_it_is_written_or_typed(river: Village, name: str, typed: str) -> None:
    number = river.join(name)
    river.do("Kira", Approve(number))
    assert names(look(river, text=typed)) == [name]
    assert names(look(river, text=str(number))) == [name]
    assert names(look(river, text=f" {number} ")) == [name]


@pytest.mark.parametrize("typed", ["%", "_", "*", '"', "a OR b", "9" * 40, "zzz", "ob"])
def test_what_is_typed_is_no_pattern(river: Village, typed: str) -> None:
    assert names(look(river, text=typed)) == []


def test_page_and_size_out_of_bounds_are_brought_within_them(river: Village) -> None:
    for page, size, shown, at in (
        (1, 2, ["Alice", "Bob"], (1, 3)),
        (3, 2, ["Kira"], (3, 3)),
        (99, 2, ["Kira"], (3, 3)),
        (-3, 2, ["Alice", "Bob"], (1, 3)),
        (1, 0, ["Alice"], (1, 5)),
        (1, -9, ["Alice"], (1, 5)),
        (1, 10**12, ["Alice", "Bob", "Chandra", "Dina", "Kira"], (1, 1)),
    ):
        found = look(river, page=page, size=size)
        assert (names(found), (found.page, found.pages), found.found) == (shown, at, 5)
    assert LARGEST_PAGE < 100


def test_who_is_gone_or_not_in_is_not_there_and_who_is_away_gives_nothing_now(river: Village) -> None:
    river.join("Emil")
    river.do("Bob", OpenListing(river.numbers["Bob"], OFFER, "food", "Bread"))
    river.do("Bob", Away(river.numbers["Bob"]))
    river.do("Kira", Freeze(river.numbers["Chandra"], "a quarrel"))
    river.do("Kira", CloseMember(river.numbers["Dina"], LEFT, "has moved"))
    found = look(river)
    assert names(found) == ["Alice", "Bob", "Kira"]
    assert found.entries[1].gives == ()
    assert names(look(river, kind=OFFER)) == []


def test_a_favourite_is_somebody_who_is_there_and_leaves_in_words(river: Village) -> None:
    bob, dina = river.numbers["Bob"], river.numbers["Dina"]
    bread = river.do("Bob", OpenListing(bob, OFFER, "food", "Bread"))
    assert mark(river, "Alice", marks.MEMBER, bob) is None
    assert mark(river, "Alice", marks.MEMBER, bob) is None
    assert mark(river, "Alice", marks.MEMBER, dina) is None
    assert mark(river, "Alice", marks.LISTING, bread.entry) is None
    for kind, item, hub, code in (
        (marks.MEMBER, 77, 0, Code.UNKNOWN_ACCOUNT),
        (marks.MEMBER, bob, 999, Code.UNKNOWN_ACCOUNT),
        (marks.MEMBER, river.numbers["Alice"], 0, Code.OWN_ACCOUNT),
        (marks.LISTING, bread.entry + 1, 0, Code.UNKNOWN_LISTING),
        ("village", bob, 0, Code.UNKNOWN_ACCOUNT),
    ):
        refused = mark(river, "Alice", kind, item, hub)
        assert refused is not None
        assert refused.code is code
    assert names(look(river, favourites=True)) == ["Bob", "Dina"]
    assert names(look(river, "Chandra", favourites=True)) == [], "nobody else's are shown"
    river.do("Kira", CloseMember(dina, LEFT, "has moved"))
    river.do("Bob", CloseListing(RecordId(bread.record)))
    assert names(look(river, favourites=True)) == ["Bob"]
    with river.hub.reading() as tx:
        lost = {(one.kind, one.item) for one in gone(tx, river.numbers["Alice"])}
    assert lost == {(marks.MEMBER, dina), (marks.LISTING, bread.entry)}
    marks.drop(river.hub.store, river.numbers["Alice"], marks.MEMBER, 0, dina)
    with river.hub.reading() as tx:
        assert {one.kind for one in gone(tx, river.numbers["Alice"])} == {marks.LISTING}


def test_so_many_favourites_are_the_most(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST", 2)
    assert mark(river, "Alice", marks.MEMBER, river.numbers["Bob"]) is None
    assert mark(river, "Alice", marks.MEMBER, river.numbers["Dina"]) is None
    refused = mark(river, "Alice", marks.MEMBER, river.numbers["Chandra"])
    assert refused is not None
    assert (refused.code, refused.numbers) == (Code.TOO_MANY, {"most": 2})
    assert mark(river, "Alice", marks.MEMBER, river.numbers["Bob"]) is None


@pytest.fixture
def two(tmp_path):
    made = make_two_villages(tmp_path)
    yield made
    made.close()


def test_of_other_villages_only_who_lets_the_name_be_known(two: TwoVillages) -> None:
    river = two.river
    two.limit(HILL)
    with river.hub.store.write() as tx:
        tx.insert(FarPerson, hub=HILL, number=2, name="Chandra of Hill")
        tx.insert(FarPerson, hub=HILL, number=3, name="")  # hides the name since
        terms = {"kind": OFFER, "category": "food", "price": None, "open": True, "seen_ms": 1}
        extra = {name: None for name in tx.columns(FarListing) if name not in {*terms, "id", "hub"}}
        row = {**extra, **terms, "hub": HILL, "listing": 9, "owner": 2, "title": "Cheese"}
        tx.insert(
            FarListing, **{name: value for name, value in row.items() if value is not None or name == "price"}
        )
    found = look(river)
    far = [entry for entry in found.entries if entry.who.far]
    assert [(e.who.name, e.who.hub, e.gives) for e in far] == [("Chandra of Hill", HILL, ("Cheese",))]
    assert [e.who.far for e in found.entries] == sorted(e.who.far for e in found.entries), "own ones first"
    assert names(look(river, here=False)) == ["Chandra of Hill"]
    assert not any(e.who.far for e in look(river, elsewhere=False).entries)
    assert mark(river, "Alice", marks.MEMBER, 2, HILL) is None
    refused = mark(river, "Alice", marks.MEMBER, 3, HILL)
    assert refused is not None
    assert names(look(river, favourites=True)) == ["Chandra of Hill"]
