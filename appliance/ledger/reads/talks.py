"""Messages as the two who write them see them, and complaints as keepers do.

Nobody reads what others wrote to each other: every function asks whose eyes it is for.
"""

from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book import chain
from appliance.ledger.book.schema import Listing, Transfer
from appliance.ledger.book.schema_talk import Complaint, KeeperWord
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.market import complaints, marks, talks
from appliance.ledger.reads.crossings import far_person
from appliance.ledger.reads.listings import title_for
from appliance.ledger.reads.people import Person, names, person, text_of

PAGE: Final = 20
"""Messages, or talks, on one page."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. ``about``: what it is about, with ``item``, its id, and ``title``; empty for nothing."""

    seq: int
    mine: bool
    text: str
    at: Instant
    read: bool
    about: str = ""
    item: bytes = b""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """What two people wrote to each other, a page of it, the oldest of the page first.

    ``older``: continues before it; None at the beginning. ``blocked``: the reader has blocked the other.
    """

    other: Person
    messages: tuple[MessageView, ...]
    older: int | None
    blocked: bool

    @property
    def unread_upto(self) -> int | None:
        """The newest message of this page that the reader had not read; None when there is none."""
        return max((m.seq for m in self.messages if not m.mine and not m.read), default=None)


@dataclass(frozen=True, slots=True)
class TalkLine:
    """With whom somebody writes: the last message, and how many are unread."""

    other: Person
    text: str
    mine: bool
    at: Instant
    unread: int


@dataclass(frozen=True, slots=True)
class Talks:
    """One page of talks, the one with the newest message first."""

    lines: tuple[TalkLine, ...]
    page: int
    pages: int


def thread(tx: Tx, reader: int, other: int, before: int | None = None) -> Thread | None:
    """The messages between ``reader`` and ``other``, the newest ``PAGE`` before message ``before``; None for nobody."""
    who = person(tx, other)
    if who is None or who.commons or who.unresolved or who.owner is not None or other == reader:
        return None
    rows = tx.select(_THREAD, reader, other, other, reader, before or _ALL, PAGE + 1)
    shown = [_message(tx, row, reader) for row in rows[:PAGE]]
    older = shown[-1].seq if len(rows) > PAGE else None
    return Thread(who, tuple(reversed(shown)), older, marks.blocks(tx, reader, marks.OWN, other))


_ALL: Final = 1 << 62
_THREAD: Final = """
SELECT seq, sender, text, at_ms, quality, read, about, item FROM message
WHERE ((sender = ? AND receiver = ?) OR (sender = ? AND receiver = ?)) AND seq < ?
ORDER BY seq DESC LIMIT ?
"""


def _message(tx: Tx, row: tuple[Any, ...], reader: int) -> MessageView:
    seq, sender, text, ms, quality, read, about, item = row
    item = bytes(item or b"")
    at = Instant(Millis(ms), Quality(quality))
    title = _title(tx, about, item, reader)
    return MessageView(seq, sender == reader, text, at, bool(read), about, item, title)


def _title(tx: Tx, about: str, item: bytes, reader: int) -> str:
    """The title of the listing, or the note of the payment, that a message is about; empty when it is gone or hidden."""
    if about == talks.LISTING:
        row = tx.get(Listing, id=item)
        return "" if row is None else title_for(tx, row, reader)
    transfer = tx.get(Transfer, id=item) if about == talks.TRANSFER else None
    return "" if transfer is None else text_of(tx, transfer.text_entry, "note")


def all_talks(tx: Tx, reader: int, page: int = 1) -> Talks:
    """With whom ``reader`` writes; a page beyond the last is the last."""
    ((count,),) = tx.select(_WITH, reader, reader)
    pages = max(1, -(-int(count) // PAGE))
    page = max(1, min(page, pages))
    rows = tx.select(_TALKS, reader, reader, PAGE, (page - 1) * PAGE)
    people = names(tx, {row[0] for row in rows})
    lines = tuple(
        TalkLine(people[other], text, sender == reader, Instant(Millis(ms), Quality(quality)), unread)
        for other, sender, text, ms, quality, unread in rows
    )
    return Talks(lines, page, pages)


_WITH: Final = """
SELECT COUNT(*) FROM (SELECT receiver AS other FROM message WHERE sender = ?
UNION SELECT sender FROM message WHERE receiver = ?)
"""
_TALKS: Final = """
SELECT talk.other, m.sender, m.text, m.at_ms, m.quality, talk.unread FROM (
  SELECT other, MAX(seq) AS last, SUM(unread) AS unread FROM (
    SELECT receiver AS other, seq, 0 AS unread FROM message WHERE sender = ?
    UNION ALL SELECT sender, seq, NOT read FROM message WHERE receiver = ?)
  GROUP BY other) AS talk
JOIN message AS m ON m.seq = talk.last ORDER BY m.seq DESC LIMIT ? OFFSET ?
"""


@dataclass(frozen=True, slots=True)
class Unread:
    """Messages of one person that were not read yet: how many, and the newest."""

    other: Person
    count: int
    text: str
    at: Instant


def unread(tx: Tx, reader: int, most: int = 20) -> tuple[Unread, ...]:
    """Who has written what ``reader`` has not read, newest first. Nobody whom the reader has blocked since."""
    rows = tx.select(_UNREAD, reader, reader, most)
    people = names(tx, {row[0] for row in rows}) if rows else {}
    return tuple(
        Unread(people[sender], count, text, Instant(Millis(ms), Quality(quality)))
        for sender, count, text, ms, quality, _seq in rows
    )


_UNREAD: Final = """
SELECT sender, COUNT(*), text, at_ms, quality, MAX(seq) AS last FROM message
WHERE receiver = ? AND read = 0
  AND NOT EXISTS (SELECT 1 FROM block WHERE block.member = ? AND block.hub = 0 AND block.other = message.sender)
GROUP BY sender ORDER BY last DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class ComplaintView:
    """A complaint as keepers see it. ``said``: the words it is about. ``listing``: its id, when it is about one here."""

    id: bytes
    by: Person
    accused: Person | None
    kind: str
    said: str
    words: str
    at: Instant
    waits: bool
    listing: bytes | None


# Who complains of a keeper must not be read of by that keeper: another one looks at it.
_OF_OTHERS: Final = "closed_entry IS NULL AND NOT (hub = 0 AND accused = ?)"


def waiting_complaints(tx: Tx, keeper: int) -> int:
    """How many wait that ``keeper`` may read."""
    ((count,),) = tx.select(f"SELECT COUNT(*) FROM complaint WHERE {_OF_OTHERS}", keeper)  # noqa: S608 - a condition of ours
    return int(count)


def complaints_of(tx: Tx, keeper: int) -> int:
    """How many wait that are about words of ``keeper``; no more of them is for those eyes."""
    ((count,),) = tx.select(
        "SELECT COUNT(*) FROM complaint WHERE closed_entry IS NULL AND hub = 0 AND accused = ?", keeper
    )
    return int(count)


def complaints_waiting(tx: Tx, keeper: int, most: int = 50) -> tuple[ComplaintView, ...]:
    """Those that wait for a keeper, the oldest first; none about words of ``keeper``, who reads them."""
    rows = tx.found(Complaint, f"{_OF_OTHERS} ORDER BY at_ms, id LIMIT ?", keeper, most)
    return tuple(_complaint(tx, row) for row in rows)


def complaint(tx: Tx, ident: bytes, keeper: int) -> ComplaintView | None:
    """One of them, answered or not; None when it is about words of ``keeper``."""
    row = tx.get(Complaint, id=ident)
    if row is None or (row.hub == 0 and row.accused == keeper):
        return None
    return _complaint(tx, row)


def _complaint(tx: Tx, row: Complaint) -> ComplaintView:
    by = person(tx, row.member)
    assert by is not None  # members are never removed
    accused = person(tx, row.accused) if row.hub == 0 else far_person(tx, row.hub, row.accused)
    about_listing = row.kind == complaints.LISTING and row.hub == 0
    listing = tx.get(Listing, opened_entry=row.item) if about_listing else None
    return ComplaintView(
        bytes(row.id),
        by,
        accused,
        row.kind,
        row.said,
        row.words,
        Instant(Millis(row.at_ms), Quality(row.quality)),
        row.closed_entry is None,
        None if listing is None else bytes(listing.id),
    )


@dataclass(frozen=True, slots=True)
class Quieted:
    """Somebody whose messages keepers have stopped, and until when."""

    who: Person
    until: Instant


def quieted(tx: Tx, now: Instant) -> tuple[Quieted, ...]:
    """All whose messages are stopped now."""
    found = []
    for (number,) in tx.select(
        "SELECT DISTINCT member FROM keeper_word WHERE measure = 'quiet' ORDER BY member"
    ):
        until, who = complaints.quiet_until(tx, number, now), person(tx, number)
        if until is not None and who is not None:
            found.append(Quieted(who, Instant(Millis(until), Quality.KEEPER)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Said:
    """What a keeper said to a member: ``word``, ``quiet`` or ``let``; until when; why."""

    entry: int
    measure: str
    until: Instant | None
    reason: str
    at: Instant


def said_to(tx: Tx, member: int, since_ms: int) -> tuple[Said, ...]:
    """What keepers said to this member since then, newest first."""
    rows = tx.found(KeeperWord, "member = ? AND at_ms >= ? ORDER BY entry DESC LIMIT 5", member, since_ms)
    return tuple(
        Said(
            row.entry,
            row.measure,
            None if row.until_ms is None else Instant(Millis(row.until_ms), Quality.KEEPER),
            text_of(tx, row.entry, "reason"),
            Instant(Millis(row.at_ms), Quality(row.quality)),
        )
        for row in rows
    )


def answered(tx: Tx, member: int, since_ms: int) -> tuple[Instant, ...]:
    """When keepers answered own complaints, those that were made since; newest first."""
    return tuple(chain.time_of(tx, int(entry)) for (entry,) in tx.select(_ANSWERED, member, since_ms))


_ANSWERED: Final = """
SELECT closed_entry FROM complaint WHERE member = ? AND closed_entry IS NOT NULL AND at_ms >= ?
ORDER BY closed_entry DESC LIMIT 5
"""
