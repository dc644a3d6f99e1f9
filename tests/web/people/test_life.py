"""Stories of members' life: taken in at the desk, away, frozen, leaving; limits that warn."""

import pytest

from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Freeze
from appliance.ledger.people.members import AppointKeeper
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def step(kira, village, name: str, what: str, **typed: str):
    number = village.numbers[name]
    path = f"/desk/people/{number}"
    return kira.fill(f"{path}/{what}", f"{path}/life/{what}", follow=True, reason="agreed", **typed)


def test_somebody_without_a_phone_gets_a_card_and_is_paid(village, kira, signed_in) -> None:
    asked = {"name": "Emma", "group": "household"}
    page = kira.fill("/desk/people/new", "/desk/people/new", follow=True, reason="no phone", **asked)
    assert "Emma is in now." in page.text
    assert "<svg" in page.text
    assert len(page.data) < SMALL
    number = max(village.numbers.values()) + 1
    page = kira.get(f"/desk/people/{number}")
    assert "Household" in page.text
    assert "took in Emma, who has no phone" in kira.get("/desk/log").text


def test_a_name_that_is_missing_keeps_what_was_typed(kira) -> None:
    page = kira.fill("/desk/people/new", "/desk/people/new", name=" ", reason="no phone")
    assert page.status_code == 422
    assert 'value="no phone"' in page.text


def test_away_and_back_on_ones_own_page(village, signed_in) -> None:
    alice = signed_in("Alice")
    page = alice.fill("/me/away", "/me/away", follow=True)
    assert "hidden until you are back" in page.text
    assert "You are away" in alice.get("/").text
    assert "Welcome back" in alice.fill("/me/away", "/me/away", follow=True).text


def test_who_is_frozen_reads_and_moves_nothing(village, kira, signed_in) -> None:
    alice = signed_in("Alice")
    assert "stands in the log" in step(kira, village, "Alice", "freeze").text
    page = alice.get("/")
    assert "frozen your account" in page.text
    assert alice.get("/statement").status_code == 200
    assert "froze the account of Alice" in alice.get("/me/acts").text
    again = signed_in("Alice")
    assert again.get("/").status_code == 200
    assert (
        "freed the account" in step(kira, village, "Alice", "unfreeze").text
        or "Alice" in kira.get("/desk/log").text
    )


def test_leaving_asks_for_the_pin_and_ends_the_sign_in(village, signed_in) -> None:
    alice = signed_in("Alice")
    village.pay("Bob", "Alice", 100)
    page = alice.fill("/me/close", "/me/close", pin=PIN)
    assert page.status_code == 422
    assert "still has 1.00" in page.text
    village.pay("Alice", "Bob", 100)
    page = alice.fill("/me/close", "/me/close", pin=PIN, follow=True)
    assert page.request.path == "/"
    assert alice.get("/me").status_code == 302


def test_the_desk_says_what_stands_in_the_way_and_takes_in_again(village, kira) -> None:
    path = f"/desk/people/{village.numbers['Alice']}/died"
    opened = kira.get(path)
    village.pay("Alice", "Bob", 250)  # while the keeper types
    page = kira.fill(opened, "/died", follow=True, reason="last night")
    assert "still owes 2.50" in page.text
    village.pay("Bob", "Alice", 250)
    assert "has died" in step(kira, village, "Alice", "died").text
    assert "who has died" in kira.get("/desk/log").text
    assert "Take in again" in kira.get(f"/desk/people/{village.numbers['Alice']}").text
    assert "has left" not in step(kira, village, "Alice", "reopen").text


def test_who_is_closed_at_the_desk_is_signed_out_everywhere(village, kira, signed_in) -> None:
    alice = signed_in("Alice")
    assert alice.get("/me").status_code == 200
    step(kira, village, "Alice", "left")
    answer = alice.get("/me")
    assert answer.status_code == 302
    assert "/signin" in answer.location
    assert alice.sign_in(village.account("Alice").short).status_code == 422


def test_limits_warn_at_half_and_at_nine_tenths(village, signed_in) -> None:
    alice = signed_in("Alice")
    village.pay("Alice", "Bob", 600)
    assert "more than half" not in alice.get("/").text
    village.pay("Alice", "Chandra", 1)
    assert "more than half of what you can owe" in alice.get("/").text
    village.pay("Alice", "Chandra", 480)
    page = alice.get("/").text
    assert "nine tenths of what you can owe" in page
    assert "1.19" in page


def test_limits_for_a_while_are_shown_with_their_end(village, kira) -> None:
    number = village.numbers["Alice"]
    typed = {"low": "20", "high": "30", "days": "10", "reason": "a new roof"}
    path = f"/desk/people/{number}"
    page = kira.fill(path, f"{path}/limits", follow=True, **typed)
    assert "These limits hold until" in page.text
    wrong = kira.fill(path, f"{path}/limits", **{**typed, "days": "soon"})
    assert wrong.status_code == 422


def test_another_kind_of_account(village, kira) -> None:
    page = step(kira, village, "Bob", "group", group="business")
    assert "Business" in page.text
    assert "50.00" in page.text


@pytest.mark.parametrize("path", ["/desk/people/new", "/desk/people/2/card", "/desk/people/2/freeze"])
def test_the_pages_are_for_keepers_alone(signed_in, path: str) -> None:
    assert signed_in("Alice", OWN_SCREEN).get(path).status_code == 403
    assert signed_in("Kira").get(path).status_code == 403


def test_ones_own_membership_is_not_on_ones_own_desk_page(village, kira) -> None:
    page = kira.get(f"/desk/people/{village.numbers['Kira']}").text
    assert "Freeze the account" not in page
    assert "May owe at most" not in page


def test_a_member_who_left_is_signed_out_everywhere(village, signed_in) -> None:
    alice = signed_in("Alice")
    village.do("Alice", Leave(village.numbers["Alice"]))
    assert alice.get("/me").status_code in (302, 403)
    village.do("Kira", Freeze(village.numbers["Bob"], "lost phone"))
    assert village.balance("Bob") == 0


def test_the_only_keeper_reads_what_follows_from_leaving(village, signed_in) -> None:
    kira = signed_in("Kira")
    assert "You are the only keeper" in kira.get("/me/close").text
    assert "only keeper" not in signed_in("Alice").get("/me/close").text
    village.root(AppointKeeper(village.numbers["Bob"]))
    assert "only keeper" not in kira.get("/me/close").text


def test_closing_with_a_balance_leads_to_what_two_keepers_can_do(village, kira) -> None:
    village.pay("Alice", "Bob", 250)
    path = f"/desk/people/{village.numbers['Alice']}"
    page = kira.get(f"{path}/died")
    assert f'href="{path}/clear"' in page.text
    assert "Why?" not in page.text  # it could not be done: one thing to do at a time
    assert kira.get(f"{path}/clear").status_code == 200
    even = kira.get(f"/desk/people/{village.numbers['Dina']}/died").text
    assert "/clear" not in even
    assert "Why?" in even
