"""How MCCS matches, written anew from its source, to hold our matcher against.

A tag matches another by edit distance (none up to two letters, one up to five, two from six on; two neighbouring letters in the
wrong order are one edit, as in Elasticsearch), by prefix, or where
it contains it. Of a listing the title is the tag, as it is typed there: MCCS makes one tag of several words by hyphens.
"""

from rapidfuzz.distance import OSA

from appliance.matching import text


def tag(title: str) -> str:
    return "-".join(text.words(title))


def edits(name: str) -> int:
    return 0 if len(name) <= 2 else 1 if len(name) <= 5 else 2


def matches(one: str, other: str) -> bool:
    """Whether ``one``, the own tag, finds ``other``."""
    return other.startswith(one) or one in other or OSA.distance(one, other) <= edits(one)


def fits(offer: str, want: str) -> bool:
    """Whether either side is told of the other."""
    one, other = tag(offer), tag(want)
    return matches(one, other) or matches(other, one)
