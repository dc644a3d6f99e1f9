"""Who is here, and what each gives and needs: the village's own list, for members.

Of other villages only those stand in it who let us know their names (``people.showing``).
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.ledger.book.feed import FarPerson
from appliance.ledger.book.store import Tx
from appliance.ledger.market import marks
from appliance.ledger.people import powers
from appliance.ledger.reads.far_listings import trading_hubs
from appliance.ledger.reads.people import Person, folded, people
from appliance.ledger.values import AccountNumber, western_digits

PAGE: Final = 20
LARGEST_PAGE: Final = 50
SHOWN: Final = 3
"""How many of somebody's offers, and of the wants, one line names."""

OFFERS: Final = "offer"
WANTS: Final = "want"


@dataclass(frozen=True, slots=True)
class Looking:
    """What is looked for. Whatever is not given fits all.

    Attributes:
        text: a name, or its beginning, in any script; or a number.
        kind: only those who offer (``offer``), or want (``want``), something.
        favourites: only favourites.
        here, elsewhere: whether people of this hub, and of other ones, are looked at.
        listers: who fits by what they list, too, whatever their names: hub (0 for this one) and number.
    """

    text: str = ""
    kind: str | None = None
    favourites: bool = False
    here: bool = True
    elsewhere: bool = True
    listers: Collection[tuple[int, int]] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody, with the titles of some offers and wants. ``more``: how many are not named."""

    who: Person
    gives: tuple[str, ...]
    needs: tuple[str, ...]
    more: int
    favourite: bool


@dataclass(frozen=True, slots=True)
class Directory:
    """One page, by name; who fits by name before who fits by what they list. ``found``: people in all."""

    entries: tuple[Entry, ...]
    page: int
    pages: int
    found: int


def directory(
    tx: Tx, viewer: int, looking: Looking = Looking(), page: int = 1, size: int = PAGE
) -> Directory:
    """One page of those who fit; numbers out of bounds are brought within them."""
    size = max(1, min(size, LARGEST_PAGE))
    marked = marks.favourites(tx, viewer)
    candidates = _candidates(tx, looking)
    listing = _who_lists(tx, looking.kind) if looking.kind else None
    named = {(who.hub or 0, who.number) for who in candidates if fits(who, looking.text)}
    found = [
        who
        for who in candidates
        if ((who.hub or 0, who.number) in named or (who.hub or 0, who.number) in looking.listers)
        and (not looking.favourites or _mark(who) in marked)
        and (listing is None or (who.hub or 0, who.number) in listing)
    ]
    found.sort(
        key=lambda who: (
            (who.hub or 0, who.number) not in named,
            who.hub is not None,
            folded(who.name),
            who.hub or 0,
            who.number,
        )
    )
    pages = max(1, -(-len(found) // size))
    page = max(1, min(page, pages))
    shown = found[(page - 1) * size : page * size]
    return Directory(_entries(tx, shown, marked), page, pages, len(found))


def _mark(who: Person) -> tuple[str, int, int]:
    return marks.MEMBER, who.hub or marks.OWN, who.number


def _candidates(tx: Tx, looking: Looking) -> list[Person]:
    found = [who for who in people(tx) if who.status in powers.STANDING] if looking.here else []
    if looking.elsewhere:
        hubs = trading_hubs(tx)
        rows = tx.rows(FarPerson.select().where(FarPerson.hub.in_(list(hubs)))) if hubs else []
        found += [
            Person(AccountNumber(row.number), row.name, powers.ACTIVE, hub=row.hub, hub_name=hubs[row.hub])
            for row in rows
            if row.name
        ]
    return found


def _who_lists(tx: Tx, kind: str) -> frozenset[tuple[int, int]]:
    rows = tx.select(_LISTERS, kind, kind)
    return frozenset((int(hub), int(owner)) for hub, owner in rows)


_LISTERS: Final = """
SELECT DISTINCT 0, listing.owner FROM listing JOIN member ON member.number = listing.owner
WHERE listing.state = 'open' AND listing.kind = ? AND member.status = 'active'
UNION SELECT DISTINCT hub, owner FROM far_listing WHERE open AND kind = ?
"""


def fits(who: Person, typed: str) -> bool:
    """Whether each word of ``typed`` begins a word of the name, or it is the number; nothing typed fits all.

    In scripts that write without spaces a word may stand anywhere in the name.
    """
    wanted = folded(typed).split()
    digits = western_digits(typed).strip().replace(" ", "")
    if digits.isdecimal():
        return who.number == int(digits[:15]) if len(digits) <= 15 else False
    name = folded(who.name)
    words = name.replace("-", " ").split()
    return all(
        any(word.startswith(part) for word in words) or (_without_spaces(part) and part in name)
        for part in wanted
    )


_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


def _without_spaces(word: str) -> bool:
    return any(unicodedata.name(c, "").startswith(_UNSPACED) for c in word)


def _entries(tx: Tx, shown: Sequence[Person], marked: frozenset[tuple[str, int, int]]) -> tuple[Entry, ...]:
    said = _titles(tx, shown)
    found = []
    for who in shown:
        gives, needs = (said.get((who.hub or 0, who.number, kind), []) for kind in (OFFERS, WANTS))
        more = max(0, len(gives) - SHOWN) + max(0, len(needs) - SHOWN)
        found.append(Entry(who, tuple(gives[:SHOWN]), tuple(needs[:SHOWN]), more, _mark(who) in marked))
    return tuple(found)


def _titles(tx: Tx, shown: Iterable[Person]) -> dict[tuple[int, int, str], list[str]]:
    """The titles of open offers and wants, newest first, by hub, owner and kind; nothing of who is away."""
    own = [who.number for who in shown if not who.far and who.status == powers.ACTIVE]
    far = [(who.hub, who.number) for who in shown if who.far]
    found: dict[tuple[int, int, str], list[str]] = {}
    marked = ", ".join("?" * len(own))
    rows = tx.select(_OWN_TITLES.format(marks=marked), *own) if own else []
    for owner, kind, title in rows:
        found.setdefault((0, owner, kind), []).append(title or "")
    for hub, owner in far:
        for kind, title in tx.select(_FAR_TITLES, hub, owner):
            found.setdefault((int(hub or 0), owner, kind), []).append(title)
    return found


_OWN_TITLES: Final = """
SELECT listing.owner, listing.kind, private_text.text FROM listing
LEFT JOIN private_text ON private_text.entry = listing.text_entry AND private_text.field = 'title'
WHERE listing.owner IN ({marks}) AND listing.state = 'open' ORDER BY listing.opened_entry DESC
"""
_FAR_TITLES: Final = (
    "SELECT kind, title FROM far_listing WHERE hub = ? AND owner = ? AND open ORDER BY id DESC"
)


@dataclass(frozen=True, slots=True)
class Gone:
    """A favourite that is not there any more; ``item`` of ``hub`` (0 for this one)."""

    kind: str
    hub: int
    item: int


def gone(tx: Tx, viewer: int) -> tuple[Gone, ...]:
    """Favourites of ``viewer`` that have gone: people who have left or are not shown any more, listings taken down."""
    rows = tx.select(_GONE, viewer)
    return tuple(Gone(str(kind), int(hub), int(item)) for kind, hub, item in rows)


_GONE: Final = """
SELECT kind, hub, item FROM favourite WHERE member = ? AND NOT (
  (kind = 'member' AND hub = 0 AND item IN (SELECT number FROM member WHERE status IN ('active', 'away', 'moving', 'frozen')))
  OR (kind = 'member' AND hub > 0 AND EXISTS (SELECT 1 FROM far_person f WHERE f.hub = favourite.hub AND f.number = item AND f.name <> ''))
  OR (kind = 'listing' AND hub = 0 AND item IN (SELECT opened_entry FROM listing WHERE state = 'open'))
  OR (kind = 'listing' AND hub > 0 AND EXISTS
      (SELECT 1 FROM far_listing f WHERE f.hub = favourite.hub AND f.listing = item AND f.open)))
ORDER BY at_ms
"""


def kept_listings(tx: Tx, viewer: int) -> tuple[tuple[int, int], ...]:
    """Favourite offers and wants that are there: hub (0 for this one) and number, the one marked last first."""
    lost = {(one.hub, one.item) for one in gone(tx, viewer) if one.kind == marks.LISTING}
    rows = tx.select(
        "SELECT hub, item FROM favourite WHERE member = ? AND kind = 'listing' ORDER BY at_ms DESC", viewer
    )
    return tuple((int(hub), int(item)) for hub, item in rows if (hub, item) not in lost)
