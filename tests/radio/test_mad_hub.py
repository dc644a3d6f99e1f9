"""What strangers and mad hubs do to a village's books: nothing, or at most what the trunk's limit lets them.

Frames come in as the radio's process takes them: opened against the roster, kept, read. What
nobody of the community signed is counted by its reason and changes nothing; what a mad hub
signed with its good key may be any nonsense, and costs its neighbours no more than they agreed.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger.book import letters, letters_care
from appliance.ledger.book.feed import POST_TABLES, Taken
from appliance.ledger.book.letters import Checkpoint, Named, Why
from appliance.ledger.book.records import EVERYONE, LONGEST_SEALED, Kind, Record
from appliance.ledger.book.schema import TRUTH_TABLES, primary_key
from appliance.ledger.book.verify import verify
from appliance.ledger.values import MAX_AMOUNT
from appliance.radio import frames
from appliance.radio.errors import BadFrame, Reason
from tests.support.mad_hub import Word
from tests.support.mutations import MUTATIONS
from tests.support.valley import CREDIT, HILL, LAKE, RIVER, Valley

MOST = -CREDIT.trunk_low


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def everything(valley: Valley, hub: int) -> dict[str, Any]:
    """Every row of the truth and of the post, and where the book ends."""
    with valley.hubs[hub].reading() as tx:
        rows: dict[str, Any] = {
            model._meta.table_name: list(tx.dump(model, primary_key(model)))
            for model in (*TRUTH_TABLES, *POST_TABLES)
        }
    return rows | {"head": valley.hubs[hub].head()}


def trade(valley: Valley) -> list[bytes]:
    """A day on which all pay all; the frames of it."""
    for hub in valley.hubs:
        for other in valley.hubs:
            if other != hub:
                valley.send(hub, 2, other, 3, 20, "a basket of apples")
    flown = []
    while found := [data for hub in valley.hubs for data in valley.frames_of(hub)]:
        flown += found
        for data in found:
            for hub in valley.hubs:
                valley.deliver(data, hub)
    return flown


def hand_over(valley: Valley, data: bytes, hub: int) -> Taken | Reason:
    try:
        return valley.deliver(data, hub)
    except BadFrame as error:
        return error.reason


# ------------------------------------------------------------------------------------------------ nobody's


def test_frames_that_come_again_in_any_order_change_nothing(valley: Valley) -> None:
    flown = trade(valley)
    before = everything(valley, HILL)
    rng = random.Random(1)
    said = Counter(hand_over(valley, data, HILL) for data in rng.choices(flown, k=150))
    assert said == {Taken.KNOWN: 150}
    assert everything(valley, HILL) == before


def test_what_nobody_signed_is_counted_and_changes_nothing(valley: Valley) -> None:
    flown = trade(valley)
    before = {hub: everything(valley, hub) for hub in valley.hubs}
    rng = random.Random(2)
    said: Counter[Taken | Reason] = Counter()
    for _ in range(2_400):
        data = rng.choice(flown)
        changed = bytes(rng.choice(MUTATIONS)(rng, bytearray(data), rng.choice(flown)))
        if changed not in flown:
            said[hand_over(valley, changed, rng.choice(list(valley.hubs)))] += 1
    assert set(said) <= set(Reason)
    assert said[Reason.UNSIGNED] > 1_000
    assert {hub: everything(valley, hub) for hub in valley.hubs} == before


def test_frames_of_another_community_change_nothing(valley: Valley) -> None:
    """River's own key, the same numbers, another community: as when a hub was in two by mistake."""
    mad = valley.mad(RIVER)
    mad.directory = replace(mad.directory, community=bytes(16))
    before = everything(valley, HILL)
    for data in mad.say(*[mad.pay(HILL, 2, 50)] * 30):
        assert hand_over(valley, data, HILL) == Reason.UNSIGNED
    assert everything(valley, HILL) == before


def test_a_hub_that_was_never_admitted_is_not_read(valley: Valley) -> None:
    mad = valley.mad(RIVER)
    members = {**mad.directory.members, 9: replace(mad.directory.members[1], hub=999)}
    stranger = replace(mad.directory, members=members)
    record = Record(999, 1, 1, Kind.SENT, HILL, 50, b"sealed")
    data = frames.pack([record], bytes(32), stranger, valley.hubs[RIVER].sign)
    assert hand_over(valley, data, HILL) == Reason.UNKNOWN_SENDER


# ------------------------------------------------------------------------------------------------ a mad hub's


KINDS = st.one_of(st.sampled_from(list(Kind)), st.integers(0, (1 << 16) - 1)).map(int)
NAMED = st.builds(Named, st.sampled_from([1, 1, 2]), st.integers(1, 40))
ACCOUNTS = st.sampled_from([0, 1, 2, 3, 4, 77, 10**9])
MEMBERS = st.sampled_from([1, 2, 3, 4, 77, 10**9])
CARE = st.builds(
    letters_care.Care,
    st.binary(min_size=32, max_size=32),
    ACCOUNTS,
    st.just("elder"),
    st.integers(1, 1440),
    st.integers(0, 10**6),
    st.sampled_from([0, 100, MAX_AMOUNT]),
    st.none(),
)
PLAINS = st.one_of(
    st.binary(max_size=LONGEST_SEALED),
    st.builds(letters.Sent, ACCOUNTS, ACCOUNTS, st.just("food"), st.text(max_size=20)).map(letters.sent),
    NAMED.map(letters.answer),
    st.builds(letters.answer, NAMED, st.sampled_from(list(Why))),
    st.builds(
        letters.Checkpoint,
        st.binary(min_size=32, max_size=32),
        *[st.integers(0, 1 << 40)] * 7,
        st.binary(min_size=16, max_size=16),
    ).map(letters.checkpoint),
    st.builds(letters.person, ACCOUNTS, st.text(max_size=30)),
    st.builds(letters_care.signed, NAMED, MEMBERS, st.binary(min_size=64, max_size=64)),
    st.builds(letters_care.key, MEMBERS, st.integers(1, 3), st.binary(min_size=32, max_size=32)),
    st.builds(letters_care.no, NAMED, MEMBERS, st.sampled_from(list(letters_care.NoSigner))),
    st.builds(letters_care.told, NAMED, st.integers(0, 20)),
    st.builds(letters_care.not_counted, NAMED, MEMBERS, st.sampled_from(list(letters_care.NotCounted))),
    st.builds(letters_care.ask, CARE, st.lists(MEMBERS, min_size=1, max_size=3, unique=True).map(sorted)),
)
WORDS = st.builds(
    Word,
    KINDS,
    st.sampled_from([HILL, HILL, HILL, RIVER, EVERYONE]),
    st.one_of(st.integers(0, 400), st.sampled_from([0, MAX_AMOUNT])),
    PLAINS.filter(lambda plain: len(plain) <= LONGEST_SEALED),
)


def check_whole(valley: Valley, hub: int, mad: int) -> None:
    """The book is clean, and the mad hub's payments stand within the limit."""
    verify(valley.hubs[hub].store)
    balances = valley.balances(hub)
    assert sum(balances.values()) == 0
    assert balances[-mad] >= CREDIT.trunk_low


@settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
@given(words=st.lists(WORDS, min_size=10, max_size=60), data=st.data())
def test_no_nonsense_of_a_mad_hub_stops_a_village(
    words: list[Word], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    valley = Valley(tmp_path_factory.mktemp("valley"))
    try:
        valley.send(HILL, 2, LAKE, 3, 40)
        valley.carry()
        said = data.draw(st.permutations(valley.mad(LAKE).say(*words)))
        for frame in said:
            valley.deliver(frame, HILL)
        check_whole(valley, HILL, LAKE)
        # River and Hill go on as if nothing had been.
        before = valley.balances(HILL).get(2, 0)
        valley.send(RIVER, 3, HILL, 2, 5)
        for frame in valley.frames_of(RIVER):
            valley.deliver(frame, HILL)
        assert valley.balances(HILL)[2] == before + 5
    finally:
        valley.close()


def test_a_stolen_hub_costs_its_neighbour_the_limit_and_no_more(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    for data in mad.say(*[mad.pay(HILL, 3, 40)] * 40):
        valley.deliver(data, HILL)
    assert valley.balances(HILL)[3] == MOST // 40 * 40
    check_whole(valley, HILL, LAKE)
    assert mismatch(valley, HILL, LAKE) is False, "nothing of this contradicts what Lake has said"


def test_an_absurd_amount_is_held_and_those_behind_it_wait(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    for data in mad.say(mad.pay(HILL, 3, MAX_AMOUNT), mad.pay(HILL, 3, 40)):
        valley.deliver(data, HILL)
    with valley.hubs[HILL].reading() as tx:
        states = tx.select("SELECT state, amount FROM crossing ORDER BY number")
    assert [tuple(row) for row in states] == [("held", MAX_AMOUNT), ("held", 40)]
    assert valley.balances(HILL)[3] == 0
    check_whole(valley, HILL, LAKE)


def mismatch(valley: Valley, hub: int, other: int) -> bool:
    with valley.hubs[hub].reading() as tx:
        return bool(tx.select("SELECT mismatch_entry IS NOT NULL FROM neighbour WHERE hub = ?", other)[0][0])


@pytest.mark.parametrize(
    "word",
    [
        Word(Kind.ACCEPTED, HILL, plain=letters.answer(Named(1, 99))),
        Word(Kind.RETURNED, HILL, plain=letters.answer(Named(1, 99), Why.KEEPER)),
        Word(Kind.RECALL, HILL, plain=letters.answer(Named(1, 99))),
        Word(Kind.ACCEPTED, HILL, plain=letters.answer(Named(7, 1))),
        Word(
            Kind.CHECKPOINT,
            HILL,
            plain=letters.checkpoint(Checkpoint(bytes(32), 0, 0, 0, 0, 0, 0, 0, bytes(16))),
        ),
    ],
    ids=["accepted", "returned", "recall", "another life", "another link"],
)
def test_an_answer_to_nothing_marks_the_neighbour_and_moves_nothing(valley: Valley, word: Word) -> None:
    """Lake has said one thing, so the link before the second record is not zeros."""
    valley.send(LAKE, 2, HILL, 3, 40)
    valley.carry()
    before = valley.balances(HILL)
    for data in valley.mad(LAKE).say(word):
        valley.deliver(data, HILL)
    assert mismatch(valley, HILL, LAKE)
    assert not mismatch(valley, HILL, RIVER)
    assert valley.balances(HILL) == before
    check_whole(valley, HILL, LAKE)


def test_a_second_answer_to_one_payment_moves_nothing(valley: Valley) -> None:
    """Lake accepts, and then says that it did not: the payer has no refund of what arrived."""
    valley.send(HILL, 2, LAKE, 3, 40)
    valley.carry()
    before = valley.balances(HILL)
    for data in valley.mad(LAKE).say(
        Word(Kind.RETURNED, HILL, plain=letters.answer(Named(1, 1), Why.PAYEE_LIMIT))
    ):
        valley.deliver(data, HILL)
    assert valley.balances(HILL) == before
    assert mismatch(valley, HILL, LAKE)


def test_nobody_answers_for_another_hub(valley: Valley) -> None:
    """River sends to Lake; Hill's answer to it is an answer to nothing."""
    valley.send(RIVER, 2, LAKE, 3, 40)
    for data in valley.frames_of(RIVER):
        valley.deliver(data, HILL)
    before = valley.balances(RIVER)
    for data in valley.mad(HILL).say(
        Word(Kind.RETURNED, RIVER, plain=letters.answer(Named(1, 1), Why.KEEPER))
    ):
        valley.deliver(data, RIVER)
    assert valley.balances(RIVER) == before
    assert mismatch(valley, RIVER, HILL)


def test_a_number_from_the_far_future_waits_beyond_the_gap(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    mad.last, mad.link = (1 << 40) - 3, b"\x07" * 32
    (data,) = mad.say(mad.pay(HILL, 3, 40))
    assert valley.deliver(data, HILL) is Taken.NEW
    assert valley.balances(HILL)[3] == 0
    assert valley.posts[HILL].holes(LAKE, 1, (1 << 40) - 2) == [(1, (1 << 40) - 3)]


def test_two_stories_under_one_number_are_kept_and_stop_the_feed(valley: Valley) -> None:
    mad = valley.mad(LAKE)
    one = mad.frame(mad.records([mad.pay(HILL, 3, 40)]))
    other = mad.frame(mad.records([mad.pay(HILL, 2, 40)]))
    assert [valley.deliver(data, HILL) for data in (one, other, one)] == [
        Taken.NEW,
        Taken.FORKED,
        Taken.FORKED,
    ]
    mad.say(mad.pay(HILL, 3, 40))
    for data in mad.say(mad.pay(HILL, 3, 10)):
        assert valley.deliver(data, HILL) is Taken.FORKED
    with valley.hubs[HILL].reading() as tx:
        assert {bytes(data) for (data,) in tx.select("SELECT data FROM frame WHERE hub = ?", LAKE)} >= {
            one,
            other,
        }
    assert valley.balances(HILL)[3] == 40, "what was taken up before stands"
    check_whole(valley, HILL, LAKE)


def test_what_was_not_read_when_the_other_story_came_is_not_read(valley: Valley) -> None:
    """Nobody knows which story is true: what has not taken effect yet does not."""
    mad = valley.mad(LAKE)
    records = mad.records([mad.pay(HILL, 3, 40)])
    other = mad.records([mad.pay(HILL, 2, 40)])
    assert [valley.take(mad.frame(some), HILL) for some in (records, other)] == [Taken.NEW, Taken.FORKED]
    assert valley.posts[HILL].settle() == 0
    assert valley.balances(HILL)[3] == valley.balances(HILL)[2] == 0
