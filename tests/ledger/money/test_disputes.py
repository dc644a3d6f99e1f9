"""Stories of payments that somebody contests."""

import pytest

from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money.disputes import DAY_MS, Dispute, DisputeFor, EndDispute, WithdrawDispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant, EndGrant
from appliance.ledger.people.life import Freeze, Register
from appliance.ledger.people.members import AppointKeeper
from appliance.ledger.reads import troubles
from appliance.ledger.reads.troubles import MOST_ON_HOME, DisputeView, Trouble, open_disputes, trouble
from appliance.ledger.values import AccountNumber, Amount, RecordId
from tests.ledger.book import tampering
from tests.support.village import Village


def look(river: Village, record: RecordId, who: str, as_keeper: bool = False) -> Trouble:
    with river.hub.reading() as tx:
        return trouble(tx, record, river.numbers[who], river.clock.now(), as_keeper)


def dispute_of(river: Village, record: RecordId, who: str) -> DisputeView:
    found = look(river, record, who).dispute
    assert found is not None
    return found


def code(answer: object) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


@pytest.fixture
def paid(river: Village) -> RecordId:
    """Alice paid Bob for bread that never came."""
    return river.pay("Alice", "Bob", 200).record


def test_alice_contests_and_the_keeper_writes_down_how_it_ended(river: Village, paid: RecordId) -> None:
    river.do("Alice", Dispute(paid, "the bread never came"))
    for who in ("Alice", "Bob"):
        assert dispute_of(river, paid, who).note == "the bread never came"
    assert look(river, paid, "Kira", as_keeper=True).actions == (Action.END,)
    river.do("Kira", EndDispute(paid, "Bob brings two loaves on Friday"))
    seen = dispute_of(river, paid, "Bob")
    assert (seen.state, seen.outcome) == ("settled", "Bob brings two loaves on Friday")
    assert seen.ended_by is not None
    assert seen.ended_by.name == "Kira"
    assert river.balance("Bob") == 200
    assert code(river.ask("Alice", Dispute(paid, "again"))) is Code.DISPUTED
    verify(river.hub.store)


@pytest.mark.parametrize("who", ["Bob", "Kira"])
def test_a_reversal_ends_it(river: Village, paid: RecordId, who: str) -> None:
    river.do("Alice", Dispute(paid, "the bread never came"))
    river.do(who, Reverse(paid, "the bread never came"))
    assert dispute_of(river, paid, "Alice").state == "reversed"
    assert code(river.ask("Kira", EndDispute(paid, "too late"))) is Code.NOT_DISPUTED
    verify(river.hub.store)


def test_all_is_well_after_all_and_then_not(river: Village, paid: RecordId) -> None:
    river.do("Bob", Dispute(paid, "she paid too much"))
    assert code(river.ask("Alice", WithdrawDispute(paid))) is Code.NOT_YOURS
    river.do("Bob", WithdrawDispute(paid))
    assert code(river.ask("Bob", WithdrawDispute(paid))) is Code.NOT_DISPUTED
    river.do("Alice", Dispute(paid, "no, too little"))
    assert dispute_of(river, paid, "Bob").note == "no, too little"


@pytest.mark.parametrize("ended", [False, True])
def test_who_is_contested_does_not_withdraw_it_because_the_other_helps_or_helped_there(
    river: Village, paid: RecordId, ended: bool
) -> None:
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    river.do("Bob", AskGrant(bob, alice))
    river.do("Alice", AgreeGrant(bob, HELPER))
    if ended:
        river.do("Bob", EndGrant(bob, alice))
    river.do("Alice", Dispute(paid, "the bread never came"))
    assert code(river.ask("Bob", WithdrawDispute(paid))) is Code.NOT_YOURS
    assert Action.CLOSE not in look(river, paid, "Bob").actions
    river.do("Alice", WithdrawDispute(paid))
    verify(river.hub.store)


def test_who_has_no_part_in_it_neither_contests_nor_reads(river: Village, paid: RecordId) -> None:
    assert code(river.ask("Chandra", Dispute(paid, "I saw it"))) is Code.NOT_YOURS
    assert code(river.ask("Kira", Dispute(paid, "I heard of it"))) is Code.NOT_YOURS
    river.do("Alice", Dispute(paid, "the bread never came"))
    assert look(river, paid, "Chandra").dispute is None
    with river.hub.reading() as tx:
        assert open_disputes(tx, river.clock.now(), river.numbers["Chandra"]) == ()
        assert len(open_disputes(tx, river.clock.now(), river.numbers["Bob"])) == 1


def test_a_keeper_who_is_a_party_does_not_end_it(river: Village) -> None:
    paid = river.pay("Alice", "Kira", 200).record
    river.do("Alice", Dispute(paid, "she never came"))
    assert code(river.ask("Kira", EndDispute(paid, "I came"))) is Code.PARTY
    assert Action.END not in look(river, paid, "Kira", as_keeper=True).actions
    river.root(AppointKeeper(river.numbers["Dina"]))
    river.do("Dina", EndDispute(paid, "Kira comes tomorrow"))


def test_words_are_asked_for(river: Village, paid: RecordId) -> None:
    assert code(river.ask("Alice", Dispute(paid, " "))) is Code.TEXT_MISSING
    assert code(river.ask("Alice", Dispute(paid, "x" * 501))) is Code.TEXT_TOO_LONG
    river.do("Alice", Dispute(paid, "the bread\nnever came"))
    assert code(river.ask("Kira", EndDispute(paid, ""))) is Code.TEXT_MISSING
    assert code(river.ask("Bob", EndDispute(paid, "it is mine"))) is Code.NOT_KEEPER


def test_what_never_moved_is_not_contested(river: Village, paid: RecordId) -> None:
    pending = river.request("Bob", "Alice", 10).record
    assert code(river.ask("Alice", Dispute(pending, "no"))) is Code.NOT_REVERSIBLE
    undo = river.do("Bob", Reverse(paid)).record
    assert code(river.ask("Alice", Dispute(undo, "no"))) is Code.NOT_REVERSIBLE
    assert code(river.ask("Alice", Dispute(paid, "no"))) is Code.ALREADY_REVERSED


def test_keepers_are_late_after_the_days_that_the_village_gave_them(river: Village, paid: RecordId) -> None:
    river.do("Kira", ChangeRules("credit", {"dispute_days": 3}, "we settle things soon"))
    river.do("Alice", Dispute(paid, "the bread never came"))
    river.clock.advance(3 * DAY_MS)
    assert not dispute_of(river, paid, "Alice").late
    river.clock.advance(1)
    assert dispute_of(river, paid, "Alice").late
    river.clock.set(river.clock.now().ms, Quality.FLOOR)
    assert not dispute_of(river, paid, "Alice").late


@pytest.fixture
def emma(river: Village) -> AccountNumber:
    """Emma has no phone and no key."""
    done = river.do("Kira", Register("Emma", "has no phone"))
    return river.numbers.setdefault("Emma", AccountNumber(int(str(done.outcome["number"]))))


def test_a_keeper_notes_what_emma_says_who_has_no_key(river: Village, emma: AccountNumber) -> None:
    paid = river.pay("Alice", "Emma", 200).record
    assert Action.DISPUTE_FOR in look(river, paid, "Kira", as_keeper=True).actions
    assert Action.DISPUTE_FOR not in look(river, paid, "Kira").actions
    assert code(river.ask("Kira", DisputeFor(paid, emma, " "))) is Code.TEXT_MISSING
    river.do("Kira", DisputeFor(paid, emma, "it was four hours, says Emma at the desk"))
    seen = dispute_of(river, paid, "Alice")
    assert (seen.by and seen.by.name, seen.noted_by and seen.noted_by.name) == ("Emma", "Kira")
    assert code(river.ask("Kira", WithdrawDispute(paid))) is Code.NOT_YOURS
    assert code(river.ask("Kira", DisputeFor(paid, emma, "again"))) is Code.DISPUTED
    river.do("Kira", EndDispute(paid, "Alice pays two more on Friday"))
    verify(river.hub.store)


def test_a_keeper_notes_nothing_for_who_has_a_key_or_no_part_or_where_the_keeper_has_one(
    river: Village, emma: AccountNumber, paid: RecordId
) -> None:
    assert code(river.ask("Kira", DisputeFor(paid, river.numbers["Alice"], "no bread"))) is Code.HAS_KEY
    assert code(river.ask("Kira", DisputeFor(paid, emma, "I heard of it"))) is Code.NOT_YOURS
    assert Action.DISPUTE_FOR not in look(river, paid, "Kira", as_keeper=True).actions
    by_kira = river.pay("Kira", "Emma", 100).record
    assert code(river.ask("Kira", DisputeFor(by_kira, emma, "less"))) is Code.PARTY
    to_emma = river.pay("Alice", "Emma", 100).record
    assert code(river.ask("Bob", DisputeFor(to_emma, emma, "less"))) is Code.NOT_KEEPER
    assert code(river.ask("Kira", DisputeFor(RecordId(bytes(16)), emma, "x"))) is Code.UNKNOWN_TRANSFER


@pytest.mark.parametrize(
    ("keeper", "payer", "payee", "member"),
    [
        ("Bob", "Alice", "Emma", "Emma"),  # is no keeper
        ("Kira", "Alice", "Bob", "Alice"),  # has a key
        ("Kira", "Alice", "Bob", "Emma"),  # has no part in it
        ("Kira", "Kira", "Emma", "Emma"),  # the keeper has a part in it
    ],
)
def test_a_note_of_a_keeper_who_may_not_is_seen_in_the_book(
    river: Village, emma: AccountNumber, keeper: str, payer: str, payee: str, member: str
) -> None:
    assert emma == river.numbers["Emma"]
    record = river.pay(payer, payee, 100).record
    with tampering.card_in_hand(river.hub.store.path) as db:
        payload = {"transfer": record, "member": river.numbers[member]}
        number = tampering.append_signed(db, "dispute_for", payload, river.signers[keeper])
    with pytest.raises(BookDamaged, match="may not dispute_for") as found:
        verify(river.hub.store)
    assert found.value.entry == number


def test_many_contested_payments_of_others_cost_nobody_else_anything(
    river: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in range(1, MOST_ON_HOME + 6):
        river.do("Alice", Dispute(river.pay("Alice", "Bob", amount).record, "no"))
    asked: list[object] = []
    of = troubles._reads

    def counted(tx: Tx, row: Transfer, viewer: int) -> bool:
        asked.append(row)
        return of(tx, row, viewer)

    monkeypatch.setattr(troubles, "_reads", counted)
    now, n = river.clock.now(), river.numbers
    with river.hub.reading() as tx:
        assert (open_disputes(tx, now, n["Dina"]), asked) == ((), [])
        assert len(open_disputes(tx, now, n["Alice"])) == MOST_ON_HOME
        assert len(open_disputes(tx, now)) == MOST_ON_HOME + 5


class TestFrozen:
    def test_an_owner_contests_withdraws_and_nothing_else(self, river: Village, paid: RecordId) -> None:
        alice = river.numbers["Alice"]
        river.do("Kira", Freeze(alice, "the phone was stolen"))
        assert look(river, paid, "Alice").actions == (Action.DISPUTE,)
        river.do("Alice", Dispute(paid, "I never paid this: the thief did"))
        assert dispute_of(river, paid, "Bob").note == "I never paid this: the thief did"
        assert look(river, paid, "Alice").actions == (Action.CLOSE,)
        river.do("Alice", WithdrawDispute(paid))
        river.do("Alice", Dispute(paid, "and yet"))
        river.do("Kira", Reverse(paid, "it was the thief"))
        assert river.balance("Alice") == 0
        verify(river.hub.store)

    def test_not_what_is_somebody_elses_nor_as_a_helper(self, river: Village, paid: RecordId) -> None:
        n = river.numbers
        river.do("Alice", AskGrant(n["Alice"], n["Dina"], HELPER))
        river.do("Dina", AgreeGrant(n["Alice"], HELPER))
        for name in ("Dina", "Chandra"):
            river.do("Kira", Freeze(n[name], "a quarrel"))
            assert code(river.ask(name, Dispute(paid, "it is wrong"))) is Code.NOT_YOURS
            assert look(river, paid, name).actions == ()

    def test_without_a_key_through_a_keeper(self, river: Village) -> None:
        emma = AccountNumber(int(str(river.do("Kira", Register("Emma", "no phone")).outcome["number"])))
        paid = RecordId(river.do("Alice", Pay(river.numbers["Alice"], emma, Amount(15))).record)
        river.do("Kira", Freeze(emma, "a quarrel"))
        river.do("Kira", DisputeFor(paid, emma, "it was two baskets"))
        verify(river.hub.store)
