"""Alice and Bob trade with their phones: script off, real browser, real server, real file."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from appliance.ledger.book.schema import Posting
from appliance.ledger.book.verify import verify
from tests.browser.conftest import Phone
from tests.support import taps
from tests.support.portal import Portal
from tests.support.village import PIN, Village

pytestmark = pytest.mark.browser
Phones = Callable[..., Phone]


def postings(village: Village) -> int:
    """How many lines have been posted, and that the book is whole."""
    report = verify(village.hub.store)
    with village.hub.reading() as tx:
        assert len(tx.rows(Posting.select())) == report.postings
    return report.postings


def to_check_page(alice: Phone, village: Village, amount: str, payee: str = "Bob") -> None:
    """Alice goes as far as the page that asks whether this is right."""
    alice.open(f"/P/{village.account(payee).compact}")
    alice.type(amount=amount)
    alice.tap("Go on")


def test_alice_pays_bob_by_the_qr_on_his_phone(phone: Phones, village: Village) -> None:
    alice, bob = phone("Alice"), phone("Bob")
    bob.open("/me/qr")
    address = alice.camera(bob)
    assert address == address.upper()
    assert village.account("Bob").short in bob.text(), "the number stands under the code"

    alice.open(address)
    assert alice.reads("Pay Bob")
    alice.type(amount="2.5", note="two loaves")
    alice.tap("Go on")
    assert alice.reads("Is this right?")
    assert alice.reads("Bob")
    assert alice.reads("2.50 h")
    alice.type(pin=PIN)
    alice.tap("Pay")
    assert alice.reads("You have paid")
    assert alice.reads("two loaves")

    assert alice.balance() == "You owe the village 2.50 h"
    assert bob.balance() == "The village owes you 2.50 h"
    assert postings(village) == 2


@pytest.mark.parametrize("typed", ["short", "full", "name"])
def test_alice_finds_bob_by_what_she_has(phone: Phones, village: Village, typed: str) -> None:
    bob = village.account("Bob")
    alice = phone("Alice")
    alice.open("/pay")
    alice.type(to={"short": bob.short, "full": bob.full, "name": "bob"}[typed])
    alice.tap("Go on")
    assert alice.reads("Pay Bob")


def test_bob_asks_and_alice_pays_by_the_qr_of_the_request(phone: Phones, village: Village) -> None:
    alice, bob = phone("Alice"), phone("Bob")
    bob.open("/ask")
    bob.type(amount="1", note="mending a chair")
    bob.tap("Show the QR code")
    assert bob.reads("You ask for 1.00 h")

    alice.open(alice.camera(bob))
    assert alice.reads("Bob")
    assert alice.reads("1.00 h")
    alice.type(pin=PIN)
    alice.tap("Pay 1.00 h")
    assert alice.reads("You have paid")
    bob.page.reload()
    assert bob.reads("You have been paid")
    assert postings(village) == 2


def test_the_printed_code_of_a_request_goes_into_the_same_box(phone: Phones) -> None:
    alice, bob = phone("Alice"), phone("Bob")
    bob.open("/ask")
    bob.type(amount="1")
    bob.tap("Show the QR code")
    code = bob.page.locator(".code").inner_text()
    alice.open("/pay")
    alice.type(to=code.lower().replace("-", " "))
    alice.tap("Go on")
    assert alice.reads("Pay this?")


def test_bob_gives_back_what_he_should_not_have_got(phone: Phones, village: Village) -> None:
    alice, bob = phone("Alice"), phone("Bob")
    to_check_page(alice, village, "3")
    alice.type(pin=PIN)
    alice.tap("Pay")
    receipt = alice.page.url

    bob.open(receipt)
    bob.tap("Give it back")
    bob.type(pin=PIN)
    bob.tap("Yes, give it back")
    assert bob.reads("Given back")
    assert bob.balance() == "You are even with the village 0.00 h"
    alice.open(receipt)
    assert alice.reads("Paid, and given back")
    assert postings(village) == 4


def test_a_wrong_pin_keeps_what_was_typed_and_moves_nothing(phone: Phones, village: Village) -> None:
    alice = phone("Alice")
    to_check_page(alice, village, "2")
    alice.type(pin="1357")
    alice.tap("Pay")
    assert alice.reads("PIN")
    assert alice.page.locator("#why-not").count() == 1
    assert postings(village) == 0
    alice.type(pin=PIN)
    alice.tap("Pay")
    assert alice.reads("You have paid")
    assert postings(village) == 2


def test_over_the_limit_the_page_says_how_much_is_left(phone: Phones, village: Village) -> None:
    alice = phone("Alice")
    to_check_page(alice, village, "12.01")
    alice.type(pin=PIN)
    alice.tap("Pay")
    assert alice.reads("You can still give 12.00 h; your limit is −12.00 h.")
    assert postings(village) == 0


def test_a_double_tap_on_pay_pays_once(phone: Phones, village: Village) -> None:
    alice = phone("Alice")
    to_check_page(alice, village, "2")
    alice.type(pin=PIN)
    alice.page.get_by_role("button", name="Pay 2.00 h").dblclick(no_wait_after=True)
    expect(alice.page.get_by_role("heading", level=1)).to_contain_text("You have paid")
    assert postings(village) == 2


def test_the_same_form_from_the_browsers_memory_pays_once(phone: Phones, village: Village) -> None:
    """Back to the check page, PIN again, Pay again: the one receipt."""
    alice = phone("Alice")
    to_check_page(alice, village, "2")
    key = alice.page.locator("[name=key]").get_attribute("value")
    form = {
        name: alice.page.locator(f"form[action='/pay/send'] [name={name}]").get_attribute("value") or ""
        for name in ("csrf_token", "to", "amount", "category", "note")
    }
    alice.type(pin=PIN)
    alice.tap("Pay")
    receipt = alice.page.url
    again = alice.page.request.post(
        f"{alice.portal.address}/pay/send", form={**form, "key": key or "", "pin": PIN}
    )
    assert again.url == receipt
    assert postings(village) == 2


def test_a_stale_form_says_what_to_do_and_moves_nothing(phone: Phones, village: Village) -> None:
    """Alice opens the form, leaves in another tab, and sends the form."""
    alice = phone("Alice")
    to_check_page(alice, village, "2")
    other = alice.page.context.new_page()
    other.goto(alice.portal.address + "/")
    taps.tap(other.get_by_role("button", name="Leave"))
    alice.type(pin=PIN)
    answer = taps.tap(alice.named("Pay"))
    assert answer is not None
    assert answer.status == 400
    assert alice.reads("This form is stale")
    assert alice.reads("Nothing was moved. Go back to the page and try again.")
    alice.tap("Go back and try again")
    alice.page.locator("form[action='/signin'] [name=pin]").wait_for()
    assert postings(village) == 0


@pytest.mark.parametrize("typed", ["42-1", "77-7", "Zebedee", "ABCD-EFGH", "999-0001-0"])
def test_an_unknown_number_is_a_plain_page(phone: Phones, village: Village, typed: str) -> None:
    alice = phone("Alice")
    alice.open("/pay")
    alice.type(to=typed)
    alice.tap("Go on")
    assert "Nobody here" in alice.page.locator("[role=alert]").inner_text()
    assert alice.page.locator("[name=to]").input_value() == typed


def test_the_form_sent_again_after_a_power_cut_shows_the_one_receipt(
    phone: Phones, village: Village, portal: Portal
) -> None:
    """The payment is in the book, the answer never left: Alice sees an error and tries again."""
    alice = phone("Alice")
    to_check_page(alice, village, "2")
    alice.type(pin=PIN)
    assert portal.flag is not None
    portal.flag.touch()
    taps.tap_in_vain(alice.named("Pay 2.00 h"))
    portal.ended(20)
    assert not portal.flag.exists(), "the power was cut"
    portal.kill()
    assert postings(village) == 2
    village.hub.close()
    portal.start()

    alice.page.reload()
    assert alice.reads("You have paid")
    assert alice.balance() == "You owe the village 2.00 h"
    assert postings(village) == 2
