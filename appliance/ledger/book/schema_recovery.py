"""Tables of what follows a restore: what is waited for, what came back, and what nobody has claimed yet."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class Restored(Table):
    """A life of this hub that began with a backup (or with a book that had lost its end).

    ``old`` is the life before, ``closed`` the number of the last own record of it that the book knew
    to have been said. ``last_entry`` is the last entry that came out of the backup. New members get
    numbers from ``numbers_from``. ``sign_in_entry``: where keepers opened sign-in; null while it waits.
    """

    TABLE_CLASS = TRUTH

    incarnation = pw.IntegerField(primary_key=True)
    old = pw.IntegerField()
    closed = pw.IntegerField()
    last_entry = pw.IntegerField()
    numbers_from = pw.IntegerField()
    entry = pw.IntegerField()
    sign_in_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "restored"


class Awaited(Table):
    """A neighbour that must say up to where it had read this hub before the life ``incarnation``.

    ``gates``: what members may send waits for it. ``heard_entry``: it has said so, in record ``number``
    of its feed ``life``: ``read`` of the feed ``old``. ``named_entry``: a keeper named the risk of going
    on without it.
    """

    TABLE_CLASS = TRUTH

    incarnation = pw.IntegerField()
    hub = pw.IntegerField()
    gates = pw.BooleanField()
    entry = pw.IntegerField()
    heard_entry = pw.IntegerField(null=True)
    life = pw.IntegerField(null=True)
    number = pw.IntegerField(null=True)
    old = pw.IntegerField(null=True)
    read = pw.IntegerField(null=True)
    named_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "awaited"
        primary_key = pw.CompositeKey("incarnation", "hub")


class Recovered(Table):
    """A payment between hubs of which only the neighbour's book knew, posted again here.

    ``near`` is the account here that it was of or for, ``account`` where it was posted: the same, or
    *unresolved*. ``life`` and ``number`` name this hub's own record about it. ``claimed_by`` is the
    transfer that moved it from there to a member.
    """

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    hub = pw.IntegerField()
    life = pw.IntegerField()
    number = pw.IntegerField()
    near = pw.IntegerField(index=True)
    account = pw.IntegerField()
    entry = pw.IntegerField()
    claimed_by = pw.BlobField(null=True)

    class Meta:
        table_name = "recovered"


RECOVERY_TABLES: tuple[type[Table], ...] = (Restored, Awaited, Recovered)
