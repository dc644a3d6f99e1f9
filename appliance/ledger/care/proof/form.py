"""What a proof holds, and its bytes.

A proof is one canonical array. It carries the acts that people signed, and the *word* of each hub whose
members signed: which line of its book an act stands on, and the log of the keys that signed. A hub's word is
signed by its present signing key, which its root certifies, which the community root has admitted::

    proof = ["tch/care-proof/1", hubs, acts, cosigns, far, words]
    hub   = [admission (10 fields), life or null, word, signature]
    word  = [claim, at ms, quality, statement or null, key rows, signed: [[member, entry], ...], far keys, far lines]

The first hub is the claim's own and has the statement; others are co-signers' homes, of this community or
another. *far* are co-signatures that came over the air (``care.attest``), for whose keys the claim's hub says
when their own hub told it. The order of things is that of a book's lines, never of a clock.
"""

from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger import codec, keys
from appliance.ledger.errors import BadEncoding, BadProof

PURPOSE: Final = "tch/care-proof/1"
LONGEST: Final = 65_536
"""Bytes of a proof that are looked at; one of twelve co-signers from as many hubs has less than a fourth."""
MOST_SIGNERS: Final = 24
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Row:
    """A key of a member, as its hub's log has it.

    ``seq``: which key of this member it is, from 1. ``entry``, ``ms``, ``quality``: since when it is in force, as
    a line of the book and by that line's clock. ``ended``: the same of the line that replaced it; None while in force.
    ``made``: 1 by the member at joining, 2 by the hub for a keeper who gave a new PIN.
    """

    member: int
    seq: int
    public: bytes
    entry: int
    ms: int
    quality: int
    made: int
    ended: tuple[int, int, int] | None = None

    def to_list(self) -> list[Any]:
        ended = None if self.ended is None else list(self.ended)
        return [self.member, self.seq, self.public, self.entry, self.ms, self.quality, self.made, ended]


@dataclass(frozen=True, slots=True)
class FarRow:
    """A key of another hub's member, as that hub told the claim's hub: on which line of its book, and when."""

    hub: int
    member: int
    seq: int
    public: bytes
    entry: int
    ms: int
    quality: int

    def to_list(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]


@dataclass(frozen=True, slots=True)
class FarSign:
    """A co-signature over the air: 64 bytes over ``form`` by a member of another hub."""

    hub: int
    member: int
    signature: bytes

    def to_list(self) -> list[Any]:
        return [self.hub, self.member, self.signature]


def far_form(community: bytes, at: int, terms: bytes, care: list[Any], hub: int, member: int) -> bytes:
    """What that member signed (``care.attest``). ``care``: carer, category, minutes, day, amount."""
    return codec.signed_form("tch/cosign/1", [community, at, terms, *care, hub, member])


AT_JOINING: Final = 1
BY_KEEPER: Final = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """What the claim's hub says of it beyond what was signed by people.

    ``policy``: the line of the book that the rules of care in force at the making of the proof stand on;
    ``rules``: 8 bytes of the digest of these rules. ``paid``: the line that paid it; None while it waits.
    """

    amount: int
    quorum: int
    need_recipient: bool
    need_keeper: bool
    policy: int
    rules: bytes
    paid: int | None
    decimals: int
    symbol: str

    def to_list(self) -> list[Any]:
        return [getattr(self, name) for name in _STATEMENT]


_STATEMENT: Final = (
    *("amount", "quorum", "need_recipient", "need_keeper", "policy", "rules", "paid", "decimals", "symbol"),
)


@dataclass(frozen=True, slots=True)
class Word:
    """What one hub signs: see the module.

    ``signed``: (member, entry) of each act of its members, in order. ``far_lines``: (hub, member, entry) of
    each co-signature that came over the air.
    """

    claim: bytes
    ms: int
    quality: int
    statement: Statement | None
    rows: tuple[Row, ...]
    signed: tuple[tuple[int, int], ...]
    far_rows: tuple[FarRow, ...] = ()
    far_lines: tuple[tuple[int, int, int], ...] = ()

    def to_list(self) -> list[Any]:
        statement = None if self.statement is None else self.statement.to_list()
        rows = [row.to_list() for row in self.rows]
        lines = [[list(one) for one in several] for several in (self.signed, self.far_lines)]
        far = [row.to_list() for row in self.far_rows]
        return [self.claim, self.ms, self.quality, statement, rows, lines[0], far, lines[1]]

    def form(self, community: bytes, hub: int, incarnation: int) -> bytes:
        """The bytes that the hub signs, in its life ``incarnation``."""
        return codec.signed_form(PURPOSE, [community, hub, incarnation, *self.to_list()])


@dataclass(frozen=True, slots=True)
class Life:
    """The certificate of a hub's present life, when that is not its first."""

    incarnation: int
    signing_key: bytes
    closed_number: int
    closed_head: bytes
    certificate: bytes

    def to_list(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]


@dataclass(frozen=True, slots=True)
class HubPart:
    """A hub: its entry of the roster as the community root signed it, its life, its word, and its signature."""

    seq: int
    previous: bytes
    community: bytes
    number: int
    name: str
    root_key: bytes
    box_key: bytes
    signing_key: bytes
    certificate: bytes
    admission: bytes
    life: Life | None
    word: Word
    signature: bytes

    @property
    def incarnation(self) -> int:
        return 1 if self.life is None else self.life.incarnation

    @property
    def key(self) -> bytes:
        """The public key that signs in the present life."""
        return self.signing_key if self.life is None else self.life.signing_key

    def roster_form(self) -> bytes:
        """What the community root signed."""
        return codec.signed_form("tch/roster/1", [getattr(self, name) for name in _ADMISSION[:-1]])

    def to_list(self) -> list[Any]:
        life = None if self.life is None else self.life.to_list()
        admission = [getattr(self, name) for name in _ADMISSION]
        return [admission, life, self.word.to_list(), self.signature]


_ADMISSION: Final = (
    *("seq", "previous", "community", "number", "name", "root_key", "box_key", "signing_key"),
    *("certificate", "admission"),
)


@dataclass(frozen=True, slots=True)
class Signed:
    """An act and its signature. ``hub``: whose book it stands in, by the place among the proof's hubs."""

    hub: int
    incarnation: int
    ms: int
    quality: int
    member: int
    key: bytes
    kind: str
    version: int
    payload: codec.Body
    private_digest: bytes | None
    signature: bytes

    def form(self, community: bytes, number: int) -> bytes:
        """The bytes that the member signed (``book.chain.Act``), at the hub of this number."""
        return codec.signed_form(
            "tch/act/1",
            [
                keys.SUITE_ED25519,
                community,
                number,
                self.incarnation,
                self.ms,
                self.quality,
                keys.member_authority(self.member),
                self.key,
                self.kind,
                self.version,
                self.payload,
                self.private_digest,
            ],
        )

    def to_list(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]


@dataclass(frozen=True, slots=True)
class Words:
    """Personal words of the claim, with the salt that its signed digest was made with."""

    salt: bytes
    fields: codec.Body

    def digest(self) -> bytes:
        return codec.digest("tch.private", codec.encode(self.fields), key=self.salt)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof. ``acts``: the claim as it was written down, and its last edit if there was one."""

    hubs: tuple[HubPart, ...]
    acts: tuple[Signed, ...]
    cosigns: tuple[Signed, ...]
    words: Words | None = None
    far: tuple[FarSign, ...] = ()

    @property
    def home(self) -> HubPart:
        return self.hubs[0]

    @property
    def statement(self) -> Statement:
        found = self.home.word.statement
        assert found is not None  # ``decode`` and ``reads.care_proof`` see to it
        return found

    def encode(self) -> bytes:
        """Its canonical bytes."""
        words: list[codec.Value] | None = None if self.words is None else [self.words.salt, self.words.fields]
        several = (self.hubs, self.acts, self.cosigns, self.far)
        parts = ([one.to_list() for one in some] for some in several)
        return codec.encode([PURPOSE, *parts, words])


# ------------------------------------------------------------------------------------------- reading


def _bad(what: str) -> BadProof:
    return BadProof("damaged", what)


def _fields(value: object, *types: tuple[type, ...] | type) -> list[Any]:
    """A list of values of exactly these types: true is no number."""
    if not isinstance(value, list) or len(value) != len(types):
        raise _bad("a part of another length")
    for one, allowed in zip(value, types, strict=True):
        if type(one) not in (allowed if isinstance(allowed, tuple) else (allowed,)):
            raise _bad("a field of another type")
    return value


def _some(value: object, low: int, high: int) -> list[Any]:
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise _bad("too few or too many parts")
    return value


_NONE: Final = type(None)


def row(value: object) -> Row:
    """Raises BadProof when it is no row of a key log."""
    *plain, ended = _fields(value, int, int, bytes, int, int, int, int, (list, _NONE))
    until = None if ended is None else tuple(_fields(ended, int, int, int))
    return Row(*plain, until)  # type: ignore[call-arg]  # their number was just checked


def statement(value: object) -> Statement:
    """Raises BadProof when it is no statement."""
    return Statement(*_fields(value, int, int, bool, bool, int, bytes, (int, _NONE), int, str))


def _word(value: object) -> Word:
    types = (bytes, int, int, (list, _NONE), list, list, list, list)
    claim, ms, quality, said, rows, signed, far, came = _fields(value, *types)
    found = tuple(row(one) for one in _some(rows, 1, 2 * MOST_SIGNERS))
    lines = [_fields(one, int, int) for one in _some(signed, 1, MOST_SIGNERS)]
    stated = None if said is None else statement(said)
    told = tuple(
        FarRow(*_fields(one, int, int, int, bytes, int, int, int)) for one in _some(far, 0, 2 * MOST_SIGNERS)
    )
    over = [_fields(one, int, int, int) for one in _some(came, 0, MOST_SIGNERS)]
    arrived = tuple((hub, member, entry) for hub, member, entry in over)
    return Word(
        claim, ms, quality, stated, found, tuple((member, entry) for member, entry in lines), told, arrived
    )


def _hub(value: object) -> HubPart:
    admission, life, word, signature = _fields(value, list, (list, _NONE), list, bytes)
    plain = _fields(admission, int, bytes, bytes, int, str, bytes, bytes, bytes, bytes, bytes)
    lived = None if life is None else Life(*_fields(life, int, bytes, int, bytes, bytes))
    return HubPart(*plain, lived, _word(word), signature)  # type: ignore[call-arg]  # their number was just checked


def signed(value: object) -> Signed:
    """Raises BadProof when it is no signed act."""
    types = (int, int, int, int, int, bytes, str, int, dict, (bytes, _NONE), bytes)
    return Signed(*_fields(value, *types))


def decode(data: bytes) -> Proof:
    """The proof whose bytes are exactly ``data``. Nothing of it is believed yet: see ``checking.check``.

    Raises:
        BadProof: they are none, or of a later form. Nothing else is ever raised for bytes.
    """
    if len(data) > LONGEST:
        raise _bad("too long")
    try:
        value = codec.decode(data)
    except BadEncoding as error:
        raise _bad(str(error)) from error
    if not isinstance(value, list) or not value or value[0] != PURPOSE:
        raise BadProof("not_a_proof", "not a proof of care of a form this release reads")
    _purpose, hubs, acts, cosigns, far, said = _fields(value, str, list, list, list, list, (list, _NONE))
    words = None
    if said is not None:
        salt, fields = _fields(said, bytes, dict)
        if not all(isinstance(text, str) for text in fields.values()):
            raise _bad("a field of another type")
        words = Words(salt, fields)
    proof = Proof(
        tuple(_hub(one) for one in _some(hubs, 1, MOST_SIGNERS)),
        tuple(signed(one) for one in _some(acts, 1, 2)),
        tuple(signed(one) for one in _some(cosigns, 0, MOST_SIGNERS)),
        words,
        tuple(FarSign(*_fields(one, int, int, bytes)) for one in _some(far, 0, MOST_SIGNERS)),
    )
    if proof.home.word.statement is None or any(hub.word.statement for hub in proof.hubs[1:]):
        raise _bad("not one statement")
    return proof
