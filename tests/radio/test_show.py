"""What the trace shows of the frames that docs/wire.md explains."""

from dataclasses import replace

from appliance.ledger.book.records import EVERYONE
from appliance.radio.show import describe
from tests.radio import examples
from tests.radio.community import HILL, RIVER, pack

DIRECTORY = examples.DIRECTORY
FRAMES = examples.frames_of_the_page()


def test_a_payment_shows_hub_and_amount_and_nothing_of_people() -> None:
    assert describe(FRAMES["one payment"], DIRECTORY) == {
        "type": "data",
        "from": RIVER,
        "incarnation": 1,
        "first": 1,
        "last": 1,
        "after": "0000000000000000",
        "records": [{"number": 1, "kind": "sent", "to": HILL, "amount": 250, "sealed": "7f6d8114"}],
        "bytes": 86,
    }


def test_kinds_and_destinations_in_words() -> None:
    shown = describe(FRAMES["five records"], DIRECTORY)
    assert [(r["number"], r["kind"], r["to"]) for r in shown["records"]] == [
        (2, "sent", HILL),
        (3, "sent", HILL),
        (4, "accepted", HILL),
        (5, "returned", HILL),
        (6, "person", "everyone"),
    ]


def test_a_kind_that_a_later_release_knows() -> None:
    later = replace(examples.ONE[0], kind=999, to=EVERYONE)
    assert describe(pack([later], DIRECTORY), DIRECTORY)["records"][0]["kind"] == "kind 999"


def test_a_summary() -> None:
    shown = describe(FRAMES["summary"], DIRECTORY)
    assert shown["holds"] == [
        {"hub": RIVER, "incarnation": 1, "number": 6},
        {"hub": HILL, "incarnation": 2, "number": 0},
    ]
    assert (shown["from"], shown["beat"], shown["same_roster"]) == (RIVER, 7, True)
    other = replace(DIRECTORY, roster=b"more")
    assert describe(FRAMES["summary"], other)["same_roster"] is False


def test_an_ask() -> None:
    shown = describe(FRAMES["ask"], DIRECTORY)
    assert shown["wants"] == [
        {"hub": HILL, "incarnation": 1, "first": 31, "last": 31},
        {"hub": HILL, "incarnation": 1, "first": 36, "last": 40},
        {"hub": HILL, "incarnation": 2, "first": 1, "last": 3},
    ]


def test_a_stranger() -> None:
    shown = describe(b"\x41\x07" + bytes(90), DIRECTORY)
    assert (shown["refused"], shown["detail"], shown["bytes"]) == ("unknown_sender", "index 7", 92)
