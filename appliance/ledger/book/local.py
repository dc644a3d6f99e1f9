"""Tables of this box alone: sign-ins, attempts, what was verified when, what was printed, piles being typed in.

Nothing here is truth: all of it may be lost without anybody's credit changing.
"""

import json
from dataclasses import dataclass
from typing import Final

import peewee as pw

from appliance.ledger.book.chain import Head
from appliance.ledger.book.schema import LOCAL, Table
from appliance.ledger.book.schema_clock import ClockRow
from appliance.ledger.book.schema_market import MarketSeen, NoMatchNews, OfferAsked
from appliance.ledger.book.schema_talk import MatchNew, NoticesSeen
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Millis


class Session(Table):
    """A browser that has visited. ``member`` is null until it has signed in."""

    TABLE_CLASS = LOCAL

    token = pw.BlobField(primary_key=True)
    member = pw.IntegerField(null=True, index=True)
    data = pw.TextField()
    boot = pw.TextField()
    seen_ms = pw.IntegerField(index=True)

    class Meta:
        table_name = "session"


class Attempt(Table):
    """Wrong PINs for one member from one known device, or from all unknown ones (``device`` empty).

    What else ``member`` and ``device`` may stand for: ``people.pins``.
    The wait is kept as time left within a boot: a reboot begins it again in full.
    """

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    device = pw.BlobField()
    failures = pw.IntegerField()
    boot = pw.TextField()
    until_ms = pw.IntegerField()
    wait_ms = pw.IntegerField()

    class Meta:
        table_name = "attempt"
        primary_key = pw.CompositeKey("member", "device")


class Device(Table):
    """A browser from which a member has signed in before. The highest ``seq`` was the last."""

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    device = pw.BlobField()
    seq = pw.IntegerField()

    class Meta:
        table_name = "device"
        primary_key = pw.CompositeKey("member", "device")


class Tried(Table):
    """A sign-in, or a wrong PIN: of each member the last few are kept. ``source`` is the address it came from."""

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    seq = pw.IntegerField()
    good = pw.BooleanField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    source = pw.TextField()

    class Meta:
        table_name = "tried"
        primary_key = pw.CompositeKey("member", "seq")


class Printed(Table):
    """What was last printed of an account: a statement of entries ``first`` up to, without, ``end``; or a card."""

    TABLE_CLASS = LOCAL

    account = pw.IntegerField()
    what = pw.TextField()
    first = pw.IntegerField()
    end = pw.IntegerField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()

    class Meta:
        table_name = "printed"
        primary_key = pw.CompositeKey("account", "what")


class Suspect(Table):
    """A hub of which another says that it has told two stories, while we hold only one of them."""

    TABLE_CLASS = LOCAL

    hub = pw.IntegerField(primary_key=True)
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    said_by = pw.IntegerField()

    class Meta:
        table_name = "suspect"


class Note(Table):
    """Small facts of this box by name, such as the last head that was verified."""

    TABLE_CLASS = LOCAL

    name = pw.TextField(primary_key=True)
    value = pw.TextField()

    class Meta:
        table_name = "note"


class HubHeard(Table):
    """When another hub was last heard, and what it said then.

    ``ours``: up to which number it holds this hub's feed; ``theirs``: how long it says its own is.
    ``beat`` is the highest of its summaries, so that an old one played again changes nothing.
    """

    TABLE_CLASS = LOCAL

    hub = pw.IntegerField(primary_key=True)
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    ours = pw.IntegerField()
    theirs = pw.IntegerField()
    beat = pw.IntegerField()
    snr = pw.FloatField(null=True)
    hops = pw.IntegerField(null=True)

    class Meta:
        table_name = "hub_heard"


class CareDraft(Table):
    """Care that somebody has begun to write down, one claim or a sheet; nobody else sees it."""

    TABLE_CLASS = LOCAL

    id = pw.BlobField(primary_key=True)
    member = pw.IntegerField(index=True)
    kind = pw.TextField()
    body = pw.TextField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()

    class Meta:
        table_name = "care_draft"


class SlipDraft(Table):
    """A pile of paper slips that a keeper has begun to type in. ``body`` is what was typed, as JSON.

    It goes when the pile is in the book, or when the keeper throws it away.
    """

    TABLE_CLASS = LOCAL

    pile = pw.BlobField(primary_key=True)
    keeper = pw.IntegerField(index=True)
    body = pw.TextField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()

    class Meta:
        table_name = "slip_draft"


class SlipSeen(Table):
    """A member who has read that a keeper typed in this slip, and says that it is right.

    If it is lost, the member is asked once more.
    """

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    transfer = pw.BlobField()

    class Meta:
        table_name = "slip_seen"
        primary_key = pw.CompositeKey("member", "transfer")


class ProofAsked(Table):
    """A proof of care that this hub asks ``hub`` for. ``about``: the claim's id, or the terms that were signed.

    ``state``: asked, valid (``proof`` has it, verified), bad (``why``), refused (``why``), silent. ``held`` of
    ``parts`` are here. ``bare``: no key here was of use, so all come along.
    """

    TABLE_CLASS = LOCAL

    hub = pw.IntegerField()
    about = pw.BlobField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    state = pw.TextField()
    why = pw.TextField()
    held = pw.IntegerField()
    parts = pw.IntegerField()
    bare = pw.BooleanField()
    proof = pw.BlobField(null=True)

    class Meta:
        table_name = "proof_asked"
        primary_key = pw.CompositeKey("hub", "about")


class ProofLet(Table):
    """``hub`` may ask for the proof of this claim, though none of its members signed it."""

    TABLE_CLASS = LOCAL

    claim = pw.BlobField()
    hub = pw.IntegerField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()

    class Meta:
        table_name = "proof_let"
        primary_key = pw.CompositeKey("claim", "hub")


class ProofWanted(Table):
    """``hub`` asked for the proof of this claim and got none: a keeper here may let it."""

    TABLE_CLASS = LOCAL

    claim = pw.BlobField()
    hub = pw.IntegerField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()

    class Meta:
        table_name = "proof_wanted"
        primary_key = pw.CompositeKey("claim", "hub")


LOCAL_TABLES: tuple[type[Table], ...] = (
    Session,
    Attempt,
    Device,
    Tried,
    Printed,
    Note,
    HubHeard,
    Suspect,
    SlipDraft,
    CareDraft,
    SlipSeen,
    ProofAsked,
    ProofLet,
    ProofWanted,
    NoticesSeen,
    MatchNew,
    ClockRow,
    OfferAsked,
    MarketSeen,
    NoMatchNews,
)

_VERIFIED: Final = "verified"
_LANGUAGE: Final = "language"


@dataclass(frozen=True, slots=True)
class Verified:
    """The last clean verification: where the book ended, and when that was."""

    head: Head
    at: Millis


def keep_verified(tx: Tx, verified: Verified) -> None:
    """Remember a clean verification in place of the one before."""
    value = {"head": str(verified.head), "time": verified.at, "entries": verified.head.number}
    tx.put(Note, name=_VERIFIED, value=json.dumps(value))


def last_verified(tx: Tx) -> Verified | None:
    """The last clean verification of this box; None when there was none or the note is unreadable."""
    note = tx.get(Note, name=_VERIFIED)
    if note is None:
        return None
    try:
        value = json.loads(note.value)
        return Verified(Head.parse(value["head"]), Millis(int(value["time"])))
    except (KeyError, TypeError, ValueError):
        return None


def keep_language(tx: Tx, code: str) -> None:
    """Remember the language of this box's pages for people who have chosen none."""
    tx.put(Note, name=_LANGUAGE, value=code)


def language_kept(tx: Tx) -> str | None:
    """It; None when no keeper has set one."""
    note = tx.get(Note, name=_LANGUAGE)
    return None if note is None else str(note.value)
