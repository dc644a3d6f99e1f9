"""The truth, continued: the yearly closings of the book."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class Closing(Table):
    """A closing: the state after entry ``upto``, whose hash is ``hash``, and what the archive holds.

    ``state`` is the digest of what the closing says of all truth tables (``state_digest``); ``entries_`` and
    ``snapshot_`` are lengths and digests of the two files (``archive``). ``entry`` is the closing itself,
    which comes after ``upto``: people go on trading while it is prepared.
    """

    TABLE_CLASS = TRUTH

    seq = pw.IntegerField(primary_key=True)
    upto = pw.IntegerField(unique=True)
    hash = pw.BlobField()
    state = pw.BlobField()
    entries_size = pw.IntegerField()
    entries_digest = pw.BlobField()
    snapshot_size = pw.IntegerField()
    snapshot_digest = pw.BlobField()
    at_ms = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "closing"


CLOSING_TABLES: tuple[type[Table], ...] = (Closing,)
