"""The truth, continued: whose personal text is to be erased, and which entries' is."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class Erasure(Table):
    """A wish that personal text be erased: all of a member's, or that of one entry (``entry``; 0: all).

    ``state``: asked (by the member), waiting (a keeper has written it down, ``until_ms`` is when it
    becomes final), kept (taken back) or done. ``asked_entry`` is null when nobody but a keeper wrote it.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    member = pw.IntegerField(index=True)
    entry = pw.IntegerField()
    state = pw.TextField(index=True)
    keeper = pw.IntegerField(null=True)
    until_ms = pw.IntegerField(null=True)
    asked_entry = pw.IntegerField(null=True)
    begun_entry = pw.IntegerField(null=True)
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "erasure"


class Erased(Table):
    """An entry whose personal text was erased: by the erasure that named it, or by what forgot an ask (``care.forgetting``)."""

    TABLE_CLASS = TRUTH

    entry = pw.IntegerField(primary_key=True)
    erasure = pw.BlobField()

    class Meta:
        table_name = "erased"


ERASED_TABLES: tuple[type[Table], ...] = (Erasure, Erased)
