"""Members' life for the golden books: what can become of a membership, once at least."""

from appliance.ledger.book.command import Receipt
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.limits import LapseLimits, MoveGroup
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.leaving import LEFT, CloseMember, Leave
from appliance.ledger.people.life import Away, Back, Freeze, Register, Reopen, Unfreeze, Vouch
from appliance.ledger.people.members import Approve
from appliance.ledger.people.moving import CloseMoved, Move, Stay
from appliance.ledger.tend import tend
from appliance.ledger.values import AccountNumber
from tests.support.two_villages import HILL, TwoVillages
from tests.support.village import Village


def lives(river: Village) -> None:
    """Farid from joining to leaving and coming again; Gita, without a phone, where members must vouch."""
    river.do("Kira", ChangeRules("credit", {"vouchers": 1}, "we have grown"))
    gita = AccountNumber(int(str(river.do("Kira", Register("Gita", "has no phone")).outcome["number"])))
    for newcomer, group in ((river.join("Farid"), "business"), (gita, "household")):
        river.do("Alice", Vouch(newcomer))
        river.do("Kira", Approve(newcomer, group))
    river.do("Kira", ChangeRules("credit", {"vouchers": 0}, "we know each other again"))
    farid = river.numbers["Farid"]
    river.do("Farid", Away(farid))
    river.do("Kira", Back(farid, "seen at the mill"))
    river.do("Kira", Freeze(farid, "the phone was stolen"))
    river.do("Kira", Unfreeze(farid, "found again"))
    river.do("Kira", MoveGroup(farid, "person", "has closed the mill"))
    river.do("Kira", SetLimits(farid, -2000, 2400, "a new roof", river.clock.now().ms + DAY_MS))
    river.clock.advance(DAY_MS)
    lapsed = river.hub.by_rule(LapseLimits(farid), "lapse")
    assert isinstance(lapsed, Receipt), lapsed
    river.request("Farid", "Alice", 20)
    river.do("Farid", Leave(farid))
    river.do("Kira", Reopen(farid, "came home"))
    river.do("Kira", CloseMember(farid, LEFT, "went again"))


def moves(v: TwoVillages) -> None:
    """Joy moves from River to Hill with credit, in two parts; Ravi with a debt, after staying once."""
    for name in ("Joy", "Ravi"):
        v.river.do("Kira", Approve(v.river.join(name)))
        v.hill.do("Hana", Approve(v.hill.join(f"{name} of Hill")))
    v.river.pay("Ravi", "Joy", 120)
    joy, ravi = v.river.numbers["Joy"], v.river.numbers["Ravi"]
    v.river.do("Joy", Move(joy, HILL, v.hill.numbers["Joy of Hill"], told=True))
    for part in (70, 50):
        v.send("Joy", "Joy of Hill", part)
    v.river.do("Kira", Move(ravi, HILL, v.hill.numbers["Ravi of Hill"], told=False, reason="told me"))
    v.river.do("Ravi", Stay(ravi))
    v.river.do("Ravi", Move(ravi, HILL, v.hill.numbers["Ravi of Hill"], told=False))
    v.send("Ravi of Hill", "Ravi", 120)
    v.carry()
    assert tend(v.river.hub) == 2, CloseMoved.KIND
