"""A proof of care holds on any machine, or is refused with its reason; a key's age and last change are in it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st

from appliance.cli import main
from appliance.ledger.book.command import Receipt
from appliance.ledger.care.proof import paper
from appliance.ledger.care.proof.checking import check, verify
from appliance.ledger.care.proof.form import Proof, Row, decode
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import BadProof, Code, Refusal
from appliance.ledger.keys import KeySigner, RootPaper, community_id
from appliance.ledger.reads import care_proof
from tests.ledger.care.caring import Found, claim, cosign, edit
from tests.ledger.care.proof.proving import in_the_roster, new_key, proof_of, proven, signed_anew
from tests.support.village import Village, a_village

HOUR = 3_600_000


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """River in its roster, with a claim of Alice's; nobody changes it."""
    with a_village(tmp_path_factory.mktemp("valley") / "river") as village:
        yield in_the_roster(village)


@pytest.fixture(scope="module")
def whole(valley: Village) -> Proof:
    return proof_of(valley, proven(valley, 2), words=True)


def root_of(village: Village) -> tuple[bytes, ...]:
    return (village.founders.public,)


def reason(proof: Proof | bytes, *roots: bytes) -> str:
    """Why it is refused."""
    with pytest.raises(BadProof) as caught:
        verify(proof if isinstance(proof, bytes) else proof.encode(), roots)
    return caught.value.why


def test_a_paid_claim_is_proven_by_the_communitys_root_alone(valley: Village, whole: Proof) -> None:
    data = whole.encode()
    held = verify(data, root_of(valley))
    assert decode(data) == whole
    assert [one.member for one in held.cosigners] == [valley.numbers["Bob"], valley.numbers["Chandra"]]
    assert (held.carer, held.said["minutes"]) == (valley.numbers["Alice"], 90)
    assert held.words == {"cared_for": "Old Tom"}
    assert whole.statement.amount == 150


def test_without_words_nothing_personal_is_in_it(found: Found) -> None:
    river = in_the_roster(found())
    proof = proof_of(river, proven(river))
    assert b"Old Tom" not in proof.encode()
    assert check(proof, root_of(river)).words is None


def test_other_words_than_the_signed_ones_are_refused(valley: Village, whole: Proof) -> None:
    assert whole.words is not None
    other = replace(whole, words=replace(whole.words, fields={"cared_for": "Young Tom"}))
    assert reason(other, *root_of(valley)) == "words_differ"


def test_each_byte_counts(valley: Village, whole: Proof) -> None:
    """Every single one, one bit of it turned: none is there that no signature or rule holds."""
    good, passed = whole.encode(), []
    for place in range(len(good)):
        turned = bytearray(good)
        turned[place] ^= 1 << place % 8
        try:
            verify(bytes(turned), root_of(valley))
        except BadProof:
            continue
        passed.append(place)
    assert passed == []


@given(data=st.data())
def test_whatever_bit_is_turned_it_is_refused_and_nothing_else_happens(
    valley: Village, whole: Proof, data: st.DataObject
) -> None:
    good = bytearray(whole.encode())
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadProof):
        verify(bytes(good), root_of(valley))


@given(junk=st.binary(max_size=300))
def test_bytes_that_are_no_proof_are_refused(valley: Village, junk: bytes) -> None:
    with pytest.raises(BadProof):
        verify(junk, root_of(valley))


@given(cut=st.integers(0, 400))
def test_a_proof_that_was_cut_off_is_refused(valley: Village, whole: Proof, cut: int) -> None:
    with pytest.raises(BadProof):
        verify(whole.encode()[:cut], root_of(valley))


def test_a_proof_of_another_community_is_refused(whole: Proof) -> None:
    assert reason(whole, RootPaper(bytes(32)).public) == "wrong_community"


def test_another_claims_words_of_the_hub_are_refused(valley: Village, whole: Proof) -> None:
    other = proof_of(valley, proven(valley, 2, minutes=30))
    assert reason(replace(whole, hubs=other.hubs), *root_of(valley)) == "other_claim"


def test_a_co_signature_of_another_claim_is_refused(valley: Village, whole: Proof) -> None:
    other = proof_of(valley, proven(valley, 2, minutes=45))
    assert reason(replace(whole, cosigns=other.cosigns), *root_of(valley)) == "other_terms"


def test_fewer_than_were_needed_are_refused(valley: Village, whole: Proof) -> None:
    bob = valley.numbers["Bob"]
    fewer = signed_anew(
        valley,
        whole,
        lambda word: replace(
            word,
            rows=tuple(row for row in word.rows if row.member != bob),
            signed=tuple(one for one in word.signed if one[0] != bob),
        ),
    )
    assert reason(replace(fewer, cosigns=whole.cosigns[1:]), *root_of(valley)) == "too_few"


def test_one_who_stands_there_twice_counts_for_nobody(valley: Village, whole: Proof) -> None:
    bob = valley.numbers["Bob"]
    (line,) = [entry for member, entry in whole.home.word.signed if member == bob]
    twice = signed_anew(valley, whole, lambda word: replace(word, signed=(*word.signed, (bob, line + 10**6))))
    again = replace(twice, cosigns=(*whole.cosigns[:1], *whole.cosigns))
    assert reason(again, *root_of(valley)) == "signed_twice"


def test_the_carer_is_no_co_signer_though_the_hub_says_so(valley: Village, whole: Proof) -> None:
    """A hub that lets Alice sign for herself: all signatures are good, all lines are named."""
    alice, home = valley.numbers["Alice"], whole.home
    last = max(entry for _member, entry in home.word.signed)
    act = replace(whole.cosigns[-1], member=alice)
    own = replace(act, signature=valley.signers["Alice"].sign(act.form(home.community, home.number)))
    lied = signed_anew(valley, whole, lambda word: replace(word, signed=(*word.signed, (alice, last + 1))))
    assert reason(replace(lied, cosigns=(*whole.cosigns, own)), *root_of(valley)) == "own_care"


@pytest.mark.parametrize(
    "said",
    [{"amount": 10**6}, {"quorum": 1}, {"need_recipient": True}, {"need_keeper": True}],
    ids=lambda said: next(iter(said)),
)
def test_a_hub_cannot_say_other_terms_than_were_signed(
    valley: Village, whole: Proof, said: dict[str, Any]
) -> None:
    """More credit, a smaller quorum, roles that somebody had: the co-signers signed what the rules made of it."""
    stated = replace(whole.statement, **said)
    assert stated != whole.statement
    lied = signed_anew(valley, whole, lambda word: replace(word, statement=stated))
    assert reason(lied, *root_of(valley)) == "other_terms"


def test_a_hub_cannot_name_somebody_who_did_not_sign(valley: Village, whole: Proof) -> None:
    dina = valley.numbers["Dina"]
    named = signed_anew(valley, whole, lambda word: replace(word, signed=(*word.signed, (dina, 10**6))))
    assert reason(named, *root_of(valley)) == "damaged"


def test_a_proof_taken_over_into_another_community_is_refused(valley: Village, whole: Proof) -> None:
    """Its name is changed to one whose root the reader has: nobody there has admitted this hub."""
    other = RootPaper(bytes(range(32))).public
    moved = replace(whole.home, community=community_id(other))
    assert reason(replace(whole, hubs=(moved,)), *root_of(valley), other) == "wrong_community"
    assert reason(replace(whole, hubs=(moved,)), other) == "not_admitted"


def test_a_hub_that_was_not_admitted_can_prove_nothing(valley: Village, whole: Proof) -> None:
    """It has keys of its own and says that it is of this community; the root never signed that."""
    stranger = KeySigner("hub", bytes(range(32)))
    home = whole.home
    own = replace(home, root_key=stranger.public)
    assert reason(replace(whole, hubs=(own,)), *root_of(valley)) == "not_admitted"
    forged = replace(home, signature=stranger.sign(home.word.form(home.community, home.number, 1)))
    assert reason(replace(whole, hubs=(forged,)), *root_of(valley)) == "not_said"


# ------------------------------------------------------------------------------------ on paper


def test_the_codes_of_the_page_hold_in_any_order(valley: Village, whole: Proof) -> None:
    texts = paper.parts(whole.encode())
    assert len(texts) > 1
    scanned = "\n".join(reversed(texts)).lower().encode()
    assert verify(scanned, root_of(valley)) == verify(whole.encode(), root_of(valley))


@given(data=st.data())
def test_a_misread_letter_or_a_missing_code_is_refused(
    valley: Village, whole: Proof, data: st.DataObject
) -> None:
    texts = list(paper.parts(whole.encode()))
    at = data.draw(st.integers(0, len(texts) - 1))
    if data.draw(st.booleans()):
        del texts[at]
    else:
        place = data.draw(st.integers(len("TCH:CARE:1/4:"), len(texts[at]) - 1))
        other = data.draw(
            st.sampled_from([c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if c != texts[at][place]])
        )
        # The last letter of all has bits that mean nothing.
        assume(at < len(texts) - 1 or place < len(texts[at]) - 1)
        texts[at] = texts[at][:place] + other + texts[at][place + 1 :]
    with pytest.raises(BadProof):
        verify("\n".join(texts).encode(), root_of(valley))


@given(junk=st.binary(max_size=200))
def test_text_that_only_begins_like_a_code_is_refused(valley: Village, junk: bytes) -> None:
    with pytest.raises(BadProof):
        verify(b"TCH:CARE:1/1:" + junk, root_of(valley))


# ------------------------------------------------------------------------------------ keys and their changes


def test_a_co_signature_under_an_old_key_is_good_when_it_was_made_before_the_change(found: Found) -> None:
    river = in_the_roster(found())
    made = proven(river)
    river.clock.advance(3 * DAY_MS)
    new_key(river, "Bob")
    held = check(proof_of(river, made), root_of(river))
    bob = held.cosigners[0]
    assert (bob.row.seq, bob.newest.seq) == (1, 2)
    assert bob.row.ended is not None
    assert bob.entry < bob.row.ended[0] == bob.newest.entry


def test_a_co_signature_under_an_old_key_is_refused_when_it_was_made_after_the_change(found: Found) -> None:
    """A hub that kept Bob's old key, or whoever stole it, signs with it on a later line."""
    river = in_the_roster(found())
    old = river.signers["Bob"].copy()
    made = claim(river, "Alice")
    new_key(river, "Bob")
    cosign(river, made, "Bob", "Chandra")
    good = proof_of(river, made)
    check(good, root_of(river))
    home = good.home
    forged = replace(good.cosigns[0], signature=old.sign(good.cosigns[0].form(home.community, home.number)))
    with_log = signed_anew(
        river,
        replace(good, cosigns=(forged, *good.cosigns[1:])),
        lambda word: replace(word, rows=_whole_log(river, word.rows)),
    )
    assert reason(with_log, *root_of(river)) == "key_not_in_force"


def _whole_log(river: Village, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    with river.hub.reading() as tx:
        return tuple(one for row in rows for one in care_proof.key_log(tx, row.member))


def test_a_key_that_was_not_yet_there_cannot_have_signed(valley: Village, whole: Proof) -> None:
    later = signed_anew(
        valley, whole, lambda word: replace(word, rows=tuple(replace(row, entry=10**6) for row in word.rows))
    )
    assert reason(later, *root_of(valley)) == "key_not_in_force"


def test_a_proof_made_under_a_key_that_the_hub_made_shows_its_age_and_last_change(
    found: Found, tmp_path: Path
) -> None:
    """What custody cannot prevent, a proof shows: a keeper gave Bob a new PIN, and an hour later "Bob" signed."""
    river = in_the_roster(found())
    river.clock.advance(40 * DAY_MS)
    made = claim(river, "Alice")
    new_key(river, "Bob")
    river.clock.advance(HOUR)
    cosign(river, made, "Bob", "Chandra")
    proof = proof_of(river, made)
    bob, chandra = check(proof, root_of(river)).cosigners
    assert (bob.row.seq, bob.row.made, bob.ms - bob.row.ms) == (2, 2, HOUR)
    assert (chandra.row.seq, chandra.ms - chandra.row.ms) == (1, 40 * DAY_MS + HOUR)
    file = tmp_path / "alice.proof"
    file.write_bytes(proof.encode())
    said = CliRunner().invoke(main, ["care", "verify", str(file), "--root", root_of(river)[0].hex()]).output
    lines = {n: line for line in said.splitlines() for n in (3, 4) if f"Co-signed by member {n} " in line}
    assert "60 minutes old when it signed (new, given by a keeper" in lines[3]
    assert "their key number 2, last changed then" in lines[3]
    assert "40 days old when it signed (at joining" in lines[4]
    assert "never changed" in lines[4]


def test_a_new_life_of_the_hub_is_certified_by_its_root(found: Found) -> None:
    river = in_the_roster(found())
    made = proven(river)
    river.hub.renew(river.papers.hub)
    proof = proof_of(river, made)
    assert proof.home.incarnation == 2
    check(proof, root_of(river))
    assert proof.home.life is not None
    forged = replace(proof.home.life, certificate=bytes(64))
    assert (
        reason(replace(proof, hubs=(replace(proof.home, life=forged),)), *root_of(river)) == "not_certified"
    )


def test_an_edited_claim_is_proven_as_it_was_signed(found: Found) -> None:
    river = in_the_roster(found())
    made = claim(river, "Alice", 60)
    river.do("Alice", edit(river, made, 30))
    cosign(river, made, "Bob", "Chandra")
    proof = proof_of(river, made)
    assert len(proof.acts) == 2
    assert check(proof, root_of(river)).said["minutes"] == 30
    assert reason(replace(proof, acts=proof.acts[:1]), *root_of(river)) == "no_line"


# ------------------------------------------------------------------------------------ what has no proof


@pytest.mark.parametrize(
    ("story", "code"),
    [
        (lambda river: claim(in_the_roster(river), "Alice"), Code.QUORUM_MISSING),
        (proven, Code.HUB_NOT_ADMITTED),
    ],
)
def test_no_proof_before_others_have_confirmed_it_nor_from_a_hub_in_no_roster(
    found: Found, story: Callable[[Village], Receipt], code: Code
) -> None:
    river = found()
    made = story(river)
    with river.hub.reading() as tx:
        answer = care_proof.make(
            tx, care_proof.find(tx, made.record.hex()), river.hub.sign, river.hub.clock.now()
        )
    assert isinstance(answer, Refusal)
    assert answer.code is code


# ------------------------------------------------------------------------------------ on any machine

ALONE = """
import sys
from appliance.ledger.care.proof import checking
held = checking.verify(open(sys.argv[1], 'rb').read(), (bytes.fromhex(sys.argv[2]),))
print(held.claim.hex())
print(*sorted(name for name in sys.modules if name.partition('.')[0] == 'appliance'))
print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))
print(*sorted({'sqlite3', '_sqlite3', 'flask', 'peewee'} & set(sys.modules)), '.')
"""

OURS = {
    *("appliance", "appliance.ledger", "appliance.ledger.care", "appliance.ledger.care.proof"),
    *("appliance.ledger.care.proof.checking", "appliance.ledger.care.proof.form"),
    "appliance.ledger.care.proof.paper",
    *("appliance.ledger.codec", "appliance.ledger.errors", "appliance.ledger.keys", "appliance.ledger.lane"),
}
THEIRS = {"cbor2", "_cbor2", "nacl", "_sodium", "_cffi_backend"}


def test_it_is_checked_where_nothing_else_is_there(valley: Village, whole: Proof, tmp_path: Path) -> None:
    """A fresh interpreter; what it has imported is the standard library, crypto, CBOR and the ground floor."""
    file = tmp_path / "alice.proof"
    file.write_bytes(whole.encode())
    words = [sys.executable, "-c", ALONE, str(file), valley.founders.public.hex()]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0] == whole.home.word.claim.hex()
    assert set(said[1].split()) == OURS
    outside = ("__", "_virtualenv", "_distutils", "sitecustomize")  # what an interpreter brings by itself
    others = {name for name in said[2].split() if not name.startswith((*outside, "appliance"))}
    assert others <= THEIRS, others
    assert said[3].strip() == "."
