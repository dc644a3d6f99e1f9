"""Tables of this box alone: sign-ins, attempts, what was verified when.

Nothing here is truth: all of it may be lost without anybody's credit changing.
"""

import peewee as pw

from appliance.ledger.book.schema import LOCAL, Table


class Session(Table):
    """A browser that has visited. ``member`` is null until it has signed in."""

    TABLE_CLASS = LOCAL

    token = pw.BlobField(primary_key=True)
    member = pw.IntegerField(null=True, index=True)
    data = pw.TextField()
    boot = pw.TextField()
    seen_ms = pw.IntegerField(index=True)

    class Meta:
        table_name = "session"


class Attempt(Table):
    """Wrong PINs for one member from one known device, or from all unknown ones (``device`` empty).

    The wait is kept as time left within a boot: a reboot begins it again in full.
    """

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    device = pw.BlobField()
    failures = pw.IntegerField()
    boot = pw.TextField()
    until_ms = pw.IntegerField()
    wait_ms = pw.IntegerField()

    class Meta:
        table_name = "attempt"
        primary_key = pw.CompositeKey("member", "device")


class Device(Table):
    """A browser from which a member has signed in before."""

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    device = pw.BlobField()

    class Meta:
        table_name = "device"
        primary_key = pw.CompositeKey("member", "device")


class Note(Table):
    """Small facts of this box by name, such as the last head that was verified."""

    TABLE_CLASS = LOCAL

    name = pw.TextField(primary_key=True)
    value = pw.TextField()

    class Meta:
        table_name = "note"


LOCAL_TABLES: tuple[type[Table], ...] = (Session, Attempt, Device, Note)
