"""A hub that has told two stories: found, written down, told to all, and ended by the founders.

Two signed frames with different content under one hub, incarnation and number prove that two
boxes speak with one key: a card was copied, a backup was started without a restore, or the key
is in other hands. Both frames are kept (``book.feed``). Here the finding becomes an entry of the
own book, and a record for everyone: who reads it and holds only one of the two asks for the other,
and judges by that, never by the word of whoever found it.

From then on nothing of that hub takes effect here, and nothing is sent to it. What was accepted
before stands, on whichever branch it stood: at most the trunk's limit. Only the admission
authority ends it (``Ruling``): it names the certificate of the life in which the hub goes on.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import feed, letters, shape
from appliance.ledger.book.chain import KEY_BYTES, Entry
from appliance.ledger.book.feed import Contradiction
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.book.schema import RosterRow
from appliance.ledger.book.schema_hubs import ForkRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.values import HUB_NUMBERS

RULE: Final = "fork"


@dataclass(frozen=True, slots=True)
class FindFork(Wordless):
    """By rule: a hub has signed two contents under one number; the digests of both frames."""

    KIND: ClassVar[str] = "find_fork"
    VERSION: ClassVar[int] = 1

    found: Contradiction

    def payload(self) -> codec.Body:
        f = self.found
        return {
            "hub": f.hub,
            "incarnation": f.incarnation,
            "number": f.number,
            "one": f.one,
            "other": f.other,
        }

    @property
    def key(self) -> bytes:
        """One life of a hub is found forked once."""
        return codec.digest("tch.fork", codec.encode([self.found.hub, self.found.incarnation]))[:KEY_BYTES]


def open_fork(tx: Tx, hub: int) -> ForkRow | None:
    """The fork of a hub that nobody has ended yet."""
    rows = tx.rows(ForkRow.select().where((ForkRow.hub == hub) & ForkRow.ruled_entry.is_null()).limit(1))
    return rows[0] if rows else None


def refuse_forked(tx: Tx, hub: int) -> Refusal | None:
    """The refusal of anything that needs an answer of ``hub``."""
    if open_fork(tx, hub) is None:
        return None
    return Refusal(Code.HUB_FORKED, {"hub": hub}, (Action.ASK_KEEPER,))


def _decide(tx: Tx, command: FindFork, asking: Asking) -> codec.Body | Refusal:
    f = command.found
    if tx.get(RosterRow, hub=f.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": f.hub}, ())
    if tx.get(ForkRow, hub=f.hub, incarnation=f.incarnation) is not None or f.one == f.other:
        return Refusal(Code.WRONG_STATUS, {"hub": f.hub}, ())
    return {}


def _stands(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    known = tx.get(RosterRow, hub=p["hub"]) is not None
    return (
        known
        and p["one"] != p["other"]
        and tx.get(ForkRow, hub=p["hub"], incarnation=p["incarnation"]) is None
    )


def _apply(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    ruled = tx.first(_RULED, p["hub"], p["incarnation"])
    tx.insert(ForkRow, **p, entry=entry.number, ruled_entry=ruled[0] if ruled else None)
    if p["hub"] == entry.act.place.hub:
        return  # our own clone: whatever this box signs now could be a third story
    found = Contradiction(**p)
    feed.emit(tx, entry, Kind.FORK, EVERYONE, letters.fork(found))


# The founders may have ended it before its proof came here.
_RULED: Final = "SELECT entry FROM ruling WHERE hub = ? AND incarnation > ? ORDER BY seq LIMIT 1"

_SHAPE: Final = {
    "hub": shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1),
    "incarnation": shape.whole(1, (1 << 16) - 1),
    "number": shape.whole(0, (1 << 40) - 1),
    "one": shape.DIGEST,
    "other": shape.DIGEST,
}

HANDLERS = (Handler(FindFork, _decide, _apply, _stands, _SHAPE, ("hub",)),)
