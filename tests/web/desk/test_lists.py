"""Stories of the desk's lists, of letting in many at once, and of what members read of keepers' acts."""

import pytest

from appliance.ledger.errors import Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.members import Approve
from appliance.ledger.reads.lists import DAY_MS
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN

SMALL = 30 * 1024
PATHS = [
    "/desk/lists",
    "/desk/newcomers",
    *(f"/desk/lists/{n}" for n in ("over", "near", "half", "inactive")),
]


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


@pytest.mark.parametrize("path", [*PATHS, "/desk/lists/no_offers", "/desk/lists/stale", "/desk/lists/trunks"])
def test_the_lists_are_for_keepers_at_the_hubs_own_screen(signed_in, kira, path: str) -> None:
    page = kira.get(path)
    assert page.status_code == 200
    assert len(page.data) < SMALL
    assert signed_in("Kira").get(path).status_code == 403
    assert signed_in("Alice", OWN_SCREEN).get(path).status_code == 403


def test_no_such_list(kira) -> None:
    assert kira.get("/desk/lists/secret").status_code == 404


def test_kira_sees_who_is_near_the_limit_and_who_waits_for_an_answer(village, kira) -> None:
    village.pay("Alice", "Bob", 1150)
    village.request("Chandra", "Dina", 75)
    village.clock.advance(8 * DAY_MS)
    overview = kira.get("/desk/lists").text
    assert "Close to their limit" in overview
    assert "Requests nobody answers" in overview
    near = kira.get("/desk/lists/near").text
    assert "Alice" in near
    assert "95 %" in near
    assert "Bob" not in near
    assert "Chandra asks Dina" in kira.get("/desk/lists/stale").text


def test_kira_lets_in_those_she_ticked(village, kira) -> None:
    village.join("Emil")
    village.join("Fatou")
    village.join("Goran")
    page = kira.get("/desk/newcomers")
    ticked = [str(village.numbers[name]) for name in ("Emil", "Goran")]
    for _tap in range(2):
        done = kira.fill(page, "/desk/newcomers", follow=True, member=ticked, pin=PIN)
        assert "2 people are in now" in done.text
    assert "Fatou" in done.text
    assert "Emil" not in done.text


def test_when_another_keeper_was_quicker_nobody_is_let_in_twice(village, kira) -> None:
    emil, fatou = village.join("Emil"), village.join("Fatou")
    page = kira.get("/desk/newcomers")
    village.do("Kira", Approve(fatou))
    refused = kira.fill(page, "/desk/newcomers", member=[str(emil), str(fatou)], pin=PIN)
    assert refused.status_code == 422
    assert f"because of Fatou {fatou}-" in refused.text
    assert not isinstance(village.ask("Kira", Approve(emil)), Refusal)


def test_ticking_nobody_changes_nothing(village, kira) -> None:
    village.join("Emil")
    page = kira.get("/desk/newcomers")
    assert "Emil" in kira.fill(page, "/desk/newcomers", follow=True).text


def test_alice_reads_what_keepers_did_to_her_and_nobody_elses(village, signed_in) -> None:
    paid = village.pay("Alice", "Bob", 100)
    village.do("Kira", SetLimits(village.numbers["Alice"], -2000, 2400, "harvest is near"))
    village.do("Kira", SetLimits(village.numbers["Dina"], -1, 1, "a secret of Dina's"))
    village.do("Kira", Reverse(paid.record, "paid the wrong person"))
    alice = signed_in("Alice").get("/me/acts").text
    assert "harvest is near" in alice
    assert "paid the wrong person" in alice
    assert "Kira let Alice in" in alice
    assert "secret" not in alice
    assert "Dina" not in alice
    bob = signed_in("Bob").get("/me/acts").text
    assert "paid the wrong person" in bob
    assert "harvest" not in bob
