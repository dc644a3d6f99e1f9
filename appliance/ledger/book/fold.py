"""The state as a fold over the book: each entry goes to the subject that knows its kind.

The live write path and the replay both come through ``apply``. A kind keeps its *fold* for
every version that was ever written: when a payload changes its meaning, the new version gets
a function of its own here and the old one stays, so that old books replay under every release.
"""

from collections.abc import Callable, Mapping

from appliance.ledger.book.chain import Entry
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BadEncoding, BookDamaged, HubError

Folds = Mapping[tuple[str, int], Callable[[Tx, Entry], None]]


def apply(tx: Tx, entry: Entry, folds: Folds) -> None:
    """Fold one entry into the state.

    Raises:
        BookDamaged: no release we know of wrote this kind and version, its fields are not
            what that kind has, or it contradicts the state.
    """
    fold = folds.get((entry.act.kind, entry.act.version))
    if fold is None:
        raise BookDamaged(
            f"kind {entry.act.kind!r} version {entry.act.version} is not known here", entry.number
        )
    try:
        fold(tx, entry)
    except BookDamaged:
        raise
    except (KeyError, TypeError, ValueError, BadEncoding, HubError) as error:
        raise BookDamaged(f"cannot be folded: {error!r}", entry.number) from error
