"""On the air: sealed sign-ins, and forms that count only with their MAC."""

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import Box, PrivateKey, PublicKey

from appliance.ledger.book.local import Device, Session
from appliance.ledger.clock import ManualClock
from appliance.web import create_app
from appliance.web.ground import air
from appliance.web.ground.air import BOX_HOURS, GOOD_MS, Air
from tests.ledger.care.caring import claim
from tests.support.sealed import Sealed, boxed
from tests.support.village import MONDAY_NOON, PIN, Village
from tests.web.conftest import OWN_SCREEN, PHONE, Browser, forms

KEY = bytes(range(32))
ROOT = Path(__file__).resolve().parents[3]
NACL = "973cc5733cc7432e30ee4682098f413094f494bccf76a567c23908c5035ddbbc"
"""SHA-256 of ``nacl.min.js`` of tweetnacl 1.0.3."""


@pytest.fixture
def alice(app: Flask, village: Village) -> Sealed:
    """Alice's phone, with script, signed in sealed."""
    phone = Sealed(app.test_client())
    assert phone.sign_in(village.account("Alice").short).status_code == 302
    return phone


def cookie(phone: Browser) -> str:
    found = phone.client.get_cookie("tch101")
    assert found is not None
    return found.value


def to_bob(village: Village, phone: Browser, amount: str = "1") -> tuple[str, dict[str, str]]:
    """The form of a payment to Bob, as the check page brings it."""
    page = phone.fill(f"/P/{village.account('Bob').compact}", "/pay/check", amount=amount)
    form = next(form for form in forms(page) if form.action == "/pay/send")
    return form.action, {**form.fields, "pin": PIN}


class TestSealed:
    def test_no_pin_crosses_the_air_and_the_payment_arrives(self, alice: Sealed, village: Village) -> None:
        assert alice.post(*to_bob(village, alice)).status_code == 302
        assert village.balance("Bob") == 100
        assert PIN not in json.dumps([form for _path, form in alice.sent if "pin" in form])
        assert all("pin" not in form for _path, form in alice.sent)

    def test_a_form_without_a_mac_does_nothing_for_the_sign_ins_whole_life(
        self, alice: Sealed, village: Village, app: Flask
    ) -> None:
        form = to_bob(village, alice)
        page = alice.post_plain(*form)
        assert (page.status_code, village.balance("Bob")) == (403, 0)
        assert "Nothing was done" in page.text
        # With the PIN in it, after a restart, and after a payment that was sealed: still nothing.
        assert alice.post_plain(form[0], {**form[1], "pin": PIN}).status_code == 403
        anew = Browser(create_app(village.hub, TESTING=True).test_client())
        anew.client.set_cookie("tch101", cookie(alice))
        assert anew.post(form[0], {**form[1], "pin": PIN}).status_code == 403
        assert village.balance("Bob") == 0

    def test_what_was_recorded_does_nothing_when_it_is_sent_again(
        self, alice: Sealed, village: Village
    ) -> None:
        alice.post(*to_bob(village, alice))
        head = village.hub.head()
        for path, form in list(alice.sent):
            assert alice.post_plain(path, form).status_code == 403, path
        assert village.hub.head() == head

    def test_nor_does_a_recorded_sign_in_from_another_phone(
        self, alice: Sealed, app: Flask, phone: Callable[..., Browser]
    ) -> None:
        path, form = alice.sent[0]
        thief = phone()
        thief.client.set_cookie("tch101", cookie(alice))
        assert thief.post(path, form).status_code == 403
        # Nor under a challenge of the thief's own: the MAC is over it.
        fresh = phone().get("/air").json
        assert fresh is not None
        assert thief.post(path, {**form, "air_challenge": fresh["challenge"]}).status_code == 403

    @pytest.mark.parametrize("field", ["to", "amount", "csrf_token", "key", "air_challenge", "more"])
    def test_a_changed_field_breaks_the_mac(self, alice: Sealed, village: Village, field: str) -> None:
        alice.post(*to_bob(village, alice))
        path, form = to_bob(village, alice, "2")
        given = alice.get("/air").json
        assert given is not None
        form = {**form, "air_challenge": given["challenge"]}
        mac = air.mac_of(alice.key, "POST", path, form.items())
        changed = {**form, field: form.get(field, "") + "1", "air_mac": mac}
        assert alice.post_plain(path, changed).status_code == 403
        assert alice.post_plain("/pay/check", {**form, "air_mac": mac}).status_code == 403
        assert alice.post_plain(path, {**form, "air_mac": mac}).status_code == 302
        assert village.balance("Bob") == 300

    def test_the_key_of_one_sign_in_is_none_of_another(
        self, alice: Sealed, app: Flask, village: Village
    ) -> None:
        bob = Sealed(app.test_client())
        bob.sign_in(village.account("Bob").short)
        bob.key = alice.key
        assert bob.fill("/me", "/leave").status_code == 403

    def test_a_box_of_ones_own_gives_no_key_to_somebody_elses_sign_in(
        self, alice: Sealed, village: Village
    ) -> None:
        path, form = to_bob(village, alice)
        given = alice.get("/air").json
        assert given is not None
        form = {
            **form,
            "air_challenge": given["challenge"],
            "air_box": boxed(given["key"], KEY, {"pin": PIN}),
        }
        form["air_mac"] = air.mac_of(KEY, "POST", path, form.items())
        assert alice.post_plain(path, form).status_code == 403
        assert village.balance("Bob") == 0

    def test_half_a_character_in_a_box_is_no_trouble(self, app: Flask, village: Village) -> None:
        thief = Browser(app.test_client())
        form = next(form for form in forms(thief.get("/signin")) if form.action == "/signin")
        given = thief.get("/air").json
        assert given is not None
        sent = {
            **form.fields,
            "number": village.account("Alice").short,
            "air_challenge": given["challenge"],
            "air_box": boxed(given["key"], KEY, {"pin": "\ud800", "next": "\ud800"}),
        }
        sent["air_mac"] = air.mac_of(KEY, "POST", "/signin", sent.items())
        assert thief.post("/signin", sent).status_code == 403

    def test_files_have_no_mac(self, alice: Sealed) -> None:
        with Path(__file__).open("rb") as file:
            data = {"air_mac": "x", "file": (file, "x")}
            answer = alice.client.post("/me/lost", data=data, content_type="multipart/form-data")
        assert answer.status_code == 403


class TestLeaving:
    def test_leave_ends_it(self, alice: Sealed) -> None:
        token = cookie(alice)
        answer = alice.fill("/me", "/leave")
        assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (302, '"cache", "storage"')
        alice.client.set_cookie("tch101", token)
        assert "/signin" in alice.get("/").text

    def test_who_has_the_cookie_alone_signs_nobody_out(
        self, alice: Sealed, phone: Callable[..., Browser]
    ) -> None:
        thief = phone()
        thief.client.set_cookie("tch101", cookie(alice))
        form = next(form for form in forms(thief.get("/me")) if form.action == "/leave")
        assert thief.post(form.action, form.fields).status_code == 302
        assert "/signin" in thief.get("/").text, "but the browser that asked has forgotten it"
        assert "Alice" in alice.get("/").text

    def test_nor_by_signing_in_over_it(
        self, alice: Sealed, village: Village, phone: Callable[..., Browser]
    ) -> None:
        thief = phone()
        thief.client.set_cookie("tch101", cookie(alice))
        assert thief.sign_in(village.account("Bob").short).status_code == 302
        assert "Bob" in thief.get("/").text
        assert "Alice" in alice.get("/").text

    @pytest.mark.parametrize("kept", ["00" * 72, "00", "no"])
    def test_whose_key_the_hub_cannot_read_reads_on_and_signs_in_again(
        self, alice: Sealed, village: Village, kept: str
    ) -> None:
        with village.hub.store.write() as tx:
            (token, data), *_ = tx.select("SELECT token, data FROM session WHERE member IS NOT NULL")
            text = json.dumps({**json.loads(data), "air": kept})
            tx.update(Session, {"token": bytes(token)}, data=text)
        assert "Alice" in alice.get("/").text
        check = f"/P/{village.account('Bob').compact}", "/pay/check"
        assert alice.fill(*check, amount="1").status_code == 403
        assert alice.sign_in(village.account("Alice").short).status_code == 302
        assert alice.post(*to_bob(village, alice)).status_code == 302

    def test_whose_key_is_lost_signs_in_again(self, alice: Sealed, village: Village) -> None:
        alice.key = b""
        assert alice.fill("/me", "/leave", follow=False).status_code == 403
        assert alice.sign_in(village.account("Alice").short).status_code == 302
        assert alice.post(*to_bob(village, alice)).status_code == 302


class TestWithoutScript:
    def test_everything_works_unsealed(self, signed_in: Callable[..., Browser], village: Village) -> None:
        assert signed_in("Alice").post(*to_bob(village, signed_in("Alice"))).status_code == 400
        alice = signed_in("Alice")
        assert alice.post(*to_bob(village, alice)).status_code == 302
        assert village.balance("Bob") == 100

    def test_the_sign_in_page_says_what_it_means(self, phone: Callable[..., Browser]) -> None:
        page = phone().get("/signin").text
        assert "<noscript>" in page
        assert "whoever listens can read your PIN" in page

    def test_the_hubs_own_screen_is_on_no_air(self, phone: Callable[..., Browser]) -> None:
        assert "air.js" in phone(PHONE).get("/signin").text
        assert "air.js" not in phone(OWN_SCREEN).get("/signin").text

    def test_where_the_library_is_missing_nothing_is_promised(self, app: Flask) -> None:
        app.extensions["air_library"] = False
        page = Browser(app.test_client()).get("/signin").text
        assert "air.js" not in page
        assert "whoever listens can read your PIN" in page


_HALF = json.dumps({"k": KEY.hex(), "f": {"pin": "\ud800"}}).encode()
_HALF_NAME = json.dumps({"k": KEY.hex(), "f": {"\udfff": PIN}}).encode()
"""Half a character, as no text may have one: JSON can say it."""


class TestChallenges:
    def test_one_is_good_once(self) -> None:
        ours = Air(ManualClock(MONDAY_NOON))
        challenge = ours.challenge()
        assert [ours.use(challenge), ours.use(challenge)] == [True, False]

    def test_and_not_for_long(self) -> None:
        clock = ManualClock(MONDAY_NOON)
        ours = Air(clock)
        young, old = ours.challenge(), ours.challenge()
        clock.advance(GOOD_MS)
        assert ours.use(young)
        clock.advance(1)
        assert not ours.use(old)
        assert not ours.use(young), "one that is forgotten is too old"

    def test_another_process_knows_none_of_it(self) -> None:
        clock = ManualClock(MONDAY_NOON)
        assert not Air(clock).use(Air(clock).challenge())

    @given(st.text(max_size=90))
    def test_what_is_none_is_refused(self, text: str) -> None:
        ours = Air(ManualClock(MONDAY_NOON))
        assert not ours.use(text)
        assert ours.open(text) is None

    def test_a_box_opens_for_an_hour_and_a_little(self) -> None:
        clock = ManualClock(MONDAY_NOON)
        ours = Air(clock)
        box = boxed(ours.public().hex(), KEY, {"pin": PIN})
        clock.advance(BOX_HOURS * 3_600_000 + 1)
        opened = ours.open(box)
        assert opened is not None
        assert (opened.key, opened.fields) == (KEY, {"pin": PIN})
        clock.advance(GOOD_MS + 1)
        assert ours.open(box) is None

    @pytest.mark.parametrize(
        "said",
        [b"", b"[]", b'{"k": "00", "f": {}}', b'{"k": 1, "f": {}}', b'{"f": {}}', b"\xff", _HALF, _HALF_NAME],
    )
    def test_a_box_with_something_else_in_it_is_none(self, said: bytes) -> None:
        ours, pair = Air(ManualClock(MONDAY_NOON)), PrivateKey.generate()
        sealed = Box(pair, PublicKey(ours.public())).encrypt(said)
        assert ours.open((bytes(pair.public_key) + bytes(sealed)).hex()) is None


def test_the_database_has_no_key_of_a_sign_in(alice: Sealed, village: Village) -> None:
    with sqlite3.connect(village.hub.data / "ledger.db") as db:
        rows = " ".join(str(row) for row in db.execute("SELECT data FROM session"))
    assert '"air"' in rows
    assert alice.key.hex() not in rows


def test_the_library_is_as_its_makers_built_it_and_what_phones_fetch_is_small() -> None:
    """``make install`` brings it: npm refuses what is not of the lock's digest, and this what was changed afterwards."""
    assert sha256(air.LIBRARY.read_bytes()).hexdigest() == NACL
    assert "public domain" in air.LIBRARY.with_name("nacl.LICENSE.txt").read_text("utf-8")
    assert "://" not in (ROOT / "scripts/browser/package-lock.json").read_text("utf-8")
    assert air.LIBRARY.stat().st_size + air.LIBRARY.with_name("air.js").stat().st_size < 30 * 1024


class TestSharedPhones:
    def enter(self, phone: Browser, village: Village) -> None:
        number = village.account("Alice").short
        assert phone.fill("/signin", "/signin", number=number, pin=PIN, shared="1").status_code == 302

    def test_ten_idle_minutes_end_it_reading_too(
        self, village: Village, phone: Callable[..., Browser]
    ) -> None:
        shared, own = phone(), phone()
        self.enter(shared, village)
        own.sign_in(village.account("Alice").short)
        for _ in range(5):
            village.clock.advance(9 * 60_000)
            assert "Alice" in shared.get("/").text
        village.clock.advance(10 * 60_000 + 1)
        assert "/signin" in shared.get("/").text
        assert "Alice" in own.get("/").text

    def test_what_a_page_asks_for_by_itself_does_not_keep_it_alive(
        self, village: Village, phone: Callable[..., Browser]
    ) -> None:
        made = claim(village, "Alice", 30)
        shared, own = phone(), phone()
        self.enter(shared, village)
        own.sign_in(village.account("Alice").short)
        for _ in range(9):  # the phone lies there and shows a QR; a receipt loads itself anew
            village.clock.advance(61_000)
            assert shared.get(f"/C/{made.outcome['code']}/progress").status_code == 200
            assert shared.get("/?again=1").status_code == 200
        village.clock.advance(61_000)
        assert shared.get(f"/C/{made.outcome['code']}/progress").status_code == 302
        assert "/signin" in shared.get("/").text
        assert "Alice" in own.get("/").text

    def test_a_restart_ends_it(self, village: Village, phone: Callable[..., Browser]) -> None:
        shared = phone()
        self.enter(shared, village)
        village.clock.reboot("boot-2")
        assert "/signin" in shared.get("/").text

    def test_the_phone_becomes_none_of_hers(self, village: Village, phone: Callable[..., Browser]) -> None:
        self.enter(phone(), village)
        with village.hub.reading() as tx:
            assert [row for row in tx.rows(Device.select()) if row.member == village.numbers["Alice"]] == []

    def test_every_page_has_a_big_leave(self, village: Village, phone: Callable[..., Browser]) -> None:
        shared, own = phone(), phone()
        self.enter(shared, village)
        own.sign_in(village.account("Alice").short)
        for path in ("/", "/statement", "/market", "/pay"):
            leaves = [form for form in forms(shared.get(path)) if form.action == "/leave"]
            assert len(leaves) == 1, path
            assert 'class="button main"' in shared.get(path).text.split('action="/leave"')[-1], path
        assert "/leave" not in own.get("/statement").text

    def test_after_leaving_no_name_is_left(self, village: Village, phone: Callable[..., Browser]) -> None:
        shared = phone()
        self.enter(shared, village)
        shared.fill("/me", "/leave")
        for path in ("/", "/signin"):
            page = shared.get(path).text
            assert not any(name in page for name in village.numbers), path
            assert village.account("Alice").short not in page
