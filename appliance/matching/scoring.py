"""How well an offer serves a want, from 0 to 1, and why in words.

The best pair of their segments counts. Of a pair: are the heads one thing, or is one a kind of the other (*tomatoes*
serve *vegetables*; the other way less)? Do the words that say which one agree? Is the same done with it (repair,
lend)? Times the weights of the two segments; a little more for the same category, less for another one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from appliance.ledger.book.taxonomy import SHIPPED_PARENT, group_of
from appliance.matching.lexicon import (
    ACT,
    CONTEXT,
    LANGUAGES,
    MAKES,
    MODE,
    PART,
    ROOT,
    SUBJECT,
    VAGUE,
    lexicon,
)
from appliance.matching.meaning import RUN, WORD, Meaning, Segment, Topic
from appliance.matching.spelling import edits_allowed
from appliance.matching.stems import stem

THRESHOLD: Final = 0.5
"""Below it nothing is said."""

SAME_CATEGORY: Final = 0.03
OTHER_CATEGORY: Final = 0.92
UNKNOWN_CATEGORIES: Final = frozenset(("", "other", "unknown", "misc", "none"))

# How well an offer serves a want that is a step above it, and a want that is below it.
SPECIAL: Final = (1.0, 0.92, 0.84, 0.76, 0.7)
GENERAL: Final = (1.0, 0.64, 0.5, 0.4, 0.3)
ROOT_SERVES: Final = 0.35
"""An offer of *food* for somebody who wants tomatoes."""
ROOT_WANTED: Final = 0.72
"""*Tomatoes* for somebody who wants food."""

_LONG: Final = 8
"""From this length on two unknown words may differ by two edits."""
_ALIKE: Final = 0.8
LIKE: Final = 0.8
"""Two unknown words that differ by a typing slip."""

SAME, MEANS, KIND, COVERS, SLIP = "same", "means", "kind", "covers", "slip"


@dataclass(frozen=True, slots=True)
class Why:
    """Why two listings fit.

    Attributes:
        relation: ``same`` word, ``means`` the same, the offer is a ``kind`` of what is wanted, it ``covers`` it, or the
            words are one but for a typing ``slip``.
        offered, wanted: the words, folded, as they stand in the listings.
        concept: what both are about; None for words the lexicon has not.
    """

    relation: str
    offered: str
    wanted: str
    concept: str | None


@dataclass(frozen=True, slots=True)
class Fit:
    """A score from 0 to 1, and why."""

    score: float
    why: Why


def fit(offer: Meaning, want: Meaning) -> Fit | None:
    """How well ``offer`` serves ``want`` by what they say; None when they have nothing in common."""
    best = _best_pair(offer, want)
    if best is not None and best.why.relation == SAME and not _one_word(best.why.offered, best.why.wanted):
        return replace(best, why=replace(best.why, relation=MEANS))
    return best


class Closeness:
    """The score of ``fit``, without the reason; of many: what two segments make together is worked out once.

    Segments that say the same in other words are one here, and there are far fewer of them than listings.
    """

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._segments: list[Segment] = []
        self._known: dict[tuple[int, int], float] = {}

    def numbered(self, meaning: Meaning) -> "Numbered":
        """``meaning`` for ``between``."""
        return tuple((self._number(one), one.weight) for one in meaning)

    def _number(self, segment: Segment) -> int:
        said = tuple((topic.keys, topic.sure) for topic in segment.topics), segment.modes
        number = self._numbers.setdefault(said, len(self._segments))
        if number == len(self._segments):
            self._segments.append(segment)
        return number

    def between(self, offer: "Numbered", want: "Numbered") -> float:
        """How well ``offer`` serves ``want``; 0 when that is less than ``THRESHOLD``."""
        best = 0.0
        for offered, one in offer:
            for wanted, other in want:
                weight = one * other
                if weight <= best or weight < THRESHOLD:
                    continue
                close = self._known.get((offered, wanted))
                if close is None:
                    found = _segments(self._segments[offered], self._segments[wanted])
                    close = self._known[offered, wanted] = 0.0 if found is None else found.score
                best = max(best, close * weight)
        return best if best >= THRESHOLD else 0.0


Numbered = tuple[tuple[int, float], ...]
"""The segments of a meaning by number, each with its weight (``Closeness``)."""


def _best_pair(offer: Meaning, want: Meaning) -> Fit | None:
    best: Fit | None = None
    for offered in offer:
        for wanted in want:
            weight = offered.weight * wanted.weight
            if best is not None and weight <= best.score:
                continue
            found = _segments(offered, wanted)
            if found is not None and (best is None or found.score * weight > best.score):
                best = Fit(found.score * weight, found.why)
    return best


def with_category(score: float, one: str | None, other: str | None) -> float:
    """A score, seen with the categories of both: the same group helps a little, another one takes a little away."""
    known = {_group((name or "").casefold()) for name in (one, other)}
    if known & UNKNOWN_CATEGORIES:
        return score
    return min(1.0, score + SAME_CATEGORY) if len(known) == 1 else score * OTHER_CATEGORY


def _group(category: str) -> str:
    """The shipped group of a category; a word that is none of ours stands for itself."""
    return group_of(category) if category in SHIPPED_PARENT else category


def keys_of(meaning: Meaning) -> frozenset[str]:
    """Under which keys a listing is found: its heads, what it makes, and for unknown words how they begin and end."""
    found: set[str] = set()
    for segment in meaning:
        topics = segment.topics if _is(segment.head, MAKES, VAGUE, CONTEXT) else (segment.head,)
        for topic in topics:
            for key in topic.keys:
                found.add(key)
                found.update(_ends(key))
        found.update(segment.modes)
        found.update(_BARE + key for key in segment.head.keys if MODE in lexicon().sorts(key))
    return frozenset(found)


def wanted_keys(meaning: Meaning) -> frozenset[str]:
    """Under which keys of ``keys_of`` those are found that may fit ``meaning``: its own, what is above and below."""
    lex = lexicon()
    found = {key for key in keys_of(meaning) if MODE not in lex.sorts(key)}
    for key in tuple(found):
        found.update(lex.above(key))
        found.update(lex.below(key))
    for segment in meaning:
        # Who wants just seeds is served by all kinds of seeds, and the other way round.
        found.update(segment.head.keys)
        found.update(_BARE + mode for mode in segment.modes)
    return frozenset(found)


_BARE: Final = "bare:"
"""Begins the key of a segment that names a mode and nothing else."""


def _ends(key: str) -> Iterable[str]:
    """The first and the last letters of an unknown word: one typing slip leaves one of the two; pairs of a run."""
    if key.startswith(WORD) and len(key) >= 7:
        yield "b:" + key[2:5]
        yield "e:" + key[-3:]
    if key.startswith(RUN):
        yield from ("g:" + pair for pair in _pairs(key))


def _segments(offered: Segment, wanted: Segment) -> Fit | None:
    close, why = _topics(offered.head, wanted.head)
    if _is(wanted.head, MODE) and wanted.head.keys[0] in offered.modes - {PART}:
        return Fit(0.75, Why(KIND, offered.head.word, wanted.head.word.removeprefix("@"), None))
    many = len(offered.more) and len(wanted.more)
    if why is None and not many and not _is(offered.head, MAKES) and not _is(wanted.head, MAKES):
        return None
    mode = _modes(offered, wanted)
    if mode <= 0:
        return None
    score = close * _which(offered, wanted) if close else 0.0
    if score < THRESHOLD:
        for other in (_made(offered, wanted), _together(offered, wanted)):
            if other is not None and other.score > score:
                score, why = other.score, other.why
    return Fit(score * mode, why) if why is not None and score > 0 else None


def _made(offered: Segment, wanted: Segment) -> Fit | None:
    """Who bakes has cakes; who wants the roof painted is served by a painter of roofs."""
    best: Fit | None = None
    for one, other, turned in ((offered, wanted, False), (wanted, offered, True)):
        if not _is(one.head, MAKES) or other.modes:
            continue
        if _is(other.head, MAKES):  # both make something: is it the same?
            made = [thing for thing in other.more if not _is(thing, CONTEXT)]
        else:
            made = [other.head] if not _is(other.head, ACT) else []
        for topic, thing in ((topic, thing) for topic in one.more for thing in made):
            pair = (topic, thing) if not turned else (thing, topic)
            close, why = _topics(*pair)
            if why is not None and close * 0.85 > (best.score if best else 0):
                best = Fit(close * 0.85, why)
    return best


def _together(offered: Segment, wanted: Segment) -> Fit | None:
    """Two that speak of the same two things or more, whichever stands first: *accordion tuning*, *tune my accordion*."""
    mine = [topic for topic in offered.topics if not _is(topic, CONTEXT)]
    theirs = [topic for topic in wanted.topics if not _is(topic, CONTEXT)]
    if len(mine) < 2 or len(theirs) < 2:
        return None
    met = [max((_topics(one, other) for one in mine), key=lambda found: found[0]) for other in theirs]
    same = [why for close, why in met if close >= _ALIKE]
    if len(same) < 2:
        return None
    return Fit(0.85 * 2 * len(same) / (len(mine) + len(theirs)), same[0]) if same[0] is not None else None


def _topics(offered: Topic, wanted: Topic) -> tuple[float, Why | None]:
    """How well one topic serves another, by the best of their meanings."""
    best = _best(offered.keys, wanted.keys)
    close, relation, concept = best
    if not close:
        return 0.0, None
    sure = min(offered.sure, wanted.sure)
    known = concept if concept is not None and not concept.startswith((WORD, RUN)) else None
    return close * sure, Why(relation, offered.word, wanted.word, known)


@lru_cache(maxsize=50_000)
def _best(offered: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[float, str, str | None]:
    """Of all meanings of two words the pair that is closest: how close, in which way, and what both are about."""
    best: tuple[float, str, str | None] = (0.0, "", None)
    for one in offered:
        for other in wanted:
            close, relation = _keys(one, other)
            if close > best[0]:
                best = (close, relation, other if relation == KIND else one)
    return best


def _one_word(one: str, other: str) -> bool:
    """Whether two are one word, in forms of some language."""
    return one == other or any(stem(one, name) == stem(other, name) for name in LANGUAGES)


def _keys(offered: str, wanted: str) -> tuple[float, str]:
    if offered == wanted:
        return 1.0, SAME
    lex = lexicon()
    if (steps := lex.above(offered).get(wanted)) is not None:
        by_steps = SPECIAL[min(steps, len(SPECIAL) - 1)]
        return (min(ROOT_WANTED, by_steps) if ROOT in lex.sorts(wanted) else by_steps), KIND
    if (steps := lex.above(wanted).get(offered)) is not None:
        return (ROOT_SERVES if ROOT in lex.sorts(offered) else GENERAL[min(steps, len(GENERAL) - 1)]), COVERS
    if offered.startswith(WORD) and wanted.startswith(WORD):
        one, other = offered[2:], wanted[2:]
        slips = 2 if min(len(one), len(other)) >= _LONG else min(edits_allowed(one), edits_allowed(other))
        if slips and not {one, other} <= lex.everyday and OSA.distance(one, other) <= slips:
            return LIKE, SLIP
    if offered.startswith(RUN) and wanted.startswith(RUN):
        return _runs(offered, wanted), SAME
    return 0.0, ""


def _runs(offered: str, wanted: str) -> float:
    """How much two runs of letters have in common: pairs of letters, of the shorter one."""
    one, other = _pairs(offered), _pairs(wanted)
    common = len(one & other)
    return common / min(len(one), len(other)) * (0.8 + 0.2 * common / max(len(one), len(other)))


def _pairs(key: str) -> frozenset[str]:
    run = key[len(RUN) :]
    return frozenset(run[n : n + 2] for n in range(len(run) - 1)) or frozenset((run,))


def _which(offered: Segment, wanted: Segment) -> float:
    """Whether the words that say which one agree: 1 when nothing speaks against it."""
    mine = [topic for topic in offered.more if not _is(topic, MODE)]
    theirs = [topic for topic in wanted.more if not _is(topic, MODE)]
    mine = [topic for topic in mine if not _is(topic, CONTEXT)]
    theirs = [topic for topic in theirs if not _is(topic, CONTEXT)]
    if _is(wanted.head, ROOT):
        # *Warm clothes*: what nobody knows only says how they should be.
        theirs = [topic for topic in theirs if topic.known]
    vague = _is(offered.head, VAGUE, ROOT, MODE) or _is(wanted.head, VAGUE, ROOT, MODE)
    if not mine and not theirs:
        return 1.0
    if not mine or not theirs:
        return 0.8 if vague else 0.9
    agree = max(_topics(one, other)[0] for one in mine for other in theirs)
    if (
        not agree
        and not vague
        and _food(offered.head)
        and all(any(topic.known for topic in side) for side in (mine, theirs))
    ):
        return 0.45  # both say which, and it is not the same: flour of cassava, flour of wheat
    return (0.3 + 0.7 * agree) if vague else (0.62 + 0.38 * agree)


def _food(topic: Topic) -> bool:
    return any("food" in lexicon().above(key) for key in topic.keys)


# What is done with it: (offered, wanted) -> how well that fits. "" is nothing said.
_THING: Final = {
    ("", "@lend"): 0.8, ("@lend", ""): 0.75,
    ("@help", ""): 0.5, ("", "@help"): 0.5,
    ("@repair", "@help"): 0.85, ("@help", "@repair"): 0.8,
    ("@teach", "@help"): 0.85, ("@help", "@teach"): 0.85,
    ("@perform", ""): 0.6, ("", "@perform"): 0.6,
    ("@repair", ""): 0.3, ("", "@repair"): 0.25, ("@teach", ""): 0.3, ("", "@teach"): 0.3,
    ("@plant", ""): 0.45, ("", "@plant"): 0.4, ("@part", ""): 0.4, ("", "@part"): 0.4,
    ("@part", "@repair"): 0.3,
}  # fmt: skip
_WORK: Final = _THING | {
    ("@repair", ""): 1.0, ("", "@repair"): 1.0, ("@help", ""): 0.95, ("", "@help"): 0.95,
    ("@teach", ""): 0.4, ("", "@teach"): 0.4, ("@perform", ""): 0.9, ("", "@perform"): 0.9,
    ("@part", ""): 0.7, ("", "@part"): 0.7, ("@plant", ""): 0.7, ("", "@plant"): 0.7,
}  # fmt: skip
_TAUGHT: Final = _WORK | {("@teach", ""): 1.0, ("", "@teach"): 1.0}


def _modes(offered: Segment, wanted: Segment) -> float:
    table = _THING
    if _is(offered.head, ACT, SUBJECT) and _is(wanted.head, ACT, SUBJECT):
        taught = _is(offered.head, SUBJECT) or _is(wanted.head, SUBJECT)
        table = _TAUGHT if taught else _WORK
    if _is(wanted.head, MODE) and wanted.head.keys[0] in offered.modes:
        return 0.8
    best = 0.0
    for one in offered.modes or ("",):
        for other in wanted.modes or ("",):
            best = max(best, 1.0 if one == other else table.get((one, other), 0.0))
    return best


def _is(topic: Topic, *sorts: str) -> bool:
    return not _sorts(topic.keys).isdisjoint(sorts)


@cache
def _sorts(keys: tuple[str, ...]) -> frozenset[str]:
    lex = lexicon()
    return frozenset(sort for key in keys for sort in lex.sorts(key))
