"""Acts after a restore, told in words: part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.schema import Crossing
from appliance.ledger.book.store import Tx
from appliance.ledger.reads.crossings import other_hub
from appliance.ledger.reads.desk import LogLine
from appliance.web.wording.amounts import money, name_of

Sentence = Callable[[Tx, LogLine, str], str]


def _renew(_tx: Tx, _line: LogLine, who: str) -> str:
    return _("%(who)s restored this hub out of a backup.", who=who)


def _risk(tx: Tx, line: LogLine, who: str) -> str:
    hub = other_hub(tx, line.payload["hub"])
    village = hub.name if hub else str(line.payload["hub"])
    return _("%(who)s let the hub go on without %(village)s after the restore.", who=who, village=village)


def _open(_tx: Tx, _line: LogLine, who: str) -> str:
    return _("%(who)s let members sign in again after the restore.", who=who)


def _claim(tx: Tx, line: LogLine, who: str) -> str:
    crossing = tx.get(Crossing, id=line.payload["transfer"])
    return _(
        "%(who)s put %(amount)s, which came back after the restore, on the account of %(name)s.",
        who=who,
        amount=money(crossing.amount if crossing else 0),
        name=name_of(line.about),
    )


SENTENCES: Final[Mapping[str, Sentence]] = {
    "renew": _renew,
    "name_risk": _risk,
    "open_sign_in": _open,
    "claim_unresolved": _claim,
}
