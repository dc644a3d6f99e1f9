"""What keepers do with the commons, and what needs two of them, told in words: part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.reads import proposals
from appliance.ledger.reads.desk import LogLine
from appliance.ledger.reads.people import owner_of, person
from appliance.web.wording import deeds
from appliance.web.wording.amounts import money, name_of
from appliance.web.wording.words import about


def _pay(tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s paid %(name)s %(amount)s from the commons (%(kind)s).",
        who=name_of(line.who),
        name=name_of(person(tx, owner_of(tx, line.payload["payee"]) or 0)),
        amount=money(line.payload["amount"]),
        kind=about(line.payload["category"]),
    )


def _propose(tx: Tx, line: LogLine) -> str:
    what = deeds.words_of(tx, line.payload["act"], line.payload["terms"])
    return _("%(who)s proposed to a second keeper: %(what)s.", who=name_of(line.who), what=what)


def _what(tx: Tx, line: LogLine) -> tuple[str, str]:
    """What was proposed, and by whom."""
    found = proposals.proposal(tx, line.payload["proposal"], 0, line.at)
    assert found is not None  # an answer names a proposal that is there
    return deeds.words_of(tx, found.kind, found.terms), name_of(found.keeper)


def _agree(tx: Tx, line: LogLine) -> str:
    what, first = _what(tx, line)
    return _(
        "%(first)s and %(who)s agreed, and it is done: %(what)s.",
        first=first,
        who=name_of(line.who),
        what=what,
    )


def _object(tx: Tx, line: LogLine) -> str:
    what, first = _what(tx, line)
    return _(
        "%(who)s said no to what %(first)s proposed: %(what)s.", first=first, who=name_of(line.who), what=what
    )


def _take_back(tx: Tx, line: LogLine) -> str:
    return _("%(who)s took the proposal back: %(what)s.", who=name_of(line.who), what=_what(tx, line)[0])


def _lapse(tx: Tx, line: LogLine) -> str:
    return _("Nobody answered the proposal in time, so nothing was done: %(what)s.", what=_what(tx, line)[0])


def _dismiss(_tx: Tx, line: LogLine) -> str:
    return _("The root paper ended the office of the keeper %(name)s.", name=name_of(line.about))


SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {
    "pay_commons": _pay,
    "propose": _propose,
    "agree": _agree,
    "object": _object,
    "take_back": _take_back,
    "lapse_proposal": _lapse,
    "dismiss_keeper": _dismiss,
}
