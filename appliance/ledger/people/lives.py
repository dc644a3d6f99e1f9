"""The next life of a hub: opened by its own root paper, and seen by its neighbours.

A box that was lost is put together again out of a backup and the paper. What it had said since
that backup it does not know, so it must not go on where the backup ends: it would give numbers
twice. It opens a new *incarnation*, with a new signing key; the certificate, signed by the hub
root, says where the feed before it closed.

A neighbour that sees the certificate closes the old feed at what it has read by then; its own order
decides. What it had accepted stands, also beyond the point where the feed closed, and the hub
learns it from the answers. What it held of beyond that point goes back, and what it had not read is
never read. It says so in a record, behind all its answers: so the hub knows when it has heard everything.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec, keys
from appliance.ledger.book import chain, feed, letters, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.letters import Why
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.book.schema import Crossing, Outgoing, RosterRow
from appliance.ledger.book.schema_hubs import LifeRow, RivalRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BadSignature, Code, Refusal
from appliance.ledger.keys import Certificate
from appliance.ledger.money import arrivals
from appliance.ledger.money.transfers import HELD
from appliance.ledger.people import forks, restoring, roster, rulings
from appliance.ledger.values import HUB_NUMBERS

RULE: Final = "certificate"


@dataclass(frozen=True, slots=True)
class Renew(Wordless):
    """This hub goes on in a new life. Asked by its root; signed under the new place."""

    KIND: ClassVar[str] = "renew"
    VERSION: ClassVar[int] = 1

    certificate: Certificate
    root_signature: bytes

    def payload(self) -> codec.Body:
        c = self.certificate
        return {
            "incarnation": c.incarnation,
            "signing_key": c.signing_key,
            "closed_number": c.closed_number,
            "closed_head": c.closed_head,
            "certificate": self.root_signature,
        }


@dataclass(frozen=True, slots=True)
class SeeRenewal(Wordless):
    """By rule: a neighbour's certificate was seen; its hub goes on in a new life."""

    KIND: ClassVar[str] = "see_renewal"
    VERSION: ClassVar[int] = 1

    certificate: Certificate
    root_signature: bytes

    def payload(self) -> codec.Body:
        c = self.certificate
        return {
            "hub": c.hub,
            "incarnation": c.incarnation,
            "signing_key": c.signing_key,
            "closed_number": c.closed_number,
            "closed_head": c.closed_head,
            "certificate": self.root_signature,
        }


def certificate_of(row: LifeRow | RivalRow, community: bytes) -> Certificate:
    """The certificate that opened a life; its signature is the row's ``certificate``."""
    return Certificate(
        community,
        row.hub,
        row.incarnation,
        bytes(row.signing_key),
        row.closed_number,
        bytes(row.closed_head),
    )


def closed_at(tx: Tx, hub: int, incarnation: int) -> int | None:
    """Where a life of a hub ended; None while it is the present one."""
    found = tx.first(
        "SELECT closed_number FROM life WHERE hub = ? AND incarnation > ? ORDER BY incarnation LIMIT 1",
        hub,
        incarnation,
    )
    return None if found is None else int(found[0])


# ------------------------------------------------------------------------------------------- our own


def _refuse_renewal(tx: Tx, c: Certificate, root_signature: bytes) -> Refusal | None:
    wrong = Refusal(Code.SETTING_WRONG, {"incarnation": c.incarnation}, (Action.ASK_KEEPER,))
    founded, here = chain.by_number(tx, 1), roster.own_place(tx)
    if founded is None or c.incarnation <= here.incarnation:
        return wrong
    try:
        keys.check(bytes(founded.act.payload["root_key"]), c.form(), root_signature)
    except BadSignature:
        return wrong
    return None


def _decide_renew(tx: Tx, command: Renew, asking: Asking) -> codec.Body | Refusal:
    return _refuse_renewal(tx, command.certificate, command.root_signature) or {}


def of_entry(entry: Entry) -> Certificate:
    """The certificate that an entry brought."""
    p, here = entry.act.payload, entry.act.place
    hub = p.get("hub", here.hub)
    return Certificate(
        here.community, hub, p["incarnation"], p["signing_key"], p["closed_number"], p["closed_head"]
    )


def _renewal_stands(tx: Tx, entry: Entry) -> bool:
    c = of_entry(entry)
    named = entry.act.place.incarnation == c.incarnation
    return named and _refuse_renewal(tx, c, entry.act.payload["certificate"]) is None


def _apply_renew(tx: Tx, entry: Entry) -> None:
    c = of_entry(entry)
    before = roster.own_place(tx).incarnation
    _keep(tx, entry, c, read=0)
    restoring.begin(tx, entry, before, c.closed_number)
    loose = tx.rows(Outgoing.select().where(Outgoing.number > c.closed_number).order_by(Outgoing.number))
    tx.first(_TO_THE_PAST, before)
    tx.delete(Outgoing, Outgoing.number > 0)
    for row in loose:
        # What everybody may know is said again; what one hub waits for, once that hub has told
        # how much of it had come (``SEEN``).
        if row.to == EVERYONE:
            feed.emit_again(tx, entry, row)


_TO_THE_PAST: Final = """
INSERT INTO outgoing_past (incarnation, number, kind, "to", amount, body, text_entry, text_field, entry)
SELECT ?, number, kind, "to", amount, body, text_entry, text_field, entry FROM outgoing
"""


def _keep(tx: Tx, entry: Entry, c: Certificate, read: int) -> None:
    """The new life beside the ones before, and in the roster as the present one."""
    row = roster.member_of(tx, c.hub)
    if row is not None and tx.get(LifeRow, hub=c.hub, incarnation=row.incarnation) is None:
        tx.insert(
            LifeRow,
            hub=c.hub,
            incarnation=row.incarnation,
            signing_key=bytes(row.signing_key),
            closed_number=0,
            closed_head=bytes(codec.DIGEST_BYTES),
            certificate=b"",
            read=0,
            entry=row.entry,
        )
    tx.insert(
        LifeRow,
        hub=c.hub,
        incarnation=c.incarnation,
        signing_key=c.signing_key,
        closed_number=c.closed_number,
        closed_head=c.closed_head,
        certificate=entry.act.payload["certificate"],
        read=read,
        entry=entry.number,
    )
    tx.update(RosterRow, {"hub": c.hub}, incarnation=c.incarnation, signing_key=c.signing_key)


# -------------------------------------------------------------------------------------- a neighbour's


def _refuse_seeing(tx: Tx, c: Certificate, root_signature: bytes, own: int) -> Refusal | None:
    row = roster.member_of(tx, c.hub)
    if row is None or c.hub == own:
        return Refusal(Code.UNKNOWN_HUB, {"hub": c.hub}, ())
    wrong = Refusal(Code.SETTING_WRONG, {"hub": c.hub, "incarnation": c.incarnation}, (Action.ASK_KEEPER,))
    if c.incarnation <= row.incarnation:
        return wrong
    try:
        keys.check(bytes(row.root_key), c.form(), root_signature)
    except BadSignature:
        return wrong
    if rulings.ruled(tx, c, root_signature):
        return None
    # Whoever told two stories needs the founders' word: a thief of the hub's paper has a certificate, too.
    return forks.refuse_forked(tx, c.hub)


def _decide_see(tx: Tx, command: SeeRenewal, asking: Asking) -> codec.Body | Refusal:
    c = command.certificate
    if refusal := _refuse_seeing(tx, c, command.root_signature, roster.own_place(tx).hub):
        return refusal
    row = roster.member_of(tx, c.hub)
    before = row.incarnation if row else 1
    return {"before": before, "read": feed.state(tx, c.hub, before).read}


def _seeing_stands(tx: Tx, entry: Entry) -> bool:
    c = of_entry(entry)
    row = roster.member_of(tx, c.hub)
    if row is None or entry.outcome["before"] != row.incarnation or not _READ(entry.outcome["read"]):
        return False
    return _refuse_seeing(tx, c, entry.act.payload["certificate"], entry.act.place.hub) is None


def _apply_see(tx: Tx, entry: Entry) -> None:
    c, before, read = of_entry(entry), entry.outcome["before"], entry.outcome["read"]
    _keep(tx, entry, c, read)
    query = Crossing.select().where(
        (Crossing.hub == c.hub)
        & (Crossing.outgoing == False)  # noqa: E712 - peewee builds SQL of it
        & (Crossing.state == HELD)
        & (Crossing.incarnation == before)
        & (Crossing.number > c.closed_number)
    )
    for crossing in tx.rows(query.order_by(Crossing.opened_entry)):
        arrivals.send_back(tx, entry, crossing, Why.RENEWED)
    feed.emit(tx, entry, Kind.SEEN, c.hub, letters.seen(c.incarnation, before, read))


_READ: Final = shape.whole(0, (1 << 40) - 1)
_SHAPE: Final = {
    "incarnation": shape.whole(2, (1 << 16) - 1),
    "signing_key": shape.PUBLIC_KEY,
    "closed_number": _READ,
    "closed_head": shape.DIGEST,
    "certificate": shape.blob(64),
}
_HUB: Final = {"hub": shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1)}

SEEN_SHAPE: Final = _SHAPE | _HUB

HANDLERS = (
    Handler(Renew, _decide_renew, _apply_renew, _renewal_stands, _SHAPE, ("root",)),
    Handler(SeeRenewal, _decide_see, _apply_see, _seeing_stands, SEEN_SHAPE, ("hub",)),
)
