"""Joining, being approved or turned away, keys and PINs that are changed or replaced."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.ledger import keys
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.private import SealedKeyRow
from appliance.ledger.book.schema import AccountRow, Member, MemberKey
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.keys import KeySigner, RootPaper
from appliance.ledger.market.listings import OFFER, OpenListing
from appliance.ledger.money.requests import Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import AppointKeeper, Approve, ChangePin, Join, ReplaceKey, TurnAway
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME
from appliance.ledger.values import AccountNumber, Amount
from tests.support.village import CHEAP, PIN, Village

EMMA_PIN = "7391"


def status(village: Village, number: int) -> str | None:
    with village.hub.reading() as tx:
        row = tx.get(Member, number=number)
        return row.status if row else None


def head(village: Village) -> int:
    return village.hub.head().number


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


# ------------------------------------------------------------------------------------------------ joining


def test_emma_joins_waits_and_is_approved(river: Village) -> None:
    emma = river.join("Emma", EMMA_PIN)
    assert emma == 6
    assert status(river, emma) == "applied"
    assert code(river.ask("Emma", Pay(emma, river.numbers["Bob"], Amount(100)))) is Code.NOT_ACTIVE
    river.do("Kira", Approve(emma))
    assert status(river, emma) == "active"
    river.pay("Emma", "Bob", 100)
    assert (river.balance("Emma"), river.balance("Bob")) == (-100, 100)


def test_who_waits_can_do_nothing_in_the_village(river: Village) -> None:
    emma, bob = river.join("Emma"), river.numbers["Bob"]
    today = river.clock.now().ms // 86_400_000
    for command in (
        Pay(emma, bob, Amount(1)),
        Request(emma, bob, Amount(1)),
        Request(emma, None, Amount(1)),
        OpenListing(emma, OFFER, "food", "Bread"),
        ClaimCare(emma, "child", 60, today, "Tom"),
        Approve(emma),
        TurnAway(emma, "no"),
    ):
        assert code(river.ask("Emma", command)) in {Code.NOT_ACTIVE, Code.NOT_KEEPER}
    assert code(river.ask("Bob", Pay(bob, emma, Amount(1)))) is Code.UNKNOWN_ACCOUNT


@pytest.mark.parametrize("name", ["", "  ", "\t\n", "\u00a0"])
def test_a_newcomer_has_a_name(river: Village, name: str) -> None:
    assert river.hub.join(name, EMMA_PIN) == Refusal(Code.NAME_MISSING, {}, (Action.TRY_AGAIN,))


def test_a_name_has_a_bound(river: Village) -> None:
    assert isinstance(river.hub.join("E" * LONGEST_NAME, EMMA_PIN), Receipt)
    refused = river.hub.join("E" * (LONGEST_NAME + 1), EMMA_PIN)
    assert code(refused) is Code.TEXT_TOO_LONG


def test_a_weak_pin_takes_no_number(river: Village) -> None:
    before = head(river)
    assert code(river.hub.join("Emma", "1234")) is Code.PIN_WEAK
    assert head(river) == before


def test_a_join_that_is_sent_again_gives_the_first_receipt(river: Village) -> None:
    key = new_key()
    first = river.hub.join("Emma", EMMA_PIN, key)
    # The form comes again, with whatever PIN was typed then: the PIN of the first time stays.
    again = river.hub.join(" Emma ", "8642", key)
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.entry, again.hash, again.record, again.outcome) == (
        first.entry,
        first.hash,
        first.record,
        first.outcome,
    )
    number = int(str(first.outcome["number"]))
    opened = river.hub.unlock(number, EMMA_PIN)
    assert isinstance(opened, KeySigner)
    assert code(river.hub.unlock(number, "8642")) is Code.PIN_WRONG


def test_another_name_under_the_same_key_is_refused(river: Village) -> None:
    key = new_key()
    river.hub.join("Emma", EMMA_PIN, key)
    assert code(river.hub.join("Emil", EMMA_PIN, key)) is Code.KEY_REUSED


def test_a_double_tap_on_join_makes_one_newcomer(river: Village) -> None:
    key, start = new_key(), threading.Barrier(3)

    def tap() -> Receipt | Refusal:
        start.wait(20)
        return river.hub.join("Emma", EMMA_PIN, key)

    with ThreadPoolExecutor(3) as pool:
        said = [done.result() for done in [pool.submit(tap) for _ in range(3)]]
    assert [type(one) for one in said] == [Receipt] * 3
    assert sorted(one.replayed for one in said if isinstance(one, Receipt)) == [False, True, True]
    assert len({one.hash for one in said if isinstance(one, Receipt)}) == 1


def test_two_of_one_name_are_two_people(river: Village) -> None:
    assert river.join("Alice") != river.numbers["Bob"]
    assert len(set(river.numbers.values())) == 5


def test_a_join_is_signed_with_the_key_it_brings(river: Village) -> None:
    sealed = keys.seal(keys.new_seed(), PIN, river.hub.pepper, CHEAP)
    stranger = KeySigner("newcomer", keys.new_seed())
    assert code(river.hub.submit(Join("Mallory", sealed), stranger)) is Code.NOT_YOURS
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------------ approving


def test_only_keepers_and_the_root_approve(river: Village) -> None:
    emma = river.join("Emma")
    for name in ("Alice", "Emma"):
        assert code(river.ask(name, Approve(emma))) is Code.NOT_KEEPER
        assert code(river.ask(name, TurnAway(emma, "no"))) is Code.NOT_KEEPER
    river.root(Approve(emma))
    assert status(river, emma) == "active"


def test_nobody_is_approved_twice(river: Village) -> None:
    for number in (river.numbers["Alice"], river.numbers["Kira"]):
        assert code(river.ask("Kira", Approve(number))) is Code.NOT_APPLIED
    assert code(river.ask("Kira", Approve(AccountNumber(99)))) is Code.UNKNOWN_ACCOUNT
    assert code(river.ask("Kira", Approve(AccountNumber(0)))) is Code.UNKNOWN_ACCOUNT


def test_a_new_account_begins_at_zero_with_the_rules_of_that_day(river: Village) -> None:
    emma = river.join("Emma")
    river.do("Kira", Approve(emma))
    with river.hub.reading() as tx:
        row = tx.get(AccountRow, number=emma)
    credit = river.hub.rules().credit
    assert row is not None
    assert (row.balance, row.held, row.low, row.high, row.owner) == (0, 0, credit.low, credit.high, emma)


def test_turning_away_needs_a_reason_and_ends_the_key(river: Village) -> None:
    emma = river.join("Emma")
    assert code(river.ask("Kira", TurnAway(emma, "  "))) is Code.TEXT_MISSING
    assert code(river.ask("Kira", TurnAway(emma, "x" * (LONGEST_LINE + 1)))) is Code.TEXT_TOO_LONG
    river.do("Kira", TurnAway(emma, "Nobody knows her yet"))
    assert status(river, emma) == "closed"
    sealed = keys.seal(river.signers["Emma"].seed(), "9641", river.hub.pepper, CHEAP)
    assert code(river.ask("Emma", ChangePin(sealed))) is Code.NOT_ACTIVE
    assert code(river.ask("Kira", Approve(emma))) is Code.NOT_APPLIED
    assert code(river.hub.reset_pin(emma, "9641", river.signers["Kira"])) is Code.UNKNOWN_ACCOUNT


def test_a_number_is_never_given_twice(river: Village) -> None:
    emma = river.join("Emma")
    river.do("Kira", TurnAway(emma, "Nobody knows her yet"))
    assert river.join("Fred") == emma + 1


# ------------------------------------------------------------------------------------------------ keepers


def test_only_the_root_appoints_keepers(river: Village) -> None:
    appoint = AppointKeeper(river.numbers["Bob"])
    for name in ("Bob", "Kira"):
        assert code(river.ask(name, appoint)) is Code.NOT_YOURS
    river.root(appoint)
    river.do("Bob", Approve(river.join("Emma")))


def test_who_waits_for_approval_is_not_made_keeper(river: Village) -> None:
    emma = river.join("Emma")
    root = KeySigner("root:button", river.papers.hub.seed)
    assert code(river.hub.submit(AppointKeeper(emma), root)) is Code.NOT_ACTIVE


@pytest.mark.parametrize("which", ["the founders' paper", "another hub's paper"])
def test_another_root_paper_appoints_nobody(river: Village, which: str) -> None:
    # Both papers of a founding look alike: typing the wrong one must not end in a book that never verifies again.
    paper = river.founders if which == "the founders' paper" else RootPaper.fresh()
    before = head(river)
    for command in (AppointKeeper(river.numbers["Bob"]), Approve(river.join("Emma"))):
        assert code(river.hub.submit(command, KeySigner("root:button", paper.seed))) is Code.NOT_YOURS
    assert head(river) == before + 1
    verify(river.hub.store)


# ------------------------------------------------------------------------------------------------ PIN and key


def test_a_changed_pin_opens_the_same_key(river: Village) -> None:
    alice = river.numbers["Alice"]
    assert isinstance(river.hub.change_pin(alice, PIN, "9641"), Receipt)
    assert code(river.hub.unlock(alice, PIN)) is Code.PIN_WRONG
    opened = river.hub.unlock(alice, "9641")
    assert isinstance(opened, KeySigner)
    assert opened.public == river.signers["Alice"].public
    river.pay("Alice", "Bob", 100)  # who is signed in stays so


def test_a_pin_is_changed_only_by_who_knows_the_old_one(river: Village) -> None:
    before = head(river)
    assert code(river.hub.change_pin(river.numbers["Alice"], "9753", "9641")) is Code.PIN_WRONG
    assert code(river.hub.change_pin(river.numbers["Alice"], PIN, "1234")) is Code.PIN_WEAK
    assert head(river) == before


def test_a_pin_change_does_not_bring_another_key(river: Village) -> None:
    sealed = keys.seal(keys.new_seed(), "9641", river.hub.pepper, CHEAP)
    assert code(river.ask("Alice", ChangePin(sealed))) is Code.NOT_YOURS
    assert isinstance(river.hub.unlock(river.numbers["Alice"], PIN), KeySigner)


def test_a_keeper_gives_alice_a_new_key_and_the_old_one_signs_nothing(river: Village) -> None:
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    river.pay("Alice", "Bob", 100)
    old = river.signers["Alice"]
    assert isinstance(river.hub.reset_pin(alice, "9641", river.signers["Kira"]), Receipt)
    # Opened before, still in memory: refused inside the transaction.
    before = head(river)
    assert code(river.hub.submit(Pay(alice, bob, Amount(50)), old)) is Code.NOT_YOURS
    sealed = keys.seal(old.seed(), PIN, river.hub.pepper, CHEAP)
    assert code(river.hub.submit(ChangePin(sealed), old)) is Code.NOT_YOURS
    assert head(river) == before
    assert code(river.hub.unlock(alice, PIN)) is Code.PIN_WRONG
    new = river.hub.unlock(alice, "9641")
    assert isinstance(new, KeySigner)
    assert new.public != old.public
    assert isinstance(river.hub.submit(Pay(alice, bob, Amount(50)), new), Receipt)
    # What the old key signed while it was in force still holds.
    assert verify(river.hub.store).signatures == head(river)


def test_the_log_of_keys_says_from_when_until_when(river: Village) -> None:
    alice = river.numbers["Alice"]
    receipt = river.hub.reset_pin(alice, "9641", river.signers["Kira"])
    assert isinstance(receipt, Receipt)
    with river.hub.reading() as tx:
        log = tx.rows(MemberKey.select().where(MemberKey.member == alice).order_by(MemberKey.seq))
        sealed = tx.get(SealedKeyRow, member=alice)
    assert [(row.seq, row.ended_entry) for row in log] == [(1, receipt.entry), (2, None)]
    assert sealed is not None
    assert bytes(sealed.public) == bytes(log[1].public)


def test_a_reset_clears_the_wait_that_wrong_pins_began(river: Village) -> None:
    alice = river.numbers["Alice"]
    for _ in range(3):
        river.hub.unlock(alice, "9753")
    assert code(river.hub.unlock(alice, PIN)) is Code.PIN_WAIT
    river.hub.reset_pin(alice, "9641", river.signers["Kira"])
    assert isinstance(river.hub.unlock(alice, "9641"), KeySigner)


def test_only_keepers_reset_pins(river: Village) -> None:
    assert code(river.hub.reset_pin(river.numbers["Alice"], "9641", river.signers["Bob"])) is Code.NOT_KEEPER
    assert code(river.hub.reset_pin(99, "9641", river.signers["Kira"])) is Code.UNKNOWN_ACCOUNT
    assert code(river.hub.reset_pin(0, "9641", river.signers["Kira"])) is Code.UNKNOWN_ACCOUNT
    assert code(river.hub.reset_pin(river.numbers["Alice"], "1111", river.signers["Kira"])) is Code.PIN_WEAK
    assert isinstance(river.hub.unlock(river.numbers["Alice"], PIN), KeySigner)


def test_a_reset_that_is_sent_again_gives_the_first_receipt(river: Village) -> None:
    alice, kira, key = river.numbers["Alice"], river.signers["Kira"], new_key()
    first = river.hub.reset_pin(alice, "9641", kira, key)
    again = river.hub.reset_pin(alice, "9641", kira, key)
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (again.replayed, again.hash) == (True, first.hash)
    assert isinstance(river.hub.unlock(alice, "9641"), KeySigner)
    assert code(river.hub.reset_pin(river.numbers["Bob"], "9641", kira, key)) is Code.KEY_REUSED


def test_a_replaced_key_is_sealed_as_its_command_says(river: Village) -> None:
    alice = river.numbers["Alice"]
    sealed = keys.seal(keys.new_seed(), "9641", river.hub.pepper, CHEAP)
    river.do("Kira", ReplaceKey(alice, sealed))
    opened = river.hub.unlock(alice, "9641")
    assert isinstance(opened, KeySigner)
    assert opened.public == sealed.public
