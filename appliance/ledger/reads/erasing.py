"""What people can have erased, and what is under way: for the member's own page and the keeper's desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.schema_erased import Erasure
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.people import erasing, own_texts, powers
from appliance.ledger.reads.people import Person, person, text_of
from appliance.ledger.values import RecordId


@dataclass(frozen=True, slots=True)
class Wish:
    """An erasure that was asked for or waits.

    Attributes:
        entry: of which entry's text; ``erasing.ALL``: of all that is theirs.
        words: the text, when it is a single one.
        until: when it becomes final; None while it waits for a keeper.
        keeper, reason: who began it, and why; None and empty while nobody did.
        asked: whether who wrote it asked for it.
    """

    id: RecordId
    member: Person
    entry: int
    words: str
    until: Instant | None
    keeper: Person | None
    reason: str
    asked: bool


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text that stands in the book, and what can be done about it. ``wish``: what is under way."""

    entry: int
    author: Person
    words: str
    wish: Wish | None
    can_go: bool


def wishes(tx: Tx, member: int) -> tuple[Wish, ...]:
    """What this member asked for, and what keepers began: all of theirs first."""
    return tuple(_wish(tx, row) for row in tx.found(Erasure, f"member = ? AND {_OPEN}", member))


def to_be_done(tx: Tx) -> tuple[Wish, ...]:
    """What members asked for and no keeper has begun yet, where one can: of all texts only after leaving."""
    rows = tx.found(Erasure, "state = 'asked' ORDER BY asked_entry")
    found = [_wish(tx, row) for row in rows]
    return tuple(wish for wish in found if wish.entry != erasing.ALL or wish.member.status == powers.CLOSED)


_OPEN: Final = "state IN ('asked', 'waiting') ORDER BY entry, COALESCE(asked_entry, begun_entry)"


def _wish(tx: Tx, row: Erasure) -> Wish:
    member = person(tx, row.member)
    assert member is not None  # members are never removed
    begun = None if row.begun_entry is None else row.begun_entry
    return Wish(
        RecordId(bytes(row.id)),
        member,
        row.entry,
        _text(tx, row.entry),
        None if row.until_ms is None else Instant(Millis(row.until_ms), Quality.KEEPER),
        None if row.keeper is None else person(tx, row.keeper),
        text_of(tx, begun, "reason"),
        row.asked_entry is not None,
    )


def _text(tx: Tx, entry: int) -> str:
    """All that an entry says in words, in the order in which people read it."""
    found = dict(tx.select("SELECT field, text FROM private_text WHERE entry = ? ORDER BY field", entry))
    order = ("title", "cared_for", "what", "note", "reason", "text")
    return " · ".join(found[name] for name in order if found.get(name))


def own_text(tx: Tx, entry: int) -> OwnText | None:
    """One text, whose it is and whether it can go; None when nobody's or gone."""
    member = own_texts.author(tx, entry)
    who = None if member is None else person(tx, member)
    words = _text(tx, entry)
    if member is None or who is None or not words:
        return None
    row = erasing.open_one(tx, member, entry)
    return OwnText(
        entry,
        who,
        words,
        None if row is None else _wish(tx, row),
        own_texts.refuse_single(tx, member, entry) is None,
    )


def said_about(tx: Tx, record: bytes) -> tuple[OwnText, ...]:
    """The texts that stand with a transfer, an offer or want, or care, in the order in which they were written."""
    entries = {entry for (entry,) in tx.select(_SAID, *(record,) * 5) if entry is not None}
    return _texts(tx, sorted(entries))


_SAID: Final = """
SELECT text_entry FROM transfer WHERE id = ? UNION SELECT text_entry FROM listing WHERE id = ?
UNION SELECT text_entry FROM claim WHERE id = ? UNION SELECT entry FROM dispute WHERE transfer = ?
UNION SELECT entry FROM undo_ask WHERE transfer = ?
"""


def _texts(tx: Tx, entries: Iterable[int]) -> tuple[OwnText, ...]:
    found = (own_text(tx, entry) for entry in entries if chain.by_number(tx, entry) is not None)
    return tuple(text for text in found if text is not None)
