"""Who could serve whom: for a member's wants the offers of others, for the offers their wants.

Two listings fit by what their titles say. A *strong* word tells one thing from another; weak
words (help, repair, fresh, lesson) and the word that only repeats the shared category do not
count, so *repair a bicycle* does not meet *repair a radio*. The score is

    ``TITLES`` x (share of the two titles' strong words that they have in common)
    + ``TEXT_WORD`` for each further strong word in common, at most ``MOST_TEXT_WORDS``
    + ``SAME_CATEGORY``
    + ``FRESH`` x (1 today, a half after ``HALF_DAYS``)

and below ``THRESHOLD`` nothing is said. Without a strong word in common nothing is said at all.

People of this hub come before those of other hubs, whatever the score: they live nearer. Of other
hubs only those are looked at with which this one trades now (``reads.far_listings``).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger.book.schema import Member
from appliance.ledger.book.store import Tx
from appliance.ledger.market.listings import OFFER, WANT
from appliance.ledger.people import powers
from appliance.ledger.reads.far_listings import trading_hubs
from appliance.ledger.values import RecordId
from appliance.matching import text
from appliance.matching.index import OWN, FarId, Index, ListingId, listing_id
from appliance.matching.vocabulary import CATEGORY_WORDS

TITLES: Final = 4.0
TEXT_WORD: Final = 0.75
MOST_TEXT_WORDS: Final = 2
SAME_CATEGORY: Final = 2.0
FRESH: Final = 0.4
HALF_DAYS: Final = 30
THRESHOLD: Final = 4.0
"""Same category and half of the titles' words; or, across categories, titles that say the same."""

COMMON_PART: Final = 5
"""A word in more than one of five listings of a village tells nothing there ..."""
COMMON_FROM: Final = 40
"""... once the village has this many."""

MOST_OWN: Final = 50
MOST_SUGGESTIONS: Final = 30
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two listings that could serve each other, and why.

    Attributes:
        mine: the listing of the member who is told.
        theirs: the listing of ``owner``, who lives at the hub that a ``FarId`` names, or at this one.
        kind: of ``theirs``: offer or want.
        shared: the words in common, as they stand in ``theirs``, those of the titles first.
        same_category: whether both are of one category.
        score: for ordering.
    """

    mine: RecordId
    theirs: ListingId
    owner: int
    kind: str
    shared: tuple[str, ...]
    same_category: bool
    score: float


@dataclass(frozen=True, slots=True)
class _Listing:
    place: int
    id: ListingId
    owner: int
    kind: str
    category: str
    opened_ms: int


_COLUMNS: Final = "l.place, l.id, l.hub, l.number, l.owner, l.kind, l.category, l.opened_ms"

Words = dict[str, tuple[bool, frozenset[str]]]
"""The strong words of a listing: whether in the title, and the forms under which it meets others."""


def suggestions(index: Index, tx: Tx, member: int, now_ms: int, limit: int = 10) -> tuple[Suggestion, ...]:
    """What ``member`` could trade with others, this hub's people first, the best first; each listing of others once.

    Args:
        index: has followed the ledger.
        tx: the ledger; members who are not active are left out, and hubs with which this one does not trade.
        now_ms: the present time, for freshness.
        limit: 1 to ``MOST_SUGGESTIONS``.
    """
    if powers.refuse_unless_active(tx, member):
        return ()
    found: dict[ListingId, tuple[Suggestion, int]] = {}
    common, hubs = _Common(index), (OWN, *trading_hubs(tx))
    own = index.rows(
        f"SELECT {_COLUMNS} FROM listing l WHERE l.hub = ? AND l.owner = ? ORDER BY l.place DESC LIMIT ?",  # noqa: S608 - columns of ours
        (OWN, member, MOST_OWN),
    )
    for row in own:
        mine = _listing(row)
        for suggestion, place in _for_one(index, mine, hubs, now_ms, common):
            best = found.get(suggestion.theirs)
            if best is None or suggestion.score > best[0].score:
                found[suggestion.theirs] = suggestion, place
    kept = [(s, place) for s, place in found.values() if not _gone(tx, s)]
    kept.sort(key=lambda pair: (isinstance(pair[0].theirs, FarId), -pair[0].score, pair[1]))
    return tuple(s for s, _ in kept[: max(1, min(limit, MOST_SUGGESTIONS))])


def _gone(tx: Tx, told: Suggestion) -> bool:
    """Whether the owner, if of this hub, has left. Other hubs take down what theirs had listed."""
    if isinstance(told.theirs, FarId):
        return False
    return (who := tx.get(Member, number=told.owner)) is None or who.status != powers.ACTIVE


class _Common:
    """Which words so many listings share that they tell nothing."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._all = int(index.rows("SELECT COUNT(*) FROM listing")[0][0])
        self._known: dict[str, bool] = {}

    def __call__(self, form: str) -> bool:
        if self._all < COMMON_FROM:
            return False
        if form not in self._known:
            rows = self._index.rows("SELECT COUNT(DISTINCT place) FROM word WHERE form = ?", (form,))
            self._known[form] = int(rows[0][0]) * COMMON_PART > self._all
        return self._known[form]


def _for_one(
    index: Index, mine: _Listing, hubs: Sequence[int], now_ms: int, common: _Common
) -> Iterable[tuple[Suggestion, int]]:
    """What fits ``mine`` among the open listings of ``hubs``, each with its place."""
    my_words = _strong(index, (mine.place,), common)[mine.place]
    my_forms = sorted({form for _, forms in my_words.values() for form in forms})
    if not my_forms:
        return
    candidates = index.rows(
        f"""SELECT DISTINCT {_COLUMNS} FROM word w JOIN listing l ON l.place = w.place
        WHERE w.form IN ({", ".join("?" * len(my_forms))}) AND l.hub IN ({", ".join("?" * len(hubs))})
        AND l.kind = ? AND (l.hub != ? OR l.owner != ?)""",  # noqa: S608 - columns of ours
        (*my_forms, *hubs, WANT if mine.kind == OFFER else OFFER, OWN, mine.owner),
    )
    theirs = [_listing(row) for row in candidates]
    their_words = _strong(index, [listing.place for listing in theirs], common)
    for listing in theirs:
        suggestion = _compare(mine, my_words, listing, their_words[listing.place], now_ms)
        if suggestion is not None:
            yield suggestion, listing.place


def _compare(
    mine: _Listing, my_words: Words, theirs: _Listing, their_words: Words, now_ms: int
) -> Suggestion | None:
    same = mine.category == theirs.category
    ignored = CATEGORY_WORDS.get(mine.category, frozenset()) if same else frozenset()
    ours = {w: v for w, v in my_words.items() if ignored.isdisjoint(v[1])}
    others = {w: v for w, v in their_words.items() if ignored.isdisjoint(v[1])}
    in_titles, elsewhere = [], []
    for word, (in_title, forms) in others.items():
        meets = [in_my_title for in_my_title, my_forms in ours.values() if not forms.isdisjoint(my_forms)]
        if meets and in_title and any(meets):
            in_titles.append(word)
        elif meets:
            elsewhere.append(word)
    if not in_titles and not elsewhere:
        return None
    sizes = sum(v[0] for v in ours.values()) + sum(v[0] for v in others.values())
    alike = min(1.0, 2 * len(in_titles) / sizes) if sizes else 0.0
    age_days = max(0, now_ms - theirs.opened_ms) / _DAY_MS
    score = (
        TITLES * alike
        + TEXT_WORD * min(len(elsewhere), MOST_TEXT_WORDS)
        + SAME_CATEGORY * same
        + FRESH * HALF_DAYS / (HALF_DAYS + age_days)
    )
    # Freshness orders what fits; it must not lift what does not fit over the threshold.
    if score - FRESH * HALF_DAYS / (HALF_DAYS + age_days) < THRESHOLD:
        return None
    shared = tuple(in_titles + elsewhere)
    assert not isinstance(mine.id, FarId)  # looked up among the member's own
    return Suggestion(mine.id, theirs.id, theirs.owner, theirs.kind, shared, same, score)


def _strong(index: Index, places: Iterable[int], common: _Common) -> dict[int, Words]:
    """The strong words of each of these listings."""
    found: dict[int, Words] = {place: {} for place in places}
    numbers = list(found)
    for start in range(0, len(numbers), 500):
        part = numbers[start : start + 500]
        marks = ", ".join("?" * len(part))
        rows = index.rows(
            f"SELECT place, word, title, form FROM word WHERE place IN ({marks})",  # noqa: S608 - only marks
            part,
        )
        grouped: dict[tuple[int, str, int], set[str]] = defaultdict(set)
        for place, word, title, form in rows:
            grouped[place, word, title].add(form)
        for (place, word, title), forms in sorted(grouped.items()):
            if not text.is_weak(word) and not common(word):
                found[place][word] = (bool(title), frozenset(forms))
    return found


def _listing(row: tuple[Any, ...]) -> _Listing:
    place, record, hub, number, *rest = row
    return _Listing(place, listing_id(record, hub, number), *rest)
