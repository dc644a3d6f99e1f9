"""What this box alone keeps of paper slips: piles that are being typed in, and who has read theirs.

Nothing here is truth. A draft that is lost is typed in again; a slip that nobody remembers as read
is shown once more.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book.local import SlipDraft, SlipSeen
from appliance.ledger.book.schema_credit import Slip
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.clock import Instant, Millis, Quality

MOST_DRAFTS: Final = 30
"""How many a keeper can have at once; the oldest goes when there is one more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A pile that ``keeper`` has begun to type in. ``body`` is the screen's; ``at``: saved last."""

    pile: bytes
    keeper: int
    body: Mapping[str, Any]
    at: Instant


def keep_draft(store: Store, pile: bytes, keeper: int, body: Mapping[str, Any], at: Instant) -> bool:
    """Save a draft in place of what it was before; False when it is another keeper's, or in the book.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        row = tx.get(SlipDraft, pile=pile)
        if (row is not None and row.keeper != keeper) or tx.get(Slip, pile=pile) is not None:
            return False
        text = json.dumps(body, ensure_ascii=False)
        tx.put(SlipDraft, pile=pile, keeper=keeper, body=text, at_ms=at.ms, quality=int(at.quality))
        mine = tx.rows(SlipDraft.select().where(SlipDraft.keeper == keeper).order_by(SlipDraft.at_ms.desc()))
        for old in mine[MOST_DRAFTS:]:
            tx.delete(SlipDraft, SlipDraft.pile == old.pile)
    return True


def drop_draft(store: Store, pile: bytes, keeper: int) -> None:
    """Throw a draft away, if it is this keeper's."""
    with store.write() as tx:
        tx.delete(SlipDraft, (SlipDraft.pile == pile) & (SlipDraft.keeper == keeper))


def draft(tx: Tx, pile: bytes, keeper: int) -> Draft | None:
    """One draft of this keeper's."""
    row = tx.get(SlipDraft, pile=pile, keeper=keeper)
    return None if row is None else _draft(row)


def drafts(tx: Tx, keeper: int) -> tuple[Draft, ...]:
    """A keeper's drafts, the one saved last first; without those that have got into the book meanwhile."""
    rows = tx.rows(SlipDraft.select().where(SlipDraft.keeper == keeper).order_by(SlipDraft.at_ms.desc()))
    return tuple(_draft(row) for row in rows if tx.get(Slip, pile=row.pile) is None)


def _draft(row: SlipDraft) -> Draft:
    at = Instant(Millis(row.at_ms), Quality(row.quality))
    return Draft(bytes(row.pile), row.keeper, json.loads(row.body), at)


def keep_seen(store: Store, member: int, transfers: Iterable[bytes]) -> None:
    """Remember that ``member`` has read these slips and says that they are right.

    Raises:
        WriteBusy, DataDirectoryError: it could not be written.
    """
    with store.write() as tx:
        for transfer in transfers:
            if tx.get(Slip, transfer=transfer) is not None:
                tx.put(SlipSeen, member=member, transfer=transfer)
