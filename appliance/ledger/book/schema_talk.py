"""What people say to each other and keep for themselves, beside the book; and what keepers answered to it.

Messages, marks, blocks and complaints are *private*: nobody's credit rests on them, and they can be
erased to the last byte, with who wrote to whom (``docs/decisions/0043-messages-beside-the-book.md``).
What a keeper does about them is an act, and so in the book.
"""

import peewee as pw

from appliance.ledger.book.schema_base import LOCAL, PRIVATE, TRUTH, Table


class Message(Table):
    """A message between two members of this hub. ``seq`` orders them; ``id`` makes it one, however often it is sent.

    ``about``: empty, ``listing`` or ``transfer``, of which ``item`` is the id. ``read``: by ``receiver``.
    """

    TABLE_CLASS = PRIVATE

    seq = pw.AutoField()
    id = pw.BlobField(unique=True)
    sender = pw.IntegerField()
    receiver = pw.IntegerField()
    about = pw.TextField()
    item = pw.BlobField(null=True)
    text = pw.TextField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    read = pw.BooleanField()

    class Meta:
        table_name = "message"
        indexes = ((("receiver", "read"), False), (("sender", "at_ms"), False))


class Favourite(Table):
    """Somebody, or an offer or want, that ``member`` wants to find again.

    ``kind``: member or listing; ``hub``: 0 for this one; ``item``: the member's number, or the listing's
    (of own ones the entry that opened it).
    """

    TABLE_CLASS = PRIVATE

    member = pw.IntegerField()
    kind = pw.TextField()
    hub = pw.IntegerField()
    item = pw.IntegerField()
    at_ms = pw.IntegerField()

    class Meta:
        table_name = "favourite"
        primary_key = pw.CompositeKey("member", "kind", "hub", "item")


class Block(Table):
    """``member`` wants no messages from ``other`` (of ``hub``, 0 for this one), nor to be matched."""

    TABLE_CLASS = PRIVATE

    member = pw.IntegerField()
    hub = pw.IntegerField()
    other = pw.IntegerField()
    at_ms = pw.IntegerField()

    class Meta:
        table_name = "block"
        primary_key = pw.CompositeKey("member", "hub", "other")


class Complaint(Table):
    """What ``member`` told the keepers of a message or a listing. ``said``: the words it is about, as they stood.

    ``accused`` of ``hub`` (0 for this one) wrote them. ``item``: the message's ``seq``, or the listing's number.
    ``closed_entry``: a keeper's answer; null while it waits.
    """

    TABLE_CLASS = PRIVATE

    id = pw.BlobField(primary_key=True)
    member = pw.IntegerField()
    hub = pw.IntegerField()
    accused = pw.IntegerField()
    kind = pw.TextField()
    item = pw.IntegerField()
    said = pw.TextField()
    words = pw.TextField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "complaint"
        indexes = ((("member", "at_ms"), False),)


class FarMessage(Table):
    """A message to or from somebody of another hub, as it is kept here: ``member`` is ours, ``other`` of ``hub``.

    ``mine``: ``member`` wrote it. ``entry``: of an own one, what put it on the feed (null: it waits for its turn); of one
    that came, the number that its hub gave it. ``gone``: an own one that was taken back, until the other hub has been told.
    ``about``: the number of the listing that it is about, of hub ``about_hub``; null for none.
    """

    TABLE_CLASS = PRIVATE

    seq = pw.AutoField()
    id = pw.BlobField(unique=True)
    hub = pw.IntegerField()
    member = pw.IntegerField()
    other = pw.IntegerField()
    mine = pw.BooleanField()
    text = pw.TextField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    read = pw.BooleanField()
    gone = pw.BooleanField()
    entry = pw.IntegerField(null=True)
    about_hub = pw.IntegerField(null=True)
    about = pw.IntegerField(null=True)

    class Meta:
        table_name = "far_message"
        indexes = ((("member", "at_ms"), False), (("mine", "entry"), False))


class MessageSaid(Table):
    """That this hub has put a message for ``hub`` on its feed; not whose. ``state``: said, or unsaid since."""

    TABLE_CLASS = TRUTH

    entry = pw.IntegerField(primary_key=True)
    hub = pw.IntegerField()
    at_ms = pw.IntegerField(index=True)
    state = pw.TextField()

    class Meta:
        table_name = "message_said"


class NoticesSeen(Table):
    """Up to when a member has seen what the first page tells. If it is lost, it is all new once more."""

    TABLE_CLASS = LOCAL

    member = pw.IntegerField(primary_key=True)
    at_ms = pw.IntegerField()

    class Meta:
        table_name = "notices_seen"


class MatchNew(Table):
    """A match that has come about: what the first page tells ``member``. If it is lost, the suggestions have it all the same.

    ``fit``: how well the two fit, in thousandths.
    """

    TABLE_CLASS = LOCAL

    member = pw.IntegerField()
    offer_hub = pw.IntegerField()
    offer = pw.IntegerField()
    want_hub = pw.IntegerField()
    want = pw.IntegerField()
    at_ms = pw.IntegerField()
    fit = pw.IntegerField()

    class Meta:
        table_name = "match_new"
        primary_key = pw.CompositeKey("member", "offer_hub", "offer", "want_hub", "want")
        indexes = ((("offer", "offer_hub"), False), (("want", "want_hub"), False))


class KeeperWord(Table):
    """What keepers said to ``member`` about messages or listings: ``word``, ``quiet`` (no messages until) or ``let``."""

    TABLE_CLASS = TRUTH

    entry = pw.IntegerField(primary_key=True)
    member = pw.IntegerField(index=True)
    measure = pw.TextField()
    until_ms = pw.IntegerField(null=True)
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()

    class Meta:
        table_name = "keeper_word"


TALK_TABLES: tuple[type[Table], ...] = (KeeperWord, MessageSaid)
PRIVATE_TALK_TABLES: tuple[type[Table], ...] = (Message, FarMessage, Favourite, Block, Complaint)
