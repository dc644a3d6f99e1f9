"""Feeds as they are kept: own and foreign frames, and the records out of them.

Frames are kept as they were first sent, byte for byte; they are what is sent again, copied to
a stick or carried by a phone. Records are kept beside them, each once. A feed is *linked* up
to where every record is there and every link fits; what lies beyond a gap waits. Two records
under one number, or a frame that names another link than the one we have, are two stories of
one feed: both frames are kept, and the feed is *forked*: nothing more of it takes effect.

None of this is truth: what takes effect becomes an entry of the own book (design.md 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import peewee as pw

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.records import FEED_BEGIN, Kind, Record
from appliance.ledger.book.schema import POST, Outgoing, RosterRow, Table
from appliance.ledger.book.schema_hubs import OutgoingPast
from appliance.ledger.book.store import Tx

CUT_BYTES: Final = 8
"""How much of the link before its first record a frame carries."""


class FeedRow(Table):
    """One life of one hub's feed: up to where it is linked, and up to where we have read it."""

    TABLE_CLASS = POST

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    linked = pw.IntegerField()
    link = pw.BlobField()
    read = pw.IntegerField()
    forked = pw.BooleanField()

    class Meta:
        table_name = "feed"
        primary_key = pw.CompositeKey("hub", "incarnation")


class RecordRow(Table):
    """One record of a feed. ``link`` is null until the feed is linked up to it."""

    TABLE_CLASS = POST

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    kind = pw.IntegerField()
    to = pw.IntegerField()
    amount = pw.IntegerField()
    sealed = pw.BlobField()
    link = pw.BlobField(null=True)

    class Meta:
        table_name = "record"
        primary_key = pw.CompositeKey("hub", "incarnation", "number")


class FrameRow(Table):
    """A data frame as it was first sent. ``last`` is the number of its last record."""

    TABLE_CLASS = POST

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    first = pw.IntegerField()
    last = pw.IntegerField()
    digest = pw.BlobField()
    cut = pw.BlobField()
    data = pw.BlobField()

    class Meta:
        table_name = "frame"
        primary_key = pw.CompositeKey("hub", "incarnation", "first", "last", "digest")


class FarPerson(Table):
    """A member of another hub who lets us know the name; out of the hub's feed."""

    TABLE_CLASS = POST

    hub = pw.IntegerField()
    number = pw.IntegerField()
    name = pw.TextField()

    class Meta:
        table_name = "far_person"
        primary_key = pw.CompositeKey("hub", "number")


class FarListing(Table):
    """An offer or want of another hub; out of the hub's feed. ``id`` counts as they arrive.

    ``until_ms``: when it ends by itself; null: when its hub says so.
    """

    TABLE_CLASS = POST

    id = pw.AutoField()
    hub = pw.IntegerField()
    listing = pw.IntegerField()
    owner = pw.IntegerField()
    kind = pw.TextField()
    category = pw.TextField()
    price = pw.IntegerField(null=True)
    title = pw.TextField()
    open = pw.BooleanField()
    seen_ms = pw.IntegerField()
    unit = pw.TextField(null=True)
    quantity = pw.IntegerField(null=True)
    until_ms = pw.IntegerField(null=True)

    class Meta:
        table_name = "far_listing"
        indexes = ((("hub", "listing"), True),)


POST_TABLES: tuple[type[Table], ...] = (FeedRow, RecordRow, FrameRow, FarPerson, FarListing)


class Taken(StrEnum):
    """What became of a frame that arrived."""

    NEW = "new"
    KNOWN = "known"
    FORKED = "forked"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two frames of one feed that cannot both be its story, by their digests; at record ``number``."""

    hub: int
    incarnation: int
    number: int
    one: bytes
    other: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A data frame to keep: its bytes, the records in it, the cut link before the first."""

    data: bytes
    cut: bytes
    records: tuple[Record, ...]


def emit(
    tx: Tx, entry: Entry, kind: Kind, to: int, body: bytes, amount: int = 0, text_field: str | None = None
) -> int:
    """Put a record on this hub's feed, as a fold of ``entry``; its number.

    Args:
        body: the sealed part's plain text, without the personal text.
        text_field: the field of the entry's personal text that follows it.
    """
    number = last_outgoing(tx) + 1
    has_text = text_field is not None and entry.act.private_digest is not None
    tx.insert(
        Outgoing,
        number=number,
        kind=int(kind),
        to=to,
        amount=amount,
        body=body,
        text_entry=entry.number if has_text else None,
        text_field=text_field if has_text else None,
        entry=entry.number,
    )
    return number


def emit_again(tx: Tx, entry: Entry, row: Outgoing | OutgoingPast) -> int:
    """Put a record of an earlier life on the feed of this one, as a fold of ``entry``; its number."""
    number = last_outgoing(tx) + 1
    tx.insert(
        Outgoing,
        number=number,
        kind=row.kind,
        to=row.to,
        amount=row.amount,
        body=bytes(row.body),
        text_entry=row.text_entry,
        text_field=row.text_field,
        entry=entry.number,
    )
    return number


def last_outgoing(tx: Tx) -> int:
    """The number of the last record that the book has put on the feed, in its present life."""
    found = tx.first("SELECT MAX(number) FROM outgoing")
    return int(found[0] or 0) if found else 0


def neighbours(tx: Tx, me: int) -> list[RosterRow]:
    """The other hubs of the roster, in the order of admission."""
    return tx.rows(RosterRow.select().where(RosterRow.hub != me).order_by(RosterRow.seq))


def state(tx: Tx, hub: int, incarnation: int) -> FeedRow:
    """How far a feed is linked and read; a feed of which nothing has come stands at 0."""
    row = tx.get(FeedRow, hub=hub, incarnation=incarnation)
    if row is None:
        row = FeedRow(hub=hub, incarnation=incarnation, linked=0, link=FEED_BEGIN, read=0, forked=False)
    return row


def save(tx: Tx, feed: FeedRow) -> None:
    """Keep how far a feed has come."""
    tx.put(
        FeedRow,
        hub=feed.hub,
        incarnation=feed.incarnation,
        linked=feed.linked,
        link=bytes(feed.link),
        read=feed.read,
        forked=bool(feed.forked),
    )


def keep_own(tx: Tx, community: bytes, kept: Kept) -> None:
    """Keep a frame of this hub's own with the records in it that are new. They follow the feed's
    end: an own record under a number that is there already is our mistake.
    """
    head = kept.records[0]
    feed = state(tx, head.hub, head.incarnation)
    for record in kept.records:
        if record.number <= feed.linked:
            continue
        feed.link = record.link(community, bytes(feed.link))
        feed.linked = record.number
        _insert(tx, record, bytes(feed.link))
    _keep_frame(tx, kept)
    feed.read = feed.linked
    save(tx, feed)


def take(tx: Tx, community: bytes, kept: Kept) -> Taken:
    """Keep a frame that arrived, and whatever records of it are new. Its signature has been checked.

    What contradicts what we have makes the feed *forked*; both frames are kept.
    """
    head = kept.records[0]
    feed = state(tx, head.hub, head.incarnation)
    if feed.forked:
        _keep_frame(tx, kept)
        return Taken.FORKED
    new = [r for r in kept.records if _missing(tx, r)]
    forked = any(_differs(tx, r) for r in kept.records) or not _follows(tx, kept, feed)
    if not new and not forked and not _tells_of_the_past(tx, kept, feed):
        return Taken.KNOWN
    _keep_frame(tx, kept)
    if not forked:
        for record in new:
            _insert(tx, record, None)
        forked = not _link(tx, community, feed)
    if forked:
        feed.forked = True
    save(tx, feed)
    return Taken.FORKED if forked else Taken.NEW


def contradiction(tx: Tx, kept: Kept) -> Contradiction | None:
    """Why the feed of a frame that was just kept is *forked*: the frame and one that contradicts it.

    None when it is not forked, or when the frame itself contradicts nothing (an earlier one did).
    """
    head = kept.records[0]
    feed = state(tx, head.hub, head.incarnation)
    if not feed.forked:
        return None
    digest = codec.digest("tch.frame", kept.data)
    differs = next((r.number for r in kept.records if _differs(tx, r)), None)
    if differs is not None:
        return _against(tx, feed, differs, differs, digest)
    if not _follows(tx, kept, feed):
        return _against(tx, feed, head.number, head.number - 1, digest)
    # It closed a gap, and what lay beyond names another link.
    after = feed.linked + 1
    for cut, other in tx.select(_CUTS_AND_DIGESTS, feed.hub, feed.incarnation, after):
        if bytes(cut) != bytes(feed.link)[:CUT_BYTES]:
            return Contradiction(feed.hub, feed.incarnation, after, digest, bytes(other))
    return None


_CUTS_AND_DIGESTS: Final = (
    "SELECT cut, digest FROM frame WHERE hub = ? AND incarnation = ? AND first = ? ORDER BY digest"
)


def _against(tx: Tx, feed: FeedRow, number: int, covers: int, digest: bytes) -> Contradiction | None:
    """The contradiction at ``number`` between a frame and another one that carries record ``covers``."""
    found = tx.first(_OTHER_FRAME, feed.hub, feed.incarnation, covers, covers, digest)
    if found is None:
        return None
    return Contradiction(feed.hub, feed.incarnation, number, bytes(found[0]), digest)


_OTHER_FRAME: Final = """
SELECT digest FROM frame WHERE hub = ? AND incarnation = ? AND first <= ? AND last >= ? AND digest <> ?
ORDER BY first, digest LIMIT 1
"""


def keep_clone(tx: Tx, kept: Kept) -> None:
    """Keep a frame of this hub's own that this box did not make: the proof that another one runs."""
    _keep_frame(tx, kept)


def _link(tx: Tx, community: bytes, feed: FeedRow) -> bool:
    """Carry the links on as far as the records go; False when a frame names another one."""
    while (row := _row(tx, feed.hub, feed.incarnation, feed.linked + 1)) is not None:
        if not _cuts_fit(tx, feed, row.number, bytes(feed.link)):
            return False
        feed.link = record_of(row).link(community, bytes(feed.link))
        feed.linked = row.number
        key = {"hub": feed.hub, "incarnation": feed.incarnation, "number": row.number}
        tx.update(RecordRow, key, link=bytes(feed.link))
    return True


def _cuts_fit(tx: Tx, feed: FeedRow, first: int, link: bytes) -> bool:
    """Whether all frames that begin at ``first`` name the link before it as we have it."""
    cuts = tx.select(_CUTS, feed.hub, feed.incarnation, first)
    return all(bytes(cut) == link[:CUT_BYTES] for (cut,) in cuts)


_CUTS: Final = "SELECT cut FROM frame WHERE hub = ? AND incarnation = ? AND first = ?"


def _follows(tx: Tx, kept: Kept, feed: FeedRow) -> bool:
    """Whether the frame's cut link is the one that we have, if we have come so far."""
    first = kept.records[0].number
    if first > feed.linked + 1:
        return True
    return kept.cut == link_before(tx, feed, first)[:CUT_BYTES]


def _tells_of_the_past(tx: Tx, kept: Kept, feed: FeedRow) -> bool:
    """Whether the frame names a link that can only be looked at when the gap before it closes, and
    that no other frame has named there. It is kept for that, even when its records are known.
    """
    first = kept.records[0].number
    if first <= feed.linked + 1:
        return False
    cuts = tx.select(_CUTS, feed.hub, feed.incarnation, first)
    return all(bytes(cut) != kept.cut for (cut,) in cuts)


def link_before(tx: Tx, feed: FeedRow, number: int) -> bytes:
    """The link of the record before ``number``, which must be linked."""
    if number == 1:
        return FEED_BEGIN
    row = _row(tx, feed.hub, feed.incarnation, number - 1)
    return bytes(row.link) if row is not None and row.link is not None else b""


def _row(tx: Tx, hub: int, incarnation: int, number: int) -> RecordRow | None:
    return tx.get(RecordRow, hub=hub, incarnation=incarnation, number=number)


def _missing(tx: Tx, record: Record) -> bool:
    return _row(tx, record.hub, record.incarnation, record.number) is None


def _differs(tx: Tx, record: Record) -> bool:
    row = _row(tx, record.hub, record.incarnation, record.number)
    return row is not None and record_of(row) != record


def record_of(row: RecordRow) -> Record:
    """The record of a kept row."""
    return Record(row.hub, row.incarnation, row.number, row.kind, row.to, row.amount, bytes(row.sealed))


def record(tx: Tx, hub: int, incarnation: int, number: int) -> Record | None:
    """One record, linked or not."""
    row = _row(tx, hub, incarnation, number)
    return None if row is None else record_of(row)


def _insert(tx: Tx, record: Record, link: bytes | None) -> None:
    tx.insert(
        RecordRow,
        hub=record.hub,
        incarnation=record.incarnation,
        number=record.number,
        kind=record.kind,
        to=record.to,
        amount=record.amount,
        sealed=record.sealed,
        link=link,
    )


def _keep_frame(tx: Tx, kept: Kept) -> None:
    first, last = kept.records[0], kept.records[-1]
    tx.put(
        FrameRow,
        hub=first.hub,
        incarnation=first.incarnation,
        first=first.number,
        last=last.number,
        digest=codec.digest("tch.frame", kept.data),
        cut=kept.cut,
        data=kept.data,
    )


def frame_with(tx: Tx, hub: int, incarnation: int, number: int) -> bytes | None:
    """A kept frame that carries record ``number``: the one that reaches furthest."""
    found = tx.first(f"{_FRAMES_WITH} LIMIT 1", hub, incarnation, number, number)
    return bytes(found[0]) if found else None


def frames_with(tx: Tx, hub: int, incarnation: int, number: int) -> list[bytes]:
    """All kept frames that carry record ``number``, or the link to it: of a forked feed, each story's.

    The one that reaches furthest comes first.
    """
    around = tx.select(_FRAMES_WITH, hub, incarnation, number, max(1, number - 1))
    return [bytes(data) for (data,) in around]


_FRAMES_WITH: Final = (
    "SELECT data FROM frame WHERE hub = ? AND incarnation = ? AND first <= ? AND last >= ?"
    " ORDER BY last DESC, first, digest"
)


def holes(tx: Tx, hub: int, incarnation: int, up_to: int) -> Sequence[tuple[int, int]]:
    """The numbers up to ``up_to`` that no record stands under, as (first, last) runs in order."""
    linked = state(tx, hub, incarnation).linked
    there = tx.select(
        "SELECT number FROM record WHERE hub = ? AND incarnation = ? AND number > ? AND number <= ? ORDER BY number",
        hub,
        incarnation,
        linked,
        up_to,
    )
    runs, expected = [], linked + 1
    for (number,) in there:
        if number > expected:
            runs.append((expected, number - 1))
        expected = number + 1
    if expected <= up_to:
        runs.append((expected, up_to))
    return runs
