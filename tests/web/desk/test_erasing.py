"""Erasing at the desk: what the person's page offers and says before, meanwhile and after."""

from collections.abc import Callable

from appliance.ledger.people.leaving import Leave
from appliance.ledger.tend import tend
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser

WEEK_MS = 7 * 24 * 3600 * 1000
SignedIn = Callable[..., Browser]


def test_the_words_of_who_has_left_go_a_week_later_and_others_read_a_number(
    village: Village, signed_in: SignedIn
) -> None:
    alice = village.numbers["Alice"]
    paid = village.pay("Alice", "Bob", 100, note="for sorrel")
    village.pay("Bob", "Alice", 100)
    village.do("Alice", Leave(alice))
    kira, page = signed_in("Kira", OWN_SCREEN), f"/desk/people/{alice}"
    assert "Do not erase the words" not in kira.get(page).text

    form = kira.get(f"{page}/erase")
    assert "Amounts, numbers and days stay" in form.text
    refused = kira.fill(form, "/life/erase", reason=" ", pin=PIN)
    assert refused.status_code == 422
    after = kira.fill(form, "/life/erase", follow=True, reason="asked at the desk", pin=PIN)
    assert "The person's words will be erased on" in after.text
    assert "Erase the person" not in after.text

    back = kira.fill(f"{page}/keep", "/life/keep", follow=True, reason="thought again", pin=PIN)
    assert "will be erased on" not in back.text
    kira.fill(f"{page}/erase", "/life/erase", reason="asked once more", pin=PIN)
    village.clock.advance(WEEK_MS + 1)
    tend(village.hub)

    kira = signed_in("Kira", OWN_SCREEN)
    gone = kira.get(page)
    assert "The person's words have been erased." in gone.text
    assert "Take in again" not in gone.text
    bob = signed_in("Bob")
    for path in (f"/t/{paid.record.hex()}", "/statement", "/"):
        shown = bob.get(path)
        assert shown.status_code == 200, path
        assert "sorrel" not in shown.text
        assert "Alice" not in shown.text
    assert f"member {village.account('Alice').short}" in bob.get(f"/t/{paid.record.hex()}").text
    for path in ("/desk/log", "/desk/people", "/desk/payments"):
        shown = kira.get(path)
        assert shown.status_code == 200, path
        assert "Alice" not in shown.text, path
