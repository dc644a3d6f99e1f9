"""The state as a fold over the book: each entry goes to the subject that knows its kind.

The live write path and the replay both come through ``apply``. A kind keeps its *fold* for
every version that was ever written: when a payload changes its meaning, the new version gets
a function of its own here and the old one stays, so that old books replay under every release.
"""

from collections.abc import Mapping
from typing import Protocol

from appliance.ledger.book.chain import Entry
from appliance.ledger.book.shape import Shape, fits
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Apply, Warrant
from appliance.ledger.errors import BadEncoding, BookDamaged, HubError


class Fold(Protocol):
    """What folding needs of a subject's handler (``book.subject``)."""

    @property
    def authorities(self) -> tuple[str, ...]: ...

    @property
    def shape(self) -> Shape: ...

    @property
    def warrant(self) -> Warrant: ...

    @property
    def apply(self) -> Apply: ...


Folds = Mapping[tuple[str, int], Fold]


def apply(tx: Tx, entry: Entry, folds: Folds) -> None:
    """Fold one entry into the state.

    Raises:
        BookDamaged: no release we know of wrote this kind and version, its fields are not
            what that kind has, who signed it had no power to, or it contradicts the state.
    """
    fold = folds.get((entry.act.kind, entry.act.version))
    if fold is None:
        raise BookDamaged(
            f"kind {entry.act.kind!r} version {entry.act.version} is not known here", entry.number
        )
    try:
        if not fits(entry.act.payload, fold.shape):
            raise BookDamaged(f"its fields are not those of {entry.act.kind}", entry.number)
        if entry.act.authority.partition(":")[0] not in fold.authorities or not fold.warrant(tx, entry):
            raise BookDamaged(f"{entry.act.authority} may not {entry.act.kind} this", entry.number)
        fold.apply(tx, entry)
    except BookDamaged:
        raise
    except (KeyError, TypeError, ValueError, BadEncoding, HubError) as error:
        raise BookDamaged(f"cannot be folded: {error!r}", entry.number) from error
