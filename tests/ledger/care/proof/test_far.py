"""A proof with a co-signer of another hub: her signature, her key, and who says that it is hers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.letters import Named
from appliance.ledger.care import attest, telling
from appliance.ledger.care.answers import ArriveCareKey, ArriveCareSign
from appliance.ledger.care.proof.checking import check, verify
from appliance.ledger.care.proof.form import Proof
from appliance.ledger.errors import BadProof
from appliance.ledger.keys import KeySigner, new_seed
from appliance.ledger.people.roster import own_place
from tests.ledger.care.across import ask, asks_of, sign
from tests.ledger.care.caring import claim, cosign, row, state
from tests.ledger.care.proof.proving import proof_of, signed_anew
from tests.support.two_villages import HILL, TwoVillages, two_villages


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path, care={"quorum": 2}) as villages:
        yield villages


def confirmed(v: TwoVillages) -> Receipt:
    """Bob of River and Chandra of Hill confirm Alice's care."""
    made = claim(v.river, "Alice", 90)
    ask(v, made, "Alice", "Chandra")
    v.carry()
    sign(v, "Chandra")
    cosign(v.river, made, "Bob")
    v.carry()
    return made


def reason(v: TwoVillages, proof: Proof) -> str:
    with pytest.raises(BadProof) as caught:
        verify(proof.encode(), roots(v))
    return caught.value.why


def roots(v: TwoVillages) -> tuple[bytes, ...]:
    return (v.river.founders.public,)


def test_chandra_of_hill_is_in_the_proof_with_the_key_that_hill_told(two: TwoVillages) -> None:
    proof = proof_of(two.river, confirmed(two))
    held = verify(proof.encode(), roots(two))
    (chandra,) = held.far
    assert (chandra.hub, chandra.member) == (HILL, two.hill.numbers["Chandra"])
    assert chandra.row.public == two.hill.signers["Chandra"].public
    assert [one.member for one in held.cosigners] == [two.river.numbers["Bob"]]


def test_each_byte_of_it_counts(two: TwoVillages) -> None:
    good, passed = proof_of(two.river, confirmed(two), words=True).encode(), []
    for place in range(len(good)):
        turned = bytearray(good)
        turned[place] ^= 1 << place % 8
        try:
            verify(bytes(turned), roots(two))
        except BadProof:
            continue
        passed.append(place)
    assert passed == []


def test_she_does_not_stand_there_twice(two: TwoVillages) -> None:
    """River's hub says twice that Chandra signed: quorum is two, and nobody of River is needed any more."""
    proof = proof_of(two.river, confirmed(two))
    assert reason(two, replace(proof, far=(*proof.far, *proof.far))) == "signed_twice"
    lines = proof.home.word.far_lines
    more = ((*lines[0][:2], lines[0][2] + 1),)
    lied = signed_anew(two.river, proof, lambda word: replace(word, far_lines=lines + more))
    assert reason(two, replace(lied, far=(*proof.far, *proof.far))) == "no_line"


def test_without_her_one_is_missing(two: TwoVillages) -> None:
    proof = proof_of(two.river, confirmed(two))
    without = signed_anew(two.river, proof, lambda word: replace(word, far_rows=(), far_lines=()))
    assert reason(two, replace(without, far=())) == "too_few"


def test_her_signature_cannot_be_given_to_somebody_else(two: TwoVillages) -> None:
    """River's hub says that it was Dina of Hill, with the key that Chandra signed with."""
    proof = proof_of(two.river, confirmed(two))
    dina = two.hill.numbers["Dina"]
    moved = signed_anew(
        two.river,
        proof,
        lambda word: replace(
            word,
            far_rows=tuple(replace(row, member=dina) for row in word.far_rows),
            far_lines=tuple((hub, dina, entry) for hub, _member, entry in word.far_lines),
        ),
    )
    assert reason(two, replace(moved, far=(replace(proof.far[0], member=dina),))) == "not_signed"


def test_her_key_changes_later_and_the_proof_stays_good(two: TwoVillages) -> None:
    made = confirmed(two)
    two.hill.hub.reset_pin(two.hill.numbers["Chandra"], "2580", two.hill.signers["Hana"])
    check(proof_of(two.river, made), roots(two))


def test_hill_is_restored_and_counts_her_keys_from_before(two: TwoVillages) -> None:
    """It tells another key as her first one: that is the one that she signs with from then on."""
    first, signer = confirmed(two), two.hill.signers["Chandra"]
    other = KeySigner(signer.authority, new_seed())
    here, chandra = two.river.hub, two.hill.numbers["Chandra"]
    made = claim(two.river, "Alice", 30)
    ask(two, made, "Alice", "Chandra")
    with here.reading() as tx:
        care = telling.care_of(tx, row(two.river, made))
        form = attest.form(own_place(tx).community, here.number, care, HILL, chandra)
    named = Named(1, asks_of(two.river, made)[0].number)
    here.by_rule(ArriveCareKey(HILL, 2, 1, b"1" * 32, chandra, 1, other.public), "arrival")
    here.by_rule(ArriveCareSign(HILL, 2, 2, b"2" * 32, named, chandra, other.sign(form)), "arrival")
    cosign(two.river, made, "Bob")
    assert state(two.river, made) == "paid"
    for one, key in ((first, signer), (made, other)):
        (far,) = check(proof_of(two.river, one), roots(two)).far
        assert far.row.public == key.public
    assert check(proof_of(two.river, first), roots(two)).far[0].newest.public == other.public


def test_a_key_that_was_told_later_than_she_signed_is_none(two: TwoVillages) -> None:
    proof = proof_of(two.river, confirmed(two))
    late = signed_anew(
        two.river,
        proof,
        lambda word: replace(word, far_rows=tuple(replace(row, entry=10**6) for row in word.far_rows)),
    )
    assert reason(two, late) == "key_not_in_force"
