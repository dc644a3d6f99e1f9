"""Alice of River and Chandra of Hill have something for each other: what each says of it reaches the other, and no more than that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book import letters_match
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_match import NO, YES, Saying
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Listing, Outgoing
from appliance.ledger.book.schema_trading import MatchHeard, MatchTold
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.market import marks, matches_far
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.market.matches import ACCEPT, DISMISS, HAPPENED, AnswerMatch
from appliance.ledger.market.matches_far import ArriveMatch, TellMatch
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import trading
from appliance.ledger.reads.talks_far import Far
from appliance.ledger.reads.trading import Answers, Pair
from appliance.ledger.values import AccountNumber, RecordId
from tests.ledger.market.test_loops import lists
from tests.ledger.market.test_talks_far import DAY_MS, both_verify, speak, write
from tests.support.restoring import back_up, give_back, lose_and_restore, show_certificates
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.valley import LAKE, Valley
from tests.support.village import Village


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


def met(v: TwoVillages, wants: str = "Alice", offers: str = "Chandra") -> Pair:
    """Chandra offers what Alice wants, and both hubs have heard of it."""
    offer = lists(v.home_of(offers), offers, OFFER, "Bicycle repair", 100)
    want = lists(v.home_of(wants), wants, WANT, "Bicycle repair")
    speak(v)
    return (v.home_of(offers).hub.number, offer), (v.home_of(wants).hub.number, want)


def says(v: TwoVillages, name: str, pair: Pair, answer: str, transfer: RecordId | None = None) -> None:
    v.home_of(name).do(name, AnswerMatch(*pair, answer, transfer))


def reads(v: TwoVillages, name: str, pair: Pair) -> Answers:
    home = v.home_of(name)
    with home.hub.reading() as tx:
        return trading.answers(tx, pair, home.numbers[name])


def front(v: TwoVillages, name: str) -> list[tuple[bool, bool]]:
    """What the first page tells: for each match whether the other said yes, and whether it waits for an answer."""
    home = v.home_of(name)
    with home.hub.reading() as tx:
        return [(one.yes, one.waits) for one in trading.said_yes(tx, home.numbers[name], v.clock.now())]


def on_the_feed(village: Village, kind: Kind = Kind.MATCH) -> list[int]:
    with village.hub.reading() as tx:
        return [row.number for row in tx.rows(Outgoing.select().where(Outgoing.kind == int(kind)))]


def code(result: object) -> Code:
    assert isinstance(result, Refusal), result
    return result.code


def test_both_say_yes_alice_pays_and_both_know_that_it_happened(two: TwoVillages) -> None:
    pair = met(two)
    says(two, "Alice", pair, ACCEPT)
    assert reads(two, "Alice", pair) == Answers(ACCEPT, far=Far.WAITS)
    assert two.posts[RIVER].waiting() == (0, False), "it goes on no feed before its turn"
    two.posts[RIVER].publish(10)
    assert two.posts[RIVER].waiting() == (1, True), "once the air is free, it need not wait for company"
    assert reads(two, "Alice", pair).far is Far.HERE
    two.carry()
    two.hear(RIVER)
    assert reads(two, "Alice", pair).far is Far.ARRIVED
    assert reads(two, "Chandra", pair) == Answers(None, ACCEPT)
    assert front(two, "Chandra") == [(True, True)]
    says(two, "Chandra", pair, ACCEPT)
    assert front(two, "Chandra") == [(True, False)]
    speak(two)
    assert front(two, "Alice") == [(True, False)]
    assert reads(two, "Alice", pair).both
    assert reads(two, "Chandra", pair).both
    paid = two.send("Alice", "Chandra", 100)
    says(two, "Alice", pair, HAPPENED, paid.record)
    speak(two)
    there = reads(two, "Chandra", pair)
    assert there.theirs == HAPPENED
    with two.hill.hub.reading() as tx:
        ((came,),) = tx.select("SELECT id FROM crossing WHERE NOT outgoing")
    assert there.transfer == bytes(came), "she finds the receipt, though she pressed nothing"
    assert len(on_the_feed(two.river)) == 2
    both_verify(two)


def test_a_no_is_told_to_who_said_yes_and_to_nobody_else(two: TwoVillages) -> None:
    pair = met(two)
    says(two, "Chandra", pair, DISMISS)
    speak(two)
    assert on_the_feed(two.hill) == [], "Alice has said nothing: she need not know"
    assert code(two.hill.hub.by_rule(TellMatch(*pair, NO), "publish")) is Code.NOT_PENDING
    says(two, "Alice", pair, ACCEPT)
    speak(two)
    speak(two)
    assert reads(two, "Alice", pair).theirs == DISMISS
    assert reads(two, "Alice", pair).over, "it is not suggested any more"
    assert front(two, "Alice") == [(False, False)]
    says(two, "Chandra", pair, ACCEPT)  # she has thought about it
    speak(two)
    assert reads(two, "Alice", pair).both
    says(two, "Alice", pair, DISMISS)  # and Alice, too
    speak(two)
    assert not reads(two, "Chandra", pair).both
    both_verify(two)


def test_what_changes_before_its_turn_is_told_once_or_not_at_all(two: TwoVillages) -> None:
    pair = met(two)
    for answer in (ACCEPT, DISMISS):
        says(two, "Alice", pair, answer)
    speak(two)
    assert on_the_feed(two.river) == [], "a yes that was taken back in time was never said"
    for answer in (ACCEPT, DISMISS, ACCEPT):
        says(two, "Alice", pair, answer)
    speak(two)
    assert len(on_the_feed(two.river)) == 1
    says(two, "Alice", pair, ACCEPT)
    speak(two)
    assert len(on_the_feed(two.river)) == 1, "the same once more costs nothing"


def test_the_same_frame_again_and_an_older_one_change_nothing(two: TwoVillages) -> None:
    pair = met(two)
    says(two, "Alice", pair, ACCEPT)
    two.posts[RIVER].publish(10)
    first = list(two.frames_of(RIVER))
    says(two, "Alice", pair, DISMISS)
    two.posts[RIVER].publish(10)
    second = list(two.frames_of(RIVER))
    for data in (
        *second,
        *first,
        *first,
        *second,
    ):  # the newer one comes first, and waits for the gap to close
        two.deliver(data, HILL)
    assert reads(two, "Chandra", pair).theirs == DISMISS
    with two.hill.hub.reading() as tx:
        (row,) = tx.rows(MatchHeard.select())
    late = ArriveMatch(RIVER, 1, row.number - 1, bytes(32), Saying(pair[1][1], pair[0][1], YES))
    assert code(two.hill.hub.by_rule(late, "arrival")) is Code.NOT_PENDING
    both_verify(two)


def test_a_listing_that_is_gone_meanwhile(two: TwoVillages) -> None:
    pair = met(two)
    with two.hill.hub.reading() as tx:
        (row,) = tx.rows(Listing.select())
    says(two, "Alice", pair, ACCEPT)
    two.hill.do("Chandra", CloseListing(RecordId(bytes(row.id))))
    speak(two)
    assert front(two, "Chandra") == [], "there is nothing to say yes to"
    assert reads(two, "Chandra", pair).theirs == ACCEPT, "its page still tells what was said"
    assert code(two.river.ask("Alice", AnswerMatch(*pair, ACCEPT))) is Code.LISTING_CLOSED
    other = met(two)
    with two.hill.hub.reading() as tx:
        (row,) = tx.rows(Listing.select().where(Listing.state == "open"))
    two.hill.do("Chandra", CloseListing(RecordId(bytes(row.id))))
    two.posts[HILL].publish(10)
    two.carry(HILL)
    before = len(on_the_feed(two.river))
    assert code(two.river.ask("Alice", AnswerMatch(*other, ACCEPT))) is Code.LISTING_CLOSED
    speak(two)
    assert len(on_the_feed(two.river)) == before
    both_verify(two)


def test_whoever_is_blocked_hears_a_no_to_a_yes_and_else_silence(two: TwoVillages) -> None:
    pair, alice, chandra = met(two), two.river.numbers["Alice"], two.hill.numbers["Chandra"]
    says(two, "Chandra", pair, ACCEPT)
    speak(two)
    says(two, "Alice", pair, ACCEPT)
    two.river.do("Alice", ShowName(alice, True))
    speak(two)
    assert marks.block(two.hill.hub.store, chandra, RIVER, alice, two.clock.now()) is None
    speak(two)
    assert reads(two, "Alice", pair).theirs == DISMISS, "a no, as any other"
    assert front(two, "Chandra") == []
    marks.unblock(two.hill.hub.store, chandra, RIVER, alice)
    speak(two)
    assert reads(two, "Alice", pair).both
    both_verify(two)


def test_a_day_has_a_budget_and_matches_go_before_messages(
    two: TwoVillages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches_far, "MOST_A_DAY", 2)
    pairs = [met(two) for _ in range(3)]
    for pair in pairs:
        says(two, "Alice", pair, ACCEPT)
    write(two, "Alice", "Chandra")
    two.posts[RIVER].publish(2)
    assert (len(on_the_feed(two.river)), on_the_feed(two.river, Kind.MESSAGE)) == (2, [])
    speak(two)
    assert (len(on_the_feed(two.river)), len(on_the_feed(two.river, Kind.MESSAGE))) == (2, 1)
    forced = TellMatch(*pairs[2], YES)
    assert code(two.river.hub.by_rule(forced, "publish")) is Code.TOO_MANY_MESSAGES
    two.clock.advance(DAY_MS + 1)
    speak(two)
    assert all(reads(two, "Chandra", pair).theirs == ACCEPT for pair in pairs)
    both_verify(two)


def test_what_a_mad_hub_says_makes_no_entries_without_end(
    two: TwoVillages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches_far, "MOST_FROM_HUB", 3)
    monkeypatch.setattr(matches_far, "MOST_TIMES", 4)
    ours = lists(two.river, "Alice", WANT, "Bicycle repair")

    def says_mad(number: int, saying: Saying) -> bool:
        return isinstance(
            two.river.hub.by_rule(ArriveMatch(HILL, 1, number, bytes(32), saying), "arrival"), Receipt
        )

    assert not says_mad(1, Saying(5, 99_999, YES)), "of a listing that is not here"
    assert [says_mad(n, Saying(n, ours, YES)) for n in range(1, 6)] == [True, True, True, False, False]
    changes = [says_mad(n, Saying(1, ours, YES if n % 2 else NO)) for n in range(10, 20)]
    assert changes == [True, True, True, *[False] * 7]
    paid = Saying(2, ours, letters_match.HAPPENED, Named(1, 77))
    assert says_mad(30, paid)
    said = reads(two, "Alice", ((HILL, 2), (RIVER, ours)))
    assert (said.theirs, said.transfer) == (HAPPENED, None), "a payment that never came is none"
    verify(two.river.hub.store)


def test_a_rule_says_nothing_that_nobody_said(two: TwoVillages) -> None:
    pair = met(two)
    for said in (YES, NO, letters_match.HAPPENED):
        assert code(two.river.hub.by_rule(TellMatch(*pair, said), "publish")) is Code.NOT_PENDING
    says(two, "Alice", pair, ACCEPT)
    assert code(two.river.hub.by_rule(TellMatch(*pair, NO), "publish")) is Code.NOT_PENDING
    with two.river.hub.reading() as tx:
        assert tx.rows(MatchTold.select()) == []


def test_a_yes_of_a_time_that_a_hub_has_lost_is_shown_as_that_until_it_is_said_again(tmp_path: Path) -> None:
    """Alice of River says yes to Bob of Hill twice: once before River's backup, once after it; then the card dies."""
    valley = Valley(tmp_path / "valley")
    try:
        pairs = [_met(valley) for _ in range(2)]
        valley.do(RIVER, 2, AnswerMatch(*pairs[0], ACCEPT))
        _speak(valley)
        backup = back_up(valley, tmp_path / "backup")
        valley.do(RIVER, 2, AnswerMatch(*pairs[1], ACCEPT))
        _speak(valley)
        assert [_heard(valley, pair) for pair in pairs] == [(ACCEPT, False), (ACCEPT, False)]
        lose_and_restore(valley, backup)
        show_certificates(valley, RIVER, HILL)
        show_certificates(valley, RIVER, LAKE)
        for _ in range(2):
            valley.carry()
            give_back(valley, HILL)
            valley.posts[RIVER].settle()
        assert [_heard(valley, pair) for pair in pairs] == [(ACCEPT, False), (ACCEPT, True)]
        _speak(valley)
        with valley.hubs[RIVER].reading() as tx:
            again = [row.offer for row in tx.rows(MatchTold.select()) if row.incarnation == 2]
        assert again == [pairs[0][0][1]], "what the backup knew is said again in the new life"
        valley.do(RIVER, 2, AnswerMatch(*pairs[1], ACCEPT))
        _speak(valley)
        assert [_heard(valley, pair) for pair in pairs] == [(ACCEPT, False), (ACCEPT, False)]
        for hub in valley.hubs.values():
            verify(hub.store, root_key=None)
    finally:
        valley.close()


def _met(valley: Valley) -> Pair:
    """Bob of Hill offers what Alice of River wants."""
    offer = valley.do(HILL, 3, OpenListing(AccountNumber(3), OFFER, "food", "Honey"))
    want = valley.do(RIVER, 2, OpenListing(AccountNumber(2), WANT, "food", "Honey"))
    _speak(valley)
    return (HILL, int(offer.entry)), (RIVER, int(want.entry))


def _speak(valley: Valley) -> None:
    for post in valley.posts.values():
        while post.publish(10):
            pass
    valley.carry()


def _heard(valley: Valley, pair: Pair) -> tuple[str | None, bool]:
    with valley.hubs[HILL].reading() as tx:
        said = trading.answers(tx, pair, 3)
    return said.theirs, said.doubtful
