"""QR codes: large dots, one path, capitals; and under each what it says, for whoever types it."""

import re
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
import zxingcpp
from flask import Flask, template_rendered
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Template
from PIL import Image, ImageDraw
from werkzeug.test import TestResponse

from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.values import Account, AccountNumber, parse_account
from appliance.web.ground import qr
from appliance.web.people import sheets
from appliance.web.server import BadAddress, base_address
from tests.support.village import PIN, Village
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


HOST_LETTERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=30)
HOSTS = st.one_of(
    st.lists(HOST_LETTERS, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["[fd00::1]", "192.168.4.1", "river.hub.internal", "a_b.internal", "møllebæk.internal"]),
)
BASES = st.tuples(st.sampled_from(["http", "https"]), HOSTS, st.none() | st.integers(1, 65_535)).map(
    lambda part: f"{part[0]}://{part[1]}" + ("" if part[2] is None else f":{part[2]}")
)
PREFIXES = st.sampled_from(["", "/hub", "/village/of/the/river"])
CODE = "7K3M9Q2F"
PLACES = {
    "care.claim": {"code": CODE},
    "care_sheets.sheet": {"code": CODE},
    "ask.request_page": {"code": CODE},
    "pay.to": {"account": "10100422"},
    "sheets.scanned": {"account": "422", "letters": "ABCDEFGHJKMNPQRSTVWXYZ23"},
}
"""Every place whose address is drawn as a code, as it is named in the portal."""


def test_these_are_all_the_places_with_a_code() -> None:
    made = [
        endpoint
        for path in Path(qr.__file__).parents[1].rglob("*.py")
        for endpoint in re.findall(r"qr\.address\(\s*\"([a-z_.]+)\"", path.read_text("utf-8"))
    ]
    assert {"ask.request_page" if endpoint == ".request_page" else endpoint for endpoint in made} == set(
        PLACES
    )


@given(base=BASES, prefix=PREFIXES, place=st.sampled_from(sorted(PLACES)), configured=st.booleans())
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
def test_whatever_the_hub_is_called_no_code_is_too_fine(
    app: Flask, base: str, prefix: str, place: str, configured: bool
) -> None:
    """As it is set, or as somebody's browser names it; behind a prefix too. What has no code says so."""
    asked, kept = (RIVER, base + prefix) if configured else (base + prefix, None)
    with app.test_request_context("/", base_url=asked), mock.patch.dict(app.config, ADDRESS=kept):
        address = qr.address(place, **PLACES[place])
        drawn = str(qr.of_address(address))
    if "<svg" in drawn:
        assert version(drawn) <= 3
        assert len(address) <= 61
    else:
        assert "too long for a code" in drawn
        assert len(address) > 61 or not re.fullmatch(r"[0-9A-Z $%*+\-./:]*", address)


@given(
    base=BASES, member=st.integers(1, 99_999), place=st.sampled_from(sorted({*PLACES} - {"sheets.scanned"}))
)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
def test_an_address_with_which_the_portal_starts_has_all_codes_but_the_sheets(
    app: Flask, base: str, member: int, place: str
) -> None:
    try:
        kept = base_address(base)
    except BadAddress:
        return
    values = {"account": Account(101, AccountNumber(member)).compact} if place == "pay.to" else PLACES[place]
    with app.test_request_context("/", base_url=RIVER), mock.patch.dict(app.config, ADDRESS=kept):
        assert qr.fits(qr.address(place, **values))


@given(member=st.integers(1, 999_999), name=st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, database=None)
def test_the_sheets_code_has_room_for_a_villages_name(member: int, name: str) -> None:
    """Up to 9 999 members and a name of eight letters; and what it carries is understood as that member."""
    account = Account(101, AccountNumber(member))
    number = sheets.number_in_code(account)
    assert parse_account(number, home=101) == account
    address = f"http://{name}.hub.internal/S/{number}/{'A' * 24}".upper()
    assert qr.fits(address) == (len(address) <= 61)
    assert member > 9_999 or qr.fits(address)


WITH_CODES = {
    "desk/_card.html",
    "money/account_qr.html",
    "care/claim.html",
    "care/confirm.html",
    "care/paper.html",
    "care/sheet.html",
    "people/my_qr.html",
    "money/request_mine.html",
    "people/sheet_paper.html",
}
"""Every page that draws the code of an address; each is asked for below, and has its text under the code."""


def under_each(page: TestResponse) -> set[str]:
    """What the codes of a page say, each of which stands in letters below it; and that the page has any."""
    assert page.status_code == 200, page.request.path
    drawn = re.findall(r'aria-label="QR: ([^"]+)"', page.text)
    assert drawn, page.request.path
    for text in drawn:
        assert f">{text}<" in page.text.partition(f'"QR: {text}"')[2], page.request.path
    return set(drawn)


def test_under_every_code_stands_what_it_says(app: Flask, village: Village, signed_in: SignedIn) -> None:
    here = Path(qr.__file__).parents[1] / "templates"
    assert {
        path.relative_to(here).as_posix()
        for path in here.rglob("*.html")
        if "|qr }}" in path.read_text("utf-8")
    } == WITH_CODES
    seen: set[str] = set()

    def note(_app: Flask, template: Template, **_more: object) -> None:
        seen.add(str(template.name))

    day = village.clock.now().ms // 86_400_000
    number = village.numbers["Dina"]
    made = village.do("Dina", ClaimCare(number, "elder", 60, day, "Tom", sheet=bytes(range(16))))
    written = village.do("Bob", ClaimCare(number, "elder", 60, day, recipient=village.numbers["Bob"]))
    asked = village.request("Dina", None, 100)
    further = village.do("Kira", OpenAccount(number, "business", "The mill", "decided")).outcome["number"]
    dina, kira, bob = signed_in("Dina"), signed_in("Kira", OWN_SCREEN), signed_in("Bob")
    code, request = made.outcome["code"], asked.outcome["code"]
    with template_rendered.connected_to(note, app):
        first = dina.get(f"/C/{code}")
        pages = [first, dina.get(f"/C/{code}/print"), dina.get("/me/qr"), dina.get(f"/R/{request}")]
        sheet = re.search(r'href="(/W/[0-9A-Z]{8})"', first.text)
        assert sheet
        pages += [dina.get(sheet.group(1)), dina.get(sheet.group(1) + "/print")]
        pages += [dina.get(f"/account/{further}/qr"), bob.get(f"/C/{written.outcome['code']}")]
        pages.append(dina.fill("/me/sheet", "/me/sheet", pin=PIN))
        assert f"/S/{sheets.number_in_code(village.account('Dina'))}/" in "".join(under_each(pages[-1]))
        card = kira.get(f"/desk/people/{number}/card")
        wallet = card.text.partition('class="wallet"')[2].partition("</div></div>")[0]
        assert {f">{text}<" in wallet for text in under_each(card)} == {True}, "on the card itself"
        for page in pages:
            under_each(page)
    drawing = {name for name in WITH_CODES if name != "desk/_card.html"}
    assert drawing <= seen, drawing - seen
