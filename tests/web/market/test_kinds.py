"""Stories of the market by kinds, of what keepers do about listings, and of the kinds at the desk."""

import re

from appliance.ledger.market.categories import NEW, SetCategory
from tests.web.conftest import OWN_SCREEN
from tests.web.market.test_market import SMALL, lists


def count(page: str, word: str) -> int:
    found = re.search(re.escape(word) + r'(?:</strong>)?</span><span class="sum[^"]*">(\d+)<', page)
    assert found, page
    return int(found[1])


def test_bob_goes_from_food_to_bread_and_finds_alices(village, signed_in) -> None:
    lists(village, "Alice", "offer", "bread", "Sourdough")
    lists(village, "Alice", "offer", "food", "Something to eat")
    lists(village, "Chandra", "offer", "bread", "Rolls")
    lists(village, "Dina", "offer", "bee", "A swarm")
    lists(village, "Dina", "want", "bread", "Bread, please")
    bob = signed_in("Bob")
    groups = bob.get("/market/kinds")
    assert (count(groups.text, "Food"), count(groups.text, "Animals"), count(groups.text, "Everything")) == (
        3,
        1,
        4,
    )
    assert count(groups.text, "Digital" if "Digital" in groups.text else "Phones and computers") == 0
    food = bob.get("/market/kinds/food?kind=offer")
    assert (count(food.text, "Bread and cakes"), count(food.text, "Everything of this group")) == (2, 3)
    assert count(bob.get("/market/kinds/food?kind=want").text, "Bread and cakes") == 1
    assert "/market?kind=offer&amp;category=bread" in food.text
    bread = bob.get("/market?kind=offer&category=bread").text
    assert "Sourdough" in bread
    assert "Rolls" in bread
    assert "Something to eat" not in bread
    assert "Something to eat" in bob.get("/market?kind=offer&category=food").text
    assert "Sourdough" in bob.get("/market?kind=offer&category=food").text, "a group has its kinds' as well"
    for page in (groups, food):
        assert len(page.data) < SMALL
    for none in ("/market/kinds/bread", "/market/kinds/gold", "/market/kinds/%3Cb%3E"):
        assert bob.get(none).status_code == 404


def test_kira_adds_renames_hides_and_merges_kinds_at_the_desk(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "bread", "Sourdough")
    kira, alice = signed_in("Kira", OWN_SCREEN), signed_in("Alice")
    assert signed_in("Kira").get("/desk/kinds").status_code == 403
    assert alice.get("/desk/kinds").status_code == 403
    added = kira.fill("/desk/kinds/of/new", "/of/new", follow=True, name="جبن", parent="food", icon="food")
    assert "جبن" in added.text
    form = alice.fill("/market/new?kind=offer", "/market/new", title="Cheddar")
    form = alice.fill(form, "/market/new", open="food")
    key = form.text.split("جبن")[0].rsplit('value="', 1)[1].split('"')[0]
    assert key.startswith("own")
    kira.fill("/desk/kinds/of/bread", "/of/bread", name="Pan de leña")
    assert "Pan de leña" in alice.get(f"/market/{record}").text
    assert "It is called “Pan de leña” now" in alice.get("/me/acts").text
    kira.fill("/desk/kinds/of/meal", "/of/meal", hidden="1")
    form = alice.fill("/market/new?kind=offer", "/market/new", title="Zzz")
    opened = alice.fill(form, "/market/new", open="food").text
    assert ('value="preserve"' in opened, 'value="meal"' in opened) == (True, False)
    unsaid = kira.fill("/desk/kinds/of/bread/merge", "/merge")
    assert unsaid.status_code == 422, "nothing is chosen for a keeper"
    assert "Pan de leña" in kira.get("/desk/kinds").text
    merged = kira.fill("/desk/kinds/of/bread/merge", "/merge", follow=True, into=key)
    assert "Pan de leña" not in merged.text
    assert "جبن" in alice.get(f"/market/{record}").text
    assert "Sourdough" in alice.get(f"/market?category={key}").text
    assert "Sourdough" in alice.get("/market?category=bread").text, "an old link finds what it meant"
    assert kira.get("/desk/kinds/of/bread").status_code == 404
    again = kira.fill("/desk/kinds/of/new", "/of/new", name="جبن", parent="food")
    assert again.status_code == 422
    assert "a kind of this name already" in again.text
    assert len(kira.get("/desk/kinds").data) < SMALL


def test_a_name_that_is_markup_is_text(village, signed_in) -> None:
    village.do("Kira", SetCategory(NEW, "food", "<b>x</b>", "food"))
    assert "<b>x</b>" not in signed_in("Alice").get("/market/kinds/food").text
    assert "&lt;b&gt;x&lt;/b&gt;" in signed_in("Alice").get("/market/kinds/food").text


def test_kira_hides_an_offer_alice_reads_why_and_it_comes_back(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Snake oil")
    kira, alice, bob = signed_in("Kira", OWN_SCREEN), signed_in("Alice"), signed_in("Bob")
    page = f"/market/{record}"
    assert "/hide" not in signed_in("Kira").get(page).text
    assert kira.fill(f"{page}/hide", "/hide", reason=" ").status_code == 422
    kira.fill(f"{page}/hide", "/hide", reason="it cures nothing")
    assert "it cures nothing" in alice.get(page).text
    assert "hidden by a keeper" in alice.get("/market/mine").text
    assert "Snake oil" not in bob.get("/market").text
    seen = bob.get(page).text
    assert "A keeper has hidden this" in seen
    assert "Snake oil" not in seen
    assert "it cures nothing" not in seen
    alice.fill(f"{page}/edit/words", "/edit/words", title="Olive oil")
    assert "Olive oil" not in bob.get("/market").text
    kira.fill(f"{page}/show", "/show", reason="it is olive oil")
    assert "Olive oil" in bob.get("/market").text
    assert "it is olive oil" in alice.get(page).text


def test_kira_moves_one_and_puts_two_together(village, signed_in) -> None:
    record, twice = (lists(village, "Alice", "offer", "other", title) for title in ("Bread", "Bread again"))
    kira, alice = signed_in("Kira", OWN_SCREEN), signed_in("Alice")
    kira.fill(f"/market/{record}/move", "/move", category="bread", reason="it is bread")
    assert "Bread and cakes" in alice.get(f"/market/{record}").text
    assert "Bread again" not in alice.get("/market?category=bread").text
    choice = kira.get(f"/market/{twice}/merge").text
    assert record in choice
    kira.fill(f"/market/{twice}/merge", "/merge", into=record, reason="said twice")
    assert "Bread again" not in alice.get("/market").text
    told = alice.get(f"/market/{twice}").text
    assert "You had said it twice" in told
    assert "said twice" in told


def test_the_rules_of_the_market_are_changed_by_one_keeper(village, signed_in) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    done = kira.fill(
        "/desk/rules/market",
        "/rules/market",
        follow=True,
        listing_days="30",
        photo_megabytes="0",
        reason="May",
    )
    assert "stays 30 days" in done.text
    assert "have no photos" in done.text
    assert "an offer or want stays 30 days" in signed_in("Alice").get("/me/acts").text
    wrong = kira.fill("/desk/rules/market", "/rules/market", listing_days="400", reason="x")
    assert wrong.status_code == 422
