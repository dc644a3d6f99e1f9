"""Why not, about offers, wants and their photos: part of ``sentences.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.errors import Code
from appliance.ledger.market.listings import MOST_LEFT

SENTENCES: Final[Mapping[Code, Callable[[Mapping[str, int]], str]]] = {
    Code.UNKNOWN_LOOP: lambda _n: _("There is no such trade loop, or you are not in it."),
    Code.LOOP_CLOSED: lambda _n: _("This trade loop is over, or you have answered already."),
    Code.LISTING_HIDDEN: lambda _n: _("A keeper has hidden this offer or want. Talk to a keeper about it."),
    Code.LISTING_SHOWN: lambda _n: _("This offer or want is not hidden."),
    Code.NOT_THE_SAME: lambda _n: _(
        "Only two offers or two wants of the same person can be put together. Choose another one."
    ),
    Code.QUANTITY_WRONG: lambda n: _(
        "How many are left is a whole number up to %(most)s, or nothing.", most=n.get("most", MOST_LEFT)
    ),
    Code.CATEGORY_THERE: lambda _n: _("There is a kind of this name already."),
    Code.PHOTO_WRONG: lambda _n: _(
        "This is no picture that the hub can read. Take a new photo, or choose a JPEG, PNG or WebP picture of at "
        "most %(megabytes)s megabytes.",
        megabytes=8,
    ),
    Code.PHOTO_ROOM: lambda n: _(
        "There is no room for more photos: all of them together may take %(megabytes)s megabytes. "
        "A keeper can make room. Your offer or want stands without a photo.",
        megabytes=n.get("megabytes", 0),
    ),
}
