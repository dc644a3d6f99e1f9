"""Why a message was not kept, or a mark: part of ``sentences.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.errors import Code
from appliance.web.wording.amounts import day, moment

Numbers = Mapping[str, int]

SENTENCES: Final[Mapping[Code, Callable[[Numbers], str]]] = {
    Code.QUIETED: lambda n: _(
        "A keeper has stopped your messages until %(day)s. You can still pay, be paid, and talk to a keeper.",
        day=day(moment(n.get("until_ms", 0))),
    ),
    Code.NO_MESSAGES: lambda _n: _("This person takes no messages from you. Nothing was sent."),
    Code.YOU_BLOCKED: lambda _n: _(
        "You have blocked this person. Take the block away first, then you can write."
    ),
    Code.TOO_MANY_MESSAGES: lambda n: _(
        "That was enough for today: at most %(most)s within a day. Nothing was sent.", most=n.get("most", 0)
    ),
    Code.TOO_MANY: lambda n: _(
        "You have %(most)s already, which is the most. Take one away first.", most=n.get("most", 0)
    ),
}
