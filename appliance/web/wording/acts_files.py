"""Acts about files that keepers took in, told in words: for the log."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.book.store import Tx
from appliance.ledger.people import imports
from appliance.ledger.reads.desk import LogLine
from appliance.ledger.reads.people import person, text_of
from appliance.web.wording.amounts import money, name_of


def rows_words(what: str, rows: int) -> str:
    """How many of what a file brings: ``12 people``."""
    if what == imports.MEMBERS:
        return ngettext("%(num)s person", "%(num)s people", rows)
    if what == imports.OPENINGS:
        return ngettext("%(num)s opening balance", "%(num)s opening balances", rows)
    if what == imports.LISTINGS:
        return ngettext("%(num)s offer or want", "%(num)s offers and wants", rows)
    return ngettext("%(num)s payment", "%(num)s payments", rows)


def _who(line: LogLine) -> str:
    return name_of(line.who)


def _agree(_tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s agreed to a file: %(rows)s, %(moved)s in all (check sum %(sum)s).",
        who=_who(line),
        rows=rows_words(line.payload["what"], line.payload["rows"]),
        moved=money(line.payload["moved"]),
        sum=line.payload["digest"].hex()[:8],
    )


def _file(tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s took in %(rows)s from the file “%(file)s” (check sum %(sum)s).",
        who=_who(line),
        rows=rows_words(line.payload["what"], line.payload["rows"]),
        file=text_of(tx, line.entry, "file"),
        sum=line.payload["digest"].hex()[:8],
    )


def _opening(_tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s set what %(count)s accounts begin with, out of a file.",
        who=_who(line),
        count=len(line.payload["amounts"]),
    )


def _member(tx: Tx, line: LogLine) -> str:
    newcomer = person(tx, int(line.outcome["number"]))
    return _("%(who)s took in %(name)s, out of a file.", who=_who(line), name=name_of(newcomer))


SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {
    "agree_import": _agree,
    "import_file": _file,
    "import_opening": _opening,
    "import_member": _member,
}
