"""One offer, from the village's phones: put up in Spanish with a photo, found by its kind in English, and all that
becomes of it. Script off, but for the phone that makes its photo small by itself.
"""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import SystemClock
from appliance.ledger.market.listings import DAY_MS
from appliance.ledger.tend import tend
from tests.browser.conftest import Phone
from tests.browser.test_trouble import pin
from tests.support.village import Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def a_photo() -> FilePayload:
    """As a phone takes it: millions of pixels, hundreds of kilobytes, and where it was."""
    noise = Image.effect_noise((600, 450), 60).resize((2400, 1800)).convert("RGB")
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010F] = "Phone of Alice"
    noise.save(out, "JPEG", quality=80, exif=exif)
    assert len(out.getvalue()) > 200 * 1024
    return {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def shown_photo(phone: Phone) -> Image.Image:
    """The photo on the page, as the browser has drawn it."""
    drawn = phone.page.locator("img.photo")
    assert drawn.evaluate("it => it.complete && it.naturalWidth > 0")
    answer = phone.page.context.request.get(phone.portal.address + str(drawn.get_attribute("src")))
    assert answer.status == 200
    assert b"Phone of Alice" not in answer.body()
    return Image.open(io.BytesIO(answer.body()))


def three_months_pass(village: Village) -> None:
    """What falls due by then is done, as the portal does it once a minute."""
    village.clock.set(SystemClock().now().ms + 91 * DAY_MS)
    assert tend(village.hub) == 1


def test_fontaneria_from_spanish_words_to_a_keepers_screen(phone: Phones, village: Village) -> None:
    alice, bob, kira = phone("Alice", "es"), phone("Bob"), phone("Kira", desk=True)

    # Alice is asked what she can offer, and says it, one thing a page.
    alice.open("/")
    assert alice.reads("¿Qué puedes ofrecer?")
    alice.tap("Ofrezco algo")
    alice.type(title="fontanria y goteras", text="También los domingos")
    alice.tap("Seguir")
    assert alice.reads("Parece que es")
    assert alice.page.locator("input[name=category]:checked").get_attribute("value") == "plumbing"
    alice.tap("Seguir")
    alice.type(price="1.5", quantity="3")
    alice.page.select_option("[name=unit]", "hour")
    alice.tap("Seguir")
    alice.type(times="sábados por la mañana", place="barrio alto")
    pin(alice, "Ponerlo en el mercado")
    assert alice.reads("«fontanria y goteras» está en el mercado.")

    # The photo, by a phone without script: the file as it is.
    alice.page.set_input_files("[name=file]", a_photo())
    alice.tap("Mostrar esta foto")
    assert max(shown_photo(alice).size) == 800
    assert alice.reads("la hora")

    # Bob finds it in English, by its kind.
    bob.open("/market")
    bob.tap("By kind")
    assert bob.reads("Building 1")
    bob.tap("Building")
    assert bob.reads("Water and pipes 1")
    bob.tap("Water and pipes")
    assert bob.page.locator("img.thumb").evaluate("it => it.complete && it.naturalWidth > 0")
    bob.tap("fontanria y goteras")
    for words in (
        "1.50 h an hour",
        "sábados por la mañana",
        "barrio alto",
        "También los domingos",
        "How many are left 3",
    ):
        assert bob.reads(words), words
    listing = bob.page.url

    # Alice changes its words; search follows.
    alice.tap("Cambiarlo")
    alice.tap("¿Qué es?")
    alice.type(title="Fontanería 24/7")
    alice.tap("Guardar")
    bob.open("/market?q=fontaneria")
    assert bob.reads("Fontanería 24/7")

    # Three months later it is gone; one tap brings it back.
    three_months_pass(village)
    bob.open("/market")
    assert not bob.reads("Fontanería")
    alice.open("/market/mine")
    assert alice.reads("se acabó su tiempo en el mercado.")
    pin(alice, "Volver a ponerlo en el mercado")
    bob.open("/market")
    assert bob.reads("Fontanería 24/7")

    # Kira hides it, Alice reads why; it comes back.
    kira.open(listing)
    kira.tap("Hide it")
    kira.type(reason="no one answers")
    pin(kira, "Hide it")
    assert kira.reads("A keeper has hidden this.")
    bob.open(listing)
    assert not bob.reads("Fontanería")
    alice.open(listing)
    assert alice.reads("Kira: no one answers")
    kira.tap("Show it again")
    kira.type(reason="she answers now")
    pin(kira, "Show it again")
    bob.open("/market/kinds/building")
    assert bob.reads("Water and pipes 1")

    # With script the phone makes the photo small by itself.
    scripted = phone("Alice", script=True)
    scripted.open(listing)
    scripted.tap("Change it")
    scripted.tap("The photo")
    scripted.page.set_input_files("[type=file]", a_photo())
    scripted.page.wait_for_function("document.querySelector('[name=picture]').value.length > 1000")
    assert scripted.page.locator("[type=file]").get_attribute("name") is None, (
        "the file itself does not travel"
    )
    scripted.tap("Show this photo")
    assert max(shown_photo(scripted).size) <= 800

    assert verify(village.hub.store).head == village.hub.head()
