"""Erased is erased: what the book says was erased is in no private table, and in no byte of the file.

The fold of an erasure names entries (``Erased``); their words are not in the book, so removing
them is not part of a replay. ``wipe`` removes whatever the private and local tables still have of
them. It runs with the erasure itself and again whenever a hub is opened: a file that was put
together out of an older one must not bring back what its book says is gone.

``scrub`` then sees to the bytes. A deleted row leaves its bytes in the page, in pages that were
freed, and in the write-ahead log. Connections run with ``secure_delete``, which overwrites what is
deleted (https://www.sqlite.org/pragma.html#pragma_secure_delete); what was copied when pages were
balanced goes by writing the tables anew; the log by a checkpoint that truncates it
(https://www.sqlite.org/pragma.html#pragma_wal_checkpoint). What the card itself keeps in spare
cells nobody can reach from here.
"""

import json
import logging
import unicodedata
from typing import Any, Final

from appliance.ledger.book.local import (
    Attempt,
    CareDraft,
    Device,
    Note,
    Printed,
    Session,
    SlipDraft,
    SlipSeen,
    Tried,
)
from appliance.ledger.book.private import PrivateSalt, PrivateText, SealedKeyRow, SealedSheet
from appliance.ledger.book.schema_market import MarketSeen, NoMatchNews, OfferAsked
from appliance.ledger.book.schema_talk import (
    Block,
    Complaint,
    FarMessage,
    Favourite,
    MatchNew,
    Message,
    NoticesSeen,
)
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.errors import DataDirectoryError

_log = logging.getLogger(__name__)

_DUE: Final = "scrub"
"""A note: bytes of something erased may still be in the file."""

_HELD_WORDS: Final = (
    "private_text",
    "private_salt",
    "sealed_key",
    "session",
    "slip_draft",
    "care_draft",
    "far_person",
    "far_listing",
    "photo",
    "message",
    "far_message",
    "complaint",
    "favourite",
    "block",
)
"""Tables in which somebody's words stand; they are written anew."""


def wipe(tx: Tx) -> int:
    """Remove the words and salts of all erased entries, and what the box remembers of people who are erased.

    How many entries still had words. Then the file is to be scrubbed (``scrub``).
    """
    found = [entry for (entry,) in tx.select(_STILL_THERE)]
    drafts = _forget_in_drafts(tx, [name for (name,) in tx.select(_NAMES_STILL_THERE)])
    for entry in found:
        remove(tx, entry)
    gone = sum(_forget(tx, member) for (member,) in tx.select(_WHOLLY_ERASED))
    if found or gone or drafts:
        due(tx)
    return len(found)


def remove(tx: Tx, entry: int) -> None:
    """Remove the words and the salt of one entry. What is deleted is overwritten; the file is not written anew."""
    tx.delete(PrivateText, PrivateText.entry == entry)
    tx.delete(PrivateSalt, PrivateSalt.entry == entry)


_STILL_THERE: Final = """
SELECT entry FROM erased WHERE entry IN (SELECT entry FROM private_salt)
   OR entry IN (SELECT entry FROM private_text) ORDER BY entry
"""
_WHOLLY_ERASED: Final = """
SELECT DISTINCT erasure.member FROM erasure JOIN member ON member.number = erasure.member
WHERE erasure.state = 'done' AND erasure.entry = 0 AND member.status = 'closed'
"""


def _forget(tx: Tx, member: int) -> int:
    """What only this box knows of somebody: sign-ins, devices, wrong PINs, drafts, what was printed; messages to and fro."""
    accounts = [number for (number,) in tx.select("SELECT number FROM account WHERE owner = ?", member)]
    in_force = tx.first("SELECT 1 FROM member_key WHERE member = ? AND ended_entry IS NULL", member)
    return (
        tx.delete(Session, Session.member == member)
        + tx.delete(Attempt, Attempt.member == member)
        + tx.delete(Device, Device.member == member)
        + tx.delete(Tried, Tried.member == member)
        + tx.delete(OfferAsked, OfferAsked.member == member)
        + tx.delete(MarketSeen, MarketSeen.member == member)
        + tx.delete(NoMatchNews, NoMatchNews.member == member)
        + tx.delete(SlipSeen, SlipSeen.member == member)
        + tx.delete(SlipDraft, SlipDraft.keeper == member)
        + tx.delete(CareDraft, CareDraft.member == member)
        + tx.delete(Printed, Printed.account.in_([member, *accounts]))
        + tx.delete(Message, (Message.sender == member) | (Message.receiver == member))
        + _forget_far_messages(tx, member)
        + tx.delete(Complaint, (Complaint.member == member) | _of(Complaint.hub, Complaint.accused, member))
        + tx.delete(Block, (Block.member == member) | _of(Block.hub, Block.other, member))
        + tx.delete(
            Favourite,
            (Favourite.member == member)
            | ((Favourite.kind == "member") & _of(Favourite.hub, Favourite.item, member)),
        )
        + tx.delete(NoticesSeen, NoticesSeen.member == member)
        + tx.delete(MatchNew, MatchNew.member == member)
        + (0 if in_force else tx.delete(SealedKeyRow, SealedKeyRow.member == member))
        + (0 if in_force else tx.delete(SealedSheet, SealedSheet.member == member))
    )


def _forget_far_messages(tx: Tx, member: int) -> int:
    """What went to other hubs stays without its words until they are told to erase it (``market.talks_far``)."""
    went = {"member": member, "mine": True, "gone": False}
    waits = FarMessage.entry.is_null() | ~FarMessage.mine
    gone = tx.delete(FarMessage, (FarMessage.member == member) & waits)
    return gone + tx.update(FarMessage, went, text="", gone=True, about_hub=None, about=None)


def _of(hub: Any, number: Any, member: int) -> Any:
    """The condition that it is ``member`` of this very hub."""
    return (hub == 0) & (number == member)


_NAMES_STILL_THERE: Final = """
SELECT text FROM private_text WHERE field = 'name' AND entry IN (SELECT entry FROM erased) ORDER BY entry
"""


def _forget_in_drafts(tx: Tx, names: list[str]) -> int:
    """Take the names out of slips and care that are being typed in; what a field held is typed anew. How many."""
    words = {word for name in names for word in _letters(name).split() if len(word) >= _WORD}
    changed = 0
    for pile, body in tx.select("SELECT pile, body FROM slip_draft") if words else ():
        typed = json.loads(body)
        without = _without(typed, words)
        if without != typed:
            tx.update(SlipDraft, {"pile": bytes(pile)}, body=json.dumps(without, ensure_ascii=False))
            changed += 1
    for ident, body in tx.select("SELECT id, body FROM care_draft") if words else ():
        typed = json.loads(body)
        without = _without(typed, words)
        if without != typed:
            tx.update(CareDraft, {"id": bytes(ident)}, body=json.dumps(without, ensure_ascii=False))
            changed += 1
    return changed


_WORD: Final = 3
"""Letters of a word by which somebody could be found; shorter ones are everybody's."""


def _without(typed: Any, words: set[str]) -> Any:
    """``typed``, with every text emptied that has one of the words, or the beginning of one."""
    if isinstance(typed, dict):
        return {name: _without(value, words) for name, value in typed.items()}
    if isinstance(typed, list):
        return [_without(value, words) for value in typed]
    if not isinstance(typed, str):
        return typed
    found = {part for part in _letters(typed).split() if len(part) >= _WORD}
    return "" if any(word.startswith(part) for word in words for part in found) else typed


def _letters(text: str) -> str:
    """``text`` in small letters, with a space for all that is in no word.

    A regular expression takes the vowel signs of Hindi and its neighbours (Unicode category M) for the end of a word.
    """
    plain = unicodedata.normalize("NFC", text).casefold()
    return "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in plain)


def due(tx: Tx) -> None:
    """Remember that the file is to be scrubbed."""
    tx.put(Note, name=_DUE, value="")


def catch_up(store: Store) -> int:
    """``wipe``, where there is anything to wipe: for a hub that is opened. How many entries had words.

    Raises:
        DataDirectoryError, BookDamaged: the file cannot be read, or cannot be written and would have to be.
    """
    with store.read() as tx:
        if tx.first(f"{_STILL_THERE} LIMIT 1") is None:
            return 0
    with store.write() as tx:
        found = wipe(tx)
    _log.warning("erased=%d words that the book says are gone were there again", found)
    scrub(store)
    return found


def scrub(store: Store) -> bool:
    """Take the bytes of what was erased out of the file and its log, if there is anything to be done.

    False when it is still to be done, as somebody else was reading: then it is tried again later.

    Raises:
        DataDirectoryError, BookDamaged: the disk refused; it is still to be done.
    """
    with store.read() as tx:
        if tx.get(Note, name=_DUE) is None:
            return True
    with store.write() as tx:
        for table in _HELD_WORDS:
            tx.rewrite(table)
    if not store.truncate_log():
        return False
    with store.write() as tx:
        tx.delete(Note, Note.name == _DUE)
    return True


def try_scrub(store: Store) -> None:
    """As ``scrub``, for who has something else to do: what fails now is tried again later."""
    try:
        scrub(store)
    except DataDirectoryError as error:
        _log.warning("scrub=failed reason=%s", error)
