"""The roster: which hubs are of the community, each admitted by the community root.

A numbered, hash-chained list that every hub holds alike. An entry names a hub's number, its
name, its root and box keys and the certificate of its first signing key; the community root
signs it. What the own book takes in opens a trunk toward that hub, within the limits that this
hub gives a new one.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec, keys, sealing
from appliance.ledger.book import chain, shape
from appliance.ledger.book.chain import Entry, Place
from appliance.ledger.book.rules import kept
from appliance.ledger.book.schema import AccountRow, Neighbour, RosterRow
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.ledger.book.schema_recovery import Awaited
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BadEncoding, BadSignature, BookDamaged, Code, Refusal
from appliance.ledger.keys import Certificate
from appliance.ledger.values import HUB_NUMBERS, AccountNumber

TRUNK: Final = "trunk"
LONGEST_HUB_NAME: Final = 40
MOST_HUBS: Final = 255
"""A hub's place in the roster is one byte of every frame."""


def trunk_of(hub: int) -> AccountNumber:
    """The number of the account toward ``hub``."""
    return AccountNumber(-hub)


@dataclass(frozen=True, slots=True)
class Admission:
    """An entry of the roster, signed by the community root.

    ``certificate`` is the hub root's signature over the first signing key (``keys.Certificate``).
    """

    seq: int
    previous: bytes
    community: bytes
    hub: int
    name: str
    root_key: bytes
    box_key: bytes
    signing_key: bytes
    certificate: bytes
    signature: bytes = b""

    def form(self) -> bytes:
        """The bytes that the community root signs."""
        fields = [getattr(self, name) for name in _FIELDS]
        return codec.signed_form("tch/roster/1", fields)

    def hash(self) -> bytes:
        """The link that the next entry names."""
        return codec.digest("tch.roster", self.form())

    def check(self, community_key: bytes) -> None:
        """Return when the community root signed it, the hub's root its first key, and all can seal for it.

        Raises:
            BadSignature: one of them did not, nobody can seal for its box key, or it is of another
                community.
        """
        if keys.community_id(community_key) != self.community:
            raise BadSignature("the roster of another community")
        keys.check(community_key, self.form(), self.signature)
        first = Certificate(self.community, self.hub, 1, self.signing_key)
        keys.check(self.root_key, first.form(), self.certificate)
        sealing.check_public(self.box_key)

    def to_list(self) -> list[Any]:
        """For a roster file."""
        return [getattr(self, name) for name in (*_FIELDS, "signature")]

    @classmethod
    def from_list(cls, values: object) -> "Admission":
        """Read what ``to_list`` wrote; the signatures are not checked.

        Raises:
            BadEncoding: it is no entry of a roster.
        """
        if not isinstance(values, list) or len(values) != len(_TYPES):
            raise BadEncoding("not an entry of a roster")
        if not all(type(v) is t for v, t in zip(values, _TYPES, strict=True)):
            raise BadEncoding("not an entry of a roster")
        return cls(*values)


_FIELDS: Final = (
    "seq",
    "previous",
    "community",
    "hub",
    "name",
    "root_key",
    "box_key",
    "signing_key",
    "certificate",
)
_TYPES: Final = (int, bytes, bytes, int, str, bytes, bytes, bytes, bytes, bytes)

ROSTER_BEGIN: Final = bytes(codec.DIGEST_BYTES)
"""What the first entry names as the hash before it."""


@dataclass(frozen=True, slots=True)
class AdmitHub(Wordless):
    """Take an entry of the roster into the own book."""

    KIND: ClassVar[str] = "admit_hub"
    VERSION: ClassVar[int] = 1

    admission: Admission

    def payload(self) -> codec.Body:
        a = self.admission
        return {name: getattr(a, name) for name in (*_FIELDS, "signature") if name != "community"}


def _admission(entry_payload: codec.Body, community: bytes) -> Admission:
    return Admission(community=community, **entry_payload)


def last(tx: Tx) -> tuple[int, bytes]:
    """Number and hash of the roster's last entry."""
    found = tx.first(_LAST)
    return (int(found[0]), bytes(found[1])) if found else (0, ROSTER_BEGIN)


_LAST: Final = """
SELECT seq, hash FROM roster UNION ALL SELECT seq, hash FROM ruling ORDER BY seq DESC LIMIT 1
"""


def community_key(tx: Tx) -> bytes:
    """The community root's public key, as the founding names it."""
    founded = chain.by_number(tx, 1)
    return bytes(founded.act.payload["community_key"]) if founded else b""


def own_place(tx: Tx) -> Place:
    """Community, hub and present life of this book.

    Raises:
        BookDamaged: the book has no founding.
    """
    founded = chain.by_number(tx, 1)
    if founded is None:
        raise BookDamaged("the book is empty: it has no founding")
    first = founded.act.place
    found = tx.first("SELECT MAX(incarnation) FROM life WHERE hub = ?", first.hub)
    latest = found[0] if found else None
    return first if latest is None else Place(first.community, first.hub, int(latest))


def own_signing_key(tx: Tx) -> bytes:
    """The public key that signs in this hub's present life, as its book names it."""
    here = own_place(tx)
    row = tx.get(LifeRow, hub=here.hub, incarnation=here.incarnation)
    if row is not None:
        return bytes(row.signing_key)
    founded = chain.by_number(tx, 1)
    return bytes(founded.act.payload["signing_key"]) if founded else b""


def member_of(tx: Tx, hub: int) -> RosterRow | None:
    """The hub's entry of the roster."""
    return tx.get(RosterRow, hub=hub)


def _refuse(tx: Tx, a: Admission) -> Refusal | None:
    """Why the entry does not stand; None when it does."""
    wrong = Refusal(Code.SETTING_WRONG, {"hub": a.hub, "seq": a.seq}, (Action.ASK_KEEPER,))
    founded = chain.by_number(tx, 1)
    if founded is None:
        return wrong
    try:
        a.check(bytes(founded.act.payload["community_key"]))
    except BadSignature:
        return wrong
    number, link = last(tx)
    if (a.seq, a.previous) != (number + 1, link) or a.seq > MOST_HUBS or a.hub not in HUB_NUMBERS:
        return wrong
    if not 1 <= len(a.name.strip()) <= LONGEST_HUB_NAME or member_of(tx, a.hub) is not None:
        return wrong
    mine = founded.act.place.hub == a.hub
    own_keys = (founded.act.payload["root_key"], founded.act.payload["signing_key"])
    return wrong if mine and own_keys != (a.root_key, a.signing_key) else None


def _decide(tx: Tx, command: AdmitHub, asking: Asking) -> codec.Body | Refusal:
    return _refuse(tx, command.admission) or {}


def _stands(tx: Tx, entry: Entry) -> bool:
    return _refuse(tx, _admission(entry.act.payload, entry.act.place.community)) is None


def _apply(tx: Tx, entry: Entry) -> None:
    a = _admission(entry.act.payload, entry.act.place.community)
    tx.insert(
        RosterRow,
        seq=a.seq,
        hub=a.hub,
        name=a.name,
        root_key=a.root_key,
        box_key=a.box_key,
        incarnation=1,
        signing_key=a.signing_key,
        hash=a.hash(),
        entry=entry.number,
    )
    if a.hub == entry.act.place.hub:
        return
    _await(tx, a.hub, entry.number)
    tx.insert(Neighbour, hub=a.hub, sent=0, arrived=0, refunded=0, accepted=0, returned=0, held=0)
    credit = kept(tx, "credit")
    tx.insert(
        AccountRow,
        number=trunk_of(a.hub),
        kind=TRUNK,
        owner=None,
        balance=0,
        held=0,
        low=credit.get("trunk_low", _TRUNK_LOW),
        high=credit.get("trunk_high", _TRUNK_HIGH),
        entry=entry.number,
    )


def _await(tx: Tx, hub: int, entry: int) -> None:
    """A hub that comes into the roster after a restore may know us from before all the same. Nobody waits
    for it, but what it says is read with that in mind (``restoring``).
    """
    for (incarnation,) in tx.select("SELECT incarnation FROM restored ORDER BY incarnation"):
        tx.insert(Awaited, incarnation=incarnation, hub=hub, gates=False, entry=entry)


# A book founded before there were trunks has no rule for them; what this fold gives it stays.
_TRUNK_LOW: Final = -10000
_TRUNK_HIGH: Final = 10000

_SHAPE: Final = {
    "seq": shape.whole(1, MOST_HUBS),
    "previous": shape.DIGEST,
    "hub": shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1),
    "name": shape.word,
    "root_key": shape.PUBLIC_KEY,
    "box_key": shape.PUBLIC_KEY,
    "signing_key": shape.PUBLIC_KEY,
    "certificate": shape.blob(64),
    "signature": shape.blob(64),
}

HANDLERS = (Handler(AdmitHub, _decide, _apply, _stands, _SHAPE, ("hub",)),)
