"""A split as each person sees it: the own part, all parts, who has agreed; outsiders nothing."""

from typing import Any

import pytest

from appliance.ledger.book import chain
from appliance.ledger.errors import Action
from appliance.ledger.money.disputes import Dispute, EndDispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.shares import (
    AcceptShare,
    AskSplit,
    CancelSplit,
    DeclineShare,
    LeaveOut,
    TakeBackShare,
)
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.grants import AgreeGrant, AskGrant, EndGrant
from appliance.ledger.people.life import Freeze
from appliance.ledger.reads import desk, lists, statements, troubles, village
from appliance.ledger.reads import member as reads
from appliance.ledger.tend import tend
from appliance.ledger.values import COMMONS, AccountNumber, Amount
from tests.ledger.money.test_shares import agree, feast, yes
from tests.ledger.money.test_splits import paying
from tests.ledger.reads.test_member import home, see
from tests.support.village import Village

DAY_MS = 86_400_000


def view(river: Village, record: bytes, name: str, as_keeper: bool = False) -> reads.TransferView:
    found = see(river, reads.transfer, record, river.numbers[name], as_keeper)
    assert found is not None
    return found


def test_each_reads_the_own_part_and_all_parts(river: Village) -> None:
    split = feast(river)
    for name, amount, others in (("Alice", 299, 3), ("Bob", 100, 2), ("Dina", 99, 2)):
        t = view(river, split.record, name)
        assert t.split is not None
        assert (t.amount, t.split.others, t.split.total, t.split.one.name) == (amount, others, 299, "Alice")
        assert [(s.who.name, s.amount) for s in t.split.shares] == [
            ("Bob", 100),
            ("Chandra", 100),
            ("Dina", 99),
        ]
    assert view(river, split.record, "Kira", as_keeper=True).amount == 299
    assert see(river, reads.transfer, split.record, river.numbers["Kira"]) is None


def test_outsiders_see_nothing_of_it_while_it_waits_nor_later(river: Village) -> None:
    split = feast(river, Bob=10, Dina=10)
    for answer in (yes(river, "Bob", split, 10), None):
        assert see(river, reads.transfer, split.record, river.numbers["Chandra"]) is None
        if answer:
            river.do("Bob", answer)
    agree(river, "Dina", split, 10)
    back = river.do("Alice", Reverse(split.record))
    for record in (split.record, back.record):
        assert see(river, reads.transfer, record, river.numbers["Chandra"]) is None
        assert view(river, record, "Bob").amount == 10


def test_who_is_frozen_goes_on_reading(river: Village) -> None:
    split = feast(river)
    river.do("Kira", Freeze(river.numbers["Bob"], "a quarrel"))
    t = view(river, split.record, "Bob")
    assert (t.amount, t.actions) == (100, ())


def test_who_was_left_out_sees_nothing_of_it_any_more_and_to_the_others_comes_last(river: Village) -> None:
    split = feast(river)
    river.do("Bob", DeclineShare(split.record, river.numbers["Bob"], "not_now"))
    river.do("Alice", LeaveOut(split.record, river.numbers["Bob"]))
    assert see(river, reads.transfer, split.record, river.numbers["Bob"]) is None
    t = view(river, split.record, "Chandra")
    assert t.split is not None
    assert t.split.total == 199
    assert [s.who.name for s in t.split.shares] == ["Chandra", "Dina", "Bob"]
    assert t.split.asked == 2
    agree(river, "Chandra", split)
    agree(river, "Dina", split, 99)
    assert view(river, split.record, "Dina").state == "done"
    assert see(river, reads.transfer, split.record, river.numbers["Bob"]) is None
    back = river.do("Alice", Reverse(split.record, "it rained")).record
    assert see(river, reads.transfer, back, river.numbers["Bob"]) is None


# ------------------------------------------------------------------------------------------- the first page


def test_what_waits_for_whom(river: Village) -> None:
    split = feast(river)
    assert [t.id for t in home(river, "Bob").to_share] == [split.record]
    assert [t.id for t in home(river, "Alice").asked] == [split.record]
    assert home(river, "Alice").to_share == home(river, "Bob").to_pay == ()
    agree(river, "Bob", split)
    bob = home(river, "Bob")
    assert (bob.to_share, [t.id for t in bob.agreed], bob.aside) == ((), [split.record], 100)
    assert (bob.balance, bob.can_give) == (0, 1100)
    agree(river, "Chandra", split)
    agree(river, "Dina", split, 99)
    for name in ("Alice", "Bob"):
        after = home(river, name)
        assert (after.to_share, after.agreed, after.asked, after.aside, after.held) == ((), (), (), 0, 0)


def test_the_lines_of_a_statement_name_one_and_say_how_many_others(river: Village) -> None:
    paid = river.do("Alice", paying(river, "Alice", Bob=100, Chandra=50, commons=5))
    split = feast(river)
    for name, amount in (("Bob", 100), ("Chandra", 100), ("Dina", 99)):
        agree(river, name, split, amount)
    river.do("Kira", Reverse(paid.record, "no wood"))

    def lines(name: str) -> list[tuple[str, int, int, bool]]:
        page = see(river, reads.statement, river.numbers[name])
        return [(line.other.name, line.others, line.amount, line.cancelled) for line in page.lines]

    assert lines("Alice") == [("", 2, 155, True), ("Bob", 2, 299, False), ("", 2, -155, True)]
    assert lines("Bob") == [("Alice", 2, -100, True), ("Alice", 2, -100, False), ("Alice", 2, 100, True)]
    commons = see(river, reads.statement, COMMONS)
    assert [(line.other.name, line.others) for line in commons.lines] == [("Alice", 2), ("Alice", 2)]


def test_a_period_statement_names_who_was_paid(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly of May"))
    split = feast(river, Bob=100, Dina=50)
    agree(river, "Bob", split)
    agree(river, "Dina", split, 50)
    paid = river.do("Alice", paying(river, "Alice", Bob=10, Dina=20))

    def lines(number: int) -> list[tuple[str, int, int]]:
        sheet = see(river, statements.statement, number, 1, 10**6)
        assert sheet is not None
        return [(line.others[0].name, line.more, line.amount) for line in sheet.lines]

    n = river.numbers
    assert lines(n["Bob"]) == [("Alice", 1, -100), ("Alice", 1, 9)]
    assert lines(n["Alice"]) == [("Bob", 1, 135), ("Bob", 1, -30)]
    assert paid.outcome == {}


# ------------------------------------------------------------------------------------------- the levy


def test_the_levy_of_all_parts_and_what_each_got(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly of May"))
    paid = river.do("Alice", paying(river, "Alice", Bob=100, Dina=50, commons=7))
    for name in ("Alice", "Bob"):
        t = view(river, paid.record, name)
        assert t.split is not None
        assert t.levy == 15, "without what was given to the commons"
        assert [(s.who.name, s.amount, s.got) for s in t.split.shares] == [
            ("", 7, 7),
            ("Bob", 100, 90),
            ("Dina", 50, 45),
        ]
    back = river.do("Kira", Reverse(paid.record, "no wood"))
    assert view(river, back.record, "Dina").levy == 15


# ------------------------------------------------------------------------------------------- what can be done


def test_every_action_that_is_offered_is_taken(river: Village) -> None:
    n = river.numbers

    def offered(record: bytes, name: str) -> set[Action]:
        return set(view(river, record, name).actions)

    split = feast(river).record
    assert offered(split, "Alice") == {Action.LEAVE_OUT, Action.CANCEL}
    assert offered(split, "Bob") == {Action.ACCEPT, Action.DECLINE}
    river.do("Bob", AcceptShare(split, n["Bob"], n["Alice"], Amount(100)))
    assert offered(split, "Bob") == {Action.WITHDRAW}
    river.do("Bob", TakeBackShare(split, n["Bob"]))
    river.do("Bob", DeclineShare(split, n["Bob"]))
    assert offered(split, "Bob") == {Action.ACCEPT}
    river.do("Alice", LeaveOut(split, n["Dina"]))
    river.do("Alice", CancelSplit(split))
    assert offered(split, "Alice") == offered(split, "Bob") == set()

    paid = river.do("Alice", paying(river, "Alice", Bob=10, Dina=20)).record
    assert offered(paid, "Alice") == set()
    assert offered(paid, "Bob") == {Action.PAY_BACK}
    assert set(view(river, paid, "Kira", as_keeper=True).actions) == {Action.REVERSE}
    back = river.do("Kira", Reverse(paid, "no wood")).record
    assert offered(paid, "Bob") == offered(back, "Bob") == offered(back, "Alice") == set()
    assert see(river, village.given_back_by_keeper, back).keeper.name == "Kira"

    feast_of_two = feast(river, Bob=1, Dina=1)
    agree(river, "Bob", feast_of_two, 1)
    agree(river, "Dina", feast_of_two, 1)
    assert offered(feast_of_two.record, "Alice") == {Action.REVERSE}
    assert offered(feast_of_two.record, "Bob") == set()
    own = river.do("Alice", Reverse(feast_of_two.record)).record
    assert see(river, village.given_back_by_keeper, own) is None


def test_who_contests_it_reads_the_own_part_as_amount(river: Village) -> None:
    paid = river.do("Alice", paying(river, "Alice", Bob=10, Dina=20))
    now = river.hub.clock.now()
    for name in ("Alice", "Bob"):
        found = see(river, troubles.trouble, paid.record, river.numbers[name], now)
        assert Action.DISPUTE in found.actions
        assert Action.ASK_BACK not in found.actions
    river.do("Bob", Dispute(paid.record, "it was more"))
    for who, amount in (("Alice", 30), ("Bob", 10), ("Dina", 20)):
        (found,) = see(river, troubles.open_disputes, now, river.numbers[who])
        assert found.amount == amount
    assert see(river, troubles.open_disputes, now, river.numbers["Chandra"]) == ()
    river.do("Kira", EndDispute(paid.record, "they have talked"))


# ------------------------------------------------------------------------------------------- helpers


def test_a_helper_answers_for_whom_she_helps_and_it_is_told(river: Village) -> None:
    n = river.numbers
    river.do("Dina", AskGrant(n["Dina"], n["Chandra"]))
    river.do("Chandra", AgreeGrant(n["Dina"], "helper"))
    split = feast(river)
    assert [t.amount for t in home(river, "Chandra").to_share] == [100]
    agree(river, "Chandra", split)
    # The own part is answered: now the page asks for Dina's.
    t = view(river, split.record, "Chandra")
    assert t.split is not None
    assert t.split.mine is not None
    assert (t.split.mine.who.name, t.amount) == ("Dina", 99)
    river.do("Chandra", AcceptShare(split.record, n["Dina"], n["Alice"], Amount(99)))
    told = view(river, split.record, "Alice").split
    assert told is not None
    assert [(s.who.name, s.by.name if s.by else "") for s in told.shares] == [
        ("Bob", ""),
        ("Chandra", ""),
        ("Dina", "Chandra"),
    ]
    river.do("Dina", EndGrant(n["Dina"], n["Chandra"]))
    assert view(river, split.record, "Chandra").amount == 100


def test_a_household_asks_one_of_its_own(river: Village) -> None:
    """Who holds an account jointly asks for it, and still answers for the own part."""
    n = river.numbers
    opened = river.do("Kira", OpenAccount(n["Alice"], "household", "Mill house", "they live together"))
    house = AccountNumber(opened.outcome["number"])
    river.do("Alice", AskGrant(house, n["Bob"], "joint"))
    river.do("Bob", AgreeGrant(house, "joint"))
    parts = ((n["Bob"], Amount(10)), (n["Dina"], Amount(20)))
    split = river.do("Bob", AskSplit(house, parts, "food", "the roof")).record
    bob, alice = view(river, split, "Bob"), view(river, split, "Alice")
    assert (bob.amount, set(bob.actions)) == (
        10,
        {Action.ACCEPT, Action.DECLINE, Action.LEAVE_OUT, Action.CANCEL},
    )
    assert (alice.amount, set(alice.actions)) == (30, {Action.LEAVE_OUT, Action.CANCEL})
    assert [(a.who.name, a.account.number) for a in alice.acted] == [("Bob", house)]
    assert [t.id for t in home(river, "Alice").asked] == [split]
    assert [t.id for t in home(river, "Bob").to_share] == [split]
    river.do("Bob", AcceptShare(split, n["Bob"], house, Amount(10)))
    assert set(view(river, split, "Bob").actions) == {Action.WITHDRAW, Action.LEAVE_OUT, Action.CANCEL}
    river.do("Dina", AcceptShare(split, n["Dina"], house, Amount(20)))
    river.do("Alice", Reverse(split))
    assert [river.balance(name) for name in ("Bob", "Dina")] == [0, 0]


# ------------------------------------------------------------------------------------------- the desk


def test_the_desk_lists_what_nobody_answers_and_tells_who_gave_it_back(river: Village) -> None:
    feast(river, Bob=1, Dina=2)
    paid = river.do("Alice", paying(river, "Alice", Bob=10, Dina=20))
    river.do("Kira", Reverse(paid.record, "no wood"))
    river.clock.advance(8 * DAY_MS)
    (stale,) = see(river, lists.lists, river.hub.number, river.hub.clock.now()).stale
    assert (stale.several, stale.amount, stale.payer) == (2, 3, None)
    for name in ("Alice", "Bob", "Dina"):
        acts, _ = see(river, desk.log, None, 30, river.numbers[name])
        assert acts[0].kind == "reverse"
    acts, _ = see(river, desk.log, None, 30, river.numbers["Chandra"])
    assert "reverse" not in [act.kind for act in acts]


def test_what_lapsed_is_told_to_all_who_had_a_part(river: Village) -> None:
    split = feast(river, Bob=1, Dina=2)
    river.clock.advance(14 * DAY_MS)
    assert tend(river.hub) == 1
    for name, found in (("Alice", 1), ("Bob", 1), ("Chandra", 0)):
        records = see(river, troubles.unanswered, river.numbers[name], 0)
        assert list(records) == [split.record] * found


@pytest.mark.parametrize("ask", [True, False])
def test_its_note_is_read_by_all_with_a_part(river: Village, ask: bool) -> None:
    n = river.numbers
    parts = ((n["Bob"], Amount(1)), (n["Dina"], Amount(1)))
    made: Any = AskSplit(n["Alice"], parts, "food", "for the wood") if ask else None
    done = river.do("Alice", made or paying(river, "Alice", Bob=1, Dina=1))
    assert view(river, done.record, "Dina").text == ("for the wood" if ask else "for the feast")
    with river.hub.reading() as tx:
        entry = chain.by_number(tx, done.entry)
    assert entry is not None
    assert "note" not in entry.act.payload
