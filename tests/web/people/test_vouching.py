"""Emma wants to join a village where members must vouch: her page, theirs, the desk; and what is said of people."""

import pytest

from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.leaving import DIED, CloseMember
from appliance.ledger.people.life import Away, Freeze, Register, Vouch
from appliance.ledger.people.members import AppointKeeper, TurnAway
from appliance.ledger.values import Account, AccountNumber
from tests.support.village import PIN
from tests.web.conftest import OWN_SCREEN
from tests.web.money.test_crossing import words


@pytest.fixture
def kira(signed_in):
    """Kira, signed in at the hub's own screen."""
    return signed_in("Kira", OWN_SCREEN)


def test_from_the_rule_to_the_door(village, kira, signed_in) -> None:
    assert signed_in("Alice").get("/me/vouch").status_code == 404  # nobody needs it yet
    typed = {"vouchers": "2", "reason": "we have grown"}
    page = kira.fill("/desk/rules/joining", "/desk/rules/joining", follow=True, **typed)
    assert "2 members must vouch for a newcomer" in words(page)
    assert "2 members must vouch" in words(kira.get("/desk/log"))
    emma = village.join("Emma")
    number = village.account("Emma").short
    assert "0 of 2 have done so" in words(signed_in("Emma").get("/"))
    for name in ("Alice", "Bob"):
        path = f"/desk/people/{emma}"
        refused = kira.fill(path, f"{path}/approve", pin=PIN)
        assert refused.status_code == 422
        assert "2 members must say that they know this person" in words(refused)
        member = signed_in(name)
        assert "I know somebody who wants to join" in member.get("/me").text
        sure = member.fill("/me/vouch", "/me/vouch", number=number)
        assert "Do you know Emma?" in sure.text
        done = member.fill(sure, "/me/vouch", follow=True)
        assert "You vouch for Emma" in words(done)
    assert "2 of 2 have done so" in words(signed_in("Emma").get("/"))
    assert "2 of 2 vouch" in words(kira.get("/desk/newcomers"))
    page = words(kira.get(f"/desk/people/{emma}"))
    assert "Alice" in page
    assert "Bob" in page
    path = f"/desk/people/{emma}"
    assert "is in now" in words(kira.fill(path, f"{path}/approve", follow=True, group="business"))
    assert "Business" in words(kira.get(path))
    assert "Alice vouched for Emma" in words(kira.get("/desk/log"))
    assert "Alice vouched for Emma" in words(signed_in("Emma").get("/me/acts"))


def test_letting_in_many_says_for_whom_it_cannot_be(village, kira) -> None:
    village.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have grown"))
    emma, fay = village.join("Emma"), village.join("Fay")
    village.do("Alice", Vouch(emma))
    page = kira.get("/desk/newcomers")
    refused = kira.fill(page, "/desk/newcomers", member=[str(emma), str(fay)], pin=PIN)
    assert refused.status_code == 422
    assert "because of Fay" in words(refused)
    assert "1 member must say" in words(refused)
    assert "is in now" in words(kira.fill(page, "/desk/newcomers", member=[str(emma)], pin=PIN, follow=True))


@pytest.mark.parametrize("typed", ["x", "1-0", "2-4", "99-9", "102-0004-9", "9" * 300])
def test_a_number_of_nobody_who_waits_is_refused(village, signed_in, typed: str) -> None:
    village.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have grown"))
    alice = signed_in("Alice")
    assert alice.get("/me/vouch", query_string={"number": typed}).status_code == 422


def test_without_a_phone_one_is_vouched_for_as_well(village, kira) -> None:
    village.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have grown"))
    page = kira.fill("/desk/people/new", "/desk/people/new", follow=True, name="Gita", reason="no phone")
    assert "0 of 1 members vouch" in words(page)


def test_a_forgotten_number_is_found_at_the_desk_also_of_who_has_left(village, kira) -> None:
    village.do("Kira", CloseMember(village.numbers["Dina"], "left", "moved to town"))
    assert "Dina" not in words(kira.get("/desk/people"))
    page = kira.get("/desk/people?q=din")
    assert "has left" in words(page)
    page = kira.get(f"/desk/people/{village.numbers['Alice']}")
    assert f'<p class="code">{village.account("Alice").short}</p>' in page.text
    assert "Card to print" in page.text
    assert "Take in again" in kira.get(f"/desk/people/{village.numbers['Dina']}").text


def test_the_first_pin_leaves_a_trace_that_its_owner_reads(village, kira, phone) -> None:
    number = int(str(village.do("Kira", Register("Gita", "no phone")).outcome["number"]))
    path = f"/desk/people/{number}"
    assert "The first PIN" in kira.get(path).text
    page = kira.fill(path, f"{path}/pin", follow=True, new="7415", new2="7415", pin=PIN)
    assert "new PIN counts" in words(page)
    gita = phone()
    gita.sign_in(Account(village.hub.number, AccountNumber(number)).short, "7415")
    assert "Your PIN was given to you by Kira" in words(gita.get("/"))
    assert "gave Gita a new PIN" in words(gita.get("/me/acts"))


def test_who_pays_reads_how_it_stands_with_the_other(village, signed_in) -> None:
    alice = signed_in("Alice")

    def paying(name: str):
        return alice.get(f"/P/{village.account(name).compact}")

    village.do("Bob", Away(village.numbers["Bob"]))
    page = paying("Bob")
    assert page.status_code == 200
    assert "Bob is away for a while. A payment arrives all the same." in words(page)
    assert "is away for a while" in words(alice.fill(page, "/pay/check", amount="1"))
    assert "(away)" in words(signed_in("Kira", OWN_SCREEN).get("/desk/people"))
    village.do("Kira", Freeze(village.numbers["Chandra"], "a quarrel"))
    page = paying("Chandra")
    assert page.status_code == 422
    assert "cannot be paid now" in words(page)
    assert "frozen" not in words(page)  # why is between Chandra and the keepers
    village.do("Kira", CloseMember(village.numbers["Dina"], DIED, "on Sunday"))
    assert "Dina has died." in words(paying("Dina"))
    village.join("Emma")
    assert "has not been let in yet" in words(paying("Emma"))
    village.do("Kira", TurnAway(village.numbers["Emma"], "nobody knows her"))
    assert "not a member here any more" in words(paying("Emma"))


def test_the_desk_does_not_offer_to_freeze_a_keeper(village, kira) -> None:
    village.root(AppointKeeper(village.numbers["Bob"]))
    page = kira.get(f"/desk/people/{village.numbers['Bob']}").text
    assert "Freeze the account" not in page
    assert "Is a keeper" in page
    assert "Freeze the account" in kira.get(f"/desk/people/{village.numbers['Alice']}").text


def test_limits_of_kinds_of_accounts_are_changed_at_the_desk(village, kira) -> None:
    typed = {"low_business": "80", "reason": "a good year"}
    page = kira.fill("/desk/rules/groups", "/desk/rules/groups", follow=True, **typed)
    assert "The rules are changed" in page.text
    assert "Business: may go down to −80.00" in words(kira.get("/desk/log"))
