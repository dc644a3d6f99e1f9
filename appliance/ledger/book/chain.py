"""Entries of the book: their canonical form, who authorised them, how they are chained.

An entry says: *this authority asked for this* (payload), *and the hub decided that* (outcome).
The authority signs the *act*: community, hub, incarnation, time, its own name, the idempotency
key, kind, version, payload, and the digest of the personal text. The signature is made before
the transaction begins, so it cannot cover the entry's number; the idempotency key, unique per
authority, makes that harmless: an act cannot stand in the book twice.

The entry's hash covers everything, the signature and the hash of the entry before included.
A record id is the head of the digest of the signed act: whatever the act creates (a transfer,
a listing, a claim) carries it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import peewee as pw

from appliance.ledger import codec, keys
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import BadEncoding, BookDamaged
from appliance.ledger.values import EntryNumber, RecordId

ENTRY_FORM: Final = 1
"""Version of the entry's own frame; payloads have versions of their own."""

GENESIS: Final = bytes(codec.DIGEST_BYTES)
"""What the first entry names as the hash before it."""

KEY_BYTES: Final = 16
"""Length of an idempotency key."""


# What stands at each place of a stored entry; ``type() in`` so that true is no number.
_FIELD_TYPES: Final[tuple[tuple[type, ...], ...]] = (
    *((t,) for t in (int, int, bytes, bytes, int, int, int, int, str, bytes, str, int, dict)),
    (bytes, type(None)),
    *((t,) for t in (dict, int, bytes)),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which book: the community, the hub, and the incarnation of the hub."""

    community: bytes
    hub: int
    incarnation: int


@dataclass(frozen=True, slots=True)
class Act:
    """What an authority signs."""

    place: Place
    at: Instant
    authority: str
    key: bytes
    kind: str
    version: int
    payload: codec.Body
    private_digest: bytes | None
    _formed: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)
    """The form and its digest, once made: signing, checking and every record id ask for them."""

    def form(self) -> bytes:
        """The canonical bytes that the authority's signature covers."""
        return self._once()[0]

    def _once(self) -> list[bytes]:
        if not self._formed:
            form = self._form()
            self._formed.extend((form, codec.digest("tch.act", form)))
        return self._formed

    def _form(self) -> bytes:
        return codec.signed_form(
            "tch/act/1",
            [
                keys.SUITE_ED25519,
                self.place.community,
                self.place.hub,
                self.place.incarnation,
                self.at.ms,
                int(self.at.quality),
                self.authority,
                self.key,
                self.kind,
                self.version,
                self.payload,
                self.private_digest,
            ],
        )

    def digest(self) -> bytes:
        """32 bytes that stand for the act; a record id is their first 16."""
        return self._once()[1]


def record_id(act_digest: bytes) -> RecordId:
    """The id of what an act creates."""
    return RecordId(act_digest[:16])


@dataclass(frozen=True, slots=True)
class Entry:
    """An act with its place in the book, what the hub decided, and the signature."""

    number: EntryNumber
    previous: bytes
    act: Act
    outcome: codec.Body
    signature: bytes

    def body(self) -> bytes:
        """The canonical bytes that are stored and hashed."""
        act = self.act
        return codec.encode(
            [
                ENTRY_FORM,
                self.number,
                self.previous,
                act.place.community,
                act.place.hub,
                act.place.incarnation,
                act.at.ms,
                int(act.at.quality),
                act.authority,
                act.key,
                act.kind,
                act.version,
                act.payload,
                act.private_digest,
                self.outcome,
                keys.SUITE_ED25519,
                self.signature,
            ]
        )

    def hash(self) -> bytes:
        """The link that the next entry names."""
        return entry_hash(self.body())

    @property
    def actor(self) -> int | None:
        """The number of the member who asked; None for the hub, the root and a newcomer."""
        kind, _, name = self.act.authority.partition(":")
        return int(name) if kind == "member" else None

    @property
    def record(self) -> RecordId:
        """The id of what this entry creates."""
        return record_id(self.act.digest())


def entry_hash(body: bytes) -> bytes:
    """The hash of an entry's stored bytes."""
    return codec.digest("tch.entry", body)


def parse(body: bytes) -> Entry:
    """The entry whose stored bytes are ``body``.

    Raises:
        BadEncoding: not the canonical form of an entry this release reads.
    """
    fields = codec.decode(body)
    if not isinstance(fields, list) or len(fields) != 17 or fields[0] != ENTRY_FORM:
        raise BadEncoding("not an entry of a form this release reads")
    if not all(type(value) in allowed for value, allowed in zip(fields, _FIELD_TYPES, strict=True)):
        raise BadEncoding("an entry's field is of the wrong type")
    if fields[15] != keys.SUITE_ED25519:
        raise BadEncoding("an unknown signature suite")
    f: list[Any] = list(fields)
    try:
        at = Instant(Millis(f[6]), Quality(f[7]))
    except ValueError as error:
        raise BadEncoding(str(error)) from error
    act = Act(Place(f[3], f[4], f[5]), at, f[8], f[9], f[10], f[11], f[12], f[13])
    return Entry(EntryNumber(f[1]), f[2], act, f[14], f[16])


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a book: its number and hash. Number 0 is a book not begun."""

    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what ``str`` printed.

        Raises:
            ValueError: not a head.
        """
        number, _, digits = text.strip().partition(":")
        head = cls(int(number), bytes.fromhex(digits))
        if len(head.hash) != codec.DIGEST_BYTES or head.number < 0:
            raise ValueError("a head is NUMBER:HASH, with 64 hexadecimal digits")
        return head


def head(tx: Tx) -> Head:
    """Where the book ends now."""
    last = tx.known((EntryRow,), "SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1")
    return Head(last[0][0], bytes(last[0][1])) if last else Head(0, GENESIS)


def append(tx: Tx, entry: Entry) -> bytes:
    """Write ``entry`` at the end of the book; its hash.

    Raises:
        BookDamaged: it does not follow the last entry.
    """
    last = head(tx)
    if entry.number != last.number + 1 or entry.previous != last.hash:
        raise BookDamaged("an entry does not follow the last one", entry.number)
    body = entry.body()
    link = entry_hash(body)
    tx.insert(
        EntryRow,
        number=entry.number,
        hash=link,
        body=body,
        authority=entry.act.authority,
        key=entry.act.key,
        kind=entry.act.kind,
    )
    return link


def entries(tx: Tx, after: int = 0) -> Iterator[tuple[Entry, bytes]]:
    """The entries after number ``after`` in order, each with its hash, every link checked.

    Raises:
        BookDamaged: a gap, a broken link, bytes that are no entry, or columns beside the
            bytes that say otherwise.
        ArchiveMissing: the bytes of one are in an archive that is not there.
    """
    previous, expected = GENESIS, after + 1
    if after:
        row = tx.get(EntryRow, number=after)
        if row is None:
            raise BookDamaged("the book ends before it", after)
        previous = bytes(row.hash)
    for number, kept_hash, body, *columns in tx.stream(_STORED, after):
        whole = tx.archive.body(number) if body == b"" else body
        entry, link = checked((number, kept_hash, whole, *columns), expected, previous)
        yield entry, link
        previous, expected = link, expected + 1


# As SQLite has them, not as a model reads them: a text stored as a blob is another value.
_STORED: Final = "SELECT number, hash, body, authority, key, kind FROM entry WHERE number > ? ORDER BY number"


def checked(stored: tuple[Any, ...], expected: int, previous: bytes) -> tuple[Entry, bytes]:
    """The entry of a stored row, once everything about it fits; and its hash.

    Raises:
        BookDamaged: as ``entries``.
    """
    number, kept_hash, body, *columns = stored
    if number != expected:
        raise BookDamaged(f"missing; the next one is {number}", expected)
    try:
        entry = parse(body)
    except (BadEncoding, TypeError) as error:
        raise BookDamaged(str(error), expected) from error
    if entry.number != expected:
        raise BookDamaged(f"its bytes say it is entry {entry.number}", expected)
    if entry.previous != previous:
        raise BookDamaged("does not follow the entry before it", expected)
    link = entry_hash(body)
    if link != kept_hash:
        raise BookDamaged("its hash does not fit its bytes", expected)
    act = entry.act
    if columns != [act.authority, act.key, act.kind]:
        raise BookDamaged("its columns differ from its bytes", expected)
    return entry, link


def by_key(tx: Tx, authority: str, key: bytes) -> tuple[Entry, bytes] | None:
    """The entry that ``authority`` made under this idempotency key, with its hash."""
    row = tx.get(EntryRow, authority=authority, key=key)
    return (read(tx, row.number, row.hash, row.body), bytes(row.hash)) if row else None


def by_number(tx: Tx, number: int) -> Entry | None:
    """The entry of this number."""
    row = tx.get(EntryRow, number=number)
    return read(tx, number, row.hash, row.body) if row else None


def time_of(tx: Tx, number: int) -> Instant:
    """When the entry of this number was made, as the hub believed it.

    Raises:
        BookDamaged: there is none.
    """
    entry = by_number(tx, number)
    if entry is None:
        raise BookDamaged("an entry is missing", number)
    return entry.act.at


def acts_of(tx: Tx, authority: str) -> Iterator[Entry]:
    """All entries that ``authority`` signed, in order."""
    for row in tx.select(
        "SELECT number, hash, body FROM entry WHERE authority = ? ORDER BY number", authority
    ):
        yield read(tx, *row)


def acts_of_kinds(tx: Tx, kinds: Sequence[str], upto: int | None = None) -> Iterator[Entry]:
    """All entries of some kinds (up to number ``upto``), in order."""
    marks = ", ".join("?" * len(kinds))
    last = LAST_NUMBER if upto is None else upto
    sql = f"SELECT number, hash, body FROM entry WHERE kind IN ({marks}) AND number <= ? ORDER BY number"  # noqa: S608 - marks alone
    for row in tx.stream(sql, *kinds, last):
        yield read(tx, *row)


LAST_NUMBER: Final = 2**63 - 1


def backwards(tx: Tx, after: int, before: int = LAST_NUMBER) -> Iterator[Entry]:
    """The entries between two numbers, the newest first."""
    for row in tx.stream(_NEWEST, after, before):
        yield read(tx, *row)


_NEWEST: Final = "SELECT number, hash, body FROM entry WHERE number > ? AND number < ? ORDER BY number DESC"


def read(tx: Tx, number: int, link: bytes, body: bytes) -> Entry:
    """The entry of a stored row (its number, hash and body), its bytes out of the archive when they are there.

    Raises:
        ArchiveMissing: the archive is not there.
        BookDamaged: the bytes are no entry; those of the archive, when they are not this one.
    """
    stored = bytes(body)
    if not stored:
        stored = tx.archive.body(number)
        if entry_hash(stored) != bytes(link):
            raise BookDamaged("what the archive holds of it does not give its hash", number)
    try:
        return parse(stored)
    except BadEncoding as error:
        raise BookDamaged(str(error), number) from error


def count(tx: Tx) -> int:
    """How many entries the book has."""
    return int(tx.scalar(EntryRow.select(pw.fn.COUNT(EntryRow.number))))
