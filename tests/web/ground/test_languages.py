"""Seven languages: who reads which, from which side, and which digits are understood."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import g

import appliance.web
from appliance.ledger.people.members import Approve
from appliance.ledger.people.pins import normal
from appliance.ledger.reads.people import person
from appliance.ledger.reads.told import ERASED, ErasedText
from appliance.ledger.values import Unit, parse_account, parse_code, western_digits
from appliance.web.care.typed import clock_of
from appliance.web.ground import i18n
from appliance.web.ground.days import read_day
from appliance.web.ground.i18n import LANGUAGES, apart, direction_of
from appliance.web.wording import amounts
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN, forms

WEB = Path(appliance.web.__file__).parent
INDIC = {"ar": "٠١٢٣٤٥٦٧٨٩", "fa": "۰۱۲۳۴۵۶۷۸۹", "hi": "०१२३४५६७८९"}
NAMES = ("en", "es", "fr", "pt", "sw", "hi", "ar")


def typed_in(script: str, text: str) -> str:
    """``text`` as somebody with this keyboard types it."""
    return text.translate(str.maketrans("0123456789", INDIC[script]))


class TestWhichLanguage:
    @pytest.mark.parametrize(
        ("asked", "read"),
        [
            ("ar-EG,ar;q=0.9,en;q=0.8", "ar"),
            ("hi-IN", "hi"),
            ("pt-MZ,pt;q=0.9", "pt"),
            ("sw-KE,en;q=0.5", "sw"),
            ("yo,ha;q=0.9,fr;q=0.5", "fr"),
            ("yo", "en"),
            ("", "en"),
        ],
    )
    def test_the_browsers_first_that_we_have(self, phone, asked, read):
        assert f'<html lang="{read}" dir=' in phone().get("/", headers={"Accept-Language": asked}).text

    def test_seven_buttons_each_in_its_own_letters(self, phone):
        page = phone().get("/languages?back=/join").text
        links = re.findall(r'href="/language/(\w+)\?back=/join" lang="(\w+)" dir="(\w+)"', page)
        assert [code for code, _lang, _dir in links] == list(NAMES) == list(LANGUAGES)
        assert all(code == lang and direction_of(code) == side for code, lang, side in links)
        assert [one for one in LANGUAGES.values() if f"<span>{one}</span>" not in page] == []

    def test_a_keeper_says_what_the_hub_speaks_to_who_has_not_chosen(self, signed_in, phone):
        kira = signed_in("Kira", OWN_SCREEN)
        assert 'action="/languages/own"' not in signed_in("Alice", OWN_SCREEN).get("/languages").text
        assert kira.fill("/languages", "/languages/own", code="sw").status_code == 302
        yoruba, english = {"Accept-Language": "yo"}, {"Accept-Language": "en"}
        assert '<html lang="sw"' in phone().get("/", headers=yoruba).text
        assert '<html lang="en"' in phone().get("/", headers=english).text
        # The hub's own screen: nobody has set up its browser.
        screen = phone(OWN_SCREEN)
        assert '<html lang="sw"' in screen.get("/", headers=english).text
        screen.get("/language/hi")
        assert '<html lang="hi"' in screen.get("/", headers=english).text

    def test_members_and_phones_do_not_set_it(self, signed_in, phone):
        for who in (signed_in("Kira"), signed_in("Alice", OWN_SCREEN)):
            token = forms(who.get("/me/pin"))[0].fields["csrf_token"]
            assert who.post("/languages/own", data={"csrf_token": token, "code": "sw"}).status_code == 403
        assert '<html lang="en"' in phone().get("/", headers={"Accept-Language": "yo"}).text

    def test_a_catalog_is_read_when_somebody_asks_for_it(self, phone, monkeypatch):
        monkeypatch.setattr(i18n.babel.domain_instance, "cache", {})
        monkeypatch.setattr(i18n, "_OF", {})
        phone().get("/join", headers={"Accept-Language": "es"})
        assert {code for code, _domain in i18n.babel.domain_instance.cache} == {"es"}

    def test_a_paper_is_in_the_language_of_whoever_gets_it(self, signed_in):
        kira = signed_in("Kira", OWN_SCREEN)
        path = "/desk/print/list?of=people"
        link = re.search(r'href="([^"]+)" lang="sw"', kira.get(path).text)
        assert link
        address = link[1].replace("&amp;", "&")
        assert address.startswith("/desk/print/list?of=people&in=sw")
        assert '<html lang="sw"' in kira.get(address).text
        assert '<html lang="en"' in kira.get(path).text

    def test_a_hub_that_cannot_read_its_book_says_so_in_some_language(self, village, phone):
        screen = phone(OWN_SCREEN)
        village.hub.close()
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
            (village.hub.data / name).unlink(missing_ok=True)
        (village.hub.data / "ledger.db").write_bytes(b"this is no database" * 300)
        page = screen.get("/", headers={"Accept-Language": "es"})
        assert page.status_code == 503
        assert '<html lang="es"' in page.text


class TestFromTheRight:
    def test_style_sheets_have_no_left_and_right_of_their_own(self):
        """Chrome 67, the oldest that counts, has the logical properties only with a prefix: each is there twice."""
        for sheet in (WEB / "static").glob("*.css"):
            text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
            for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
                sided = re.findall(r"(?<![\w-])(?:margin-|padding-|border-)?(?:left|right)\b", body)
                mirrored = f'[dir="rtl"] {selector.strip()}' in text or selector.strip().startswith(
                    '[dir="rtl"]'
                )
                assert not sided or mirrored, (sheet.name, selector.strip(), sided)
                plain = re.findall(r"(?<![\w-])(margin|padding)-inline-(start|end)", body)
                prefixed = re.findall(r"-webkit-(margin|padding)-(start|end)", body)
                assert plain == prefixed, (sheet.name, selector.strip())

    def test_what_members_write_keeps_to_itself(self, village, signed_in):
        village.pay("Alice", "Bob", 250, note="3 eggs")
        assert "<bdi>3 eggs</bdi>" in signed_in("Alice").get("/").text

    def test_the_page_says_its_side(self, phone):
        assert '<html lang="ar" dir="rtl">' in phone().get("/", headers={"Accept-Language": "ar"}).text
        assert '<html lang="hi" dir="ltr">' in phone().get("/", headers={"Accept-Language": "hi"}).text

    def test_what_stands_in_a_sentence_keeps_its_own_direction(self):
        assert apart("42-2", "ar") == "\u206842-2\u2069"
        assert apart("42-2", "en") == "42-2"
        assert apart(42, "ar") == 42
        assert apart(apart("Bob", "ar"), "ar") == "\u2068Bob\u2069"

    @pytest.mark.parametrize(
        ("code", "symbol", "shown"),
        [
            ("en", "h", "−2.50\u00a0h"),
            ("ar", "h", "\u2068−2.50\u00a0h\u2069"),
            ("ar", "ساعة", "\u2067\u200e−2.50\u00a0ساعة\u2069"),
            ("en", "ساعة", "\u2066\u200e−2.50\u00a0ساعة\u2069"),
        ],
    )
    def test_a_sign_stays_before_its_number_and_the_unit_behind_it(self, village, app, code, symbol, shown):
        with app.test_request_context(headers={"Accept-Language": code}):
            g.writing = (Unit("hour", symbol, 2), code)
            assert amounts.money(-250) == shown

    def test_a_refusal_in_arabic_holds_its_numbers_together(self, village, app):
        with app.test_request_context(headers={"Accept-Language": "ar"}):
            said = i18n.babel.domain_instance.gettext(
                "%(number)s of %(village)s", number="102-0042-2", village="Hill"
            )
            assert "\u2068102-0042-2\u2069" in said
            assert "\u2068Hill\u2069" in said

    def test_fields_and_files_have_no_marks(self, village, signed_in):
        village.do("Kira", Approve(village.join("عبد الرحمن")))
        village.pay("Alice", "Bob", 250)
        alice = signed_in("Alice")
        alice.get("/language/ar")
        page = alice.fill(f"/P/{village.account('Bob').compact}", "/pay/check", amount="2.50").text
        assert not [
            one for one in re.findall(r'value="([^"]*)"', page) if re.search("[\u200e\u2066-\u2069]", one)
        ]
        assert "\u2068" in page

    def test_a_name_in_a_file_is_bare(self, village, app):
        with village.hub.reading() as tx:
            bob = person(tx, village.numbers["Bob"])
        assert bob
        with app.test_request_context(headers={"Accept-Language": "ar"}):
            nameless = replace(bob, name="")
            assert "\u2068" in amounts.name_of(nameless)
            assert isinstance(amounts.name_of(replace(bob, name=ERASED)), ErasedText)
            assert village.account("Bob").short in amounts.plain_name(nameless)
            assert not re.search("[\u2066-\u2069]", amounts.plain_name(nameless))


@pytest.mark.parametrize("script", INDIC)
class TestDigits:
    def test_numbers_codes_pins_days_and_times(self, script, village):
        account = village.account("Alice")
        for shown in (account.short, account.full, f"\u2068{account.short}\u2069"):
            assert parse_account(typed_in(script, shown), account.hub) == account
        assert parse_code(typed_in(script, "7K3M-9Q2F")) == "7K3M9Q2F"
        assert normal(typed_in(script, "74 93")) == "7493"
        assert read_day(typed_in(script, "31/5"), date(2026, 6, 1)) == date(2026, 5, 31)
        assert clock_of(typed_in(script, "14:30")) == 14 * 60 + 30

    def test_signing_in_and_paying(self, script, village, phone):
        alice = phone()
        assert (
            alice.sign_in(typed_in(script, village.account("Alice").short), typed_in(script, PIN)).status_code
            == 302
        )
        check = alice.fill(
            f"/P/{village.account('Bob').compact}", "/pay/check", amount=typed_in(script, "2.50")
        )
        assert "2.50" in check.text


def test_what_is_no_digit_stays_as_it_is():
    assert western_digits("ب٢ — क२") == "ب2 — क2"
    assert western_digits("क्\u200dष") == "क्\u200dष"
