"""What the predecessor's ledger got wrong, each by its number in our notes on it: none of it happens here."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import peewee as pw
import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import AccountRow, Posting, Transfer
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged, Code, DataDirectoryError, Refusal
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.postings import post
from appliance.ledger.money.requests import DAY_MS, Accept, Cancel, Decline, Request
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.sums import check
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.leaving import DIED, LEFT, CloseMember, Leave
from appliance.ledger.people.life import Freeze, Unfreeze
from appliance.ledger.people.members import Approve, TurnAway
from appliance.ledger.people.tries import of_keepers
from appliance.ledger.reads import desk
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.troubles import unanswered
from appliance.ledger.tend import tend
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount, RecordId
from appliance.web import create_app
from tests.ledger.book import tampering
from tests.support.village import PIN, Village, a_copied_village
from tests.web.conftest import Browser

Answer = Receipt | Refusal


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_copied_village(tmp_path / "river") as village:
        yield village


def at_once(*acts: Callable[[], Answer]) -> list[Answer]:
    """What each act came to, begun by as many threads at one moment."""
    ready = threading.Barrier(len(acts))
    found: list[Answer | None] = [None] * len(acts)

    def run(place: int) -> None:
        ready.wait(30)
        found[place] = acts[place]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert None not in found
    return [answer for answer in found if answer is not None]


def codes(answers: list[Answer]) -> list[str]:
    return sorted("done" if isinstance(a, Receipt) else a.code for a in answers)


def code(answer: Answer) -> Code:
    assert isinstance(answer, Refusal), answer
    return answer.code


def lines(river: Village, record: bytes) -> int:
    with river.hub.reading() as tx:
        return len(tx.rows(Posting.select().where(Posting.transfer == record)))


@pytest.mark.parametrize("_round", range(5))
def test_22_two_simultaneous_accepts_of_one_request_post_once(river: Village, _round: int) -> None:
    asked = river.request("Chandra", "Alice", 75).record
    n = river.numbers
    accept = Accept(asked, n["Alice"], n["Chandra"], Amount(75))
    answers = at_once(*[lambda: river.ask("Alice", accept)] * 4)
    assert codes(answers) == ["done", *["not_pending"] * 3]
    assert (lines(river, asked), river.balance("Chandra")) == (2, 75)


@pytest.mark.parametrize("_round", range(8))
def test_23_of_accept_and_cancel_at_the_same_moment_exactly_one_takes_effect(
    river: Village, _round: int
) -> None:
    asked = river.request("Chandra", "Alice", 75).record
    n = river.numbers
    accept = Accept(asked, n["Alice"], n["Chandra"], Amount(75))
    answers = at_once(lambda: river.ask("Alice", accept), lambda: river.ask("Chandra", Cancel(asked)))
    assert codes(answers) == ["done", "not_pending"]
    paid = isinstance(answers[0], Receipt)
    assert (lines(river, asked), river.balance("Chandra")) == ((2, 75) if paid else (0, 0))
    with river.hub.reading() as tx:
        home = reads.home(tx, n["Chandra"])
    assert home is not None
    assert home.held == 0


def test_24_simultaneous_accepts_never_carry_an_account_past_its_limits(river: Village) -> None:
    n = river.numbers
    asked = [river.request(who, "Alice", 500).record for who in ("Bob", "Chandra", "Dina", "Kira")]
    payees = [n[who] for who in ("Bob", "Chandra", "Dina", "Kira")]
    accepts = [Accept(r, n["Alice"], p, Amount(500)) for r, p in zip(asked, payees, strict=True)]
    answers = at_once(*[lambda a=a: river.ask("Alice", a) for a in accepts])
    assert codes(answers) == ["done", "done", "payer_limit", "payer_limit"]
    assert river.balance("Alice") == -1000


def test_25_the_same_request_sent_twice_posts_once(river: Village) -> None:
    key, n = bytes(range(16)), river.numbers
    pay = Pay(n["Alice"], n["Bob"], Amount(100))
    answers = at_once(*[lambda: river.ask("Alice", pay, key)] * 6)
    assert codes(answers) == ["done"] * 6
    assert sorted(a.replayed for a in answers if isinstance(a, Receipt)) == [False, *[True] * 5]
    assert river.balance("Bob") == 100


def test_26_the_store_itself_refuses_what_must_not_be(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 100).record
    twice = (
        "INSERT INTO posting SELECT * FROM posting WHERE transfer = ? LIMIT 1",
        "INSERT INTO transfer SELECT * FROM transfer WHERE id = ?",
    )
    for statement in twice:
        with pytest.raises(pw.IntegrityError), river.hub.store.write() as tx:
            tx.select(statement, bytes(paid))
    with river.hub.store.write() as tx, pytest.raises(BookDamaged, match="not there"):
        post(tx, RecordId(bytes(16)), ((AccountNumber(2), Amount(-1)), (AccountNumber(999), Amount(1))), 99)


def test_27_when_the_search_index_is_gone_the_answer_still_says_that_the_credit_moved(
    river: Village, tmp_path: Path
) -> None:
    app = create_app(river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)
    cache = river.hub.data / "cache.db"
    cache.unlink(missing_ok=True)
    cache.mkdir()
    browser = Browser(app.test_client())
    browser.sign_in(river.account("Alice").short)
    check = browser.fill(f"/P/{river.account('Bob').compact}", "/pay/check", amount="1")
    assert "You have paid" in browser.fill(check, "/pay/send", follow=True, pin=PIN).text
    assert river.balance("Bob") == 100


@pytest.mark.parametrize("who", ["Alice", "Chandra"])
def test_28_what_has_become_unaffordable_can_still_be_declined_or_cancelled_by_who_does_it(
    river: Village, who: str
) -> None:
    asked, n = river.request("Chandra", "Alice", 1200).record, river.numbers
    river.pay("Alice", "Bob", 1200)
    assert code(river.ask("Alice", Accept(asked, n["Alice"], n["Chandra"], Amount(1200)))) is Code.PAYER_LIMIT
    done = river.do(who, Decline(asked, n["Alice"]) if who == "Alice" else Cancel(asked))
    with river.hub.reading() as tx:
        entry = chain.by_number(tx, done.entry)
    assert entry is not None
    assert entry.act.authority == f"member:{n[who]}"


def test_29_who_may_not_trade_completes_nothing(river: Village) -> None:
    emil = river.join("Emil")
    river.do("Kira", TurnAway(emil, "is a member of Hill"))
    refused = river.ask("Emil", Pay(emil, river.numbers["Bob"], Amount(1)))
    assert code(refused) is Code.NOT_ACTIVE
    assert code(river.ask("Bob", Pay(river.numbers["Bob"], emil, Amount(1)))) is Code.UNKNOWN_ACCOUNT


@pytest.mark.parametrize("frozen", ["Alice", "Chandra"])
def test_29_what_was_asked_before_is_not_completed_with_who_may_not_trade_now(
    river: Village, frozen: str
) -> None:
    n = river.numbers
    asked = river.request("Chandra", "Alice", 75).record
    river.do("Kira", Freeze(n[frozen], "three disputes"))
    accept = Accept(asked, n["Alice"], n["Chandra"], Amount(75))
    why = {"Alice": Code.FROZEN, "Chandra": Code.ACCOUNT_CLOSED}[frozen]
    assert code(river.ask("Alice", accept)) is why
    river.do("Kira", Unfreeze(n[frozen], "it is settled"))
    river.do("Alice", accept)


def test_30_a_payment_between_two_accounts_of_one_owner_is_completed(river: Village) -> None:
    n = river.numbers
    opened = river.do("Kira", OpenAccount(n["Alice"], "business", "The bakery", "she runs it"))
    bakery = AccountNumber(opened.outcome["number"])
    river.do("Alice", Pay(n["Alice"], bakery, Amount(300)))
    asked = river.do("Alice", Request(bakery, n["Alice"], Amount(200)))
    river.do("Alice", Accept(asked.record, n["Alice"], bakery, Amount(200)))
    with river.hub.reading() as tx:
        balances = [reads.balance(tx, number) for number in (n["Alice"], bakery)]
    assert balances == [-500, 500]


@pytest.mark.parametrize("how", ["leaves", "has died"])
def test_31_closing_an_account_leaves_nothing_pending(river: Village, how: str) -> None:
    n = river.numbers
    asked = [river.request("Alice", "Bob", 10).record, river.request("Alice", None, 20).record]
    asked += [river.request("Bob", "Alice", 30).record]
    if how == "leaves":
        river.do("Alice", Leave(n["Alice"]))
    else:
        river.do("Kira", CloseMember(n["Alice"], DIED, "on Monday"))
    with river.hub.reading() as tx:
        rows = [tx.get(Transfer, id=record) for record in asked]
        home = reads.home(tx, n["Bob"])
    assert [row.state for row in rows if row is not None] == ["cancelled"] * 3
    assert home is not None
    assert (home.held, home.to_pay, home.asked) == (0, (), ())
    verify(river.hub.store)


def test_32_an_account_beyond_its_limit_may_move_a_part_of_the_way_back(river: Village) -> None:
    river.pay("Alice", "Bob", 1000)
    river.do("Kira", SetLimits(river.numbers["Alice"], -400, 2400, "as agreed"))
    river.pay("Bob", "Alice", 100)
    assert river.balance("Alice") == -900
    assert (
        code(river.ask("Alice", Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(1))))
        is Code.PAYER_LIMIT
    )


def test_33_a_refusal_does_not_reveal_the_other_sides_headroom(river: Village) -> None:
    n = river.numbers
    river.do("Kira", SetLimits(n["Bob"], -1200, 333, "as agreed"))
    refused = river.ask("Alice", Pay(n["Alice"], n["Bob"], Amount(400)))
    assert isinstance(refused, Refusal)
    assert (refused.code, dict(refused.numbers)) == (Code.PAYEE_LIMIT, {"amount": 400})
    river.do("Kira", SetLimits(n["Alice"], -222, 2400, "as agreed"))
    asked = river.request("Chandra", "Alice", 300)
    assert "222" not in str(asked)


def test_34_several_requests_cannot_be_made_against_the_same_headroom(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Chandra"], -1200, 100, "as agreed"))
    river.request("Chandra", "Alice", 60)
    n = river.numbers
    refused = river.ask("Chandra", Request(n["Chandra"], n["Bob"], Amount(60)))
    assert code(refused) is Code.PAYEE_LIMIT
    river.request("Chandra", "Bob", 40)


@pytest.mark.parametrize("typed", ["1000000", "1500000", "1234567", "1,234,567.89", "10,000,000,000"])
def test_35_a_million_and_more_is_an_amount(river: Village, typed: str) -> None:
    for who in ("Alice", "Bob"):
        river.do("Kira", SetLimits(river.numbers[who], None, None, "a test of size"))
    browser = Browser(create_app(river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False).test_client())
    browser.sign_in(river.account("Alice").short)
    check = browser.fill(f"/P/{river.account('Bob').compact}", "/pay/check", amount=typed)
    assert "You have paid" in browser.fill(check, "/pay/send", follow=True, pin=PIN).text
    assert river.balance("Bob") == int(Decimal(typed.replace(",", "")) * 100)


def test_36_amounts_are_exact_at_every_size(river: Village) -> None:
    n = river.numbers
    for who in ("Alice", "Bob"):
        river.do("Kira", SetLimits(n[who], None, None, "a test of size"))
    for amount in (MAX_AMOUNT, MAX_AMOUNT - 1, 9_007_199_254, 1):
        river.pay("Alice", "Bob", amount)
    assert river.balance("Bob") == 2 * MAX_AMOUNT + 9_007_199_254
    assert river.balance("Alice") == -river.balance("Bob")
    verify(river.hub.store)


def test_37_the_check_of_sums_covers_everything_and_finds_a_cent(river: Village) -> None:
    for amount in (10, 20, 70, 30, 1):
        river.pay("Alice", "Bob", amount)
    with river.hub.reading() as tx:
        assert check(tx) == 10
    path = river.hub.data / "ledger.db"
    river.hub.close()
    with tampering.card_in_hand(path) as db:
        db.execute("UPDATE account SET balance = balance + 1 WHERE number = 3")
        db.execute("UPDATE account SET balance = balance - 1 WHERE number = 2")
    with river.hub.reading() as tx, pytest.raises(BookDamaged, match="not the sum of its postings"):
        check(tx)


def test_38_a_note_that_is_too_long_is_refused_with_its_length(river: Village) -> None:
    n = river.numbers
    refused = river.ask("Alice", Pay(n["Alice"], n["Bob"], Amount(1), note="x" * 141))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.numbers["length"]) == (Code.TEXT_TOO_LONG, 141)


def test_39_a_newly_approved_member_can_pay_at_once(river: Village) -> None:
    river.do("Kira", Approve(river.join("Emil")))
    river.pay("Emil", "Bob", 1200)
    assert river.balance("Emil") == -1200


def test_40_what_a_keeper_moved_both_sides_see_with_who_and_why(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 100)
    undone = river.do("Kira", Reverse(paid.record, "paid twice"))
    with river.hub.reading() as tx:
        for who in ("Alice", "Bob"):
            home = reads.home(tx, river.numbers[who])
            assert home is not None
            assert home.recent[0].transfer == undone.record
            told, _ = desk.log(tx, concerning=river.numbers[who])
            assert (told[0].kind, told[0].reason) == ("reverse", "paid twice")


def test_41_what_the_hub_ended_by_itself_both_sides_see(river: Village) -> None:
    asked = river.request("Chandra", "Alice", 75).record
    river.clock.advance(15 * DAY_MS)
    assert tend(river.hub) == 1
    with river.hub.reading() as tx:
        assert [unanswered(tx, river.numbers[who], 0) for who in ("Chandra", "Alice")] == [(asked,)] * 2


@pytest.mark.parametrize("amount", [1, -1])
def test_42_who_has_a_balance_is_not_closed_by_anybody(river: Village, amount: int) -> None:
    n = river.numbers
    river.pay("Alice" if amount < 0 else "Bob", "Bob" if amount < 0 else "Alice", abs(amount))
    for who, command in (("Alice", Leave(n["Alice"])), ("Kira", CloseMember(n["Alice"], LEFT, "moved away"))):
        refused = river.ask(who, command)
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.numbers["balance"]) == (Code.ACCOUNT_NOT_ZERO, amount)


def test_64_every_answer_is_in_the_book_under_the_one_who_gave_it(river: Village) -> None:
    n = river.numbers
    records = [river.request("Chandra", "Alice", amount).record for amount in (1, 2, 3)]
    done = [
        river.do("Alice", Decline(records[0], n["Alice"])),
        river.do("Chandra", Cancel(records[1])),
    ]
    river.clock.advance(15 * DAY_MS)
    tend(river.hub)
    with river.hub.reading() as tx:
        by = [chain.by_number(tx, number) for number in (*(r.entry for r in done), chain.head(tx).number)]
    assert [(e.act.kind, e.act.authority) for e in by if e] == [
        ("decline", f"member:{n['Alice']}"),
        ("cancel", f"member:{n['Chandra']}"),
        ("expire_request", "hub:expire"),
    ]


def test_65_a_keepers_failed_sign_in_is_noted_and_shown(river: Village) -> None:
    app = create_app(river.hub, TESTING=True, PROPAGATE_EXCEPTIONS=False)
    Browser(app.test_client(), "127.0.0.1").sign_in(river.account("Kira").short, "9731")
    kira = Browser(app.test_client(), "127.0.0.1")
    assert kira.sign_in(river.account("Kira").short).status_code == 302
    with river.hub.reading() as tx:
        assert [(one.member, one.good) for one in of_keepers(tx)] == [(1, True), (1, False)]
    assert "wrong PIN" in kira.get("/desk/tries").text


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_66_a_changed_or_removed_entry_is_detected(river: Village, how: str) -> None:
    paid = river.pay("Alice", "Bob", 100)
    river.pay("Bob", "Alice", 50)
    river.hub.close()
    with tampering.card_in_hand(river.hub.data / "ledger.db") as db:
        if how == "changed":
            entry = tampering.entry_of(db, paid.entry)
            tampering.store(db, replace(entry, outcome={"amount": 99}))
        else:
            db.execute("DELETE FROM entry WHERE number = ?", (paid.entry,))
    with pytest.raises((BookDamaged, DataDirectoryError)):
        verify(river.hub.store)


def test_accounts_know_their_owner(river: Village) -> None:
    """26, third part: no posting stands without an account, whatever was done."""
    river.pay("Alice", "Bob", 100)
    with river.hub.reading() as tx:
        numbers = {row.number for row in tx.rows(AccountRow.select())}
        assert {row.account for row in tx.rows(Posting.select())} <= numbers
        assert {row.payee for row in tx.rows(Transfer.select())} <= numbers
