"""What is drawn once is drawn once for each language and content, and never shown to the wrong reader."""

from appliance.ledger.people.members import Approve
from appliance.ledger.reads.told import ERASED, ErasedText
from tests.support.village import PIN
from tests.web.conftest import forms


def pay(browser, village, to: str, amount: str, note: str = ""):
    page = browser.fill(f"/P/{village.account(to).compact}", "/pay/check", amount=amount, note=note)
    return browser.fill(page, "/pay/send", pin=PIN)


def test_each_reads_the_own_language_whoever_came_first(village, signed_in):
    alice, bob = signed_in("Alice"), signed_in("Bob")
    pay(alice, village, "Bob", "3.50")
    bob.get("/language/es")
    for _ in range(2):
        english, spanish = alice.get("/").text, bob.get("/").text
        assert "3.50" in english
        assert "3,50" in spanish
        for words, others in (("Market", "Mercado"), ("My QR code, to be paid", "Mi código QR")):
            assert words in english
            assert others not in english
            assert others in spanish
            assert words not in spanish
        assert 'href="/languages?back=/"' in english


def test_one_reader_in_two_languages_reads_each(village, signed_in):
    alice = signed_in("Alice")
    pay(alice, village, "Bob", "3.50")
    for code, line in (("en", "\u22123.50"), ("es", "\u22123,50"), ("en", "\u22123.50")):
        alice.get(f"/language/{code}")
        for path in ("/", "/statement"):
            assert f'<span class="sum">{line}' in alice.get(path).text


def test_a_line_looks_different_once_it_was_given_back(village, signed_in):
    alice, bob = signed_in("Alice"), signed_in("Bob")
    receipt = pay(alice, village, "Bob", "2", note="eggs").location
    assert "eggs" in alice.get("/").text
    bob.fill(f"{receipt}/undo", "/undo", pin=PIN)
    assert "cancelled" in alice.get("/statement").text
    assert "cancelled" in bob.get("/").text


def test_a_note_that_was_erased_is_not_one_that_says_so():
    assert ErasedText("[erased]") == ERASED
    assert ERASED != "[erased]"
    assert ERASED != "[erased]"
    assert len({ERASED, "[erased]"}) == 2


def test_of_two_equal_payments_each_leads_to_its_own_receipt(village, signed_in):
    alice = signed_in("Alice")
    first = pay(alice, village, "Bob", "2").location
    again = alice.fill(f"/P/{village.account('Bob').compact}", "/pay/check", amount="2")
    asked = alice.fill(again, "/pay/send", pin=PIN)
    second = alice.fill(asked, "/pay/send", pin=PIN).location
    text = alice.get("/").text
    assert first != second
    assert f'href="{first}"' in text
    assert f'href="{second}"' in text


def test_a_name_that_looks_like_a_page_is_text_on_every_line(village, signed_in):
    village.root(Approve(village.join("<b>Eve</b>")))
    alice = signed_in("Alice")
    pay(alice, village, "<b>Eve</b>", "2", note="<i>eggs</i>")
    for _ in range(2):
        text = alice.get("/").text
        assert "&lt;b&gt;Eve&lt;/b&gt;" in text
        assert "&lt;i&gt;eggs&lt;/i&gt;" in text
        assert "<b>Eve" not in text
        assert "<i>eggs" not in text


def test_the_way_back_from_another_language_is_the_page_one_was_on(signed_in):
    alice = signed_in("Alice")
    for path in ("/", "/me", "/statement"):
        assert f"/languages?back={path}" in alice.get(path).text
    assert forms(alice.get("/me"))
