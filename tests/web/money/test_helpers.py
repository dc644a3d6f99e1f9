"""Stories of accounts that several act on: forms carry whose it is, and an ended grant shows nothing."""

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.money.requests import Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant, EndGrant
from appliance.ledger.people.life import Freeze, Register
from appliance.ledger.values import Account, AccountNumber, Amount
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def helps(village, owner: str = "Alice", helper: str = "Bob", kind: str = HELPER) -> AccountNumber:
    number = village.numbers[owner]
    village.do(owner, AskGrant(number, village.numbers[helper], kind))
    village.do(helper, AgreeGrant(number, kind))
    return number


def bakery(village, owner: str = "Bob") -> AccountNumber:
    opened = village.do("Kira", OpenAccount(village.numbers[owner], "business", "Bakery", "sells bread"))
    return AccountNumber(opened.outcome["number"])


def check_page(bob, village, acting: int | str, amount: str = "1"):
    page = bob.get(f"/P/{village.account('Chandra').compact}?acting={acting}")
    return bob.fill(page, "/pay/check", amount=amount)


def test_an_ended_grant_shows_nothing_on_any_page(village, signed_in) -> None:
    number, bob = helps(village), signed_in("Bob")
    asked = village.request("Chandra", "Alice", 50)
    paid = village.do("Bob", Pay(number, village.numbers["Dina"], Amount(10)))
    checked = check_page(bob, village, number)
    assert "From the account of Alice. You act as helper." in checked.text
    pages = (f"/account/{number}", f"/account/{number}/statement", f"/account/{number}/qr")
    receipt, code = f"/t/{paid.record.hex()}", asked.outcome["code"]
    for page in (*pages, receipt, f"/R/{code}"):
        assert bob.get(page).status_code == 200, page
    request = bob.get(f"/R/{code}")
    village.do("Alice", EndGrant(number, village.numbers["Bob"]))
    for page in (*pages, receipt, f"/R/{code}", f"/help/{number}"):
        answer = bob.get(page)
        assert answer.status_code == 404, page
        assert "Alice" not in answer.text
    for form, to in ((checked, "/pay/send"), (checked, "/pay/change")):
        answer = bob.fill(form, to, pin=PIN)
        assert answer.status_code == 422
        assert "consent to this stands any more" in answer.text
        assert "Alice" not in answer.text
    assert bob.fill(request, "/accept", pin=PIN).status_code == 404
    for page in ("/pay", "/ask", f"/P/{village.account('Dina').compact}"):
        assert bob.get(f"{page}?acting={number}").status_code == 422
    assert village.balance("Alice") == -10
    assert village.balance("Bob") == 0
    verify(village.hub.store)


@pytest.mark.parametrize("acting", ["99", "0", "-1", "x", "1" * 40, "٣", "1; DROP"])
def test_what_was_typed_instead_of_an_account_is_refused(village, signed_in, acting: str) -> None:
    bob = signed_in("Bob")
    answer = check_page(bob, village, village.numbers["Bob"])
    assert answer.status_code == 200, "the own number is the own account"
    for page in ("/pay", "/ask"):
        assert bob.get(page, query_string={"acting": acting}).status_code == 422
    assert bob.fill(answer, "/pay/send", pin=PIN, acting=acting).status_code == 422
    assert village.balance("Bob") == 0


def test_a_double_tap_pays_once_and_the_same_again_is_asked(village, signed_in) -> None:
    number, bob = helps(village), signed_in("Bob")
    page = check_page(bob, village, number)
    for _ in range(2):
        answer = bob.fill(page, "/pay/send", follow=True, pin=PIN)
        assert "Bob, for Alice" in answer.text
    assert village.balance("Alice") == -100
    again = bob.fill(check_page(bob, village, number), "/pay/send", pin=PIN)
    assert "Pay again?" in again.text
    assert "From the account of Alice" in again.text
    bob.fill(again, "/pay/send", pin=PIN)
    assert village.balance("Alice") == -200


def test_a_code_read_by_the_camera_offers_the_accounts_to_pay_from(village, signed_in) -> None:
    shop, bob = bakery(village), signed_in("Bob")
    page = bob.get(f"/P/{village.account('Chandra').compact}")
    assert "From which account" in page.text
    answer = bob.fill(page, "/pay/check", amount="2", acting=str(shop))
    assert "From your account Bakery (Bob)." in answer.text
    bob.fill(answer, "/pay/send", pin=PIN)
    assert village.balance("Bob") == 0
    assert village.balance("Chandra") == 200
    plain = bob.fill(page, "/pay/check", amount="3")
    assert "You pay" in plain.text
    assert "From which account" not in signed_in("Chandra").get(f"/P/{village.account('Bob').compact}").text


def test_an_open_request_is_paid_from_the_account_one_chooses(village, signed_in) -> None:
    shop, bob = bakery(village), signed_in("Bob")
    asked = village.request("Chandra", None, 60)
    page = bob.get(f"/R/{asked.outcome['code']}")
    answer = bob.fill(page, "/accept", follow=True, pin=PIN, acting=str(shop))
    assert "Bakery (Bob) has paid" in answer.text
    assert village.balance("Bob") == 0


def test_the_bakery_is_found_and_paid_by_name_number_and_code_and_asks(village, signed_in) -> None:
    shop, alice, bob = bakery(village), signed_in("Alice"), signed_in("Bob")
    where = Account(village.hub.number, shop)
    for typed in ("bakery", where.short, where.full):
        page = alice.get("/pay", query_string={"to": typed})
        assert page.status_code == 302
        assert "Pay Bakery (Bob)" in alice.get(page.location).text
    assert "own account" in bob.get(f"/P/{where.compact}?acting={shop}").text
    assert where.short in bob.get(f"/account/{shop}/qr").text
    page = bob.fill(f"/ask?acting={shop}", "/ask", follow=True, amount="1.5", of="Alice")
    assert "Bakery (Bob) asks for 1.50" in page.text
    assert "Bakery (Bob) asks you for" in alice.get("/").text
    asked = bob.get(f"/account/{shop}")
    assert "Asked of Alice" in asked.text
    assert len(asked.data) < SMALL
    verify(village.hub.store)


def test_a_helper_gives_back_without_a_reason_and_also_a_keeper_on_the_phone(village, signed_in) -> None:
    number = helps(village, helper="Kira")
    paid = village.pay("Dina", "Alice", 40)
    phone = signed_in("Kira")
    page = phone.fill(f"/t/{paid.record.hex()}/undo", "/undo", follow=True, pin=PIN)
    assert "Given back" in page.text
    assert "Kira, for Alice" in page.text
    assert "Cancelled by the keeper" not in page.text
    assert village.balance("Alice") == 0
    assert number == village.numbers["Alice"]


def test_a_request_says_who_made_it_for_whom(village, signed_in) -> None:
    number, chandra = helps(village), village.numbers["Chandra"]
    asked = village.do("Bob", Request(number, chandra, Amount(50)))
    for name in ("Chandra", "Alice", "Bob"):
        page = signed_in(name).get(f"/R/{asked.outcome['code']}")
        assert "Bob acts here for Alice" in page.text, name


def test_home_says_what_waits_on_whose_account(village, signed_in) -> None:
    helps(village)
    village.do("Chandra", Request(village.numbers["Chandra"], village.numbers["Alice"], Amount(50)))
    home = signed_in("Bob").get("/")
    assert "1 request waits for an answer" in home.text
    assert "asks you for" not in home.text, "it is Alice who is asked"
    assert "Bob may act for you" in signed_in("Alice").get("/").text


def test_asking_and_answering_and_what_cannot_be(village, signed_in) -> None:
    alice, bob = signed_in("Alice"), signed_in("Bob")
    ask = "/me/helpers/ask"
    assert "Nobody here fits" in alice.fill(ask, ask, of="Zebedee").text
    assert "Nobody here has this number" in alice.fill(ask, ask, of="99-9").text
    assert "own account" in alice.fill(ask, ask, of="Alice").text
    assert alice.fill(ask, ask, of="").status_code == 422
    bakery(village, "Dina")
    assert alice.fill(ask, ask, of="Bakery").status_code == 422
    assert "has not answered yet" in alice.fill(ask, ask, follow=True, of="Bob").text
    assert "asked already" in alice.fill(ask, ask, of="Bob").text
    number = village.numbers["Alice"]
    assert "Alice asks you to act as helper" in bob.get("/").text
    assert bob.post(f"/help/{number}/agree", {}).status_code == 400
    page = bob.get(f"/help/{number}")
    assert "has changed since you looked" in bob.fill(page, "/agree", kind=JOINT).text
    bob.fill(page, "/end")
    assert "Nobody&#39;s consent" in bob.fill(page, "/agree").text
    assert bob.get(f"/help/{number}").status_code == 404
    assert "Nobody but you" in alice.get("/me/helpers").text
    assert signed_in("Dina").get(f"/me/helpers/{number}/{village.numbers['Bob']}").status_code == 404


def test_a_frozen_owner_stops_it_and_reads_who_it_was(village, signed_in) -> None:
    number, bob = helps(village), signed_in("Bob")
    village.do("Kira", Freeze(number, "a quarrel"))
    assert bob.get(f"/account/{number}").status_code == 404
    assert "I act for" not in bob.get("/").text
    assert "rests while one of them is frozen" in signed_in("Alice").get("/me/helpers").text


class TestDesk:
    def test_opens_limits_and_closes_an_account(self, village, kira) -> None:
        number = village.numbers["Bob"]
        path = f"/desk/people/{number}/account"
        typed = {"name": "Bakery", "group": "business"}
        page = kira.fill(path, path, reason=" ", **typed)
        assert page.status_code == 422
        assert 'value="Bakery"' in page.text
        page = kira.fill(path, path, follow=True, reason="sells bread", **typed)
        assert "The account is open." in page.text
        shop = max(village.numbers.values()) + 1
        account = f"/desk/accounts/{shop}"
        assert page.request.path == account
        assert "Bakery (Bob)" in kira.get(f"/desk/people/{number}").text
        short = Account(village.hub.number, AccountNumber(shop)).short
        for words in ("bake", "bob", str(shop), short):
            assert "Bakery (Bob)" in kira.get("/desk/people", query_string={"q": words}).text
        assert "Bakery" not in kira.get("/desk/people", query_string={"q": "alice"}).text
        assert "Bakery (Bob)" in kira.get(f"/desk/people/{shop}/card").text
        assert kira.get(f"/desk/people/{shop}/statements").status_code == 200
        page = kira.fill(account, "/limits", follow=True, low="80", high="90", reason="a big oven")
        assert "The limits are set." in page.text
        assert "80.00" in page.text
        page = kira.fill(account, "/limits", low="80", high="90", reason=" ")
        assert page.status_code == 422
        assert "Owner" in page.text
        village.do("Alice", Pay(village.numbers["Alice"], shop, Amount(10)))
        close = f"{account}/close"
        assert "still has 0.10" in kira.fill(close, close, reason="gone").text
        village.do("Bob", Pay(shop, village.numbers["Alice"], Amount(10)))
        assert "This account is closed." in kira.fill(close, close, follow=True, reason="gone").text
        log = kira.get("/desk/log").text
        assert "Kira opened a further account for Bob: Bakery (Bob), Business." in log
        assert "Kira closed the account Bakery (Bob)." in log
        verify(village.hub.store)

    def test_consent_on_paper_only_for_who_has_no_pin(self, village, kira) -> None:
        assert "consent on paper" not in kira.get(f"/desk/people/{village.numbers['Bob']}").text
        alice = village.numbers["Alice"]
        path = f"/desk/people/{alice}/consent"
        assert "has a PIN" in kira.fill(path, path, of="Bob", reason="on paper").text
        number = village.do("Kira", Register("Emma", "has no phone")).outcome["number"]
        path = f"/desk/people/{number}/consent"
        assert "consent on paper" in kira.get(f"/desk/people/{number}").text
        assert "Nobody here fits" in kira.fill(path, path, of="Zebedee", reason="on paper").text
        page = kira.fill(path, path, of="Bob", reason=" ")
        assert page.status_code == 422
        page = kira.fill(path, path, follow=True, of="Bob", reason="on paper")
        assert "has not answered yet" in page.text

    def test_none_of_it_on_a_phone_or_for_somebody_who_is_no_keeper(self, village, signed_in) -> None:
        number, shop = helps(village), bakery(village)
        paths = (
            f"/desk/accounts/{shop}",
            f"/desk/accounts/{shop}/close",
            f"/desk/people/{number}/account",
            f"/desk/people/{number}/consent",
            f"/desk/grants/{number}/{village.numbers['Bob']}/end",
        )
        for browser in (signed_in("Kira"), signed_in("Alice", OWN_SCREEN)):
            for path in paths:
                assert browser.get(path).status_code == 403, path

    def test_what_is_not_there_is_no_page(self, village, kira) -> None:
        for path in (
            "/desk/accounts/99",
            f"/desk/accounts/{village.numbers['Bob']}",
            f"/desk/accounts/{village.numbers['Bob']}/close",
            "/desk/people/99/account",
            "/desk/people/99/consent",
            "/desk/grants/2/3/end",
            "/account/99",
            f"/account/{village.numbers['Kira']}",
            "/help/99",
        ):
            assert kira.get(path).status_code == 404, path
