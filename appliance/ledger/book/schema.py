"""The truth: the book, and the tables that are folded from it.

Every model names its class (``TABLE_CLASS``). *truth* tables hold what replaying the book
gives again, row by row; nothing in them may come from anywhere else. Models are bound to no
database: each query is bound to the one it runs on (``store.Tx``), so that two hubs, or a
hub and its replay, live side by side in one process.
"""

from typing import Any, ClassVar

import peewee as pw

TRUTH = "truth"
PRIVATE = "private"
LOCAL = "local"


class Table(pw.Model):
    """Root of all models; says which class of data a table holds."""

    TABLE_CLASS: ClassVar[str]

    class Meta:
        legacy_table_names = False


class Entry(Table):
    """One entry of the book (``chain.py``). The source of every row below."""

    TABLE_CLASS = "book"

    number = pw.IntegerField(primary_key=True)
    hash = pw.BlobField()
    body = pw.BlobField()
    authority = pw.TextField()
    key = pw.BlobField()
    kind = pw.TextField(index=True)

    class Meta:
        table_name = "entry"
        indexes = ((("authority", "key"), True),)


class Setting(Table):
    """The community's rules in force, a canonical map per group of settings."""

    TABLE_CLASS = TRUTH

    name = pw.TextField(primary_key=True)
    body = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "setting"


class Member(Table):
    """A person. ``number`` is also the number of the person's first account."""

    TABLE_CLASS = TRUTH

    number = pw.IntegerField(primary_key=True)
    status = pw.TextField(index=True)
    keeper = pw.BooleanField()
    name_entry = pw.IntegerField()
    applied_entry = pw.IntegerField()
    status_entry = pw.IntegerField()

    class Meta:
        table_name = "member"


class MemberKey(Table):
    """The log of a member's public keys. The one without ``ended_entry`` is in force."""

    TABLE_CLASS = TRUTH

    member = pw.IntegerField()
    seq = pw.IntegerField()
    public = pw.BlobField()
    entry = pw.IntegerField()
    ended_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "member_key"
        primary_key = pw.CompositeKey("member", "seq")


class AccountRow(Table):
    """An account of a member or the commons (trunks and *unresolved* come with more hubs).

    ``balance`` is the sum of the account's postings. ``low`` and ``high`` are its hard limits
    (null: none). ``held`` is what its owner's unanswered requests keep aside on the high side.
    """

    TABLE_CLASS = TRUTH

    number = pw.IntegerField(primary_key=True)
    kind = pw.TextField()
    owner = pw.IntegerField(null=True)
    balance = pw.IntegerField()
    held = pw.IntegerField()
    low = pw.IntegerField(null=True)
    high = pw.IntegerField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "account"


class Transfer(Table):
    """A movement of credit, or the request for one.

    ``kind``: payment, request, reversal or care. ``state``: pending, done, declined or
    cancelled. ``payer`` is null while an open request has found nobody.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    code = pw.TextField(null=True, unique=True)
    kind = pw.TextField()
    state = pw.TextField()
    payer = pw.IntegerField(null=True)
    payee = pw.IntegerField()
    amount = pw.IntegerField()
    category = pw.TextField()
    text_entry = pw.IntegerField(null=True)
    opened_entry = pw.IntegerField()
    opened_ms = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)
    closed_ms = pw.IntegerField(null=True)
    closed_quality = pw.IntegerField(null=True)
    reverses = pw.BlobField(null=True, unique=True)
    reversed_by = pw.BlobField(null=True)
    claim = pw.BlobField(null=True)

    class Meta:
        table_name = "transfer"
        indexes = (
            (("payer", "state"), False),
            (("payee", "state"), False),
            (("payer", "payee", "amount", "closed_ms"), False),
        )


class Posting(Table):
    """A line of a transfer. The lines of one transfer sum to zero."""

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField()
    account = pw.IntegerField()
    amount = pw.IntegerField()
    balance_after = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "posting"
        primary_key = pw.CompositeKey("transfer", "account")
        indexes = ((("account", "entry"), False),)


class Listing(Table):
    """An offer or a want. ``price`` is null when it is to be agreed."""

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    owner = pw.IntegerField(index=True)
    kind = pw.TextField()
    category = pw.TextField()
    price = pw.IntegerField(null=True)
    state = pw.TextField(index=True)
    text_entry = pw.IntegerField()
    opened_entry = pw.IntegerField(index=True)
    opened_ms = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "listing"


class Claim(Table):
    """Care that somebody gave and others are asked to confirm.

    ``state``: open, confirmed (quorum reached, the commons has not paid yet), paid or
    withdrawn. ``terms`` is the digest that co-signers sign.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    code = pw.TextField(unique=True)
    carer = pw.IntegerField(index=True)
    category = pw.TextField()
    minutes = pw.IntegerField()
    day = pw.IntegerField()
    amount = pw.IntegerField()
    quorum = pw.IntegerField()
    state = pw.TextField(index=True)
    terms = pw.BlobField()
    text_entry = pw.IntegerField()
    opened_entry = pw.IntegerField()
    opened_ms = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)
    transfer = pw.BlobField(null=True)

    class Meta:
        table_name = "claim"


class Witness(Table):
    """Somebody asked to co-sign a claim, or who did. ``state``: asked, signed or declined."""

    TABLE_CLASS = TRUTH

    claim = pw.BlobField()
    member = pw.IntegerField(index=True)
    state = pw.TextField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "witness"
        primary_key = pw.CompositeKey("claim", "member")


TRUTH_TABLES: tuple[type[Table], ...] = (
    Setting,
    Member,
    MemberKey,
    AccountRow,
    Transfer,
    Posting,
    Listing,
    Claim,
    Witness,
)


def primary_key(model: type[Table]) -> tuple[str, ...]:
    """The names of the columns that name a row of ``model``."""
    key: Any = model._meta.primary_key  # noqa: SLF001 - peewee's documented way to reach it
    return tuple(key.field_names) if isinstance(key, pw.CompositeKey) else (key.name,)
