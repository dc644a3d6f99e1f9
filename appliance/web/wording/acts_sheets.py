"""Coming in again with the sheet, in words. Part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.reads.desk import LogLine
from appliance.web.wording.amounts import name_of


def _allowed(_tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s let %(name)s choose a new PIN with the sheet from home.",
        who=name_of(line.who),
        name=name_of(line.about),
    )


def _stopped(_tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s stopped that somebody comes in with the sheet of %(name)s. The sheet is worthless.",
        who=name_of(line.who),
        name=name_of(line.about),
    )


SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {
    "allow_reentry": _allowed,
    "stop_reentry": _stopped,
}
