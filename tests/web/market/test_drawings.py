"""Each kind has a drawing of its own, and a page with all of them is small."""

import re

import pytest

from appliance.ledger.book.taxonomy import SHIPPED
from appliance.ledger.market.categories import NEW, SetCategory
from appliance.ledger.market.listings import OpenListing
from appliance.web.wording import drawings
from appliance.web.wording.labels import _PICTURES
from tests.web.conftest import Browser

SMALL = 30 * 1024
PATH = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9. -]+")


def test_every_shipped_kind_has_one_path_of_its_own_and_it_is_short() -> None:
    shipped = {kind for kinds in SHIPPED.values() for kind in kinds}
    assert shipped - {"tools", "crafts"} == set(drawings.KINDS)
    every = [*drawings.KINDS.values(), *(_PICTURES[key] for key in (*SHIPPED, "tools", "crafts"))]
    assert len(set(every)) == len(every)
    for path in drawings.KINDS.values():
        assert PATH.fullmatch(path)
        assert path.startswith("M")
        assert len(path) <= 140


def test_bread_is_drawn_as_bread_until_keepers_choose_otherwise(village, signed_in) -> None:
    bob: Browser = signed_in("Bob")

    def shown() -> str:
        page = bob.get("/market/kinds/food").text
        (path,) = re.findall(r'<path d="([^"]*)"/></svg>(?:Bread and cakes|Baking)<', page)
        return path

    assert shown() == drawings.KINDS["bread"]
    village.do("Kira", SetCategory("bread", "food", "Baking", "food", False))
    assert shown() == drawings.KINDS["bread"], "it has another name, and is drawn as before"
    village.do("Kira", SetCategory("bread", "food", "Baking", "events", False))
    assert shown() == _PICTURES["events"]
    village.do("Kira", SetCategory(NEW, "food", "Insects", "food", False))
    assert f'{_PICTURES["food"]}"/></svg>Insects' in bob.get("/market/kinds/food").text


@pytest.mark.parametrize("language", ["en", "hi", "ar"])
def test_every_kind_is_chosen_by_its_drawing_group_by_group(signed_in, language: str) -> None:
    alice: Browser = signed_in("Alice")
    alice.get(f"/language/{language}")
    page = alice.fill(alice.get("/market/new?kind=offer"), "/market/new", title="Xyzzy", text="of <mine>")
    found: dict[str, str] = {}
    for group, kinds in SHIPPED.items():
        assert f'<button name="open" value="{group}" formnovalidate' in page.text
        page = alice.fill(page, "/market/new", open=group)
        assert page.status_code == 200
        shown = re.findall(r'value="([a-z_]+)"( checked)?><svg [^>]*><path d="([^"]*)"/></svg>', page.text)
        assert {kind for kind, _, _ in shown} == {*kinds, group}
        assert [kind for kind, checked, _ in shown if checked] == ([] if kinds else [group])
        found.update({kind: path for kind, _, path in shown})
        assert "of &lt;mine&gt;" in page.text, "what was said before rides along"
        styles = len(alice.get("/static/portal.css").data)
        assert len(page.data) + styles <= SMALL, group
    assert {kind: found[kind] for kind in drawings.KINDS} == drawings.KINDS


def test_a_group_is_only_looked_at_until_a_kind_is_chosen(signed_in) -> None:
    alice: Browser = signed_in("Alice")
    page = alice.fill(alice.get("/market/new?kind=offer"), "/market/new", title="Fresh bread")
    assert 'value="bread" checked' in page.text, "what it looks like comes first"
    page = alice.fill(page, "/market/new", open="repair")
    assert 'value="bicycle_repair">' in page.text
    refused = alice.fill(page, "/market/new")
    assert refused.status_code == 422
    assert 'value="bicycle_repair">' in refused.text, "the group stays open"
    assert alice.fill(page, "/market/new", open="gold").status_code == 200
    price = alice.fill(page, "/market/new", category="bicycle_repair")
    assert 'name="category" value="bicycle_repair"' in price.text


def test_a_listing_that_is_changed_gets_another_kind_from_another_group(village, signed_in) -> None:
    made = village.do("Alice", OpenListing(village.numbers["Alice"], "offer", "bread", "Bread"))
    alice: Browser = signed_in("Alice")
    path = f"/market/{made.record.hex()}/edit/sort"
    page = alice.get(path)
    assert 'value="bread" checked' in page.text
    page = alice.fill(page, path, open="repair")
    assert page.status_code == 200
    assert 'value="bicycle_repair">' in page.text
    alice.fill(page, path, category="bicycle_repair")
    assert "Bicycle repair" in alice.get(f"/market/{made.record.hex()}").text
