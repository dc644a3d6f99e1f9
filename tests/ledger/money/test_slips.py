"""Stories of paper slips: two people write one, and a keeper who is no party types it in."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.schema_credit import Grant, Slip
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.keys import KeySigner
from appliance.ledger.money import piles
from appliance.ledger.money.disputes import Dispute, EndDispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.slips import DAY_MS, EnterSlip
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.life import Freeze
from appliance.ledger.people.members import AppointKeeper
from appliance.ledger.reads import desk, member, slips
from appliance.ledger.reads.troubles import trouble
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId
from tests.ledger.book import tampering
from tests.support.village import MONDAY_NOON, Village, a_village

TODAY = MONDAY_NOON // DAY_MS
PILE = bytes(range(16))


def slip(river: Village, payer: str, payee: str, amount: int, **also: Any) -> EnterSlip:
    """A slip of yesterday, the first of its pile."""
    terms: dict[str, Any] = {"pile": PILE, "line": 1, "day": TODAY - 1} | also
    numbers = river.numbers | {"the commons": COMMONS}
    return EnterSlip(payer=numbers[payer], payee=numbers[payee], amount=Amount(amount), **terms)


def type_in(
    river: Village, found: Sequence[EnterSlip], key: bytes | None = None, keeper: str = "Kira"
) -> Any:
    """A pile in one batch, its lines numbered."""
    lines = [replace(one, line=n) for n, one in enumerate(found, 1)]
    return river.hub.submit_all(lines, river.signers[keeper], key or new_key())


def refused(river: Village, command: EnterSlip, who: str = "Kira") -> Refusal:
    answer = river.ask(who, command)
    assert isinstance(answer, Refusal), answer
    return answer


def code(result: Any) -> Code:
    assert isinstance(result, Refused), result
    return result.refusal.code


def test_kira_types_in_what_alice_and_bob_wrote(river: Village) -> None:
    done = river.do("Kira", slip(river, "Alice", "Bob", 150, category="food", note="bread, two weeks"))
    assert (river.balance("Alice"), river.balance("Bob")) == (-150, 150)
    with river.hub.reading() as tx:
        found = slips.slip_of(tx, done.record)
        line = member.statement(tx, river.numbers["Bob"]).lines[0]
        seen = member.transfer(tx, done.record, river.numbers["Alice"])
    assert found is not None
    assert (found.day, found.line, found.keeper.name, found.note) == (
        TODAY - 1,
        1,
        "Kira",
        "bread, two weeks",
    )
    assert (line.kind, line.amount, line.note) == ("slip", 150, "bread, two weeks")
    assert seen is not None
    assert seen.text == "bread, two weeks"
    verify(river.hub.store)


@pytest.mark.parametrize("who", ["Alice", "Chandra"])
def test_only_a_keeper_types_slips_in(river: Village, who: str) -> None:
    assert refused(river, slip(river, "Alice", "Bob", 150), who).code is Code.NOT_KEEPER


@pytest.mark.parametrize(("payer", "payee"), [("Kira", "Bob"), ("Bob", "Kira")])
def test_never_a_party_to_the_slip(river: Village, payer: str, payee: str) -> None:
    answer = refused(river, slip(river, payer, payee, 150))
    assert (answer.code, answer.actions) == (Code.PARTY, (Action.ASK_KEEPER,))
    river.root(AppointKeeper(river.numbers["Dina"]))
    river.do("Dina", slip(river, payer, payee, 150))


@pytest.mark.parametrize("whose", ["Alice", "Bob"])
def test_nor_who_helps_a_party(river: Village, whose: str) -> None:
    with river.hub.store.write() as tx:
        tx.insert(
            Grant,
            account=river.numbers[whose],
            member=river.numbers["Kira"],
            kind="helper",
            state="agreed",
            asked_entry=1,
        )
    assert refused(river, slip(river, "Alice", "Bob", 150)).code is Code.PARTY


def test_the_limits_are_those_of_a_payment_and_tell_the_keeper_no_balance(river: Village) -> None:
    answer = refused(river, slip(river, "Alice", "Bob", 1201))
    assert (answer.code, dict(answer.numbers)) == (Code.PAYER_LIMIT, {"amount": 1201})
    river.pay("Chandra", "Bob", 1200)
    river.pay("Dina", "Bob", 1100)
    answer = refused(river, slip(river, "Alice", "Bob", 101))
    assert (answer.code, dict(answer.numbers)) == (Code.PAYEE_LIMIT, {"amount": 101})
    river.do("Kira", slip(river, "Alice", "Bob", 100))


def test_the_levy_is_that_of_a_payment(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"levy_rate": 50}, "assembly"))
    river.do("Kira", slip(river, "Alice", "Bob", 200))
    assert (river.balance("Alice"), river.balance("Bob")) == (-200, 190)
    verify(river.hub.store)


def test_both_must_be_able_to_trade(river: Village) -> None:
    river.join("Emil")
    for payer, payee, wanted in [
        ("Emil", "Bob", Code.UNKNOWN_ACCOUNT),
        ("Bob", "Emil", Code.UNKNOWN_ACCOUNT),
        ("Alice", "Alice", Code.OWN_ACCOUNT),
        ("the commons", "Bob", Code.UNKNOWN_ACCOUNT),
    ]:
        assert refused(river, slip(river, payer, payee, 100)).code is wanted
    river.do("Kira", Freeze(river.numbers["Alice"], "asked for it"))
    assert refused(river, slip(river, "Alice", "Bob", 100)).code is Code.ACCOUNT_CLOSED


def test_a_gift_to_the_commons_may_be_on_paper(river: Village) -> None:
    river.do("Kira", slip(river, "Alice", "the commons", 100))
    with river.hub.reading() as tx:
        assert member.balance(tx, COMMONS) == 100


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"amount": Amount(0)}, Code.AMOUNT_WRONG),
        ({"category": "gold"}, Code.UNKNOWN_CATEGORY),
        ({"note": "x" * 141}, Code.TEXT_TOO_LONG),
        ({"day": TODAY + 2}, Code.TIME_WRONG),
        ({"day": TODAY - 61}, Code.TIME_WRONG),
    ],
)
def test_what_cannot_be_is_refused(river: Village, change: dict[str, Any], wanted: Code) -> None:
    assert refused(river, replace(slip(river, "Alice", "Bob", 100), **change)).code is wanted


def test_the_village_says_how_old_a_slip_may_be(river: Village) -> None:
    river.do("Kira", slip(river, "Alice", "Bob", 100, day=TODAY - 60))
    river.do("Kira", ChangeRules("credit", {"slip_days": 7}, "assembly"))
    answer = refused(river, slip(river, "Alice", "Bob", 110, day=TODAY - 8, pile=bytes(16)))
    assert (answer.code, dict(answer.numbers)) == (Code.TIME_WRONG, {"days_back": 7})
    river.do("Kira", slip(river, "Alice", "Bob", 110, day=TODAY - 7, pile=bytes(16)))
    river.do("Kira", ChangeRules("credit", {"slip_days": 366}, "assembly"))
    verify(river.hub.store)


def test_an_equal_slip_is_asked_about(river: Village) -> None:
    first = river.do("Kira", slip(river, "Alice", "Bob", 100))
    other = bytes(16)
    answer = refused(river, slip(river, "Alice", "Bob", 100, pile=other))
    assert (answer.code, answer.numbers["count"], answer.actions) == (Code.SAME_SLIP, 1, (Action.PAY_AGAIN,))
    others: tuple[dict[str, Any], ...] = ({"day": TODAY - 2}, {"amount": Amount(101)})
    for number, different in enumerate(others):
        pile = bytes([9, number]) + bytes(14)
        river.do("Kira", replace(slip(river, "Alice", "Bob", 100, pile=pile), **different))
    river.do("Kira", slip(river, "Bob", "Alice", 100, pile=b"back" * 4))
    river.do("Kira", slip(river, "Alice", "Bob", 100, pile=other, again=True))
    river.do("Kira", Reverse(first.record, "typed in twice"))
    assert river.balance("Bob") == 200 - 100 + 101


def test_what_was_given_back_is_no_equal_slip(river: Village) -> None:
    first = river.do("Kira", slip(river, "Alice", "Bob", 100))
    river.do("Bob", Reverse(first.record))
    river.do("Kira", slip(river, "Alice", "Bob", 100, pile=bytes(16)))


def test_a_pile_is_all_or_nothing_and_the_refusal_names_the_row(river: Village) -> None:
    before = river.hub.head()
    rows = [
        slip(river, "Alice", "Bob", 100),
        slip(river, "Bob", "Chandra", 50),
        slip(river, "Kira", "Bob", 1),
    ]
    answer = type_in(river, rows)
    assert code(answer) is Code.PARTY
    assert answer.place == 2
    assert river.hub.head() == before
    done = type_in(river, rows[:2])
    assert [receipt.replayed for receipt in done] == [False, False]
    assert (river.balance("Alice"), river.balance("Bob"), river.balance("Chandra")) == (-100, 50, 50)
    verify(river.hub.store)


def test_later_rows_see_the_effect_of_earlier_ones(river: Village) -> None:
    """Alice may owe 12 hours. Bob pays her one first: then she can give 13."""
    too_much, gift = slip(river, "Alice", "Chandra", 1300), slip(river, "Bob", "Alice", 100)
    assert code(type_in(river, [too_much, gift])) is Code.PAYER_LIMIT
    type_in(river, [gift, too_much])
    assert river.balance("Alice") == -1200


def test_the_same_slip_twice_in_a_pile_is_asked_about(river: Village) -> None:
    rows = [slip(river, "Alice", "Bob", 100), slip(river, "Alice", "Bob", 100)]
    answer = type_in(river, rows)
    assert (code(answer), answer.place) == (Code.SAME_SLIP, 1)
    type_in(river, [rows[0], replace(rows[1], again=True)])
    assert river.balance("Bob") == 200


def test_a_pile_sent_twice_is_typed_in_once(river: Village) -> None:
    rows, key = [slip(river, "Alice", "Bob", 100), slip(river, "Bob", "Chandra", 50)], new_key()
    first = type_in(river, rows, key)
    again = type_in(river, rows, key)
    assert [receipt.replayed for receipt in again] == [True, True]
    assert [a.record for a in again] == [f.record for f in first]
    other = type_in(river, rows)
    assert code(other) is Code.PILE_CLOSED, "also under a key that was made anew"
    changed = type_in(river, [rows[0], replace(rows[1], amount=Amount(51))], key)
    assert code(changed) is Code.KEY_REUSED
    assert river.balance("Bob") == 50


def test_two_tabs_that_sign_at_once_type_it_in_once(river: Village) -> None:
    rows, key = [slip(river, "Alice", "Bob", 100), slip(river, "Bob", "Chandra", 50)], new_key()
    with ThreadPoolExecutor(4) as tabs:
        found = list(tabs.map(lambda mine: type_in(river, rows, mine), (key, key, new_key(), new_key())))
    codes = [answer.refusal.code for answer in found if isinstance(answer, Refused)]
    assert set(codes) <= {Code.PILE_CLOSED}
    assert len(codes) in (2, 3), "the two of one key agree, whoever was first"
    assert (river.balance("Alice"), river.balance("Chandra")) == (-100, 50)
    verify(river.hub.store)


def test_nothing_is_added_to_a_pile_afterwards(river: Village) -> None:
    type_in(river, [slip(river, "Alice", "Bob", 100)])
    river.clock.advance(1000)
    assert refused(river, slip(river, "Alice", "Bob", 7, line=2)).code is Code.PILE_CLOSED
    assert refused(river, slip(river, "Alice", "Bob", 7, line=2, pile=bytes(16))).code is Code.PILE_CLOSED


def test_nor_by_another_keeper_at_the_same_moment(river: Village) -> None:
    river.root(AppointKeeper(river.numbers["Dina"]))
    river.do("Kira", slip(river, "Alice", "Bob", 100))
    assert refused(river, slip(river, "Alice", "Bob", 7, line=2), "Dina").code is Code.PILE_CLOSED
    river.do("Kira", slip(river, "Alice", "Bob", 7, line=2))


def test_both_can_contest_it_and_a_keeper_can_undo_it(river: Village) -> None:
    done = type_in(river, [slip(river, "Alice", "Bob", 100), slip(river, "Chandra", "Bob", 50)])
    river.do("Alice", Dispute(done[0].record, "I never bought bread"))
    river.do("Bob", Dispute(done[1].record, "it was 0.40"))
    river.do("Kira", Reverse(done[0].record, "Alice is right"))
    assert (river.balance("Alice"), river.balance("Bob")) == (0, 50)
    with river.hub.reading() as tx:
        first, second = slips.slips_of(tx, PILE)
    assert (first.undone, first.contested, second.undone, second.contested) == (True, False, False, True)
    verify(river.hub.store)


def test_who_typed_it_in_does_not_judge_it_where_another_keeper_can(river: Village) -> None:
    done = type_in(river, [slip(river, "Alice", "Bob", 100), slip(river, "Chandra", "Bob", 50)])
    first, second = (RecordId(receipt.record) for receipt in done)
    river.do("Alice", Dispute(first, "I never bought bread"))
    river.do("Chandra", Dispute(second, "it was 0.40"))
    river.do("Kira", EndDispute(first, "I read the slip again"))  # nobody else is there to ask
    river.root(AppointKeeper(river.numbers["Dina"]))
    answer = river.ask("Kira", EndDispute(second, "I read it again"))
    assert isinstance(answer, Refusal)
    assert answer.code is Code.PARTY
    with river.hub.reading() as tx:
        now = river.clock.now()
        seen = {n: trouble(tx, second, river.numbers[n], now, as_keeper=True) for n in ("Kira", "Dina")}
    assert [Action.END in seen[name].actions for name in seen] == [False, True]
    river.do("Dina", EndDispute(second, "both remember 0.50"))
    verify(river.hub.store)


def test_the_desk_sees_piles_and_who_typed_them(river: Village) -> None:
    type_in(river, [slip(river, "Alice", "Bob", 100), slip(river, "Bob", "Chandra", 50)])
    river.clock.advance(1000)
    for number in range(3):
        river.do("Kira", slip(river, "Alice", "Bob", 5 + number, pile=bytes([number]) * 16))
    with river.hub.reading() as tx:
        newest, older = slips.piles(tx, most=3)
        rest, end = slips.piles(tx, older, most=3)
        assert slips.pile(tx, b"\xff" * 16) is None
    assert [one.amount for one in newest] == [7, 6, 5]
    assert end is None
    assert [(one.id, one.count, one.amount, one.keeper.name) for one in rest] == [(PILE, 2, 150, "Kira")]
    assert rest[0].at == Instant(Millis(MONDAY_NOON), Quality.NTP)


def test_a_pile_is_one_line_of_the_log_and_each_slip_one_for_those_concerned(river: Village) -> None:
    type_in(river, [slip(river, "Alice", "Bob", 100), slip(river, "Bob", "Chandra", 50)])
    with river.hub.reading() as tx:
        everything, _ = desk.log(tx)
        bobs, _ = desk.log(tx, concerning=river.numbers["Bob"])
        alices, _ = desk.log(tx, concerning=river.numbers["Alice"])
        dinas, _ = desk.log(tx, concerning=river.numbers["Dina"])
    assert [line.kind for line in everything].count(desk.PILE) == 1
    assert [line.kind for line in bobs].count("enter_slip") == 2
    assert [line.kind for line in alices].count("enter_slip") == 1
    assert "enter_slip" not in [line.kind for line in dinas]


def test_it_waits_for_both_until_they_say_what_they_think(river: Village) -> None:
    done = type_in(river, [slip(river, "Alice", "Bob", 100), slip(river, "Bob", "Chandra", 50)])

    def waits(name: str) -> list[int]:
        with river.hub.reading() as tx:
            return [one.amount for one in slips.not_seen(tx, river.numbers[name])]

    assert (waits("Alice"), waits("Bob"), waits("Chandra"), waits("Dina")) == ([100], [100, 50], [50], [])
    piles.keep_seen(river.hub.store, river.numbers["Bob"], [done[0].record, b"nothing"])
    assert (waits("Alice"), waits("Bob")) == ([100], [50])
    river.do("Bob", Dispute(done[1].record, "it was 0.40"))
    assert (waits("Bob"), waits("Chandra")) == ([], [50])
    river.do("Chandra", Reverse(done[1].record))
    assert waits("Chandra") == []


def test_drafts_are_a_keepers_own(river: Village) -> None:
    store, kira, dina = river.hub.store, river.numbers["Kira"], river.numbers["Dina"]
    now = river.clock.now()
    assert piles.keep_draft(store, PILE, kira, {"rows": [1]}, now)
    assert piles.keep_draft(store, PILE, kira, {"rows": [2]}, now)
    assert not piles.keep_draft(store, PILE, dina, {"rows": [3]}, now)
    with river.hub.reading() as tx:
        assert piles.drafts(tx, dina) == ()
        assert piles.draft(tx, PILE, dina) is None
        (mine,) = piles.drafts(tx, kira)
    assert (mine.body, mine.at) == ({"rows": [2]}, now)
    piles.drop_draft(store, PILE, dina)
    with river.hub.reading() as tx:
        assert piles.draft(tx, PILE, kira) == mine
    type_in(river, [slip(river, "Alice", "Bob", 100)])
    with river.hub.reading() as tx:
        assert piles.drafts(tx, kira) == (), "what is in the book is no draft any more"
    assert not piles.keep_draft(store, PILE, kira, {}, now)
    piles.drop_draft(store, PILE, kira)
    with river.hub.reading() as tx:
        assert piles.draft(tx, PILE, kira) is None


def test_old_drafts_make_room(river: Village) -> None:
    for number in range(piles.MOST_DRAFTS + 2):
        river.clock.advance(1000)
        key = number.to_bytes(16, "big")
        piles.keep_draft(river.hub.store, key, river.numbers["Kira"], {}, river.clock.now())
    with river.hub.reading() as tx:
        found = piles.drafts(tx, river.numbers["Kira"])
    assert len(found) == piles.MOST_DRAFTS
    assert found[0].pile == key


def test_a_rehearsal_says_what_each_row_would_meet_and_leaves_nothing(river: Village) -> None:
    rows = [
        slip(river, "Alice", "Bob", 1200),
        slip(river, "Alice", "Chandra", 1),
        slip(river, "Kira", "Bob", 1),
        slip(river, "Bob", "Alice", 100),
        slip(river, "Alice", "Chandra", 100),
    ]
    before = river.hub.head()
    made = [lambda line, row=row: replace(row, line=line) for row in rows]
    bob = river.numbers["Bob"]
    shown = river.hub.rehearse(made, river.numbers["Kira"], lambda tx: member.balance(tx, bob))
    assert not isinstance(shown, Refusal)
    assert [r and r.code for r in shown.refusals] == [None, Code.PAYER_LIMIT, Code.PARTY, None, None]
    assert shown.seen == 1100
    assert river.hub.head() == before
    assert river.balance("Bob") == 0
    with river.hub.reading() as tx:
        assert tx.get(Slip, pile=PILE) is None
        assert not tx.select("SELECT id FROM transfer")
    verify(river.hub.store)


@pytest.mark.parametrize(
    "change",
    [
        {"payer": 1},
        {"payee": 1},
        {"day": TODAY + 5},
        {"day": TODAY - 61},
        {"amount": 1300},
        {"line": 2},
        {"pile": bytes(15)},
        {"payer": 0},
    ],
    ids=str,
)
def test_a_keeper_with_the_card_in_hand_cannot_write_another_slip_into_the_book(
    tmp_path: Any, change: dict[str, Any]
) -> None:
    with a_village(tmp_path / "river") as river:
        number = river.do("Kira", slip(river, "Alice", "Bob", 100)).entry
        seed = river.signers["Kira"]
        river.hub.close()
        with tampering.card_in_hand(river.hub.data / "ledger.db") as db:
            entry = tampering.entry_of(db, number)
            act = replace(entry.act, payload=entry.act.payload | change)
            tampering.store(db, replace(entry, act=act, signature=seed.sign(act.form())))
            tampering.rechain(db, number)
        with pytest.raises(BookDamaged, match=r"may not|its fields"):
            verify(river.hub.store)


def test_a_slip_by_the_root_is_no_slip(river: Village) -> None:
    root = KeySigner("root:setup", river.papers.hub.seed)
    answer = river.hub.submit(slip(river, "Alice", "Bob", 100), root)
    assert isinstance(answer, Refusal), "a slip needs a keeper who can be named"


def test_entries_name_the_kind(river: Village) -> None:
    done = river.do("Kira", slip(river, "Alice", "Bob", 100))
    assert isinstance(done, Receipt)
    with river.hub.reading() as tx:
        entry = chain.by_number(tx, done.entry)
        row = tx.get(Transfer, id=done.record)
    assert entry is not None
    assert row is not None
    assert (entry.act.kind, row.kind, row.state) == ("enter_slip", "slip", "done")
    assert row.payer == AccountNumber(2)
