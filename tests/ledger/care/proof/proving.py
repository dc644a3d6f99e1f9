"""Words for stories of proofs: River stands in its community's roster, Alice cares, others co-sign."""

from collections.abc import Callable
from dataclasses import replace

from appliance.ledger import community
from appliance.ledger.book.command import Receipt
from appliance.ledger.care.proof import compact
from appliance.ledger.care.proof.form import Proof, Word
from appliance.ledger.care.signing import Cosign
from appliance.ledger.errors import Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.reads import care_proof
from appliance.ledger.values import RecordId
from tests.ledger.care.caring import claim, cosign, let_in, row
from tests.support.village import PIN, Village

SIGNERS = ("Bob", "Chandra", "Dina", "Kira", "Edda", "Femi", "Goran")
"""Who co-signs, in this order; the last three come to the village for it."""


def in_the_roster(village: Village) -> Village:
    """The founders' paper takes River into its own community's roster."""
    community.admit(village.hub, [], village.founders)
    return village


def proven(village: Village, signers: int = 2, minutes: int = 90) -> Receipt:
    """Alice's claim, confirmed by so many; the hub pays it at once."""
    let_in(village, *[name for name in SIGNERS[:signers] if name not in village.numbers])
    asked = tuple(village.numbers[name] for name in SIGNERS[:2])
    made = claim(village, "Alice", minutes, start=9 * 60, witnesses=asked)
    cosign(village, made, *SIGNERS[:signers])
    return made


def by_phone(village: Village, signers: int, ago: int = 0) -> Receipt:
    """Alice's claim of so many days ago, confirmed by so many through the portal."""
    let_in(village, *[name for name in SIGNERS[:signers] if name not in village.numbers])
    asked = tuple(village.numbers[name] for name in SIGNERS[:2])
    made = claim(village, "Alice", 90, ago, start=9 * 60, witnesses=asked)
    confirm(village, made, *SIGNERS[:signers])
    return made


def confirm(village: Village, made: Receipt, *names: str) -> None:
    """Each confirms it through the portal, an hour after the one before."""
    terms = bytes(row(village, made).terms)
    for name in names:
        village.clock.advance(3_600_000)
        village.do(name, Cosign(RecordId(made.record), terms), compact.usual_key(made.record, terms))


def proof_of(village: Village, made: Receipt, words: bool = False) -> Proof:
    with village.hub.reading() as tx:
        found = care_proof.find(tx, made.record.hex())
        proof = care_proof.make(tx, found, village.hub.sign, village.hub.clock.now(), words)
    assert not isinstance(proof, Refusal), proof
    return proof


def signed_anew(village: Village, proof: Proof, change: Callable[[Word], Word]) -> Proof:
    """What the hub, whose key is at hand, would say if it said something else."""
    home = proof.home
    word = change(home.word)
    signature = village.hub.sign(word.form(home.community, home.number, home.incarnation))
    return replace(proof, hubs=(replace(home, word=word, signature=signature), *proof.hubs[1:]))


def new_key(village: Village, name: str) -> None:
    """The keeper gives ``name`` a new PIN, and so the hub makes a new key."""
    number = village.numbers[name]
    assert isinstance(village.hub.reset_pin(number, PIN, village.signers["Kira"]), Receipt)
    signer = village.hub.unlock(number, PIN)
    assert isinstance(signer, KeySigner)
    village.signers[name] = signer
