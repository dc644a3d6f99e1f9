"""Lake tells two stories under one number: found, written down, told to all, shown, and ended by the founders."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger import codec, community, keys
from appliance.ledger.book import letters
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import Contradiction, Taken
from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BadEncoding, Code, Refusal
from appliance.ledger.keys import Certificate, KeySigner
from appliance.ledger.money.crossings import Send
from appliance.ledger.people.forks import open_fork
from appliance.ledger.people.roster import last
from appliance.ledger.people.rulings import RuleFork, Ruling
from appliance.ledger.values import AccountNumber, Amount
from appliance.radio.frames import open_data
from appliance.radio.shelf import Shelf
from tests.support.mad_hub import Word
from tests.support.valley import HILL, LAKE, RIVER, Valley, made

SEND_TO_LAKE = Send(AccountNumber(2), LAKE, AccountNumber(3), Amount(10), "food")


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def two_stories(valley: Valley) -> tuple[bytes, bytes]:
    """Two frames of Lake's with record 1, each with another payment in it."""
    mad = valley.mad(LAKE)
    one = mad.frame(mad.records([mad.pay(HILL, 3, 40)]))
    return one, mad.frame(mad.records([mad.pay(HILL, 2, 40)]))


def forks(valley: Valley, hub: int) -> list[tuple[int, int, int]]:
    with valley.hubs[hub].reading() as tx:
        return [
            (int(a), int(b), int(c)) for a, b, c in tx.select("SELECT hub, incarnation, number FROM fork")
        ]


def suspects(valley: Valley, hub: int) -> list[tuple[int, int, int]]:
    return valley.posts[hub].suspects()


def test_a_fork_becomes_an_entry_and_a_record_for_everyone(valley: Valley) -> None:
    for data in two_stories(valley):
        valley.deliver(data, HILL)
    assert forks(valley, HILL) == [(LAKE, 1, 1)]
    with valley.hubs[HILL].reading() as tx:
        assert tx.select('SELECT kind, "to" FROM outgoing')[-1] == (Kind.FORK, 0)
        assert tx.first("SELECT COUNT(*) FROM entry WHERE kind = 'find_fork'") == (1,)
    verify(valley.hubs[HILL].store)


def test_it_is_found_once_however_often_both_frames_come(valley: Valley) -> None:
    frames = two_stories(valley)
    for data in frames * 3:
        valley.deliver(data, HILL)
    with valley.hubs[HILL].reading() as tx:
        assert tx.first("SELECT COUNT(*) FROM entry WHERE kind = 'find_fork'") == (1,)


def test_nobody_can_pay_there_until_it_is_ended(valley: Valley) -> None:
    for data in two_stories(valley):
        valley.deliver(data, HILL)
    result = valley.ask(HILL, 2, SEND_TO_LAKE)
    assert isinstance(result, Refusal)
    assert result.code is Code.HUB_FORKED
    assert valley.balances(HILL)[2] == 0


def test_who_reads_of_it_asks_for_the_other_story_and_judges_by_that(valley: Valley) -> None:
    one, other = two_stories(valley)
    valley.deliver(one, RIVER)
    for data in (one, other):
        valley.deliver(data, HILL)
    valley.carry()
    assert suspects(valley, RIVER) == [(LAKE, 1, 1)]
    assert forks(valley, RIVER) == [], "Hill's word alone proves nothing"

    hill = Shelf(valley.hubs[HILL])
    given = {hill.frame_with(LAKE, 1, 1) for _ in range(2)}
    assert given == {one, other}, "who asks twice gets both"
    for data in (one, other):
        valley.deliver(data, RIVER)
    assert forks(valley, RIVER) == [(LAKE, 1, 1)]
    assert suspects(valley, RIVER) == []
    verify(valley.hubs[RIVER].store)


def test_a_false_word_costs_some_asks_and_nothing_else(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    valley.send(HILL, 2, RIVER, 3, 20)
    valley.carry()
    (said,) = mad.say(
        Word(Kind.FORK, EVERYONE, 0, letters.fork(Contradiction(HILL, 1, 1, bytes(32), b"\x01" * 32)))
    )
    valley.deliver(said, RIVER)
    assert suspects(valley, RIVER) == [(HILL, 1, 1)]
    assert [(s.hub, s.first, s.last) for s in Shelf(valley.hubs[RIVER]).suspects()] == [(HILL, 1, 1)]
    assert forks(valley, RIVER) == []
    valley.send(RIVER, 2, HILL, 3, 20)
    valley.carry()
    assert valley.balances(HILL)[3] == 20


def test_a_box_that_hears_its_own_number_with_other_content_has_a_clone(
    valley: Valley, tmp_path: Path
) -> None:
    """River's card was copied, and both boxes run."""
    shelf = Shelf(valley.hubs[RIVER])
    clone = valley.mad(RIVER)
    (theirs,) = clone.say(clone.pay(HILL, 3, 15))
    valley.send(RIVER, 2, HILL, 3, 20)
    ours = shelf.pack(200)
    assert ours is not None
    assert shelf.take(open_data(theirs, shelf.directory)) is Taken.KNOWN
    assert shelf.stale
    assert forks(valley, RIVER) == [(RIVER, 1, 1)]
    valley.send(RIVER, 2, HILL, 3, 20)
    assert Shelf(valley.hubs[RIVER]).pack(200) is None, "it says nothing more in this life"
    verify(valley.hubs[RIVER].store)


def test_an_open_fork_is_known_by_its_hub(valley: Valley) -> None:
    for data in two_stories(valley):
        valley.deliver(data, HILL)
    with valley.hubs[HILL].reading() as tx:
        found = open_fork(tx, LAKE)
        assert found is not None
        assert (found.incarnation, found.number) == (1, 1)
        assert open_fork(tx, RIVER) is None


# ------------------------------------------------------------------------------------------------ the founders


def next_life(valley: Valley, hub: int, incarnation: int = 2) -> tuple[Certificate, bytes]:
    """A certificate of a hub's next life, by its root paper."""
    public = keys.public_of(keys.new_seed())
    certificate = Certificate(valley.hubs[hub].box.place.community, hub, incarnation, public, 0, bytes(32))
    return certificate, KeySigner("root:incarnation", made().papers[hub].seed).sign(certificate.form())


def test_the_founders_end_it_and_payments_go_there_again(valley: Valley) -> None:
    for data in two_stories(valley):
        valley.deliver(data, HILL)
    roster = community.rule(valley.hubs[RIVER], *next_life(valley, LAKE), made().founders)
    (new,) = community.join(valley.hubs[HILL], roster)
    assert isinstance(new, Ruling)
    with valley.hubs[HILL].reading() as tx:
        assert open_fork(tx, LAKE) is None
        assert last(tx)[0] == 4
    assert isinstance(valley.ask(HILL, 2, SEND_TO_LAKE), Receipt)
    assert community.join(valley.hubs[HILL], roster) == []
    for hub in (RIVER, HILL):
        verify(valley.hubs[hub].store)


def test_a_proof_that_comes_after_the_ruling_stops_nothing(valley: Valley) -> None:
    roster = community.rule(valley.hubs[RIVER], *next_life(valley, LAKE), made().founders)
    community.join(valley.hubs[HILL], roster)
    for data in two_stories(valley):
        valley.deliver(data, HILL)
    assert forks(valley, HILL) == [(LAKE, 1, 1)]
    with valley.hubs[HILL].reading() as tx:
        assert open_fork(tx, LAKE) is None
    verify(valley.hubs[HILL].store)


@pytest.mark.parametrize("wrong", ["paper", "root", "first life"])
def test_a_ruling_that_does_not_hold_changes_nothing(valley: Valley, wrong: str) -> None:
    certificate, signature = next_life(valley, LAKE)
    paper = made().founders
    if wrong == "paper":
        paper = made().papers[LAKE]
    elif wrong == "root":
        certificate, _ = next_life(valley, LAKE)
    else:
        certificate, signature = next_life(valley, LAKE, 1)
    head = valley.hubs[RIVER].head()
    with pytest.raises(community.NotThisCommunity):
        community.rule(valley.hubs[RIVER], certificate, signature, paper)
    assert valley.hubs[RIVER].head() == head


def test_a_ruling_that_the_founders_did_not_sign_never_comes_into_the_book(valley: Valley) -> None:
    """Whoever holds Lake's own paper could sign a ruling for Lake, and lay a file out by hand."""
    certificate, signature = next_life(valley, LAKE)
    with valley.hubs[HILL].reading() as tx:
        number, link = last(tx)
    unsigned = Ruling(number + 1, link, certificate, signature)
    by_lake = KeySigner("root:community", made().papers[LAKE].seed).sign(unsigned.form())
    forged = replace(unsigned, signature=by_lake)
    head = valley.hubs[HILL].head()
    said = valley.hubs[HILL].by_rule(RuleFork(forged), "ruling")
    assert isinstance(said, Refusal)
    decoded: Any = codec.decode(community.roster_file(valley.hubs[HILL]))
    kind, of, entries, gifts = decoded
    file = codec.encode([kind, of, [*entries, forged.to_list()], gifts])
    with pytest.raises(community.NotThisCommunity):
        community.join(valley.hubs[HILL], file)
    assert valley.hubs[HILL].head() == head


@pytest.mark.parametrize(("seq", "flip"), [(0, 0), (1, 0), (-1, 0), (0, 1)])
def test_a_ruling_stands_only_where_the_roster_ends(valley: Valley, seq: int, flip: int) -> None:
    certificate, signature = next_life(valley, LAKE)
    with valley.hubs[HILL].reading() as tx:
        number, link = last(tx)
    unsigned = Ruling(number + 1 + seq, bytes([link[0] ^ flip]) + link[1:], certificate, signature)
    signed = replace(
        unsigned, signature=KeySigner("root:community", made().founders.seed).sign(unsigned.form())
    )
    said = valley.hubs[HILL].by_rule(RuleFork(signed), "ruling")
    assert isinstance(said, Receipt) == (seq == flip == 0), said


def test_a_ruling_that_was_changed_on_the_way_is_not_taken_in(valley: Valley) -> None:
    roster = community.rule(valley.hubs[RIVER], *next_life(valley, LAKE), made().founders)
    decoded: Any = codec.decode(roster)
    kind, of, entries, gifts = decoded
    head = valley.hubs[HILL].head()
    for place, value in enumerate(entries[-1]):
        other = {int: lambda v: v + 1, bytes: lambda v: bytes([v[0] ^ 1]) + v[1:], str: str.upper}[
            type(value)
        ](value)
        changed = [*entries[-1][:place], other, *entries[-1][place + 1 :]]
        file = codec.encode([kind, of, [*entries[:-1], changed], gifts])
        with pytest.raises((community.NotThisCommunity, BadEncoding)):
            community.join(valley.hubs[HILL], file)
    assert valley.hubs[HILL].head() == head
