"""Whose personal text it is, and when it can go: what erasing rests on (``erasing.py``).

A text belongs to who wrote it: a payment's note goes with the member who wrote it, on both
statements; what others wrote about their own payments stays. Of somebody who has left, *all* goes:
the name, notes, offers and wants, reasons, care texts, and what keepers wrote about the person.
What a keeper wrote in office about others stays: they rely on it.

A single text goes when nobody waits for it: the note of a payment that is done and not contested,
an offer or want that is closed, care that was withdrawn, what was said of a payment when it was
contested or asked back, once that is ended.
"""

from collections.abc import Mapping
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Listing, Transfer
from appliance.ledger.book.schema_erased import Erased
from appliance.ledger.book.store import Tx
from appliance.ledger.care import states
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.money import transfers


def is_erased(tx: Tx, entry: int | None) -> bool:
    """Whether the personal text of this entry was erased."""
    return entry is not None and tx.get(Erased, entry=entry) is not None


def author(tx: Tx, entry: int) -> int | None:
    """The member whose text stands with this entry; None when there is none, or it was written in office."""
    found = chain.by_number(tx, entry)
    if found is None or found.act.private_digest is None:
        return None
    if found.act.kind in _OWN:
        return found.actor
    if found.act.kind == "dispute_for":
        return int(found.act.payload["member"])
    written_down = tx.first(_WRITTEN_DOWN, entry, entry, entry)
    if written_down is not None:
        return None if written_down[0] is None else int(written_down[0])
    by_owner = tx.first(_REVERSED, entry) if found.act.kind == "reverse" else None
    return found.actor if by_owner is not None and by_owner[0] == found.actor else None


# What keepers typed in or took in for somebody: slips and payments of before belong to who paid.
_WRITTEN_DOWN: Final = """
SELECT account.owner FROM slip JOIN account ON account.number = slip.payer WHERE slip.entry = ?
UNION ALL SELECT owner FROM listing WHERE ? IN (text_entry, opened_entry)
UNION ALL SELECT account.owner FROM transfer JOIN account ON account.number = transfer.payer
  WHERE transfer.kind = 'imported' AND transfer.text_entry = ?
"""
_REVERSED: Final = """
SELECT account.owner FROM transfer JOIN account ON account.number = transfer.payer
WHERE transfer.opened_entry = ? AND transfer.kind = 'reversal'
"""


def refuse_single(tx: Tx, member: int | None, entry: int) -> Refusal | None:
    """Why the text of this one entry, written by ``member``, cannot be erased now."""
    if author(tx, entry) != member or member is None or is_erased(tx, entry):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    ended = _ended(tx, entry)
    if ended is None:
        return Refusal(Code.WRONG_STATUS, {}, (Action.ASK_KEEPER,))
    return None if ended else Refusal(Code.UNDER_WAY, {}, (Action.WAIT, Action.ASK_KEEPER))


def _ended(tx: Tx, entry: int) -> bool | None:
    """Whether what this text is about is ended; None when others rely on the text itself."""
    found = tx.first("SELECT id, state FROM transfer WHERE text_entry = ? AND opened_entry = ?", entry, entry)
    if found is not None:
        return found[1] not in _UNENDED and not _contested(tx, bytes(found[0]))
    listing = tx.first("SELECT state FROM listing WHERE text_entry = ?", entry)
    if listing is not None:
        return bool(listing[0] == listings.CLOSED)
    claim = tx.first("SELECT state FROM claim WHERE text_entry = ?", entry)
    if claim is not None and claim[0] in (*_CLAIM_ENDED, states.OPEN):
        return claim[0] in _CLAIM_ENDED
    said = chain.by_number(tx, entry)
    if claim is None and said is not None and said.act.kind in _SAID_ANEW:
        return True  # it was said otherwise since: of care, before anybody had confirmed it
    if said is not None and said.act.kind in _SAID_OF_A_PAYMENT:
        record = said.act.payload["transfer"]
        asked = tx.first("SELECT 1 FROM undo_ask WHERE transfer = ? AND state = 'open'", record)
        return asked is None and not _contested(tx, record)
    return None


_SAID_ANEW: Final = ("claim_care", "edit_claim", "open_listing", "edit_listing", "import_listing")
_CLAIM_ENDED: Final = (states.WITHDRAWN, states.EXPIRED)


def _contested(tx: Tx, record: bytes) -> bool:
    return tx.first("SELECT 1 FROM dispute WHERE transfer = ? AND state = 'open'", record) is not None


_SAID_OF_A_PAYMENT: Final = ("dispute", "dispute_for", "ask_back")
_UNENDED: Final = (transfers.PENDING, transfers.ON_WAY, transfers.HELD)


def theirs(tx: Tx, member: int) -> list[int]:
    """The entries whose personal text goes when all of this member's goes, in order."""
    found = {entry for (entry,) in tx.select(_NAMED, *(member,) * 6)}
    for entry in chain.acts_of(tx, f"member:{member}"):
        if entry.act.private_digest is not None and (entry.act.kind in _OWN or _about(tx, entry, member)):
            found.add(entry.number)
    own = {member, *_accounts(tx, member)}
    for entry in chain.acts_of_kinds(tx, tuple(_OF_KEEPERS)):
        if entry.act.payload.get(_OF_KEEPERS[entry.act.kind]) in own:
            found.add(entry.number)
    return sorted(entry for entry in found if not is_erased(tx, entry) and _has_text(tx, entry))


# Names, offers and wants that a file brought, and notes on paper or in files of what the member paid: keepers
# wrote these down, and they are the member's all the same.
_NAMED: Final = """
SELECT name_entry FROM member WHERE number = ?
UNION SELECT further.name_entry FROM further JOIN account ON account.number = further.account WHERE account.owner = ?
UNION SELECT text_entry FROM listing WHERE owner = ?
UNION SELECT opened_entry FROM listing WHERE owner = ?
UNION SELECT slip.entry FROM slip JOIN account ON account.number = slip.payer WHERE account.owner = ?
UNION SELECT transfer.text_entry FROM transfer JOIN account ON account.number = transfer.payer
  WHERE account.owner = ? AND transfer.kind = 'imported' AND transfer.text_entry IS NOT NULL
"""

_OWN: Final = frozenset(
    {
        *("join", "pay", "send", "request", "pay_split", "ask_split", "ask_back", "dispute"),
        *(
            "open_listing",
            "edit_listing",
            "claim_care",
            "edit_claim",
            "decline_cosign",
            "decline_far",
            "object_claim",
            "answer_match",
            "move",
        ),
    }
)
"""What members write as themselves, whatever their office."""

_OF_KEEPERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "approve",
            "turn_away",
            "away",
            "back",
            "freeze",
            "unfreeze",
            "reopen",
            "close_member",
            "move",
            "stay",
        ),
        "member",
    ),
    **dict.fromkeys(("dispute_for", "replace_key", "answer_complaint"), "member"),
    **dict.fromkeys(("set_limits", "move_group", "close_account", "end_grant", "write_grant"), "account"),
    "open_account": "owner",
}
"""What keepers write about one member, by the field that names the member or an account."""


def _accounts(tx: Tx, member: int) -> list[int]:
    return [number for (number,) in tx.select("SELECT number FROM account WHERE owner = ?", member)]


def _about(tx: Tx, entry: Entry, member: int) -> bool:
    """Whether an act is about the member's own: an act of office about others is not."""
    p = entry.act.payload
    if p.get("member") == member or p.get("account") in _accounts(tx, member):
        return True
    if "listing" in p:
        listing = tx.get(Listing, id=p["listing"])
        return listing is not None and listing.owner == member
    transfer = tx.get(Transfer, id=p["transfer"]) if "transfer" in p else None
    sides = () if transfer is None else (transfer.payer, transfer.payee)
    return any(number in sides for number in _accounts(tx, member))


def _has_text(tx: Tx, entry: int) -> bool:
    return tx.first("SELECT 1 FROM private_salt WHERE entry = ?", entry) is not None
