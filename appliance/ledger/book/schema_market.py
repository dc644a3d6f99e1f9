"""Tables of the market beyond the listing itself: its terms, its photo, the village's own kinds."""

import peewee as pw

from appliance.ledger.book.schema_base import LOCAL, PRIVATE, TRUTH, Table


class ListingTerms(Table):
    """What a listing says beyond its row (since ``open_listing`` 2).

    ``unit``: what the price is for; ``quantity``: how many are left (null: not counted). ``until_ms``:
    when it expires, counted from entry ``begun`` (null: nobody has dated it yet). ``entry``: the
    last entry that changed what others see of it. ``kept``: the last entry of a keeper about it, with
    its reason. ``merged_into``: the listing that it was put together with.
    """

    TABLE_CLASS = TRUTH

    listing = pw.BlobField(primary_key=True)
    unit = pw.TextField(null=True)
    quantity = pw.IntegerField(null=True)
    until_ms = pw.IntegerField(null=True, index=True)
    begun = pw.IntegerField()
    entry = pw.IntegerField()
    kept = pw.IntegerField(null=True)
    merged_into = pw.BlobField(null=True)

    class Meta:
        table_name = "listing_terms"


class CategoryRow(Table):
    """A kind of listings that keepers have added, or a shipped one that they have changed (``taxonomy``)."""

    TABLE_CLASS = TRUTH

    key = pw.TextField(primary_key=True)
    parent = pw.TextField(null=True)
    name = pw.TextField()
    icon = pw.TextField()
    hidden = pw.BooleanField()
    merged_into = pw.TextField(null=True)
    entry = pw.IntegerField()

    class Meta:
        table_name = "category"


class ListingPhoto(Table):
    """The photo that a listing has: ``size`` is its bytes, with the small one's; ``entry`` brought it."""

    TABLE_CLASS = TRUTH

    listing = pw.BlobField(primary_key=True)
    size = pw.IntegerField()
    digest = pw.BlobField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "listing_photo"


class HubDistance(Table):
    """How many ``minutes`` another hub is away on foot, as a keeper of this one last said in ``entry``; no row: nobody said."""

    TABLE_CLASS = TRUTH

    hub = pw.IntegerField(primary_key=True)
    minutes = pw.IntegerField()
    entry = pw.IntegerField()

    class Meta:
        table_name = "hub_distance"


MARKET_TABLES: tuple[type[Table], ...] = (ListingTerms, CategoryRow, ListingPhoto, HubDistance)


class Photo(Table):
    """A photo and a small one of it, both JPEG, with the salt of its digest; under the entry that brought it."""

    TABLE_CLASS = PRIVATE

    entry = pw.IntegerField(primary_key=True)
    salt = pw.BlobField()
    large = pw.BlobField()
    small = pw.BlobField()

    class Meta:
        table_name = "photo"


class MarketSeen(Table):
    """When ``member`` looked at the market last, and when the visit before this one ended (0: never).

    If it is lost, nothing is new since.
    """

    TABLE_CLASS = LOCAL

    member = pw.IntegerField(primary_key=True)
    at_ms = pw.IntegerField()
    before_ms = pw.IntegerField()

    class Meta:
        table_name = "market_seen"


class NoMatchNews(Table):
    """Who does not want the first page to tell of new matches."""

    TABLE_CLASS = LOCAL

    member = pw.IntegerField(primary_key=True)

    class Meta:
        table_name = "no_match_news"


class OfferAsked(Table):
    """Who has been asked once what they can offer, and need not be asked again at the door."""

    TABLE_CLASS = LOCAL

    member = pw.IntegerField(primary_key=True)

    class Meta:
        table_name = "offer_asked"
