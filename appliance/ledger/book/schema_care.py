"""Tables of Proof of Care beyond the claim and its witnesses: terms, rings, waiting, objections."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class CareTerms(Table):
    """What a claim says beyond its row (since version 2).

    ``recipient``: the member who was cared for; null when it was nobody of this hub. ``writer``: who
    wrote it down. ``start``: minute of the day at which it began, when that was said.
    ``need_recipient``, ``need_keeper``: roles that its co-signers must have. ``until_ms``: when it
    expires; null: never. ``entry``: the entry of the terms in force (the claim, or its last edit).
    """

    TABLE_CLASS = TRUTH

    claim = pw.BlobField(primary_key=True)
    recipient = pw.IntegerField(null=True)
    writer = pw.IntegerField()
    start = pw.IntegerField(null=True)
    need_recipient = pw.BooleanField()
    need_keeper = pw.BooleanField()
    until_ms = pw.IntegerField(null=True, index=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "care_terms"


class CareRing(Table):
    """Somebody of the ring that was found around a claim's carer: a keeper outside it must co-sign."""

    TABLE_CLASS = TRUTH

    claim = pw.BlobField()
    hub = pw.IntegerField()
    member = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "care_ring"
        primary_key = pw.CompositeKey("claim", "hub", "member")


class CareCooling(Table):
    """A confirmed claim that is large: it is paid from ``until_ms`` on, which ``entry`` reckoned."""

    TABLE_CLASS = TRUTH

    claim = pw.BlobField(primary_key=True)
    until_ms = pw.IntegerField(index=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "care_cooling"


class CareObjection(Table):
    """A member's word that a claim is not right.

    ``state``: open, upheld (the claim is refused), dismissed, or moot (the claim was taken back).
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    claim = pw.BlobField(index=True)
    member = pw.IntegerField()
    state = pw.TextField(index=True)
    entry = pw.IntegerField()
    keeper = pw.IntegerField(null=True)
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "care_objection"


class CareSheet(Table):
    """A claim that is a row of a weekly sheet: written down, and co-signed, together with the others.

    ``sheet``: 16 bytes that its writer chose; ``code``: what people type, and what is in its QR.
    """

    TABLE_CLASS = TRUTH

    claim = pw.BlobField(primary_key=True)
    sheet = pw.BlobField(index=True)
    code = pw.TextField(index=True)

    class Meta:
        table_name = "care_sheet"


class Parting(Table):
    """``owner`` and ``member`` held ``account`` together until ``entry``, which bears the time ``ended_ms``.

    Kept since the rules of care ask for how long they are one household still (``household_days``).
    """

    TABLE_CLASS = TRUTH

    account = pw.IntegerField()
    member = pw.IntegerField(index=True)
    entry = pw.IntegerField()
    owner = pw.IntegerField(index=True)
    ended_ms = pw.IntegerField()

    class Meta:
        table_name = "parting"
        primary_key = pw.CompositeKey("account", "member", "entry")


CARE_TABLES: tuple[type[Table], ...] = (
    CareTerms,
    CareRing,
    CareCooling,
    CareObjection,
    CareSheet,
    Parting,
)
