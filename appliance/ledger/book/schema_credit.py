"""The truth, continued: kinds of accounts, who may act for whom, what waits for others, what came on paper or in files."""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class Terms(Table):
    """What kind of account it is, and until when its present limits hold.

    ``grp``: person, household, business or organisation; an account without a row is a person's.
    ``until_ms``: when limits that a keeper set for a while lapse; null when they stay.
    """

    TABLE_CLASS = TRUTH

    account = pw.IntegerField(primary_key=True)
    grp = pw.TextField()
    until_ms = pw.IntegerField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "terms"


class Grant(Table):
    """Somebody who may act on an account that is another's.

    ``kind``: helper (acts for the owner) or joint (a household's, a shop's). ``state``: asked,
    agreed (in force) or ended. One row a person and account; a new grant takes its place.
    ``agreed_entry``: when it was last agreed to, which may have been a grant before this one.
    """

    TABLE_CLASS = TRUTH

    account = pw.IntegerField()
    member = pw.IntegerField(index=True)
    kind = pw.TextField()
    state = pw.TextField()
    asked_entry = pw.IntegerField()
    agreed_entry = pw.IntegerField(null=True)
    ended_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "grant"
        primary_key = pw.CompositeKey("account", "member")


class Further(Table):
    """A further account of a member, beside the first one. ``state``: open or closed.

    Its owner and numbers stand in *account*; its name is private text beside ``name_entry``.
    """

    TABLE_CLASS = TRUTH

    account = pw.IntegerField(primary_key=True)
    name_entry = pw.IntegerField()
    state = pw.TextField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "further"


class Voucher(Table):
    """A member who says of a newcomer: I know this person."""

    TABLE_CLASS = TRUTH

    newcomer = pw.IntegerField()
    member = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "voucher"
        primary_key = pw.CompositeKey("newcomer", "member")


class Departure(Table):
    """A member who is leaving or has left. ``how``: left, died or moved.

    ``hub`` and ``account``: where somebody who moves will be; ``told``: others here may know it.
    ``closed_entry`` when the accounts are closed.
    """

    TABLE_CLASS = TRUTH

    member = pw.IntegerField(primary_key=True)
    how = pw.TextField()
    hub = pw.IntegerField(null=True)
    account = pw.IntegerField(null=True)
    told = pw.BooleanField()
    entry = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "departure"


class Import(Table):
    """A file that a keeper took in, or agreed to beforehand. ``digest`` is the file's.

    ``what``: members, openings, listings or transfers. ``terms`` is the digest of what the file
    was understood to say. ``agreed``: the keeper who agreed to it; ``keeper``: who took it in,
    null while nobody has. ``left``: how many entries of it have still to come. ``others``: how many
    other keepers there were when it was taken in.
    """

    TABLE_CLASS = TRUTH

    digest = pw.BlobField()
    what = pw.TextField()
    terms = pw.BlobField()
    agreed = pw.IntegerField(null=True)
    agreed_entry = pw.IntegerField(null=True)
    keeper = pw.IntegerField(null=True)
    left = pw.IntegerField()
    others = pw.IntegerField()
    entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "import"
        primary_key = pw.CompositeKey("digest", "what")


class Share(Table):
    """One person's part of a split transfer.

    ``state``: asked, accepted, declined, left_out or done. ``phrase``: why it was declined, or empty.
    """

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField()
    account = pw.IntegerField(index=True)
    amount = pw.IntegerField()
    state = pw.TextField()
    phrase = pw.TextField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "share"
        primary_key = pw.CompositeKey("transfer", "account")


class Aside(Table):
    """What an account's accepted shares of unfinished splits keep aside on its low side."""

    TABLE_CLASS = TRUTH

    account = pw.IntegerField(primary_key=True)
    amount = pw.IntegerField()

    class Meta:
        table_name = "aside"


class Due(Table):
    """Until when a request waits for an answer: what nobody answers expires."""

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    until_ms = pw.IntegerField(index=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "due"


class Answered(Table):
    """Why a request was declined: one of the kind phrases."""

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    phrase = pw.TextField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "answered"


class UndoAsk(Table):
    """A payer who asks the payee to give a payment back. ``state``: open, agreed, declined or withdrawn."""

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    member = pw.IntegerField()
    state = pw.TextField(index=True)
    entry = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "undo_ask"


class Dispute(Table):
    """A transfer that somebody contests. ``state``: open, reversed, settled or withdrawn."""

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    member = pw.IntegerField(index=True)
    state = pw.TextField(index=True)
    until_ms = pw.IntegerField()
    entry = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "dispute"


class Slip(Table):
    """A transfer that a keeper typed in from paper. ``day`` is days since 1970-01-01.

    ``pile`` names the pile that it came in, ``line`` its place there, from 1. ``payer`` and ``payee``
    are the transfer's, to be found by.
    """

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    pile = pw.BlobField()
    line = pw.IntegerField()
    day = pw.IntegerField()
    payer = pw.IntegerField()
    payee = pw.IntegerField(index=True)
    keeper = pw.IntegerField()
    entry = pw.IntegerField(index=True)

    class Meta:
        table_name = "slip"
        indexes = ((("pile", "line"), True), (("payer", "payee", "day"), False))


class Proposal(Table):
    """An act that needs two keepers (``kind``), and waits for the second.

    ``state``: open, done, declined, withdrawn or expired. ``body`` is what exactly, in canonical
    form; ``second`` the keeper who agreed or said no.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    kind = pw.TextField()
    body = pw.BlobField()
    keeper = pw.IntegerField()
    state = pw.TextField(index=True)
    until_ms = pw.IntegerField()
    entry = pw.IntegerField()
    second = pw.IntegerField(null=True)
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "proposal"


class Spending(Table):
    """Which keeper, or which two, moved what a transfer took out of the commons or cleared.

    ``second`` is null when one keeper did it alone.
    """

    TABLE_CLASS = TRUTH

    transfer = pw.BlobField(primary_key=True)
    keeper = pw.IntegerField(index=True)
    second = pw.IntegerField(null=True)
    amount = pw.IntegerField()
    at_ms = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "spending"


CREDIT_TABLES: tuple[type[Table], ...] = (
    Terms,
    Grant,
    Further,
    Voucher,
    Departure,
    Import,
    Share,
    Aside,
    Due,
    Answered,
    UndoAsk,
    Dispute,
    Slip,
    Proposal,
    Spending,
)
