"""A proof in its compact form comes back to the letter; bytes that are none are refused; how long it is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger.care.proof import compact
from appliance.ledger.care.proof.checking import check
from appliance.ledger.care.proof.form import HubPart, Proof, Row
from appliance.ledger.errors import BadProof
from tests.ledger.care.caring import Found, claim, edit
from tests.ledger.care.proof.proving import by_phone, confirm, in_the_roster, new_key, proof_of
from tests.support.village import Village, a_village

UNIT = (2, "h")
ROOT = Path(__file__).parents[4]


def known(proof: Proof, keys: Mapping[compact.KeyName, Row]) -> compact.Known:
    """What a hub has that has the roster, and these keys."""

    def hub(number: int, incarnation: int) -> HubPart | None:
        home = proof.home
        blank = replace(home, word=replace(home.word, rows=(), signed=()), signature=b"")
        return blank if (number, incarnation) == (home.number, home.incarnation) else None

    return compact.Known(hub, UNIT, keys)


def there_and_back(proof: Proof, keys: Mapping[compact.KeyName, Row]) -> int:
    """Its bytes; what came back is what was sent."""
    data = compact.pack(proof, UNIT, keys)
    assert compact.unpack(data, proof.home.number, known(proof, keys)) == proof
    return len(data)


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Village, Proof]]:
    with a_village(tmp_path_factory.mktemp("valley") / "river", care={"quorum": 3}) as village:
        yield village, proof_of(in_the_roster(village), by_phone(village, 3))


def test_it_comes_back_to_the_letter_with_keys_and_without(valley: tuple[Village, Proof]) -> None:
    village, proof = valley
    keys = compact.keys_of(proof)
    assert there_and_back(proof, keys) < there_and_back(proof, {})
    data = compact.pack(proof, UNIT, keys)
    check(compact.unpack(data, 101, known(proof, keys)), (village.founders.public,))


def test_an_edited_claim_and_a_key_that_changed_since(found: Found) -> None:
    river = in_the_roster(found())
    made = claim(river, "Alice", 60)
    river.do("Alice", edit(river, made, 30))
    confirm(river, made, "Bob", "Chandra")
    keys = compact.keys_of(proof_of(river, made))
    new_key(river, "Bob")
    proof = proof_of(river, made)
    there_and_back(proof, keys)
    there_and_back(proof, {})


def test_a_key_that_is_not_here_is_named(valley: tuple[Village, Proof]) -> None:
    _village, proof = valley
    data = compact.pack(proof, UNIT, compact.keys_of(proof))
    with pytest.raises(BadProof) as caught:
        compact.unpack(data, 101, known(proof, {}))
    assert caught.value.why == "missing_key"


@given(data=st.data())
def test_whatever_byte_is_changed_nothing_else_than_a_refusal_comes_of_it(
    valley: tuple[Village, Proof], data: st.DataObject
) -> None:
    village, proof = valley
    keys = compact.keys_of(proof)
    good = bytearray(compact.pack(proof, UNIT, keys))
    good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadProof):
        check(compact.unpack(bytes(good), 101, known(proof, keys)), (village.founders.public,))


@given(junk=st.binary(max_size=200))
def test_bytes_that_are_none_are_refused(valley: tuple[Village, Proof], junk: bytes) -> None:
    with pytest.raises(BadProof):
        compact.unpack(junk, 101, known(valley[1], {}))


@pytest.mark.parametrize("signers", [2, 3, 5, 7])
def test_how_long_it_is_and_the_page_says_so(tmp_path: Path, signers: int) -> None:
    with a_village(tmp_path / "river", care={"quorum": signers}) as village:
        proof = proof_of(in_the_roster(village), by_phone(village, signers))
        whole, with_keys = len(proof.encode()), there_and_back(proof, {})
        short = there_and_back(proof, compact.keys_of(proof))
    row = [signers, whole, with_keys, packets(with_keys), short, packets(short)]
    print("co-signers, file, with keys, packets, keys known, packets:", *row)
    said = [[int(cell) for cell in line] for line in table("Sizes of proofs") if line[0].isdigit()]
    (told,) = [line for line in said if line[0] == signers]
    assert [told[3], told[5]] == [row[3], row[5]]
    # A number more or less of the village's own book is a byte more or less.
    assert all(abs(a - b) <= 8 for a, b in zip(told, row, strict=True))
    assert signers != 5 or row[5] <= 3


def packets(size: int) -> int:
    """How many packets carry so many bytes of a proof (docs/wire.md)."""
    return -(-size // 211)


def table(heading: str) -> list[list[str]]:
    """The lines of the tables under a heading of docs/wire.md."""
    section = (ROOT / "docs/wire.md").read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line[:1] == "|"
    ]
