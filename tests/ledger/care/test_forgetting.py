"""Words of care that went to another village are forgotten there once nobody there needs them, and stay forgotten."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book import chain, wiping
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.private import PrivateText
from appliance.ledger.book.schema_far import AskedHere
from appliance.ledger.book.verify import verify
from appliance.ledger.care import forgetting
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.care.forgetting import ForgetAsk, UnaskFar
from appliance.ledger.care.rings import Node
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.clock import Quality
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.people.erasing import WEEK_MS, Erase
from appliance.ledger.people.leaving import Leave
from appliance.ledger.reads import care_far
from appliance.ledger.reads.people import text_of
from appliance.ledger.reads.told import ERASED
from appliance.ledger.tend import tend
from appliance.ledger.values import AccountNumber, RecordId
from appliance.radio.bundle import bundle, split
from tests.ledger.care.across import ask, asked, asks_of, at_home, both_verify, decline, sign, stands
from tests.ledger.care.caring import claim, cosign, edit, state
from tests.support.restoring import back_up, lose_and_restore, meet
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.valley import Valley

Made = Callable[..., TwoVillages]
WHOM, WHAT = "Old Tom Quince", "washed him, medlar jam after"
WORDS = (b"Quince", b"medlar")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Made]:
    """``two(quorum=1, ...)``: River and Hill with these rules of care."""
    with ExitStack() as stack:

        def make(**rules: Any) -> TwoVillages:
            return stack.enter_context(two_villages(tmp_path, care={"quorum": 2, **rules}))

        yield make


def asks_chandra(v: TwoVillages, *others: str) -> Receipt:
    """Alice of River cared, says it in words, and asks Chandra of Hill; the question has come there."""
    made = claim(v.river, "Alice", cared_for=WHOM, what=WHAT)
    ask(v, made, "Alice", "Chandra", *others)
    v.carry()
    assert words_at_hill(v) == ("Alice", WHOM, WHAT)
    assert tend(v.hill.hub) == 0, "somebody there needs them still"
    return made


def words_at_hill(v: TwoVillages, name: str = "Chandra") -> tuple[str, str, str]:
    """What Hill has of the words of the newest ask of ``name``."""
    row = asked(v, name)[0]
    with v.hill.hub.reading() as tx:
        return (
            text_of(tx, row.entry, "name"),
            text_of(tx, row.entry, "cared_for"),
            text_of(tx, row.entry, "what"),
        )


def forgotten(v: TwoVillages, name: str = "Chandra") -> bool:
    """Whether Hill has no word of it any more, in no table and in no byte of its files; both books verify."""
    gone = words_at_hill(v, name) == ("", "", "")
    v.hill.hub.store.truncate_log()
    files = b"".join(p.read_bytes() for p in sorted(v.hill.hub.data.glob("ledger.db*")))
    both_verify(v)
    return gone and not any(word in files for word in WORDS)


def test_who_has_signed_needs_the_words_no_more(two: Made) -> None:
    """Chandra's page says kind, day and time still; the signature counts at River as it would."""
    v = two()
    made = asks_chandra(v)
    sign(v, "Chandra")
    assert tend(v.hill.hub) == 1
    assert forgotten(v)
    assert tend(v.hill.hub) == 0, "once"
    with v.hill.hub.reading() as tx:
        view = care_far.ask_view(tx, bytes(asked(v, "Chandra")[0].id), v.hill.numbers["Chandra"])
    assert view is not None
    assert (view.mine, view.state, view.minutes, view.what) == ("signed", "open", 60, ERASED)
    v.carry()
    cosign(v.river, made, "Bob")
    assert state(v.river, made) == "paid"
    v.carry()
    assert at_home(v, "Chandra") == ("confirmed", "signed", None)
    both_verify(v)


def test_who_has_said_no_needs_them_no_more(two: Made) -> None:
    v = two()
    asks_chandra(v)
    decline(v, "Chandra", "I was away")
    assert tend(v.hill.hub) == 1
    assert forgotten(v)


def test_while_one_of_two_is_asked_still_they_stay(two: Made) -> None:
    v = two()
    asks_chandra(v, "Dina")
    sign(v, "Chandra")
    assert tend(v.hill.hub) == 0
    assert words_at_hill(v)[2] == WHAT
    decline(v, "Dina")
    assert tend(v.hill.hub) == 1
    assert forgotten(v)


def test_who_has_left_is_not_waited_for(two: Made) -> None:
    v = two()
    asks_chandra(v)
    v.hill.do("Chandra", Leave(v.hill.numbers["Chandra"]))
    assert tend(v.hill.hub) == 1
    assert forgotten(v)


def _taken_back(v: TwoVillages, made: Receipt) -> None:
    v.river.do("Alice", WithdrawClaim(RecordId(made.record)))


def _lapsed(v: TwoVillages, _made: Receipt) -> None:
    v.clock.advance(31 * DAY_MS)
    assert tend(v.river.hub) >= 1


def _confirmed_without_her(v: TwoVillages, made: Receipt) -> None:
    cosign(v.river, made, "Bob")
    cosign(v.river, made, "Kira")
    assert state(v.river, made) == "paid"


def _said_otherwise(v: TwoVillages, made: Receipt) -> None:
    v.river.do("Alice", edit(v.river, made, cared_for="Old Tom", what="other words"))


@pytest.mark.parametrize("ends", [_taken_back, _lapsed, _confirmed_without_her, _said_otherwise])
def test_an_ask_that_ended_at_home_is_forgotten_there(
    two: Made, ends: Callable[[TwoVillages, Receipt], None]
) -> None:
    """However it ended, Hill is told, and the words go."""
    v = two(expire_days=30)
    made = asks_chandra(v)
    first = asked(v, "Chandra")[0]
    ends(v, made)
    v.carry()
    assert tend(v.hill.hub) == 1
    with v.hill.hub.reading() as tx:
        assert tx.rows(PrivateText.select().where(PrivateText.entry == first.entry)) == []
    v.hill.hub.store.truncate_log()
    files = b"".join(p.read_bytes() for p in sorted(v.hill.hub.data.glob("ledger.db*")))
    assert not any(word in files for word in WORDS)
    both_verify(v)


def writer_is_erased(v: TwoVillages) -> Receipt:
    """Bob was cared for, wrote it down and asked Chandra; then he leaves, and all his words are erased at River."""
    alice, bob = v.river.numbers["Alice"], v.river.numbers["Bob"]
    day = v.clock.now().ms // DAY_MS
    made = v.river.do("Bob", ClaimCare(alice, "elder", 60, day, recipient=bob, what=WHAT))
    v.river.do("Bob", AskFar(RecordId(made.record), (Node(HILL, v.hill.numbers["Chandra"]),)))
    v.carry()
    assert words_at_hill(v) == ("Alice", "Bob", WHAT)
    v.river.do("Bob", Leave(bob))
    v.river.do("Kira", Erase(bob, "asked for it at the desk"))
    v.clock.advance(WEEK_MS)
    assert tend(v.river.hub) >= 1
    return made


def test_words_that_are_erased_at_home_while_she_is_asked_are_taken_back_there(two: Made) -> None:
    """The claim waits on at River; nobody elsewhere is asked about what cannot be read any more."""
    v = two()
    made = writer_is_erased(v)
    tend(v.river.hub)
    assert [row.state for row in asks_of(v.river, made)] == ["withdrawn"]
    assert tend(v.river.hub) == 0, "once"
    v.carry()
    assert at_home(v, "Chandra") == ("withdrawn", "asked", None)
    assert tend(v.hill.hub) == 1
    assert forgotten(v)
    assert state(v.river, made) == "open"


def test_a_word_of_hers_that_was_on_its_way_then_counts(two: Made) -> None:
    v = two(quorum=1)
    made = writer_is_erased(v)
    sign(v, "Chandra")
    tend(v.river.hub)
    v.carry()
    assert stands(v, made, "Chandra") == ("signed", None)
    assert state(v.river, made) == "paid"
    assert tend(v.hill.hub) == 1
    assert forgotten(v)


def test_somebody_who_is_asked_later_is_told_no_words_and_not_asked_for_long(two: Made) -> None:
    """Alice asks Dina after Bob's words are gone: what goes to Hill has none, and is taken back in its turn."""
    v = two()
    made = writer_is_erased(v)
    tend(v.river.hub)
    ask(v, made, "Alice", "Dina")
    v.carry()
    assert words_at_hill(v, "Dina")[1:] == ("", "")
    assert tend(v.river.hub) == 1
    assert {row.state for row in asks_of(v.river, made)} == {"withdrawn"}
    v.carry()
    assert at_home(v, "Dina") == ("withdrawn", "asked", None)
    tend(v.hill.hub)
    assert forgotten(v)


def test_a_village_that_never_tells_how_it_ended_is_not_waited_for(two: Made) -> None:
    """The last day is over, a month too: the words go and the ask lapses. Not by a clock that nobody vouches for."""
    v = two(expire_days=30)
    asks_chandra(v)
    row = asked(v, "Chandra")[0]
    assert row.until is not None
    v.clock.set((row.until + 1 + forgetting.GRACE_DAYS) * DAY_MS, Quality.MESH)
    assert tend(v.hill.hub) == 0
    v.clock.set((row.until + 1 + forgetting.GRACE_DAYS) * DAY_MS - 1, Quality.KEEPER)
    assert tend(v.hill.hub) == 0
    v.clock.advance(1)
    assert tend(v.hill.hub) == 1
    assert at_home(v, "Chandra") == ("lapsed", "asked", None)
    assert forgotten(v)


def test_the_rules_do_nothing_before_their_time(two: Made) -> None:
    v = two()
    made = asks_chandra(v)
    row = asked(v, "Chandra")[0]
    for village, command, code in (
        (v.hill, ForgetAsk(RecordId(row.id)), Code.NOT_YET),
        (v.hill, ForgetAsk(RecordId(made.record)), Code.UNKNOWN_CLAIM),
        (v.river, UnaskFar(RecordId(made.record)), Code.NOT_PENDING),
        (v.river, UnaskFar(RecordId(row.id)), Code.UNKNOWN_CLAIM),
    ):
        refused = village.hub.by_rule(command, "erasure")
        assert isinstance(refused, Refusal)
        assert refused.code is code
    sign(v, "Chandra")
    tend(v.hill.hub)
    again = v.hill.hub.by_rule(ForgetAsk(RecordId(row.id)), "erasure")
    assert isinstance(again, Refusal)
    assert again.code is Code.NOT_PENDING


def test_in_one_packet_with_its_end_an_ask_is_forgotten_as_well(two: Made) -> None:
    """Hill was out of reach: ask and end come in one bundle, are read one after the other, and no word stays."""
    v = two()
    made = claim(v.river, "Alice", cared_for="Quince")
    ask(v, made, "Alice", "Chandra")
    first = list(v.frames_of(RIVER))
    v.river.do("Alice", WithdrawClaim(RecordId(made.record)))
    packet = bundle([*first, *v.frames_of(RIVER)], 1)
    for data in split(packet):
        v.deliver(data, HILL)
    assert at_home(v, "Chandra") == ("withdrawn", "asked", None)
    assert tend(v.hill.hub) == 1
    assert forgotten(v)


def test_words_that_come_back_with_an_older_file_go_again(two: Made) -> None:
    """Somebody puts old rows into the book's file: verify names it, and the hub removes them when it is opened."""
    v = two()
    asks_chandra(v)
    entry = asked(v, "Chandra")[0].entry
    sign(v, "Chandra")
    tend(v.hill.hub)
    with v.hill.hub.store.write() as tx:
        tx.insert(PrivateText, entry=entry, field="what", text=WHAT)
    with pytest.raises(BookDamaged, match="was erased, and is there again"):
        verify(v.hill.hub.store)
    assert wiping.catch_up(v.hill.hub.store) == 1
    assert forgotten(v)


def test_words_that_are_missing_while_she_is_asked_are_damage(two: Made) -> None:
    """Only the entry says that words may be gone: a card that loses rows is no forgetting."""
    v = two()
    asks_chandra(v)
    with v.hill.hub.store.write() as tx:
        wiping.remove(tx, asked(v, "Chandra")[0].entry)
    with pytest.raises(BookDamaged, match="is missing, and no entry erased it"):
        verify(v.hill.hub.store)


# ------------------------------------------------------------------------------------------------ a card that dies


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


KIRA, ALICE, BOB = 1, 2, 3


def valley_words(valley: Valley) -> list[str]:
    with valley.hubs[HILL].reading() as tx:
        rows = tx.found(AskedHere, "1")
        return [text_of(tx, row.entry, "what") for row in rows]


def test_after_a_restore_at_hill_the_words_go_again(valley: Valley, tmp_path: Path) -> None:
    """The backup is from when Bob was asked still: the words come back with it, and go once Hill hears how it ended."""
    day = valley.clock.now().ms // DAY_MS
    made = valley.do(RIVER, ALICE, ClaimCare(AccountNumber(ALICE), "elder", 60, day, WHOM, WHAT))
    valley.do(RIVER, ALICE, AskFar(RecordId(made.record), (Node(HILL, BOB),)))
    valley.carry()
    backup = back_up(valley, tmp_path / "hill.hubbackup", HILL)
    valley.do(RIVER, ALICE, WithdrawClaim(RecordId(made.record)))
    valley.carry()
    tend(valley.hubs[HILL])
    assert valley_words(valley) == [""]
    lose_and_restore(valley, backup, HILL)
    assert valley_words(valley) == [WHAT]
    meet(valley, HILL, RIVER)
    tend(valley.hubs[HILL])
    assert valley_words(valley) == [""]
    for hub in (RIVER, HILL):
        verify(valley.hubs[hub].store)


def test_after_a_restore_at_river_hill_hears_all_the_same(valley: Valley, tmp_path: Path) -> None:
    """River's end of the ask was in the book, in no frame yet, and in the backup: its next life says it again."""
    day = valley.clock.now().ms // DAY_MS
    made = valley.do(RIVER, ALICE, ClaimCare(AccountNumber(ALICE), "elder", 60, day, WHOM, WHAT))
    valley.do(RIVER, ALICE, AskFar(RecordId(made.record), (Node(HILL, BOB),)))
    valley.carry()
    valley.do(RIVER, ALICE, WithdrawClaim(RecordId(made.record)))
    backup = back_up(valley, tmp_path / "river.hubbackup")
    lose_and_restore(valley, backup)
    meet(valley, RIVER, HILL)
    tend(valley.hubs[HILL])
    assert valley_words(valley) == [""]
    for hub in (RIVER, HILL):
        verify(valley.hubs[hub].store)


def test_what_forgets_stands_in_the_book_by_rule(two: Made) -> None:
    v = two()
    asks_chandra(v)
    sign(v, "Chandra")
    tend(v.hill.hub)
    with v.hill.hub.reading() as tx:
        last = chain.by_number(tx, chain.head(tx).number)
    assert last is not None
    assert (last.act.kind, last.act.authority) == ("forget_ask", "hub:erasure")
