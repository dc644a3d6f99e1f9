"""What a mad hub, or friends in two villages, might try with care: as records over the air, each once without
the defence, when it succeeds, and once with it.

River's Alice is the carer, Hill's Bob the co-signer; Lake has nothing to do with it. What a mad hub says is
signed with its good key: frames pass, and only what the book makes of the records can stop it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book import letters_care
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.letters import Named
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Claim, Outgoing
from appliance.ledger.book.schema_care import CareRing
from appliance.ledger.book.schema_far import AskedHere, CareAsk, FarWitness
from appliance.ledger.book.verify import verify
from appliance.ledger.care import answers, attest, policy
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.claims import MOST_WITNESSES, ClaimCare, EditClaim
from appliance.ledger.care.elsewhere import attested
from appliance.ledger.care.rings import Node
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.keys import KeySigner, new_seed
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.values import AccountNumber, RecordId
from tests.support.mad_hub import Word
from tests.support.valley import HILL, LAKE, RIVER, Valley

KIRA, ALICE, BOB = 1, 2, 3
BOTH = pytest.mark.parametrize("defended", [False, True], ids=["off", "on"])


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    for hub in made.hubs:
        made.do(hub, KIRA, ChangeRules("care", {"quorum": 1}, "one is enough to try it out"))
    yield made
    made.close()


def claim(valley: Valley, hub: int, carer: int, minutes: int = 60, ago: int = 0) -> Receipt:
    day = valley.clock.now().ms // DAY_MS - ago
    return valley.do(hub, carer, ClaimCare(AccountNumber(carer), "elder", minutes, day, "Old Tom"))


def ask(valley: Valley, hub: int, carer: int, made: Receipt, *nodes: tuple[int, int]) -> None:
    """The carer asks, and the ask arrives."""
    valley.do(hub, carer, AskFar(RecordId(made.record), tuple(Node(*node) for node in nodes)))
    valley.carry()


def sign(valley: Valley, hub: int, member: int) -> bytes:
    """``member`` signs what they were asked last; the signature. It has not left yet."""
    with valley.hubs[hub].reading() as tx:
        where = "id IN (SELECT ask FROM asked_of WHERE member = ?) ORDER BY entry DESC"
        command = attested(tx, tx.found(AskedHere, where, member)[0], member, valley.signers[hub][member])
    valley.do(hub, member, command)
    return command.signature


def place(valley: Valley, made: Receipt) -> Named:
    """The last ask about a claim of River, as its number on the air tells everybody."""
    with valley.hubs[RIVER].reading() as tx:
        row = tx.found(CareAsk, "claim = ? ORDER BY number DESC", made.record)[0]
    return Named(row.incarnation, row.number)


def says(valley: Valley, hub: int, *words: Word) -> None:
    """``hub`` has gone mad and says this to River."""
    for data in valley.mad(hub).say(*words):
        valley.deliver(data, RIVER)


def signed(asked: Named, member: int, signature: bytes) -> Word:
    return Word(Kind.CARE_SIGN, RIVER, 0, letters_care.signed(asked, member, signature))


def state(valley: Valley, made: Receipt, hub: int = RIVER) -> str:
    with valley.hubs[hub].reading() as tx:
        row = tx.get(Claim, id=made.record)
    assert row is not None
    return str(row.state)


def stands(valley: Valley, made: Receipt, hub: int = HILL, member: int = BOB) -> tuple[str, str | None]:
    with valley.hubs[RIVER].reading() as tx:
        row = tx.get(FarWitness, claim=made.record, hub=hub, member=member)
    assert row is not None
    return row.state, row.why


def all_verify(valley: Valley) -> None:
    for hub in valley.hubs.values():
        verify(hub.store)


@BOTH
def test_a_hub_that_is_not_the_co_signers_home_signs_for_him(
    valley: Valley, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lake makes a key, says that it is Bob's of Hill, and signs with it what River has asked Hill."""
    if not defended:
        monkeypatch.setattr(answers, "speaks_for", lambda _p: HILL)
    made = claim(valley, RIVER, ALICE)
    ask(valley, RIVER, ALICE, made, (HILL, BOB))
    forged = KeySigner("member:3", new_seed())
    with valley.hubs[HILL].reading() as tx:
        row = tx.found(AskedHere, "id IS NOT NULL")[0]  # what Lake cannot read, it can guess
        form = attest.form(valley.hubs[HILL].box.place.community, RIVER, _care(row), HILL, BOB)
    key = Word(Kind.CARE_KEY, RIVER, 0, letters_care.key(BOB, 1, forged.public))
    says(valley, LAKE, key, signed(place(valley, made), BOB, forged.sign(form)))
    assert state(valley, made) == ("open" if defended else "paid")
    if defended:
        assert stands(valley, made) == ("asked", None)
        sign(valley, HILL, BOB)
        valley.carry()
        assert state(valley, made) == "paid"
        all_verify(valley)


def _care(row: AskedHere) -> letters_care.Care:
    said = (row.carer, row.category, row.minutes, row.day, row.amount, row.until)
    return letters_care.Care(bytes(row.terms), *said)


def loose_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is signed says whose word it is, and nothing of what was read."""
    strict = attest.form

    def loose(community: bytes, at: int, care: Any, hub: int, member: int) -> bytes:
        nothing = letters_care.Care(bytes(32), care.carer, "elder", 1, 0, 0, None)
        return strict(community, at, nothing, hub, member)

    monkeypatch.setattr(attest, "form", loose)


@pytest.mark.parametrize(
    ("minutes", "whom"), [(480, "Old Tom"), (60, "my own kitchen")], ids=["hours", "words"]
)
@BOTH
def test_a_co_signature_is_replayed_on_the_claim_as_it_was_edited_since(
    valley: Valley, defended: bool, minutes: int, whom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bob signs one hour. Alice makes eight of it, or of something else; his hub says again what he signed."""
    if not defended:
        loose_form(monkeypatch)
    made = claim(valley, RIVER, ALICE, 60)
    ask(valley, RIVER, ALICE, made, (HILL, BOB))
    day = valley.clock.now().ms // DAY_MS
    valley.do(RIVER, ALICE, EditClaim(RecordId(made.record), "elder", minutes, day, whom))
    old = sign(valley, HILL, BOB)
    valley.carry()
    assert state(valley, made) == "open"
    says(valley, HILL, signed(place(valley, made), BOB, old))
    assert state(valley, made) == ("open" if defended else "paid")
    if defended:
        assert stands(valley, made) == ("refused", "forged")
        all_verify(valley)


@BOTH
def test_a_co_signature_is_moved_to_another_claim(
    valley: Valley, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not defended:
        loose_form(monkeypatch)
    seen, other = claim(valley, RIVER, ALICE), claim(valley, RIVER, ALICE, 480, ago=1)
    ask(valley, RIVER, ALICE, seen, (HILL, BOB))
    ask(valley, RIVER, ALICE, other, (HILL, BOB))
    with valley.hubs[HILL].reading() as tx:
        row = tx.found(AskedHere, "minutes = 60")[0]
        read = attested(tx, row, BOB, valley.signers[HILL][BOB])
    valley.do(HILL, BOB, read)
    valley.carry()
    assert (state(valley, seen), state(valley, other)) == ("paid", "open")
    says(valley, HILL, signed(place(valley, other), BOB, read.signature))
    assert state(valley, other) == ("open" if defended else "paid")
    if defended:
        assert stands(valley, other) == ("refused", "forged")
        all_verify(valley)


@BOTH
def test_a_ring_that_is_split_over_two_hubs(
    valley: Valley, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice and Bob of River sign for Alice and Bob of Hill, and those for them: no hub alone holds the ring."""
    if not defended:
        monkeypatch.setattr(policy, "_GIVEN_TO", policy._GIVEN_TO.replace("WHERE", "WHERE 0 AND", 1))
    for hub in (RIVER, HILL):
        care = {"quorum": 2, "ring_share": 60, "ring_people": 5}
        valley.do(hub, KIRA, ChangeRules("care", care, "to try it out"))
    made: list[tuple[int, Receipt]] = []
    for ago, (hub, carer) in enumerate(
        ((RIVER, ALICE), (HILL, BOB), (HILL, ALICE), (RIVER, BOB), (RIVER, ALICE))
    ):
        other = HILL if hub == RIVER else RIVER
        one = claim(valley, hub, carer, ago=ago)
        ask(valley, hub, carer, one, (other, ALICE), (other, BOB))
        sign(valley, other, ALICE)
        sign(valley, other, BOB)
        valley.carry()
        made.append((hub, one))
    states = [state(valley, one, hub) for hub, one in made]
    if not defended:
        assert states == ["paid"] * 5
        return
    assert states[:2] == ["paid", "paid"]
    assert states[-1] == "open", states
    last = made[-1][1]
    with valley.hubs[RIVER].reading() as tx:
        ring = {(row.hub, row.member) for row in tx.found(CareRing, "claim = ?", last.record)}
        terms = bytes(tx.found(Claim, "id = ?", last.record)[0].terms)
    assert {(RIVER, ALICE), (HILL, ALICE), (HILL, BOB)} <= ring
    valley.do(RIVER, KIRA, Cosign(RecordId(last.record), terms))  # a keeper outside it
    assert state(valley, last) == "paid"
    all_verify(valley)


def test_one_record_that_asks_for_a_crowd_of_nobodies_is_not_answered_by_a_crowd(valley: Valley) -> None:
    """Each number that nobody has is answered by a record: a mad hub would have the air full of River's."""
    care = letters_care.Care(bytes(32), 1, "elder", 60, 20_000, 100, None)
    mad = valley.mad(HILL)
    for count in (MOST_WITNESSES, MOST_WITNESSES + 1):
        body = letters_care.ask(care, list(range(500, 500 + count)))
        for data in mad.say(Word(Kind.CARE_ASK, RIVER, 0, body)):
            valley.deliver(data, RIVER)
        with valley.hubs[RIVER].reading() as tx:
            assert len(tx.found(Outgoing, "kind = ?", Kind.CARE_NO)) == MOST_WITNESSES
    verify(valley.hubs[RIVER].store)


def test_the_same_signature_twice_counts_once(valley: Valley) -> None:
    valley.do(RIVER, KIRA, ChangeRules("care", {"quorum": 2}, "two again"))
    made = claim(valley, RIVER, ALICE)
    ask(valley, RIVER, ALICE, made, (HILL, BOB))
    one = sign(valley, HILL, BOB)
    valley.carry()
    says(valley, HILL, *[signed(place(valley, made), BOB, one)] * 3)
    assert (state(valley, made), stands(valley, made)) == ("open", ("signed", None))
    all_verify(valley)


def test_a_signature_whose_key_is_not_here_waits_until_it_comes(valley: Valley) -> None:
    made = claim(valley, RIVER, ALICE)
    ask(valley, RIVER, ALICE, made, (HILL, BOB))
    with valley.hubs[HILL].reading() as tx:
        row = tx.found(AskedHere, "id IS NOT NULL")[0]
        read = attested(tx, row, BOB, valley.signers[HILL][BOB])
    mad = valley.mad(HILL)
    for data in mad.say(signed(place(valley, made), BOB, read.signature)):
        valley.deliver(data, RIVER)
    assert (state(valley, made), stands(valley, made)) == ("open", ("waiting", None))
    key = letters_care.key(BOB, 1, valley.signers[HILL][BOB].public)
    for data in mad.say(Word(Kind.CARE_KEY, RIVER, 0, key)):
        valley.deliver(data, RIVER)
    assert (state(valley, made), stands(valley, made)) == ("paid", ("signed", None))
    verify(valley.hubs[RIVER].store)


def test_a_key_that_does_not_fit_what_waits(valley: Valley) -> None:
    made = claim(valley, RIVER, ALICE)
    ask(valley, RIVER, ALICE, made, (HILL, BOB))
    mad = valley.mad(HILL)
    key = letters_care.key(BOB, 1, KeySigner("member:3", new_seed()).public)
    for word in (signed(place(valley, made), BOB, bytes(64)), Word(Kind.CARE_KEY, RIVER, 0, key)):
        for data in mad.say(word):
            valley.deliver(data, RIVER)
    assert (state(valley, made), stands(valley, made)) == ("open", ("refused", "forged"))
    verify(valley.hubs[RIVER].store)
