"""Reads a listing: what is offered or wanted, what is done with it, and what the text takes back.

A text is parted at marks and at *and*. In each part the words that mean something are found (``spelling``); one of them
is the head: the work that is done, else the last thing before *for* or *of* in languages where the chief word comes
last, else the first one. What act and thing are together (cut + hair) is looked up in the lexicon's blends. What
follows *not* or *without* is left out. What is done with a thing (repair, teach, lend) holds for the whole text unless a
part says its own. Where the words name nothing, the little pictures between them do (``signs``).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from appliance.matching import signs, text
from appliance.matching.lexicon import ACT, CONTEXT, LATIN, MODE, PART, ROOT, SOLE, SUBJECT, VAGUE, lexicon
from appliance.matching.meaning import Meaning, Segment, Topic
from appliance.matching.spelling import Speller, language_hint, languages_of

HEAD_LAST: Final = frozenset(("en", "hi"))
"""Languages in which *goat cheese* is a cheese, and *cheese goat* would be a goat."""

LISTED: Final = 0.75
"""What a short part of a description counts: "also eggs, honey"."""
TOLD: Final = 0.45
"""What a part of a long sentence in a description counts: too little to match alone ..."""
ONLY: Final = 0.95
"""... unless the title says nothing."""
SHORT_PART: Final = 3
MOST_SEGMENTS: Final = 24

_EMPTY: Final = frozenset(
    [
        "empty",
        "vacio",
        "vacios",
        "vacia",
        "vacias",
        "vide",
        "vides",
        "vazio",
        "vazios",
        "vazia",
        "vazias",
        "tupu",
        "matupu",
        "खाली",
        "فارغ",
        "فارغة",
    ]
)
_SENTENCES: Final = re.compile(r"[.;:!?()\[\]\n\r|•·।؟؛…]+")
_CANNOT: Final = re.compile(r"\bcan['’]?t\b", re.IGNORECASE)
_LIST_MARKS: Final = re.compile(r"[,/&+،、，。]| - | – | — ")


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a text: its topics in order, where the head must stand before, its modes."""

    topics: tuple[Topic, ...]
    before: int
    modes: frozenset[str]
    length: int


@lru_cache(maxsize=4096)
def read(title: str, description: str = "", language: str | None = None) -> Meaning:
    """What a listing says.

    Args:
        language: of the listing, where it is known; another one than the lexicon's is as good as none.
    """
    hint = language_hint(language)
    titled = _segments(title, hint, 1.0)
    told = _segments(description, hint, None) if description else ()
    if not any(_telling(one) for one in titled):
        titled = _with_signs(titled, title)
        if not titled and not any(_telling(one) for one in told):
            told = _with_signs(told, description)
    if not any(_telling(one) for one in titled):
        told = tuple(replace(one, weight=max(one.weight, ONLY)) for one in told)
    else:
        titled, told = _done_as_told(titled, told)
    return (*titled, *told)[:MOST_SEGMENTS]


def _done_as_told(titled: Meaning, told: Meaning) -> tuple[Meaning, Meaning]:
    """A title that names a thing, with what the text below says is done with it: *Sewing machine / jammed, who can fix it?*

    Such a bare *fix* or *lend* is no thing of its own beside those that the title names.
    """
    # Not what is done with another thing: *Bread / I repair bicycles, too*.
    said = [one for one in told if not one.head.known or _is(one.head, MODE, CONTEXT, ACT)]
    done = [key for one in said for key in (*one.head.keys, *sorted(one.modes)) if key in _SAID_BELOW]
    if done and len(titled) == 1 and not titled[0].modes and not _is(titled[0].head, MODE):
        titled = (replace(titled[0], modes=frozenset(done[:1])),)
    return titled, tuple(one for one in told if not _is(one.head, MODE))


_SAID_BELOW: Final = ("@repair", "@teach", "@lend")


def _with_signs(found: Meaning, written: str) -> Meaning:
    """What words that name nothing say together with the pictures beside them: *🚲 repair*, *12 🥚*."""
    topics = signs.topics_of(written)
    if not topics or _denied(written):
        return found
    lex = lexicon()
    modes = frozenset(
        key for one in (*(one.head for one in found), *topics) for key in one.keys if MODE in lex.sorts(key)
    )
    words = tuple(one for one in found if modes.isdisjoint(one.head.keys))
    things = [one for one in topics if modes.isdisjoint(one.keys)]
    if not things:
        return found or tuple(Segment(Topic((mode,), mode), (), frozenset()) for mode in sorted(modes))
    named = [
        one for thing in things for one in _segment(_Part((thing,), 0, modes, 1), modes, False, False, False)
    ]
    return (*words, *(replace(one, weight=LISTED if words else 1.0) for one in named))


def _denied(written: str) -> bool:
    """Whether any of its words takes something back, in any language."""
    small = lexicon().small.values()
    return any(word in one.negation for word in text.words(written) for one in small)


def _telling(segment: Segment) -> bool:
    return segment.head.known and not any(
        lexicon().sorts(key) & {CONTEXT, MODE, "root"} for key in segment.head.keys
    )


def _segments(written: str, hint: str | None, weight: float | None) -> Meaning:
    written = _CANNOT.sub("cannot", written)
    words = text.words(written)
    if not words:
        return ()
    languages = languages_of(words, hint)
    speller = Speller(languages, text.marked(written))
    parts = [
        part
        for sentence in _SENTENCES.split(written)
        for part in _parts([speller.words(piece) for piece in _LIST_MARKS.split(sentence)], speller)
    ]
    everywhere = (
        frozenset(mode for part in parts for mode in part.modes if mode != PART)
        if weight is not None
        else frozenset()
    )
    head_last = languages[0] in HEAD_LAST
    foreign = len(languages) == len(LATIN)
    sure_of_last = head_last and len(languages) == 1
    found: list[Segment] = []
    for part in parts:
        modes = part.modes or everywhere
        own = weight if weight is not None else (LISTED if part.length <= SHORT_PART else TOLD)
        found.extend(
            replace(one, weight=own) for one in _segment(part, modes, head_last, foreign, sure_of_last)
        )
    if weight is not None:
        found += [replace(one, weight=weight) for one in _across(found)]
    return tuple(dict.fromkeys(found))


def _across(found: Sequence[Segment]) -> Iterable[Segment]:
    """What a bare act in one part and a thing in another are together: *Children: looking after*."""
    for act in found:
        if act.more or not _is(act.head, VAGUE):
            continue
        for thing in found:
            if thing is not act and (blended := _blended((act.head, thing.head), frozenset())) is not None:
                yield Segment(blended[0], (), frozenset())


def _parts(pieces: Iterable[Sequence[str]], speller: Speller) -> Iterable[_Part]:
    """The parts of one sentence. A *not* holds to the end of the sentence."""
    denied = False
    for words in pieces:
        topics: list[Topic] = []
        modes: set[str] = set()
        before = length = place = 0
        while place < len(words):
            word = words[place]
            if speller.denies(word):
                if topics and all(speller.at(words, n).topic is None for n in range(place + 1, len(words))):
                    topics, modes = [], set()  # *eggs: none*, *ovos não tenho*
                denied = True
                place += 1
                continue
            found = speller.at(words, place)
            if found.topic is None and speller.joins(word) and (topics or modes):
                yield _Part(tuple(topics), before, frozenset(modes), length)
                topics, modes, before, length = [], set(), 0, -found.length
            if found.topic is None and topics and not before and speller.ends_head(word):
                before = len(topics)
            length += found.length
            if found.topic is not None and not denied:
                mode = [key for key in found.topic.keys if MODE in lexicon().sorts(key)]
                things = tuple(key for key in found.topic.keys if key not in mode)
                modes.update(mode)
                if things:
                    topics.append(replace(found.topic, keys=things))
            place += found.length
        if topics or modes:
            yield _Part(tuple(topics), before, frozenset(modes), length)


def _segment(
    part: _Part, modes: frozenset[str], head_last: bool, foreign: bool, sure_of_last: bool
) -> Iterable[Segment]:
    topics = list(part.topics)
    if not topics:
        yield from (Segment(Topic((mode,), mode), (), frozenset()) for mode in sorted(part.modes))
        return
    topics, modes = _plants(topics, modes)
    topics = _food_itself(topics, part.before, head_last)
    acts = [
        place
        for place, topic in enumerate(topics)
        if _is(topic, ACT) and not _describes(place, topics, head_last)
    ]
    blended = _blended(topics, modes)
    if blended is not None:
        topic, used = blended
        rest = [one for one in topics if one not in used]
        yield Segment(topic, tuple(rest), modes - set(topic_modes(used, modes, topic)))
        return
    if acts:
        # *I do cleaning*: what is done tells more than that it is done.
        place = next((n for n in acts if not _is(topics[n], VAGUE)), acts[0])
    else:
        things = [n for n, topic in enumerate(topics) if not _is(topic, CONTEXT)] or list(range(len(topics)))
        # What only describes (gardening books) is no head, wherever it stands.
        things = [n for n in things if not _is(topics[n], ACT)] or things
        if not sure_of_last:
            # What the lexicon has not is more often a word for how it is than the thing itself.
            things = [n for n in things if topics[n].known] or things
        early = [n for n in things if n < part.before] if part.before else []
        things = early or things
        place = things[-1] if head_last else things[0]
        if foreign and not part.before and not any(topic.known for topic in topics):
            # In a language that nobody here knows any word may be the chief one.
            yield from (Segment(one, (), modes) for one in topics)
            return
    yield Segment(topics[place], tuple(topics[:place] + topics[place + 1 :]), modes)


def _plants(topics: list[Topic], modes: frozenset[str]) -> tuple[list[Topic], frozenset[str]]:
    """*Tomato plants* are seedlings of tomatoes."""
    food = [topic for topic in topics if _under(topic, "food")]
    if food and any(topic.keys == ("plant",) for topic in topics):
        return [topic for topic in topics if topic.keys != ("plant",)], modes | {"@plant"}
    return topics, modes


def _food_itself(topics: list[Topic], before: int, head_last: bool) -> list[Topic]:
    """*A sack of potatoes* and *eggs from the farm* are potatoes and eggs; an *empty* sack is a sack, and farming of something
    is still farming.
    """
    food = next((n for n, topic in enumerate(topics) if _under(topic, "food")), None)
    if food is None:
        return topics
    empty = any(topic.word in _EMPTY for topic in topics)
    where = range(food) if head_last and not food < before else range(food, len(topics))
    said = enumerate(topics)
    return [
        topic
        for n, topic in said
        if not (n < food and _under(topic, "container") and not empty)
        and not (n in where and topic.keys == ("farming",))
    ]


def _describes(place: int, topics: Sequence[Topic], head_last: bool) -> bool:
    """Whether an act that is not done to things only says what a thing beside it is for: *gardening books*, not *piano tuner*."""
    if not _is(topics[place], SOLE):
        return False
    beside = topics[place + 1 :] if head_last else topics
    return any(
        topic.known
        and not _is(topic, ACT, CONTEXT, SUBJECT, ROOT)
        and not _under(topic, "food", "plant", "animals")
        for topic in beside
        if topic is not topics[place]
    )


def _under(topic: Topic, *names: str) -> bool:
    lex = lexicon()
    return any(key in names or not set(names).isdisjoint(lex.above(key)) for key in topic.keys)


def topic_modes(used: Sequence[Topic], modes: frozenset[str], blended: Topic) -> frozenset[str]:
    """The modes a blend has taken up: those it was made of."""
    taken = {act for act, _, outcome in lexicon().blends if outcome in blended.keys and act in modes}
    return frozenset(taken) if len(used) == 1 else frozenset()


def _blended(topics: Sequence[Topic], modes: frozenset[str]) -> tuple[Topic, tuple[Topic, ...]] | None:
    """What act and thing of a part are together, and the topics that make it up."""
    lex = lexicon()
    for act, thing, outcome in lex.blends:
        doing = [topic for topic in topics if act in topic.keys]
        if not doing and act not in modes:
            continue
        for topic in topics:
            if topic in doing:
                continue
            if any(key == thing or thing in lex.above(key) for key in topic.keys):
                used = (*doing[:1], topic)
                word = " ".join(one.word for one in topics if one in used)
                return Topic((outcome,), word, min(one.sure for one in used)), used
    return None


def _is(topic: Topic, *sorts: str) -> bool:
    return any(not lexicon().sorts(key).isdisjoint(sorts) for key in topic.keys)
