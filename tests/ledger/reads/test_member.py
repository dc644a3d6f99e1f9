"""What a member sees: own numbers, what waits, and nothing of others; every action offered is one that is taken."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Claim as ClaimRow
from appliance.ledger.book.schema import Listing, Transfer
from appliance.ledger.book.subject import Command
from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.listings import OFFER, CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.requests import Accept, Cancel, Decline
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import TurnAway
from appliance.ledger.reads import care as care_reads
from appliance.ledger.reads import listings as listing_reads
from appliance.ledger.reads import member as reads
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId, code_of
from tests.support.village import PEOPLE, Village


def see(village: Village, what: Any, *args: Any) -> Any:
    with village.hub.reading() as tx:
        return what(tx, *args)


def home(village: Village, name: str) -> reads.Home:
    found = see(village, reads.home, village.numbers[name])
    assert found is not None
    return found


def claim(village: Village, carer: str = "Dina", *witnesses: str) -> Receipt:
    day = village.clock.now().ms // DAY_MS
    asked = tuple(village.numbers[name] for name in witnesses)
    return village.do(
        carer, ClaimCare(village.numbers[carer], "elder", 60, day, "Old Tom", "bathed him", asked)
    )


def sign(village: Village, made: Receipt, *names: str) -> None:
    for name in names:
        view = see(village, care_reads.claim, made.record, village.numbers[name])
        village.do(name, Cosign(made.record, view.terms))


# ------------------------------------------------------------------------------------------------ home


def test_the_first_page_tells_the_numbers(river: Village) -> None:
    river.pay("Alice", "Bob", 200, note="bread")
    river.request("Alice", None, 300)
    page = home(river, "Alice")
    assert (page.me.name, page.balance, page.can_give, page.can_receive) == ("Alice", -200, 1000, 2300)
    assert (page.low, page.high, page.held) == (-1200, 2400, 300)
    assert [(line.amount, line.other.name, line.note) for line in page.recent] == [(-200, "Bob", "bread")]


def test_the_first_page_tells_what_waits(river: Village) -> None:
    asked = river.request("Bob", "Alice", 100, note="fence")
    own = river.request("Alice", None, 50)
    care, mine = claim(river, "Dina", "Alice"), claim(river, "Alice")
    page = home(river, "Alice")
    assert [view.id for view in page.to_pay] == [asked.record]
    assert [view.id for view in page.asked] == [own.record]
    assert [view.id for view in page.to_confirm] == [care.record]
    assert [view.id for view in page.my_care] == [mine.record]
    assert page.to_pay[0].text == "fence"
    sign(river, care, "Alice")
    river.do("Alice", Decline(asked.record, river.numbers["Alice"]))
    river.do("Alice", Cancel(own.record))
    river.do("Alice", WithdrawClaim(mine.record))
    page = home(river, "Alice")
    assert (page.to_pay, page.asked, page.to_confirm, page.my_care) == ((), (), (), ())


def test_a_newcomer_has_a_name_and_no_numbers_yet(river: Village) -> None:
    emma = river.join("Emma")
    page = home(river, "Emma")
    assert (page.me.name, page.me.status, page.balance, page.can_give) == ("Emma", "applied", None, None)
    river.do("Kira", TurnAway(emma, "Nobody knows her"))
    assert home(river, "Emma").me.status == "closed"


def test_nobody_has_no_first_page(river: Village) -> None:
    for number in (99, COMMONS, -1):
        assert see(river, reads.home, number) is None


def test_without_limits_there_is_no_headroom_to_tell(river: Village) -> None:
    river.do("Kira", SetLimits(river.numbers["Alice"], None, None, "founding week"))
    page = home(river, "Alice")
    assert (page.can_give, page.can_receive, page.low, page.high) == (None, None, None, None)


# ------------------------------------------------------------------------------------------------ statement


def test_a_statement_is_read_page_by_page_without_a_gap(river: Village) -> None:
    for amount in range(1, 24):
        river.pay("Alice", "Bob", amount)
        river.pay("Chandra", "Dina", amount)
    lines: list[reads.Line] = []
    before = None
    for _ in range(10):
        page = see(river, reads.statement, river.numbers["Bob"], before, 5)
        assert len(page.lines) <= 5
        lines += page.lines
        before = page.older
        if before is None:
            break
    assert [line.amount for line in lines] == list(range(23, 0, -1))
    # Each balance is the one after it and before the next.
    assert lines[0].balance == river.balance("Bob") == sum(range(1, 24))
    for newer, older in pairwise(lines):
        assert newer.balance - newer.amount == older.balance


def test_a_last_page_that_is_full_has_no_older_one(river: Village) -> None:
    for amount in range(1, 6):
        river.pay("Alice", "Bob", amount)
    page = see(river, reads.statement, river.numbers["Bob"], None, 5)
    assert (len(page.lines), page.older) == (5, None)


def test_a_cancelled_movement_shows_as_such_on_both_sides(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 200, note="bread")
    river.do("Bob", Reverse(paid.record, "not mine"))
    for name, sign_ in (("Alice", 1), ("Bob", -1)):
        lines = see(river, reads.statement, river.numbers[name]).lines
        assert [(line.amount, line.cancelled, line.note) for line in lines] == [
            (200 * sign_, True, "not mine"),
            (-200 * sign_, True, "bread"),
        ]


def test_care_comes_from_the_commons(river: Village) -> None:
    made = claim(river)
    sign(river, made, "Alice", "Bob")
    (line,) = see(river, reads.statement, river.numbers["Dina"]).lines
    assert (line.amount, line.kind, line.other.commons) == (100, "care", True)
    assert [row.amount for row in see(river, reads.statement, COMMONS).lines] == [-100]


@pytest.mark.parametrize("limit", [-5, 0, 10**6])
def test_a_page_has_bounds(river: Village, limit: int) -> None:
    river.pay("Alice", "Bob", 1)
    assert len(see(river, reads.statement, river.numbers["Bob"], None, limit).lines) == 1


# ------------------------------------------------------------------------------------------------ privacy


def test_a_payment_is_for_its_two_sides_and_keepers_who_are_present(river: Village) -> None:
    paid = river.pay("Alice", "Bob", 200, note="for the midwife")
    undone = river.do("Bob", Reverse(paid.record, "too much"))
    assert see(river, reads.transfer, paid.record, river.numbers["Kira"]) is None
    # Nobody becomes a keeper by saying so.
    seen = {name: see(river, reads.transfer, paid.record, river.numbers[name], True) for name in PEOPLE}
    assert {name: view is not None for name, view in seen.items()} == {
        "Alice": True,
        "Bob": True,
        "Kira": True,
        "Chandra": False,
        "Dina": False,
    }
    assert seen["Alice"].text == "for the midwife"
    assert seen["Alice"].reversal == undone.record
    assert see(river, reads.transfer, undone.record, river.numbers["Chandra"]) is None
    assert see(river, reads.transfer, undone.record, river.numbers["Alice"]).undoes == paid.record
    assert see(river, reads.transfer, paid.record, 99) is None
    assert see(river, reads.transfer, bytes(16), river.numbers["Alice"]) is None


def test_an_open_request_is_for_who_has_its_code_until_it_is_answered(river: Village) -> None:
    request = river.request("Bob", None, 200, note="the fence")
    code = code_of(request.record)
    for name in PEOPLE:
        assert see(river, reads.request_by_code, code, river.numbers[name]).id == request.record
    river.accept("Alice", request, "Bob", 200)
    assert see(river, reads.request_by_code, code, river.numbers["Chandra"]) is None
    assert see(river, reads.request_by_code, code, river.numbers["Alice"]).state == "done"
    assert see(river, reads.request_by_code, "00000000", river.numbers["Alice"]) is None


def test_a_request_of_one_member_is_for_nobody_else(river: Village) -> None:
    request = river.request("Bob", "Alice", 200)
    code = code_of(request.record)
    assert see(river, reads.request_by_code, code, river.numbers["Chandra"]) is None
    assert see(river, reads.request_by_code, code, river.numbers["Alice"]) is not None


def test_who_was_cared_for_is_for_those_involved_and_keepers(river: Village) -> None:
    """The village sees amount, category and carer (design, section 8)."""
    made = claim(river, "Dina", "Chandra")
    sign(river, made, "Alice", "Chandra")
    for name, involved in (
        ("Dina", True),
        ("Alice", True),
        ("Chandra", True),
        ("Kira", True),
        ("Bob", False),
    ):
        view = see(river, care_reads.claim, made.record, river.numbers[name], True)
        assert (view.cared_for, view.what) == (("Old Tom", "bathed him") if involved else ("", ""))
        assert (view.state, view.amount, view.category, view.carer.name) == ("paid", 100, "elder", "Dina")
    far = see(river, care_reads.claim, made.record, river.numbers["Kira"])
    assert (far.cared_for, far.what, far.witnesses) == ("", "", ())
    stranger = see(river, care_reads.claim_by_code, made.outcome["code"], river.numbers["Bob"])
    assert (stranger.cared_for, stranger.what, stranger.witnesses) == ("", "", ())


def test_who_is_asked_to_confirm_reads_the_words_first(river: Village) -> None:
    made = claim(river)
    view = see(river, care_reads.claim_by_code, made.outcome["code"], river.numbers["Bob"])
    assert (view.cared_for, view.what, view.actions) == ("Old Tom", "bathed him", (Action.COSIGN,))


def test_who_waits_for_approval_reads_no_words_of_care(river: Village) -> None:
    made, emma = claim(river), river.join("Emma")
    for viewer in (emma, 99):
        view = see(river, care_reads.claim, made.record, viewer)
        assert (view.cared_for, view.what, view.witnesses) == ("", "", ())


# ------------------------------------------------------------------------------------------------ actions


@dataclass
class Offered:
    """An action as a screen would carry it out."""

    viewer: str
    action: Action
    command: Command


def everything_offered(village: Village) -> list[Offered]:
    """All that any viewer is offered on any object there is."""
    found: list[Offered] = []
    with village.hub.reading() as tx:
        for name, me in village.numbers.items():
            for row in tx.rows(Transfer.select()):
                if (view := reads.transfer(tx, bytes(row.id), me, as_keeper=True)) is not None:
                    found += [Offered(name, a, _on_transfer(a, view, me)) for a in view.actions]
            for row in tx.rows(ClaimRow.select()):
                if (seen := care_reads.claim(tx, bytes(row.id), me, as_keeper=True)) is not None:
                    found += [Offered(name, a, _on_claim(a, seen)) for a in seen.actions]
            for row in tx.rows(Listing.select()):
                if (listed := listing_reads.listing(tx, bytes(row.id), me, as_keeper=True)) is not None:
                    found += [Offered(name, a, _on_listing(a, listed, me)) for a in listed.actions]
    return found


def _on_transfer(action: Action, view: reads.TransferView, me: AccountNumber) -> Command:
    commands: dict[Action, Command] = {
        Action.ACCEPT: Accept(view.id, me, view.payee.number, Amount(view.amount)),
        Action.DECLINE: Decline(view.id, me),
        Action.CANCEL: Cancel(view.id),
        Action.REVERSE: Reverse(view.id, "because"),
    }
    return commands[action]


def _on_claim(action: Action, view: care_reads.ClaimView) -> Command:
    commands: dict[Action, Command] = {
        Action.COSIGN: Cosign(view.id, view.terms),
        Action.DECLINE: DeclineCosign(view.id),
        Action.CANCEL: WithdrawClaim(view.id),
    }
    return commands[action]


def _on_listing(action: Action, view: listing_reads.ListingView, me: AccountNumber) -> Command:
    commands: dict[Action, Command] = {
        Action.CLOSE: CloseListing(view.id, "because"),
        Action.EDIT: EditListing(view.id, view.category, "Better bread"),
        Action.PAY: Pay(me, view.owner.number, Amount(1), again=True),
    }
    return commands[action]


def busy(village: Village) -> None:
    """Something of every kind in every state."""
    done = village.pay("Alice", "Bob", 100)
    village.do("Bob", Reverse(done.record))
    village.pay("Alice", "Kira", 50)
    village.do("Dina", Pay(village.numbers["Dina"], COMMONS, Amount(10)))
    village.accept("Alice", village.request("Bob", None, 20), "Bob", 20)
    village.do("Alice", Decline(village.request("Bob", "Alice", 21).record, village.numbers["Alice"]))
    village.do("Bob", Cancel(village.request("Bob", "Alice", 22).record))
    village.request("Bob", "Alice", 23)
    village.request("Dina", None, 24)
    sign(village, claim(village, "Dina", "Alice"), "Alice", "Bob")
    half = claim(village, "Dina", "Alice", "Chandra", "Kira")
    sign(village, half, "Alice")
    village.do("Chandra", DeclineCosign(half.record))
    village.do("Dina", WithdrawClaim(claim(village, "Dina", "Alice").record))
    village.do("Kira", SetLimits(village.numbers["Chandra"], -1200, 0, "waits"))
    sign(village, claim(village, "Chandra"), "Alice", "Bob")
    village.do("Alice", OpenListing(village.numbers["Alice"], OFFER, "food", "Bread"))
    old = village.do("Bob", OpenListing(village.numbers["Bob"], OFFER, "tools", "Saw"))
    village.do("Bob", CloseListing(old.record))
    village.join("Emma")


def test_every_action_offered_is_taken(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(river)
    offered = everything_offered(river)
    assert {one.action for one in offered} == {
        Action.ACCEPT,
        Action.DECLINE,
        Action.CANCEL,
        Action.REVERSE,
        Action.COSIGN,
        Action.CLOSE,
        Action.EDIT,
        Action.PAY,
    }
    wrong = [(one, said) for one in offered if (said := would(river, one)) is not None]
    assert wrong == []


def would(village: Village, one: Offered) -> Code | None:
    """What the write path says to it, without doing it: the transaction is taken back."""

    class Back(Exception):
        pass

    said: list[Receipt | Refusal] = []

    def accept_and_go_back(tx: Any, command: Any, prepared: Any) -> Any:
        said.append(accept(tx, command, prepared))
        raise Back

    book = village.hub.book
    accept = book._accept
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "_accept", accept_and_go_back)
        with pytest.raises(Back):
            village.ask(one.viewer, one.command)
    return said[0].code if isinstance(said[0], Refusal) else None


def test_what_is_not_offered_is_refused(river: Village) -> None:
    """The other way round: who acts on a thing without being offered it is told no."""
    busy(river)
    offered = {(one.viewer, one.action, str(one.command.payload())) for one in everything_offered(river)}
    taken = []
    with river.hub.reading() as tx:
        records = [RecordId(bytes(row.id)) for row in tx.rows(Transfer.select())]
        listed = [RecordId(bytes(row.id)) for row in tx.rows(Listing.select())]
        claimed = [RecordId(bytes(row.id)) for row in tx.rows(ClaimRow.select())]
    for name in river.numbers:
        acts: list[tuple[Action, Command]] = []
        acts += [(Action.CANCEL, Cancel(record)) for record in records]
        acts += [(Action.DECLINE, Decline(record, river.numbers[name])) for record in records]
        acts += [(Action.REVERSE, Reverse(record, "because")) for record in records]
        acts += [(Action.CLOSE, CloseListing(record, "because")) for record in listed]
        acts += [(Action.CANCEL, WithdrawClaim(record)) for record in claimed]
        acts += [(Action.DECLINE, DeclineCosign(record)) for record in claimed]
        for action, command in acts:
            known = (name, action, str(command.payload())) in offered
            if not known and would(river, Offered(name, action, command)) is None:
                taken.append((name, action, command))
    assert taken == []


# ------------------------------------------------------------------------------------------------ listings


def test_a_members_listings_open_ones_first(river: Village) -> None:
    made = [
        river.do("Alice", OpenListing(river.numbers["Alice"], OFFER, "food", title))
        for title in ("Bread", "Jam", "Eggs")
    ]
    river.do("Alice", CloseListing(made[2].record))
    views = see(river, listing_reads.listings_of, river.numbers["Alice"], river.numbers["Bob"])
    assert [(view.title, view.state) for view in views] == [
        ("Jam", "open"),
        ("Bread", "open"),
        ("Eggs", "closed"),
    ]
    assert see(river, listing_reads.listing, bytes(16), river.numbers["Bob"]) is None


def test_a_members_claims_newest_first(river: Village) -> None:
    made = [claim(river), claim(river), claim(river, "Alice")]
    assert [view.id for view in see(river, care_reads.my_claims, river.numbers["Dina"])] == [
        made[1].record,
        made[0].record,
    ]


def test_the_balance_of_nobody_is_none(river: Village) -> None:
    assert see(river, reads.balance, 99) is None
    assert see(river, reads.balance, COMMONS) == 0
