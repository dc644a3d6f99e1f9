"""The yearly closing: an entry that commits to the whole state and to what the archive holds.

It says: after entry ``upto``, whose hash is this, the truth was this (``book.state_digest``), the entries up to
there are in this file and the state in that one (``book.archive``). It moves nothing and changes nobody's
account. A replay may begin at the state it commits to; one that comes past it makes that state
itself and compares (``book.verify``).

A keeper closes, with a PIN: the closing is what later checks rest on, so somebody answers for it by
name, in a log that everybody reads (``docs/decisions/0024``). How it is prepared: ``ledger.yearly``.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import chain, shape, state_digest
from appliance.ledger.book.archive import Seal
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.schema_closing import Closing
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers

LONGEST_FILE: Final = 1 << 50


@dataclass(frozen=True, slots=True)
class CloseYear(Wordless):
    """Close the book up to an entry, as the archive's files have it."""

    KIND: ClassVar[str] = "close_year"
    VERSION: ClassVar[int] = 1

    upto: int
    link: bytes
    tables: codec.Body
    entries: Seal
    snapshot: Seal

    def payload(self) -> codec.Body:
        return {
            "upto": self.upto,
            "hash": self.link,
            "tables": self.tables,
            "entries": {"size": self.entries.size, "digest": self.entries.digest},
            "snapshot": {"size": self.snapshot.size, "digest": self.snapshot.digest},
        }


def last(tx: Tx) -> Closing | None:
    """The last closing; None before there is one."""
    found = tx.found(Closing, "1 ORDER BY seq DESC LIMIT 1")
    return found[0] if found else None


def _follows(tx: Tx, upto: int, link: bytes) -> bool:
    """Whether the book can be closed there: an entry of it, after the last closing."""
    row, before = tx.get(EntryRow, number=upto), last(tx)
    return row is not None and bytes(row.hash) == link and (before is None or before.entry <= upto)


def _decide(tx: Tx, command: CloseYear, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if not _follows(tx, command.upto, command.link):
        return Refusal(Code.WRONG_STATUS, {}, (Action.HOME,))
    before = last(tx)
    return {"closing": 1 if before is None else before.seq + 1}


def _warrant(tx: Tx, entry: Entry) -> bool:
    p, before = entry.act.payload, last(tx)
    follows = p["upto"] < entry.number and _follows(tx, p["upto"], p["hash"])
    numbered = entry.outcome == {"closing": 1 if before is None else before.seq + 1}
    return powers.by_keeper(tx, entry) and follows and numbered


def _apply(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    tx.insert(
        Closing,
        seq=entry.outcome["closing"],
        upto=p["upto"],
        hash=p["hash"],
        state=state_digest.root(p["tables"]),
        entries_size=p["entries"]["size"],
        entries_digest=p["entries"]["digest"],
        snapshot_size=p["snapshot"]["size"],
        snapshot_digest=p["snapshot"]["digest"],
        at_ms=entry.act.at.ms,
        entry=entry.number,
    )


_SEAL: Final = {"size": shape.whole(1, LONGEST_FILE), "digest": shape.DIGEST}


def _seal(value: Any) -> bool:
    return type(value) is dict and shape.fits(value, _SEAL)


HANDLERS = (
    Handler(
        CloseYear,
        _decide,
        _apply,
        _warrant,
        {
            "upto": shape.whole(1, chain.LAST_NUMBER),
            "hash": shape.DIGEST,
            "tables": shape.mapping,
            "entries": _seal,
            "snapshot": _seal,
        },
    ),
)
