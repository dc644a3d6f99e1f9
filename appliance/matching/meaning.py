"""What a listing is about, as values: topics in segments. Made by ``reading``, compared by ``scoring``, kept in the cache."""

import json
from dataclasses import dataclass
from typing import Final

WORD: Final = "w:"
"""Begins the key of a word the lexicon does not know: its stem follows."""
RUN: Final = "r:"
"""Begins the key of a run of letters of a script without spaces."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that is spoken of.

    Attributes:
        keys: the concepts it may be (several when the word has several meanings), or one key of an unknown word.
        word: as it was written, folded.
        sure: 1; less for a word that was mistyped or found in another language.
    """

    keys: tuple[str, ...]
    word: str
    sure: float = 1.0

    @property
    def known(self) -> bool:
        """Whether the lexicon has it."""
        return not self.keys[0].startswith((WORD, RUN))


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a list ("bread, goat cheese and eggs" has three), or of a sentence.

    Attributes:
        head: what it is about.
        more: what says which one.
        modes: what is done with it: concepts of sort ``mode``. Empty: nothing is said.
        weight: how much it counts, 1 for a title.
    """

    head: Topic
    more: tuple[Topic, ...]
    modes: frozenset[str]
    weight: float = 1.0

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The head, and what says which."""
        return (self.head, *self.more)


Meaning = tuple[Segment, ...]
"""What a whole listing says: the segments of the title, then those of the description."""


Signature = tuple[object, ...]


def signature(meaning: Meaning) -> Signature:
    """What a meaning says, whatever words it was said in: two that have it in common fit others equally well.

    *Pan* and *bread* have one; the words themselves only say why (``scoring.Why``).
    """
    return tuple(
        (tuple((topic.keys, topic.sure) for topic in one.topics), one.modes, one.weight) for one in meaning
    )


def to_text(meaning: Meaning) -> str:
    """A meaning as text, for the cache; equal meanings have equal texts."""
    return json.dumps(
        [
            [[[*topic.keys], topic.word, topic.sure] for topic in one.topics]
            + [sorted(one.modes), round(one.weight, 3)]
            for one in meaning
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def from_text(kept: str) -> Meaning:
    """The meaning that ``to_text`` wrote."""
    found = []
    for *topics, modes, weight in json.loads(kept):
        head, *more = (Topic(tuple(keys), word, sure) for keys, word, sure in topics)
        found.append(Segment(head, tuple(more), frozenset(modes), weight))
    return tuple(found)
