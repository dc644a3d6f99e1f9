"""Asking several people: what is held and kept aside, who may answer how, and every end it can have."""

from collections.abc import Iterator

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow, Posting, Transfer
from appliance.ledger.book.schema_credit import Aside, Share
from appliance.ledger.book.verify import verify
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Action, Code
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.shares import (
    AcceptShare,
    AskSplit,
    CancelSplit,
    DeclineShare,
    ExpireSplit,
    LeaveOut,
    TakeBackShare,
)
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.life import Freeze, Unfreeze
from appliance.ledger.reads.troubles import open_disputes, trouble
from appliance.ledger.tend import tend
from appliance.ledger.values import COMMONS, Amount
from tests.ledger.money.test_splits import balances, lines, no, parts
from tests.support.village import Village


@pytest.fixture(autouse=True)
def sound(river: Village) -> Iterator[None]:
    """However a story ends: the book replays, and every sum holds."""
    yield
    verify(river.hub.store)


def feast(village: Village, **amounts: int) -> Receipt:
    """Alice asks for the feast; of Bob, Chandra and Dina when nobody else is named."""
    amounts = amounts or {"Bob": 100, "Chandra": 100, "Dina": 99}
    return village.do(
        "Alice", AskSplit(village.numbers["Alice"], parts(village, **amounts), "events", "the feast")
    )


def yes(village: Village, name: str, split: Receipt, amount: int = 100) -> AcceptShare:
    n = village.numbers
    return AcceptShare(split.record, n[name], n["Alice"], Amount(amount))


def agree(village: Village, name: str, split: Receipt, amount: int = 100) -> Receipt:
    return village.do(name, yes(village, name, split, amount))


def state(village: Village, split: Receipt) -> tuple[str, int]:
    with village.hub.reading() as tx:
        row = tx.get(Transfer, id=split.record)
        assert row is not None
        return row.state, row.amount


def states(village: Village, split: Receipt) -> list[str]:
    with village.hub.reading() as tx:
        rows = tx.rows(Share.select().where(Share.transfer == split.record).order_by(Share.account))
    return [row.state for row in rows]


def held(village: Village) -> int:
    with village.hub.reading() as tx:
        row = tx.get(AccountRow, number=village.numbers["Alice"])
        assert row is not None
        return row.held


def aside(village: Village, name: str) -> int:
    with village.hub.reading() as tx:
        row = tx.get(Aside, account=village.numbers[name])
        return row.amount if row else 0


def all_is_free(village: Village) -> None:
    with village.hub.reading() as tx:
        assert tx.rows(Aside.select()) == []
        assert tx.first("SELECT SUM(held) FROM account") == (0,)


# ------------------------------------------------------------------------------------------- to the end


def test_it_is_paid_when_the_last_has_agreed(river: Village) -> None:
    split = feast(river)
    assert (held(river), state(river, split)) == (299, ("pending", 299))
    agree(river, "Bob", split)
    agree(river, "Dina", split, 99)
    assert (aside(river, "Bob"), aside(river, "Dina"), aside(river, "Chandra")) == (100, 99, 0)
    assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [0, 0, 0, 0]
    last = agree(river, "Chandra", split)
    assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [299, -100, -100, -99]
    assert (state(river, split), states(river, split)) == (("done", 299), ["done"] * 3)
    n = river.numbers
    assert lines(river, split.record) == {
        n["Alice"]: 299,
        n["Bob"]: -100,
        n["Chandra"]: -100,
        n["Dina"]: -99,
    }
    with river.hub.reading() as tx:
        entries = {row.entry for row in tx.rows(Posting.select().where(Posting.transfer == split.record))}
    assert entries == {last.entry}, "one transfer, in the entry of the last yes"
    all_is_free(river)


def test_the_levy_is_taken_of_each_part(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 15}, "assembly of May"))
    split = feast(river, Bob=100, Dina=50)
    river.do("Bob", yes(river, "Bob", split))
    river.do("Dina", yes(river, "Dina", split, 50))
    assert lines(river, split.record)[COMMONS] == 1, "1.5 and 0.75, each rounded down"
    assert balances(river, "Alice", "Bob", "Dina") == [149, -100, -50]
    all_is_free(river)


def test_what_is_kept_aside_cannot_be_given_twice(river: Village) -> None:
    """Who has agreed to 12 of 12 can give nothing more; who was only asked can give all of it."""
    river.do("Kira", SetLimits(river.numbers["Bob"], -120, 500, "for the test"))
    split = feast(river, Bob=100, Dina=50)
    river.pay("Bob", "Chandra", 10)
    agree(river, "Bob", split)
    said = no(river.ask("Bob", Pay(river.numbers["Bob"], river.numbers["Chandra"], Amount(11))))
    assert (said.code, said.numbers["can_give"]) == (Code.PAYER_LIMIT, 10)
    second = feast(river, Bob=11, Dina=50)
    assert no(river.ask("Bob", yes(river, "Bob", second, 11))).code is Code.PAYER_LIMIT
    river.do("Bob", TakeBackShare(split.record, river.numbers["Bob"]))
    agree(river, "Bob", second, 11)


def test_an_unanswered_ask_holds_only_its_makers_headroom(river: Village) -> None:
    feast(river, Bob=1200, Dina=1200)
    said = no(river.ask("Alice", AskSplit(river.numbers["Alice"], parts(river, Bob=1, Dina=1))))
    assert (said.code, said.numbers["can_receive"], said.numbers["held"]) == (Code.PAYEE_LIMIT, 0, 2400)
    river.pay("Bob", "Chandra", 1200)


# ------------------------------------------------------------------------------------------- refusals


def test_only_members_are_asked_each_once_and_not_oneself(river: Village) -> None:
    n = river.numbers
    for amounts, code, row in (
        ({"Bob": 1, "Alice": 1}, Code.OWN_ACCOUNT, 2),
        ({"commons": 1, "Bob": 1}, Code.UNKNOWN_ACCOUNT, 1),
        ({"Bob": 1, "Dina": 0}, Code.AMOUNT_WRONG, 2),
    ):
        said = no(river.ask("Alice", AskSplit(n["Alice"], parts(river, **amounts))))
        assert (said.code, said.numbers["row"]) == (code, row)
    bob = (n["Bob"], Amount(1))
    assert no(river.ask("Alice", AskSplit(n["Alice"], (bob, bob)))).code is Code.SHARES_WRONG
    assert no(river.ask("Alice", AskSplit(n["Alice"], (bob,)))).code is Code.SHARES_WRONG
    assert no(river.ask("Bob", AskSplit(n["Alice"], parts(river, Bob=1, Dina=1)))).code is Code.NOT_YOURS


def test_only_who_is_asked_answers_and_only_what_was_asked(river: Village) -> None:
    split, n = feast(river), river.numbers
    assert no(river.ask("Kira", yes(river, "Kira", split))).code is Code.NOT_YOURS
    assert no(river.ask("Kira", yes(river, "Bob", split))).code is Code.NOT_YOURS
    assert no(river.ask("Bob", yes(river, "Bob", split, 99))).code is Code.TERMS_CHANGED
    other = AcceptShare(split.record, n["Bob"], n["Chandra"], Amount(100))
    assert no(river.ask("Bob", other)).code is Code.TERMS_CHANGED
    assert no(river.ask("Kira", DeclineShare(split.record, n["Bob"]))).code is Code.NOT_YOURS
    assert no(river.ask("Bob", DeclineShare(split.record, n["Bob"], "go away"))).code is Code.SETTING_WRONG
    agree(river, "Bob", split)
    assert no(river.ask("Bob", yes(river, "Bob", split))).code is Code.NOT_PENDING
    assert no(river.ask("Chandra", TakeBackShare(split.record, n["Bob"]))).code is Code.NOT_YOURS
    assert no(river.ask("Chandra", TakeBackShare(split.record, n["Chandra"]))).code is Code.NOT_PENDING
    for name in ("Bob", "Kira"):
        assert no(river.ask(name, CancelSplit(split.record))).code is Code.NOT_YOURS
        assert no(river.ask(name, LeaveOut(split.record, n["Dina"]))).code is Code.NOT_YOURS
    request = river.request("Alice", "Bob", 100)
    assert no(river.ask("Bob", yes(river, "Bob", request))).code is Code.UNKNOWN_TRANSFER
    assert aside(river, "Bob") == 100


def test_who_has_not_enough_cannot_agree(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Bob"], -99, 500, "for the test"))
    split = feast(river)
    said = no(river.ask("Bob", yes(river, "Bob", split)))
    assert (said.code, said.numbers["can_give"]) == (Code.PAYER_LIMIT, 99)


def ended(village: Village, how: str) -> Receipt:
    """A split of which one had agreed, and how it came to its end."""
    split, n = feast(village), village.numbers
    agree(village, "Bob", split)
    if how == "done":
        agree(village, "Chandra", split)
        agree(village, "Dina", split, 99)
    elif how == "cancelled":
        village.do("Alice", CancelSplit(split.record))
    elif how == "closed":
        village.do("Kira", CloseMember(n["Dina"], "died", "in May"))
    else:
        village.clock.advance(14 * DAY_MS)
        assert tend(village.hub) == 1
    return split


@pytest.mark.parametrize("how", ["done", "cancelled", "expired", "closed"])
def test_what_has_ended_stays_ended_and_everything_is_free(river: Village, how: str) -> None:
    split, n = ended(river, how), river.numbers
    assert state(river, split)[0] == ("cancelled" if how == "closed" else how)
    all_is_free(river)
    before = river.hub.head()
    for name, command in (
        ("Chandra", yes(river, "Chandra", split)),
        ("Bob", TakeBackShare(split.record, n["Bob"])),
        ("Bob", DeclineShare(split.record, n["Bob"])),
        ("Alice", LeaveOut(split.record, n["Chandra"])),
        ("Alice", CancelSplit(split.record)),
    ):
        assert no(river.ask(name, command)).code is Code.NOT_PENDING
    assert river.hub.head() == before
    if how != "done":
        assert balances(river, "Alice", "Bob", "Chandra") == [0, 0, 0]


# ------------------------------------------------------------------------------------------- a no


def test_a_no_leaves_it_to_alice_and_she_goes_on_without_dina(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    river.do("Dina", DeclineShare(split.record, n["Dina"], "not_now"))
    assert (state(river, split), aside(river, "Bob"), held(river)) == (("pending", 299), 100, 299)
    river.do("Alice", LeaveOut(split.record, n["Dina"]))
    assert (state(river, split), held(river)) == (("pending", 200), 200)
    assert no(river.ask("Dina", yes(river, "Dina", split, 99))).code is Code.NOT_PENDING
    agree(river, "Chandra", split)
    assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [200, -100, -100, 0]
    assert states(river, split) == ["done", "done", "left_out"]
    all_is_free(river)


def test_it_is_paid_at_once_when_all_the_others_have_agreed(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    agree(river, "Chandra", split)
    river.do("Dina", DeclineShare(split.record, n["Dina"]))
    assert state(river, split)[0] == "pending"
    river.do("Alice", LeaveOut(split.record, n["Dina"]))
    assert state(river, split) == ("done", 200)
    all_is_free(river)


def test_who_said_no_may_come_back_to_it(river: Village) -> None:
    split, n = feast(river, Bob=100, Dina=99), river.numbers
    river.do("Dina", DeclineShare(split.record, n["Dina"], "not_now"))
    assert no(river.ask("Dina", DeclineShare(split.record, n["Dina"]))).code is Code.NOT_PENDING
    agree(river, "Bob", split)
    assert state(river, split)[0] == "pending", "a no that stands is no yes"
    agree(river, "Dina", split, 99)
    assert state(river, split) == ("done", 199)


def test_who_agreed_may_take_it_back_or_say_no(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    river.do("Bob", TakeBackShare(split.record, n["Bob"]))
    assert (aside(river, "Bob"), states(river, split)) == (0, ["asked"] * 3)
    agree(river, "Bob", split)
    river.do("Bob", DeclineShare(split.record, n["Bob"], "talk_first"))
    assert (aside(river, "Bob"), states(river, split)[0]) == (0, "declined")


def test_alice_lets_somebody_off_who_has_agreed_or_is_silent_but_not_the_last(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    river.do("Alice", LeaveOut(split.record, n["Bob"]))
    assert (aside(river, "Bob"), held(river)) == (0, 199)
    river.do("Alice", LeaveOut(split.record, n["Chandra"]))
    said = no(river.ask("Alice", LeaveOut(split.record, n["Dina"])))
    assert (said.code, said.actions) == (Code.SHARES_WRONG, (Action.CANCEL,))
    assert no(river.ask("Alice", LeaveOut(split.record, n["Bob"]))).code is Code.NOT_PENDING
    assert no(river.ask("Alice", LeaveOut(split.record, n["Kira"]))).code is Code.NOT_YOURS
    agree(river, "Dina", split, 99)
    assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [99, 0, 0, -99]


# ------------------------------------------------------------------------------------------- meanwhile


def test_nobody_is_carried_past_a_limit_that_a_keeper_moved_meanwhile(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    agree(river, "Chandra", split)
    river.do("Kira", SetLimits(n["Bob"], -50, 500, "owes too much"))
    said = no(river.ask("Dina", yes(river, "Dina", split, 99)))
    assert (said.code, dict(said.numbers)) == (Code.SHARE_STUCK, {"number": n["Bob"]})
    # Alice goes on without Bob; or the limit is moved again.
    river.do("Alice", LeaveOut(split.record, n["Bob"]))
    agree(river, "Dina", split, 99)
    assert balances(river, "Alice", "Bob") == [199, 0]
    all_is_free(river)


def test_alice_is_not_carried_past_hers_either(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    agree(river, "Chandra", split)
    river.do("Kira", SetLimits(n["Alice"], -500, 250, "has too much"))
    said = no(river.ask("Dina", yes(river, "Dina", split, 99)))
    assert (said.code, dict(said.numbers)) == (Code.PAYEE_LIMIT, {"amount": 299})
    river.do("Alice", LeaveOut(split.record, n["Dina"]))
    assert (state(river, split)[0], river.balance("Alice")) == ("done", 200)


def test_the_parts_of_the_frozen_cannot_complete(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    agree(river, "Chandra", split)
    river.do("Kira", Freeze(n["Bob"], "a quarrel"))
    said = no(river.ask("Dina", yes(river, "Dina", split, 99)))
    assert (said.code, said.numbers["number"]) == (Code.SHARE_STUCK, n["Bob"])
    assert no(river.ask("Alice", LeaveOut(split.record, n["Dina"]))).code is Code.SHARE_STUCK
    for command in (TakeBackShare(split.record, n["Bob"]), DeclineShare(split.record, n["Bob"])):
        assert no(river.ask("Bob", command)).code is Code.FROZEN
    river.do("Kira", Unfreeze(n["Bob"], "they have talked"))
    agree(river, "Dina", split, 99)
    assert state(river, split)[0] == "done"


def test_nothing_is_agreed_with_somebody_frozen(river: Village) -> None:
    split, n = feast(river), river.numbers
    agree(river, "Bob", split)
    river.do("Kira", Freeze(n["Alice"], "a quarrel"))
    assert no(river.ask("Dina", yes(river, "Dina", split, 99))).code is Code.ACCOUNT_CLOSED
    assert no(river.ask("Alice", CancelSplit(split.record))).code is Code.FROZEN
    river.do("Bob", TakeBackShare(split.record, n["Bob"]))
    assert aside(river, "Bob") == 0


@pytest.mark.parametrize("who", ["Alice", "Bob", "Dina"])
def test_who_leaves_ends_what_waits_for_all(river: Village, who: str) -> None:
    split = feast(river)
    agree(river, "Bob", split)
    river.do(who, Leave(river.numbers[who]))
    assert state(river, split)[0] == "cancelled"
    all_is_free(river)


def test_who_was_left_out_leaves_without_ending_it(river: Village) -> None:
    split, n = feast(river), river.numbers
    river.do("Alice", LeaveOut(split.record, n["Dina"]))
    river.do("Dina", Leave(n["Dina"]))
    assert state(river, split)[0] == "pending"


# ------------------------------------------------------------------------------------------- silence


def test_silence_lapses_by_a_clock_that_somebody_vouches_for(river: Village) -> None:
    split = feast(river)
    agree(river, "Bob", split)
    early = river.hub.by_rule(ExpireSplit(split.record), "expire")
    assert no(early).code is Code.NOT_YET
    river.clock.set(river.clock.now().ms + 14 * DAY_MS, Quality.MESH)
    assert no(river.hub.by_rule(ExpireSplit(split.record), "expire")).code is Code.NOT_YET
    assert tend(river.hub) == 0
    river.clock.set(river.clock.now().ms, Quality.KEEPER)
    assert tend(river.hub) == 1
    assert tend(river.hub) == 0
    assert state(river, split)[0] == "expired"
    assert no(river.ask("Kira", ExpireSplit(split.record))).code is Code.NOT_YOURS
    request = river.request("Alice", "Bob", 5)
    assert no(river.hub.by_rule(ExpireSplit(request.record), "expire")).code is Code.UNKNOWN_TRANSFER


# ------------------------------------------------------------------------------------------- undoing


def done(village: Village) -> Receipt:
    return ended(village, "done")


def test_alice_gives_all_of_it_back(river: Village) -> None:
    split = done(river)
    for name in ("Bob", "Chandra"):
        assert no(river.ask(name, Reverse(split.record, "mine"))).code is Code.NOT_YOURS
    river.do("Alice", Reverse(split.record))
    assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [0, 0, 0, 0]


def test_alice_keeps_to_her_limit_when_she_gives_it_back(river: Village) -> None:
    split = done(river)
    river.pay("Alice", "Kira", 299 + 1200)
    assert no(river.ask("Alice", Reverse(split.record))).code is Code.PAYER_LIMIT
    assert river.balance("Bob") == -100


def test_a_keeper_gives_it_back_and_whoever_paid_can_contest_it(river: Village) -> None:
    split = done(river)
    assert no(river.ask("Kira", Dispute(split.record, "odd"))).code is Code.NOT_YOURS
    river.do("Dina", Dispute(split.record, "there was no feast"))
    river.do("Kira", Reverse(split.record, "there was no feast"))
    assert balances(river, "Alice", "Bob", "Chandra", "Dina") == [0, 0, 0, 0]
    with river.hub.reading() as tx:
        assert tx.first("SELECT state FROM dispute") == ("reversed",)


def test_what_waits_cannot_be_given_back(river: Village) -> None:
    split = feast(river)
    assert no(river.ask("Alice", Reverse(split.record))).code is Code.NOT_REVERSIBLE
    assert no(river.ask("Kira", Reverse(split.record, "no"))).code is Code.NOT_REVERSIBLE
    assert no(river.ask("Bob", Dispute(split.record, "odd"))).code is Code.NOT_REVERSIBLE


def test_who_was_left_out_contests_nothing_and_reads_no_more_of_it(river: Village) -> None:
    split = feast(river)
    agree(river, "Bob", split)
    agree(river, "Chandra", split)
    river.do("Alice", LeaveOut(split.record, river.numbers["Dina"]))
    assert no(river.ask("Dina", Dispute(split.record, "I was not there"))).code is Code.NOT_YOURS
    river.do("Bob", Dispute(split.record, "there was no feast"))
    with river.hub.reading() as tx:
        mine = trouble(tx, split.record, river.numbers["Dina"], river.clock.now())
        assert (mine.dispute, mine.actions) == (None, ())
        assert open_disputes(tx, river.clock.now(), river.numbers["Dina"]) == ()
        assert len(open_disputes(tx, river.clock.now(), river.numbers["Chandra"])) == 1
