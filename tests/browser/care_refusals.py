"""A village in which somebody is about to meet each rule of care: what `test_care_refusals` walks through."""

import atexit
import random
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

from appliance.ledger.book.command import Receipt
from appliance.ledger.care.claims import WithdrawClaim
from appliance.ledger.care.objections import ObjectClaim
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.hub import Hub
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant, EndGrant
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from tests.ledger.care.caring import claim, commons, cosign, let_in, live_together
from tests.support.village import Village, make_village

PLAIN: Final[dict[str, Any]] = {"quorum": 2, "longest_minutes": 480}
STRICT: Final[dict[str, Any]] = {
    "quorum": 2,
    "household": True,
    "household_days": 30,
    "helper_stands_in": False,
    "beyond_limit": False,
    "pair_most": 300,
    "signer_most": 4,
    "caps": {"elder": 300},
    "carer_most": 700,
    "object_days": 2,
}
RING: Final[dict[str, Any]] = {"ring_share": 60, "ring_people": 12, "ring_days": 20}
LEFT: Final = 10
"""What the budget has room for, in hundredths, once everything is as it is found."""


class Claims(dict[str, str]):
    """Codes of claims by what they are for."""

    def add(self, name: str, made: Receipt) -> Receipt:
        self[name] = str(made.outcome["code"])
        return made


@cache
def _made_once() -> tuple[Path, Village, Claims]:
    """The village, closed, and its claims."""
    room, claims = Path(tempfile.mkdtemp(prefix="care-refusals-")), Claims()
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    river = make_village(room / "river", care=PLAIN)
    river.clock.set(int(time.time() * 1000) - 9 * DAY_MS)
    let_in(river, "Emma", "Farid")
    rule(river, expire_days=7)
    claims.add("expired", claim(river, "Emma"))
    rule(river, expire_days=0)
    river.clock.set(int(time.time() * 1000))
    _of_signers(river, claims)
    _of_roles(river, claims)
    _of_circles(river, claims)
    _that_wait(river, claims)
    assert tend(river.hub) == 1
    river.hub.close()
    return room, river, claims


def copied(path: Path) -> tuple[Village, Claims]:
    """A copy of the village in ``path``, its book closed, and the codes of its claims."""
    room, made, claims = _made_once()
    shutil.copytree(room / "river", path)
    hub = Hub.open(path, made.clock)
    hub.close()
    return Village(hub, made.papers, made.clock, dict(made.numbers), made.signers), claims


def rule(river: Village, **changes: Any) -> None:
    river.do("Kira", ChangeRules("care", changes, "assembly of May"))


def _of_signers(river: Village, claims: Claims) -> None:
    """Whose word does not count, and what is claimed already."""
    live_together(river, "Dina", "Alice")
    river.do("Alice", EndGrant(river.numbers["Dina"], river.numbers["Alice"]))
    live_together(river, "Bob", "Emma")
    claims.add("parted", claim(river, "Dina", 30, 20))
    cosign(river, claims.add("signed by Bob", claim(river, "Dina", 30, 21)), "Bob")
    claims.add("of Bob", claim(river, "Bob", 30, 20))
    cosign(river, claim(river, "Dina", 180, 22, category="sick"), "Chandra")
    claims.add("too much for Chandra", claim(river, "Dina", 60, 23))
    for ago in range(4):
        cosign(river, claim(river, "Chandra", 15, ago), "Farid")
    claims.add("too often for Farid", claim(river, "Alice", 15, 5))
    claims.add("changed", claim(river, "Farid", 15, 6))
    claims.add("taken back", claim(river, "Farid", 15, 7))
    claims.add("from paper", claim(river, "Chandra", 30, 8, by="Kira"))
    claim(river, "Alice", 180, 25)  # all that is paid for one day with an elder
    gone = claims.add("gone", claim(river, "Emma", 15, 4))
    river.do("Emma", WithdrawClaim(RecordId(gone.record)))


def _of_roles(river: Village, claims: Claims) -> None:
    """Enough have confirmed, but not who must."""
    whom = {"whom": "Alice"}
    rule(river, need_recipient=True, quorum=1)
    river.do("Alice", AskGrant(river.numbers["Alice"], river.numbers["Chandra"]))
    river.do("Chandra", AgreeGrant(river.numbers["Alice"], HELPER))
    cosign(river, claims.add("recipient", claim(river, "Farid", 15, 1, **whom)), "Chandra")
    cosign(river, claims.add("stands in", claim(river, "Farid", 15, 2)), "Chandra")
    rule(river, need_recipient=False, need_keeper=True)
    cosign(river, claims.add("keeper", claim(river, "Farid", 15, 3)), "Chandra")
    rule(river, need_keeper=False)


def _of_circles(river: Village, claims: Claims) -> None:
    """Two who sign for each other; and two dozen who sign for each other so that no search ends."""
    rule(river, **(RING | {"ring_people": 3}))
    for ago in (40, 41):
        for carer, signer in (("Farid", "Alice"), ("Alice", "Farid")):
            cosign(river, claims.add(f"ring of {carer}", claim(river, carer, 15, ago)), signer)
    many = [f"Neighbour {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWX"]
    let_in(river, *many)
    rule(river, quorum=12)
    drawn = random.Random(0)
    signed = {
        who: [many[at] for at in drawn.sample([at for at in range(24) if at != own], 6)]
        for own, who in enumerate(many)
    }
    for who in many[1:]:
        cosign(river, claim(river, who, 15, 50), *signed[who])
    rule(river, quorum=6, **RING)
    cosign(river, claims.add("tangle", claim(river, many[0], 15, 50)), *signed[many[0]])
    rule(river, ring_share=0, quorum=1)


def _that_wait(river: Village, claims: Claims) -> None:
    """Confirmed, and not paid yet; and what was paid."""
    rule(river, object_days=14)
    cosign(river, claims.add("paid", claim(river, "Emma", 15, 6)), "Chandra")
    rule(river, cool_above=100, cool_days=3)
    cosign(river, claims.add("large", claim(river, "Emma", 120, 1)), "Kira")
    rule(river, cool_days=0, budget=LEFT - commons(river))
    objected = claims.add("objected", claim(river, "Emma", 30, 2))
    cosign(river, objected, "Kira")
    river.do("Dina", ObjectClaim(RecordId(objected.record), "she was with me"))
    river.do("Kira", SetLimits(river.numbers["Chandra"], -100, 0, "as she asked"))
    cosign(river, claims.add("limit", claim(river, "Chandra", 1, 9)), "Kira")
    # What the commons has left is less than the next in the row needs, and more than the one after it.
    river.do("Kira", ChangeRules("credit", {"commons_low": commons(river) - LEFT // 2}, "we save"))
    cosign(river, claims.add("floor", claim(river, "Emma", LEFT * 60 // 100, 10)), "Kira")
    cosign(river, claims.add("queue", claim(river, "Emma", 2, 11)), "Kira")
    cosign(river, claims.add("budget", claim(river, "Emma", 30, 3)), "Kira")
    rule(river, expire_days=1)
    claims.add("late", claim(river, "Farid", 15, 12))
    rule(river, expire_days=0, **STRICT, **RING)
