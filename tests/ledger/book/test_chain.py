"""Entries: what a signature and a hash bind, what is read back, what may follow what."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.ledger import codec, keys
from appliance.ledger.book import chain
from appliance.ledger.book.chain import GENESIS, Act, Entry, Head, Place
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import BadEncoding, BadSignature, BookDamaged
from appliance.ledger.values import EntryNumber
from tests.support.village import Village

ACT = Act(
    Place(b"c" * 16, 101, 1),
    Instant(Millis(1_780_000_000_000), Quality.NTP),
    "member:2",
    b"k" * 16,
    "pay",
    1,
    {"payer": 2, "payee": 3, "amount": 100},
    b"p" * 32,
)
ENTRY = Entry(EntryNumber(7), b"h" * 32, ACT, {"code": "x"}, b"s" * 64)

OTHER_ACTS = {
    "community": replace(ACT, place=Place(b"d" * 16, 101, 1)),
    "hub": replace(ACT, place=Place(b"c" * 16, 102, 1)),
    "incarnation": replace(ACT, place=Place(b"c" * 16, 101, 2)),
    "time": replace(ACT, at=Instant(Millis(1_780_000_000_001), Quality.NTP)),
    "quality": replace(ACT, at=Instant(Millis(1_780_000_000_000), Quality.RTC)),
    "authority": replace(ACT, authority="member:3"),
    "key": replace(ACT, key=b"l" * 16),
    "kind": replace(ACT, kind="request"),
    "version": replace(ACT, version=2),
    "payload": replace(ACT, payload={"payer": 2, "payee": 3, "amount": 101}),
    "one more field": replace(ACT, payload={**ACT.payload, "x": None}),
    "personal text": replace(ACT, private_digest=b"q" * 32),
    "no personal text": replace(ACT, private_digest=None),
}


@pytest.mark.parametrize("other", OTHER_ACTS.values(), ids=OTHER_ACTS.keys())
def test_a_signature_binds_every_field_of_the_act(other: Act) -> None:
    signer = keys.KeySigner("member:2", keys.new_seed())
    signature = signer.sign(ACT.form())
    keys.check(signer.public, ACT.form(), signature)
    with pytest.raises(BadSignature):
        keys.check(signer.public, other.form(), signature)
    assert other.digest() != ACT.digest()
    assert replace(ENTRY, act=other).hash() != ENTRY.hash()


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, number=EntryNumber(8)),
        replace(ENTRY, previous=b"i" * 32),
        replace(ENTRY, outcome={}),
        replace(ENTRY, signature=b"t" * 64),
    ],
    ids=["number", "previous", "outcome", "signature"],
)
def test_the_hash_binds_the_place_and_what_the_hub_decided(other: Entry) -> None:
    assert other.hash() != ENTRY.hash()
    assert other.record == ENTRY.record  # which is named by what was asked alone


def test_act_and_entry_are_signed_and_hashed_for_different_purposes() -> None:
    assert ACT.form().startswith(b"tch/act/1\x00")
    assert chain.entry_hash(ENTRY.body()) != codec.digest("tch.act", ENTRY.body())
    assert chain.record_id(ACT.digest()) == ACT.digest()[:16]


# ------------------------------------------------------------------------------------------------ reading


@pytest.mark.parametrize("act", [ACT, *OTHER_ACTS.values()])
def test_an_entry_is_read_back(act: Act) -> None:
    entry = replace(ENTRY, act=act)
    assert chain.parse(entry.body()) == entry


FIELDS = ("form", "number", "previous", "community", "hub", "incarnation", "ms", "quality", "authority", "key",
          "kind", "version", "payload", "private", "outcome", "suite", "signature")  # fmt: skip


@pytest.mark.parametrize("place", range(17), ids=FIELDS)
@pytest.mark.parametrize("wrong", [True, 1, -1, "1", b"1", None, [], {}, [1]], ids=repr)
def test_a_field_of_another_type_is_refused_or_kept_as_it_is(place: int, wrong: Any) -> None:
    fields: list[Any] = list(codec.decode(ENTRY.body()))  # type: ignore[arg-type]
    fields[place] = wrong
    body = codec.encode(fields)
    try:
        entry = chain.parse(body)
    except BadEncoding:
        return
    assert entry.body() == body
    assert type(fields[place]) is type(wrong)


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: f[:-1],
        lambda f: [*f, 0],
        lambda f: dict(enumerate_text(f)),
        lambda f: [2, *f[1:]],
        lambda f: [True, *f[1:]],
        lambda f: [*f[:7], 99, *f[8:]],
        lambda f: [*f[:7], -1, *f[8:]],
        lambda f: [*f[:15], 2, f[16]],
        lambda f: [*f[:12], [], *f[13:]],
    ],
    ids=[
        "short",
        "long",
        "map",
        "form 2",
        "true is no form",
        "quality 99",
        "quality -1",
        "suite",
        "list for map",
    ],
)
def test_what_is_no_entry_of_this_release_is_refused(damage: Callable[[list[Any]], Any]) -> None:
    fields: list[Any] = list(codec.decode(ENTRY.body()))  # type: ignore[arg-type]
    with pytest.raises(BadEncoding):
        chain.parse(codec.encode(damage(fields)))


def enumerate_text(fields: list[Any]) -> list[tuple[str, Any]]:
    return [(str(place), value) for place, value in enumerate(fields)]


@pytest.mark.parametrize("body", [b"", b"\x00", ENTRY.body()[:-1], ENTRY.body() + b"\x00"])
def test_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(BadEncoding):
        chain.parse(body)


# ------------------------------------------------------------------------------------------------ chaining


def test_the_next_entry_names_the_last_and_nothing_else_follows(river: Village) -> None:
    end = river.hub.head()
    good = replace(ENTRY, number=EntryNumber(end.number + 1), previous=end.hash)
    for wrong in (
        replace(good, number=EntryNumber(end.number + 2)),
        replace(good, number=EntryNumber(end.number)),
        replace(good, previous=GENESIS),
    ):
        with pytest.raises(BookDamaged, match="does not follow"), river.hub.store.write() as tx:
            chain.append(tx, wrong)
    assert river.hub.head() == end
    with river.hub.store.write() as tx:
        link = chain.append(tx, good)
    assert river.hub.head() == Head(end.number + 1, link)


def test_the_book_is_read_in_order_from_anywhere(river: Village) -> None:
    with river.hub.reading() as tx:
        whole = list(chain.entries(tx))
        assert [entry.number for entry, _ in whole] == list(range(1, chain.count(tx) + 1))
        assert whole[0][0].previous == GENESIS
        assert [e.previous for e, _ in whole[1:]] == [link for _, link in whole[:-1]]
        assert list(chain.entries(tx, after=4)) == whole[4:]
        assert (chain.by_number(tx, 5), chain.by_number(tx, 99)) == (whole[4][0], None)
        with pytest.raises(BookDamaged):
            list(chain.entries(tx, after=99))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "found"}, "columns differ"),
        ({"authority": "root:x"}, "columns differ"),
        ({"key": b"x" * 16}, "columns differ"),
        ({"hash": b"x" * 32}, "hash does not fit"),
        ({"body": b"\x00"}, "not an entry"),
        ({"number": 99}, "missing"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_row_that_says_something_else_is_named(river: Village, change: dict[str, Any], says: str) -> None:
    with river.hub.store.write() as tx:
        tx._db.execute(EntryRow.update(**change).where(EntryRow.number == 5))
    with river.hub.reading() as tx, pytest.raises(BookDamaged, match=f"entry 5: .*{says}"):
        list(chain.entries(tx))


def test_a_head_is_read_back_as_printed() -> None:
    head = Head(7, b"h" * 32)
    assert Head.parse(f" {head}\n") == head
    for text in (
        "",
        "7",
        "7:",
        "7:00",
        f"-1:{'00' * 32}",
        f"x:{'00' * 32}",
        "7:" + "zz" * 32,
        f"7:{'00' * 33}",
    ):
        with pytest.raises(ValueError, match=r"."):
            Head.parse(text)
