"""What a tired person types wrong, and what is said of it: the word or the group, where that can be known.

A sample of slips that people make with such papers, tried on many papers in each language.
"""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.ledger import papermend, paperwords
from appliance.ledger.errors import BadPaper
from appliance.ledger.keys import RootPaper

SEEDS = st.binary(min_size=32, max_size=32)
LANGUAGES = ("en", "es", "fr", "pt")
IN_A_LANGUAGE = st.sampled_from(LANGUAGES)
PLACES = st.integers(1, 24)


def said_of(typed: str) -> str:
    with pytest.raises(BadPaper) as refused:
        RootPaper.parse(typed)
    return str(refused.value)


class TestTakenAsItIs:
    """Slips that leave no doubt what was meant."""

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize(
        "typed",
        [
            ", ".join,
            lambda words: "\n".join(f"{at}.{word}" for at, word in enumerate(words, 1)),
            lambda words: " ".join(f"{at}){word.upper()};" for at, word in enumerate(words, 1)),
            lambda words: "  ".join(words).title() + " .",
            lambda words: "\t".join(words[:12]) + "\r\n" + " - ".join(words[12:]),
            lambda words: " ".join(word[:3] + " " + word[3:] if len(word) == 8 else word for word in words),
        ],
        ids=["commas", "numbers", "numbers and capitals", "titles", "dashes", "long words torn in two"],
    )
    def test_words(self, language: str, typed: Callable[[tuple[str, ...]], str]) -> None:
        for seed in range(40):
            paper = RootPaper(bytes([seed]) * 32)
            assert RootPaper.parse(typed(paper.words(language))) == paper

    @given(SEEDS, IN_A_LANGUAGE, st.integers(0, 22))
    def test_two_words_run_together(self, secret: bytes, language: str, at: int) -> None:
        words = RootPaper(secret).words(language)
        typed = " ".join((*words[:at], words[at] + words[at + 1], *words[at + 2 :]))
        try:
            assert RootPaper.parse(typed).secret == secret
        except BadPaper as refused:  # the two can be cut in more than one way, or look like another one
            assert re.search("24 words are needed|not in the list|belong together", str(refused))  # noqa: PT017

    @given(SEEDS)
    def test_letters_with_look_alikes_and_signs(self, secret: bytes) -> None:
        paper = RootPaper(secret)
        typed = paper.text().replace("O", "0").replace("I", "1").replace("B", "8")
        assert RootPaper.parse(typed.replace(" ", "-")) == paper
        assert RootPaper.parse(typed.replace(" ", ", ").lower()) == paper


class TestWordsAlone:
    """The check has 8 bits: what it cannot tell is not guessed at."""

    @given(SEEDS, IN_A_LANGUAGE, PLACES)
    def test_a_word_with_a_wrong_letter_is_named_and_often_told(
        self, secret: bytes, language: str, place: int
    ) -> None:
        words = list(RootPaper(secret).words(language))
        right = words[place - 1]
        words[place - 1] = right[:2] + ("qq" if len(right) < 4 else "q") + right[3:]
        if paperwords.place_of(words[place - 1], language) is None:
            said = said_of(" ".join(words))
            assert f"word {place} is not in the list" in said
            told = re.search(r"word (\d+) is wrong: '(.+)' would fit", said)
            assert told is None or int(told[1]) == place

    def test_of_words_that_are_nearly_others_the_place_is_told_and_is_nearly_always_right(self) -> None:
        """Somebody wrote a neighbour of the word: `cat` for `can`. Counted over many papers."""
        told = right = tried = 0
        for seed in range(150):
            paper = RootPaper(bytes([seed, 255 - seed]) * 16)
            words = list(paper.words("en"))
            near = {at: papermend._near(word, "en") for at, word in enumerate(words)}
            at = next((at for at in range(seed % 24, 24) if near[at]), None)
            if at is None:
                continue
            slip = paperwords.word_at(near[at][0], "en")
            typed = " ".join((*words[:at], slip, *words[at + 1 :]))
            try:
                RootPaper.parse(typed)
            except BadPaper as refused:
                tried += 1
                found = re.search(r"it looks as if word (\d+) is wrong: '(\w+)' would fit", str(refused))
                told += found is not None
                right += found is not None and (int(found[1]), found[2]) == (at + 1, words[at])
        assert tried > 80
        assert told > 0.6 * tried
        assert right > 0.9 * told

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_neighbours_that_are_swapped(self, language: str) -> None:
        words = list(RootPaper(bytes(range(32))).words(language))
        assert "words 1 and 2 are swapped" in said_of(" ".join([words[1], words[0], *words[2:]]))

    def test_what_cannot_be_known_is_not_said(self) -> None:
        words = list(RootPaper(bytes(range(32))).words())
        words[5] = words[7]
        assert "would fit" not in said_of(" ".join(words))


class TestLetters:
    """Their check has 24 bits: one slip is found by it alone."""

    @given(SEEDS, st.integers(0, 55), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    @settings(max_examples=60)
    def test_one_letter_another(self, secret: bytes, at: int, letter: str) -> None:
        paper = RootPaper(secret)
        letters = paper.text().replace(" ", "")
        if letters[at] != letter:
            group = paper.text().split()[at // 4]
            said = said_of(letters[:at] + letter + letters[at + 1 :])
            assert said == f"group {at // 4 + 1} is wrong: {group} would fit"

    @given(SEEDS, st.integers(0, 54))
    @settings(max_examples=60)
    def test_one_missing_one_doubled_two_swapped(self, secret: bytes, at: int) -> None:
        letters = RootPaper(secret).text().replace(" ", "")
        swapped = letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :]
        for typed in (letters[:at] + letters[at + 1 :], letters[:at] + letters[at] + letters[at:], swapped):
            if typed != letters:
                group = re.match(r"group (\d+) is wrong", said_of(typed))
                assert group is not None
                # A letter out of a run of equal ones may be any of them.
                assert int(group[1]) - 1 <= at // 4 + 1

    def test_a_group_that_is_missing_is_counted(self) -> None:
        groups = RootPaper(bytes(range(32))).text().split()
        said = said_of(" ".join(groups[:3] + groups[4:]))
        assert said == "56 letters and digits are needed, these are 52"


class TestKnown:
    """Where the root's public key is known, one mistake is told for sure."""

    @given(SEEDS, IN_A_LANGUAGE, PLACES, st.integers(0, 2047))
    @settings(max_examples=12, deadline=None)
    def test_any_word_for_any_other(self, secret: bytes, language: str, place: int, other: int) -> None:
        paper = RootPaper(secret)
        words = list(paper.words(language))
        right, words[place - 1] = words[place - 1], paperwords.word_at(other, language)
        if words[place - 1] != right:
            found = papermend.find(" ".join(words), lambda one: one.public == paper.public)
            assert found is not None
            assert found.secret == secret
            assert found.said == f"word {place} is wrong: {right!r} would fit"

    @given(SEEDS, IN_A_LANGUAGE, PLACES)
    @settings(max_examples=8, deadline=None)
    def test_one_left_out_and_one_too_many(self, secret: bytes, language: str, place: int) -> None:
        paper = RootPaper(secret)
        words = list(paper.words(language))
        for typed in (words[: place - 1] + words[place:], [*words[:place], "xqwzy", *words[place:]]):
            found = papermend.find(" ".join(typed), lambda one: one.public == paper.public)
            assert found is not None
            assert found.secret == secret

    def test_two_that_are_swapped_wherever_they_stand(self) -> None:
        paper = RootPaper(bytes(range(32)))
        words = list(paper.words("fr"))
        words[2], words[19] = words[19], words[2]
        found = papermend.find(" ".join(words), lambda one: one.public == paper.public)
        assert found is not None
        assert found.said == "words 3 and 20 are swapped"

    def test_of_another_paper_nothing_is_found(self) -> None:
        words = " ".join(RootPaper(bytes(range(32))).words())
        assert papermend.find(words, lambda one: False) is None
        assert papermend.find(RootPaper(bytes(32)).text()[:-1], lambda one: False) is None

    def test_its_repr_does_not_tell_the_secret(self) -> None:
        assert "secret" not in repr(papermend.Mended(bytes(32), "word 1 is wrong"))
