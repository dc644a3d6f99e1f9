"""Entries of the roster that end a fork: the founders name the life in which a hub goes on.

A hub that told two stories may have been copied, or its keys may be in other hands: its own root
paper alone cannot end that, since whoever stole it would do the same. The admission authority
looks at the hub and signs the one certificate that holds. From then on the hub's feed of that
life is read, what it said before is closed, and payments go there again.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec, keys
from appliance.ledger.book import chain, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema_hubs import ForkRow, RulingRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BadEncoding, BadSignature, Code, Refusal
from appliance.ledger.keys import Certificate
from appliance.ledger.people import roster
from appliance.ledger.values import HUB_NUMBERS


@dataclass(frozen=True, slots=True)
class Ruling:
    """The founders' word that ``certificate`` is a hub's next life, as an entry of the roster.

    ``root_signature`` is the hub root's over the certificate, ``signature`` the community root's.
    """

    seq: int
    previous: bytes
    certificate: Certificate
    root_signature: bytes
    signature: bytes = b""

    def form(self) -> bytes:
        """The bytes that the community root signs."""
        fields: list[codec.Value] = [self.seq, self.previous, self.certificate.form(), self.root_signature]
        return codec.signed_form("tch/ruling/1", fields)

    def hash(self) -> bytes:
        """The link that the next entry of the roster names."""
        return codec.digest("tch.roster", self.form())

    def check(self, community_key: bytes) -> None:
        """Return when the community root signed it.

        Raises:
            BadSignature: it did not, or it is of another community.
        """
        if keys.community_id(community_key) != self.certificate.community:
            raise BadSignature("the roster of another community")
        keys.check(community_key, self.form(), self.signature)

    def to_list(self) -> list[Any]:
        """For a roster file."""
        c = self.certificate
        parts = (c.community, c.hub, c.incarnation, c.signing_key, c.closed_number, c.closed_head)
        return [self.seq, self.previous, *parts, self.root_signature, self.signature, RULING]

    @classmethod
    def from_list(cls, values: object) -> "Ruling":
        """Read what ``to_list`` wrote; the signatures are not checked.

        Raises:
            BadEncoding: it is no ruling.
        """
        if not isinstance(values, list) or [type(v) for v in values] != list(_TYPES):
            raise BadEncoding("not an entry of a roster")
        if values[-1] != RULING or not all(check(v) for v, check in zip(values, _CHECKS, strict=False)):
            raise BadEncoding("not an entry of a roster")
        seq, previous, community, hub, life, key, number, head, root_signature, signature, _ = values
        return cls(
            seq, previous, Certificate(community, hub, life, key, number, head), root_signature, signature
        )


RULING: Final = "ruling"
"""What stands last in a ruling's list: an admission's list is shorter."""

_TYPES: Final = (int, bytes, bytes, int, int, bytes, int, bytes, bytes, bytes, str)


@dataclass(frozen=True, slots=True)
class RuleFork(Wordless):
    """Take a ruling into the own book."""

    KIND: ClassVar[str] = "rule_fork"
    VERSION: ClassVar[int] = 1

    ruling: Ruling

    def payload(self) -> codec.Body:
        r, c = self.ruling, self.ruling.certificate
        return {
            "seq": r.seq,
            "previous": r.previous,
            "hub": c.hub,
            "incarnation": c.incarnation,
            "signing_key": c.signing_key,
            "closed_number": c.closed_number,
            "closed_head": c.closed_head,
            "certificate": r.root_signature,
            "signature": r.signature,
        }


def _of(p: codec.Body, community: bytes) -> Ruling:
    certificate = Certificate(
        community, p["hub"], p["incarnation"], p["signing_key"], p["closed_number"], p["closed_head"]
    )
    return Ruling(p["seq"], p["previous"], certificate, p["certificate"], p["signature"])


def of_entry(entry: Entry) -> Ruling:
    """The ruling that an entry took in."""
    return _of(entry.act.payload, entry.act.place.community)


def ruled(tx: Tx, certificate: Certificate, root_signature: bytes) -> bool:
    """Whether the founders have named this very certificate."""
    row = tx.get(RulingRow, hub=certificate.hub, incarnation=certificate.incarnation)
    return row is not None and bytes(row.certificate) == root_signature


def _refuse(tx: Tx, r: Ruling) -> Refusal | None:
    """Why the ruling does not stand; None when it does."""
    c = r.certificate
    wrong = Refusal(Code.SETTING_WRONG, {"hub": c.hub, "seq": r.seq}, (Action.ASK_KEEPER,))
    row, founded = roster.member_of(tx, c.hub), chain.by_number(tx, 1)
    if row is None or founded is None:
        return wrong
    try:
        r.check(bytes(founded.act.payload["community_key"]))
        keys.check(bytes(row.root_key), c.form(), r.root_signature)
    except BadSignature:
        return wrong
    number, link = roster.last(tx)
    follows = (r.seq, r.previous) == (number + 1, link) and r.seq <= roster.MOST_HUBS
    # A hub that knows the new life already takes the ruling in all the same: the roster is one chain.
    return None if follows and c.incarnation >= max(2, row.incarnation) else wrong


def _decide(tx: Tx, command: RuleFork, asking: Asking) -> codec.Body | Refusal:
    return _refuse(tx, command.ruling) or {}


def _stands(tx: Tx, entry: Entry) -> bool:
    return _refuse(tx, of_entry(entry)) is None


def _apply(tx: Tx, entry: Entry) -> None:
    ruling = of_entry(entry)
    c = ruling.certificate
    tx.insert(
        RulingRow,
        seq=ruling.seq,
        hub=c.hub,
        incarnation=c.incarnation,
        certificate=ruling.root_signature,
        hash=ruling.hash(),
        entry=entry.number,
    )
    for row in tx.rows(ForkRow.select().where((ForkRow.hub == c.hub) & ForkRow.ruled_entry.is_null())):
        tx.update(ForkRow, {"hub": row.hub, "incarnation": row.incarnation}, ruled_entry=entry.number)


_SHAPE: Final = {
    "seq": shape.whole(1, roster.MOST_HUBS),
    "previous": shape.DIGEST,
    "hub": shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1),
    "incarnation": shape.whole(2, (1 << 16) - 1),
    "signing_key": shape.PUBLIC_KEY,
    "closed_number": shape.whole(0, (1 << 40) - 1),
    "closed_head": shape.DIGEST,
    "certificate": shape.blob(64),
    "signature": shape.blob(64),
}

_CHECKS: Final = (
    _SHAPE["seq"],
    _SHAPE["previous"],
    shape.blob(16),
    *(_SHAPE[name] for name in ("hub", "incarnation", "signing_key", "closed_number", "closed_head")),
    _SHAPE["certificate"],
    _SHAPE["signature"],
)

HANDLERS = (Handler(RuleFork, _decide, _apply, _stands, _SHAPE, ("hub",)),)
