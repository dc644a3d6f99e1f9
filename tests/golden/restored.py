"""Three hubs for the golden books: River's card dies and comes back, Lake tells two stories and has two next lives."""

from pathlib import Path

from appliance.ledger import community, keys
from appliance.ledger.keys import Certificate, KeySigner
from appliance.ledger.money.trunks import SetTrunk
from appliance.ledger.money.unresolved import ClaimUnresolved
from appliance.ledger.people.members import Approve
from appliance.ledger.people.restoring import NameRisk, OpenSignIn
from appliance.ledger.people.speaking import Speak
from appliance.ledger.values import AccountNumber, RecordId
from tests.support.restoring import back_up, lose_and_restore, meet
from tests.support.valley import HILL, LAKE, RIVER, Valley, join, made

KIRA, ALICE, BOB = 1, 2, 3


def restored(v: Valley, room: Path) -> None:
    """All that can happen between a backup and the day on which everything is back."""
    v.send(HILL, ALICE, RIVER, ALICE, 170)
    v.send(HILL, ALICE, RIVER, BOB, 30, "two hens")  # beyond the limit: it is held
    v.carry()
    v.send(RIVER, ALICE, HILL, BOB, 12, "said again in the next life")
    backup = back_up(v, room / "river.hubbackup")
    v.do(RIVER, KIRA, SetTrunk(HILL, -500, 700, "they are good for it"))
    emeka, seed = join(v.hubs[RIVER], "Emeka")
    v.signers[RIVER][emeka] = KeySigner(f"member:{emeka}", seed)
    v.do(RIVER, KIRA, Approve(AccountNumber(emeka)))
    v.carry()
    v.send(RIVER, ALICE, LAKE, BOB, 40, "eggs")
    v.send(RIVER, emeka, HILL, BOB, 25, "nobody remembers Emeka")
    v.send(HILL, BOB, RIVER, emeka, 15)
    v.carry()
    lose_and_restore(v, backup)
    v.do(RIVER, KIRA, Speak("the old card is in my hand"))
    life = v.hubs[RIVER].book.place.incarnation
    v.do(RIVER, KIRA, OpenSignIn(life, "asked everybody at the market"))
    meet(v, RIVER, HILL)
    v.do(RIVER, KIRA, NameRisk(LAKE, "the bridge is down until spring"))
    v.send(RIVER, ALICE, HILL, BOB, 5)
    meet(v, RIVER, LAKE)
    meet(v, RIVER, HILL)
    again, seed = join(v.hubs[RIVER], "Emeka")
    v.signers[RIVER][again] = KeySigner(f"member:{again}", seed)
    v.do(RIVER, KIRA, Approve(AccountNumber(again)))
    with v.hubs[RIVER].reading() as tx:
        waiting = [
            bytes(t) for (t,) in tx.select("SELECT transfer FROM recovered WHERE account = -1 ORDER BY entry")
        ]
    assert len(waiting) == 2
    for transfer in waiting[:1]:  # the other one waits in the book for ever
        v.do(RIVER, KIRA, ClaimUnresolved(RecordId(transfer), AccountNumber(again), "has the receipt"))
    two_stories(v)


def two_stories(v: Valley) -> None:
    """Lake signs two payments under one number, the founders end it; then it has two lives at once."""
    mad = v.mad(LAKE)
    for payee in (BOB, ALICE):
        v.deliver(mad.frame(mad.records([mad.pay(HILL, payee, 40)])), HILL)
    new, other = (_next_life(v, LAKE) for _ in range(2))
    roster = community.rule(v.hubs[RIVER], *new, made().founders)
    for hub in (HILL, LAKE):
        community.join(v.hubs[hub], roster)
    assert v.posts[HILL].renewed(*new)
    assert not v.posts[HILL].renewed(*other)


def _next_life(v: Valley, hub: int) -> tuple[Certificate, bytes]:
    public = keys.public_of(keys.new_seed())
    certificate = Certificate(v.hubs[hub].box.place.community, hub, 2, public, 0, bytes(32))
    return certificate, KeySigner("root:incarnation", made().papers[hub].seed).sign(certificate.form())
