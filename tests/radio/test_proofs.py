"""Proofs of care between River and Hill: asked for by id, said in parts, kept when they hold."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import proofpost
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import ProofAsked, ProofLet
from appliance.ledger.care.proof.checking import verify
from appliance.ledger.care.proof.form import decode
from appliance.ledger.proofpost import No
from appliance.radio import proofframes
from appliance.radio.bundle import split
from appliance.radio.errors import BadFrame
from appliance.radio.frames import PROOF_PART, read_header
from appliance.radio.pace import Pace
from appliance.radio.proofframes import ProofAsk, ProofPart
from appliance.radio.show import describe
from tests.ledger.care.across import ask as ask_people
from tests.ledger.care.across import sign
from tests.ledger.care.caring import claim, cosign, row
from tests.ledger.care.proof.proving import by_phone
from tests.radio.page import table
from tests.support.mutations import mutated
from tests.support.proof_desks import Desks, ask, desks, let, stands
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.two_villages import HILL, RIVER


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Desks]:
    """Claims that take three to confirm."""
    with desks(tmp_path, care={"quorum": 3}) as made:
        yield made


def asked(both: Desks, ago: int = 0) -> Receipt:
    """Alice's claim, that Hill may ask for and asks for."""
    made = by_phone(both.villages.river, 3, ago)
    let(both.villages, made)
    ask(both.villages, made.record)
    return made


def holds(both: Desks, made: Receipt) -> None:
    found = stands(both.villages, made.record)
    assert (found.state, found.why) == ("valid", "")
    held = verify(bytes(found.proof or b""), (both.villages.river.founders.public,))
    assert held.claim == made.record
    assert len(held.cosigners) == 3


def pair(both: Desks, sender: int) -> bytes:
    """The key of what one of the two seals for the other."""
    to = HILL if sender == RIVER else RIVER
    return both.proofs[sender]._post.pair_key(to, sending=True)


class TestParts:
    def test_in_any_order_and_doubled_it_is_whole_and_holds(self, both: Desks) -> None:
        made = asked(both)
        parts = both.parts()
        assert len(parts) == 4
        for place, data in enumerate([parts[2], parts[0], parts[2], parts[3]]):
            assert both.hears(HILL, data) == ("known" if place == 2 else "part")
        found = stands(both.villages, made.record)
        assert (found.state, found.held, found.parts) == ("asked", 3, 4)
        assert both.hears(HILL, parts[1]) == "valid"
        holds(both, made)
        assert both.hears(HILL, parts[1]) == "not_asked"
        assert both.says(HILL, 600) == []

    def test_what_is_lost_is_asked_for_alone(self, both: Desks) -> None:
        made = asked(both)
        parts = both.parts()
        both.hears(HILL, parts[0])
        both.hears(HILL, parts[3])
        again = both.parts()
        assert sorted(again) == sorted(parts[1:3])
        for data in again:
            both.hears(HILL, data)
        holds(both, made)

    def test_a_hub_that_begins_again_makes_it_anew_and_what_was_here_is_not_mixed_in(
        self, both: Desks
    ) -> None:
        made = asked(both)
        both.hears(HILL, both.parts()[0])
        both.villages.clock.advance(60_000)
        both.start(RIVER)
        parts = both.parts()
        assert len(parts) == 4
        assert [both.hears(HILL, data) for data in parts] == ["part", "part", "part", "valid"]
        holds(both, made)

    def test_an_asker_that_begins_again_goes_on_asking(self, both: Desks) -> None:
        made = asked(both)
        both.hears(HILL, both.parts()[0])
        both.start(HILL, beat=1 << 20)
        for data in both.parts():
            both.hears(HILL, data)
        holds(both, made)


class TestKeys:
    def test_a_second_proof_leaves_away_the_keys_that_are_here(self, both: Desks) -> None:
        first = asked(both, ago=1)
        for data in both.parts():
            both.hears(HILL, data)
        holds(both, first)
        second = asked(both)
        parts = both.parts()
        assert len(parts) == 3
        for data in parts:
            both.hears(HILL, data)
        holds(both, second)

    def test_keys_that_are_gone_are_said_to_be_lacking_and_all_come_along(self, both: Desks) -> None:
        first = asked(both, ago=1)
        for data in both.parts():
            both.hears(HILL, data)
        second = asked(both)
        parts = both.parts()
        with both.villages.hill.hub.store.write() as tx:
            tx.delete(ProofAsked, ProofAsked.about == first.record)
        assert [both.hears(HILL, data) for data in parts] == ["part", "part", "lacks_keys"]
        assert stands(both.villages, second.record).state == "asked"
        whole = both.parts()
        assert len(whole) == 4
        for data in whole:
            both.hears(HILL, data)
        holds(both, second)

    def test_a_key_that_has_another_under_its_number_since_a_restore_spoils_nothing(
        self, both: Desks
    ) -> None:
        first = asked(both, ago=1)
        for data in both.parts():
            both.hears(HILL, data)
        with both.villages.hill.hub.store.write() as tx:
            (kept,) = tx.found(ProofAsked, "about = ?", first.record)
            proof = decode(bytes(kept.proof or b""))
            word = proof.home.word
            rows = (replace(word.rows[0], public=bytes(32)), *word.rows[1:])
            before = replace(proof, hubs=(replace(proof.home, word=replace(word, rows=rows)),))
            tx.update(ProofAsked, {"about": first.record}, proof=before.encode())
        second = asked(both)
        assert [both.hears(HILL, data) for data in both.parts()][-1] == "lacks_keys"
        for data in both.parts():
            both.hears(HILL, data)
        holds(both, second)


class TestForged:
    def test_a_changed_part_is_nobodys(self, both: Desks) -> None:
        made = asked(both)
        parts = both.parts()
        for place in range(3, len(parts[0]), 17):
            changed = bytearray(parts[0])
            changed[place] ^= 1
            assert both.hears(HILL, bytes(changed)) == "unsigned"
        assert stands(both.villages, made.record).held == 0
        for data in parts:
            both.hears(HILL, data)
        holds(both, made)

    def test_who_has_the_groups_key_alone_can_make_neither(self, both: Desks) -> None:
        made = asked(both)
        directory = both.proofs[RIVER]._shelf.directory
        part = ProofPart(made.record[:4], b"abcd", 0, 1, b"nonsense")
        forged = proofframes.pack_part(part, HILL, directory.group_key, directory)
        assert both.hears(HILL, forged) == "unsigned"
        of_hill = both.proofs[HILL]._shelf.directory
        asks = proofframes.pack_ask(ProofAsk(99, made.record), RIVER, of_hill.group_key, of_hill)
        assert both.hears(RIVER, asks) == "unsigned"
        assert both.says(RIVER, 60) == []

    def test_a_piece_of_river_itself_that_is_not_of_that_proof_spoils_no_other(self, both: Desks) -> None:
        """A mad hub puts a piece of one proof under the name of another: it does not come together, and is asked anew."""
        first, second = asked(both, ago=1), asked(both)
        parts = [*both.parts(), *both.parts()]
        directory, key = both.proofs[RIVER]._shelf.directory, pair(both, RIVER)
        opened = [
            proofframes.read_part(proofframes.open_body(proofframes.read_proof(d, directory), key, directory))
            for d in parts
        ]
        by = {one.number: one for one in opened if one.tag == first.record[:4]}
        other = {one.number: one for one in opened if one.tag == second.record[:4]}
        mad = ProofPart(by[0].tag, by[0].object, 1, 4, other[1].piece)
        said = [
            both.hears(HILL, proofframes.pack_part(one, HILL, key, directory))
            for one in (by[0], mad, by[2], by[3])
        ]
        assert said == ["part", "part", "part", "mixed"]
        assert stands(both.villages, first.record).state == "asked"
        for data in parts:
            both.hears(HILL, data)
        holds(both, first)
        holds(both, second)

    def test_parts_of_two_proofs_mixed_make_both(self, both: Desks) -> None:
        first, second = asked(both, ago=1), asked(both)
        parts = [*both.parts(), *both.parts()]
        Random(5).shuffle(parts)
        for data in parts:
            both.hears(HILL, data)
        holds(both, first)
        holds(both, second)

    def test_the_proof_of_another_claim_is_not_taken_for_it(self, both: Desks) -> None:
        first, second = asked(both, ago=1), by_phone(both.villages.river, 3)
        both.ask()
        data = proofpost.answer(both.villages.river.hub, HILL, first.record, ())
        assert isinstance(data, bytes)
        ask(both.villages, second.record)
        both.proofs[HILL].look(both.now + 10)
        directory, key = both.proofs[RIVER]._shelf.directory, pair(both, RIVER)
        pieces, named = proofframes.pieces(data), proofframes.object_id(data)
        for number, piece in enumerate(pieces):
            part = ProofPart(second.record[:4], named, number, len(pieces), piece)
            both.hears(HILL, proofframes.pack_part(part, HILL, key, directory))
        found = stands(both.villages, second.record)
        assert (found.state, found.why, found.proof) == ("bad", "other_claim", None)

    def test_whatever_a_mad_hub_makes_of_its_own_proof_holds_or_is_refused(self, both: Desks) -> None:
        """Only what River's hub and people did sign is ever kept."""
        river, hill = both.villages.river.hub, both.villages.hill.hub
        made = asked(both)
        good = proofpost.answer(river, HILL, made.record, ())
        assert isinstance(good, bytes)
        rng, found = Random(3), Counter[str]()
        for _ in range(1500):
            data = mutated(rng, [good])
            ask(both.villages, made.record)
            with hill.store.write() as tx:
                row = tx.get(ProofAsked, hub=RIVER, about=made.record)
                assert row is not None
                outcome = proofpost.take_in(tx, row, data)
            assert (outcome.state == "valid") == (data == good)
            found[outcome.why or outcome.state] += 1
        print(found)
        assert found["damaged"]
        assert found["not_said"]
        assert found["not_signed"]


class TestWhoMayAsk:
    def test_a_hub_that_nobody_let_learns_no_more_than_of_a_claim_that_is_not_there(
        self, both: Desks
    ) -> None:
        made = by_phone(both.villages.river, 3)
        for about in (made.record, bytes(16)):
            ask(both.villages, about)
            (no,) = both.parts()
            assert len(no) == 21
            assert both.hears(HILL, no) == "no"
            found = stands(both.villages, about)
            assert (found.state, found.why) == ("refused", "not_for_you")

    def test_an_old_no_is_not_taken_for_a_new_one(self, both: Desks) -> None:
        made = by_phone(both.villages.river, 3)
        ask(both.villages, made.record)
        (no,) = both.parts()
        both.hears(HILL, no)
        let(both.villages, made)
        ask(both.villages, made.record)
        parts = both.parts()
        assert both.hears(HILL, no) == "old_beat"
        for data in parts:
            both.hears(HILL, data)
        holds(both, made)

    def test_one_that_waits_for_people_has_no_proof_yet(self, both: Desks) -> None:
        made = claim(both.villages.river, "Alice")
        let(both.villages, made)
        ask(both.villages, made.record)
        both.hears(HILL, both.parts()[0])
        assert stands(both.villages, made.record).why == "not_settled"

    def test_the_hub_of_a_co_signer_may_and_asks_by_the_terms(self, tmp_path: Path) -> None:
        with desks(tmp_path, care={"quorum": 2}) as both:
            villages = both.villages
            made = claim(villages.river, "Alice")
            terms = bytes(row(villages.river, made).terms)
            assert proofpost.answer(villages.river.hub, HILL, terms, ()) is No.NOT_FOR_YOU
            ask_people(villages, made, "Alice", "Chandra")
            villages.carry()
            sign(villages, "Chandra")
            villages.carry()
            cosign(villages.river, made, "Bob")
            ask(villages, terms)
            for data in both.parts():
                both.hears(HILL, data)
            found = stands(villages, terms)
            assert (found.state, found.why) == ("valid", "")
            held = verify(bytes(found.proof or b""), (villages.river.founders.public,))
            assert [one.hub for one in held.far] == [HILL]
            with villages.river.hub.reading() as tx:
                assert tx.found(ProofLet, "1 = 1") == []


class TestFlood:
    def test_of_a_thousand_asks_few_are_answered(self, both: Desks) -> None:
        made = by_phone(both.villages.river, 3)
        let(both.villages, made)
        directory, key, beats = both.proofs[HILL]._shelf.directory, pair(both, HILL), count(1)
        said, began = [], both.now
        for number in range(1000):
            # Each asks for another set of keys to be left away, so that each would be made anew.
            ask_ = ProofAsk(next(beats), made.record, keys=((1 + number, 1),))
            both.hears(RIVER, proofframes.pack_ask(ask_, RIVER, key, directory))
            said += both.says(RIVER, 1.0)
        said += both.says(RIVER, 120.0)
        pace = Pace()
        most = pace.proof_parts + (both.now - began) / pace.proof_part_seconds
        assert 4 <= len(said) <= most
        assert both.proofs[RIVER].counts["made"] <= most

    def test_an_ask_that_is_played_again_is_old(self, both: Desks) -> None:
        asked(both)
        data = both.ask()
        assert both.hears(RIVER, data) == "answered"
        assert {both.hears(RIVER, data) for _ in range(100)} == {"old_beat"}
        assert len(both.says(RIVER)) == 4

    def test_who_never_hears_an_answer_asks_ever_more_rarely_and_gives_up(self, both: Desks) -> None:
        made = asked(both)
        said = len(both.says(HILL, 24 * 3600))
        assert said == Pace().proof_tries
        assert stands(both.villages, made.record).state == "silent"


def parts_on_air(radios: TwoRadios) -> int:
    """Parts that River's radio has said, in all."""
    frames = (frame for data in radios.links["river"].sent for frame in split(data))
    return sum(read_header(frame).type == PROOF_PART for frame in frames)


@pytest.mark.parametrize("signers", [2, 3, 5, 7])
def test_frames_on_the_air_and_the_page_says_how_many(tmp_path: Path, signers: int) -> None:
    """The engine, the service and both books: of a first proof with its keys, of the next without."""
    with two_radios(tmp_path, care={"quorum": signers}) as radios:
        villages, told = radios.villages, []
        for ago in (1, 0):
            before = parts_on_air(radios)
            made = by_phone(villages.river, signers, ago)
            let(villages, made)
            ask(villages, made.record)
            assert radios.live(300, lambda made=made: stands(villages, made.record).state != "asked")  # type: ignore[misc]
            assert stands(villages, made.record).state == "valid"
            told.append(parts_on_air(radios) - before)
    print("co-signers, frames with keys, frames with keys known:", signers, *told)
    (line,) = [line for line in table("Sizes of proofs") if line[0] == str(signers)]
    assert told == [int(line[3]), int(line[5])]
    assert signers != 5 or told[1] <= 3


def test_every_third_packet_lost_it_comes_all_the_same(tmp_path: Path) -> None:
    chance = Random(7)
    with two_radios(tmp_path, care={"quorum": 5}) as radios:
        villages = radios.villages
        for link in radios.links.values():
            link.hears = lambda _: chance.random() < 0.7
        told = []
        for ago in (3, 2, 1, 0):
            made, before = by_phone(villages.river, 5, ago), parts_on_air(radios)
            let(villages, made)
            ask(villages, made.record)
            began = villages.clock.uptime().ms
            assert radios.live(3600, lambda made=made: stands(villages, made.record).state == "valid")  # type: ignore[misc]
            told.append((parts_on_air(radios) - before, (villages.clock.uptime().ms - began) // 1000))
        print("5 co-signers, 30 % lost: (parts said, seconds) of the first proof and the next three:", told)
        said = sum(parts for parts, _seconds in told)
        assert 5 + 3 * 3 < said <= 3 * (5 + 3 * 3)


@given(body=st.binary(max_size=220))
def test_whatever_the_other_hub_seals_nothing_but_a_refusal_comes_of_it(body: bytes) -> None:
    for reads in (proofframes.read_ask, proofframes.read_part):
        with contextlib.suppress(BadFrame):
            reads(body)


def test_the_trace_tells_from_whom_and_no_more(both: Desks) -> None:
    made = asked(both)
    directory = both.proofs[RIVER]._shelf.directory
    (data, *_) = parts = both.parts()
    assert describe(data, directory) == {"type": "proof_part", "from": RIVER, "to": HILL, "bytes": 231}
    assert all(made.record[:4] not in part for part in parts)
