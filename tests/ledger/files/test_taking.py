"""Out of River and into a fresh hub: members, balances, listings, payments; and what must not happen."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code
from appliance.ledger.files.checking import Plan, check
from appliance.ledger.files.directory import HERE, OLD
from appliance.ledger.files.exporting import errors, export, parts
from appliance.ledger.files.reading import Problem, read
from appliance.ledger.files.taking import Brought, Changed, No, Taken, take_in
from appliance.ledger.files.words import sentence
from appliance.ledger.hub import new_key
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.life import Freeze
from appliance.ledger.people.members import AppointKeeper
from appliance.ledger.values import Amount, RecordId
from tests.support.lists import as_csv
from tests.support.village import Village, a_village


def out(village: Village, what: str) -> bytes:
    with village.hub.reading() as tx:
        unit = village.hub.rules().community.counted_in
        return b"".join(export(tx, what, village.hub.number, unit))


def look(village: Village, what: str, data: bytes, numbers: str = HERE) -> Plan:
    return check(village.hub, what, data, f"{what}.csv", numbers)


def take(
    village: Village, what: str, data: bytes, numbers: str = HERE, second: str | None = None
) -> Taken | Changed | No:
    plan = look(village, what, data, numbers)
    assert plan.clean, [(p.line, p.column, p.why) for p in plan.problems]
    other = village.signers[second] if second else None
    brought = Brought(what, data, f"{what}.csv", numbers)
    return take_in(village.hub, brought, plan.terms, "moving in", village.signers["Kira"], other, new_key())


def balances(village: Village) -> dict[str, list[int]]:
    """Balances by name, those that are not zero."""
    with village.hub.reading() as tx:
        rows = tx.select(
            "SELECT text, balance FROM account JOIN member ON member.number = account.owner "
            "JOIN private_text ON private_text.entry = name_entry AND field = 'name' "
            "WHERE balance <> 0 ORDER BY text, balance"
        )
    found: dict[str, list[int]] = {}
    for name, balance in rows:
        found.setdefault(name, []).append(balance)
    return found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Village]:
    """Another hub, in which some of the same people are already: so each of them is there twice."""
    with a_village(tmp_path / "fresh") as made:
        yield made


def lived(river: Village) -> None:
    """What can happen to credit, so that every kind of movement goes out."""
    n = river.numbers
    river.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly"))
    back = river.pay("Alice", "Bob", 500, note="=HYPERLINK(1)", category="food")
    river.do("Bob", Reverse(RecordId(back.record)))
    river.pay("Alice", "Chandra", 333, note="'quoted'")
    river.pay("Dina", "Alice", 47, note='two\u00a0words, and "more"')
    river.accept("Bob", river.request("Chandra", "Bob", 60), "Chandra", 60)
    river.do("Kira", SetLimits(n["Bob"], -5000, None, "runs the bakery"))
    gone = river.do("Bob", OpenListing(n["Bob"], "offer", "food", "Old bread"))
    also: dict[str, Any] = {"unit": "piece", "quantity": 12, "times": "=Fridays, 8-10", "place": "@the mill"}
    river.do("Bob", OpenListing(n["Bob"], "offer", "food", "+Bread", "Rye,\nand wheat", Amount(120), **also))
    river.do("Alice", OpenListing(n["Alice"], "want", "repair", "Roof mended"))
    river.do("Bob", CloseListing(RecordId(gone.record)))


def test_what_went_out_of_river_comes_in_again(river: Village, fresh: Village) -> None:
    """With the payments as history: balances, notes and days are the same, the commons' too."""
    lived(river)
    assert isinstance(take(fresh, "members", out(river, "members"), OLD), Taken)
    assert isinstance(take(fresh, "transfers", out(river, "transfers"), OLD), Taken)
    assert isinstance(take(fresh, "listings", out(river, "listings"), OLD), Taken)

    assert balances(fresh) == balances(river)
    assert commons(fresh) == commons(river) != 0
    assert sorted(told(fresh, "transfers")) == sorted(told(river, "transfers"))
    assert sorted(told(fresh, "listings", state="open")) == sorted(told(river, "listings", state="open"))
    (bread,) = told(fresh, "listings", title="'+Bread")
    assert {"piece", "12", "'=Fridays, 8-10", "'@the mill"} <= set(bread)
    with fresh.hub.reading() as tx:
        bob = tx.first("SELECT low, high FROM account WHERE low = -5000")
    assert bob == (-5000, None)
    verify(fresh.hub.store)


def commons(village: Village) -> int:
    with village.hub.reading() as tx:
        found = tx.first("SELECT balance FROM account WHERE number = 0")
    assert found is not None
    return int(found[0])


def told(village: Village, what: str, **only: str) -> list[tuple[str, ...]]:
    """What a file says that does not depend on the hub: no numbers, no ids, no kinds of transfers."""
    import csv
    import io

    text = out(village, what).decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    apart = ("id", "owner", "payer", "payee", "kind" if what == "transfers" else "", "cancelled", "opened")
    return [
        tuple(str(value) for name, value in row.items() if name not in apart)
        for row in rows
        if all(row[name] == value for name, value in only.items())
    ]


def test_balances_come_in_with_the_file_of_members(river: Village, fresh: Village) -> None:
    lived(river)
    people = out(river, "members")
    assert isinstance(take(fresh, "members", people, OLD), Taken)
    plan = look(fresh, "openings", people, OLD)
    assert plan.clean
    assert isinstance(take(fresh, "openings", people, OLD), Taken)
    assert balances(fresh) == balances(river)
    assert commons(fresh) == commons(river)
    again = look(fresh, "openings", people + b"\r\n", OLD)  # another file that says the same
    assert {p.why for p in again.problems} == {"has_moved"}
    verify(fresh.hub.store)


def test_members_with_what_they_begin_with(fresh: Village) -> None:
    rows = [
        ["name", "kind", "opening", "low", "high"],
        ["Emma", "household", "-40.00", "-50", "none"],
        ["Farid", "", "30", "", ""],
        ["", "commons", "10", "", ""],
    ]
    plan = look(fresh, "members", as_csv(rows))
    assert (plan.count, plan.moved) == (2, 4000)
    assert [one.name for one in plan.outside] == ["Farid"]
    assert isinstance(take(fresh, "members", as_csv(rows)), Taken)
    assert balances(fresh) == {"Emma": [-4000], "Farid": [3000]}
    rows[3][2] = "9"
    (problem,) = look(fresh, "members", as_csv(rows)).problems
    assert (problem.line, problem.why, problem.numbers) == (0, "not_balanced", {"difference": -100})


def test_names_that_somebody_has_are_named(river: Village) -> None:
    plan = look(river, "members", as_csv([["name"], ["alice "], ["Emma"], ["EMMA"]]))
    assert plan.same_names == ["alice", "EMMA"]
    assert plan.clean


def test_old_numbers_are_told_apart(river: Village) -> None:
    rows = [["name", "number"], ["Emma", "17"], ["Farid", " 1 7"], ["Gita", "18"]]
    (problem,) = look(river, "members", as_csv(rows)).problems
    assert (problem.line, problem.why) == (3, "twice")
    rows[2][1] = "19"
    assert isinstance(take(river, "members", as_csv(rows)), Taken)
    paid = [["day", "payer", "payee", "amount"], ["2024-05-31", "17", "99", "1"]]
    (problem,) = look(river, "transfers", as_csv(paid), OLD).problems
    assert problem.why == "nobody_old"
    (problem,) = look(river, "members", as_csv([["name", "number"], ["Hugo", "18"]])).problems
    assert problem.why == "old_known"


def test_a_book_that_changed_is_looked_at_again(river: Village) -> None:
    data = as_csv(
        [["number", "amount"], [river.account("Alice").full, "-5"], [river.account("Bob").full, "5"]]
    )
    plan = look(river, "openings", data)
    river.pay("Alice", "Dina", 100)
    result = take_in(
        river.hub,
        Brought("openings", data, "o.csv", HERE),
        plan.terms,
        "why",
        river.signers["Kira"],
        None,
        new_key(),
    )
    assert isinstance(result, Changed)
    assert [p.why for p in result.plan.problems] == ["has_moved"]
    assert river.balance("Bob") == 0


def test_another_reading_of_the_same_file_is_looked_at_again(river: Village) -> None:
    """The same digits are Alice's here and were Emma's in the old list."""
    alice = river.account("Alice").short
    assert isinstance(take(river, "members", as_csv([["name", "number"], ["Emma", alice]])), Taken)
    data = as_csv([["day", "payer", "payee", "amount"], ["2024-05-31", alice, "Bob", "1"]])
    plan = look(river, "transfers", data, HERE)
    other = look(river, "transfers", data, OLD)
    assert plan.clean
    assert other.clean
    result = take_in(
        river.hub,
        Brought("transfers", data, "t.csv", OLD),
        plan.terms,
        "why",
        river.signers["Kira"],
        None,
        new_key(),
    )
    assert isinstance(result, Changed)
    assert river.balance("Bob") == 0


def test_who_joins_meanwhile_gets_in_nobodys_way(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody joins between the check and the writing: the numbers are given anew, and nobody's balance moves on."""
    data = as_csv([["name", "opening"], ["Emma", "-5"], ["Farid", "5"]])
    plan = look(river, "members", data)
    asked = river.hub.book.submit_all
    joined: list[str] = []

    def first_somebody_joins(*words: object, **more: object) -> object:
        if not joined:
            joined.append("Gita")
            river.join("Gita")
        return asked(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(river.hub.book, "submit_all", first_somebody_joins)
    result = take_in(
        river.hub,
        Brought("members", data, "m.csv", HERE),
        plan.terms,
        "why",
        river.signers["Kira"],
        None,
        new_key(),
    )
    assert isinstance(result, Taken)
    found = balances(river)
    assert (found["Emma"], found["Farid"]) == ([-500], [500])
    assert "Gita" not in found  # who waits for a keeper has no account yet


def test_two_keepers_agree_or_nothing_moves(river: Village) -> None:
    river.root(AppointKeeper(river.numbers["Dina"]))
    alice, bob = (river.account(name).full for name in ("Alice", "Bob"))
    data = as_csv([["number", "amount"], [alice, "-5"], [bob, "5"]])
    alone = take(river, "openings", data)
    assert isinstance(alone, No)
    assert alone.refusal.code is Code.TWO_KEEPERS
    herself = take(river, "openings", data, second="Kira")
    assert isinstance(herself, No)
    member = take(river, "openings", data, second="Alice")
    assert isinstance(member, No)
    assert member.refusal.code is Code.NOT_KEEPER
    assert river.balance("Bob") == 0
    assert isinstance(take(river, "openings", data, second="Dina"), Taken)
    assert river.balance("Bob") == 500
    (problem,) = look(river, "openings", data).problems
    assert problem.why == "taken"


def test_a_full_disk_leaves_nothing(river: Village) -> None:
    before = river.hub.head()
    data = as_csv([["name"], *([f"Emma {n}"] for n in range(300))])
    room(river, 20)
    result = take(river, "members", data)
    assert isinstance(result, No)
    assert result.refusal.code is Code.CANNOT_WRITE
    assert river.hub.head() == before
    room(river, 10**6)
    assert isinstance(take(river, "members", data), Taken)


def room(village: Village, pages: int) -> None:
    """Let the database grow by so many pages, no further."""
    with village.hub.store.write() as tx:  # the bound is that of the connection that writes
        (now,) = tx.first("PRAGMA page_count") or (0,)
        tx.first(f"PRAGMA max_page_count = {now + pages}")


def test_the_file_of_errors_can_be_corrected_and_brought_again(river: Village) -> None:
    data = as_csv([["name", "kind"], ["Emma", "person"], ["", "person"], ["Farid", "ship"]], delimiter=";")
    plan = look(river, "members", data)
    sheet = read(data, "members")
    assert not isinstance(sheet, Problem)
    unit = river.hub.rules().community.counted_in
    marked = b"".join(errors(sheet, [(p, sentence(p, unit)) for p in plan.problems])).decode("utf-8-sig")
    lines = marked.split("\r\n")
    assert lines[:3] == ["name;kind;error", "Emma;person;", ";person;name: This cell must not be empty."]
    corrected = marked.replace("\r\n;person", "\r\nGita;person").replace("Farid;ship", "Farid;business")
    again = look(river, "members", corrected.encode("utf-8-sig"))
    assert again.clean
    assert (again.count, again.unknown) == (3, ())


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(-50, 50)), min_size=1, max_size=6), st.integers(0, 6)
)
def test_parts_of_a_transfer_move_what_it_moved(some: list[tuple[int, int]], balancing: int) -> None:
    moved = {number: amount for number, amount in some if amount}
    moved[balancing] = moved.get(balancing, 0) - sum(moved.values())
    lines = [(number, amount) for number, amount in moved.items() if amount]
    if sum(amount for _, amount in lines):
        return
    found: dict[int, int] = {}
    for payer, payee, amount, levy in parts(lines, None, 0):
        assert amount > 0
        for number, change in ((payer, -amount), (payee, amount - levy), (0, levy)):
            found[number] = found.get(number, 0) + change
    assert {n: a for n, a in found.items() if a} == dict(lines)


@settings(max_examples=5)
@given(st.integers(0, 10**6))
def test_any_life_comes_in_again(seed: int) -> None:
    """Random payments with a levy, given back or not: the fresh hub ends with the same balances."""
    import tempfile

    drawn = random.Random(seed)
    with tempfile.TemporaryDirectory() as room, a_village(Path(room) / "river") as river:
        river.do("Kira", ChangeRules("credit", {"levy_rate": drawn.randrange(0, 200)}, "assembly"))
        paid = []
        for _ in range(12):
            payer, payee = drawn.sample(("Alice", "Bob", "Chandra", "Dina"), 2)
            note = "".join(drawn.choice("=+-@'\", é\n") for _ in range(4))
            paid.append(river.pay(payer, payee, drawn.randrange(1, 200), again=True, note=note))
        for receipt in drawn.sample(paid, 3):
            assert isinstance(river.ask("Kira", Reverse(RecordId(receipt.record), "a mistake")), Receipt)
        with a_village(Path(room) / "fresh") as fresh:
            assert isinstance(take(fresh, "members", out(river, "members"), OLD), Taken)
            assert isinstance(take(fresh, "transfers", out(river, "transfers"), OLD), Taken)
            assert balances(fresh) == balances(river)
            assert sorted(told(fresh, "transfers")) == sorted(told(river, "transfers"))


def test_where_people_are_vouched_for_a_file_needs_two_keepers(river: Village) -> None:
    river.do("Kira", ChangeRules("credit", {"vouchers": 2}, "assembly"))
    data = as_csv([["name"], ["Emma"]])
    alone = take(river, "members", data)
    assert isinstance(alone, No)
    assert alone.refusal.code is Code.TWO_KEEPERS
    river.root(AppointKeeper(river.numbers["Dina"]))
    assert isinstance(take(river, "members", data, second="Dina"), Taken)
    verify(river.hub.store)


def test_who_is_frozen_or_moving_away_gets_nothing_out_of_a_file(river: Village) -> None:
    river.do("Kira", Freeze(river.numbers["Bob"], "a quarrel"))
    alice, bob = (river.account(name).full for name in ("Alice", "Bob"))
    data = as_csv([["day", "payer", "payee", "amount"], ["2024-05-31", alice, bob, "1"]])
    (problem,) = look(river, "transfers", data).problems
    assert (problem.column, problem.why, problem.numbers) == ("payee", "left", {"name": "Bob"})
