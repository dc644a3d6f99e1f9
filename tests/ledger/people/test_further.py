"""Stories of further accounts: a bakery's beside the baker's own, closed at zero, gone with its owner."""

import pytest

from appliance.ledger.book.schema import AccountRow, Transfer
from appliance.ledger.book.schema_credit import Grant
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.requests import Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.further import CloseAccount, OpenAccount
from appliance.ledger.people.grants import AgreeGrant, AskGrant
from appliance.ledger.people.leaving import Leave
from appliance.ledger.people.life import Freeze, Reopen
from appliance.ledger.people.members import ReplaceKey
from appliance.ledger.reads.held import held
from appliance.ledger.reads.member import statement
from appliance.ledger.reads.people import named, person
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.support.village import Village, a_village


def no(river: Village, name: str, command: object) -> Code:
    result = river.ask(name, command)  # type: ignore[arg-type]
    assert isinstance(result, Refusal), result
    return result.code


def bakery(river: Village, owner: str = "Bob", group: str = "business") -> AccountNumber:
    opened = river.do("Kira", OpenAccount(river.numbers[owner], group, "Bakery", "sells bread on Fridays"))
    return AccountNumber(opened.outcome["number"])


def balance(river: Village, number: int) -> int:
    with river.hub.reading() as tx:
        row = tx.get(AccountRow, number=number)
    assert row is not None
    return row.balance


def test_the_bakery_is_paid_and_pays_beside_the_baker(river: Village) -> None:
    shop = bakery(river)
    bob, alice = river.numbers["Bob"], river.numbers["Alice"]
    river.do("Alice", Pay(alice, shop, Amount(500)))
    river.do("Bob", Pay(shop, alice, Amount(120)))
    river.do("Bob", Pay(shop, bob, Amount(80)))
    assert (balance(river, shop), balance(river, bob)) == (300, 80)
    with river.hub.reading() as tx:
        account = tx.get(AccountRow, number=shop)
        shown = person(tx, shop)
        (line, *_) = statement(tx, alice).lines
        assert [one.number for one in named(tx, "bak", accounts_too=True)] == [shop]
        assert named(tx, "bak") == (), "an account is no witness and no helper"
        (mine,) = held(tx, bob)
        assert held(tx, alice) == ()
    assert account is not None
    assert (account.low, account.high) == (-5000, 10000), "the limits of a business"
    assert shown is not None
    assert shown.owner is not None
    assert (shown.name, shown.owner.name) == ("Bakery", "Bob")
    assert line.other == shown
    assert line.by is None, "an owner is not somebody else"
    assert (mine.kind, mine.group, mine.balance) == ("own", "business", 300)
    verify(river.hub.store)


def test_numbers_of_people_and_accounts_never_meet(river: Village) -> None:
    shop = bakery(river)
    emeka = river.join("Emeka")
    second = bakery(river, "Alice", "household")
    grace = river.join("Grace")
    assert [shop, emeka, second, grace] == list(range(shop, shop + 4))
    verify(river.hub.store)


@pytest.mark.parametrize(
    ("who", "owner", "group", "name", "reason", "code"),
    [
        ("Alice", "Alice", "business", "Bakery", "bread", Code.NOT_KEEPER),
        ("Kira", "Kira", "business", "Bakery", "bread", Code.PARTY),
        ("Kira", "Bob", "business", " ", "bread", Code.NAME_MISSING),
        ("Kira", "Bob", "business", "B" * 41, "bread", Code.TEXT_TOO_LONG),
        ("Kira", "Bob", "business", "Bakery", " ", Code.TEXT_MISSING),
        ("Kira", "Bob", "business", "Bakery", "b" * 141, Code.TEXT_TOO_LONG),
        ("Kira", "Bob", "crowd", "Bakery", "bread", Code.SETTING_WRONG),
    ],
)
def test_opening_is_refused(
    river: Village, who: str, owner: str, group: str, name: str, reason: str, code: Code
) -> None:
    assert no(river, who, OpenAccount(river.numbers[owner], group, name, reason)) is code


def test_nobody_and_no_account_and_who_is_frozen_gets_none(river: Village) -> None:
    def ask(owner: int) -> Code:
        return no(river, "Kira", OpenAccount(AccountNumber(owner), "business", "Bakery", "bread"))

    assert ask(99) is Code.UNKNOWN_ACCOUNT
    assert ask(0) is Code.UNKNOWN_ACCOUNT
    assert ask(bakery(river)) is Code.UNKNOWN_ACCOUNT
    river.do("Kira", Freeze(river.numbers["Bob"], "a quarrel"))
    assert ask(river.numbers["Bob"]) is Code.ACCOUNT_CLOSED


def test_is_closed_at_zero_with_nothing_under_way(river: Village) -> None:
    shop, alice = bakery(river), river.numbers["Alice"]
    paid = RecordId(river.do("Alice", Pay(alice, shop, Amount(500))).record)
    assert no(river, "Bob", CloseAccount(shop)) is Code.ACCOUNT_NOT_ZERO
    back = RecordId(river.do("Bob", Pay(shop, alice, Amount(500))).record)
    river.do("Alice", Dispute(paid, "stale bread"))
    assert no(river, "Bob", CloseAccount(shop)) is Code.UNDER_WAY
    river.do("Bob", Reverse(paid))
    river.do("Alice", Pay(alice, shop, Amount(500), again=True))
    asked = river.do("Bob", Request(shop, alice, Amount(30)))
    river.do("Bob", AskGrant(shop, river.numbers["Dina"], "joint"))
    assert no(river, "Alice", CloseAccount(shop)) is Code.NOT_YOURS
    assert no(river, "Kira", CloseAccount(shop)) is Code.TEXT_MISSING
    river.do("Bob", CloseAccount(shop))
    with river.hub.reading() as tx:
        request, grant = tx.get(Transfer, id=asked.record), tx.get(Grant, account=shop, member=5)
        assert held(tx, river.numbers["Bob"]) == ()
    assert request is not None
    assert request.state == "cancelled", "what merely waited ends with it"
    assert grant is not None
    assert grant.state == "ended"
    assert no(river, "Alice", Pay(alice, shop, Amount(1))) is Code.ACCOUNT_CLOSED
    assert no(river, "Bob", Pay(shop, alice, Amount(1))) is Code.ACCOUNT_CLOSED
    assert no(river, "Bob", CloseAccount(shop)) is Code.ACCOUNT_CLOSED
    assert no(river, "Alice", Reverse(back)) is Code.ACCOUNT_CLOSED, "it would be stuck there"
    verify(river.hub.store)


def test_a_keeper_closes_it_with_a_reason_and_not_the_own_nor_a_first_one(river: Village) -> None:
    shop = bakery(river)
    assert no(river, "Kira", CloseAccount(river.numbers["Bob"], "tidy")) is Code.UNKNOWN_ACCOUNT
    assert no(river, "Bob", CloseAccount(river.numbers["Bob"])) is Code.UNKNOWN_ACCOUNT
    assert no(river, "Kira", CloseAccount(AccountNumber(99), "tidy")) is Code.UNKNOWN_ACCOUNT
    river.do("Bob", AskGrant(shop, river.numbers["Kira"], "joint"))
    river.do("Kira", AgreeGrant(shop, "joint"))
    assert no(river, "Kira", CloseAccount(shop, "tidy")) is Code.PARTY
    assert no(river, "Kira", SetLimits(shop, -9000, 9000, "more")) is Code.PARTY
    other = bakery(river, "Alice")
    river.do("Kira", CloseAccount(other, "the shop is gone"))
    verify(river.hub.store)


def test_goes_with_its_owners_membership_and_stays_closed(river: Village) -> None:
    shop, bob = bakery(river), river.numbers["Bob"]
    river.do("Alice", Pay(river.numbers["Alice"], shop, Amount(10)))
    assert no(river, "Bob", Leave(bob)) is Code.ACCOUNT_NOT_ZERO
    river.do("Bob", Pay(shop, river.numbers["Alice"], Amount(10)))
    river.do("Bob", Leave(bob))
    assert no(river, "Alice", Pay(river.numbers["Alice"], shop, Amount(1))) is Code.ACCOUNT_CLOSED
    river.do("Kira", Reopen(bob, "came again"))
    assert not isinstance(river.hub.reset_pin(bob, "7415", river.signers["Kira"]), Refusal)
    signer = river.hub.unlock(bob, "7415")
    assert not isinstance(signer, Refusal)
    river.signers["Bob"] = signer
    river.pay("Alice", "Bob", 5)
    assert no(river, "Bob", Pay(shop, river.numbers["Alice"], Amount(1))) is Code.ACCOUNT_CLOSED
    verify(river.hub.store)


def test_an_account_has_no_key_and_signs_nothing(tmp_path: object) -> None:
    with a_village(tmp_path / "river") as river:  # type: ignore[operator]
        shop = bakery(river)
        assert isinstance(river.hub.unlock(shop, "2580"), Refusal)
        sealed = river.hub.reset_pin(shop, "7415", river.signers["Kira"])
        assert isinstance(sealed, Refusal)
        assert sealed.code is Code.UNKNOWN_ACCOUNT
        assert ReplaceKey.KIND == "replace_key"
