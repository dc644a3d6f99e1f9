"""The root papers out of a printer: each copy on a sheet of its own, and a scanner reads it."""

import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser

from appliance.ledger.cli_paper import Sheet
from appliance.ledger.keys import RootPaper
from appliance.web.desk import root_paper

pytestmark = pytest.mark.browser
HUB, COMMUNITY = RootPaper(bytes(range(32))), RootPaper(bytes(range(1, 33)))


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_copy_is_a_sheet_of_its_own(chromium: Browser, language: str) -> None:
    text = root_paper.page(
        (
            Sheet("hub", "San Lorenzo de los Manantiales (101)", HUB, language),
            Sheet("community", "Valley", COMMUNITY, language),
        ),
        language,
    )
    page = chromium.new_page(java_script_enabled=False, viewport={"width": 1024, "height": 768})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(text)
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 4
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12]", printed)  # A4 in points
    page.emulate_media(media="print")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    read = sorted(code.text for code in zxingcpp.read_barcodes(picture))
    assert read == sorted([HUB.scanned()] * 2 + [COMMUNITY.scanned()] * 2)
    assert asked == []
    page.close()
