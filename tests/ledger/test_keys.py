"""Keys: sealed under PIN and pepper, written on paper, certified by the root."""

import string
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import codec, keys
from appliance.ledger.errors import BadPaper, BadSignature
from appliance.ledger.keys import Certificate, KdfCost, KeySigner, RootPaper
from tests.support.village import CHEAP, PIN

PEPPER = bytes(range(32))
SEEDS = st.binary(min_size=32, max_size=32)
BASE32 = string.ascii_uppercase + "234567"


# ------------------------------------------------------------------------------------------------ sealing


def test_the_right_pin_opens_what_it_sealed() -> None:
    seed = keys.new_seed()
    sealed = keys.seal(seed, PIN, PEPPER, CHEAP)
    assert keys.unseal(sealed, PIN, PEPPER) == seed
    assert sealed.public == keys.public_of(seed)


def test_neither_the_pin_nor_the_pepper_alone_opens_it() -> None:
    sealed = keys.seal(keys.new_seed(), PIN, PEPPER, CHEAP)
    assert keys.unseal(sealed, "2581", PEPPER) is None
    assert keys.unseal(sealed, "", PEPPER) is None
    assert keys.unseal(sealed, PIN, bytes(32)) is None


def test_nothing_of_the_seed_stands_in_what_is_kept() -> None:
    seed = keys.new_seed()
    sealed = keys.seal(seed, PIN, PEPPER, CHEAP)
    assert seed not in sealed.box + sealed.salt + sealed.public
    assert keys.seal(seed, PIN, PEPPER, CHEAP).salt != sealed.salt


def test_another_public_key_beside_the_box_is_noticed() -> None:
    sealed = keys.seal(keys.new_seed(), PIN, PEPPER, CHEAP)
    mallory = keys.public_of(keys.new_seed())
    assert keys.unseal(replace(sealed, public=mallory), PIN, PEPPER) is None


@pytest.mark.parametrize("place", [0, 23, 24, 40, 71])
def test_a_changed_box_does_not_open(place: int) -> None:
    sealed = keys.seal(keys.new_seed(), PIN, PEPPER, CHEAP)
    box = bytearray(sealed.box)
    box[place] ^= 1
    assert keys.unseal(replace(sealed, box=bytes(box)), PIN, PEPPER) is None


def test_the_cost_is_kept_with_each_key() -> None:
    # A later board uses another cost; what an earlier one sealed still opens.
    seed = keys.new_seed()
    old, new = (keys.seal(seed, PIN, PEPPER, cost) for cost in (CHEAP, KdfCost(2, 16 * 1024 * 1024)))
    assert (old.cost, new.cost) == (CHEAP, KdfCost(2, 16 * 1024 * 1024))
    assert keys.unseal(old, PIN, PEPPER) == keys.unseal(new, PIN, PEPPER) == seed
    assert keys.unseal(replace(old, cost=new.cost), PIN, PEPPER) is None


@pytest.mark.parametrize(("passes", "memory"), [(0, 8 * 1024 * 1024), (1, 1)])
def test_a_cost_that_protects_nothing_is_a_mistake(passes: int, memory: int) -> None:
    with pytest.raises(ValueError, match="minimum"):
        KdfCost(passes, memory)


def test_the_cost_of_the_product_is_that_of_the_design() -> None:
    assert KdfCost() == KdfCost(3, 64 * 1024 * 1024)


# ------------------------------------------------------------------------------------------------ signing


def test_a_signature_fits_its_key_and_bytes_alone() -> None:
    alice, bob = KeySigner("member:1", keys.new_seed()), KeySigner("member:2", keys.new_seed())
    signature = alice.sign(b"pay Bob")
    keys.check(alice.public, b"pay Bob", signature)
    for public, data, made in (
        (bob.public, b"pay Bob", signature),
        (alice.public, b"pay bob", signature),
        (alice.public, b"pay Bob", bytes(64)),
        (alice.public, b"pay Bob", signature[:63]),
        (alice.public, b"pay Bob", b""),
        (alice.public[:31], b"pay Bob", signature),
        (b"", b"pay Bob", signature),
    ):
        with pytest.raises(BadSignature):
            keys.check(public, data, made)


def test_a_closed_key_signs_nothing() -> None:
    signer = KeySigner("member:1", keys.new_seed())
    signer.close()
    for use in (lambda: signer.sign(b"x"), signer.seed):
        with pytest.raises(RuntimeError, match="closed"):
            use()


# ------------------------------------------------------------------------------------------------ root paper


@given(SEEDS)
def test_a_root_paper_is_read_back_as_printed(secret: bytes) -> None:
    paper = RootPaper(secret)
    text = paper.text()
    assert [len(group) for group in text.split(" ")] == [4] * 14
    for typed in (text, text.lower(), text.replace(" ", ""), text.replace(" ", "\n"), f"  {text}\r\n"):
        assert RootPaper.parse(typed) == paper


@given(SEEDS, st.integers(0, 55), st.sampled_from(BASE32))
def test_every_single_mistyped_letter_is_found(secret: bytes, place: int, letter: str) -> None:
    letters = RootPaper(secret).text().replace(" ", "")
    if letters[place] == letter:
        return
    with pytest.raises(BadPaper):
        RootPaper.parse(letters[:place] + letter + letters[place + 1 :])


@given(SEEDS, st.integers(0, 54))
def test_every_swap_of_neighbours_is_found(secret: bytes, place: int) -> None:
    letters = RootPaper(secret).text().replace(" ", "")
    swapped = letters[:place] + letters[place + 1] + letters[place] + letters[place + 2 :]
    if swapped != letters:
        with pytest.raises(BadPaper):
            RootPaper.parse(swapped)


@given(SEEDS, st.integers(0, 13))
def test_a_missing_or_doubled_group_is_found(secret: bytes, place: int) -> None:
    groups = RootPaper(secret).text().split()
    for typed in (
        groups[:place] + groups[place + 1 :],
        groups[:place] + groups[place : place + 1] + groups[place:],
    ):
        with pytest.raises(BadPaper):
            RootPaper.parse(" ".join(typed))


@given(st.text(max_size=80))
def test_any_other_text_is_no_root_paper(text: str) -> None:
    with pytest.raises(BadPaper):
        RootPaper.parse(text)


LANGUAGES_OF_WORDS = st.sampled_from(("en", "es", "fr", "pt"))


@given(SEEDS, LANGUAGES_OF_WORDS)
def test_its_words_are_read_back_however_they_are_typed(secret: bytes, language: str) -> None:
    paper = RootPaper(secret)
    words = paper.words(language)
    assert len(words) == 24
    plain = [unaccented(word) for word in words]
    numbered = " ".join(f"{place}. {word}" for place, word in enumerate(words, 1))
    for typed in (
        " ".join(words), " ".join(words).upper(), "\n".join(plain), numbered, " ".join(word[:4] for word in plain)
    ):  # fmt: skip
        assert RootPaper.parse(typed) == paper


def unaccented(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@given(SEEDS, LANGUAGES_OF_WORDS, st.sets(st.integers(1, 24), min_size=1, max_size=3))
def test_a_word_that_is_none_is_named_by_its_place(secret: bytes, language: str, wrong: set[int]) -> None:
    words = list(RootPaper(secret).words(language))
    for place in wrong:
        words[place - 1] = "xqwzy"
    with pytest.raises(
        BadPaper, match=rf"words? {', '.join(map(str, sorted(wrong)))} (is|are) not in the list"
    ):
        RootPaper.parse(" ".join(words))


@pytest.mark.parametrize("language", ["en", "es", "fr", "pt"])
def test_another_word_of_the_list_two_swapped_and_one_missing_are_found(language: str) -> None:
    words = list(RootPaper(bytes(range(32))).words(language))
    swapped = [words[1], words[0], *words[2:]]
    other = [*words[:5], words[7], *words[6:]]
    for typed in (swapped, other):
        with pytest.raises(BadPaper, match="do not belong together"):
            RootPaper.parse(" ".join(typed))
    for missing in (words[:-1], [*words, words[0]]):
        with pytest.raises(BadPaper, match="24 words are needed"):
            RootPaper.parse(" ".join(missing))


def test_a_language_without_words_has_the_english_ones() -> None:
    paper = RootPaper.fresh()
    assert paper.words("sw") == paper.words("en")
    assert RootPaper(bytes(32)).words()[-1] == "art"  # the published test vector of 24 words


@given(SEEDS)
def test_what_its_code_says_is_read_back(secret: bytes) -> None:
    paper = RootPaper(secret)
    assert RootPaper.parse(paper.scanned()) == RootPaper.parse(f" {paper.scanned().lower()}\n") == paper


def test_what_is_derived_from_a_root_is_the_same_after_reading_it_back() -> None:
    paper = RootPaper.fresh()
    again = RootPaper.parse(paper.text())
    assert (again.seed, again.public, again.pepper) == (paper.seed, paper.public, paper.pepper)
    assert again.backup_public == paper.backup_public


def test_each_thing_is_derived_for_its_own_purpose() -> None:
    paper = RootPaper.fresh()
    derived = [paper.secret, paper.seed, paper.public, paper.pepper, keys.community_id(paper.public)]
    derived += [paper.box_secret, paper.group_key, paper.backup_secret, paper.backup_public]
    assert len({value[:16] for value in derived}) == len(derived)


def test_a_root_secret_does_not_show_in_logs() -> None:
    paper = RootPaper.fresh()
    assert repr(paper.secret) not in repr(paper)


# ------------------------------------------------------------------------------------------------ certificates

FIRST = Certificate(bytes(16), 101, 1, bytes(32))


@pytest.mark.parametrize(
    "other",
    [
        replace(FIRST, community=b"\x01" + bytes(15)),
        replace(FIRST, hub=102),
        replace(FIRST, incarnation=2),
        replace(FIRST, signing_key=b"\x01" + bytes(31)),
        replace(FIRST, closed_number=1),
        replace(FIRST, closed_head=b"\x01" + bytes(31)),
    ],
    ids=["community", "hub", "incarnation", "signing_key", "closed_number", "closed_head"],
)
def test_a_certificate_binds_every_field(other: Certificate) -> None:
    root = KeySigner("root:founding", keys.new_seed())
    signature = root.sign(FIRST.form())
    keys.check(root.public, FIRST.form(), signature)
    with pytest.raises(BadSignature):
        keys.check(root.public, other.form(), signature)


def test_a_certificate_names_its_purpose() -> None:
    assert FIRST.form().startswith(b"tch/certificate/1\x00")


def test_a_signature_for_one_purpose_does_not_pass_for_another() -> None:
    signer = KeySigner("root:founding", keys.new_seed())
    signature = signer.sign(codec.signed_form("tch/certificate/1", ["x"]))
    with pytest.raises(BadSignature):
        keys.check(signer.public, codec.signed_form("tch/act/1", ["x"]), signature)
