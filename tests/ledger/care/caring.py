"""Words for stories of care: a village with rules of its own, claims, co-signatures."""

from collections.abc import Callable
from typing import Any

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Claim
from appliance.ledger.book.schema_care import CareObjection, CareRing, CareTerms
from appliance.ledger.care.claims import ClaimCare, EditClaim
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.people.grants import JOINT, AgreeGrant, AskGrant
from appliance.ledger.people.members import Approve
from appliance.ledger.people.timing import SetTime
from appliance.ledger.people.timing import row as clock_row
from appliance.ledger.reads import member as reads
from appliance.ledger.values import COMMONS, AccountNumber, RecordId
from tests.support.village import Village

Found = Callable[..., Village]
"""``found(quorum=1, ...)``: River with these rules of care."""


def today(village: Village) -> int:
    return village.hub.clock.now().ms // DAY_MS


def care(village: Village, carer: str, minutes: int = 60, ago: int = 0, **also: Any) -> ClaimCare:
    """What ``carer`` says of ``minutes`` of care, so many days ago."""
    if isinstance(whom := also.pop("whom", None), str):
        also["recipient"] = village.numbers[whom]
    else:
        also.setdefault("cared_for", "Old Tom")
    said = {"category": "elder", "day": today(village) - ago, **also}
    return ClaimCare(carer=village.numbers[carer], minutes=minutes, **said)


def claim(village: Village, carer: str, minutes: int = 60, ago: int = 0, **also: Any) -> Receipt:
    """``carer`` writes it down."""
    return village.do(also.pop("by", carer), care(village, carer, minutes, ago, **also))


def edit(village: Village, made: Receipt, minutes: int = 60, **also: Any) -> EditClaim:
    said = {"category": "elder", "day": today(village), "cared_for": "Old Tom", **also}
    return EditClaim(RecordId(made.record), minutes=minutes, **said)


def row(village: Village, made: Receipt) -> Claim:
    with village.hub.reading() as tx:
        found = tx.get(Claim, id=made.record)
    assert found is not None
    return found


def terms(village: Village, made: Receipt) -> CareTerms:
    with village.hub.reading() as tx:
        found = tx.get(CareTerms, claim=made.record)
    assert found is not None
    return found


def state(village: Village, made: Receipt) -> str:
    return str(row(village, made).state)


def cosign(village: Village, made: Receipt, *names: str) -> None:
    """Each confirms what stands there now."""
    for name in names:
        village.do(name, Cosign(RecordId(made.record), bytes(row(village, made).terms)))


def refused(village: Village, name: str, made: Receipt) -> Code:
    """Why ``name`` cannot confirm it."""
    return no(village, name, Cosign(RecordId(made.record), bytes(row(village, made).terms))).code


def no(village: Village, name: str, command: Any) -> Refusal:
    answer = village.ask(name, command)
    assert isinstance(answer, Refusal), answer
    return answer


def ring(village: Village, made: Receipt) -> set[int]:
    """The ring that a claim waits for a keeper outside of."""
    with village.hub.reading() as tx:
        return {found.member for found in tx.found(CareRing, "claim = ?", made.record)}


def objection(village: Village, made: Receipt) -> CareObjection:
    with village.hub.reading() as tx:
        return tx.found(CareObjection, "claim = ? ORDER BY entry DESC", made.record)[0]


def commons(village: Village) -> int:
    with village.hub.reading() as tx:
        return reads.balance(tx, COMMONS) or 0


def live_together(village: Village, owner: str, other: str) -> None:
    """They hold the account of ``owner`` together."""
    number = village.numbers[owner]
    village.do(owner, AskGrant(number, village.numbers[other], JOINT))
    village.do(other, AgreeGrant(number, JOINT))


def set_time(village: Village, shift: int) -> None:
    """Kira moves the hub's time by so many milliseconds; the village lives on a ``HandMachine``."""
    with village.hub.reading() as tx:
        now = clock_row(tx)
    assert now is not None
    village.do("Kira", SetTime(now.boot, now.zero_ms, shift, "the church bell says so"))
    village.hub.clock.look(at_once=True)


def let_in(village: Village, *names: str) -> None:
    for name in names:
        village.do("Kira", Approve(village.join(name)))


def number(village: Village, name: str) -> AccountNumber:
    return village.numbers[name]
