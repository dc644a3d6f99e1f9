"""Acts about further accounts and about who acts for whom, told in words: part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.people.grants import JOINT
from appliance.ledger.reads.desk import LogLine
from appliance.ledger.reads.people import Person, person
from appliance.web.wording.amounts import name_of
from appliance.web.wording.labels import group_word


def _by(line: LogLine) -> str:
    return name_of(line.who)  # always a keeper: only members sign these


def _account(tx: Tx, line: LogLine) -> Person | None:
    return person(tx, line.payload["account"])


def _open(tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s opened a further account for %(name)s: %(account)s, %(group)s.",
        who=_by(line),
        name=name_of(person(tx, line.payload["owner"])),
        account=name_of(person(tx, int(line.outcome["number"]))),
        group=group_word(line.payload["group"]),
    )


def _close(tx: Tx, line: LogLine) -> str:
    return _("%(who)s closed the account %(account)s.", who=_by(line), account=name_of(_account(tx, line)))


def _write(tx: Tx, line: LogLine) -> str:
    words = {
        "who": _by(line),
        "name": name_of(_account(tx, line)),
        "helper": name_of(person(tx, line.payload["member"])),
    }
    if line.payload["kind"] == JOINT:
        return _(
            "%(who)s wrote down that %(name)s wants to hold the account jointly with %(helper)s.", **words
        )
    return _("%(who)s wrote down that %(name)s wants %(helper)s as helper.", **words)


def _end(tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s ended that %(helper)s may act on the account of %(name)s.",
        who=_by(line),
        helper=name_of(person(tx, line.payload["member"])),
        name=name_of(_account(tx, line)),
    )


SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {
    "open_account": _open,
    "close_account": _close,
    "write_grant": _write,
    "end_grant": _end,
}
