"""How a hub comes into a community: three small files, carried by hand, and the founders' paper.

1. The founders *invite*: a file that names the community, its unit and the new hub's number.
   It holds no secret. With it the new hub is founded.
2. The new hub *applies*: its root and box keys, and its first signing key with the root's
   certificate.
3. The founders *admit*: the community root signs an entry of the roster. The roster file goes to
   every hub; each *joins in* and knows its neighbours from then on. For each hub it also carries
   the group's key, sealed to that hub alone.

A file that is damaged, of another community, or that skips an entry changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from appliance.ledger import codec, keys
from appliance.ledger.book import chain
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import Community, Rules
from appliance.ledger.book.schema import RosterRow
from appliance.ledger.book.schema_hubs import LifeRow, RulingRow
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BadEncoding, BadPaper, BadSignature, Code, HubError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import Certificate, KeySigner, RootPaper
from appliance.ledger.people import lives, rulings
from appliance.ledger.people.roster import Admission, AdmitHub, last
from appliance.ledger.people.rulings import RuleFork, Ruling
from appliance.ledger.sealing import GROUP_KEY_BYTES, gift
from appliance.ledger.values import HUB_NUMBERS

_INVITATION: Final = "tch/invitation/1"
_APPLICATION: Final = "tch/application/1"
_CERTIFICATE: Final = "tch/certificate-file/1"
_ROSTER: Final = "tch/roster-file/1"


class NotThisCommunity(HubError, ValueError):
    """A file, a paper or a number that does not belong to this hub's community, or comes too late."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a new hub must know of the community before it is founded."""

    community_key: bytes
    community: Community

    def to_bytes(self) -> bytes:
        return codec.encode([_INVITATION, self.community_key, self.community.to_map()])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Invitation":
        """Raises BadEncoding when it is no invitation."""
        _kind, key, values = _file(data, _INVITATION, (bytes, dict))
        try:
            return cls(key, Community.from_map(values))
        except (TypeError, ValueError) as error:
            raise BadEncoding(f"not an invitation: {error}") from error


def _file(data: bytes, kind: str, types: Sequence[type]) -> list[Any]:
    fields = codec.decode(data)
    if not isinstance(fields, list) or not fields or fields[0] != kind:
        raise BadEncoding("a file of another kind")
    if [type(field) for field in fields[1:]] != list(types):
        raise BadEncoding("a damaged file")
    return fields


def invite(hub: Hub, number: int, name: str) -> Invitation:
    """An invitation for a new hub with this number and name.

    Raises:
        NotThisCommunity: the number is taken or no hub's number, or the name cannot be.
    """
    rules: Rules = hub.rules()
    with hub.reading() as tx:
        taken = tx.get(RosterRow, hub=number) is not None
        key = bytes(_founding(tx).act.payload["community_key"])
    if taken or number == hub.number or number not in HUB_NUMBERS:
        raise NotThisCommunity(f"{number} is another hub's number, or none from 101 to 999")
    values = rules.community.to_map() | {"hub": number, "hub_name": name}
    try:
        return Invitation(key, Community.from_map(values))
    except (TypeError, ValueError) as error:
        raise NotThisCommunity(str(error)) from error


def _founding(tx: Tx) -> Entry:
    founded = chain.by_number(tx, 1)
    assert founded is not None  # a hub that can be opened has been founded
    return founded


@dataclass(frozen=True, slots=True)
class Application:
    """What a hub brings to be admitted: its number, name and keys."""

    community: bytes
    hub: int
    name: str
    root_key: bytes
    box_key: bytes
    signing_key: bytes
    certificate: bytes

    def to_bytes(self) -> bytes:
        return codec.encode([_APPLICATION, *(getattr(self, name) for name in self.__slots__)])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Application":
        """Raises BadEncoding when it is no application, BadSignature when its keys do not hold."""
        fields = _file(data, _APPLICATION, (bytes, int, str, bytes, bytes, bytes, bytes))
        found = cls(*fields[1:])
        first = Certificate(found.community, found.hub, 1, found.signing_key)
        keys.check(found.root_key, first.form(), found.certificate)
        if len(found.box_key) != 32:
            raise BadEncoding("a damaged file")
        return found


def apply_for(hub: Hub) -> Application:
    """This hub's own application.

    Raises:
        NotThisCommunity: its box key is missing: ``use_paper`` first.
    """
    if hub.box.box_key is None:
        raise NotThisCommunity("this hub was founded before hubs had neighbours: its root paper is needed")
    with hub.reading() as tx:
        founded = _founding(tx).act.payload
    name = hub.rules().community.hub_name
    signed = (founded["signing_key"], founded["certificate"])
    place = hub.box.place
    return Application(place.community, place.hub, name, founded["root_key"], hub.box.box_key.public, *signed)


def use_paper(hub: Hub, paper: RootPaper) -> None:
    """Complete the box of a hub that was founded before hubs had neighbours.

    Raises:
        BadPaper: it is another hub's root paper.
    """
    if paper.public != hub.box.root_public:
        raise BadPaper("the root paper of another hub, or the community's")
    hub.keep_box(hub.box.with_paper(paper))


def admit(hub: Hub, applications: Sequence[Application], founders: RootPaper) -> bytes:
    """Admit hubs with the community's root paper; the roster file to carry to every hub.

    The first time, the admitting hub itself is the first of the roster. A hub that is in the
    roster already is left as it is.

    Raises:
        NotThisCommunity: the paper or an application is of another community, or a number is taken.
    """
    if keys.community_id(founders.public) != hub.box.place.community:
        raise NotThisCommunity("this is not the root paper of this hub's community")
    if hub.box.group_key is None:
        hub.keep_box(hub.box.with_group(founders.group_key))
    with hub.reading() as tx:
        first = last(tx)[0] == 0
    for application in ([apply_for(hub)] if first else []) + list(applications):
        _admit(hub, application, founders)
    return roster_file(hub)


def _admit(hub: Hub, application: Application, founders: RootPaper) -> None:
    a = application
    if a.community != hub.box.place.community:
        raise NotThisCommunity(f"hub {a.hub} applies to another community")
    with hub.reading() as tx:
        before = tx.get(RosterRow, hub=a.hub)
        number, link = last(tx)
    if before is not None:
        if bytes(before.root_key) != a.root_key:
            raise NotThisCommunity(f"{a.hub} is another hub's number")
        return
    unsigned = (number + 1, link, a.community, a.hub, a.name, a.root_key, a.box_key, a.signing_key)
    entry = Admission(*unsigned, a.certificate)
    signature = KeySigner("root:community", founders.seed).sign(entry.form())
    _take_in(hub, Admission(*unsigned, a.certificate, signature))


def roster_file(hub: Hub) -> bytes:
    """The roster as this hub has it, with the group's key for each hub of it.

    Raises:
        NotThisCommunity: this hub has not been admitted yet.
    """
    group = hub.box.group_key
    if group is None:
        raise NotThisCommunity("this hub has not been admitted yet")
    with hub.reading() as tx:
        rows = tx.rows(RosterRow.select().order_by(RosterRow.seq))
        rulings = tx.rows(RulingRow.select())
        signed: list[Admission | Ruling] = [_admission(tx, row) for row in rows]
        signed += [_ruling(tx, row) for row in rulings]
    entries = [one.to_list() for one in sorted(signed, key=lambda one: one.seq)]
    gifts = [gift(group, bytes(row.box_key)) for row in rows]
    return codec.encode([_ROSTER, hub.box.place.community, entries, gifts])


def _admission(tx: Tx, row: RosterRow) -> Admission:
    entry = chain.by_number(tx, row.entry)
    assert entry is not None  # a hub of the roster is folded from its entry
    return Admission(community=entry.act.place.community, **entry.act.payload)


def _ruling(tx: Tx, row: RulingRow) -> Ruling:
    entry = chain.by_number(tx, row.entry)
    assert entry is not None  # a ruling is folded from its entry
    return rulings.of_entry(entry)


def certificate_file(hub: Hub) -> bytes:
    """The certificate of this hub's present life, to carry to the founders after a fork.

    Raises:
        NotThisCommunity: the hub is in its first life, which the roster certifies.
    """
    place = hub.box.place
    with hub.reading() as tx:
        row = tx.get(LifeRow, hub=place.hub, incarnation=place.incarnation)
    if row is None or not bytes(row.certificate):
        raise NotThisCommunity("this hub is in its first life: it has no certificate to bring")
    c = lives.certificate_of(row, place.community)
    fields: list[codec.Value] = [
        c.community,
        c.hub,
        c.incarnation,
        c.signing_key,
        c.closed_number,
        c.closed_head,
    ]
    return codec.encode([_CERTIFICATE, *fields, bytes(row.certificate)])


def read_certificate(data: bytes) -> tuple[Certificate, bytes]:
    """What ``certificate_file`` wrote, with the hub root's signature, which is not checked here.

    Raises:
        BadEncoding: it is no certificate file, or damaged.
    """
    fields = _file(data, _CERTIFICATE, (bytes, int, int, bytes, int, bytes, bytes))
    return Certificate(*fields[1:7]), fields[7]


def rule(hub: Hub, certificate: Certificate, root_signature: bytes, founders: RootPaper) -> bytes:
    """End a fork with the community's root paper: this certificate is the hub's next life.

    Returns the roster file to carry to every hub.

    Raises:
        NotThisCommunity: the paper is of another community, or the certificate does not hold.
    """
    if keys.community_id(founders.public) != hub.box.place.community:
        raise NotThisCommunity("this is not the root paper of this hub's community")
    with hub.reading() as tx:
        number, link = last(tx)
    unsigned = Ruling(number + 1, link, certificate, root_signature)
    signature = KeySigner("root:community", founders.seed).sign(unsigned.form())
    _take_in(hub, replace(unsigned, signature=signature))
    return roster_file(hub)


def join(hub: Hub, data: bytes) -> list[Admission | Ruling]:
    """Take in a roster file: the hubs that are new here, and the rulings.

    Raises:
        BadEncoding: no roster file, or damaged.
        NotThisCommunity: of another community; a roster that differs from the one this hub
            has; or one in which this hub does not stand.
    """
    _, community, entries, gifts = _file(data, _ROSTER, (bytes, list, list))
    if community != hub.box.place.community:
        raise NotThisCommunity("the roster of another community")
    signed = [_signed(values) for values in entries]
    admissions = [one for one in signed if isinstance(one, Admission)]
    if len(gifts) != len(admissions):
        raise BadEncoding("a damaged file")
    mine = next((i for i, a in enumerate(admissions) if a.hub == hub.number), None)
    if mine is None or not _is_ours(hub, admissions[mine]):
        raise NotThisCommunity("this hub does not stand in the roster: it must be admitted first")
    _check(hub, signed)
    if hub.box.group_key is None:
        if hub.box.box_key is None:
            raise NotThisCommunity("this hub's root paper is needed first")
        group = hub.box.box_key.open_gift(gifts[mine])
        if len(group) != GROUP_KEY_BYTES:
            raise BadEncoding("a damaged file")
        hub.keep_box(hub.box.with_group(group))
    with hub.reading() as tx:
        known = last(tx)[0]
    new = signed[known:]
    for one in new:
        _take_in(hub, one)
    return new


def _signed(values: object) -> Admission | Ruling:
    """An entry of a roster file, of whichever kind."""
    if isinstance(values, list) and values and values[-1] == rulings.RULING:
        return Ruling.from_list(values)
    return Admission.from_list(values)


def _is_ours(hub: Hub, admission: Admission) -> bool:
    """Whether an entry names the keys that this hub was founded with."""
    with hub.reading() as tx:
        own = _founding(tx).act.payload
    return (admission.root_key, admission.signing_key) == (own["root_key"], own["signing_key"])


def _check(hub: Hub, admissions: Sequence[Admission | Ruling]) -> None:
    """That all signatures and links of a roster hold, and that ours is its beginning."""
    with hub.reading() as tx:
        key = bytes(_founding(tx).act.payload["community_key"])
        known, head = last(tx)
    link = bytes(codec.DIGEST_BYTES)
    for place, admission in enumerate(admissions, 1):
        try:
            admission.check(key)
        except BadSignature as error:
            raise NotThisCommunity(f"entry {place} of the roster is not signed by the founders") from error
        if (admission.seq, admission.previous) != (place, link):
            raise NotThisCommunity(f"entry {place} of the roster does not follow the one before it")
        link = admission.hash()
        if place == known and link != head:
            raise NotThisCommunity("the roster differs from the one that this hub has")
    if len(admissions) < known:
        raise NotThisCommunity("an older roster than this hub has")


def _take_in(hub: Hub, one: Admission | Ruling) -> None:
    asked = AdmitHub(one) if isinstance(one, Admission) else RuleFork(one)
    result = hub.by_rule(asked, "roster", one.hash()[: chain.KEY_BYTES])
    if isinstance(result, Receipt):
        return
    assert isinstance(result, Refusal)
    if result.code is Code.BUSY:
        raise NotThisCommunity("the book is busy: try again")
    if isinstance(one, Admission):
        raise NotThisCommunity(f"hub {one.hub} cannot be admitted: its number, name or keys do not hold")
    raise NotThisCommunity(f"the certificate of hub {one.certificate.hub} does not hold")
