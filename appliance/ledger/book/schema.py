"""The truth: the book, and the tables that are folded from it.

Every model names its class (``TABLE_CLASS``). *truth* tables hold what replaying the book
gives again, row by row; nothing in them may come from anywhere else. Models are bound to no
database: each query is bound to the one it runs on (``store.Tx``), so that two hubs, or a
hub and its replay, live side by side in one process.
"""

from typing import Any

import peewee as pw

from appliance.ledger.book.schema_base import LOCAL, POST, PRIVATE, TRUTH, Table
from appliance.ledger.book.schema_care import CARE_TABLES
from appliance.ledger.book.schema_clock import CLOCK_TABLES
from appliance.ledger.book.schema_closing import CLOSING_TABLES
from appliance.ledger.book.schema_credit import CREDIT_TABLES
from appliance.ledger.book.schema_erased import ERASED_TABLES
from appliance.ledger.book.schema_far import FAR_TABLES
from appliance.ledger.book.schema_frozen import FROZEN_TABLES
from appliance.ledger.book.schema_hubs import HUB_TABLES
from appliance.ledger.book.schema_market import MARKET_TABLES
from appliance.ledger.book.schema_recovery import RECOVERY_TABLES
from appliance.ledger.book.schema_sheets import SHEET_TABLES
from appliance.ledger.book.schema_talk import TALK_TABLES
from appliance.ledger.book.schema_trading import TRADING_TABLES

__all__ = [
    "LOCAL",
    "POST",
    "PRIVATE",
    "TRUTH",
    "TRUTH_TABLES",
    "Table",
    "primary_key",
]


class Entry(Table):
    """One entry of the book (``chain.py``). The source of every row below.

    ``body`` is empty once a closing has moved it to the archive (``archive``); all else stays.
    """

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
    """An account of a member, of the commons, a trunk toward a neighbour, or *unresolved*
    (what a recovery found of accounts that are not there).

    ``balance`` is the sum of the account's postings. ``low`` and ``high`` are its hard limits
    (null: none). ``held`` is what its owner's unanswered requests keep aside on the high side.
    """

    TABLE_CLASS = TRUTH

    number = pw.IntegerField(primary_key=True)
    kind = pw.TextField()
    owner = pw.IntegerField(null=True, index=True)
    balance = pw.IntegerField()
    held = pw.IntegerField()
    low = pw.IntegerField(null=True)
    high = pw.IntegerField(null=True)
    entry = pw.IntegerField()

    aside: int = 0
    """Not a column: what ``accounts.get`` found in the table *aside*."""

    owner_status: str | None = None
    """Not a column: how its owner stands as a member; None without an owner."""

    moving: bool = False
    """Not a column: its owner moves to another hub, so that it goes to zero only."""

    class Meta:
        table_name = "account"


class Transfer(Table):
    """A movement of credit, or the request for one.

    ``kind``: payment, request, reversal, care; sent or received when the other side is an
    account of another hub, for which its trunk stands (``Crossing`` knows whose). ``state``:
    pending, done, declined or cancelled; of sent ones on_way, arrived or returned; of received
    ones held, done or returned. ``payer`` is null while an open request has found nobody.
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
            (("opened_entry",), False),
        )


_THE_FEW_THAT_CAME_BACK = Transfer.index(Transfer.payee, Transfer.opened_ms, where=pw.SQL("kind = 'refund'"))
Transfer.add_index(_THE_FEW_THAT_CAME_BACK)
_CARE_BY_TIME = Transfer.index(Transfer.closed_ms, where=pw.SQL("kind = 'care'"))
Transfer.add_index(_CARE_BY_TIME)


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
    """An offer or a want (``ListingTerms`` has the rest). ``price`` is null when it is to be agreed.

    ``state``: open; expired, hidden (by a keeper), closed: these are on no market and no feed.
    """

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
    """Care that somebody gave and others are asked to confirm (``CareTerms`` has the rest).

    ``state``: open, confirmed (quorum reached, the commons has not paid yet), paid, withdrawn,
    expired or refused (an objection was upheld). ``terms`` is the digest that co-signers sign.
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


class RosterRow(Table):
    """A hub of the community, in the order of admission; ``seq`` is its index on the air.

    ``hash`` chains the roster; ``certificate`` is the hub root's signature over the first
    signing key.
    """

    TABLE_CLASS = TRUTH

    seq = pw.IntegerField(primary_key=True)
    hub = pw.IntegerField(unique=True)
    name = pw.TextField()
    root_key = pw.BlobField()
    box_key = pw.BlobField()
    incarnation = pw.IntegerField()
    signing_key = pw.BlobField()
    hash = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "roster"


class Neighbour(Table):
    """What has passed between this hub and another, in all, minor units.

    ``sent`` we sent them, of which they ``arrived`` (accepted) some and we ``refunded`` others;
    of what they sent us we ``accepted`` some, ``returned`` others and hold the rest (``held``).
    The trunk's balance is sent - refunded - accepted. ``checked_entry`` is the last entry that
    compared their checkpoint with this, ``told_entry`` and ``told_ms`` the last of our checkpoints to them;
    ``mismatch_entry`` the first entry at which their word did not add up.
    """

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField(primary_key=True)
    sent = pw.IntegerField()
    arrived = pw.IntegerField()
    refunded = pw.IntegerField()
    accepted = pw.IntegerField()
    returned = pw.IntegerField()
    held = pw.IntegerField()
    checked_entry = pw.IntegerField(null=True)
    told_entry = pw.IntegerField(null=True)
    told_ms = pw.IntegerField(null=True)
    mismatch_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "neighbour"


class Crossing(Table):
    """A transfer between an account here and one of another hub.

    ``incarnation`` and ``number`` name the SENT record in its origin's feed; ``number`` is that
    of this hub's feed when it is ``outgoing``. ``far`` is the account at the other hub,
    ``near`` the one here (which may not exist, when it came back). ``answer`` is the number of
    the answering record in the answering hub's feed, ``why`` the reason of a return.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    outgoing = pw.BooleanField()
    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    near = pw.IntegerField()
    far = pw.IntegerField()
    amount = pw.IntegerField()
    state = pw.TextField()
    why = pw.TextField(null=True)
    recalled = pw.BooleanField()
    answer = pw.IntegerField(null=True)
    opened_entry = pw.IntegerField()
    opened_ms = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "crossing"
        indexes = (
            (("hub", "outgoing", "incarnation", "number"), True),
            (("state", "hub", "opened_entry"), False),
        )


class Outgoing(Table):
    """What the book puts on this hub's feed, in its present life: the record's place and open fields.

    ``body`` is the sealed part's plain text, but for one personal text that stands in the
    private tables (``text_entry``, ``text_field``), so that it can be erased.
    """

    TABLE_CLASS = TRUTH

    number = pw.IntegerField(primary_key=True)
    kind = pw.IntegerField()
    to = pw.IntegerField()
    amount = pw.IntegerField()
    body = pw.BlobField()
    text_entry = pw.IntegerField(null=True)
    text_field = pw.TextField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "outgoing"


class Shown(Table):
    """What the feed last said of a member's name or a listing: whether others may show it.

    ``subject``: person (``item`` is the member) or listing (``item`` is the entry that opened it).
    """

    TABLE_CLASS = TRUTH

    subject = pw.TextField()
    item = pw.IntegerField()
    shown = pw.BooleanField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "shown"
        primary_key = pw.CompositeKey("subject", "item")


class NameConsent(Table):
    """A member who lets other hubs know number and short name."""

    TABLE_CLASS = TRUTH

    member = pw.IntegerField(primary_key=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "name_consent"


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
    RosterRow,
    Neighbour,
    Crossing,
    Outgoing,
    Shown,
    NameConsent,
    *CREDIT_TABLES,
    *HUB_TABLES,
    *ERASED_TABLES,
    *FROZEN_TABLES,
    *RECOVERY_TABLES,
    *CLOCK_TABLES,
    *CARE_TABLES,
    *CLOSING_TABLES,
    *SHEET_TABLES,
    *FAR_TABLES,
    *MARKET_TABLES,
    *TRADING_TABLES,
    *TALK_TABLES,
)


def primary_key(model: type[Table]) -> tuple[str, ...]:
    """The names of the columns that name a row of ``model``."""
    key: Any = model._meta.primary_key  # noqa: SLF001 - peewee's documented way to reach it
    return tuple(key.field_names) if isinstance(key, pw.CompositeKey) else (key.name,)
