"""Statements: what came in and went out from one entry of the book to another."""

import random
import re
from pathlib import Path

import pytest

from appliance.ledger.clock import Quality
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.money.splits import PaySplit
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.reads import statements
from appliance.ledger.reads.statements import LINES, Line, Statement, postings, statement
from appliance.ledger.values import Amount, RecordId
from tests.support.two_villages import HILL, RIVER, two_villages
from tests.support.village import MONDAY_NOON, Village, a_village

DAY = 86_400_000


def of(river: Village, who: str, first: int = 1, end: int = 1 << 30, sheet: int = 1) -> Statement:
    with river.hub.reading() as tx:
        found = statement(tx, river.numbers[who], first, end, sheet)
    assert found is not None
    return found


def every(river: Village, who: str, first: int = 1, end: int = 1 << 30) -> list[Line]:
    return list(postings(river.hub.store, river.numbers[who], first, end))


def test_alice_reads_what_came_in_and_went_out(river: Village) -> None:
    river.pay("Alice", "Bob", 250, note="two loaves", category="food")
    river.clock.advance(DAY)
    river.pay("Bob", "Alice", 100)
    seen = of(river, "Alice")
    assert (seen.opening, seen.given, seen.received, seen.closing) == (0, 250, 100, -150)
    assert [(line.amount, line.balance) for line in seen.lines] == [(-250, -250), (100, -150)]
    first = seen.lines[0]
    assert (first.others[0].name, first.category, first.note) == ("Bob", "food", "two loaves")
    second = of(river, "Alice", seen.lines[1].entry)
    assert (second.opening, second.count, second.closing) == (-250, 1, -150)


def test_nobody_and_the_commons_have_none(river: Village) -> None:
    with river.hub.reading() as tx:
        assert statement(tx, 99, 1, 9) is None
        assert statement(tx, 0, 1, 9) is None


def test_a_period_without_payments_is_a_sheet_all_the_same(river: Village) -> None:
    river.pay("Alice", "Bob", 250)
    seen = of(river, "Alice", river.hub.head().number + 1)
    assert (seen.opening, seen.closing, seen.count, seen.sheets, seen.lines) == (-250, -250, 0, 1, ())


def test_what_was_undone_inside_is_one_line_that_moves_nothing(river: Village) -> None:
    wrong = river.pay("Alice", "Bob", 250, note="wrong")
    river.pay("Alice", "Chandra", 40)
    river.clock.advance(2 * DAY)
    river.do("Bob", Reverse(wrong.record))
    seen = of(river, "Alice")
    assert [(line.amount, line.balance, line.whole) for line in seen.lines] == [
        (-40, -40, False),
        (250, -40, True),
    ]
    assert seen.lines[1].began is not None
    assert seen.lines[1].at.ms - seen.lines[1].began.ms == 2 * DAY
    assert (seen.given, seen.received, seen.closing) == (40, 0, -40)
    # The book knows both days, and what stood between them.
    assert [(line.amount, line.balance) for line in every(river, "Alice")] == [
        (-250, -250),
        (-40, -290),
        (250, -40),
    ]


def test_what_was_undone_later_stands_with_a_mark_in_each_period(river: Village) -> None:
    wrong = river.pay("Alice", "Bob", 250)
    june = river.hub.head().number + 1
    river.clock.advance(30 * DAY)
    river.do("Kira", Reverse(wrong.record, "paid the wrong person"))
    before, after = of(river, "Alice", 1, june), of(river, "Alice", june)
    assert (before.lines[0].amount, before.closing, before.given) == (-250, -250, 250)
    assert before.lines[0].undone is not None
    assert not before.lines[0].whole
    assert (after.opening, after.lines[0].amount, after.closing, after.received) == (-250, 250, 0, 250)
    assert after.lines[0].by is not None
    assert after.lines[0].by.name == "Kira"
    assert after.lines[0].note == "paid the wrong person"


def test_a_helper_stands_on_the_line_of_who_was_helped(river: Village) -> None:
    n = river.numbers
    river.do("Alice", AskGrant(n["Alice"], n["Dina"], HELPER))
    river.do("Dina", AgreeGrant(n["Alice"], HELPER))
    river.do("Dina", Pay(n["Alice"], n["Bob"], Amount(30)))
    (line,) = of(river, "Alice").lines
    assert line.by is not None
    assert line.by.name == "Dina"
    assert of(river, "Bob").lines[0].by is None


def test_the_levy_is_told_to_who_was_paid(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 40}, "the assembly"))
    river.pay("Alice", "Bob", 200)
    assert (of(river, "Bob").lines[0].amount, of(river, "Bob").lines[0].levy) == (192, 8)
    assert (of(river, "Alice").lines[0].amount, of(river, "Alice").lines[0].levy) == (-200, 0)


def test_a_split_names_the_other_side_and_how_many_more(river: Village) -> None:
    n = river.numbers
    paid = river.do("Alice", PaySplit(n["Alice"], ((n["Bob"], Amount(10)), (n["Dina"], Amount(20)))))
    (line,) = of(river, "Alice").lines
    assert (line.amount, line.others[0].name, line.more, line.by) == (-30, "Bob", 1, None)
    (line,) = of(river, "Dina").lines
    assert (line.amount, line.others[0].name, line.more) == (20, "Alice", 1)
    river.do("Kira", Reverse(paid.record, "agreed"))
    (line,) = of(river, "Alice").lines
    assert (line.whole, line.amount, line.others[0].name, line.more) == (True, 30, "Bob", 1)


def test_a_slip_says_its_day_and_who_typed_it_in(river: Village) -> None:
    n, day = river.numbers, MONDAY_NOON // DAY - 3
    river.do("Kira", EnterSlip(bytes(16), 1, n["Alice"], n["Bob"], Amount(40), day))
    for who in ("Alice", "Bob"):
        (line,) = of(river, who).lines
        assert (line.said_day, line.by and line.by.name) == (day, "Kira")


def test_a_wrong_clock_changes_no_order_and_is_told(river: Village) -> None:
    river.pay("Alice", "Bob", 10)
    river.clock.set(5, Quality.NONE)
    river.pay("Alice", "Bob", 20)
    assert [line.at.quality for line in of(river, "Alice").lines] == [Quality.NTP, Quality.NONE]


def test_many_lines_come_in_sheets_that_carry_on(river: Village) -> None:
    wrong = river.pay("Alice", "Bob", 7)
    for step in range(LINES + 4):
        river.pay(*(("Alice", "Bob") if step % 2 else ("Bob", "Alice")), 10 + step)
    river.do("Bob", Reverse(wrong.record))
    sheets = [of(river, "Alice", sheet=n) for n in (1, 2)]
    assert [(s.sheet, s.sheets, len(s.lines)) for s in sheets] == [(1, 2, LINES), (2, 2, 5)]
    assert sheets[0].carried == sheets[0].opening
    assert sheets[1].carried == sheets[0].lines[-1].balance
    assert sheets[1].lines[-1].balance == sheets[1].closing == river.balance("Alice")
    assert of(river, "Alice", sheet=9).sheet == 2
    assert of(river, "Alice", sheet=0).sheet == 1


def adds_up(river: Village, who: str, first: int, end: int) -> None:
    """What holds for any period of any account."""
    sheets = [of(river, who, first, end, 1)]
    sheets += [of(river, who, first, end, n) for n in range(2, sheets[0].sheets + 1)]
    lines = [line for sheet in sheets for line in sheet.lines]
    assert len(lines) == sheets[0].count
    balance = sheets[0].opening
    for line in lines:
        balance += 0 if line.whole else line.amount
        assert line.balance == balance
    seen = sheets[0]
    assert balance == seen.closing == seen.opening + seen.received - seen.given
    booked = every(river, who, seen.first, seen.end)
    assert seen.opening + sum(line.amount for line in booked) == seen.closing
    assert [line.entry for line in booked] == sorted(line.entry for line in booked)
    if booked:
        assert booked[-1].balance == seen.closing


@pytest.mark.parametrize("seed", range(4))
def test_opening_and_lines_are_closing_whatever_happened(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "_AT_ONCE", 3 + seed)
    dice = random.Random(seed)
    with a_village(tmp_path / "river", credit={"levy_rate": 25}) as river:
        people = ("Alice", "Bob", "Chandra", "Dina")
        paid: list[RecordId] = []
        for _ in range(70):
            payer, payee = dice.sample(people, 2)
            river.clock.set(1_780_000_000_000 + dice.randrange(60) * DAY, Quality(dice.choice([0, 3, 5])))
            if paid and dice.random() < 0.3:
                river.ask("Kira", Reverse(paid.pop(dice.randrange(len(paid))), "by mistake"))
            else:
                done = river.pay(payer, payee, 10 + dice.randrange(30), again=True)
                paid.append(RecordId(done.record))
        last = river.hub.head().number
        for who in people:
            cuts = sorted(dice.sample(range(1, last + 2), 4))
            for first, end in zip([1, *cuts], [*cuts, last + 1], strict=True):
                adds_up(river, who, first, end)
            adds_up(river, who, 1, last + 1)
            assert of(river, who).closing == river.balance(who)


def test_nothing_is_read_but_the_period(river: Village) -> None:
    told = {
        f"{statements._LINE} SELECT {statements._SUMS} FROM line": 3,
        statements._CARRIED: 4,
        statements._SHEET: 5,
        statements._PIECE: 6,
        statements._BEFORE: 2,
    }
    with river.hub.reading() as tx:
        for sql, values in told.items():
            plan = [row[3] for row in tx.select(f"EXPLAIN QUERY PLAN {sql}", *range(values))]
            assert any("posting_account_entry (account=? AND entry" in step for step in plan), plan
            assert not [
                step for step in plan if re.match(r"SCAN (p|t|u|r|o|slip|posting|transfer)\b", step)
            ], plan


def test_what_crosses_between_hubs_names_who_is_over_there(tmp_path: Path) -> None:
    with two_villages(tmp_path) as v:
        v.send("Alice", "Chandra", 250)
        v.carry()
        v.try_send("Bob", 77, 30)
        v.carry()
        away = of(v.river, "Alice").lines[0]
        assert (away.kind, away.state, away.others[0].hub) == ("sent", "arrived", HILL)
        came = of(v.hill, "Chandra").lines[0]
        assert (came.kind, came.amount, came.others[0].hub) == ("received", 250, RIVER)
        back = of(v.river, "Bob")
        assert [(line.kind, line.whole) for line in back.lines] == [("refund", True)]
        assert (back.given, back.received, back.closing) == (0, 0, 0)
        for who in ("Alice", "Bob"):
            adds_up(v.river, who, 1, v.river.hub.head().number + 1)
