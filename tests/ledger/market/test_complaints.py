"""Telling the keepers, and what they do: a word, no messages for some days, or nothing; with a reason, in the book."""

import pytest

from appliance.ledger.book.schema_talk import Complaint, KeeperWord
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.market import complaints, talks
from appliance.ledger.market.complaints import LET, MOST_A_DAY, NOTHING, QUIET, WORD, AnswerComplaint
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant
from appliance.ledger.people.members import AppointKeeper
from appliance.ledger.reads import desk
from appliance.ledger.reads import talks as reads
from appliance.ledger.tend import tend
from appliance.ledger.values import AccountNumber
from tests.ledger.market.test_talks import ask, code, write
from tests.support.village import Village

DAY_MS = 86_400_000


def tell(village: Village, who: str, kind: str, item: int, words: str = "it hurts") -> Refusal | None:
    hub = village.hub
    return complaints.tell(
        hub.store, new_key(), village.numbers[who], (kind, 0, item), words, hub.clock.now()
    )


def waiting(village: Village) -> list[reads.ComplaintView]:
    with village.hub.reading() as tx:
        return list(reads.complaints_waiting(tx, 0))


def test_a_keeper_reads_the_one_message_and_stops_more_of_them_for_a_week(river: Village) -> None:
    write(river, "Bob", "Alice", "a private word")
    seq = write(river, "Bob", "Alice", "you are a goat")
    assert tell(river, "Alice", "message", seq) is None
    (told,) = waiting(river)
    assert (told.by.name, told.accused and told.accused.name, told.said, told.words) == (
        "Alice",
        "Bob",
        "you are a goat",
        "it hurts",
    )
    bob = river.numbers["Bob"]
    done = river.do("Kira", AnswerComplaint(told.id, bob, QUIET, 7, "we do not call each other names"))
    assert waiting(river) == []
    refused = ask(river, "Bob", "Dina")
    assert code(refused) is Code.QUIETED
    assert isinstance(refused, Refusal)
    assert refused.numbers == {"until_ms": river.clock.now().ms + 7 * DAY_MS}
    river.pay("Bob", "Alice", 100)
    river.clock.set(river.clock.now().ms + 7 * DAY_MS - 1, Quality.RTC)
    assert code(ask(river, "Bob", "Dina")) is Code.QUIETED
    river.clock.set(river.clock.now().ms + 1, Quality.RTC)
    write(river, "Bob", "Dina")
    with river.hub.reading() as tx:
        (line, *_), _older = desk.log(tx, concerning=bob)
        of_alice, _older = desk.log(tx, concerning=river.numbers["Alice"])
        assert [(said.measure, said.reason) for said in reads.said_to(tx, bob, 0)] == [
            ("quiet", "we do not call each other names")
        ]
        assert len(reads.answered(tx, river.numbers["Alice"], 0)) == 1
    assert (line.entry, line.reason) == (done.entry, "we do not call each other names")
    assert done.entry not in [one.entry for one in of_alice]
    assert river.numbers["Alice"] not in line.payload.values(), "who complained does not stand in the book"
    verify(river.hub.store)


def test_a_keeper_lets_somebody_write_again(river: Village) -> None:
    bob = river.numbers["Bob"]
    assert code(river.ask("Kira", AnswerComplaint(None, bob, LET, 0, "why not"))) is Code.WRONG_STATUS
    river.do("Kira", AnswerComplaint(None, bob, QUIET, 30, "shouting on the market"))
    assert code(ask(river, "Bob", "Alice")) is Code.QUIETED
    river.do("Kira", AnswerComplaint(None, bob, WORD, 0, "we talked"))
    assert code(ask(river, "Bob", "Alice")) is Code.QUIETED, "a word ends nothing"
    river.do("Kira", AnswerComplaint(None, bob, LET, 0, "he said sorry"))
    write(river, "Bob", "Alice")
    assert code(river.ask("Kira", AnswerComplaint(None, bob, LET, 0, "twice"))) is Code.WRONG_STATUS
    verify(river.hub.store)


def test_nobody_tells_of_what_others_wrote_to_others(river: Village) -> None:
    seq = write(river, "Bob", "Alice", "for her alone")
    for who in ("Bob", "Chandra", "Kira"):
        assert code(tell(river, who, "message", seq)) is Code.NOT_YOURS
    assert code(tell(river, "Alice", "message", seq + 1)) is Code.NOT_YOURS
    assert code(tell(river, "Alice", "rumour", seq)) is Code.NOT_YOURS
    assert waiting(river) == []


def test_a_listing_can_be_told_of_by_anybody_but_its_owner(river: Village) -> None:
    opened = river.do("Bob", OpenListing(river.numbers["Bob"], "offer", "food", "Rotten eggs", "cheap"))
    assert code(tell(river, "Bob", "listing", opened.entry)) is Code.UNKNOWN_LISTING
    assert code(tell(river, "Alice", "listing", opened.entry + 1)) is Code.UNKNOWN_LISTING
    assert tell(river, "Alice", "listing", opened.entry) is None
    (told,) = waiting(river)
    assert (told.said, told.listing) == ("Rotten eggs\ncheap", opened.record)


def test_words_are_asked_for_and_so_many_a_day_are_enough(river: Village) -> None:
    seq = write(river, "Bob", "Alice")
    assert code(tell(river, "Alice", "message", seq, " ")) is Code.TEXT_MISSING
    assert code(tell(river, "Alice", "message", seq, "x" * 141)) is Code.TEXT_TOO_LONG
    for _ in range(MOST_A_DAY):
        assert tell(river, "Alice", "message", seq) is None
    assert code(tell(river, "Alice", "message", seq)) is Code.TOO_MANY_MESSAGES


def test_the_same_form_tells_once(river: Village) -> None:
    seq, key, now = write(river, "Bob", "Alice"), new_key(), river.hub.clock.now()
    for _ in range(2):
        what = ("message", 0, seq)
        assert complaints.tell(river.hub.store, key, river.numbers["Alice"], what, "again", now) is None
    assert len(waiting(river)) == 1


def test_who_has_a_part_in_it_does_not_judge_it(river: Village) -> None:
    river.root(AppointKeeper(river.numbers["Alice"]))
    of_bob = write(river, "Bob", "Alice")
    of_kira = write(river, "Kira", "Bob")
    assert tell(river, "Alice", "message", of_bob) is None
    assert tell(river, "Bob", "message", of_kira) is None
    first, second = waiting(river)
    by_alice, by_bob = (first, second) if first.by.name == "Alice" else (second, first)
    bob, kira = river.numbers["Bob"], river.numbers["Kira"]
    assert code(river.ask("Alice", AnswerComplaint(by_alice.id, bob, WORD, 0, "mine"))) is Code.PARTY
    assert code(river.ask("Kira", AnswerComplaint(by_bob.id, kira, NOTHING, 0, "I did"))) is Code.PARTY
    assert code(river.ask("Dina", AnswerComplaint(by_alice.id, bob, WORD, 0, "me"))) is Code.NOT_KEEPER
    river.do("Kira", AnswerComplaint(by_alice.id, bob, NOTHING, 0, "all right"))
    river.do("Alice", AnswerComplaint(by_bob.id, kira, WORD, 0, "kindly"))


def test_who_acts_for_who_complained_does_not_judge_it_either(river: Village) -> None:
    alice, kira = river.numbers["Alice"], river.numbers["Kira"]
    river.do("Alice", AskGrant(alice, kira, HELPER))
    river.do("Kira", AgreeGrant(alice, HELPER))
    assert tell(river, "Alice", "message", write(river, "Bob", "Alice")) is None
    (told,) = waiting(river)
    asked = river.ask("Kira", AnswerComplaint(told.id, river.numbers["Bob"], WORD, 0, "of a friend"))
    assert code(asked) is Code.PARTY


def test_a_keeper_does_not_read_who_complained_of_the_own_words(river: Village) -> None:
    assert tell(river, "Bob", "message", write(river, "Kira", "Bob")) is None
    ((told,), kira) = waiting(river), river.numbers["Kira"]
    with river.hub.reading() as tx:
        assert reads.complaints_waiting(tx, kira) == ()
        assert reads.complaint(tx, told.id, kira) is None
        assert reads.complaints_of(tx, kira) == 1
        assert reads.complaints_of(tx, river.numbers["Bob"]) == 0


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"measure": "exile"}, Code.SETTING_WRONG),
        ({"measure": QUIET, "days": 0}, Code.SETTING_WRONG),
        ({"measure": QUIET, "days": 31}, Code.SETTING_WRONG),
        ({"measure": WORD, "days": 1}, Code.SETTING_WRONG),
        ({"reason": " "}, Code.TEXT_MISSING),
        ({"reason": "x" * 141}, Code.TEXT_TOO_LONG),
        ({"member": AccountNumber(0)}, Code.UNKNOWN_ACCOUNT),
        ({"member": AccountNumber(77)}, Code.UNKNOWN_ACCOUNT),
        ({"complaint": bytes(16)}, Code.NOT_PENDING),
    ],
)
def test_what_is_no_answer_is_refused_and_changes_nothing(
    river: Village, said: dict[str, object], refused: Code
) -> None:
    fields = {"complaint": None, "member": river.numbers["Bob"], "measure": WORD, "days": 0, "reason": "why"}
    before = river.hub.head()
    assert code(river.ask("Kira", AnswerComplaint(**{**fields, **said}))) is refused  # type: ignore[arg-type]
    assert river.hub.head() == before
    with river.hub.reading() as tx:
        assert tx.rows(KeeperWord.select()) == []


def test_an_answered_complaint_is_not_answered_again_nor_with_another_name(river: Village) -> None:
    assert tell(river, "Alice", "message", write(river, "Bob", "Alice")) is None
    (told,) = waiting(river)
    bob, dina = river.numbers["Bob"], river.numbers["Dina"]
    assert code(river.ask("Kira", AnswerComplaint(told.id, dina, WORD, 0, "her"))) is Code.TERMS_CHANGED
    done = river.do("Kira", AnswerComplaint(told.id, bob, NOTHING, 0, "all right"))
    assert code(river.ask("Kira", AnswerComplaint(told.id, bob, WORD, 0, "again"))) is Code.NOT_PENDING
    with river.hub.reading() as tx:
        row = tx.get(Complaint, id=told.id)
    assert row is not None
    assert row.closed_entry == done.entry


def test_an_answered_complaint_goes_after_a_year_and_one_that_waits_stays(river: Village) -> None:
    for text in ("a goat", "an ass"):
        assert tell(river, "Alice", "message", write(river, "Bob", "Alice", text)) is None
    answered, other = waiting(river)
    river.do("Kira", AnswerComplaint(answered.id, river.numbers["Bob"], NOTHING, 0, "all right"))
    for later, left in ((talks.KEPT_MS, 2), (1, 1), (DAY_MS, 1)):
        river.clock.set(river.clock.now().ms + later, Quality.RTC)
        tend(river.hub)
        with river.hub.reading() as tx:
            assert len(tx.rows(Complaint.select())) == left
    assert [one.id for one in waiting(river)] == [other.id]


def test_a_message_that_was_taken_back_stays_with_the_complaint(river: Village) -> None:
    seq = write(river, "Bob", "Alice", "you are a goat")
    assert tell(river, "Alice", "message", seq) is None
    assert talks.take_back(river.hub.store, river.numbers["Bob"], seq)
    (told,) = waiting(river)
    assert told.said == "you are a goat"
