"""The kinds of offers and wants: what is shipped, and what keepers make of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.book import taxonomy
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.taxonomy import OTHER, SHIPPED, SHIPPED_PARENT, WIRE, Category, Taxonomy
from appliance.ledger.errors import Code
from appliance.ledger.market.categories import LONGEST_WORD, NEW, MergeCategory, SetCategory
from tests.ledger.market.test_changing import clean
from tests.ledger.market.test_listings import bread, code, row
from tests.support.village import Village


def kinds(village: Village) -> Taxonomy:
    with village.hub.reading() as tx:
        return taxonomy.of(tx)


def add(village: Village, name: str, parent: str | None = "food") -> str:
    made = village.do("Kira", SetCategory(NEW, parent, name, "food"))
    return f"own{made.entry}"


def test_a_village_trades_in_some_ten_groups_of_four_to_eight() -> None:
    assert len(SHIPPED) == 14
    assert {len(children) for group, children in SHIPPED.items() if group != OTHER} <= set(range(4, 9))
    assert set(CATEGORIES) <= set(SHIPPED_PARENT), "what older books say is a kind still"
    assert sorted(WIRE) == sorted(SHIPPED_PARENT), "each has its place on the wire, once"
    assert all(len(key) <= 20 for key in WIRE)


def test_kira_adds_cheese_and_alice_offers_some(river: Village) -> None:
    cheese = add(river, "  Fromage 🧀 de chèvre ")
    assert kinds(river).get(cheese).name == "Fromage 🧀 de chèvre"
    made = river.do("Alice", bread(river, category=cheese))
    assert row(river, made).category == cheese
    assert kinds(river).shipped(cheese) == "food", "other villages and payments read the nearest they know"
    assert cheese in kinds(river).under("food")
    group = add(river, "Boats", None)
    assert kinds(river).shipped(group) == OTHER
    assert clean(river)


def test_a_new_name_is_read_with_every_listing_at_once(river: Village) -> None:
    made = river.do("Alice", bread(river, category="bread"))
    river.do("Kira", SetCategory("bread", "food", "Our daily bread", "food"))
    assert kinds(river).get(row(river, made).category).name == "Our daily bread"
    river.do("Kira", SetCategory("bread", "food", "", "food"))
    assert kinds(river).get("bread").name == "", "and the shipped word is back"


def test_putting_two_kinds_together_takes_the_listings_along(river: Village) -> None:
    cheese, milk = add(river, "Cheese"), add(river, "Milk")
    offers = [river.do("Alice", bread(river, category=kind)) for kind in (cheese, milk, "dairy")]
    river.do("Kira", MergeCategory(cheese, milk))
    river.do("Kira", MergeCategory(milk, "dairy"))
    assert [row(river, one).category for one in offers] == ["dairy"] * 3
    assert kinds(river).get(cheese).key == "dairy", "what says the old name means the new one"
    assert cheese not in {one.key for one in kinds(river).children("food", hidden=True)}
    assert set(kinds(river).under("dairy")) == {"dairy", cheese, milk}
    assert code(river.ask("Alice", bread(river, category=cheese))) is Code.UNKNOWN_CATEGORY
    for command in (MergeCategory(cheese, "meal"), MergeCategory("meal", cheese)):
        assert code(river.ask("Kira", command)) is Code.UNKNOWN_CATEGORY
    assert clean(river)


def test_a_group_takes_its_kinds_along(river: Village) -> None:
    made = river.do("Alice", bread(river, category="bee"))
    for into in ("bread", OTHER, "bee", "nothing"):
        assert code(river.ask("Kira", MergeCategory("animals", into))) is Code.UNKNOWN_CATEGORY
    river.do("Kira", MergeCategory("animals", "garden"))
    assert kinds(river).get("bee").parent == "garden"
    assert row(river, made).category == "bee"
    assert "bee" in kinds(river).under("garden")
    assert kinds(river).get("animals").key == "garden"


def test_what_is_hidden_takes_nothing_new_and_keeps_what_it_has(river: Village) -> None:
    made = river.do("Alice", bread(river, category="bread"))
    river.do("Kira", SetCategory("bread", "food", "", "food", hidden=True))
    assert code(river.ask("Bob", bread(river, "Bob", category="bread"))) is Code.UNKNOWN_CATEGORY
    assert row(river, made).category == "bread"
    assert "bread" in kinds(river).under("food")
    river.do("Kira", SetCategory("bread", "food", "", "food"))
    river.do("Bob", bread(river, "Bob", category="bread"))
    river.do("Kira", SetCategory("food", None, "", "food", hidden=True))
    assert code(river.ask("Bob", bread(river, "Bob", category="bread"))) is Code.UNKNOWN_CATEGORY


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (SetCategory(NEW, "food", " ", "food"), Code.TEXT_MISSING),
        (SetCategory(NEW, "food", "x" * (LONGEST_WORD + 1), "food"), Code.TEXT_TOO_LONG),
        (SetCategory(NEW, "bread", "Rye bread", "food"), Code.UNKNOWN_CATEGORY),
        (SetCategory(NEW, "nothing", "Rye bread", "food"), Code.UNKNOWN_CATEGORY),
        (SetCategory(NEW, OTHER, "Rye bread", "food"), Code.UNKNOWN_CATEGORY),
        (SetCategory(NEW, "food", "Rye bread", "<svg>"), Code.UNKNOWN_CATEGORY),
        (SetCategory("nothing", "food", "Rye bread", "food"), Code.UNKNOWN_CATEGORY),
        (SetCategory("food", "garden", "", "food"), Code.UNKNOWN_CATEGORY),
        (SetCategory(OTHER, None, "", "other", hidden=True), Code.UNKNOWN_CATEGORY),
        (MergeCategory(OTHER, "food"), Code.UNKNOWN_CATEGORY),
        (MergeCategory("bread", "bread"), Code.UNKNOWN_CATEGORY),
    ],
)
def test_what_cannot_be(river: Village, command: SetCategory | MergeCategory, why: Code) -> None:
    before = river.hub.head()
    assert code(river.ask("Kira", command)) is why
    assert code(river.ask("Alice", command)) is Code.NOT_KEEPER
    assert river.hub.head() == before


def test_no_two_kinds_have_one_name(river: Village) -> None:
    add(river, "Cheese")
    assert code(river.ask("Kira", SetCategory(NEW, "food", "CHEESE", "food"))) is Code.CATEGORY_THERE


KEYS = ("food", "bread", "meal", "garden", "bee", "animals", OTHER, "own1", "own2", "own3")
ROWS = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS), st.booleans()),
    max_size=6,
    unique_by=lambda r: r[0],
)


@settings(max_examples=150)
@given(ROWS)
def test_whatever_keepers_do_every_key_means_one_kind_and_is_found_under_one_group(
    rows: list[tuple[str, str, bool]],
) -> None:
    """Of rows as the commands leave them: an own kind under a group, and what is merged, merged once."""
    made = [
        Category(key, "food" if key.startswith("own") else SHIPPED_PARENT.get(key), key, hidden=hidden)
        for key, _into, hidden in rows
        if key != OTHER
    ]
    tree = Taxonomy(made)
    for key in (*KEYS, "no such kind"):
        kind = tree.get(key)
        assert kind.merged_into is None
        assert tree.shipped(key) in WIRE
        if key in tree.all:
            top = kind.parent or kind.key
            assert key in tree.under(top)
    assert [group for group in tree.groups(hidden=True) if "bread" in tree.under(group.key)] == [
        tree.get("food")
    ]
