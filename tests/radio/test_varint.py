"""Numbers of the packed header: each has one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio.errors import BadFrame
from appliance.radio.varint import read_varint, varint


@pytest.mark.parametrize(
    ("number", "spelled"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (16383, "ff7f"), (16384, "808001")],
)
def test_numbers_as_the_page_spells_them(number: int, spelled: str) -> None:
    assert varint(number).hex() == spelled


@given(st.integers(0, (1 << 42) - 1), st.binary(max_size=3))
def test_what_is_written_is_read_back(number: int, more: bytes) -> None:
    data = varint(number) + more
    assert read_varint(data, 0, 6) == (number, len(data) - len(more))


@given(st.binary(max_size=8))
def test_any_bytes_are_the_one_spelling_or_refused(data: bytes) -> None:
    try:
        number, end = read_varint(data, 0, 6)
    except BadFrame:
        return
    assert varint(number) == data[:end]
