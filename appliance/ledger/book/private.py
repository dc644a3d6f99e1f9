"""Personal text and sealed keys: what can be erased without breaking the chain.

An entry's personal words (a name, a note) are not in the book. The book holds a salted
digest of them; the words and the salt are here, one row a field, under the entry's number.
"""

import peewee as pw

from appliance.ledger import codec
from appliance.ledger.book.schema import PRIVATE, Table
from appliance.ledger.book.schema_market import Photo
from appliance.ledger.book.schema_talk import PRIVATE_TALK_TABLES


class PrivateText(Table):
    """One field of personal text of one entry."""

    TABLE_CLASS = PRIVATE

    entry = pw.IntegerField()
    field = pw.TextField()
    text = pw.TextField()

    class Meta:
        table_name = "private_text"
        primary_key = pw.CompositeKey("entry", "field")


class PrivateSalt(Table):
    """The salt of one entry's digest. Erasing it erases what the digest could confirm."""

    TABLE_CLASS = PRIVATE

    entry = pw.IntegerField(primary_key=True)
    salt = pw.BlobField()

    class Meta:
        table_name = "private_salt"


class SealedKeyRow(Table):
    """A member's present key, sealed under PIN and pepper."""

    TABLE_CLASS = PRIVATE

    member = pw.IntegerField(primary_key=True)
    public = pw.BlobField()
    salt = pw.BlobField()
    passes = pw.IntegerField()
    memory = pw.IntegerField()
    box = pw.BlobField()

    class Meta:
        table_name = "sealed_key"


class SealedSheet(Table):
    """A member's key, sealed under the secret of the sheet at home and the pepper (``keys.seal_for_sheet``)."""

    TABLE_CLASS = PRIVATE

    member = pw.IntegerField(primary_key=True)
    public = pw.BlobField()
    box = pw.BlobField()

    class Meta:
        table_name = "sealed_sheet"


PRIVATE_TABLES: tuple[type[Table], ...] = (
    PrivateText,
    PrivateSalt,
    SealedKeyRow,
    SealedSheet,
    Photo,
    *PRIVATE_TALK_TABLES,
)


def private_digest(salt: bytes, fields: dict[str, str]) -> bytes:
    """What the chain holds of ``fields``."""
    return codec.digest("tch.private", codec.encode(dict(fields)), key=salt)
