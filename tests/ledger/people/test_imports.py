"""Kira takes in a list of before: people, what they began with, what they offered and paid."""

import pytest

from appliance.ledger import codec
from appliance.ledger.book import fold
from appliance.ledger.book.chain import Act, Entry
from appliance.ledger.book.command import FOLDS, Receipt, Refused
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.market.imported import ImportListing
from appliance.ledger.money.imported import DAY_MS, ImportOpening, ImportTransfer
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.imports import (
    LISTINGS,
    MEMBERS,
    OPENINGS,
    TRANSFERS,
    AgreeImport,
    ImportFile,
    ImportMember,
    old_numbers,
)
from appliance.ledger.people.members import AppointKeeper, DismissKeeper
from appliance.ledger.reads import desk, listings, member
from appliance.ledger.reads.people import person
from appliance.ledger.values import COMMONS, AccountNumber, Amount, EntryNumber, RecordId
from tests.support.village import Village

FILE, OTHER = bytes([1]) * 32, bytes([2]) * 32
TERMS = bytes([7]) * 32


def file(what: str, entries: int, digest: bytes = FILE, terms: bytes = TERMS) -> ImportFile:
    return ImportFile(what, digest, terms, entries, entries, 0, f"{what}.csv", "the list of before")


def take_in(river: Village, who: str, *commands: Command) -> tuple[Receipt, ...] | Refused:
    return river.hub.submit_all(commands, river.signers[who])


def code_of(result: tuple[Receipt, ...] | Refused) -> Code:
    assert isinstance(result, Refused), result
    return result.refusal.code


def opening(river: Village, digest: bytes = FILE, **amounts: int) -> ImportOpening:
    numbers = {**river.numbers, "commons": COMMONS}
    return ImportOpening(digest, tuple((numbers[n], Amount(a)) for n, a in amounts.items()))


def paid(
    river: Village, payer: str, payee: str, amount: int, line: int = 2, **also: object
) -> ImportTransfer:
    day = river.clock.now().ms // DAY_MS - 30
    n = river.numbers
    return ImportTransfer(FILE, line, day, n[payer], n[payee], Amount(amount), **also)  # type: ignore[arg-type]


def second_keeper(river: Village) -> None:
    river.root(AppointKeeper(river.numbers["Dina"]))


class TestPeople:
    def test_they_come_in_with_name_kind_limits_and_old_number(self, river: Village) -> None:
        done = take_in(
            river,
            "Kira",
            file(MEMBERS, 2),
            ImportMember(FILE, 2, 6, "Emma", old="17"),
            ImportMember(FILE, 3, 7, "The Mill", "business", (-100, None)),
        )
        assert isinstance(done, tuple), done
        with river.hub.reading() as tx:
            emma, mill = desk.account_line(tx, 6), desk.account_line(tx, 7)
            assert old_numbers(tx) == {"17": [6]}
        assert emma is not None
        assert mill is not None
        assert (emma.who.name, emma.who.status, emma.balance, emma.low) == ("Emma", "active", 0, -1200)
        assert (mill.who.name, mill.low, mill.high) == ("The Mill", -100, None)
        verify(river.hub.store)

    def test_somebody_who_joined_meanwhile_has_the_number(self, river: Village) -> None:
        river.join("Farid")
        assert code_of(take_in(river, "Kira", file(MEMBERS, 1), ImportMember(FILE, 2, 6, "Emma"))) is (
            Code.TERMS_CHANGED
        )

    def test_only_a_keeper_and_each_file_once(self, river: Village) -> None:
        emma = ImportMember(FILE, 2, 6, "Emma")
        assert code_of(take_in(river, "Alice", file(MEMBERS, 1), emma)) is Code.NOT_KEEPER
        assert isinstance(take_in(river, "Kira", file(MEMBERS, 1), emma), tuple)
        again = take_in(river, "Kira", file(MEMBERS, 1), ImportMember(FILE, 2, 7, "Emma"))
        assert code_of(again) is Code.ALREADY_IMPORTED

    def test_a_row_without_a_file_is_none(self, river: Village) -> None:
        refused = river.ask("Kira", ImportMember(FILE, 2, 6, "Emma"))
        assert isinstance(refused, Refusal)
        assert refused.code is Code.TERMS_CHANGED
        # Nor is one more than was announced.
        more = take_in(
            river,
            "Kira",
            file(MEMBERS, 1),
            ImportMember(FILE, 2, 6, "Emma"),
            ImportMember(FILE, 3, 7, "Farid"),
        )
        assert isinstance(more, Refused)
        assert more.place == 2

    def test_the_log_names_file_and_reason_once(self, river: Village) -> None:
        take_in(river, "Kira", file(MEMBERS, 1), ImportMember(FILE, 2, 6, "Emma"))
        with river.hub.reading() as tx:
            lines, _ = desk.log(tx)
            emmas, _ = desk.log(tx, concerning=6)
        assert [line.kind for line in lines if line.kind.startswith("import")] == ["import_file"]
        assert lines[0].reason == "the list of before"
        assert [line.kind for line in emmas] == ["import_member"]


class TestOpenings:
    def test_they_are_one_transfer_that_sums_to_zero(self, river: Village) -> None:
        done = take_in(river, "Kira", file(OPENINGS, 1), opening(river, Alice=-5000, Bob=3000, Chandra=2000))
        assert isinstance(done, tuple), done
        assert [river.balance(n) for n in ("Alice", "Bob", "Chandra")] == [-5000, 3000, 2000]
        with river.hub.reading() as tx:
            (line,) = member.statement(tx, river.numbers["Alice"]).lines
            view = member.transfer(tx, line.transfer, river.numbers["Bob"])
            assert member.transfer(tx, line.transfer, river.numbers["Dina"]) is None
        assert (line.kind, line.amount, line.other.commons) == ("opening", -5000, True)
        assert view is not None
        assert (view.amount, view.payee.name, view.actions) == (
            3000,
            "Bob",
            (),
        )  # the own part, not everybody's
        verify(river.hub.store)

    def test_a_difference_is_taken_by_nobody_who_is_not_named(self, river: Village) -> None:
        wrong = take_in(river, "Kira", file(OPENINGS, 1), opening(river, Alice=-500, Bob=300))
        assert code_of(wrong) is Code.NOT_BALANCED
        assert wrong.refusal.numbers == {"difference": -200}  # type: ignore[union-attr]
        right = take_in(river, "Kira", file(OPENINGS, 1), opening(river, Alice=-500, Bob=300, commons=200))
        assert isinstance(right, tuple)

    def test_only_accounts_that_never_moved(self, river: Village) -> None:
        river.pay("Alice", "Bob", 100)
        refused = take_in(river, "Kira", file(OPENINGS, 1), opening(river, Bob=-300, Dina=300))
        assert code_of(refused) is Code.HAS_MOVED

    def test_it_cannot_be_undone_by_a_button(self, river: Village) -> None:
        done = take_in(river, "Kira", file(OPENINGS, 1), opening(river, Alice=-500, Bob=500))
        assert isinstance(done, tuple)
        refused = river.ask("Kira", Reverse(RecordId(done[1].record), "a mistake"))
        assert isinstance(refused, Refusal)
        assert refused.code is Code.NOT_REVERSIBLE

    def test_who_ends_outside_may_move_toward_zero(self, river: Village) -> None:
        take_in(river, "Kira", file(OPENINGS, 1), opening(river, Alice=-5000, Bob=5000))
        river.pay("Bob", "Alice", 100)
        assert river.balance("Alice") == -4900


class TestTwoKeepers:
    def test_a_lone_keeper_has_no_part_in_it(self, river: Village) -> None:
        refused = take_in(river, "Kira", file(OPENINGS, 1), opening(river, Alice=-500, Kira=500))
        assert code_of(refused) is Code.TWO_KEEPERS
        paying = take_in(river, "Kira", file(TRANSFERS, 1), paid(river, "Alice", "Kira", 100))
        assert code_of(paying) is Code.TWO_KEEPERS

    def test_where_there_are_two_both_are_needed(self, river: Village) -> None:
        second_keeper(river)
        batch = (file(TRANSFERS, 1), paid(river, "Alice", "Bob", 100))
        assert code_of(take_in(river, "Kira", *batch)) is Code.TWO_KEEPERS
        own = river.ask("Kira", AgreeImport(TRANSFERS, FILE, TERMS, 1, 100))
        assert isinstance(own, Receipt)  # the own word is no second one
        assert code_of(take_in(river, "Kira", *batch)) is Code.TWO_KEEPERS
        river.do("Dina", AgreeImport(TRANSFERS, FILE, TERMS, 1, 100))
        assert isinstance(take_in(river, "Kira", *batch), tuple)
        verify(river.hub.store)

    def test_the_word_of_who_is_no_keeper_any_more_counts_no_more(self, river: Village) -> None:
        second_keeper(river)
        river.root(AppointKeeper(river.numbers["Chandra"]))
        river.do("Dina", AgreeImport(TRANSFERS, FILE, TERMS, 1, 100))
        river.root(DismissKeeper(river.numbers["Dina"]))
        batch = (file(TRANSFERS, 1), paid(river, "Alice", "Bob", 100))
        assert code_of(take_in(river, "Kira", *batch)) is Code.TWO_KEEPERS
        river.do("Chandra", AgreeImport(TRANSFERS, FILE, TERMS, 1, 100))
        assert isinstance(take_in(river, "Kira", *batch), tuple)
        verify(river.hub.store)

    def test_another_reading_of_the_file_was_not_agreed_to(self, river: Village) -> None:
        second_keeper(river)
        river.do("Dina", AgreeImport(TRANSFERS, FILE, OTHER, 1, 100))
        batch = (file(TRANSFERS, 1), paid(river, "Alice", "Bob", 100))
        assert code_of(take_in(river, "Kira", *batch)) is Code.TWO_KEEPERS

    def test_people_and_listings_need_one(self, river: Village) -> None:
        second_keeper(river)
        assert isinstance(take_in(river, "Kira", file(MEMBERS, 1), ImportMember(FILE, 2, 6, "Emma")), tuple)
        bread = ImportListing(OTHER, 2, river.numbers["Bob"], "offer", "food", "Bread", "Rye", Amount(120))
        assert isinstance(take_in(river, "Kira", file(LISTINGS, 1, OTHER), bread), tuple)
        with river.hub.reading() as tx:
            (shown,) = listings.listings_of(tx, river.numbers["Bob"], river.numbers["Alice"])
        assert (shown.title, shown.text, shown.price) == ("Bread", "Rye", 120)
        verify(river.hub.store)

    def test_where_newcomers_are_vouched_for_people_need_two(self, river: Village) -> None:
        river.do("Kira", ChangeRules("credit", {"vouchers": 1}, "assembly"))
        batch = (file(MEMBERS, 1), ImportMember(FILE, 2, 6, "Emma"))
        assert code_of(take_in(river, "Kira", *batch)) is Code.TWO_KEEPERS
        second_keeper(river)
        river.do("Dina", AgreeImport(MEMBERS, FILE, TERMS, 1, 0))
        assert isinstance(take_in(river, "Kira", *batch), tuple)
        verify(river.hub.store)


class TestPayments:
    def test_they_have_their_own_day_and_pass_limits(self, river: Village) -> None:
        done = take_in(
            river,
            "Kira",
            file(TRANSFERS, 2),
            paid(river, "Alice", "Bob", 9000, note="a roof", category="building"),
            paid(river, "Bob", "Chandra", 100, 3, levy=5),
        )
        assert isinstance(done, tuple), done
        assert [river.balance(n) for n in ("Alice", "Bob", "Chandra")] == [-9000, 8900, 95]
        with river.hub.reading() as tx:
            (line,) = member.statement(tx, river.numbers["Alice"]).lines
            view = member.transfer(tx, line.transfer, river.numbers["Bob"])
        day = river.clock.now().ms // DAY_MS - 30
        assert (line.at.ms // DAY_MS, line.at.quality, line.note) == (day, Quality.NONE, "a roof")
        assert view is not None
        assert view.kind == "imported"
        verify(river.hub.store)

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"amount": Amount(0)}, Code.AMOUNT_WRONG),
            ({"levy": 100}, Code.AMOUNT_WRONG),
            ({"payee": AccountNumber(2)}, Code.OWN_ACCOUNT),
            ({"payee": AccountNumber(99)}, Code.UNKNOWN_ACCOUNT),
            ({"day": 90_000}, Code.TIME_WRONG),
            ({"category": "nonsense"}, Code.UNKNOWN_CATEGORY),
        ],
    )
    def test_what_cannot_be_is_refused(self, river: Village, change: dict[str, object], code: Code) -> None:
        fields = {"digest": FILE, "line": 2, "day": 20_000, "payer": AccountNumber(2)}
        fields |= {"payee": AccountNumber(3), "amount": Amount(100)} | change
        refused = take_in(river, "Kira", file(TRANSFERS, 1), ImportTransfer(**fields))  # type: ignore[arg-type]
        assert code_of(refused) is code


GOOD: dict[str, tuple[str, codec.Body, codec.Body]] = {
    "import_opening": (OPENINGS, {"digest": FILE, "amounts": [[2, -500], [3, 500]]}, {}),
    "import_transfer": (
        TRANSFERS,
        {
            "digest": FILE,
            "line": 2,
            "day": 20_000,
            "payer": 2,
            "payee": 3,
            "amount": 100,
            "category": "food",
            "levy": 0,
        },
        {},
    ),
    "import_listing": (
        LISTINGS,
        {
            "digest": FILE,
            "line": 2,
            "owner": 3,
            "kind": "offer",
            "category": "food",
            "price": None,
            "unit": None,
            "quantity": 4,
            "until_ms": None,
        },
        {},
    ),
    "import_member": (
        MEMBERS,
        {"digest": FILE, "line": 2, "number": 6, "group": "person", "limits": None},
        {"number": 6, "low": -1200, "high": 2400},
    ),
}
"""Of each kind of row an entry that folds: the file it is of, its payload, what was decided."""


class TestReplay:
    """What somebody writes into the book by hand, with a good signature, does not fold."""

    @pytest.mark.parametrize(
        ("kind", "change"),
        [
            *((kind, {"digest": OTHER}) for kind in GOOD),
            ("import_opening", {"amounts": [[2, -500], [3, 400]]}),
            ("import_opening", {"amounts": [[2, -500], [2, 500]]}),
            ("import_opening", {"amounts": [[2, 0], [3, 0]]}),
            ("import_opening", {"amounts": [[1, 500], [2, -500]]}),  # the keeper's own
            ("import_opening", {"amounts": [[2, -500], [-102, 500]]}),
            ("import_transfer", {"payee": 1}),
            ("import_transfer", {"payee": 2}),
            ("import_transfer", {"payee": -102}),
            ("import_transfer", {"amount": -5}),
            ("import_transfer", {"levy": 100}),
            ("import_transfer", {"day": 99_999}),
            ("import_listing", {"owner": 9}),
            ("import_listing", {"kind": "gift"}),
            ("import_listing", {"quantity": -1}),
            ("import_listing", {"unit": 5}),
            ("import_listing", {"until_ms": "tomorrow"}),
            ("import_member", {"number": 7}),
            ("import_member", {"group": "bank"}),
            ("import_member", {"limits": [-9000, 9000]}),  # not what was decided
            ("import_member", {"limits": [5, 9]}),
        ],
    )
    def test_a_row_that_was_never_decided(self, river: Village, kind: str, change: dict[str, object]) -> None:
        what, payload, outcome = GOOD[kind]
        version = ImportListing.VERSION if kind == ImportListing.KIND else 1
        begun = river.do("Kira", file(what, 1))
        place, at = river.hub.book.place, river.clock.now()

        def entry(fields: codec.Body, outcome: codec.Body) -> Entry:
            act = Act(place, at, "member:1", bytes(16), kind, version, fields, None)
            return Entry(EntryNumber(begun.entry + 1), begun.hash, act, outcome, bytes(64))

        with pytest.raises(BookDamaged), river.hub.store.write() as tx:
            fold.apply(tx, entry(payload | change, outcome), FOLDS)
        with river.hub.store.write() as tx:
            fold.apply(tx, entry(payload, outcome), FOLDS)


def test_nobody_is_left_half_taken_in(river: Village) -> None:
    refused = take_in(
        river,
        "Kira",
        file(MEMBERS, 2),
        ImportMember(FILE, 2, 6, "Emma"),
        ImportMember(FILE, 3, 7, "x" * 99),
    )
    assert code_of(refused) is Code.TEXT_TOO_LONG
    with river.hub.reading() as tx:
        assert person(tx, 6) is None
    assert isinstance(take_in(river, "Kira", file(MEMBERS, 1), ImportMember(FILE, 2, 6, "Emma")), tuple)
