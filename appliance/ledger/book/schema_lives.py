"""Tables of hubs that have had more than one life."""

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
