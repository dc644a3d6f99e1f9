"""Who is near: listings of this hub whose *where* names what an own listing of the reader names, too."""

from collections.abc import Callable, Iterable
from typing import Final

from appliance.ledger.book.store import Tx

Words = Callable[[str], Iterable[str]]
"""The words of a text, folded: the search's own (``matching.text``)."""

_SHORT: Final = 3
"""A word of fewer letters (*la*, *of*) names no place; in scripts without spaces a sign may."""


def near(tx: Tx, member: int, words: Words) -> frozenset[tuple[int, int]] | None:
    """Those listings, by hub (0) and number; None when the reader's own listings say nowhere."""
    own: set[str] = set()
    others: list[tuple[int, frozenset[str]]] = []
    for number, owner, place in tx.select(_PLACES):
        said = place_words(place, words)
        if owner == member:
            own |= said
        others.append((int(number), said))
    return frozenset((0, number) for number, said in others if said & own) if own else None


def place_words(place: str, words: Words) -> frozenset[str]:
    """The words of a *where* that name a place."""
    return frozenset(word for word in words(place) if len(word) >= _SHORT or not word.isascii())


_PLACES: Final = """
SELECT listing.opened_entry, listing.owner, private_text.text FROM listing
JOIN private_text ON private_text.entry = listing.text_entry AND private_text.field = 'place'
WHERE listing.state = 'open'
"""
