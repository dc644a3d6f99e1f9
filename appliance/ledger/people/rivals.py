"""Two certificates of one life of a hub: found, and written down with the second one as the proof.

A backup that was restored twice, each time without knowing of the other, gives two boxes the same
incarnation, each with a key and a certificate of its own. Neighbours know one of them by then, and
read nothing of the other. What follows is what follows for any fork (``forks``): nothing of that hub
takes effect any more, and the founders name the life in which it goes on.
"""

from dataclasses import dataclass
from typing import ClassVar

from appliance.ledger import codec, keys
from appliance.ledger.book import feed, letters
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.feed import Contradiction
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.book.schema_hubs import ForkRow, LifeRow, RivalRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, BadSignature, Code, Refusal
from appliance.ledger.keys import Certificate
from appliance.ledger.people import lives, roster


@dataclass(frozen=True, slots=True)
class FindRival(lives.SeeRenewal):
    """By rule: a hub's root has signed another certificate of a life that we know."""

    KIND: ClassVar[str] = "find_rival"
    VERSION: ClassVar[int] = 1


def is_rival(tx: Tx, certificate: Certificate, root_signature: bytes) -> bool:
    """Whether it is another certificate than the one we know of that life, and the root's own word."""
    row = tx.get(LifeRow, hub=certificate.hub, incarnation=certificate.incarnation)
    if row is None or not bytes(row.certificate):
        return False
    if lives.certificate_of(row, certificate.community).form() == certificate.form():
        return False
    known = roster.member_of(tx, certificate.hub)
    try:
        keys.check(bytes(known.root_key) if known else b"", certificate.form(), root_signature)
    except BadSignature:
        return False
    return True


def _decide(tx: Tx, command: FindRival, asking: Asking) -> codec.Body | Refusal:
    c = command.certificate
    fresh = tx.get(ForkRow, hub=c.hub, incarnation=c.incarnation) is None
    if fresh and is_rival(tx, c, command.root_signature):
        return {}
    return Refusal(Code.WRONG_STATUS, {"hub": c.hub}, (Action.ASK_KEEPER,))


def _stands(tx: Tx, entry: Entry) -> bool:
    c = lives.of_entry(entry)
    fresh = tx.get(ForkRow, hub=c.hub, incarnation=c.incarnation) is None
    return fresh and is_rival(tx, c, entry.act.payload["certificate"])


def _apply(tx: Tx, entry: Entry) -> None:
    c = lives.of_entry(entry)
    row = tx.get(LifeRow, hub=c.hub, incarnation=c.incarnation)
    assert row is not None  # the warrant has looked at it
    known = lives.certificate_of(row, c.community)
    tx.insert(RivalRow, **entry.act.payload, entry=entry.number)
    one, other = (codec.digest("tch.certificate", each.form()) for each in (known, c))
    found = Contradiction(c.hub, c.incarnation, 0, one, other)
    tx.insert(
        ForkRow,
        hub=c.hub,
        incarnation=c.incarnation,
        number=0,
        one=one,
        other=other,
        entry=entry.number,
        ruled_entry=None,
    )
    if c.hub != entry.act.place.hub:
        feed.emit(tx, entry, Kind.FORK, EVERYONE, letters.fork(found))


HANDLERS = (Handler(FindRival, _decide, _apply, _stands, lives.SEEN_SHAPE, ("hub",)),)
