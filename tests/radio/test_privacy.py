"""What others read of a payment from River to Hill: Lake, which has every key a hub has, and whoever carries the bytes.

Destination and amount, and the kind of each record: that something was sent, accepted or
returned. Nothing of who, to whom and what for, nor which payment an answer is about, and why.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.ledger import codec
from appliance.ledger.book import letters
from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.people.showing import ShowName
from appliance.ledger.sealing import BoxKey, group_seal_key, stream
from appliance.ledger.values import Account, AccountNumber
from appliance.radio import control, frames
from appliance.radio.ports import Position, Span
from tests.support.valley import HILL, LAKE, RIVER, Valley

MEMO = "for Chandra's mother, who is ill"
FAR = AccountNumber(987_654_321)
"""An account number that stands nowhere else by chance."""
TITLE = "Winter apples, a basket each"


@dataclass
class Heard:
    """What was on the air: data frames, summaries and asks."""

    data: list[bytes] = field(default_factory=list)
    control: list[bytes] = field(default_factory=list)


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def a_week(valley: Valley) -> Heard:
    """River pays Hill, with words, and once to an account that is not there; Hill answers."""
    heard = Heard()
    valley.send(RIVER, 2, HILL, 3, 47, MEMO)
    valley.send(RIVER, 3, HILL, FAR, 11, MEMO)
    valley.do(HILL, 3, ShowName(AccountNumber(3), True))
    valley.do(HILL, 3, OpenListing(AccountNumber(3), "offer", "food", TITLE))
    valley.posts[HILL].publish(9)
    for _ in range(3):
        for hub in (RIVER, HILL):
            valley.posts[hub].tell()
            for data in valley.frames_of(hub):
                heard.data.append(data)
                for other in valley.hubs:
                    if other != hub:
                        valley.deliver(data, other)
    for number, (hub, post) in enumerate(valley.posts.items(), 1):
        vector = {p.hub: Position(p.incarnation, p.number, p.link) for p in post.places()}
        here = valley.directory(hub)
        heard.control += [control.pack_summary(s, here) for s in control.summaries(number * 10, vector, here)]
        heard.control.append(control.pack_ask(control.ask_for(number, [Span(RIVER, 1, 1, 2)], here), here))
    return heard


def spelled(*words: str) -> list[bytes]:
    """Words as they might stand somewhere."""
    return [form for w in words for form in (w.encode(), w.encode("utf-16-le"), letters.pack_text(w)[1:])]


def secrets() -> list[bytes]:
    """What nobody but River and Hill may read, in every form that it could have."""
    numbers = [codec.encode(FAR), FAR.to_bytes(4, "little"), FAR.to_bytes(4, "big"), str(FAR).encode()]
    accounts = [Account(RIVER, AccountNumber(2)), Account(HILL, AccountNumber(3)), Account(HILL, FAR)]
    reasons = spelled(*letters.Why)
    return [
        *spelled(MEMO, MEMO[:12], "Chandra", "mother", "Alice"),
        *numbers,
        *spelled(*map(str, accounts)),
        *reasons,
    ]


def found_in(places: Iterable[bytes], words: Iterable[bytes]) -> list[bytes]:
    whole = list(places)
    return [word for word in words if any(word in place for place in whole)]


def records(valley: Valley, heard: Heard) -> list[Record]:
    """All records that Lake can read out of the frames."""
    here = valley.directory(LAKE)
    return [record for data in heard.data for record in frames.open_data(data, here).records]


def plain_of(valley: Valley, record: Record) -> bytes:
    """What was sealed, as the hub that it is for opens it."""
    return valley.posts[record.to]._opened(record) or b""


def keys_of_lake(valley: Valley) -> list[bytes]:
    """Every key that Lake has or can make out of what it has."""
    box = valley.hubs[LAKE].box
    assert isinstance(box.box_key, BoxKey)
    assert box.group_key is not None
    pairs = [
        box.box_key.pair_key(bytes(row.box_key), box.place.community, sending)
        for row in valley.posts[LAKE].roster()
        for sending in (True, False)
    ]
    plain = [box.group_key, box.box_key.secret, box.signing, box.pepper, box.place.community * 2]
    return [*pairs, group_seal_key(box.group_key), *plain]


def test_a_carrier_finds_no_name_number_word_or_title_in_the_bytes(valley: Valley) -> None:
    heard = a_week(valley)
    assert len(heard.data) >= 3
    everything = heard.data + heard.control
    assert found_in(everything, [*secrets(), *spelled(TITLE, "Winter", "apples", "Bob")]) == []


def test_lake_reads_destination_and_amount_and_nothing_else(valley: Valley) -> None:
    between = [r for r in records(valley, a_week(valley)) if r.to in (RIVER, HILL)]
    sent = [(r.number, r.to, r.amount) for r in between if r.kind == Kind.SENT]
    assert sent == [(1, HILL, 47), (2, HILL, 11)]
    kinds = {r.kind for r in between}
    assert kinds == {Kind.SENT, Kind.ACCEPTED, Kind.RETURNED, Kind.CHECKPOINT}
    assert all(r.amount == 0 for r in between if r.kind != Kind.SENT)
    plains = [plain_of(valley, record) for record in between]
    assert [len(plain) for plain in plains] == [len(record.sealed) for record in between]
    for key in (None, *keys_of_lake(valley)):
        opened = [
            r.sealed if key is None else stream(key, r.hub, r.incarnation, r.number, r.sealed)
            for r in between
        ]
        # Of a part of one byte a wrong key opens one in 256 right: those are looked at together.
        assert b"".join(opened) != b"".join(plains)
        for read, plain in zip(opened, plains, strict=True):
            assert len(plain) < 4 or found_in([read], [*secrets(), plain[:4]]) == []


def test_nothing_of_it_is_on_lakes_disk(valley: Valley) -> None:
    a_week(valley)
    valley.hubs[LAKE].close()
    files = [path.read_bytes() for path in (valley.room / str(LAKE)).rglob("*") if path.is_file()]
    valley.start(LAKE)
    # Lake's own people are called Alice too, and reasons are the names of columns.
    ours = spelled("Alice", *letters.Why)
    assert found_in(files, [word for word in secrets() if word not in ours]) == []


def test_what_is_meant_for_everyone_needs_the_groups_key(valley: Valley) -> None:
    shown = [r for r in records(valley, a_week(valley)) if r.to == EVERYONE]
    group = valley.hubs[LAKE].box.group_key
    assert group is not None
    opened = [stream(group_seal_key(group), r.hub, 1, r.number, r.sealed) for r in shown]
    assert letters.read_person(opened[0]) == (3, "Bob")
    assert letters.read_listing(opened[1]).title == TITLE
    # The key of control frames, which a lost radio's settings might give away, is not that key.
    for record, plain in zip(shown, opened, strict=True):
        assert stream(group, record.hub, 1, record.number, record.sealed) != plain


def test_the_same_payment_twice_looks_like_two_others(valley: Valley) -> None:
    """Neither frames nor lengths of both ways tell who was paid again: no sealed byte string repeats."""
    for _ in range(6):
        valley.send(RIVER, 2, HILL, 3, 25, MEMO)
    here = valley.directory(LAKE)
    found = [r for data in valley.frames_of(RIVER) for r in frames.open_data(data, here).records]
    assert len({r.sealed for r in found}) == 6
    assert len({r.sealed[:8] for r in found}) == 6
