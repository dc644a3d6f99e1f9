"""Records: bounds, the form that stands for one, and links that cover everything before."""

from dataclasses import fields, replace
from typing import Any

import pytest

from appliance.ledger import codec
from appliance.ledger.book.records import EVERYONE, FEED_BEGIN, LONGEST_SEALED, Kind, Record
from appliance.ledger.values import MAX_AMOUNT

COMMUNITY = bytes(range(16))
BREAD = Record(101, 1, 1, Kind.SENT, 102, 250, b"sealed")


@pytest.mark.parametrize(
    "changes",
    [
        {"hub": 999, "incarnation": 65535, "number": (1 << 40) - 1},
        {"to": EVERYONE, "amount": 0},
        {"amount": MAX_AMOUNT, "sealed": bytes(LONGEST_SEALED)},
        {"kind": 65535, "sealed": b""},
    ],
    ids=str,
)
def test_what_may_be(changes: dict[str, Any]) -> None:
    replace(BREAD, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        *({"hub": n} for n in (0, 100, 1000)),
        *({"incarnation": n} for n in (0, 65536)),
        *({"number": n} for n in (0, 1 << 40)),
        *({"kind": n} for n in (-1, 65536)),
        *({"to": n} for n in (-1, 1, 100, 1000)),
        *({"amount": n} for n in (-1, MAX_AMOUNT + 1)),
        {"sealed": bytes(LONGEST_SEALED + 1)},
    ],
    ids=str,
)
def test_what_may_not(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a record"):
        replace(BREAD, **changes)


def test_the_form_is_part_of_the_wire() -> None:
    """Frozen: links of all feeds ever said are made of it."""
    assert BREAD.form(COMMUNITY).hex() == (
        "7463682f7265636f72642f310088"  # tch/record/1, NUL, an array of eight
        "50000102030405060708090a0b0c0d0e0f"
        "1865010100186618fa467365616c6564"
    )
    assert BREAD.digest(COMMUNITY).hex() == "4148f7adfbe363988bb0c99b9f9ee03902f1db14de9015023d99699bc9335ac0"
    assert (
        BREAD.link(COMMUNITY, FEED_BEGIN).hex()
        == "af1408026aedc7b58a4c89695eb63b4067e4a330268b9a49660d4f68bb738f05"
    )


OTHERS: dict[str, Any] = {
    "hub": 103,
    "incarnation": 2,
    "number": 2,
    "kind": Kind.RECALL,
    "to": EVERYONE,
    "amount": 251,
    "sealed": b"Sealed",
}


def test_every_field_counts() -> None:
    assert OTHERS.keys() == {field.name for field in fields(Record)}
    forms = {replace(BREAD, **{name: value}).digest(COMMUNITY) for name, value in OTHERS.items()}
    forms |= {BREAD.digest(COMMUNITY), BREAD.digest(bytes(16))}
    assert len(forms) == len(OTHERS) + 2


def test_a_link_covers_everything_before() -> None:
    second = replace(BREAD, number=2)
    link = BREAD.link(COMMUNITY, FEED_BEGIN)
    assert len({second.link(COMMUNITY, before) for before in (FEED_BEGIN, link, codec.digest("x", b""))}) == 3
    assert second.link(COMMUNITY, link) == second.link(
        COMMUNITY, replace(BREAD).link(COMMUNITY, bytes(codec.DIGEST_BYTES))
    )


def test_kinds_keep_their_numbers() -> None:
    assert [(kind.name, kind.value) for kind in Kind] == [
        ("SENT", 0),
        ("ACCEPTED", 1),
        ("RETURNED", 2),
        ("RECALL", 3),
        ("PERSON", 4),
        ("LISTING", 5),
        ("UNLISTING", 6),
        ("CHECKPOINT", 7),
        ("SEEN", 8),
        ("FORK", 9),
        ("CARE_ASK", 10),
        ("CARE_KEY", 11),
        ("CARE_SIGN", 12),
        ("CARE_NO", 13),
        ("CARE_TOLD", 14),
        ("LOOP", 20),
        ("LOOP_ANSWER", 21),
        ("LOOP_END", 22),
        ("MESSAGE", 23),
        ("UNMESSAGE", 24),
        ("MATCH", 25),
        ("ABOUT", 26),
    ]
