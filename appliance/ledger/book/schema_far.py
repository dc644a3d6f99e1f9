"""Tables of care that is co-signed at another hub: what is asked there, and what others ask here."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class CareAsk(Table):
    """A claim of this hub for which members of ``hub`` are asked; named by its record in our feed.

    ``terms``: those of the claim when it was asked. ``state``: open, or how it ended
    (``care.states``); the other hub has been told.
    """

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    claim = pw.BlobField(index=True)
    terms = pw.BlobField()
    state = pw.TextField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "care_ask"
        primary_key = pw.CompositeKey("incarnation", "number")


class FarWitness(Table):
    """Member ``member`` of hub ``hub`` as a co-signer of a claim here.

    ``state``: asked, signed, declined, unknown (no such member there), waiting (the signature is here,
    the key is not), refused (``why``: it does not count). ``public``: the key that ``signature`` was
    checked with. ``entry``: of the last change.
    """

    TABLE_CLASS = TRUTH

    claim = pw.BlobField()
    hub = pw.IntegerField()
    member = pw.IntegerField()
    state = pw.TextField(index=True)
    why = pw.TextField(null=True)
    signature = pw.BlobField(null=True)
    public = pw.BlobField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "far_witness"
        primary_key = pw.CompositeKey("claim", "hub", "member")
        indexes = ((("hub", "member"), False),)


class FarKey(Table):
    """The key of a member of another hub, as that hub last certified it. ``seq``: which of theirs it is."""

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField()
    member = pw.IntegerField()
    seq = pw.IntegerField()
    public = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "far_key"
        primary_key = pw.CompositeKey("hub", "member")


class KeyTold(Table):
    """The key of a member of this hub that ``hub`` has been told last."""

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField()
    member = pw.IntegerField()
    public = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "key_told"
        primary_key = pw.CompositeKey("hub", "member")


class AskedHere(Table):
    """Care given at hub ``hub`` for which members here are asked; named by its record in that hub's feed.

    ``state``: open, or how it ended there.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    terms = pw.BlobField()
    carer = pw.IntegerField()
    category = pw.TextField()
    minutes = pw.IntegerField()
    day = pw.IntegerField()
    amount = pw.IntegerField()
    until = pw.IntegerField(null=True)
    state = pw.TextField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "asked_here"
        indexes = ((("hub", "incarnation", "number"), True), (("hub", "carer"), False))


class AskedOf(Table):
    """A member of this hub who is asked. ``state``: asked, signed, declined, or refused by the other hub (``why``)."""

    TABLE_CLASS = TRUTH

    ask = pw.BlobField()
    member = pw.IntegerField()
    state = pw.TextField()
    why = pw.TextField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "asked_of"
        primary_key = pw.CompositeKey("ask", "member")
        indexes = ((("member", "state"), False),)


FAR_TABLES: tuple[type[Table], ...] = (CareAsk, FarWitness, FarKey, KeyTold, AskedHere, AskedOf)
