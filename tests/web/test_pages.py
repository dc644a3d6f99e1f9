"""What holds for every page, and what happens when things go wrong."""

import logging
import re

import pytest
from werkzeug.exceptions import InternalServerError

from appliance.ledger.book import local
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.clock import Millis, Quality
from appliance.web import create_app
from tests.web.conftest import OWN_SCREEN, forms, without_our_scripts

MOST_BYTES = 30 * 1024


def broken():
    raise ZeroDivisionError("our own mistake")


class TestHome:
    def test_even(self, signed_in):
        text = signed_in("Alice").get("/").text.replace("\u00a0", " ")
        assert "You are even with the village" in text
        assert "12.00 h" in text
        assert "24.00 h" in text

    def test_what_waits_for_others(self, village, signed_in):
        village.request("Alice", "Bob", 300, note="roof")
        text = signed_in("Alice").get("/").text.replace("\u00a0", " ")
        assert "You asked Bob for" in text
        assert "Kept aside" in text
        assert "21.00 h" in text

    def test_the_keeper_finds_the_desk_only_at_the_hubs_own_screen(self, signed_in):
        assert 'href="/desk' in signed_in("Kira", OWN_SCREEN).get("/").text
        assert 'href="/desk' not in signed_in("Kira").get("/").text
        assert 'href="/desk' not in signed_in("Alice", OWN_SCREEN).get("/").text


class TestStatement:
    def test_it_goes_back_page_by_page_and_misses_nothing(self, village, signed_in):
        for n in range(45):
            village.pay("Alice", "Bob", 10, note=f"no{n:02d}", again=True)
        bob, paths, seen = signed_in("Bob"), ["/statement"], []
        while paths:
            text = bob.get(paths[0]).text
            seen += re.findall(r"no\d\d", text)
            paths = re.findall(r'href="(/statement\?before=\d+)"', text)
        assert seen == [f"no{n:02d}" for n in reversed(range(45))]

    def test_a_strange_cursor_is_the_first_page(self, signed_in):
        assert signed_in("Alice").get("/statement?before=x").status_code == 200


class TestReceipt:
    def test_a_doubtful_clock_is_said(self, village, signed_in):
        paid = village.pay("Alice", "Bob", 100)
        village.clock.set(village.clock.now().ms, Quality.FLOOR)
        doubtful = village.pay("Alice", "Bob", 200)
        alice = signed_in("Alice")
        assert "clock was not certain" not in alice.get(f"/t/{paid.record.hex()}").text
        assert "clock was not certain" in alice.get(f"/t/{doubtful.record.hex()}").text


class TestOwnScreen:
    """Only the socket's own address says where somebody sits."""

    def test_no_header_moves_a_phone_to_the_hubs_own_screen(self, signed_in):
        kira = signed_in("Kira")
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
            assert 'href="/desk' not in kira.get("/", headers={name: "127.0.0.1"}).text

    def test_what_a_proxy_passes_on_is_not_the_own_screen(self, signed_in):
        kira = signed_in("Kira", OWN_SCREEN)
        assert 'href="/desk' not in kira.get("/", headers={"X-Forwarded-For": "192.168.4.20"}).text


class TestHealth:
    def test_it_tells_where_the_book_ends(self, village, phone):
        answer = phone().get("/health")
        assert answer.status_code == 200
        assert answer.json["status"] == "ok"
        assert answer.json["ledger"]["head"] == str(village.hub.head())
        assert answer.json["ledger"]["entries"] == village.hub.head().number
        assert answer.json["ledger"]["verified"] is None
        assert answer.json["radio"]["state"] == "none"
        assert answer.json["neighbours"] == []

    def test_it_tells_when_it_was_verified(self, village, phone):
        with village.hub.store.write() as tx:
            local.keep_verified(tx, local.Verified(village.hub.head(), Millis(1_780_000_000_000)))
        verified = phone().get("/health").json["ledger"]["verified"]
        assert verified == {"head": str(village.hub.head()), "at_ms": 1_780_000_000_000}

    def test_a_ledger_that_cannot_be_read_is_503_everywhere(self, village, signed_in, phone, caplog):
        alice = signed_in("Alice")
        village.hub.close()
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (village.hub.data / name).unlink(missing_ok=True)
        (village.hub.data / "ledger.db").write_bytes(b"this is no database" * 300)
        with caplog.at_level(logging.CRITICAL):
            answer = phone().get("/health")
            assert (answer.status_code, answer.json["status"]) == (503, "ledger down")
            for path in ("/", "/pay", "/join"):
                page = alice.get(path)
                assert page.status_code == 503
                assert "The book cannot be read" in page.text
                assert "Traceback" not in page.text


class TestErrors:
    def test_a_page_that_is_not_there(self, phone):
        page = phone().get("/nope")
        assert page.status_code == 404
        assert "There is no such page" in page.text

    def test_our_own_mistake_shows_no_insides(self, village, caplog):
        app = create_app(village.hub, PROPAGATE_EXCEPTIONS=False)
        app.view_functions["health.health"] = broken
        with caplog.at_level(logging.CRITICAL):
            page = app.test_client().get("/health")
        assert page.status_code == InternalServerError.code
        assert "Nothing was moved unless you saw a receipt" in page.text
        assert "ZeroDivision" not in page.text

    def test_a_form_without_token_names_the_way_back(self, signed_in):
        page = signed_in("Alice").post("/ask", {}, headers={"Referer": "http://localhost/ask"})
        assert page.status_code == 400
        assert 'href="/ask"' in page.text
        other = signed_in("Alice").post("/ask", {}, headers={"Referer": "http://evil.example/ask"})
        assert "evil" not in other.text

    def test_a_referer_that_is_no_address_breaks_no_error_page(self, phone):
        for came in ("http://[x", "http://[::1", "//[", "http://℀.example/"):
            page = phone().get("/nope", headers={"Referer": came.encode().decode("latin-1")})
            assert page.status_code == 404
            assert "There is no such page" in page.text


def test_every_page_is_small_and_needs_no_script(village, signed_in, phone):
    for _ in range(25):
        village.pay("Alice", "Bob", 10, note="x" * 140, again=True)
    code = village.request("Bob", "Alice", 200, note="y" * 140).outcome["code"]
    mine = village.request("Alice", None, 200).outcome["code"]
    paid = village.pay("Bob", "Alice", 100).record.hex()
    alice = signed_in("Alice")
    own = [
        "/",
        "/pay",
        "/pay?to=b",
        f"/P/{village.account('Bob').compact}",
        "/ask",
        f"/R/{code}",
        f"/R/{mine}",
    ]
    own += ["/me", "/me/qr", "/me/pin", "/statement", f"/t/{paid}", f"/t/{paid}/undo", "/keepers", "/nope"]
    pages = [alice.get(path, follow_redirects=True) for path in own]
    pages += [phone().get(path) for path in ("/", "/join", "/signin")]
    for page in pages:
        assert len(page.data) < MOST_BYTES, page.request.path
        assert "<script" not in without_our_scripts(page.text)
        assert " style=" not in page.text  # our own policy would not let it through
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        assert page.text.count("<h1") == 1
        for form in forms(page):
            assert form.method == "get" or "csrf_token" in form.fields


@pytest.mark.parametrize(
    "path", ["/pay", "/ask", "/me", "/me/qr", "/me/pin", "/statement", "/t/00", "/R/00000000"]
)
def test_strangers_sign_in_first(phone, path):
    assert phone().get(path).location.startswith("/signin?next=/")


def test_no_page_has_one_name_for_two_fields(village, app, phone, signed_in):
    """A label leads to its own field also when no key is open and each form asks for the PIN."""
    village.join("Emil")
    asked = village.request("Bob", "Alice", 50)
    day = village.clock.now().ms // 86_400_000
    care = ClaimCare(village.numbers["Dina"], "child", 60, day, "Mia", witnesses=(village.numbers["Alice"],))
    claim = village.do("Dina", care)
    alice, kira = signed_in("Alice"), signed_in("Kira", "127.0.0.1")
    village.clock.advance(3_600_000)
    emil = village.numbers["Emil"]
    pages = [alice.get(f"/R/{asked.outcome['code']}"), alice.get(f"/C/{claim.outcome['code']}")]
    pages += [kira.get(f"/desk/people/{emil}"), kira.get(f"/desk/people/{village.numbers['Bob']}")]
    for page in pages:
        names = re.findall(r' id="([^"]+)"', page.text)
        assert page.status_code == 200
        assert 'type="password"' in page.text
        assert len(names) == len(set(names)), page.request.path
