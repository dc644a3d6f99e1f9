"""What listings are about: the shipped kinds in two levels, and the village's own changes over them.

A kind has a short *key* that never changes; people read its word. The shipped kinds stand below;
what keepers have added, renamed, hidden or put together stands in the table ``category``, and
``of`` lays it over them. The first level is *groups*; the keys of payments (``rules.CATEGORIES``)
are all among the shipped ones, so what older books say of a listing is still a kind.

On the air goes a shipped key by its place in ``WIRE``: of a kind of the village's own the nearest
shipped one above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.schema_market import CategoryRow
from appliance.ledger.book.store import Tx

OTHER: Final = "other"
"""What fits nowhere. It can neither be hidden nor be put together with another."""

SHIPPED: Final[dict[str, tuple[str, ...]]] = {
    "food": ("vegetable", "fruit", "grain", "bread", "dairy", "meat", "meal", "preserve"),
    "garden": ("gardening", "harvest", "plant", "compost", "firewood", "land"),
    "animals": ("poultry", "livestock", "pet", "bee", "feed", "animal_care"),
    "household": ("cleaning", "furniture", "kitchen", "appliance", "toys_books", "lodging", "house_sitting"),
    "repair": ("bicycle_repair", "car_repair", "machine_repair", "shoe_repair", "sharpening", "odd_jobs"),
    "building": (
        *("carpentry", "masonry", "plumbing", "electricity"),
        *("painting", "metalwork", "material", "tools"),
    ),
    "transport": ("ride", "errand", "moving_house", "bicycle", "vehicle", "cart"),
    "clothing": ("clothes", "shoes", "sewing", "fabric", "crafts"),
    "teaching": ("language", "homework", "music_lessons", "driving_lesson", "computer_lessons", "sports"),
    "health": ("massage", "haircut", "natural_healing", "nursing", "fitness", "counselling", "aids"),
    "children": ("babysitting", "elder_care", "companionship", "baby_things"),
    "digital": ("phone", "computer", "radio_tv", "web_design", "writing", "translation", "printing"),
    "events": ("music", "celebration", "dance", "photography", "venue", "trip"),
    OTHER: (),
}
"""The shipped groups with their kinds, in the order in which people see them."""

SHIPPED_PARENT: Final[dict[str, str | None]] = {
    **dict.fromkeys(SHIPPED),
    **{key: group for group, keys in SHIPPED.items() for key in keys},
}
"""Every shipped key, with its group; None for a group."""

WIRE: Final[tuple[str, ...]] = (
    *CATEGORIES,
    *("vegetable", "fruit", "grain", "bread", "dairy", "meat", "meal", "preserve"),
    *("gardening", "harvest", "plant", "compost", "firewood", "land"),
    *("poultry", "livestock", "pet", "bee", "feed", "animal_care"),
    *("cleaning", "furniture", "kitchen", "appliance", "toys_books", "lodging", "house_sitting"),
    *("bicycle_repair", "car_repair", "machine_repair", "shoe_repair", "sharpening", "odd_jobs"),
    *("carpentry", "masonry", "plumbing", "electricity", "painting", "metalwork", "material"),
    *("ride", "errand", "moving_house", "bicycle", "vehicle", "cart"),
    *("clothes", "shoes", "sewing", "fabric"),
    *("language", "homework", "music_lessons", "driving_lesson", "computer_lessons", "sports"),
    *("massage", "haircut", "natural_healing", "nursing", "fitness", "counselling", "aids"),
    *("babysitting", "elder_care", "companionship", "baby_things"),
    *("phone", "computer", "radio_tv", "web_design", "writing", "translation", "printing"),
    *("music", "celebration", "dance", "photography", "venue", "trip"),
)
"""Kinds by their place on the wire. Part of it: only ever lengthened."""

UNITS: Final = (
    *("hour", "day", "week", "month", "piece", "dozen"),
    *("kg", "litre", "metre", "bag", "trip", "lesson"),
)
"""What a price is for, by its place on the wire. Only ever lengthened."""

KEY_PREFIX: Final = "own"
"""Begins the keys of kinds that keepers have added; the number of the entry follows."""


def group_of(key: str) -> str:
    """The shipped group of a shipped kind; of another key *other*."""
    return SHIPPED_PARENT.get(key, OTHER) or key


def for_payment(key: str) -> str:
    """The kind of a payment (one of ``rules.CATEGORIES``) for something of the shipped kind ``key``."""
    return key if key in CATEGORIES else group_of(key)


@dataclass(frozen=True, slots=True)
class Category:
    """A kind as it is here.

    Attributes:
        parent: its group; None for a group.
        name: as keepers have written it; empty: the shipped word, in the reader's language.
        icon: name of the drawing beside it.
        hidden: not offered for new listings.
        merged_into: what it is now; None: itself.
    """

    key: str
    parent: str | None
    name: str = ""
    icon: str = ""
    hidden: bool = False
    merged_into: str | None = None


class Taxonomy:
    """All kinds of this hub, by their keys, in the order in which people see them."""

    def __init__(self, rows: Sequence[Category]) -> None:
        kinds = {key: Category(key, parent, icon=parent or key) for key, parent in SHIPPED_PARENT.items()}
        kinds |= {row.key: row for row in rows}
        self.all = kinds

    def get(self, key: str) -> Category:
        """The kind that ``key`` means here: what it was put together with; *other* for an unknown one."""
        found = self.all.get(key) or self.all[OTHER]
        return found if found.merged_into is None else self.all[found.merged_into]

    def groups(self, hidden: bool = False) -> tuple[Category, ...]:
        """The first level; those that are hidden only when they are asked for."""
        return tuple(one for one in self._shown(hidden) if one.parent is None)

    def children(self, group: str, hidden: bool = False) -> tuple[Category, ...]:
        """The second level of a group."""
        return tuple(one for one in self._shown(hidden) if one.parent == group)

    def _shown(self, hidden: bool) -> list[Category]:
        found = [one for one in self.all.values() if one.merged_into is None and (hidden or not one.hidden)]
        found.sort(key=lambda one: one.key == OTHER)  # stays at the end; the rest in its order
        return found

    def offered(self, key: str) -> bool:
        """Whether a new listing may be of the kind ``key``."""
        one = self.all.get(key)
        if one is None or one.hidden or one.merged_into is not None:
            return False
        return one.parent is None or not self.all[one.parent].hidden

    def under(self, key: str) -> tuple[str, ...]:
        """Every key whose listings are found under ``key``: itself, its kinds, and what was merged into them."""
        found = {key, *(one.key for one in self.all.values() if one.parent == key and not one.merged_into)}
        return tuple(k for k, one in self.all.items() if k in found or one.merged_into in found)

    def shipped(self, key: str) -> str:
        """The key by which other hubs, payments and the matcher know it: the nearest shipped one above."""
        one = self.get(key)
        if one.key in SHIPPED_PARENT:
            return one.key
        return one.parent if one.parent in SHIPPED_PARENT else OTHER


def of(tx: Tx) -> Taxonomy:
    """The kinds of this hub as they are now."""
    return _laid_over(tuple(tuple(row) for row in tx.known((CategoryRow,), _ROWS)))


_ROWS: Final = "SELECT key, parent, name, icon, hidden, merged_into FROM category ORDER BY LENGTH(key), key"


@lru_cache(maxsize=8)
def _laid_over(rows: tuple[tuple[str, str | None, str, str, int, str | None], ...]) -> Taxonomy:
    return Taxonomy(
        [Category(k, parent, name, icon, bool(h), into) for k, parent, name, icon, h, into in rows]
    )
