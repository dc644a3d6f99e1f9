"""The worked examples of docs/wire.md, made by the product with the keys that the page names."""

from appliance.ledger import sealing
from appliance.ledger.book import letters, letters_care
from appliance.ledger.book.letters_care import NoSigner, NotCounted
from appliance.ledger.book.records import EVERYONE, FEED_BEGIN, Kind, Record
from appliance.ledger.values import MAX_AMOUNT
from appliance.radio import control, frames
from appliance.radio.control import Ask, Mark, Summary
from appliance.radio.ports import Position, Span
from tests.radio.community import (
    COMMUNITY,
    GROUP_KEY,
    HILL,
    RIVER,
    ROSTER,
    a_directory,
    box_of,
    pack,
    seal,
)

DIRECTORY = a_directory(hubs=2)


def _to_hill(number: int, kind: Kind, amount: int, plain: bytes) -> Record:
    return seal(Record(RIVER, 1, number, kind, HILL, amount, plain))


def _to_everyone(number: int, kind: Kind, plain: bytes) -> Record:
    text = sealing.stream(sealing.group_seal_key(GROUP_KEY), RIVER, 1, number, plain)
    return Record(RIVER, 1, number, kind, EVERYONE, 0, text)


PLAIN = {
    "alice pays": letters.sent(letters.Sent(42, 7, "repair")),
    # As one build of zlib packs it; another may differ, and reads this all the same.
    "alice pays again": bytes.fromhex("182a07044c03e7565831a5033619ec3400"),
    "bob pays": letters.sent(letters.Sent(317, 1093, "food", "Äpfel")),
    "river accepts": letters.answer(letters.Named(1, 5)),
    "river returns": letters.answer(letters.Named(2, 6), letters.Why.PAYEE_LIMIT),
    "alice is shown": letters.person(42, "Alice"),
}

ONE = [_to_hill(1, Kind.SENT, 250, PLAIN["alice pays"])]
SIX = [
    *ONE,
    _to_hill(2, Kind.SENT, 1250, PLAIN["alice pays again"]),
    _to_hill(3, Kind.SENT, 75, PLAIN["bob pays"]),
    _to_hill(4, Kind.ACCEPTED, 0, PLAIN["river accepts"]),
    _to_hill(5, Kind.RETURNED, 0, PLAIN["river returns"]),
    _to_everyone(6, Kind.PERSON, PLAIN["alice is shown"]),
]


def links() -> list[bytes]:
    """The links of the feed, from that before its first record on."""
    out = [FEED_BEGIN]
    for record in SIX:
        out.append(record.link(COMMUNITY, out[-1]))
    return out


def _heads() -> bytes:
    hill = Position(2, 0, FEED_BEGIN)
    return control.heads_of([Position(1, 6, links()[6]), hill], COMMUNITY)


def frames_of_the_page() -> dict[str, bytes]:
    """Every example that is a frame, by its name on the page."""
    summary = Summary(RIVER, 7, ROSTER, {RIVER: Mark(1, 6), HILL: Mark(2, 0)}, _heads())
    ask = Ask(RIVER, 300, (Span(HILL, 1, 31, 31), Span(HILL, 1, 36, 40), Span(HILL, 2, 1, 3)))
    return {
        "one payment": pack(ONE, DIRECTORY, links()[0]),
        "five records": pack(SIX[1:], DIRECTORY, links()[1]),
        "summary": control.pack_summary(summary, DIRECTORY),
        "ask": control.pack_ask(ask, DIRECTORY),
    }


def parts_of_the_page() -> dict[str, bytes]:
    """Every example that is not a frame."""
    mine, theirs = box_of(RIVER), box_of(HILL)
    return {
        "signed bytes": frames.PURPOSE
        + COMMUNITY
        + frames_of_the_page()["one payment"][: -frames.SIGNATURE_BYTES],
        "pair key": mine.pair_key(theirs.public, COMMUNITY, sending=True),
        "group seal key": sealing.group_seal_key(GROUP_KEY),
        "record form": ONE[0].form(COMMUNITY),
        "record digest": ONE[0].digest(COMMUNITY),
        "link 1": links()[1],
        **{f"plain: {name}": plain for name, plain in PLAIN.items()},
    }


def letters_of_care() -> dict[str, list[bytes]]:
    """What hubs tell each other about co-signed care, the shortest and the longest of each, by rule."""
    small = letters_care.Care(bytes(32), 1, "elder", 60, 20783, 100, None)
    huge = letters_care.Care(b"\xff" * 32, 10**9, "other", 24 * 60, 10**6, MAX_AMOUNT, 10**6)
    first, later = letters.Named(1, 1), letters.Named(65535, (1 << 40) - 1)
    crowd = letters_care.asks(huge, range(10**9 - 11, 10**9 + 1))
    said = letters_care.Words("Ä" * 300, "b" * 300, "ç" * 300)
    return {
        "care-ask": [
            letters_care.with_words(letters_care.ask(small, [2]), letters_care.Words()),
            *(letters_care.with_words(letters_care.ask(huge, some), said) for some in crowd),
        ],
        "care-key": [letters_care.key(1, 1, bytes(32)), letters_care.key(10**9, 10**6, bytes(32))],
        "care-sign": [
            letters_care.signed(first, 1, bytes(64)),
            letters_care.signed(later, 10**9, bytes(64)),
        ],
        "care-no": [
            letters_care.no(first, 1, NoSigner.UNKNOWN),
            letters.with_text(letters_care.no(later, 10**9, NoSigner.DECLINED), "Ä" * 400),
        ],
        "care-told": [
            letters_care.told(first, 0),
            letters_care.not_counted(later, 10**9, NotCounted.FAR_CAP),
        ],
    }
