"""The truth, continued: who has a sheet at home, and who asks to come in again with it."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class Sheet(Table):
    """The newest sheet of a member, and the key that it opens. An older sheet opens nothing."""

    TABLE_CLASS = TRUTH

    member = pw.IntegerField(primary_key=True)
    key = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "sheet"


class Reentry(Table):
    """Somebody asked with a member's sheet to choose a new PIN.

    ``state``: asked, allowed (by a keeper), stopped or done. ``until_ms``: when it needs no keeper any more.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    member = pw.IntegerField(index=True)
    state = pw.TextField(index=True)
    until_ms = pw.IntegerField()
    asked_entry = pw.IntegerField()
    keeper = pw.IntegerField(null=True)
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "reentry"


SHEET_TABLES: tuple[type[Table], ...] = (Sheet, Reentry)
