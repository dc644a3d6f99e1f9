"""What keepers did about messages and offers that troubled somebody, in words. Part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.book.store import Tx
from appliance.ledger.reads.desk import LogLine
from appliance.web.wording.amounts import name_of


def _answered(_tx: Tx, line: LogLine) -> str:
    who, name = name_of(line.who), name_of(line.about)
    days = int(line.payload["days"])
    if not line.payload["member"]:
        return _("%(who)s looked at a complaint about somebody of another village.", who=who)
    match line.payload["measure"]:
        case "word":
            return _("%(who)s had a word with %(name)s about what was written.", who=who, name=name)
        case "let":
            return _("%(who)s let %(name)s write messages again.", who=who, name=name)
        case "quiet":
            return ngettext(
                "%(who)s stopped the messages of %(name)s for %(num)s day.",
                "%(who)s stopped the messages of %(name)s for %(num)s days.",
                days,
                who=who,
                name=name,
            )
    return _("%(who)s found nothing wrong with what %(name)s wrote.", who=who, name=name)


SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {"answer_complaint": _answered}
