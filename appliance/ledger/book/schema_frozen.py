"""The truth, continued: what members were before they were frozen."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class Frozen(Table):
    """A member who was frozen, and the status ``before``: what the member is again when freed."""

    TABLE_CLASS = TRUTH

    member = pw.IntegerField(primary_key=True)
    before = pw.TextField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "frozen"


FROZEN_TABLES: tuple[type[Table], ...] = (Frozen,)
