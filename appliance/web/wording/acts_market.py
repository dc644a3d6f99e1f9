"""Keepers' acts about listings and their kinds, in words: part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.market.categories import NEW
from appliance.ledger.reads.desk import LogLine
from appliance.ledger.reads.listings import title_of
from appliance.ledger.reads.trading import unfit_words
from appliance.web.ground.here import the_kinds
from appliance.web.wording.amounts import name_of
from appliance.web.wording.words import about, kind_word_of

Sentence = Callable[[Tx, LogLine, str], str]


def _of(tx: Tx, line: LogLine) -> dict[str, str]:
    title, owner = title_of(tx, line.payload["listing"])
    return {"title": title, "name": name_of(owner)}


def _close(tx: Tx, line: LogLine, who: str) -> str:
    return _("%(who)s took down “%(title)s” of %(name)s.", who=who, **_of(tx, line))


def _hide(tx: Tx, line: LogLine, who: str) -> str:
    return _("%(who)s hid “%(title)s” of %(name)s.", who=who, **_of(tx, line))


def _show(tx: Tx, line: LogLine, who: str) -> str:
    return _("%(who)s put “%(title)s” of %(name)s back on the market.", who=who, **_of(tx, line))


def _move(tx: Tx, line: LogLine, who: str) -> str:
    kind = about(line.payload["category"])
    return _("%(who)s moved “%(title)s” of %(name)s to: %(kind)s.", who=who, kind=kind, **_of(tx, line))


def _merge(tx: Tx, line: LogLine, who: str) -> str:
    other, _owner = title_of(tx, line.payload["into"])
    return _(
        "%(who)s put “%(title)s” of %(name)s together with “%(other)s”.",
        who=who,
        other=other,
        **_of(tx, line),
    )


def _photo(tx: Tx, line: LogLine, who: str) -> str:
    return _("%(who)s took the photo of “%(title)s” of %(name)s away.", who=who, **_of(tx, line))


def _allow(tx: Tx, line: LogLine, who: str) -> str:
    one, other = unfit_words(tx, line.payload["unfit"])
    return _("%(who)s lets the hub suggest “%(one)s” and “%(other)s” again.", who=who, one=one, other=other)


def _set_category(_tx: Tx, line: LogLine, who: str) -> str:
    p = line.payload
    if p["key"] == NEW:
        return _("%(who)s added the kind “%(kind)s” for offers and wants.", who=who, kind=p["name"])
    word = p["name"] or about(p["key"])
    if p["hidden"]:
        return _("%(who)s hid the kind “%(kind)s”: nothing new is put there.", who=who, kind=word)
    return _("%(who)s changed a kind of offers and wants. It is called “%(kind)s” now.", who=who, kind=word)


def _merge_category(_tx: Tx, line: LogLine, who: str) -> str:
    p = line.payload
    return _(
        "%(who)s put the kind “%(kind)s” together with “%(other)s”.",
        who=who,
        kind=_own_word(p["key"]),
        other=about(p["into"]),
    )


def _own_word(key: str) -> str:
    """What a kind was called that is another one's now."""
    one = the_kinds().all.get(key)
    return kind_word_of(one) if one is not None else key


SENTENCES: Final[Mapping[str, Sentence]] = {
    "close_listing": _close,
    "allow_match": _allow,
    "hide_listing": _hide,
    "show_listing": _show,
    "move_listing": _move,
    "merge_listing": _merge,
    "drop_photo": _photo,
    "set_category": _set_category,
    "merge_category": _merge_category,
}
