"""Messages between two people: who reads them, who may send them, how many; and that they can go to the last byte."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.book import wiping
from appliance.ledger.book.schema_talk import Block, Complaint, Favourite, Message
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.market import complaints, marks, talks
from appliance.ledger.market.complaints import QUIET, AnswerComplaint
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.people.erasing import Erase
from appliance.ledger.people.leaving import LEFT, CloseMember
from appliance.ledger.people.life import Freeze
from appliance.ledger.reads import talks as reads
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from tests.support.village import PEOPLE, Village, a_copied_village

DAY_MS = 86_400_000


def write(village: Village, sender: str, receiver: str, text: str = "Hello", **also: Any) -> int:
    sent = ask(village, sender, receiver, text, **also)
    assert isinstance(sent, talks.Sent), sent
    return sent.seq


def ask(
    village: Village, sender: str, receiver: str, text: str = "Hello", key: bytes | None = None, **also: Any
) -> talks.Sent | Refusal:
    hub, numbers = village.hub, village.numbers
    pair = numbers[sender], numbers[receiver]
    return talks.send(hub.store, *pair, text, hub.clock.now(), key or new_key(), **also)


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def thread(village: Village, reader: str, other: str, before: int | None = None) -> reads.Thread:
    with village.hub.reading() as tx:
        found = reads.thread(tx, village.numbers[reader], village.numbers[other], before)
    assert found is not None
    return found


def unread(village: Village, reader: str) -> dict[str, int]:
    with village.hub.reading() as tx:
        return {one.other.name: one.count for one in reads.unread(tx, village.numbers[reader])}


def test_alice_writes_bob_reads_and_answers(river: Village) -> None:
    before = river.hub.head()
    write(river, "Alice", "Bob", "Is the bread still there?")
    assert unread(river, "Bob") == {"Alice": 1}
    read = thread(river, "Bob", "Alice")
    assert [(m.mine, m.read, m.text) for m in read.messages] == [(False, False, "Is the bread still there?")]
    assert read.unread_upto is not None
    talks.keep_read(river.hub.store, river.numbers["Bob"], river.numbers["Alice"], read.unread_upto)
    write(river, "Bob", "Alice", "Sí, queda una hogaza")
    assert (unread(river, "Bob"), unread(river, "Alice")) == ({}, {"Bob": 1})
    both = thread(river, "Alice", "Bob")
    assert [(m.mine, m.text) for m in both.messages] == [
        (True, "Is the bread still there?"),
        (False, "Sí, queda una hogaza"),
    ]
    assert river.hub.head() == before, "nothing of it is in the book"
    with river.hub.reading() as tx:
        listed = reads.all_talks(tx, river.numbers["Alice"])
    assert [(line.other.name, line.text, line.mine, line.unread) for line in listed.lines] == [
        ("Bob", "Sí, queda una hogaza", False, 1)
    ]


def test_the_same_form_sent_twice_is_one_message(river: Village) -> None:
    key = new_key()
    first = ask(river, "Alice", "Bob", "once", key)
    again = ask(river, "Alice", "Bob", " once ", key)
    assert isinstance(first, talks.Sent)
    assert again == talks.Sent(first.seq, again=True)
    assert code(ask(river, "Alice", "Bob", "another", key)) is Code.KEY_REUSED
    write(river, "Chandra", "Bob", "the same key is another's", key=key)
    assert len(thread(river, "Bob", "Alice").messages) == 1


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", Code.TEXT_MISSING),
        (" \n\u202e ", Code.TEXT_MISSING),
        ("x" * (talks.LONGEST + 1), Code.TEXT_TOO_LONG),
    ],
)
def test_what_is_no_message_is_refused(river: Village, text: str, refused: Code) -> None:
    assert code(ask(river, "Alice", "Bob", text)) is refused
    assert unread(river, "Bob") == {}


def test_the_longest_fits_in_any_script(river: Village) -> None:
    for text in ("x" * talks.LONGEST, "न" * talks.LONGEST, "日" * talks.LONGEST):
        write(river, "Alice", "Bob", text)
    assert [len(m.text) for m in thread(river, "Bob", "Alice").messages] == [talks.LONGEST] * 3


def test_who_is_not_in_cannot_write_nor_be_written_to(river: Village) -> None:
    emil = river.join("Emil")
    assert code(ask(river, "Emil", "Bob")) is Code.NOT_ACTIVE
    assert code(ask(river, "Bob", "Emil")) is Code.UNKNOWN_ACCOUNT
    river.numbers["Nobody"] = type(emil)(999)
    assert code(ask(river, "Bob", "Nobody")) is Code.UNKNOWN_ACCOUNT
    assert code(ask(river, "Bob", "Bob")) is Code.OWN_ACCOUNT
    river.do("Kira", Freeze(river.numbers["Dina"], "a quarrel"))
    assert code(ask(river, "Dina", "Bob")) is Code.FROZEN
    write(river, "Bob", "Dina", "what happened?")
    river.do("Kira", CloseMember(river.numbers["Chandra"], LEFT, "has moved"))
    assert code(ask(river, "Chandra", "Bob")) is Code.NOT_ACTIVE
    assert code(ask(river, "Bob", "Chandra")) is Code.ACCOUNT_CLOSED


def test_so_many_a_day_and_no_more(river: Village) -> None:
    for n in range(talks.MOST_A_DAY):
        write(river, "Alice", "Bob" if n % 2 else "Chandra", str(n))
    refused = ask(river, "Alice", "Dina")
    assert code(refused) is Code.TOO_MANY_MESSAGES
    assert isinstance(refused, Refusal)
    assert refused.numbers == {"most": talks.MOST_A_DAY}
    write(river, "Bob", "Alice", "others may")
    river.clock.advance(DAY_MS - 1)
    assert code(ask(river, "Alice", "Dina")) is Code.TOO_MANY_MESSAGES
    river.clock.advance(1)
    write(river, "Alice", "Dina")
    river.clock.set(river.clock.now().ms - 3 * DAY_MS, Quality.KEEPER)  # a clock set back gives no second day
    assert code(ask(river, "Alice", "Dina")) is Code.TOO_MANY_MESSAGES


def test_it_is_about_what_one_of_them_lists_or_what_passed_between_them(river: Village) -> None:
    bread = river.do("Bob", OpenListing(river.numbers["Bob"], "offer", "food", "Bread")).record
    paid = river.pay("Alice", "Bob", 100, note="two loaves").record
    write(river, "Alice", "Bob", about=talks.About(talks.LISTING, bread))
    write(river, "Alice", "Bob", about=talks.About(talks.TRANSFER, paid))
    assert [m.title for m in thread(river, "Bob", "Alice").messages] == ["Bread", "two loaves"]
    for about, refused in (
        (talks.About(talks.LISTING, bread), Code.UNKNOWN_LISTING),
        (talks.About(talks.LISTING, bytes(16)), Code.UNKNOWN_LISTING),
        (talks.About(talks.TRANSFER, paid), Code.UNKNOWN_TRANSFER),
        (talks.About("gossip", paid), Code.UNKNOWN_TRANSFER),
    ):
        assert code(ask(river, "Chandra", "Dina", about=about)) is refused
    assert (
        code(ask(river, "Chandra", "Bob", about=talks.About(talks.TRANSFER, paid))) is Code.UNKNOWN_TRANSFER
    )
    river.do("Bob", CloseListing(RecordId(bread)))
    assert thread(river, "Alice", "Bob").messages[0].title == "Bread"


def test_a_blocked_one_does_not_write_and_pays_all_the_same(river: Village) -> None:
    alice, bob = river.numbers["Alice"], river.numbers["Bob"]
    write(river, "Bob", "Alice", "hey you")
    assert marks.block(river.hub.store, alice, marks.OWN, bob, river.hub.clock.now()) is None
    assert unread(river, "Alice") == {}, "what waited unread does not call for her any more"
    assert code(ask(river, "Bob", "Alice")) is Code.NO_MESSAGES
    assert code(ask(river, "Alice", "Bob")) is Code.YOU_BLOCKED
    river.pay("Bob", "Alice", 100)
    with river.hub.reading() as tx:
        assert marks.apart(tx, alice) == {(marks.OWN, bob)}
        assert marks.apart(tx, bob) == {(marks.OWN, alice)}
    marks.unblock(river.hub.store, alice, marks.OWN, bob)
    write(river, "Bob", "Alice", "sorry")


def test_an_own_message_is_taken_back_for_both_and_no_other(river: Village) -> None:
    seq = write(river, "Alice", "Bob", "nur für heute geheim")
    assert not talks.take_back(river.hub.store, river.numbers["Bob"], seq)
    assert not talks.take_back(river.hub.store, river.numbers["Chandra"], seq)
    assert talks.take_back(river.hub.store, river.numbers["Alice"], seq)
    assert thread(river, "Bob", "Alice").messages == ()
    assert wiping.scrub(river.hub.store)
    assert b"nur f" not in _bytes(river)


def _bytes(village: Village) -> bytes:
    return b"".join(path.read_bytes() for path in village.hub.data.glob("ledger.db*"))


def test_whoever_is_erased_takes_the_words_along(river: Village) -> None:
    hub, numbers = river.hub, river.numbers
    write(river, "Dina", "Bob", "das Geheimnis von Dina")
    seq = write(river, "Bob", "Dina", "Bobs Antwort darauf")
    write(river, "Bob", "Alice", "bleibt hier")
    marks.keep(hub.store, numbers["Bob"], marks.MEMBER, marks.OWN, numbers["Dina"], hub.clock.now())
    marks.block(hub.store, numbers["Alice"], marks.OWN, numbers["Dina"], hub.clock.now())
    told = ("message", 0, seq)
    assert (
        complaints.tell(hub.store, new_key(), numbers["Dina"], told, "Dinas Klage", hub.clock.now()) is None
    )
    river.do("Kira", CloseMember(numbers["Dina"], LEFT, "has moved"))
    river.do("Kira", Erase(numbers["Dina"], "she asked"))
    river.clock.set(river.clock.now().ms + 8 * DAY_MS, Quality.RTC)
    river.pay("Alice", "Bob", 100)
    assert tend(hub) == 1
    with hub.reading() as tx:
        for table in (Message, Favourite, Block, Complaint):
            rows = tx.rows(table.select())
            assert len(rows) == (1 if table is Message else 0), table
    assert wiping.scrub(hub.store)
    left = _bytes(river)
    assert b"Geheimnis" not in left
    assert b"Bobs Antwort" not in left
    assert b"Dinas Klage" not in left
    assert b"bleibt hier" in left
    verify(hub.store)


def test_after_a_year_a_message_goes(river: Village) -> None:
    write(river, "Alice", "Bob", "old")
    river.clock.set(river.clock.now().ms + talks.KEPT_MS, Quality.RTC)
    write(river, "Alice", "Bob", "new")
    river.clock.advance(1)
    tend(river.hub)
    assert [m.text for m in thread(river, "Bob", "Alice").messages] == ["new"]


def test_pages_of_a_thread_and_of_all_talks(river: Village) -> None:
    for n in range(reads.PAGE + 3):
        write(river, "Alice", "Bob", str(n))
    last = thread(river, "Bob", "Alice")
    assert [m.text for m in last.messages] == [str(n) for n in range(3, reads.PAGE + 3)]
    first = thread(river, "Bob", "Alice", last.older)
    assert ([m.text for m in first.messages], first.older) == (["0", "1", "2"], None)
    with river.hub.reading() as tx:
        for page in (-5, 0, 1, 7, 10**9):
            assert reads.all_talks(tx, river.numbers["Bob"], page).page == 1


# -- whatever they do ------------------------------------------------------------------------------

NAMES = st.sampled_from(PEOPLE)
STEP = st.one_of(
    st.tuples(st.just("write"), NAMES, NAMES),
    st.tuples(st.just("block"), NAMES, NAMES),
    st.tuples(st.just("unblock"), NAMES, NAMES),
    st.tuples(st.just("quiet"), NAMES, NAMES),
)


@pytest.fixture(scope="module")
def quiet_village() -> Iterator[Village]:
    room = Path(tempfile.mkdtemp(prefix="talks-"))
    with a_copied_village(room / "river") as village:
        yield village
    shutil.rmtree(room)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=25))
def test_nobody_reads_what_others_wrote_and_no_blocked_one_gets_through(
    quiet_village: Village, steps: list[tuple[str, str, str]]
) -> None:
    village = quiet_village
    store, now = village.hub.store, village.hub.clock.now()
    with store.write() as tx:
        tx.delete(Message, Message.seq > 0)
        tx.delete(Block, Block.member > 0)
    quiet: set[str] = set()
    for name in PEOPLE:
        with village.hub.reading() as tx:
            if complaints.quiet_until(tx, village.numbers[name], now) is not None:
                quiet.add(name)
    blocked: set[tuple[str, str]] = set()
    said: list[tuple[str, str, str]] = []
    for n, (what, one, other) in enumerate(steps):
        pair = village.numbers[one], village.numbers[other]
        if what == "write":
            text = f"{n} of {one} to {other}"
            result = ask(village, one, other, text)
            may = one != other and not {(one, other), (other, one)} & blocked and one not in quiet
            assert isinstance(result, talks.Sent) == may, (result, blocked, quiet)
            said += [(one, other, text)] if may else []
        elif what == "block" and one != other:
            assert marks.block(store, pair[0], marks.OWN, pair[1], now) is None
            blocked.add((one, other))
        elif what == "unblock":
            marks.unblock(store, pair[0], marks.OWN, pair[1])
            blocked.discard((one, other))
        elif what == "quiet" and one != "Kira" and n % 5 == 0:
            village.do("Kira", AnswerComplaint(None, pair[0], QUIET, 1, "too loud"))
            quiet.add(one)
    for reader in PEOPLE:
        for other in PEOPLE:
            if reader == other:
                continue
            seen = [m.text for m in thread(village, reader, other).messages]
            assert seen == [text for a, b, text in said if {a, b} == {reader, other}]
        waiting = {a for a, b, _ in said if b == reader and (reader, a) not in blocked}
        assert set(unread(village, reader)) == waiting
