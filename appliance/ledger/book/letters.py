"""The plain text of a record's sealed part: a sequence of CBOR items (RFC 8742), kind by kind.

============ ==================================================================================
SENT         payer, payee (account numbers at their hubs), category, [memo]
ACCEPTED     the SENT record that is answered
RETURNED     the SENT record, reason
RECALL       the SENT record
PERSON       account number, name (empty: it shall not be shown any more)
LISTING      listing, owner (account number), kind (0 offer, 1 want), category, price or null, [last day or
             null, unit or null, quantity or null], title
UNLISTING    listing
SEEN         the hub's life that was seen; how far the one before it had been read
CHECKPOINT   the feed's link before this record (32 bytes), number seen of the neighbour's feed,
             amounts in all: sent, refunded, accepted, returned, held; number and first 16 bytes
             of the hash of the book's last entry
============ ==================================================================================

A SENT record is named by its number in its origin's feed; by [incarnation, number] when the
incarnation is not the first. A text is a text string as it is, or a byte string of raw DEFLATE (RFC 1951) with the preset
dictionary, whichever is shorter. What is signed and compared are the sealed bytes, so two
builds of zlib need not agree on how to pack. Reading is strict, and a text's length is bounded
before it is unpacked.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import cbor2

from appliance.ledger import codec
from appliance.ledger.book.feed import Contradiction
from appliance.ledger.book.records import LONGEST_SEALED, life_and_number, position
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.shape import ACCOUNT, Check, blob, or_none, whole
from appliance.ledger.book.taxonomy import OTHER, UNITS, WIRE
from appliance.ledger.errors import BadEncoding
from appliance.ledger.values import HUB_NUMBERS, MAX_AMOUNT

LONGEST_MEMO: Final = 80
"""Bytes that a memo, a title or a name may take on the air, packed."""

SHOWN_BYTES: Final = 8
"""How much of a frame's digest a FORK record shows."""

_MOST_TEXT: Final = 600
"""Bytes that a text may unpack to."""


class Why(StrEnum):
    """Why a payment came back. Stable: the wire has its place in this list."""

    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_CLOSED = "account_closed"
    PAYEE_LIMIT = "payee_limit"
    RECALLED = "recalled"
    EXPIRED = "expired"
    KEEPER = "keeper"
    UNREADABLE = "unreadable"
    RENEWED = "renewed"


_WHYS: Final = tuple(Why)

# Part of the wire: never changed; another dictionary is another version of frames. Most used
# last, as RFC 1950 advises: near distances cost fewer bits.
_DICTIONARY: Final = (
    " kilo litre bottle basket repaired painting cleaning translation computer phone charger fence wall"
    " window carpet shoes clothes sewing firewood honey cheese butter flour maize beans rice potatoes"
    " tomatoes onions apples oranges seeds plants compost goat chicken horse cow bike bicycle car van"
    " transport ride lift to town market school lessons guitar English Spanish homework haircut massage"
    " medicine doctor nurse birthday wedding party music reparación pintura limpieza leña miel queso"
    " harina maíz frijoles arroz patatas tomates cebollas manzanas naranjas semillas plantas huevos"
    " gallinas bicicleta coche viaje pueblo mercado escuela clases ropa costura ayuda con en el la los"
    " jardín cocina comida niños abuela semana gracias por para pan de leche horas de trabajo"
    " reparo lenha mel farinha milho feijão arroz batatas sementes ovos leite horas obrigado pela"
    " réparation peinture bois miel farine maïs haricots oeufs lait pain heures merci pour aide jardin"
    " ukarabati mahindi unga maharage mayai maziwa mkate kazi saa asante kwa msaada shamba watoto"
    " rent repair of the roof hours of work in the garden help with the house for the week two bread"
    " and milk eggs vegetables for the children care thank you for the "
).encode()


def pack_text(text: str) -> bytes:
    """The CBOR item of ``text``: the shorter of both forms."""
    plain = text.encode("utf-8")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_DICTIONARY)
    packed = packer.compress(plain) + packer.flush()
    return codec.encode(packed) if len(packed) < len(plain) else codec.encode(text)


def room_for(text: str) -> int:
    """How many bytes ``text`` takes on the air; compare with ``LONGEST_MEMO``."""
    return len(pack_text(text))


def shortened(text: str, room: int = LONGEST_MEMO) -> str:
    """``text``, or as much of its beginning as the air has room for."""
    if room_for(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if room_for(text[:middle].rstrip() + "…") <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def unpack_text(item: object) -> str:
    """The text of a decoded item.

    Raises:
        BadEncoding: it is no text, or unpacks to more than a text may have.
    """
    if isinstance(item, str):
        if len(item.encode("utf-8")) > _MOST_TEXT:
            raise BadEncoding("a text that is too long")
        return item
    if not isinstance(item, bytes):
        raise BadEncoding("not a text")
    unpacker = zlib.decompressobj(-15, zdict=_DICTIONARY)
    try:
        plain = unpacker.decompress(item, _MOST_TEXT + 1)
        text = plain.decode("utf-8")
    except (zlib.error, UnicodeDecodeError) as error:
        raise BadEncoding("a text that cannot be unpacked") from error
    if len(plain) > _MOST_TEXT or not unpacker.eof or unpacker.unused_data:
        raise BadEncoding("a text that is too long, cut off, or followed by more")
    return text


@dataclass(frozen=True, slots=True)
class Named:
    """A record of a known feed: its incarnation and number."""

    incarnation: int
    number: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A payment to an account of the destination hub."""

    payer: int
    payee: int
    category: str
    memo: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a hub stands toward a neighbour: totals over its feed up to this record, and over
    what it has seen of the neighbour's.
    """

    link: bytes
    seen: int
    sent: int
    refunded: int
    accepted: int
    returned: int
    held: int
    entry: int
    head: bytes


@dataclass(frozen=True, slots=True)
class FarListing:
    """An offer or want of another hub, in its compact form.

    ``until_day``: the first day, since 1970-01-01, on which it is no longer there; None: until it is said.
    """

    listing: int
    owner: int
    want: bool
    category: str
    price: int | None
    title: str
    until_day: int | None = None
    unit: str | None = None
    quantity: int | None = None


def category_index(category: str) -> int:
    """The place of a category on the wire; a kind that is not there goes as *other*."""
    return CATEGORIES.index(category) if category in CATEGORIES else CATEGORIES.index("other")


def _category(index: int) -> str:
    return CATEGORIES[index] if index < len(CATEGORIES) else "other"


def kind_at(index: int) -> str:
    """The kind of a listing at a place on the wire; of a later release's *other*."""
    return WIRE[index] if index < len(WIRE) else OTHER


def sequence(*items: codec.Value) -> bytes:
    """The plain text of these items, one after another."""
    return b"".join(codec.encode(item) for item in items)


def sent(letter: Sent) -> bytes:
    """The plain text of a SENT record."""
    head = sequence(letter.payer, letter.payee, category_index(letter.category))
    return head + pack_text(letter.memo) if letter.memo else head


def answer(named: Named, why: Why | None = None) -> bytes:
    """Of an ACCEPTED or RECALL record; with ``why``, of a RETURNED one."""
    item = name_of(named)
    return sequence(item) if why is None else sequence(item, _WHYS.index(why))


def name_of(record: Named) -> codec.Value:
    """The item that names a record."""
    return record.number if record.incarnation == 1 else [record.incarnation, record.number]


def person(number: int, name: str) -> bytes:
    """Of a PERSON record."""
    return with_text(sequence(number), name)


def listing(item: FarListing) -> bytes:
    """Of a LISTING record."""
    return with_text(listing_head(item), item.title)


def listing_head(item: FarListing) -> bytes:
    """Of a LISTING record, all but its title."""
    kind = WIRE.index(item.category) if item.category in WIRE else WIRE.index(OTHER)
    head = sequence(item.listing, item.owner, int(item.want), kind, item.price)
    if item.until_day is None and item.unit is None and item.quantity is None:
        return head  # as older releases say it, and read it
    unit = UNITS.index(item.unit) if item.unit in UNITS else None
    return head + sequence(item.until_day, unit, item.quantity)


def with_text(head: bytes, text: str) -> bytes:
    """``head`` followed by a text, shortened to what the air has room for."""
    return head + pack_text(shortened(text, min(LONGEST_MEMO, LONGEST_SEALED - len(head))))


def unlisting(number: int) -> bytes:
    """Of an UNLISTING record."""
    return sequence(number)


def fork(found: Contradiction) -> bytes:
    """Of a FORK record: which record of whom is there twice, and 8 bytes of each frame's digest."""
    f = found
    return sequence(f.hub, f.incarnation, f.number, f.one[:SHOWN_BYTES], f.other[:SHOWN_BYTES])


def seen(incarnation: int, before: int, read: int) -> bytes:
    """Of a SEEN record: the life of the destination that we know now, and up to where we have read
    life ``before`` of it. Nothing more of that takes effect here beyond where it was closed.
    """
    return sequence(incarnation, before, read)


def checkpoint(c: Checkpoint) -> bytes:
    """Of a CHECKPOINT record. Amounts beyond any village leave no room for the book's head."""
    life, number = life_and_number(c.seen)
    seen: codec.Value = number if life == 1 else [life, number]
    body = sequence(c.link, seen, c.sent, c.refunded, c.accepted, c.returned, c.held)
    whole_body = body + sequence(c.entry, c.head)
    return whole_body if len(whole_body) <= LONGEST_SEALED else body


_HUB: Final = whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1)
_LIFE: Final = whole(1, (1 << 16) - 1)
_HELD: Final = whole(0, (1 << 40) - 1)


def _seen(item: object) -> bool:
    """A place in a feed: its number, or in a later life than the first both."""
    if isinstance(item, list):
        return len(item) == 2 and _LIFE(item[0]) and item[0] > 1 and _HELD(item[1])
    return _HELD(item)


_NUMBER: Final = whole(1, (1 << 40) - 1)
_TOTAL: Final = whole(0, 1 << 62)
_INDEX: Final = whole(0, 1 << 16)
_DAY: Final = or_none(whole(0, 10**6))
_LEFT: Final = whole(0, 9999)


def read_items(plain: bytes, *checks: Check, text: str = "", more: Sequence[Check] = ()) -> list[Any]:
    """The items of a sequence, each as its check asks; ``text``: "must" or "may" follow."""
    stream = io.BytesIO(plain)
    items: list[Any] = []
    decoder = cbor2.CBORDecoder(stream)
    try:
        while stream.tell() < len(plain) and len(items) <= len(checks) + len(more) + 1:
            before = stream.tell()
            item = decoder.decode()
            if codec.encode(item) != plain[before : stream.tell()]:
                raise BadEncoding("not in canonical form")
            items.append(item)
    except BadEncoding:
        raise
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise BadEncoding(str(error)) from error
    if more and len(items) > len(checks):
        checks = (*checks, *more)
    rest = items[len(checks) :]
    if len(items) < len(checks) or not all(c(i) for c, i in zip(checks, items, strict=False)):
        raise BadEncoding("not the fields of its kind")
    if len(rest) > (1 if text else 0) or (text == "must" and not rest):
        raise BadEncoding("more or fewer fields than its kind has")
    return [*items[: len(checks)], *(unpack_text(item) for item in rest)]


def read_sent(plain: bytes) -> Sent:
    """Raises BadEncoding, as all of these, when it is not what its kind holds."""
    payer, payee, category, *memo = read_items(plain, ACCOUNT, ACCOUNT, _INDEX, text="may")
    return Sent(payer, payee, _category(category), memo[0] if memo else "")


def record_name(item: Any) -> bool:
    """A record's name: a number, or another incarnation than the first with a number."""
    if type(item) is list:
        return len(item) == 2 and whole(2, (1 << 16) - 1)(item[0]) and _NUMBER(item[1])
    return _NUMBER(item)


def named(item: Any) -> Named:
    """The record that an item which ``record_name`` lets pass names."""
    return Named(item[0], item[1]) if isinstance(item, list) else Named(1, item)


def read_answer(plain: bytes) -> Named:
    """The record that an ACCEPTED or RECALL record names."""
    return named(read_items(plain, record_name)[0])


def read_returned(plain: bytes) -> tuple[Named, Why]:
    """The record that a RETURNED one names, and why; a reason of a later release is *keeper*."""
    item, index = read_items(plain, record_name, _INDEX)
    return named(item), _WHYS[index] if index < len(_WHYS) else Why.KEEPER


def read_person(plain: bytes) -> tuple[int, str]:
    """Account number and name of a PERSON record."""
    number, name = read_items(plain, ACCOUNT, text="must")
    return int(number), str(name)


def read_listing(plain: bytes) -> FarListing:
    """The offer or want of a LISTING record."""
    price = or_none(whole(0, MAX_AMOUNT))
    short = (_NUMBER, ACCOUNT, whole(0, 1), _INDEX, price)
    try:
        items = read_items(plain, *short, _DAY, or_none(_INDEX), or_none(_LEFT), text="must")
    except BadEncoding:
        number, owner, want, category, cost, title = read_items(plain, *short, text="must")
        return FarListing(number, owner, bool(want), kind_at(category), cost, title)
    number, owner, want, category, cost, day, unit, left, title = items
    known = UNITS[unit] if unit is not None and unit < len(UNITS) else None
    return FarListing(number, owner, bool(want), kind_at(category), cost, title, day, known, left)


def read_unlisting(plain: bytes) -> int:
    """The listing that an UNLISTING record takes down."""
    return int(read_items(plain, _NUMBER)[0])


def read_seen(plain: bytes) -> tuple[int, int, int]:
    """The life that was seen, the one before, and up to where that had been read, of a SEEN record."""
    life, before, read = read_items(plain, _LIFE, _LIFE, whole(0, (1 << 40) - 1))
    if before >= life:
        raise BadEncoding("a life that follows itself")
    return int(life), int(before), int(read)


def read_fork(plain: bytes) -> tuple[int, int, int]:
    """Hub, incarnation and number of which a FORK record says that two contents were signed."""
    hub, life, number, _one, _other = read_items(
        plain, _HUB, _LIFE, whole(0, (1 << 40) - 1), blob(SHOWN_BYTES), blob(SHOWN_BYTES)
    )
    return int(hub), int(life), int(number)


def read_checkpoint(plain: bytes) -> Checkpoint:
    """The position of a CHECKPOINT record."""
    totals = (_TOTAL,) * 5
    items = read_items(plain, blob(32), _seen, *totals, more=(_TOTAL, blob(16)))
    if len(items) == 7:
        items += [0, bytes(16)]
    if isinstance(items[1], list):
        items[1] = position(*items[1])
    return Checkpoint(*items)


__all__ = [
    "Checkpoint",
    "FarListing",
    "Named",
    "Sent",
    "Why",
    "answer",
    "checkpoint",
    "listing",
    "listing_head",
    "pack_text",
    "person",
    "read_answer",
    "read_checkpoint",
    "read_listing",
    "read_person",
    "read_returned",
    "read_sent",
    "read_unlisting",
    "room_for",
    "sent",
    "shortened",
    "unlisting",
    "with_text",
]
