"""Truth tables of hubs' lives: which there were, what was said in those before, and what contradicts itself."""

from typing import Final

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class OutgoingPast(Table):
    """What the book had put on this hub's feed in an earlier life; the fields are ``Outgoing``'s."""

    TABLE_CLASS = TRUTH

    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    kind = pw.IntegerField()
    to = pw.IntegerField()
    amount = pw.IntegerField()
    body = pw.BlobField()
    text_entry = pw.IntegerField(null=True)
    text_field = pw.TextField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "outgoing_past"
        primary_key = pw.CompositeKey("incarnation", "number")


class LifeRow(Table):
    """A life of a hub's feed, our own ones too; of a hub that has had one life alone there is no row.

    ``closed_number`` and ``closed_head`` say where the life before it ended, as the certificate has
    it; ``read`` up to where we had read that one when we saw the certificate (0 for our own).
    """

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    signing_key = pw.BlobField()
    closed_number = pw.IntegerField()
    closed_head = pw.BlobField()
    certificate = pw.BlobField()
    read = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "life"
        primary_key = pw.CompositeKey("hub", "incarnation")


class RulingRow(Table):
    """An entry of the roster that ends a fork: the founders name the certificate of the hub's next life."""

    TABLE_CLASS = TRUTH

    seq = pw.IntegerField(primary_key=True)
    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    certificate = pw.BlobField()
    hash = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "ruling"


class RivalRow(Table):
    """A second certificate of one life of a hub: its root has signed two, and that proves a fork."""

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    signing_key = pw.BlobField()
    closed_number = pw.IntegerField()
    closed_head = pw.BlobField()
    certificate = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "rival"
        primary_key = pw.CompositeKey("hub", "incarnation")


class ForkRow(Table):
    """A life of a hub that has told two stories: the digests of two frames that contradict each other.

    ``ruled_entry``: the entry of the founders' ruling that ended it; null while nobody has.
    """

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    one = pw.BlobField()
    other = pw.BlobField()
    entry = pw.IntegerField()
    ruled_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "fork"
        primary_key = pw.CompositeKey("hub", "incarnation")


HUB_TABLES: Final[tuple[type[Table], ...]] = (OutgoingPast, LifeRow, ForkRow, RulingRow, RivalRow)
