"""Messages with people of other hubs, as the one who writes or reads them here sees them.

Whether a message has arrived is what the other hub says of itself, in the summaries by which hubs tell each other up to where
they hold a feed: it costs no airtime. What became of it there, and whether it was read, nobody here learns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from appliance.ledger.book import feed
from appliance.ledger.book.feed import FarListing
from appliance.ledger.book.local import HubHeard
from appliance.ledger.book.schema import Listing, Outgoing
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.market import marks
from appliance.ledger.market.talks_about import Of
from appliance.ledger.market.talks_far import FIELD, UNSENT_MS
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads.crossings import far_person
from appliance.ledger.reads.listings import title_for
from appliance.ledger.reads.people import Person

PAGE: Final = 20
"""Messages on one page."""

MOST_TALKS: Final = 50


class Far(StrEnum):
    """How far an own message has come.

    ``waits``: for its turn; ``late``: it had none in time, and is not sent; ``here``: this hub has it ready for the air;
    ``sent``: it was sent; ``arrived``: the other hub has it; ``unsure``: it went out before this hub was restored.
    """

    WAITS = "waits"
    LATE = "late"
    HERE = "here"
    SENT = "sent"
    ARRIVED = "arrived"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class AboutView:
    """The listing that a message is about. ``record``: its id, of one of this hub; None of one of another.

    ``title``: empty when it is gone, hidden, or never came here. ``there``: whether there is a page of it here.
    """

    of: Of
    record: bytes | None
    title: str
    there: bool


@dataclass(frozen=True, slots=True)
class FarMessageView:
    """One message; ``far`` is None of one that came, ``about`` of one that is about no listing."""

    seq: int
    mine: bool
    text: str
    at: Instant
    read: bool
    far: Far | None
    about: AboutView | None = None


@dataclass(frozen=True, slots=True)
class FarThread:
    """What a member and somebody of another hub wrote to each other, a page of it, the oldest of the page first.

    ``older``: continues before it; None at the beginning. ``blocked``: the reader has blocked the other.
    """

    other: Person
    messages: tuple[FarMessageView, ...]
    older: int | None
    blocked: bool

    @property
    def unread_upto(self) -> int | None:
        """The newest message of this page that the reader had not read; None when there is none."""
        return max((m.seq for m in self.messages if not m.mine and not m.read), default=None)


@dataclass(frozen=True, slots=True)
class FarTalk:
    """With whom of another hub somebody writes: the last message, and how many are unread."""

    other: Person
    text: str
    mine: bool
    at: Instant
    unread: int


def thread(
    tx: Tx, reader: int, hub: int, other: int, now: Instant, before: int | None = None
) -> FarThread | None:
    """The messages with ``other`` of ``hub``, the newest ``PAGE`` before message ``before``; None for nobody."""
    who = far_person(tx, hub, other)
    if who is None:
        return None
    rows = tx.select(_THREAD, reader, hub, other, before or _ALL, PAGE + 1)
    shown = [_message(tx, row, (reader, hub, other), now) for row in rows[:PAGE]]
    older = shown[-1].seq if len(rows) > PAGE else None
    return FarThread(who, tuple(reversed(shown)), older, marks.blocks(tx, reader, hub, other))


_ALL: Final = 1 << 62
_THREAD: Final = """
SELECT seq, mine, text, at_ms, quality, read, entry, about_hub, about FROM far_message
WHERE member = ? AND hub = ? AND other = ? AND NOT gone AND seq < ? ORDER BY seq DESC LIMIT ?
"""


def _message(tx: Tx, row: Sequence[Any], who: tuple[int, int, int], now: Instant) -> FarMessageView:
    seq, mine, text, ms, quality, read, entry, about_hub, about = row
    reader, hub, other = who
    far = _far(tx, hub, entry, ms, now) if mine else None
    at = Instant(Millis(ms), Quality(quality))
    of = None if about is None else about_of(tx, Of(about_hub, about), reader, hub, other)
    return FarMessageView(seq, bool(mine), text, at, bool(read), far, of)


def about_of(tx: Tx, of: Of, reader: int, hub: int, other: int) -> AboutView | None:
    """What ``reader`` is shown of a listing that is written about with ``other`` of ``hub``; None when neither lists it."""
    if of.hub != hub:
        row = tx.get(Listing, opened_entry=of.listing)
        if row is None or row.owner != reader:
            return None
        return AboutView(of, bytes(row.id), title_for(tx, row, reader), True)
    far = tx.get(FarListing, hub=hub, listing=of.listing)
    if far is not None and far.owner != other:
        return None  # a hub may say so; nobody's words are hung on a third person's listing
    return AboutView(of, None, "" if far is None else str(far.title), far is not None)


def _far(tx: Tx, hub: int, entry: int | None, at_ms: int, now: Instant) -> Far:
    if entry is None:
        return Far.LATE if at_ms < now.ms - UNSENT_MS else Far.WAITS
    rows = tx.found(Outgoing, "text_entry = ? AND text_field = ?", entry, FIELD)
    if not rows:
        return Far.UNSURE
    number, heard, place = rows[0].number, tx.get(HubHeard, hub=hub), own_place(tx)
    if heard is not None and heard.ours >= number:
        return Far.ARRIVED
    return Far.SENT if feed.state(tx, place.hub, place.incarnation).linked >= number else Far.HERE


def all_talks(tx: Tx, reader: int) -> tuple[FarTalk, ...]:
    """With whom of other hubs ``reader`` writes, the one with the newest message first; ``MOST_TALKS`` of them."""
    found = []
    for hub, other, text, mine, ms, quality, unread in tx.select(_TALKS, reader, MOST_TALKS):
        who = far_person(tx, hub, other)
        if who is not None:
            found.append(FarTalk(who, text, bool(mine), Instant(Millis(ms), Quality(quality)), unread))
    return tuple(found)


_TALKS: Final = """
SELECT m.hub, m.other, m.text, m.mine, m.at_ms, m.quality, talk.unread FROM (
  SELECT MAX(seq) AS last, SUM(NOT mine AND NOT read) AS unread FROM far_message
  WHERE member = ? AND NOT gone GROUP BY hub, other) AS talk
JOIN far_message AS m ON m.seq = talk.last ORDER BY m.seq DESC LIMIT ?
"""


def unread(tx: Tx, reader: int) -> tuple[FarTalk, ...]:
    """Of these, who has written what ``reader`` has not read. Nobody whom the reader has blocked since."""
    return tuple(
        one
        for one in all_talks(tx, reader)
        if one.unread and not marks.blocks(tx, reader, one.other.hub or 0, one.other.number)
    )
