"""Does the post belong to the book? A part of ``hub verify``.

Frames and records are kept beside the book, so nothing is folded from them. But what this hub
has said must be what its book put on the feed, record by record and link by link; and each
entry about something that arrived must name the very record that is kept, where it is kept.
The sealed parts are not opened: that takes the box's keys, and what they say stands in entries.
"""

from collections.abc import Mapping
from typing import Any, Final

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.chain import Place
from appliance.ledger.book.feed import FeedRow, FrameRow, RecordRow, record_of
from appliance.ledger.book.records import FEED_BEGIN, Kind
from appliance.ledger.book.schema import Outgoing
from appliance.ledger.book.schema_hubs import OutgoingPast
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BookDamaged


def check(tx: Tx) -> int:
    """How many kept records there are, once all fit the book.

    Raises:
        BookDamaged: the first that does not.
    """
    try:
        return _check(tx)
    except BookDamaged:
        raise
    except (ValueError, TypeError) as error:
        # A number that no record can have, or a text in its place.
        raise BookDamaged(f"the post cannot be read: {error}") from error


def _check(tx: Tx) -> int:
    founded = chain.by_number(tx, 1)
    if founded is None:
        raise BookDamaged("the book is empty: it has no founding")
    place = founded.act.place
    last = tx.first("SELECT MAX(incarnation) FROM life WHERE hub = ?", place.hub)
    if last is not None and last[0] is not None:
        place = Place(place.community, place.hub, int(last[0]))
    _check_frames(tx)
    records = sum(_check_links(tx, place.community, row) for row in tx.rows(FeedRow.select()))
    kept = int(tx.select("SELECT COUNT(*) FROM record WHERE link IS NOT NULL")[0][0])
    if kept != records:
        raise BookDamaged("the post has linked records that are of no feed")
    _check_own(tx, place)
    _check_arrivals(tx, place.community)
    _check_recovered(tx, place)
    _check_taken_up(tx, place)
    return records


def _check_frames(tx: Tx) -> None:
    for row in tx.each(FrameRow.select()):
        if bytes(row.digest) != codec.digest("tch.frame", bytes(row.data)):
            raise BookDamaged(f"hub {row.hub}: a kept frame of records {row.first} to {row.last} was changed")


def _check_links(tx: Tx, community: bytes, feed: FeedRow) -> int:
    """How many records of a feed are linked; their links are worked out anew."""
    link, number = FEED_BEGIN, 0
    query = (
        RecordRow.select()
        .where((RecordRow.hub == feed.hub) & (RecordRow.incarnation == feed.incarnation))
        .where(RecordRow.number <= feed.linked)
        .order_by(RecordRow.number)
    )
    for row in tx.each(query):
        number += 1
        if row.number != number:
            raise BookDamaged(f"hub {feed.hub}: record {number} is missing, but the feed is linked beyond it")
        link = record_of(row).link(community, link)
        if row.link is None or bytes(row.link) != link:
            raise BookDamaged(f"hub {feed.hub}: record {number} was changed: its link does not fit")
    if number != feed.linked or link != bytes(feed.link) or not 0 <= feed.read <= feed.linked:
        raise BookDamaged(f"hub {feed.hub}: its feed does not stand where its records put it")
    return number


def _check_own(tx: Tx, place: Place) -> None:
    """That what has been said is what the book says, number by number."""
    said = RecordRow.select().where(RecordRow.hub == place.hub)
    for row in tx.rows(said.order_by(RecordRow.incarnation, RecordRow.number)):
        meant: Outgoing | OutgoingPast | None
        if row.incarnation == place.incarnation:
            meant = tx.get(Outgoing, number=row.number)
        else:
            closed = tx.first(_CLOSED, place.hub, row.incarnation)
            if closed is None or row.number > closed[0]:
                continue  # said in a time that this book has lost, and given back by a neighbour
            meant = tx.get(OutgoingPast, incarnation=row.incarnation, number=row.number)
        if row.link is None or meant is None or _open_part(meant) != _open_part(row):
            raise BookDamaged(f"own record {row.number} is not what the book puts on the feed")


_CLOSED: Final = (
    "SELECT closed_number FROM life WHERE hub = ? AND incarnation > ? ORDER BY incarnation LIMIT 1"
)


def _open_part(row: Any) -> tuple[int, int, int]:
    return row.kind, row.to, row.amount


_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "arrive_sent": (Kind.SENT,),
    "arrive_answer": (Kind.ACCEPTED, Kind.RETURNED),
    "arrive_recall": (Kind.RECALL,),
    "arrive_checkpoint": (Kind.CHECKPOINT,),
    "arrive_seen": (Kind.SEEN,),
    "recover_sent": (Kind.ACCEPTED, Kind.RETURNED),
    "recover_received": (Kind.SENT,),
    "arrive_care_ask": (Kind.CARE_ASK,),
    "arrive_care_key": (Kind.CARE_KEY,),
    "arrive_care_sign": (Kind.CARE_SIGN,),
    "arrive_care_no": (Kind.CARE_NO,),
    "arrive_care_told": (Kind.CARE_TOLD,),
    "arrive_match": (Kind.MATCH,),
}
"""Entries about what has arrived, and the records that they may be about."""


def _check_arrivals(tx: Tx, community: bytes) -> None:
    for kind, kinds in _KINDS.items():
        for entry in chain.acts_of_kinds(tx, (kind,)):
            number, p = entry.number, entry.act.payload
            row = tx.get(RecordRow, hub=p["hub"], incarnation=p["incarnation"], number=p["number"])
            if row is None:
                continue
            about = f"record {row.number} of hub {row.hub}"
            if record_of(row).digest(community) != p["record"]:
                raise BookDamaged(f"{about} is not the one that arrived", number)
            amount = row.amount if kind == "recover_sent" else p.get("amount", row.amount)
            if row.kind not in kinds or amount != row.amount:
                raise BookDamaged(f"it is not what {about} says", number)
            if row.link is None:
                raise BookDamaged(f"{about} took effect, but stands beyond a gap", number)


def _check_recovered(tx: Tx, place: Place) -> None:
    """That each recovered entry names the own old record that is kept, and what that says."""
    kinds = {"recover_sent": (Kind.SENT,), "recover_received": (Kind.ACCEPTED, Kind.RETURNED)}
    for kind, ours in kinds.items():
        for entry in chain.acts_of_kinds(tx, (kind,)):
            number, p = entry.number, entry.act.payload
            key = {"incarnation": p["our_incarnation"], "number": p["our_number"]}
            row = tx.get(RecordRow, hub=place.hub, **key)
            if row is None or record_of(row).digest(place.community) != p["our_record"]:
                raise BookDamaged("the own old record that it names is not here", number)
            amount = p["amount"] if kind == "recover_sent" else 0
            if row.kind not in ours or (row.to, row.amount) != (p["hub"], amount):
                raise BookDamaged("it is not what the own old record says", number)


def _check_taken_up(tx: Tx, place: Place) -> None:
    """That no payment which came in, and was read, has been left out of the book."""
    lost = tx.first(_LOST, place.hub, int(Kind.SENT))
    if lost is not None:
        raise BookDamaged(
            f"the payment in record {lost[1]} of hub {lost[0]} was read, but is not in the book"
        )


_LOST: Final = """
SELECT record.hub, record.number FROM record
JOIN feed ON feed.hub = record.hub AND feed.incarnation = record.incarnation AND record.number <= feed.read
LEFT JOIN crossing ON NOT crossing.outgoing AND crossing.hub = record.hub
  AND crossing.incarnation = record.incarnation AND crossing.number = record.number
WHERE record."to" = ? AND record.kind = ? AND record.amount > 0 AND crossing.id IS NULL
ORDER BY record.hub, record.number LIMIT 1
"""
