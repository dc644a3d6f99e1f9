"""One sequence of bytes for one meaning: what is written is read back, every second spelling is refused."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.ledger import codec
from appliance.ledger.errors import BadEncoding

TEXT = st.text(st.characters(codec="utf-8"))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), TEXT, st.binary())
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert codec.decode(codec.encode(value)) == value


@given(st.dictionaries(TEXT, st.integers(0, 9), min_size=2))
def test_the_order_in_which_a_map_was_made_does_not_matter(value: dict[str, int]) -> None:
    assert codec.encode(dict(reversed(value.items()))) == codec.encode(value)


@given(st.binary(max_size=64))
def test_any_bytes_are_the_canonical_form_or_refused(data: bytes) -> None:
    try:
        value = codec.decode(data)
    except BadEncoding:
        return
    assert codec.encode(value) == data


@given(VALUES, st.data())
def test_one_changed_byte_is_another_value_or_refused(value: Any, data: st.DataObject) -> None:
    good = codec.encode(value)
    place = data.draw(st.integers(0, len(good) - 1))
    other = bytes([good[place] ^ data.draw(st.integers(1, 255))])
    changed = good[:place] + other + good[place + 1 :]
    try:
        assert codec.encode(codec.decode(changed)) == changed
    except BadEncoding:
        return


SECOND_SPELLINGS = {
    "keys in the wrong order": "a2616200616100",
    "a longer key first": "a262616100616200",
    "a key twice": "a2616100616101",
    "one as two bytes": "1801",
    "one as three bytes": "190001",
    "one as nine bytes": "1b0000000000000001",
    "minus one as two bytes": "3800",
    "a long length of text": "780161",
    "a long length of bytes": "580100",
    "a long length of an array": "980100",
    "a long length of a map": "b801616100",
    "an array without an end": "9f01ff",
    "a map without an end": "bf616101ff",
    "text without an end": "7f6161ff",
    "bytes without an end": "5f4101ff",
    "a byte after the end": "0100",
    "a small integer as big one": "c24101",
    "half a float that is whole": "f93c00",
    "false by a longer simple value": "f814",
}


@pytest.mark.parametrize("data", SECOND_SPELLINGS.values(), ids=SECOND_SPELLINGS.keys())
def test_a_second_spelling_is_refused(data: str) -> None:
    with pytest.raises(BadEncoding):
        codec.decode(bytes.fromhex(data))


NOT_OURS = {
    "nothing at all": "",
    "cut off": "6261",
    "a float": "fb3ff8000000000000",
    "a half float": "f93e00",
    "not a number": "f97e00",
    "undefined": "f7",
    "an unknown simple value": "e0",
    "a date": "c074323031332d30332d32315432303a30343a30305a",
    "a time": "c11a514b67b0",
    "an integer beyond 64 bits": "c249010000000000000000",
    "2**63, which SQLite cannot hold": "1b8000000000000000",
    "less than SQLite can hold": "3b8000000000000000",
    "a decimal": "c48221196ab3",
    "a decimal with a huge exponent": "c4821a7fffffff01",
    "a fraction over nothing": "d81e820100",
    "a unique id": "d825500000000000000000000000000000000",
    "a pattern": "d823615b",
    "a set": "d9010281",
    "itself": "d81c81d81d00",
    "a number as key": "a10102",
    "bytes as key": "a1416101",
    "an array as key": "a18001",
    "text that is not UTF-8": "61ff",
    "a lone stop": "ff",
}


@pytest.mark.parametrize("data", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_what_is_not_of_our_types_is_refused(data: str) -> None:
    with pytest.raises(BadEncoding):
        codec.decode(bytes.fromhex(data[: len(data) // 2 * 2]))


@pytest.mark.parametrize(
    "value",
    [1.0, 2**63, -(2**63) - 1, {1: 2}, {"a": {b"b": 1}}, {1, 2}, object(), [1.5], range(3), memoryview(b"a")],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_of_our_types_is_not_written(value: Any) -> None:
    with pytest.raises(BadEncoding):
        codec.encode(value)


def test_text_that_has_no_utf8_is_not_written() -> None:
    with pytest.raises(BadEncoding):
        codec.encode(["\ud800"])


def test_bytes_that_can_change_are_not_written_as_a_list() -> None:
    with pytest.raises(BadEncoding):
        codec.encode(bytearray(b"ab"))


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def test_depth_has_a_bound() -> None:
    assert codec.decode(codec.encode(nested(codec.MAX_DEPTH))) == nested(codec.MAX_DEPTH)
    with pytest.raises(BadEncoding, match="deep"):
        codec.encode(nested(codec.MAX_DEPTH + 1))
    for depth in (codec.MAX_DEPTH + 1, 500, 100_000):
        with pytest.raises(BadEncoding):
            codec.decode(b"\x81" * depth + b"\x00")


def test_what_holds_itself_is_not_written() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(BadEncoding):
        codec.encode(value)


def test_the_form_is_that_of_rfc_8949() -> None:
    assert codec.encode({"bb": 1, "a": [True, None, b"\x00", -1]}).hex() == "a2616184f5f6410020626262" + "01"


@given(st.dictionaries(TEXT, st.integers(0, 9)))
def test_the_order_of_keys_is_that_of_their_bytes(value: dict[str, int]) -> None:
    keys = sorted(value, key=lambda key: cbor2.dumps(key, canonical=True))
    head = cbor2.dumps(value, canonical=True)
    assert list(cbor2.loads(head)) == keys


def test_only_a_map_is_a_map() -> None:
    assert codec.decode_map(codec.encode({"a": 1})) == {"a": 1}
    with pytest.raises(BadEncoding):
        codec.decode_map(codec.encode([1]))


def test_bytes_made_for_one_purpose_do_not_pass_for_another() -> None:
    assert codec.digest("tch.act", b"x") != codec.digest("tch.entry", b"x")
    assert codec.digest("tch.act", b"x", key=b"k") != codec.digest("tch.act", b"x")
    assert codec.signed_form("tch/act/1", [1]) != codec.signed_form("tch/act/2", [1])
    # The zero byte ends the purpose: no purpose is the beginning of another's bytes.
    assert codec.signed_form("a", [1]).startswith(b"a\x00")
