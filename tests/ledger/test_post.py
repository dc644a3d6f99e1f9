"""The post: durable before it is sent, read in order, once; and opened by nobody else."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ledger.book import feed, letters
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import Kept, Taken
from appliance.ledger.book.private import PrivateSalt, PrivateText
from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.money.arrivals import OLDEST_HELD, SendBack
from appliance.ledger.money.crossings import Send
from appliance.ledger.people.showing import ShowName
from appliance.ledger.post import TELL_EVERY_MS, NotAdmitted, Post
from appliance.ledger.values import AccountNumber, Amount, RecordId
from appliance.radio import frames
from tests.support.mad_hub import Word
from tests.support.valley import HILL, LAKE, RIVER, Valley
from tests.support.village import MONDAY_NOON, a_village


class PowerCut(BaseException):
    """The box went off."""


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def crossings(valley: Valley, hub: int) -> list[tuple[str, str | None, int]]:
    with valley.hubs[hub].reading() as tx:
        return [tuple(row) for row in tx.select("SELECT state, why, amount FROM crossing ORDER BY number")]


def note_at(valley: Valley, hub: int) -> list[str]:
    with valley.hubs[hub].reading() as tx:
        return [row.text for row in tx.rows(PrivateText.select().where(PrivateText.field == "note"))]


def test_a_hub_of_no_community_has_no_post(tmp_path: Path) -> None:
    with a_village(tmp_path / "river") as river:
        river.hub.box = replace(river.hub.box, group_key=None)
        with pytest.raises(NotAdmitted, match="has not been admitted"):
            Post(river.hub)


# ------------------------------------------------------------------------------------------------ leaving


def test_a_payment_goes_out_sealed_and_comes_in_as_it_was(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 150, "two loaves of bread")
    assert valley.posts[RIVER].waiting() == (1, True)
    valley.carry()
    assert valley.posts[RIVER].waiting() == (0, False)
    assert crossings(valley, RIVER) == crossings(valley, HILL) == [("arrived", None, 150)]
    assert (valley.balances(RIVER)[2], valley.balances(HILL)[3]) == (-150, 150)
    assert note_at(valley, HILL) == ["two loaves of bread"]


def test_a_payment_without_a_memo_costs_no_byte_for_it(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 150)
    (data,) = valley.frames_of(RIVER)
    (record,) = frames.open_data(data, valley.directory(HILL)).records
    assert len(record.sealed) == len(letters.sent(letters.Sent(2, 3, "food"))) == 3


def test_names_and_listings_wait_for_nobody(valley: Valley) -> None:
    valley.do(HILL, 3, ShowName(AccountNumber(3), True))
    assert valley.posts[HILL].publish(5) == 1
    assert valley.posts[HILL].waiting() == (1, False)


def test_nothing_is_sent_before_it_is_durable(valley: Valley) -> None:
    """Another process sees the frame in the file by the time that it is handed out."""
    valley.send(RIVER, 2, HILL, 3, 150)
    (data,) = valley.frames_of(RIVER)
    second = Hub.open(valley.room / str(RIVER), valley.clock)
    try:
        assert Post(second).frames_with(RIVER, 1, 1) == [data]
        assert Post(second).waiting() == (0, False)
    finally:
        second.close()


def test_a_frame_that_could_not_be_made_leaves_all_waiting(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 150)

    def cut(_records: Sequence[Record], _before: bytes) -> Kept:
        raise PowerCut

    with pytest.raises(PowerCut):
        valley.posts[RIVER].pack(len, cut)
    valley.restart(RIVER)
    assert valley.posts[RIVER].waiting() == (1, True)
    valley.carry()
    assert crossings(valley, HILL) == [("arrived", None, 150)]


def test_what_does_not_fit_waits_for_the_next_frame(valley: Valley) -> None:
    for _ in range(20):
        valley.send(RIVER, 2, HILL, 3, 7, "apples")
    found = list(valley.frames_of(RIVER))
    opened = [frames.open_data(data, valley.directory(HILL)) for data in found]
    assert [frame.first for frame in opened] == [1, *(frame.last + 1 for frame in opened[:-1])]
    assert opened[-1].last == 20
    assert valley.posts[RIVER].pack(lambda _records: 0, lambda _r, _b: pytest.fail("nothing fits")) is None


def test_the_same_record_sealed_again_is_the_same(valley: Valley) -> None:
    """A frame whose making was cut off is made anew out of the same records: no nonce has two texts."""
    valley.send(RIVER, 2, HILL, 3, 150, "bread")
    seen: list[Sequence[Record]] = []

    def look(records: Sequence[Record]) -> int:
        seen.append(records)
        return 0

    for _ in range(2):
        assert valley.posts[RIVER].pack(look, lambda _r, _b: pytest.fail("nothing fits")) is None
    assert seen[0] == seen[1]


def test_a_memo_that_was_erased_does_not_go_out(valley: Valley) -> None:
    sent = valley.send(RIVER, 2, HILL, 3, 150, "for the midwife")
    with valley.hubs[RIVER].store.write() as tx:
        tx.delete(PrivateText, PrivateText.entry == sent.entry)
        tx.delete(PrivateSalt, PrivateSalt.entry == sent.entry)
    valley.carry()
    assert crossings(valley, HILL) == [("arrived", None, 150)]
    assert note_at(valley, HILL) == []


def test_a_long_memo_of_any_script_goes_as_far_as_it_has_room(valley: Valley) -> None:
    words = "शुक्रवार की रोटी"
    assert letters.room_for(words) <= letters.LONGEST_MEMO
    valley.send(RIVER, 2, HILL, 3, 5, words)
    valley.carry()
    assert note_at(valley, HILL) == [words]


# ------------------------------------------------------------------------------------------------ arriving


def test_frames_in_the_wrong_order_are_read_in_the_right_one(valley: Valley) -> None:
    found = []
    for amount in (10, 20, 30, 40):
        valley.send(RIVER, 2, HILL, 3, amount)
        found += list(valley.frames_of(RIVER))
    for place, expected in ((3, 0), (1, 0), (2, 0), (0, 100)):
        assert valley.deliver(found[place], HILL) is Taken.NEW
        assert valley.balances(HILL)[3] == expected
    assert [row[2] for row in crossings(valley, HILL)] == [10, 20, 30, 40]


def test_a_frame_that_comes_again_does_nothing(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 150)
    (data,) = valley.frames_of(RIVER)
    assert valley.deliver(data, HILL) is Taken.NEW
    head = valley.hubs[HILL].head()
    assert valley.deliver(data, HILL) is Taken.KNOWN
    assert valley.posts[HILL].settle() == 0
    assert valley.hubs[HILL].head() == head


def settle_and_cut(valley: Valley, hub: int) -> None:
    """Read, and go off before the cursor is written; then start again."""

    def cut(*_: object) -> None:
        raise PowerCut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "save", cut)
        with pytest.raises(PowerCut):
            valley.posts[hub].settle()
    valley.restart(hub)


@pytest.mark.parametrize("answered", [False, True])
def test_a_power_cut_between_entry_and_cursor_pays_once(valley: Valley, answered: bool) -> None:
    """The entry is durable, the place up to which the feed was read is not: it is read again."""
    valley.send(RIVER, 2, HILL, 3, 150, "bread")
    reader, hub = (RIVER, HILL) if answered else (HILL, RIVER)
    if answered:
        for data in valley.frames_of(RIVER):
            valley.deliver(data, HILL)
    for data in valley.frames_of(hub):
        valley.take(data, reader)

    settle_and_cut(valley, reader)
    head = valley.hubs[reader].head()
    before = valley.balances(reader)
    assert valley.posts[reader].settle() == 1
    assert (valley.hubs[reader].head(), valley.balances(reader)) == (head, before)
    valley.carry()
    assert crossings(valley, RIVER) == crossings(valley, HILL) == [("arrived", None, 150)]
    verify(valley.hubs[reader].store)


def test_what_was_not_read_to_its_end_is_read_before_it_is_told_of(valley: Valley) -> None:
    """After such a cut the totals are ahead of the place: a checkpoint then would look like a lie."""
    valley.send(RIVER, 2, HILL, 3, 150)
    for data in valley.frames_of(RIVER):
        valley.take(data, HILL)
    settle_and_cut(valley, HILL)
    assert valley.posts[HILL].tell() == 1
    valley.carry()
    with valley.hubs[RIVER].reading() as tx:
        rows = tx.select("SELECT mismatch_entry, checked_entry > 0 FROM neighbour WHERE hub = ?", HILL)
    assert [tuple(row) for row in rows] == [(None, 1)]


def test_a_kept_frame_is_settled_after_a_restart(valley: Valley) -> None:
    valley.send(RIVER, 2, HILL, 3, 150)
    for data in valley.frames_of(RIVER):
        valley.take(data, HILL)
    valley.restart(HILL)
    assert valley.posts[HILL].settle() == 1
    assert valley.balances(HILL)[3] == 150


def test_a_busy_book_is_tried_again(valley: Valley) -> None:
    """Another process writes just then: nothing is lost, and the order stays."""
    for amount in (10, 20):
        valley.send(RIVER, 2, HILL, 3, amount)
    for data in valley.frames_of(RIVER):
        valley.take(data, HILL)
    post, real = valley.posts[HILL], valley.hubs[HILL].book.by_rule
    calls = []

    def busy(command: object, *rest: object) -> Receipt | Refusal:
        calls.append(command)
        return real(command, *rest) if len(calls) == 1 else Refusal(Code.BUSY)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(valley.hubs[HILL].book, "by_rule", busy)
        assert post.settle() == 1
    assert valley.balances(HILL)[3] == 10
    assert post.settle() == 1
    assert valley.balances(HILL)[3] == 30


def test_two_processes_write_at_once(valley: Valley) -> None:
    """The portal takes payments in while the radio packs and reads: two connections to one file."""
    portal = Hub.open(valley.room / str(RIVER), valley.clock)
    failed: list[object] = []

    def pay() -> None:
        for n in range(25):
            terms = (AccountNumber(2), HILL, AccountNumber(3), Amount(1))
            done = portal.submit(Send(*terms, "food", f"egg {n}", again=True), valley.signers[RIVER][2])
            if not isinstance(done, Receipt):
                failed.append(done)

    paying = threading.Thread(target=pay)
    paying.start()
    try:
        while paying.is_alive():
            valley.carry()
    finally:
        paying.join(60)
        portal.close()
    valley.carry()
    assert failed == []
    assert crossings(valley, RIVER) == crossings(valley, HILL) == [("arrived", None, 1)] * 25
    for hub in (RIVER, HILL):
        verify(valley.hubs[hub].store)


def test_a_kind_of_a_later_release_is_passed_over(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    for data in mad.say(Word(99, HILL, 3, b"?"), Word(98, EVERYONE, 0, b"?"), mad.pay(HILL, 3, 40)):
        valley.deliver(data, HILL)
    assert crossings(valley, HILL) == [("arrived", None, 40)]


def test_a_payment_that_nobody_can_read_comes_back(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    for data in mad.say(Word(Kind.SENT, HILL, 40, sealed=b"\xff" * 9)):
        valley.deliver(data, HILL)
    assert crossings(valley, HILL) == [("returned", "unreadable", 40)]


def test_listings_and_names_come_and_go(valley: Valley) -> None:
    valley.do(HILL, 3, ShowName(AccountNumber(3), True))
    bread = valley.do(HILL, 3, OpenListing(AccountNumber(3), "offer", "food", "Bread every Friday", "Rye"))
    valley.posts[HILL].publish(9)
    valley.carry()
    with valley.hubs[LAKE].reading() as tx:
        people = tx.select("SELECT hub, number, name FROM far_person")
        offers = tx.select("SELECT hub, owner, title, open FROM far_listing")
    assert ([*map(tuple, people)], [*map(tuple, offers)]) == (
        [(HILL, 3, "Bob")],
        [(HILL, 3, "Bread every Friday", 1)],
    )
    valley.do(HILL, 3, CloseListing(RecordId(bread.record)))
    valley.do(HILL, 3, ShowName(AccountNumber(3), False))
    valley.posts[HILL].publish(9)
    valley.carry()
    with valley.hubs[LAKE].reading() as tx:
        people = tx.select("SELECT hub FROM far_person")
        offers = tx.select("SELECT open FROM far_listing")
    assert ([*map(tuple, people)], [*map(tuple, offers)]) == ([], [(0,)])


def test_what_opened_and_closed_in_between_is_never_said(valley: Valley) -> None:
    bread = valley.do(HILL, 3, OpenListing(AccountNumber(3), "offer", "food", "Bread every Friday", "Rye"))
    valley.do(HILL, 3, CloseListing(RecordId(bread.record)))
    assert valley.posts[HILL].publish(9) == 0


def test_a_position_is_told_when_something_has_crossed_and_not_too_often(valley: Valley) -> None:
    tell = valley.posts[RIVER].tell
    assert tell() == 0
    valley.send(RIVER, 2, HILL, 3, 10)
    assert (tell(), tell()) == (1, 0)
    valley.send(RIVER, 2, HILL, 3, 10)
    assert tell() == 0
    valley.clock.advance(TELL_EVERY_MS)
    assert (tell(), tell()) == (1, 0)


def test_a_clock_that_was_set_back_does_not_silence_positions(valley: Valley) -> None:
    valley.clock.advance(365 * 24 * 3_600_000)
    valley.send(RIVER, 2, HILL, 3, 10)
    assert valley.posts[RIVER].tell() == 1
    valley.clock.set(MONDAY_NOON)
    valley.send(RIVER, 2, HILL, 3, 10)
    assert valley.posts[RIVER].tell() == 1


def test_places_and_holes_are_what_is_durable(valley: Valley) -> None:
    found = []
    for amount in (10, 20, 30):
        valley.send(RIVER, 2, HILL, 3, amount)
        found += list(valley.frames_of(RIVER))
    valley.take(found[0], HILL)
    valley.take(found[2], HILL)
    assert [(place.hub, place.number) for place in valley.posts[HILL].places()] == [
        (RIVER, 1),
        (HILL, 0),
        (LAKE, 0),
    ]
    assert valley.posts[HILL].holes(RIVER, 1, 5) == [(2, 2), (4, 5)]
    assert valley.posts[HILL].frames_with(RIVER, 1, 3) == [found[2]]
    assert valley.posts[HILL].frames_with(RIVER, 1, 2) == []


# ------------------------------------------------------------------------------------------------ a flood


def flood(valley: Valley, many: int) -> bytes:
    """River has gone mad: it pays what its trunk has no room for, then ``many`` to nobody. The first's id."""
    mad = valley.mad(RIVER)
    for data in mad.say(mad.pay(HILL, 2, 10_000), *[mad.pay(HILL, 999, 1)] * many):
        valley.take(data, HILL)
    while valley.posts[HILL].settle():
        pass
    with valley.hubs[HILL].reading() as tx:
        (first,) = tx.first("SELECT id FROM crossing ORDER BY opened_entry LIMIT 1") or ()
    return bytes(first)


def test_a_long_feed_is_read_a_piece_at_a_time(valley: Valley) -> None:
    mad = valley.mad(RIVER)
    for data in mad.say(*[mad.pay(HILL, 999, 1)] * 130):
        valley.take(data, HILL)
    assert [valley.posts[HILL].settle() for _ in range(3)] == [100, 30, 0]


def test_no_act_takes_up_more_than_a_few_of_many_held_payments(valley: Valley) -> None:
    """Else whoever makes room would lock out everybody else for as long as a mad hub likes."""
    first = flood(valley, 50)
    valley.do(HILL, 1, SendBack(RecordId(first), "nobody here"))
    assert [state for state, _, _ in crossings(valley, HILL)].count("returned") == 1 + 20
    goes = 0
    while valley.posts[HILL].take_up():
        goes += 1
    assert goes == 2
    assert [state for state, _, _ in crossings(valley, HILL)] == ["returned"] * 51
    valley.carry()
    verify(valley.hubs[HILL].store)


def test_the_oldest_of_many_held_payments_is_found_without_sorting_them(valley: Valley) -> None:
    with valley.hubs[HILL].reading() as tx:
        plan = tx.select(f"EXPLAIN QUERY PLAN {OLDEST_HELD}", RIVER)
    assert not [step for *_, step in plan if "B-TREE" in step]
