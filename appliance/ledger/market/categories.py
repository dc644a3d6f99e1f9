"""The kinds of listings as keepers make them: added, renamed, hidden, shown, put together (``book.taxonomy``).

The word of a kind is the community's, not somebody's: it stands in the book like the rules. Renaming
changes no listing, as they bear the key; what is put together with another kind takes its listings along.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape, taxonomy
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.schema_market import CategoryRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.book.taxonomy import KEY_PREFIX, OTHER, SHIPPED_PARENT, Category, Taxonomy
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.words import tidy, too_long

NEW: Final = "new"
"""In place of a key: a kind that is added."""

LONGEST_WORD: Final = 30
_ICON: Final = re.compile(r"[a-z_]{1,20}")


@dataclass(frozen=True, slots=True)
class SetCategory(Wordless):
    """A keeper adds a kind (``key`` is ``NEW``), or says how one is called, where it stands, what is drawn
    beside it, and whether it is offered for new listings.

    Attributes:
        parent: the group that it belongs to; None: it is a group.
        name: its word, as it is read in every language; empty: the shipped word.
        icon: the name of a drawing of the portal.
    """

    KIND: ClassVar[str] = "set_category"
    VERSION: ClassVar[int] = 1

    key: str
    parent: str | None
    name: str
    icon: str
    hidden: bool = False

    def payload(self) -> codec.Body:
        return {
            "key": self.key,
            "parent": self.parent,
            "name": tidy("name", self.name),
            "icon": self.icon,
            "hidden": self.hidden,
        }


@dataclass(frozen=True, slots=True)
class MergeCategory(Wordless):
    """A keeper puts a kind together with another: its listings, here, and its kinds are that one's from now on."""

    KIND: ClassVar[str] = "merge_category"
    VERSION: ClassVar[int] = 1

    key: str
    into: str

    def payload(self) -> codec.Body:
        return {"key": self.key, "into": self.into}


def _decide_set(tx: Tx, command: SetCategory, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    c, kinds = command.payload(), taxonomy.of(tx)
    if not _can_be(kinds, c["key"], c["parent"], c["hidden"]) or not _ICON.fullmatch(c["icon"]):
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    if not c["name"] and c["key"] not in SHIPPED_PARENT:
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(c["name"], LONGEST_WORD):
        return refusal
    word = c["name"].casefold()
    taken = any(one.name.casefold() == word and one.key != c["key"] for one in kinds.all.values())
    return Refusal(Code.CATEGORY_THERE, {}, (Action.TRY_AGAIN,)) if word and taken else {}


def _can_be(kinds: Taxonomy, key: str, parent: str | None, hidden: bool) -> bool:
    """Whether a kind can stand there: two levels, no more; *other* stays a group that is offered."""
    one = kinds.all.get(key)
    if key != NEW and (one is None or one.merged_into is not None):
        return False
    if parent is None:
        return not (key == OTHER and hidden)
    above = kinds.all.get(parent)
    top = above is not None and above.parent is None and above.merged_into is None
    return top and parent not in (key, OTHER) and key != OTHER and not _children(kinds, key)


def _children(kinds: Taxonomy, key: str) -> list[Category]:
    return [one for one in kinds.all.values() if one.parent == key and one.merged_into is None]


def _decide_merge(tx: Tx, command: MergeCategory, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if not _can_merge(taxonomy.of(tx), command.key, command.into):
        return Refusal(Code.UNKNOWN_CATEGORY, {}, (Action.TRY_AGAIN,))
    return {}


def _can_merge(kinds: Taxonomy, key: str, into: str) -> bool:
    """Whether one kind can become another: both stand, and a group with kinds only becomes a group."""
    one, other = kinds.all.get(key), kinds.all.get(into)
    if one is None or other is None or key in (into, OTHER):
        return False
    if one.merged_into is not None or other.merged_into is not None or other.parent == key:
        return False
    return not _children(kinds, key) or (other.parent is None and into != OTHER)


def _may_set(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return powers.by_keeper(tx, entry) and _can_be(taxonomy.of(tx), p["key"], p["parent"], p["hidden"])


def _may_merge(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return powers.by_keeper(tx, entry) and _can_merge(taxonomy.of(tx), p["key"], p["into"])


def _apply_set(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    key = f"{KEY_PREFIX}{entry.number}" if p["key"] == NEW else p["key"]
    said = {name: p[name] for name in ("parent", "name", "icon", "hidden")}
    tx.put(CategoryRow, key=key, merged_into=None, entry=entry.number, **said)


def _apply_merge(tx: Tx, entry: Entry) -> None:
    p, kinds = entry.act.payload, taxonomy.of(tx)
    key, into = p["key"], p["into"]
    _keep(tx, entry, kinds.all[key], merged_into=into)
    for one in list(kinds.all.values()):
        if one.merged_into == key:
            _keep(tx, entry, one, merged_into=into)
        elif one.parent == key and one.merged_into is None:
            _keep(tx, entry, one, parent=into)
    tx.update(Listing, {"category": key}, category=into)


def _keep(tx: Tx, entry: Entry, one: Category, **changed: str) -> None:
    kept: dict[str, object] = {
        "key": one.key,
        "parent": one.parent,
        "name": one.name,
        "icon": one.icon,
        "hidden": one.hidden,
        "merged_into": one.merged_into,
    }
    tx.put(CategoryRow, entry=entry.number, **{**kept, **changed})


_SET: Final = {
    "key": shape.word,
    "parent": shape.or_none(shape.word),
    "name": lambda text: type(text) is str and len(text) <= LONGEST_WORD,
    "icon": lambda text: type(text) is str and _ICON.fullmatch(text) is not None,
    "hidden": shape.yes_or_no,
}

HANDLERS = (
    Handler(SetCategory, _decide_set, _apply_set, _may_set, _SET),
    Handler(MergeCategory, _decide_merge, _apply_merge, _may_merge, {"key": shape.word, "into": shape.word}),
)
