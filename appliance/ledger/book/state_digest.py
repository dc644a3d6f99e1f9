"""What a closing says of the truth: how many rows each table has, and a digest over them in order.

A table's digest covers its rows in the order of the primary key, each as the canonical form (``codec``) of
its values in the order of the columns that are named with it. So a later release, whose tables have more
columns, finds the same digest of the same book: it asks for the columns of then. It is made row by row.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from appliance.ledger import codec
from appliance.ledger.book.schema import TRUTH_TABLES, primary_key
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BadEncoding, BookDamaged

Tables = Mapping[str, Mapping[str, Any]]
"""By table's name: ``columns`` (their names), ``rows`` (how many) and ``digest``."""

_TELL_EVERY: Final = 5_000
_MODELS: Final = {model._meta.table_name: model for model in TRUTH_TABLES}  # noqa: SLF001 - peewee's documented metadata


def of_state(tx: Tx, told: Callable[[int], None] | None = None) -> codec.Body:
    """What can be said of all truth tables now.

    Args:
        told: called now and then with how many rows were read.
    """
    return _said(tx, {name: tx.columns(model) for name, model in _MODELS.items()}, told)


def differing(tx: Tx, said: Tables, told: Callable[[int], None] | None = None) -> str | None:
    """The first table that is not as ``said``; None when all are.

    Raises:
        BookDamaged: ``said`` is nothing that a closing says.
    """
    try:
        columns = {name: tuple(map(str, table["columns"])) for name, table in said.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise BookDamaged(f"a closing says of its tables what cannot be read: {error!r}") from error
    for name, names in columns.items():
        if name not in _MODELS or not set(names) <= set(tx.columns(_MODELS[name])):
            raise BookDamaged(f"a closing speaks of a table {name!r} that this release does not know so")
    found = _said(tx, columns, told)
    return next((name for name, table in said.items() if dict(table) != found[name]), None)


def root(said: Tables) -> bytes:
    """32 bytes that stand for all of it."""
    return codec.digest("tch.state", codec.encode(said))


def _said(
    tx: Tx, columns: Mapping[str, tuple[str, ...]], told: Callable[[int], None] | None
) -> dict[str, Any]:
    said, read = {}, 0
    for name, names in columns.items():
        hashed = hashlib.blake2b(digest_size=codec.DIGEST_BYTES, person=b"tch.table")
        rows = 0
        for row in tx.dump(_MODELS[name], primary_key(_MODELS[name]), names):
            try:
                hashed.update(codec.encode(row))
            except BadEncoding as error:
                raise BookDamaged(f"table {name}: a row with {error}") from error
            rows += 1
            read += 1
            if told and read % _TELL_EVERY == 0:
                told(read)
        said[name] = {"columns": list(names), "rows": rows, "digest": hashed.digest()}
    return said
