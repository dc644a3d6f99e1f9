"""The plain text of what hubs tell each other about co-signed care: part of ``letters.py``.

============ ==================================================================================
CARE_ASK     terms (32 bytes), carer (account number at the asking hub), kind of care, minutes, day,
             amount, day until which it can be confirmed or null, [who is asked], words
CARE_KEY     member, which of the member's keys it is, public key (32 bytes)
CARE_SIGN    the CARE_ASK record, member, signature (64 bytes)
CARE_NO      the CARE_ASK record, member, why (0 declined, 1 nobody here has that number), [reason]
CARE_TOLD    the CARE_ASK record, how it ended; or of a signature that does not count: -, member, why
============ ==================================================================================

The words of an ask are the carer's name, for whom it was, and what was done, a line each, shortened to
what one record has room for: what is signed does not rest on them, but on the *terms*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book.letters import Named, name_of, named, pack_text, read_items, record_name, sequence
from appliance.ledger.book.records import LONGEST_SEALED
from appliance.ledger.book.rules import CARE_CATEGORIES
from appliance.ledger.book.shape import Check, blob, or_none, whole
from appliance.ledger.errors import BadEncoding
from appliance.ledger.values import MAX_AMOUNT

SIGNATURE_BYTES: Final = 64
ROOM_FOR_WORDS: Final = 24
"""Bytes that an ask keeps for its words: who does not fit any more is asked in another record."""

MOST_ASKED: Final = 12
"""How many one record asks: as many as a claim has witnesses. Each may have to be answered by a record of its own."""

NOT_COUNTED: Final = 15
"""In place of how an ask ended: it goes on, but one signature does not count."""


class NoSigner(StrEnum):
    """Why somebody does not co-sign. Stable: the wire has its place in this list."""

    DECLINED = "declined"
    UNKNOWN = "unknown"


class NotCounted(StrEnum):
    """Why a co-signature does not count. Stable: the wire has its place in this list."""

    UNKNOWN = "unknown"
    OVER = "over"
    LATE = "late"
    CHANGED = "changed"
    FORGED = "forged"
    PAIR_CAP = "pair_cap"
    SIGNER_CAP = "signer_cap"
    FAR_CAP = "far_cap"
    PARTY = "party"


_NO_SIGNERS: Final = tuple(NoSigner)
_NOT_COUNTED: Final = tuple(NotCounted)


@dataclass(frozen=True, slots=True)
class Care:
    """Care as it is told to another hub. ``day``, ``until``: days since 1970-01-01."""

    terms: bytes
    carer: int
    category: str
    minutes: int
    day: int
    amount: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """What an ask says in people's words; each may be empty, or shortened."""

    name: str = ""
    cared_for: str = ""
    what: str = ""


def ask(care: Care, members: Sequence[int]) -> bytes:
    """Of a CARE_ASK record, all but its words."""
    kind = CARE_CATEGORIES.index(care.category)
    said = (care.terms, care.carer, kind, care.minutes, care.day, care.amount, care.until)
    return sequence(*said, list(members))


def asks(care: Care, members: Sequence[int]) -> list[tuple[int, ...]]:
    """Who is asked by which record, so that each has room for some words."""
    found: list[tuple[int, ...]] = [()]
    for member in sorted(members):
        more = (*found[-1], member)
        if len(ask(care, more)) > LONGEST_SEALED - ROOM_FOR_WORDS and found[-1]:
            found.append((member,))
        else:
            found[-1] = more
    return found


def with_words(head: bytes, words: Words) -> bytes:
    """``head`` followed by as much of ``words`` as a record has room for; the name goes last."""
    room = LONGEST_SEALED - len(head)
    lines = [" ".join(text.split()) for text in (words.name, words.cared_for, words.what)]
    for place in (2, 1, 0):
        if len(_packed(lines)) <= room:
            break
        lines[place] = _shortened(lines, place, room)
    return head + _packed(lines)


def _packed(lines: Sequence[str]) -> bytes:
    return pack_text("\n".join(lines).rstrip("\n")) if any(lines) else b""


def _shortened(lines: Sequence[str], place: int, room: int) -> str:
    """As much of the line at ``place`` as there is room for; empty when there is none."""
    text, low, high = lines[place], 0, len(lines[place])
    while low < high:
        middle = (low + high + 1) // 2
        tried = [*lines[:place], text[:middle].rstrip() + "…", *lines[place + 1 :]]
        low, high = (middle, high) if len(_packed(tried)) <= room else (low, middle - 1)
    return text[:low].rstrip() + "…" if low else ""


def key(member: int, seq: int, public: bytes) -> bytes:
    """Of a CARE_KEY record."""
    return sequence(member, seq, public)


def signed(asked: Named, member: int, signature: bytes) -> bytes:
    """Of a CARE_SIGN record."""
    return sequence(name_of(asked), member, signature)


def no(asked: Named, member: int, why: NoSigner) -> bytes:
    """Of a CARE_NO record, without a reason."""
    return sequence(name_of(asked), member, _NO_SIGNERS.index(why))


def told(asked: Named, how: int) -> bytes:
    """Of a CARE_TOLD record: the ask has ended, the ``how``-th of ``care.states.ENDS``."""
    return sequence(name_of(asked), how)


def not_counted(asked: Named, member: int, why: NotCounted) -> bytes:
    """Of a CARE_TOLD record: this member's signature does not count."""
    return sequence(name_of(asked), NOT_COUNTED, member, _NOT_COUNTED.index(why))


_MEMBER: Final = whole(1, 10**9)
_INDEX: Final = whole(0, 1 << 16)
_DAY: Final = whole(0, 10**6)


def _members(item: object) -> bool:
    if not isinstance(item, list) or not 1 <= len(item) <= MOST_ASKED:
        return False
    return all(map(_MEMBER, item)) and item == sorted(set(item))


def read_ask(plain: bytes) -> tuple[Care, tuple[int, ...], Words]:
    """Care, who is asked, and the words of a CARE_ASK record.

    Raises BadEncoding, as all of these, when it is not what its kind holds.
    """
    checks: tuple[Check, ...] = (
        blob(codec.DIGEST_BYTES),
        whole(0, 10**9),
        whole(0, len(CARE_CATEGORIES) - 1),
        whole(1, 24 * 60),
        _DAY,
        whole(0, MAX_AMOUNT),
        or_none(_DAY),
        _members,
    )
    terms, carer, kind, minutes, day, amount, until, members, *text = read_items(plain, *checks, text="may")
    lines = (text[0].split("\n", 2) if text else []) + ["", "", ""]
    care = Care(terms, carer, CARE_CATEGORIES[kind], minutes, day, amount, until)
    return care, tuple(members), Words(*lines[:3])


def read_key(plain: bytes) -> tuple[int, int, bytes]:
    """Member, which key, and the key of a CARE_KEY record."""
    member, seq, public = read_items(plain, _MEMBER, whole(1, 10**6), blob(32))
    return int(member), int(seq), bytes(public)


def read_signed(plain: bytes) -> tuple[Named, int, bytes]:
    """The ask, the member and the signature of a CARE_SIGN record."""
    item, member, signature = read_items(plain, record_name, _MEMBER, blob(SIGNATURE_BYTES))
    return named(item), int(member), bytes(signature)


def read_no(plain: bytes) -> tuple[Named, int, NoSigner, str]:
    """The ask, the member, why and the reason of a CARE_NO record; another why is *declined*."""
    item, member, why, *text = read_items(plain, record_name, _MEMBER, _INDEX, text="may")
    known = _NO_SIGNERS[why] if why < len(_NO_SIGNERS) else NoSigner.DECLINED
    return named(item), int(member), known, str(text[0]) if text else ""


def read_told(plain: bytes) -> tuple[Named, int, int | None, NotCounted | None]:
    """The ask, how it ended, and of a signature that does not count whose and why, of a CARE_TOLD record."""
    item, how, *more = read_items(plain, record_name, _INDEX, more=(_MEMBER, _INDEX))
    if (how == NOT_COUNTED) is not bool(more):
        raise BadEncoding("not the fields of its kind")
    if not more:
        return named(item), int(how), None, None
    why = _NOT_COUNTED[more[1]] if more[1] < len(_NOT_COUNTED) else NotCounted.OVER
    return named(item), int(how), int(more[0]), why
