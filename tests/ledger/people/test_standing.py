"""Every standing of a membership, and what somebody of that standing can do and have done: as a table."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Claim, Member
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.requests import Accept, Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people import leaving
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.life import Away, Back, Freeze, Reopen, Unfreeze, Vouch
from appliance.ledger.people.members import Approve, ReplaceKey
from appliance.ledger.people.moving import Move, Stay
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import AccountNumber, Amount
from tests.support.two_villages import HILL, TwoVillages, two_villages
from tests.support.village import Village

STANDINGS: Final = ("applied", "active", "away", "moving", "frozen", "closed")
OK: Final = None

THERE: Final = AccountNumber(4)


@pytest.fixture
def two(tmp_path: Path):
    with two_villages(tmp_path) as made:
        yield made
        verify(made.river.hub.store)


def brought(two: TwoVillages, standing: str) -> Village:
    """River, where Emma is of ``standing``, and still holds the key she had."""
    river, emma = two.river, two.river.join("Emma")
    if standing != "applied":
        river.do("Kira", Approve(emma))
    first: dict[str, Callable[[], object]] = {
        "away": lambda: river.do("Emma", Away(emma)),
        "moving": lambda: river.do("Emma", Move(emma, HILL, THERE, True)),
        "frozen": lambda: river.do("Kira", Freeze(emma, "the phone was stolen")),
        "closed": lambda: river.do("Emma", Leave(emma)),
    }
    first.get(standing, lambda: None)()
    return river


def answer(result: Receipt | Refusal) -> Code | None:
    return result.code if isinstance(result, Refusal) else OK


ACTS: Final[dict[str, tuple[str, Callable[[Village], Command]]]] = {
    "pays": ("Emma", lambda v: Pay(v.numbers["Emma"], v.numbers["Bob"], Amount(10))),
    "is paid": ("Bob", lambda v: Pay(v.numbers["Bob"], v.numbers["Emma"], Amount(10))),
    "asks": ("Emma", lambda v: Request(v.numbers["Emma"], v.numbers["Bob"], Amount(10))),
    "is asked": ("Bob", lambda v: Request(v.numbers["Bob"], v.numbers["Emma"], Amount(10))),
    "offers": ("Emma", lambda v: OpenListing(v.numbers["Emma"], "offer", "food", "Bread")),
    "claims care": ("Emma", lambda v: ClaimCare(v.numbers["Emma"], "elder", 60, 20_605, "Omar")),
    "tells the name": ("Emma", lambda v: ShowName(v.numbers["Emma"], True)),
    "vouches": ("Emma", lambda v: Vouch(v.numbers["Newcomer"])),
    "gets a PIN": ("Kira", lambda v: ReplaceKey(v.numbers["Emma"], _sealed(v))),
}
NOT_IN, GONE, FROZEN = Code.NOT_ACTIVE, Code.ACCOUNT_CLOSED, Code.FROZEN
EXPECTED: Final[dict[str, tuple[Code | None, ...]]] = {
    # in the order of STANDINGS; who moves, at zero, gives and receives nothing
    "pays": (NOT_IN, OK, OK, Code.MOVING, FROZEN, NOT_IN),
    "is paid": (Code.UNKNOWN_ACCOUNT, OK, OK, Code.PAYEE_LIMIT, GONE, GONE),
    "asks": (NOT_IN, OK, OK, Code.MOVING, FROZEN, NOT_IN),
    "is asked": (Code.UNKNOWN_ACCOUNT, OK, OK, OK, GONE, GONE),
    "offers": (NOT_IN, OK, OK, OK, FROZEN, NOT_IN),
    "claims care": (NOT_IN, OK, OK, OK, FROZEN, NOT_IN),
    "tells the name": (NOT_IN, OK, OK, OK, FROZEN, NOT_IN),
    "vouches": (NOT_IN, OK, OK, OK, FROZEN, NOT_IN),
    "gets a PIN": (OK, OK, OK, OK, OK, Code.UNKNOWN_ACCOUNT),
}


def _sealed(v: Village):
    from appliance.ledger.keys import new_seed, seal
    from tests.support.village import CHEAP

    return seal(new_seed(), "7415", v.hub.pepper, CHEAP)


@pytest.mark.parametrize("standing", STANDINGS)
def test_what_can_be_done(two: TwoVillages, standing: str) -> None:
    river = brought(two, standing)
    river.join("Newcomer")
    place = STANDINGS.index(standing)
    found = {act: answer(river.ask(who, make(river))) for act, (who, make) in ACTS.items()}
    assert found == {act: row[place] for act, row in EXPECTED.items()}


STEPS: Final[dict[str, Callable[[AccountNumber], Command]]] = {
    "away": lambda n: Away(n, "in hospital"),
    "back": lambda n: Back(n, "seen again"),
    "freeze": lambda n: Freeze(n, "the phone was stolen"),
    "unfreeze": lambda n: Unfreeze(n, "found again"),
    "move": lambda n: Move(n, HILL, THERE, True, "told me"),
    "stay": lambda n: Stay(n, "told me"),
    "close": lambda n: CloseMember(n, leaving.LEFT, "went to town"),
    "reopen": lambda n: Reopen(n, "came home"),
}
TO: Final[dict[str, tuple[str | None, ...]]] = {
    # to which standing each leads a keeper's step, from each; None: it does not fit
    "away": (None, "away", None, None, None, None),
    "back": (None, None, "active", None, None, None),
    "freeze": (None, "frozen", "frozen", "frozen", None, None),
    "unfreeze": (None, None, None, None, "active", None),
    "move": (None, "moving", "moving", None, None, None),
    "stay": (None, None, None, "active", None, None),
    "close": (None, "closed", "closed", "closed", "closed", None),
    "reopen": (None, None, None, None, None, "active"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("standing", STANDINGS)
def test_where_each_step_leads(two: TwoVillages, standing: str, step: str) -> None:
    river = brought(two, standing)
    emma = river.numbers["Emma"]
    wanted = TO[step][STANDINGS.index(standing)]
    assert answer(river.ask("Kira", STEPS[step](emma))) is (OK if wanted else Code.WRONG_STATUS)
    with river.hub.reading() as tx:
        row = tx.get(Member, number=emma)
    assert row is not None
    assert row.status == (wanted or standing)


@pytest.mark.parametrize("standing", ["frozen", "moving"])
def test_a_request_of_before_is_paid_only_when_it_may_be(two: TwoVillages, standing: str) -> None:
    river, emma = two.river, two.river.join("Emma")
    river.do("Kira", Approve(emma))
    asked = river.request("Emma", "Bob", 100)
    bob = river.numbers["Bob"]
    step = Freeze(emma, "stolen") if standing == "frozen" else Move(emma, HILL, THERE, True, "told me")
    river.do("Kira", step)
    accept = Accept(asked.record, bob, emma, Amount(100))
    assert answer(river.ask("Bob", accept)) is (GONE if standing == "frozen" else Code.PAYEE_LIMIT)
    back = Unfreeze(emma, "found") if standing == "frozen" else Stay(emma, "stays")
    river.do("Kira", back)
    river.do("Bob", accept)
    assert river.balance("Emma") == 100


def test_the_key_of_somebody_who_left_signs_nothing_also_after_coming_again(two: TwoVillages) -> None:
    river = brought(two, "closed")
    emma = river.numbers["Emma"]
    river.do("Kira", Reopen(emma, "came home"))
    assert answer(river.ask("Emma", OpenListing(emma, "offer", "food", "Bread"))) is Code.NOT_ACTIVE


def test_a_frozen_witness_confirms_nothing(two: TwoVillages) -> None:
    river = brought(two, "frozen")
    bob = river.numbers["Bob"]
    claim = river.do("Bob", ClaimCare(bob, "elder", 60, river.clock.now().ms // 86_400_000, "Omar"))
    with river.hub.reading() as tx:
        row = tx.get(Claim, id=claim.record)
    assert row is not None
    assert answer(river.ask("Emma", Cosign(claim.record, bytes(row.terms)))) is Code.FROZEN
