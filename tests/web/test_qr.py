"""QR codes: large dots, one path, capitals; and under each what it says, for whoever types it."""

import re
from collections.abc import Callable

import pytest
import zxingcpp
from flask import Flask
from PIL import Image, ImageDraw

from appliance.ledger.care.claims import ClaimCare
from appliance.web import qr
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

SignedIn = Callable[..., Browser]
RIVER = "http://river.hub.internal"


def version(svg: str) -> int:
    """The version of a code, by its side: 21 dots are 1, each further one has 4 more; 4 of white around."""
    found = re.search(r'viewBox="0 0 (\d+) ', svg)
    assert found
    return (int(found.group(1)) - 2 * 4 - 17) // 4


def read(svg: str) -> str:
    """What a camera reads, from the path drawn by hand: strokes of one dot's width."""
    path = re.search(r'<path stroke="#000" d="([^"]+)"', svg)
    side = re.search(r'viewBox="0 0 (\d+) ', svg)
    assert path
    assert side
    dot = 8
    picture = Image.new("L", (int(side.group(1)) * dot,) * 2, 255)
    draw = ImageDraw.Draw(picture)
    x = y = 0.0
    for step, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path.group(1)):
        if step == "M":
            x, y = float(first), float(second)
        elif step == "m":
            x, y = x + float(first), y + float(second)
        else:
            top = int((y - 0.5) * dot)
            draw.rectangle((x * dot, top, (x + float(first)) * dot - 1, top + dot - 1), fill=0)
            x += float(first)
    codes = zxingcpp.read_barcodes(picture)
    assert len(codes) == 1
    return codes[0].text


@pytest.mark.parametrize(
    "path",
    ["/C/7K3M9Q2F", "/W/7K3M9Q2F", "/R/7K3M9Q2F", "/P/101-42-2", "/S/101-42-2/ABCDEFGHJKMNPQRSTVWXYZ23"],
)
def test_an_address_fits_version_three_and_is_read_as_it_stands(app: Flask, path: str) -> None:
    text = (RIVER + path).upper()
    with app.test_request_context("/", base_url=RIVER):
        svg = str(qr.svg(text))
    assert version(svg) <= 3
    assert read(svg) == text
    assert svg.count("<path") == 2, "the white ground, and all dots in one"


def test_capitals_and_digits_take_half_the_room(app: Flask) -> None:
    assert (
        version(str(qr.svg("HTTP://" + "A" * 54))) == 3
    )  # as many as there is room for in alphanumeric mode, M
    assert version(str(qr.svg("http://" + "a" * 54))) > 3
    with app.test_request_context("/", base_url=RIVER):
        assert qr.address("care.claim", code="7K3M9Q2F") == "HTTP://RIVER.HUB.INTERNAL/C/7K3M9Q2F"


def test_under_every_code_stands_what_it_says(village: Village, signed_in: SignedIn) -> None:
    day = village.clock.now().ms // 86_400_000
    made = village.do(
        "Dina", ClaimCare(village.numbers["Dina"], "elder", 60, day, "Tom", sheet=bytes(range(16)))
    )
    asked = village.request("Dina", None, 100)
    dina, kira = signed_in("Dina"), signed_in("Kira", OWN_SCREEN)
    code, request = made.outcome["code"], asked.outcome["code"]
    pages = [
        dina.get(f"/C/{code}"),
        dina.get(f"/C/{code}/print"),
        dina.get("/me/qr"),
        dina.get(f"/R/{request}"),
    ]
    sheet = re.search(r'href="(/W/[0-9A-Z]{8})"', pages[0].text)
    assert sheet
    pages += [dina.get(sheet.group(1)), dina.get(sheet.group(1) + "/print")]
    for page in pages:
        assert page.status_code == 200, page.request.path
        drawn = re.findall(r'aria-label="QR: ([^"]+)"', page.text)
        assert len(drawn) == 1, page.request.path
        below = page.text.partition(f'"QR: {drawn[0]}"')[2]
        assert f">{drawn[0]}<" in below, page.request.path
    card = kira.get(f"/desk/people/{village.numbers['Dina']}/card")
    assert village.account("Dina").short in card.text
