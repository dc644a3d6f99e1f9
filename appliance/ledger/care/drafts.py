"""Care that somebody has begun to write down: what this box alone keeps, until it is in the book.

Nothing here is truth. A draft carries the idempotency key of its form, so that what is sent from two
tabs, or again after a power cut, is written down once. Only who wrote it reads it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book.local import CareDraft
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant, Millis, Quality

CLAIM: Final = "claim"
SHEET: Final = "sheet"

MOST_DRAFTS: Final = 10
"""How many somebody can have at once; the one saved longest ago goes when there is one more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """``id``: the form's key; ``kind``: one claim or a sheet; ``body``: the screen's; ``at``: saved last."""

    id: bytes
    kind: str
    body: Mapping[str, Any]
    at: Instant


def keep(store: Store, ident: bytes, member: int, kind: str, body: Mapping[str, Any], at: Instant) -> bool:
    """Save a draft in place of what it was before; False when it is somebody else's.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        row = tx.get(CareDraft, id=ident)
        if row is not None and row.member != member:
            return False
        text = json.dumps(body, ensure_ascii=False)
        tx.put(CareDraft, id=ident, member=member, kind=kind, body=text, at_ms=at.ms, quality=int(at.quality))
        others = [old for old in _rows(tx, member) if bytes(old.id) != ident]
        for old in others[MOST_DRAFTS - 1 :]:  # never this one, wherever the clock stands
            tx.delete(CareDraft, CareDraft.id == old.id)
    return True


def drop(store: Store, ident: bytes, member: int) -> None:
    """Throw a draft away, if it is this member's; quietly when there is none.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        tx.delete(CareDraft, (CareDraft.id == ident) & (CareDraft.member == member))


def one(tx: Tx, ident: bytes, member: int) -> Draft | None:
    """One draft of this member's."""
    row = tx.get(CareDraft, id=ident, member=member)
    return None if row is None else _draft(row)


def all_of(tx: Tx, member: int) -> tuple[Draft, ...]:
    """A member's drafts, the one saved last first."""
    return tuple(_draft(row) for row in _rows(tx, member))


def _rows(tx: Tx, member: int) -> list[CareDraft]:
    found = CareDraft.select().where(CareDraft.member == member)
    return list(tx.rows(found.order_by(CareDraft.at_ms.desc(), CareDraft.id)))


def _draft(row: CareDraft) -> Draft:
    at = Instant(Millis(row.at_ms), Quality(row.quality))
    return Draft(bytes(row.id), row.kind, json.loads(row.body), at)
