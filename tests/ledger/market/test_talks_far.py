"""Messages between two villages: written, carried when nothing else is to be said, told how far, taken back at both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import codec
from appliance.ledger.book import chain, wiping
from appliance.ledger.book.feed import FarPerson
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Outgoing
from appliance.ledger.book.schema_talk import Complaint, FarMessage, MessageSaid
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.market import complaints, marks, talks, talks_far
from appliance.ledger.market.complaints import QUIET, AnswerComplaint
from appliance.ledger.market.listings import OFFER, OpenListing
from appliance.ledger.people.erasing import Erase
from appliance.ledger.people.leaving import LEFT, CloseMember
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import talks_far as reads
from appliance.ledger.reads.talks_far import Far
from appliance.ledger.tend import tend
from appliance.ledger.values import AccountNumber
from tests.ledger.test_lives import renew
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.valley import Valley
from tests.support.village import Village

DAY_MS = 86_400_000


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    """Everybody lets the other village know the name, but Bob."""
    with two_villages(tmp_path) as made:
        for name in ("Alice", "Chandra", "Dina"):
            home = made.home_of(name)
            home.do(name, ShowName(home.numbers[name], True))
        speak(made)
        yield made


def speak(v: TwoVillages) -> None:
    """Both hubs say what there is to say, and the post goes over."""
    for post in v.posts.values():
        while post.publish(10):
            pass
    v.carry()


def ask(
    v: TwoVillages, writer: str, reader: str, text: str, key: bytes | None = None
) -> talks.Sent | Refusal:
    home, there = v.home_of(writer), v.home_of(reader)
    who = (home.numbers[writer], there.hub.number, there.numbers[reader])
    return talks_far.write(home.hub.store, *who, text, v.clock.now(), key or new_key())


def write(v: TwoVillages, writer: str, reader: str, text: str = "Is the goat still there?") -> int:
    sent = ask(v, writer, reader, text)
    assert isinstance(sent, talks.Sent), sent
    return sent.seq


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def thread(v: TwoVillages, reader: str, other: str) -> list[tuple[bool, str, Far | None]]:
    home, there = v.home_of(reader), v.home_of(other)
    with home.hub.reading() as tx:
        found = reads.thread(tx, home.numbers[reader], there.hub.number, there.numbers[other], v.clock.now())
    assert found is not None
    return [(m.mine, m.text, m.far) for m in found.messages]


def kept(village: Village) -> int:
    with village.hub.reading() as tx:
        return len(tx.rows(FarMessage.select()))


def both_verify(v: TwoVillages) -> None:
    for village in (v.river, v.hill):
        verify(village.hub.store)


def test_alice_writes_to_chandra_and_reads_how_far_it_has_come(two: TwoVillages) -> None:
    write(two, "Alice", "Chandra", "Is the goat still there?")
    assert thread(two, "Alice", "Chandra") == [(True, "Is the goat still there?", Far.WAITS)]
    assert two.posts[RIVER].waiting() == (0, False), "it goes on no feed before its turn"
    two.posts[RIVER].publish(10)
    assert two.posts[RIVER].waiting() == (1, False), "nobody is made to wait for it"
    assert thread(two, "Alice", "Chandra")[0][2] is Far.HERE
    two.carry()
    assert thread(two, "Alice", "Chandra")[0][2] is Far.SENT
    two.hear(RIVER)
    assert thread(two, "Alice", "Chandra")[0][2] is Far.ARRIVED
    assert thread(two, "Chandra", "Alice") == [(False, "Is the goat still there?", None)]
    with two.hill.hub.reading() as tx:
        (one,) = reads.unread(tx, two.hill.numbers["Chandra"])
    assert (one.other.name, one.unread, one.text) == ("Alice", 1, "Is the goat still there?")
    write(two, "Chandra", "Alice", "Sí, ven el martes")
    speak(two)
    assert [(mine, text) for mine, text, _far in thread(two, "Alice", "Chandra")] == [
        (True, "Is the goat still there?"),
        (False, "Sí, ven el martes"),
    ]
    both_verify(two)


def test_the_book_has_neither_who_wrote_nor_to_whom_nor_what(two: TwoVillages) -> None:
    head = two.hill.hub.head().number
    write(two, "Alice", "Chandra", "about the blue goat")
    speak(two)
    assert two.hill.hub.head().number == head, "what comes is no entry"
    with two.river.hub.reading() as tx:
        (said,) = tx.rows(MessageSaid.select())
        (row,) = tx.rows(Outgoing.select().where(Outgoing.kind == int(Kind.MESSAGE)))
        entry = chain.by_number(tx, said.entry)
    assert (said.hub, said.state) == (HILL, talks_far.SAID)
    assert bytes(row.body) == codec.encode(said.entry), "no number of a member, no word"
    assert entry is not None
    assert (entry.act.authority, entry.act.payload) == ("hub:publish", {"hub": HILL, "about": False})
    assert entry.act.private_digest is None


def test_other_records_go_first_and_a_day_has_a_budget(two: TwoVillages) -> None:
    write(two, "Alice", "Chandra")
    two.river.do("Alice", OpenListing(two.river.numbers["Alice"], OFFER, "food", "Bread", "", None))
    assert two.posts[RIVER].publish(10) == 1
    with two.river.hub.reading() as tx:
        assert tx.rows(MessageSaid.select()) == [], "first the bread, which all may see"
    for _ in range(talks_far.MOST_A_DAY - 1):
        write(two, "Alice", "Chandra")
    assert code(ask(two, "Alice", "Chandra", "one more")) is Code.TOO_MANY_MESSAGES
    two.clock.advance(DAY_MS + 1)
    write(two, "Alice", "Chandra")


def test_the_hub_has_a_budget_of_its_own(two: TwoVillages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talks_far, "MOST_OF_HUB", 2)
    for text in ("one", "two", "three"):
        write(two, "Alice", "Chandra", text)
    speak(two)
    assert [text for _mine, text, _far in thread(two, "Chandra", "Alice")] == ["one", "two"]
    assert thread(two, "Alice", "Chandra")[2][2] is Far.WAITS
    with two.river.hub.reading() as tx:
        (waits,) = tx.rows(FarMessage.select().where(FarMessage.entry.is_null()))
    carried = two.river.hub.by_rule(talks_far.CarryMessage(HILL, bytes(waits.id)), "publish")
    assert code(carried) is Code.TOO_MANY_MESSAGES
    two.clock.advance(DAY_MS + 1)
    speak(two)
    assert [text for _mine, text, _far in thread(two, "Chandra", "Alice")] == ["one", "two", "three"]
    both_verify(two)


def test_what_had_no_turn_for_two_weeks_is_not_sent(two: TwoVillages) -> None:
    write(two, "Alice", "Chandra")
    two.clock.advance(15 * DAY_MS)
    assert thread(two, "Alice", "Chandra")[0][2] is Far.LATE
    speak(two)
    assert kept(two.hill) == 0


def test_who_may_write_what_to_whom(two: TwoVillages) -> None:
    assert code(ask(two, "Alice", "Chandra", " ")) is Code.TEXT_MISSING
    assert code(ask(two, "Alice", "Chandra", "x" * 121)) is Code.TEXT_TOO_LONG
    many = "".join(chr(0x4E00 + 37 * n) for n in range(100))
    full = ask(two, "Alice", "Chandra", many)
    assert isinstance(full, Refusal)
    longest = int(full.numbers["longest"])
    assert (full.code, 20 < longest < 100) == (Code.TEXT_TOO_LONG, True)
    write(two, "Alice", "Chandra", many[:longest])
    assert code(ask(two, "Chandra", "Bob", "hello")) is Code.UNKNOWN_ACCOUNT, "nobody has heard of Bob"
    two.send("Bob", "Chandra", 100)
    two.carry()
    write(two, "Chandra", "Bob", "thank you")
    key = new_key()
    sent, again = ask(two, "Alice", "Dina", "once", key), ask(two, "Alice", "Dina", "once", key)
    assert isinstance(sent, talks.Sent)
    assert again == talks.Sent(sent.seq, True)
    assert code(ask(two, "Alice", "Dina", "other", key)) is Code.KEY_REUSED
    two.river.do("Kira", AnswerComplaint(None, two.river.numbers["Alice"], QUIET, 3, "too much"))
    assert code(ask(two, "Alice", "Dina", "hello")) is Code.QUIETED
    nowhere = (two.river.numbers["Bob"], 555, 1)
    assert (
        code(talks_far.write(two.river.hub.store, *nowhere, "x", two.clock.now(), new_key()))
        is Code.UNKNOWN_HUB
    )


def test_who_is_blocked_reads_that_it_arrived_and_nothing_is_kept(two: TwoVillages) -> None:
    chandra, alice = two.hill.numbers["Chandra"], two.river.numbers["Alice"]
    marks.block(two.hill.hub.store, chandra, RIVER, alice, two.clock.now())
    write(two, "Alice", "Chandra")
    speak(two)
    two.hear(RIVER)
    assert thread(two, "Alice", "Chandra")[0][2] is Far.ARRIVED
    assert kept(two.hill) == 0
    assert code(ask(two, "Chandra", "Alice", "hm")) is Code.YOU_BLOCKED


def test_what_is_taken_back_goes_at_both_hubs(two: TwoVillages) -> None:
    seq = write(two, "Alice", "Chandra", "a word said in anger")
    speak(two)
    assert kept(two.hill) == 1
    assert not talks_far.take_back(two.river.hub.store, two.river.numbers["Bob"], seq)
    assert talks_far.take_back(two.river.hub.store, two.river.numbers["Alice"], seq)
    assert thread(two, "Alice", "Chandra") == []
    speak(two)
    assert (kept(two.river), kept(two.hill)) == (0, 0)
    for village in (two.river, two.hill):
        wiping.try_scrub(village.hub.store)
        assert b"said in anger" not in village.hub.store.path.read_bytes()
    both_verify(two)


def test_taken_back_between_its_turn_and_the_air_it_is_sent_without_its_words(two: TwoVillages) -> None:
    seq = write(two, "Alice", "Chandra", "a word said in anger")
    two.posts[RIVER].publish(10)
    talks_far.take_back(two.river.hub.store, two.river.numbers["Alice"], seq)
    speak(two)
    assert (kept(two.river), kept(two.hill)) == (0, 0)
    both_verify(two)


def test_erasing_a_member_erases_at_the_other_hub_too(two: TwoVillages) -> None:
    alice = two.river.numbers["Alice"]
    write(two, "Alice", "Chandra")
    write(two, "Chandra", "Alice", "hello Alice")
    speak(two)
    write(two, "Chandra", "Alice", "and one that comes too late")
    two.river.do("Kira", CloseMember(two.river.numbers["Alice"], LEFT, "moved away"))
    two.river.do("Kira", Erase(alice, "asked for it"))
    two.clock.advance(8 * DAY_MS)
    tend(two.river.hub)
    speak(two)
    assert kept(two.river) == 0
    with two.hill.hub.reading() as tx:
        left = [(row.mine, row.text) for row in tx.rows(FarMessage.select().order_by(FarMessage.seq))]
    assert left == [(True, "hello Alice"), (True, "and one that comes too late")], (
        "what Chandra wrote is Chandra's"
    )
    assert code(ask(two, "Chandra", "Alice", "are you there?")) is Code.UNKNOWN_ACCOUNT
    both_verify(two)


def test_the_same_frame_again_and_a_flood_bring_nothing_more(
    two: TwoVillages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks_far, "MOST_FROM_HUB", 2)
    for text in ("one", "two", "three"):
        write(two, "Alice", "Chandra", text)
    two.posts[RIVER].publish(10)
    frames = list(two.frames_of(RIVER))
    for data in (*frames, *frames):
        two.deliver(data, HILL)
    assert kept(two.hill) == 2


def test_keepers_are_told_of_it_and_see_these_words_alone(two: TwoVillages) -> None:
    chandra = two.hill.numbers["Chandra"]
    write(two, "Alice", "Chandra", "give me the goat or else")
    speak(two)
    with two.hill.hub.reading() as tx:
        (row,) = tx.rows(FarMessage.select())
    said = (complaints.MESSAGE, RIVER, int(row.seq))
    assert (
        complaints.tell(two.hill.hub.store, new_key(), chandra, said, "I am afraid", two.clock.now()) is None
    )
    dina = two.hill.numbers["Dina"]
    no = complaints.tell(two.hill.hub.store, new_key(), dina, said, "x", two.clock.now())
    assert code(no) is Code.NOT_YOURS
    with two.hill.hub.reading() as tx:
        (told,) = tx.rows(Complaint.select())
    assert (told.hub, told.accused, told.said) == (
        RIVER,
        two.river.numbers["Alice"],
        "give me the goat or else",
    )


def test_a_message_is_gone_after_a_year(two: TwoVillages) -> None:
    write(two, "Alice", "Chandra")
    speak(two)
    two.clock.advance(366 * DAY_MS)
    for village in (two.river, two.hill):
        tend(village.hub)
        assert kept(village) == 0


def test_after_a_restore_nobody_says_that_it_arrived(tmp_path: Path) -> None:
    """River goes on in its next life: what it said in the one before is not known to have come."""
    valley = Valley(tmp_path)
    try:
        valley.do(HILL, 2, ShowName(AccountNumber(2), True))
        river, post = valley.hubs[RIVER], valley.posts[RIVER]
        with river.store.write() as tx:
            tx.put(FarPerson, hub=HILL, number=2, name="Chandra")
        now = river.clock.now()
        assert isinstance(
            talks_far.write(river.store, 2, HILL, 2, "Is it there?", now, new_key()), talks.Sent
        )
        assert post.publish(10) == 1

        def far() -> Far | None:
            with valley.hubs[RIVER].reading() as tx:
                found = reads.thread(tx, 2, HILL, 2, now)
            assert found is not None
            return found.messages[0].far

        assert far() is Far.HERE
        renew(valley, RIVER)
        assert far() is Far.UNSURE
        verify(valley.hubs[RIVER].store)
    finally:
        valley.close()
