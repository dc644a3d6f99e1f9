"""The page that root papers are printed from: whole in itself, twice, and in no portal."""

import re
from pathlib import Path

import pytest
import zxingcpp

from appliance.ledger.cli_paper import Sheet, sheets
from appliance.ledger.keys import RootPaper
from appliance.web.desk import root_paper
from tests.support.drawn import drawn
from tests.support.village import Village

PAPER = RootPaper(bytes(range(32)))


@pytest.fixture
def page() -> str:
    return root_paper.page((Sheet("hub", "River (101)", PAPER, "pt"),), "en")


def test_its_code_its_letters_and_its_words_are_one_paper(page: str) -> None:
    for copy in page.split("<section>")[1:]:
        (code,) = zxingcpp.read_barcodes(drawn(copy))
        words = dict(re.findall(r"<b>(\d+)</b>(\w+)</li>", copy))
        groups = re.findall(r"<span>([A-Z2-7]{4})</span>", copy)
        (beneath,) = re.findall(r"<code>([^<]+)</code>", copy)
        assert RootPaper.parse(" ".join(words[str(at)] for at in range(1, 25))) == PAPER
        assert RootPaper.parse(" ".join(groups)) == PAPER
        assert code.text == beneath == PAPER.scanned()
        assert PAPER.public.hex() in copy


def test_a_quarter_of_the_code_may_be_lost(page: str) -> None:
    picture = drawn(page)
    side = picture.width
    picture.paste(255, (side // 2, side // 2, side // 2 + side // 5, side // 2 + side // 5))
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == PAPER.scanned()


def test_each_code_is_one_path(page: str) -> None:
    assert page.count("<path stroke") == page.count("<svg") == 2


def test_it_needs_nothing_from_outside_and_lets_nothing_out(page: str) -> None:
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|src=|href=|url\(|<script|<link|<img|@import", page)


def test_two_copies_of_each_paper(village: Village) -> None:
    page = root_paper.page(sheets(village.hub, village.papers, "es"), "es")
    assert [page.count(f"copia {one} de 2") for one in (1, 2)] == [2, 2]
    assert page.count("<section>") == 4
    assert page.count('lang="es"') == 1


def test_a_language_without_a_catalog_has_its_words_all_the_same(page: str) -> None:
    assert 'lang="en"' in root_paper.page((Sheet("hub", "River", PAPER, "de"),), "de")
    assert PAPER.words("pt")[0] in page


def test_a_name_is_text_and_no_markup() -> None:
    page = root_paper.page((Sheet("hub", "<b>River & Sons", PAPER),), "en")
    assert "&lt;b&gt;River &amp; Sons" in page


def test_no_page_of_the_portal_has_it(app) -> None:
    """Nothing that is served calls it: only the terminal does."""
    web = Path(root_paper.__file__).parents[1]
    using = [
        file.name
        for file in web.glob("*.py")
        if file.name != "root_paper.py" and "root_paper" in file.read_text("utf-8")
    ]
    assert using == []
    assert not [rule for rule in app.url_map.iter_rules() if "root" in rule.rule]
