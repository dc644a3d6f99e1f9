"""Alice opens the hub's second address with a phone that took its authority, and pays there; her other sign-in stays."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Error as PlaywrightError

from appliance.ledger import authority
from tests.browser.conftest import PHONE
from tests.browser.test_air import look, pay, sign_in
from tests.support.chromium import launch
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAME = "river.hub.internal"


@pytest.fixture
def portal(village: Village) -> Iterator[Portal]:
    with Portal(village.hub.data, named=NAME) as running:
        yield running
    assert "Traceback" not in running.log.read_text("utf-8")


def key_of_what_is_shown(data: Path) -> str:
    """As Chromium names a key that it takes by way of exception."""
    shown = x509.load_pem_x509_certificate((data / "keys" / authority.SHOWN).read_bytes())
    encoded = shown.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode("ascii")


@pytest.fixture
def taken(chromium: Browser, portal: Portal) -> Iterator[Browser]:
    """A browser that knows the hub's name and takes its certificate, and no other."""
    key = key_of_what_is_shown(portal.data)
    words = ["--host-resolver-rules=MAP * 127.0.0.1", f"--ignore-certificate-errors-spki-list={key}"]
    started = launch(chromium.browser_type, *words)
    yield started
    started.close()


def context(browser: Browser, script: bool) -> BrowserContext:
    # What a phone would send: it does not sit at the hub's own screen.
    made = browser.new_context(
        viewport=PHONE, java_script_enabled=script, extra_http_headers={"Via": "1.1 air"}
    )
    made.set_default_timeout(60_000)
    return made


@pytest.mark.parametrize("script", [True, False], ids=["script", "no_script"])
def test_she_signs_in_and_pays_at_both_addresses(
    taken: Browser, portal: Portal, village: Village, script: bool
) -> None:
    phone = context(taken, script)
    page = phone.new_page()
    plain, sealed = f"http://{NAME}:{portal.port}", f"https://{NAME}:{portal.https_port}"
    for at, amount in ((sealed, "0.11"), (plain, "0.12"), (sealed, "0.13")):
        if amount != "0.13":  # the first sign-in is there still
            sign_in(page, at, village.account("Alice").short, PIN)
        pay(page, at, village.account("Bob").compact, amount, PIN)
        assert page.url.startswith(at)
    names = {cookie["name"]: cookie["secure"] for cookie in phone.cookies()}
    assert names["__Host-tch101"] is True
    assert names["tch101"] is False
    # Codes lead to the plain address: who scans one may not have taken the authority.
    page.goto(f"{sealed}/me/qr")
    assert (
        (page.locator("svg.qr").get_attribute("aria-label") or "")
        .upper()
        .startswith(f"QR: {plain}/P/".upper())
    )
    page.goto(f"{sealed}/me")
    page.get_by_role("link", name="The lock in the address").click()
    page.wait_for_url(re.compile("/https$"))
    look(page, f"https-{script}")
    assert len(page.content()) < 30_000
    found = authority.read(portal.data)
    assert found is not None
    assert page.locator("span.code").all_inner_texts() == authority.in_groups(found.fingerprint)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"{sealed}/me")
    page.locator("form[action='/leave'] button").first.click()
    page.wait_for_url(f"{sealed}/")
    page.goto(f"{plain}/me")
    assert page.url == f"{plain}/me"
    phone.close()


def test_without_the_authority_a_browser_warns_and_asks_nothing(chromium: Browser, portal: Portal) -> None:
    page = context(chromium, True).new_page()
    with pytest.raises(PlaywrightError, match="ERR_CERT_"):
        page.goto(f"https://127.0.0.1:{portal.https_port}/signin")
    page.context.close()
