"""Tables of who wants to trade with whom: answers to matches, here and elsewhere, and trade loops.

A listing is named by its hub and its number there, a person by hub and member; so those of other villages are, too.
"""

import peewee as pw

from appliance.ledger.book.schema_base import TRUTH, Table


class MatchAnswer(Table):
    """What a member of this hub says of an offer that could serve a want.

    ``answer``: accept, dismiss, wrong (it is no match) or happened; ``transfer``: the payment that was made for it.
    """

    TABLE_CLASS = TRUTH

    offer_hub = pw.IntegerField()
    offer = pw.IntegerField()
    want_hub = pw.IntegerField()
    want = pw.IntegerField()
    member = pw.IntegerField()
    answer = pw.TextField()
    transfer = pw.BlobField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "match_answer"
        primary_key = pw.CompositeKey("offer_hub", "offer", "want_hub", "want", "member")
        indexes = ((("member", "entry"), False), (("want_hub", "want"), False))


class MatchTold(Table):
    """What the other hub was told last of a match: by record ``number`` of our feed, in life ``incarnation``.

    ``said``: yes, happened or no; ``paid``: whether the payment was named with it.
    """

    TABLE_CLASS = TRUTH

    offer_hub = pw.IntegerField()
    offer = pw.IntegerField()
    want_hub = pw.IntegerField()
    want = pw.IntegerField()
    member = pw.IntegerField()
    hub = pw.IntegerField()
    said = pw.TextField()
    paid = pw.BooleanField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    at_ms = pw.IntegerField(index=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "match_told"
        primary_key = pw.CompositeKey("offer_hub", "offer", "want_hub", "want")


class MatchHeard(Table):
    """What the other hub said last of a match with a listing of ours: in record ``number`` of its life ``incarnation``.

    ``paid_incarnation``, ``paid_number``: its SENT record that paid for it. ``times``: how often it has said something.
    """

    TABLE_CLASS = TRUTH

    offer_hub = pw.IntegerField()
    offer = pw.IntegerField()
    want_hub = pw.IntegerField()
    want = pw.IntegerField()
    hub = pw.IntegerField()
    said = pw.TextField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    paid_incarnation = pw.IntegerField(null=True)
    paid_number = pw.IntegerField(null=True)
    times = pw.IntegerField()
    at_ms = pw.IntegerField()
    quality = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "match_heard"
        primary_key = pw.CompositeKey("offer_hub", "offer", "want_hub", "want")
        indexes = ((("hub", "at_ms"), False), (("want_hub", "want"), False))


class Unfit(Table):
    """Two terms of which a member said that they are no match; the terms are the entry's personal text.

    ``state``: kept, or back once a keeper has taken it back.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    member = pw.IntegerField()
    text_entry = pw.IntegerField()
    state = pw.TextField(index=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "unfit"


class TradeLoop(Table):
    """A trade loop that is proposed: by this hub, or by ``hub``, in whose feed its record is (incarnation, number).

    ``state``: open, agreed, declined, lapsed or joined (with the same one of another hub). ``until_ms``: when it lapses.
    """

    TABLE_CLASS = TRUTH

    id = pw.BlobField(primary_key=True)
    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()
    state = pw.TextField(index=True)
    until_ms = pw.IntegerField()
    entry = pw.IntegerField()
    closed_entry = pw.IntegerField(null=True)

    class Meta:
        table_name = "trade_loop"
        indexes = ((("hub", "incarnation", "number"), False),)


class LoopLeg(Table):
    """One person's place in a loop: gives ``offer`` to the next one, whose ``want`` it serves; the last one to the first.

    ``amount``: what the next one pays for it; null: to be agreed. ``answer``: asked, yes or no. ``transfer``: the
    payment that the next one made for it, where that is a member here.
    """

    TABLE_CLASS = TRUTH

    loop = pw.BlobField()
    place = pw.IntegerField()
    hub = pw.IntegerField()
    member = pw.IntegerField()
    offer = pw.IntegerField()
    want = pw.IntegerField()
    amount = pw.IntegerField(null=True)
    answer = pw.TextField()
    transfer = pw.BlobField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "loop_leg"
        primary_key = pw.CompositeKey("loop", "place")
        indexes = ((("hub", "member", "loop"), False),)


class LoopTold(Table):
    """The record in our feed by which ``hub`` was asked about a loop of ours."""

    TABLE_CLASS = TRUTH

    loop = pw.BlobField()
    hub = pw.IntegerField()
    incarnation = pw.IntegerField()
    number = pw.IntegerField()

    class Meta:
        table_name = "loop_told"
        primary_key = pw.CompositeKey("loop", "hub")
        indexes = ((("incarnation", "number"), True),)


TRADING_TABLES: tuple[type[Table], ...] = (
    MatchAnswer,
    MatchTold,
    MatchHeard,
    Unfit,
    TradeLoop,
    LoopLeg,
    LoopTold,
)
