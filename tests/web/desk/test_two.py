"""The desk's acts on the commons, and what needs two keepers: pages, bad input, and by whom."""

import re
from collections.abc import Callable

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.people.seconds import Agree
from appliance.ledger.values import RecordId
from tests.support.keepers import appoint, clearing, commons, dismissal, from_commons, payment, rules
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser

SignedIn = Callable[..., Browser]


@pytest.fixture
def desk(village: Village, signed_in: SignedIn) -> Browser:
    """Kira at the hub's own screen; Kofi is the other keeper."""
    appoint(village, "Kofi")
    return signed_in("Kira", OWN_SCREEN)


def page_of(village: Village, who: str, proposal: object) -> str:
    return "/desk/two/" + village.do(who, proposal).record.hex()  # type: ignore[arg-type]


def test_a_small_payment_is_done_alone_and_both_read_who_did_it(
    village: Village, desk: Browser, signed_in: SignedIn
) -> None:
    check = desk.fill("/desk/commons/pay", "/check", whom="Bob", amount="2", reason="Seed potatoes")
    assert "Ask a second keeper" not in check.text
    receipt = desk.fill(check, "/commons/pay", follow=True, pin=PIN)
    assert "Paid from the commons" in receipt.text
    assert village.balance("Bob") == 200
    path = receipt.request.path
    bobs = signed_in("Bob").get(path).text
    for words in ("Paid from the commons", "The keeper who did it", "Kira", "Seed potatoes"):
        assert words in bobs, words
    assert "Kira paid Bob 2.00 h from the commons" in signed_in("Bob").get("/me/acts").text.replace(
        "\xa0", " "
    )


def test_what_is_more_is_proposed_and_the_receipt_has_both(
    village: Village, desk: Browser, signed_in: SignedIn
) -> None:
    check = desk.fill("/desk/commons/pay", "/check", whom="Bob", amount="9", reason="A new roof")
    assert "Two keepers must agree" in check.text
    mine = desk.fill(check, "/commons/pay", follow=True)
    assert "Now the second keeper signs in here" in mine.text
    assert "I agree: do it" not in mine.text
    assert commons(village) == 0
    path = mine.request.path
    kofi = signed_in("Kofi", OWN_SCREEN)
    assert "1 act waits for a second keeper" in kofi.get("/desk").text
    done = kofi.fill(path, "/agree", follow=True, pin=PIN)
    assert "Two keepers agreed, and it is done" in done.text
    receipt = re.search(r'href="(/t/[0-9a-f]+)"', done.text)
    assert receipt is not None
    text = signed_in("Bob").get(receipt[1]).text
    assert "The keepers who agreed" in text
    assert "Kira and Kofi" in text
    verify(village.hub.store)


def test_agreeing_twice_is_one_payment_and_a_wrong_pin_none(
    village: Village, desk: Browser, signed_in: SignedIn
) -> None:
    path = page_of(village, "Kira", payment(village, "Bob", 900))
    kofi = signed_in("Kofi", OWN_SCREEN)
    page = kofi.get(path)
    wrong = kofi.fill(page, "/agree", pin="9999")
    assert wrong.status_code == 422
    assert commons(village) == 0
    first, second = (kofi.fill(page, "/agree", pin=PIN) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert village.balance("Bob") == 900


def test_a_refusal_says_why_and_it_stays_open(village: Village, desk: Browser, signed_in: SignedIn) -> None:
    path = page_of(village, "Kira", rules(commons_low=-100))
    village.do("Kofi", Agree(RecordId(bytes.fromhex(path.rsplit("/", 1)[1]))))
    village.do("Kofi", from_commons(village, "Dina", 50))
    open_ = page_of(village, "Kira", payment(village, "Bob", 40))
    village.do("Kofi", from_commons(village, "Dina", 20))
    kofi = signed_in("Kofi", OWN_SCREEN)
    refused = kofi.fill(open_, "/agree", pin=PIN)
    assert refused.status_code == 422
    assert "more than the commons can give now" in refused.text
    assert "I agree: do it" in kofi.get(open_).text


def test_no_and_take_back(village: Village, desk: Browser, signed_in: SignedIn) -> None:
    kofi = signed_in("Kofi", OWN_SCREEN)
    path = page_of(village, "Kira", payment(village, "Bob", 900))
    assert kofi.fill(path, "/object", reason="").status_code == 422
    assert "Kofi said no" in kofi.fill(path, "/object", follow=True, reason="The roof can wait").text
    assert "The roof can wait" in desk.get(path).text
    other = page_of(village, "Kira", payment(village, "Bob", 800))
    assert "Taken back" in desk.fill(other, "/take-back", follow=True).text
    late = kofi.get(other)
    assert "I agree" not in late.text


def test_who_has_a_part_in_it_is_told_that_another_must(village: Village, signed_in: SignedIn) -> None:
    appoint(village, "Kofi", "Lena")
    path = page_of(village, "Kira", payment(village, "Lena", 900))
    lena = signed_in("Lena", OWN_SCREEN).get(path).text
    assert "You have a part in this yourself" in lena
    assert "I agree: do it" not in lena


def test_it_answers_nowhere_but_at_the_hubs_own_screen(
    village: Village, desk: Browser, signed_in: SignedIn
) -> None:
    path = page_of(village, "Kira", payment(village, "Bob", 900))
    for browser in (signed_in("Kofi"), signed_in("Alice", OWN_SCREEN), signed_in("Alice")):
        for page in (path, "/desk/two", "/desk/commons/pay", "/desk/people/2/clear", "/desk/people/6/office"):
            assert browser.get(page).status_code == 403, page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"whom": "", "amount": "1", "reason": "so"}, "Nobody here has this number"),
        ({"whom": "Nobody", "amount": "1", "reason": "so"}, "Nobody here fits"),
        ({"whom": "0-0", "amount": "1", "reason": "so"}, "Nobody here has this number"),
        ({"whom": "Bob", "amount": "-1", "reason": "so"}, "without a minus sign"),
        ({"whom": "Bob", "amount": "x" * 500, "reason": "so"}, "not an amount"),
        ({"whom": "Bob", "amount": "1", "reason": " "}, "must not be empty"),
        ({"whom": "Bob", "amount": "1", "reason": "x" * 141}, "too long"),
        ({"whom": "Bob", "amount": "1", "reason": "so", "category": "gold"}, "choose a kind"),
        ({"whom": "\u202e\x00", "amount": "1", "reason": "so"}, "Nobody here"),
    ],
)
def test_what_is_mistyped_is_said_and_what_was_right_stays(
    village: Village, desk: Browser, typed: dict[str, str], words: str
) -> None:
    page = desk.fill("/desk/commons/pay", "/check", False, **typed)
    assert page.status_code == 422
    assert words in page.text, page.text
    assert commons(village) == 0


def test_nonsense_in_addresses_is_a_missing_page(desk: Browser) -> None:
    for path in ("/desk/two/zz", "/desk/two/" + "0" * 32, "/desk/people/99/clear", "/desk/people/0/clear"):
        assert desk.get(path).status_code == 404, path
    assert desk.get("/desk/people/2/office").status_code == 404


class TestClearing:
    def test_credit_goes_to_a_named_heir(self, village: Village, desk: Browser, signed_in: SignedIn) -> None:
        village.pay("Alice", "Bob", 900)
        path = f"/desk/people/{village.numbers['Bob']}/clear"
        assert desk.fill(path, "/clear", whom="Nobody", reason="has died").status_code == 422
        page = desk.fill(path, "/clear", follow=True, whom="Dina", reason="has died")
        assert "that Bob leaves to Dina" in page.text
        done = signed_in("Kofi", OWN_SCREEN).fill(page.request.path, "/agree", follow=True, pin=PIN)
        assert "Has died: close the account" in done.text
        assert (village.balance("Bob"), village.balance("Dina")) == (0, 900)

    def test_a_balance_that_moved_is_told_to_the_second(
        self, village: Village, desk: Browser, signed_in: SignedIn
    ) -> None:
        village.pay("Alice", "Bob", 900)
        path = page_of(village, "Kira", clearing(village, "Alice"))
        kofi = signed_in("Kofi", OWN_SCREEN)
        opened = kofi.get(path)
        village.pay("Dina", "Alice", 100)
        refused = kofi.fill(opened, "/agree", pin=PIN)
        assert refused.status_code == 422
        assert "changed since you looked" in refused.text
        assert "The balance is −8.00\xa0h now, and was −9.00\xa0h" in refused.text
        assert "I agree: do it" not in refused.text, "it would never be done"
        assert "Say no" in refused.text
        assert "I agree: do it" not in kofi.get(path).text

    def test_a_lone_keeper_reads_what_to_do(self, village: Village, signed_in: SignedIn) -> None:
        village.pay("Alice", "Bob", 900)
        kira = signed_in("Kira", OWN_SCREEN)
        page = kira.get(f"/desk/people/{village.numbers['Alice']}/clear").text
        assert "hub keeper appoint" in page
        assert "hub keeper appoint" in kira.get("/desk/two").text
        check = kira.fill("/desk/commons/pay", "/check", whom="Bob", amount="9", reason="A new roof")
        assert "You are the only keeper" in check.text
        assert "Ask a second keeper" not in check.text


class TestOfficeAndRules:
    def test_an_office_ends_by_two_others(self, village: Village, desk: Browser, signed_in: SignedIn) -> None:
        kofi = village.numbers["Kofi"]
        assert "hub keeper dismiss" in desk.get(f"/desk/people/{kofi}/office").text
        appoint(village, "Lena")
        page = desk.fill(f"/desk/people/{kofi}/office", "/office", follow=True, reason="has moved away")
        signed_in("Lena", OWN_SCREEN).fill(page.request.path, "/agree", follow=True)
        assert signed_in("Kofi", OWN_SCREEN).get("/desk").status_code == 403
        assert "end the office of the keeper Kofi" in signed_in("Kofi").get("/me/acts").text

    def test_a_keepers_pin_is_not_offered_to_another(self, village: Village, desk: Browser) -> None:
        page = desk.get(f"/desk/people/{village.numbers['Kofi']}").text
        assert "No keeper gives another keeper a new PIN" in page
        assert 'name="new2"' not in page

    def test_the_amount_of_one_keeper_is_changed_by_two(
        self, village: Village, desk: Browser, signed_in: SignedIn
    ) -> None:
        page = desk.fill("/desk/rules/credit", "/credit", follow=True, commons_two="50", reason="assembly")
        assert "Now the second keeper signs in here" in page.text
        assert village.hub.rules().credit.commons_two == 500
        signed_in("Kofi", OWN_SCREEN).fill(page.request.path, "/agree", follow=True)
        assert village.hub.rules().credit.commons_two == 5000

    def test_the_page_of_an_office_names_what_follows(self, village: Village, desk: Browser) -> None:
        appoint(village, "Lena")
        text = desk.get(page_of(village, "Kira", dismissal(village, "Kofi"))).text
        assert "a member like any other" in text
        assert "Lena" in text


def test_limits_beyond_any_kind_of_account_are_proposed_from_the_same_form(
    village: Village, desk: Browser, signed_in: SignedIn
) -> None:
    page = f"/desk/people/{village.numbers['Dina']}"
    alone = desk.fill(page, "/limits", follow=True, low="50", high="100", reason="Runs the mill", pin=PIN)
    assert "The limits are set." in alone.text
    proposed = desk.fill(page, "/limits", follow=True, low="90", high="100", reason="The mill burned down")
    assert "Waits for a second keeper" in proposed.text
    assert "set the limits of Dina: from −90.00 h to 100.00 h" in proposed.text.replace("\xa0", " ")
    assert "The mill burned down" in proposed.text
    kofi = signed_in("Kofi", OWN_SCREEN)
    done = kofi.fill(proposed.request.path, "/agree", follow=True, pin=PIN)
    assert "Two keepers agreed, and it is done" in done.text
    assert "−90.00 h" in desk.get(page).text.replace("\xa0", " ")
    assert "set the limits of Dina" in signed_in("Dina").get("/me/acts").text
    verify(village.hub.store)
