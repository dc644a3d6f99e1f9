"""Members' life: registered without a phone, away, frozen, vouched for, leaving, coming again."""

from pathlib import Path

import pytest

from appliance.ledger.book.schema import AccountRow, Claim, Listing, Member, Transfer
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market.listings import OFFER, OpenListing
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.money.undo import AskBack
from appliance.ledger.people import leaving, powers
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.life import Away, Back, Freeze, Register, Reopen, Unfreeze, Vouch
from appliance.ledger.people.members import AppointKeeper, Approve, TurnAway
from appliance.ledger.reads.people import named
from appliance.ledger.reads.village import not_trading
from appliance.ledger.values import COMMONS, AccountNumber, Amount
from tests.support.village import Village, a_village

DAY = 20_605
"""2026-06-01, counted from 1970."""


def status(river: Village, name: str) -> str:
    with river.hub.reading() as tx:
        member = tx.get(Member, number=river.numbers[name])
    assert member is not None
    return str(member.status)


def no(river: Village, name: str, command: Command) -> Code:
    result = river.ask(name, command)
    assert isinstance(result, Refusal), result
    return result.code


def register(river: Village, name: str, group: str = "person") -> AccountNumber:
    receipt = river.do("Kira", Register(name, "has no phone", group))
    river.numbers[name] = AccountNumber(receipt.outcome["number"])
    return river.numbers[name]


class TestWithoutAPhone:
    def test_is_paid_at_once_and_gets_a_pin_later(self, river: Village) -> None:
        emma = register(river, "Emma")
        river.pay("Alice", "Emma", 300)
        assert river.balance("Emma") == 300
        assert isinstance(river.hub.unlock(emma, "7415"), Refusal)
        assert not isinstance(river.hub.reset_pin(emma, "7415", river.signers["Kira"]), Refusal)
        signer = river.hub.unlock(emma, "7415")
        assert not isinstance(signer, Refusal)
        river.signers["Emma"] = signer
        river.pay("Emma", "Bob", 400)
        assert river.balance("Emma") == -100
        verify(river.hub.store)

    def test_limits_are_those_of_the_group(self, river: Village) -> None:
        number = register(river, "Mill", "business")
        with river.hub.reading() as tx:
            account = tx.get(AccountRow, number=number)
        assert account is not None
        assert (account.low, account.high) == (-5000, 10000)

    def test_only_a_keeper_with_a_reason(self, river: Village) -> None:
        assert no(river, "Alice", Register("Emma", "no phone")) is Code.NOT_KEEPER
        assert no(river, "Kira", Register("Emma", " ")) is Code.TEXT_MISSING
        assert no(river, "Kira", Register(" ", "no phone")) is Code.NAME_MISSING
        assert no(river, "Kira", Register("Emma", "no phone", "crowd")) is Code.SETTING_WRONG

    def test_vouching_is_not_got_around_by_registering(self, tmp_path: Path) -> None:
        with a_village(tmp_path / "river") as river:
            river.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have grown"))
            emma = register(river, "Emma")
            assert status(river, "Emma") == powers.APPLIED
            assert no(river, "Alice", Pay(river.numbers["Alice"], emma, Amount(100))) is Code.UNKNOWN_ACCOUNT
            assert no(river, "Kira", Approve(emma)) is Code.VOUCHERS_MISSING
            river.do("Alice", Vouch(emma))
            river.do("Kira", Approve(emma, "household"))
            river.pay("Alice", "Emma", 100)
            verify(river.hub.store)


class TestAway:
    def test_listings_rest_and_all_else_goes_on(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        river.do("Alice", OpenListing(alice, OFFER, "food", "Bread"))
        river.do("Alice", Away(alice))
        with river.hub.reading() as tx:
            assert alice in not_trading(tx)
            assert [who.number for who in named(tx, "Alice")] == [alice]
        river.pay("Bob", "Alice", 100)
        river.pay("Alice", "Bob", 50)
        assert no(river, "Alice", Away(alice)) is Code.WRONG_STATUS
        river.do("Alice", Back(alice))
        with river.hub.reading() as tx:
            assert alice not in not_trading(tx)

    def test_a_keeper_gives_a_reason_and_others_cannot(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        assert no(river, "Bob", Away(alice)) is Code.NOT_KEEPER
        assert no(river, "Kira", Away(alice)) is Code.TEXT_MISSING
        river.do("Kira", Away(alice, "in hospital"))
        assert status(river, "Alice") == powers.AWAY


class TestFrozen:
    def test_neither_pays_nor_is_paid_until_freed(self, river: Village) -> None:
        alice, bob = river.numbers["Alice"], river.numbers["Bob"]
        river.do("Kira", Freeze(alice, "the phone was stolen"))
        assert no(river, "Alice", Pay(alice, bob, Amount(100))) is Code.FROZEN
        assert no(river, "Bob", Pay(bob, alice, Amount(100))) is Code.ACCOUNT_CLOSED
        assert no(river, "Alice", Unfreeze(alice, "please")) is Code.NOT_KEEPER
        river.do("Kira", Unfreeze(alice, "found again"))
        river.pay("Alice", "Bob", 100)
        verify(river.hub.store)

    def test_who_was_away_is_away_again_when_freed(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        river.do("Alice", Away(alice))
        river.do("Kira", Freeze(alice, "the phone was stolen"))
        assert status(river, "Alice") == powers.FROZEN
        river.do("Kira", Unfreeze(alice, "found again"))
        assert status(river, "Alice") == powers.AWAY
        river.do("Alice", Back(alice))
        for _turn in range(2):
            river.do("Kira", Freeze(alice, "stolen once more"))
            river.do("Kira", Unfreeze(alice, "found once more"))
            assert status(river, "Alice") == powers.ACTIVE
        verify(river.hub.store)

    def test_a_keeper_is_frozen_by_nobody_alone(self, river: Village) -> None:
        river.root(AppointKeeper(river.numbers["Bob"]))
        assert no(river, "Kira", Freeze(river.numbers["Bob"], "quarrel")) is Code.STILL_KEEPER
        assert no(river, "Kira", Freeze(river.numbers["Kira"], "myself")) is Code.PARTY

    def test_confirmed_care_waits_until_freed_and_keeps_nobody_else_waiting(self, tmp_path: Path) -> None:
        with a_village(tmp_path / "river", credit={"commons_low": 0}, care={"quorum": 1}) as river:
            alice, dina = river.numbers["Alice"], river.numbers["Dina"]
            for carer in (alice, dina):
                name = "Alice" if carer == alice else "Dina"
                claim = river.do(name, ClaimCare(carer, "elder", 60, DAY, "Omar", "Lunch"))
                with river.hub.reading() as tx:
                    row = tx.get(Claim, id=claim.record)
                assert row is not None
                river.do("Bob", Cosign(claim.record, bytes(row.terms)))
            river.do("Kira", Freeze(alice, "the phone was stolen"))
            river.do("Kira", Pay(river.numbers["Kira"], COMMONS, Amount(200)))
            assert (river.balance("Alice"), river.balance("Dina")) == (0, 100)
            river.do("Kira", Unfreeze(alice, "found again"))
            assert (river.balance("Alice"), river.balance("Dina")) == (100, 100)
            verify(river.hub.store)


class TestVouching:
    def test_enough_members_must_know_the_newcomer(self, tmp_path: Path) -> None:
        with a_village(tmp_path / "river") as river:
            emma = river.join("Emma")

            river.do("Kira", ChangeRules("credit", {"vouchers": 2}, "we have grown"))
            refusal = river.ask("Kira", Approve(emma))
            assert isinstance(refusal, Refusal)
            assert (refusal.code, refusal.numbers) == (Code.VOUCHERS_MISSING, {"have": 0, "wanted": 2})
            river.do("Alice", Vouch(emma))
            assert no(river, "Alice", Vouch(emma)) is Code.ALREADY_SIGNED
            assert no(river, "Kira", Approve(emma)) is Code.VOUCHERS_MISSING
            assert no(river, "Emma", Vouch(emma)) is Code.NOT_ACTIVE
            river.do("Bob", Vouch(emma))
            river.do("Kira", Approve(emma))
            assert no(river, "Chandra", Vouch(emma)) is Code.NOT_APPLIED
            verify(river.hub.store)

    def test_the_word_of_somebody_frozen_does_not_count(self, tmp_path: Path) -> None:
        with a_village(tmp_path / "river") as river:
            river.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have grown"))
            emma = river.join("Emma")
            river.do("Alice", Vouch(emma))
            river.do("Kira", Freeze(river.numbers["Alice"], "vouches for anybody"))
            assert no(river, "Kira", Approve(emma)) is Code.VOUCHERS_MISSING
            river.do("Bob", Vouch(emma))
            river.do("Kira", Approve(emma))
            verify(river.hub.store)


class TestLeaving:
    def test_nothing_is_given_back_into_or_out_of_a_closed_account(self, river: Village) -> None:
        paid, got = river.pay("Alice", "Bob", 100), river.pay("Chandra", "Alice", 100)
        river.do("Alice", Leave(river.numbers["Alice"]))
        assert no(river, "Bob", Reverse(paid.record)) is Code.ACCOUNT_CLOSED
        assert no(river, "Kira", Reverse(paid.record, "please")) is Code.ACCOUNT_CLOSED
        assert no(river, "Chandra", AskBack(got.record, "too much")) is Code.ACCOUNT_CLOSED
        assert no(river, "Kira", Reverse(got.record, "please")) is Code.ACCOUNT_CLOSED
        assert river.balance("Alice") == 0
        river.do("Kira", Reopen(river.numbers["Alice"], "came home"))
        river.do("Kira", Reverse(got.record, "was a mistake"))
        assert river.balance("Alice") == -100
        verify(river.hub.store)

    def test_what_waits_is_cancelled_on_both_sides(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        listed = river.do("Alice", OpenListing(alice, OFFER, "food", "Bread"))
        asked, asking = river.request("Bob", "Alice", 200), river.request("Alice", "Bob", 300)
        river.do("Alice", Leave(alice))
        with river.hub.reading() as tx:
            states = [tx.get(Transfer, id=r.record) for r in (asked, asking)]
            held = [tx.get(AccountRow, number=river.numbers[n]) for n in ("Alice", "Bob")]
            listing = tx.get(Listing, id=listed.record)
        assert [t.state for t in states if t] == ["cancelled", "cancelled"]
        assert [row.held for row in held if row] == [0, 0]
        assert listing is not None
        assert listing.state == "closed"
        bob = river.numbers["Bob"]
        assert no(river, "Bob", Pay(bob, alice, Amount(100))) is Code.ACCOUNT_CLOSED
        assert no(river, "Alice", Pay(alice, bob, Amount(100))) is Code.NOT_ACTIVE
        assert isinstance(river.hub.unlock(alice, "2580"), Refusal)
        verify(river.hub.store)

    @pytest.mark.parametrize("amount", [100, -100])
    def test_not_with_a_balance_and_the_number_says_what(self, river: Village, amount: int) -> None:
        payer, payee = ("Bob", "Alice") if amount > 0 else ("Alice", "Bob")
        river.pay(payer, payee, 100)
        refusal = river.ask("Alice", Leave(river.numbers["Alice"]))
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.numbers) == (Code.ACCOUNT_NOT_ZERO, {"balance": amount})
        river.pay(payee, payer, 100)
        river.do("Alice", Leave(river.numbers["Alice"]))
        assert status(river, "Alice") == powers.CLOSED

    def test_an_open_dispute_must_end_first(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 100)
        river.pay("Bob", "Alice", 100)
        river.do("Alice", Dispute(paid.record, "too much"))
        command = CloseMember(river.numbers["Bob"], leaving.LEFT, "moved to town")
        assert no(river, "Kira", command) is Code.UNDER_WAY

    def test_a_keeper_closes_for_somebody_who_died(self, river: Village) -> None:
        dina = river.numbers["Dina"]
        assert no(river, "Kira", CloseMember(dina, leaving.DIED, "")) is Code.TEXT_MISSING
        assert no(river, "Alice", CloseMember(dina, leaving.DIED, "heard it")) is Code.NOT_KEEPER
        assert no(river, "Kira", CloseMember(river.numbers["Kira"], leaving.LEFT, "me")) is Code.PARTY
        river.do("Kira", CloseMember(dina, leaving.DIED, "on Sunday"))
        assert status(river, "Dina") == powers.CLOSED
        assert no(river, "Kira", CloseMember(dina, leaving.DIED, "again")) is Code.WRONG_STATUS

    def test_comes_again_with_a_new_pin_only(self, river: Village) -> None:
        dina = river.numbers["Dina"]
        river.do("Dina", Leave(dina))
        river.do("Kira", Reopen(dina, "came home"))
        river.pay("Alice", "Dina", 100)
        bob = river.numbers["Bob"]
        assert no(river, "Dina", Pay(dina, bob, Amount(50))) is Code.NOT_ACTIVE
        assert not isinstance(river.hub.reset_pin(dina, "7415", river.signers["Kira"]), Refusal)
        verify(river.hub.store)

    def test_who_was_turned_away_has_no_account_to_open_again(self, river: Village) -> None:

        emma = river.join("Emma")
        river.do("Kira", TurnAway(emma, "unknown here"))
        assert no(river, "Kira", Reopen(emma, "mistake")) is Code.WRONG_STATUS
