"""Why a transfer stands: the entries that made it, who signed them with which key, and what they moved.

Everything here is read again from the book and the state folded from it: the signature is checked
now, with the key that was in force then, and so is the entry's place in the chain. No personal
text is among it. Of balances the postings say what they were before and after; limits are those of
today, and where an entry has set them since, that is said, as the state keeps no older ones.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from appliance.ledger import keys
from appliance.ledger.book import chain
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow, Claim, Crossing, Transfer
from appliance.ledger.book.schema_credit import Dispute, Slip, Spending, UndoAsk
from appliance.ledger.book.schema_recovery import Recovered
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import BadSignature
from appliance.ledger.people import own_texts
from appliance.ledger.reads.splits import levy
from appliance.ledger.values import RecordId, parse_code

SHORTEST: Final = 6
"""So many digits of an id name a transfer, when no other begins with them."""

_SET_LIMITS: Final = ("set_limits", "move_group", "lapse_limits", "change_rules", "agree")


@dataclass(frozen=True, slots=True)
class Part:
    """One entry that had a part in a transfer.

    Attributes:
        why: opened, ended, share, slip, cosigned, asked_back, contested, contest_ended, agreed, ...
        rule: the rule when the hub itself did it, else empty.
        key: the public key that must have signed; None when no key was in force (then it is no valid entry).
        since: the entry from which that key was in force; ``since_at`` its time.
        signed: whether the signature fits that key now.
        linked: whether its hash is what the next entry names, and it names the hash before it.
        erased: whether its words were erased.
    """

    entry: int
    at: Instant
    kind: str
    why: str
    authority: str
    rule: str
    key: bytes | None
    since: int
    since_at: Instant | None
    hash: bytes
    signed: bool
    linked: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What it did to one account. ``then``: no entry has set limits since, so that these held then."""

    account: int
    owner: int | None
    before: int
    amount: int
    after: int
    low: int | None
    high: int | None
    then: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """A transfer with all that it rests on. ``links``: what it is connected with, by name, without words."""

    id: RecordId
    kind: str
    state: str
    payer: int | None
    payee: int
    amount: int
    category: str
    levy: int
    moved: tuple[Moved, ...]
    parts: tuple[Part, ...]
    links: dict[str, Any]
    entries: int

    @property
    def holds(self) -> bool:
        """Whether every signature and link holds."""
        return all(part.signed and part.linked for part in self.parts)


def find(tx: Tx, text: str) -> RecordId | None:
    """The transfer that people name so: its address, its id or the beginning of it, the code of a request, its
    line in the book. None when it is none, or could be several. A line in the book goes before an id that
    begins with the same digits.
    """
    text = text.strip().rstrip("/")
    text = text.split("/t/")[-1].split("?")[0].split("#")[0].split("/")[0]
    if text.isascii() and text.isdecimal() and len(text) < 8:
        line = tx.select(_BY_ENTRY, int(text), int(text), int(text))
        if line:
            return _only(line)
    if (code := parse_code(text)) is not None and (row := tx.get(Transfer, code=code)) is not None:
        return RecordId(bytes(row.id))
    digits = text.lower()
    if len(digits) < SHORTEST or not re.fullmatch(r"[0-9a-f]{1,32}", digits):
        return None
    low, high = (bytes.fromhex(digits + end * (32 - len(digits))) for end in ("0", "f"))
    return _only(tx.select("SELECT id FROM transfer WHERE id BETWEEN ? AND ? LIMIT 2", low, high))


# The line on a receipt: the entry that paid it, before one that only asked or ended.
_BY_ENTRY: Final = """
SELECT id FROM transfer WHERE id IN (SELECT transfer FROM posting WHERE entry = ?) OR opened_entry = ? OR closed_entry = ?
LIMIT 2
"""


def _only(found: list[tuple[Any, ...]]) -> RecordId | None:
    return RecordId(bytes(found[0][0])) if len(found) == 1 else None


def explain(tx: Tx, record: bytes) -> Explained | None:
    """All that the transfer rests on; None when there is none of this id."""
    row = tx.get(Transfer, id=record)
    if row is None:
        return None
    links = _links(tx, row)
    named = _entries(tx, row)
    parts = tuple(_part(tx, number, why) for number, why in sorted(named.items()))
    moved = tuple(_moved(tx, *line) for line in tx.select(_POSTINGS, row.id))
    return Explained(
        RecordId(bytes(row.id)),
        row.kind,
        row.state,
        row.payer,
        row.payee,
        row.amount,
        row.category,
        levy(tx, row),
        moved,
        parts,
        links,
        chain.head(tx).number,
    )


_POSTINGS: Final = (
    "SELECT account, amount, balance_after, entry FROM posting WHERE transfer = ? ORDER BY amount, account"
)


def _entries(tx: Tx, row: Transfer) -> dict[int, str]:
    """The entries that had a part in it, each with what it did; the earlier reason wins."""
    found: list[tuple[int | None, str]] = [(row.opened_entry, "opened"), (row.closed_entry, "ended")]
    found += [
        (e, "posted") for (e,) in tx.select("SELECT DISTINCT entry FROM posting WHERE transfer = ?", row.id)
    ]
    found += [(e, "share") for (e,) in tx.select("SELECT entry FROM share WHERE transfer = ?", row.id)]
    crossing = tx.get(Crossing, id=row.id)
    if crossing is not None:
        found += [(crossing.opened_entry, "crossed"), (crossing.closed_entry, "crossing_ended")]
    if row.claim is not None and (claim := tx.get(Claim, id=row.claim)) is not None:
        found += [(claim.opened_entry, "claimed")]
        signed = "SELECT entry FROM witness WHERE claim = ? AND state = 'signed'"
        found += [(e, "cosigned") for (e,) in tx.select(signed, claim.id)]
    if (asked := tx.get(UndoAsk, transfer=row.id)) is not None:
        found += [(asked.entry, "asked_back"), (asked.closed_entry, "asked_back_ended")]
    if (dispute := tx.get(Dispute, transfer=row.id)) is not None:
        found += [(dispute.entry, "contested"), (dispute.closed_entry, "contest_ended")]
    for again in _recovered(tx, row):
        found += [(again.entry, "recovered")]
        if again.claimed_by is not None and (claimed := tx.get(Transfer, id=again.claimed_by)) is not None:
            found += [(claimed.opened_entry, "given_owner")]
    if row.reversed_by is not None and (back := tx.get(Transfer, id=row.reversed_by)) is not None:
        found += [(back.opened_entry, "given_back")]
    if (spent := tx.get(Spending, transfer=row.id)) is not None:
        proposed = "SELECT entry FROM proposal WHERE closed_entry = ? AND state = 'done'"
        found += [(e, "proposed") for (e,) in tx.select(proposed, spent.entry)]
    named: dict[int, str] = {}
    for number, why in found:
        if number is not None:
            named.setdefault(number, why)
    return named


def _recovered(tx: Tx, row: Transfer) -> list[Recovered]:
    """What says that the transfer was posted again after a restore, or that it gives such a one its owner."""
    return tx.found(Recovered, "transfer = ? OR claimed_by = ?", row.id, row.id)


def _part(tx: Tx, number: int, why: str) -> Part:
    entry = chain.by_number(tx, number)
    assert entry is not None  # a row of the state names entries of the book
    act = entry.act
    key, since = _key_then(tx, entry)
    began = chain.by_number(tx, since) if since else None
    try:
        keys.check(key or b"", act.form(), entry.signature)
        signed = True
    except BadSignature:
        signed = False
    before, after, link = chain.by_number(tx, number - 1), chain.by_number(tx, number + 1), entry.hash()
    linked = entry.previous == (chain.GENESIS if before is None else before.hash())
    linked = linked and (chain.head(tx).hash == link if after is None else after.previous == link)
    kind, _, name = act.authority.partition(":")
    return Part(
        number,
        act.at,
        act.kind,
        why,
        act.authority,
        name if kind == "hub" else "",
        key,
        since,
        None if began is None else began.act.at,
        link,
        signed,
        linked,
        own_texts.is_erased(tx, number),
    )


def _key_then(tx: Tx, entry: Entry) -> tuple[bytes | None, int]:
    """The public key of an entry's authority when it was written, and the entry from which it was in force."""
    kind, _, name = entry.act.authority.partition(":")
    if kind == "member":
        found = tx.first(_MEMBER_KEY, int(name), entry.number, entry.number)
        return (None, 0) if found is None else (bytes(found[0]), int(found[1]))
    if kind == "newcomer":
        return bytes(entry.act.payload["key"]), entry.number
    if kind == "hub":
        life = tx.first(_LIFE_KEY, entry.act.place.hub, entry.act.place.incarnation)
        if life is not None:
            return bytes(life[0]), int(life[1])
    founding = chain.by_number(tx, 1)
    named = (
        None if founding is None else founding.act.payload["root_key" if kind == "root" else "signing_key"]
    )
    return (None if named is None else bytes(named)), 1


_MEMBER_KEY: Final = """
SELECT public, entry FROM member_key WHERE member = ? AND entry <= ? AND COALESCE(ended_entry, 1 << 60) >= ?
ORDER BY seq DESC LIMIT 1
"""
_LIFE_KEY: Final = "SELECT signing_key, entry FROM life WHERE hub = ? AND incarnation = ?"


def _moved(tx: Tx, account: int, amount: int, after: int, entry: int) -> Moved:
    row = tx.get(AccountRow, number=account)
    low, high = (None, None) if row is None else (row.low, row.high)
    since = any(act.number > entry for act in chain.acts_of_kinds(tx, _SET_LIMITS) if _may_set(act, account))
    owner = None if row is None else row.owner
    return Moved(account, owner, after - amount, amount, after, low, high, not since)


def _may_set(act: Entry, account: int) -> bool:
    """Whether an entry may have set the limits of this account: rules and agreements may set everybody's."""
    return bool(act.act.payload.get("account", account) == account)


def _links(tx: Tx, row: Transfer) -> dict[str, Any]:
    links: dict[str, Any] = {}
    if row.code is not None:
        links["request"] = row.code
    if row.reverses is not None:
        links["gives_back"] = bytes(row.reverses)
    if row.reversed_by is not None:
        links["given_back_by"] = bytes(row.reversed_by)
    shares = tx.select("SELECT account, amount, state FROM share WHERE transfer = ? ORDER BY account", row.id)
    if shares:
        links["split"] = [{"account": a, "amount": n, "state": s} for a, n, s in shares]
    if row.claim is not None and (claim := tx.get(Claim, id=row.claim)) is not None:
        signed = tx.select(
            "SELECT member FROM witness WHERE claim = ? AND state = 'signed' ORDER BY member", claim.id
        )
        links["care"] = {
            "claim": bytes(claim.id),
            "minutes": claim.minutes,
            "quorum": claim.quorum,
            "signed": [member for (member,) in signed],
        }
    if (slip := tx.get(Slip, transfer=row.id)) is not None:
        links["slip"] = {"pile": bytes(slip.pile), "line": slip.line, "day": slip.day, "keeper": slip.keeper}
    for again in _recovered(tx, row):
        links["recovered"] = {
            "transfer": bytes(again.transfer),
            "hub": again.hub,
            "life": again.life,
            "record": again.number,
            "near": again.near,
            "account": again.account,
            "claimed_by": None if again.claimed_by is None else bytes(again.claimed_by),
        }
    if (spent := tx.get(Spending, transfer=row.id)) is not None:
        links["keepers"] = [keeper for keeper in (spent.keeper, spent.second) if keeper is not None]
    if (dispute := tx.get(Dispute, transfer=row.id)) is not None:
        links["contested"] = {"by": dispute.member, "state": dispute.state}
    if (asked := tx.get(UndoAsk, transfer=row.id)) is not None:
        links["asked_back"] = {"by": asked.member, "state": asked.state}
    if (crossing := tx.get(Crossing, id=row.id)) is not None:
        links["crossing"] = _crossing(tx, crossing)
    return links


def _crossing(tx: Tx, row: Crossing) -> dict[str, Any]:
    """The neighbour's side: which record of which feed it is, and the kept frame that carried it."""
    founding = chain.by_number(tx, 1)
    origin = row.hub if not row.outgoing or founding is None else founding.act.place.hub
    frame = tx.first(_FRAME, origin, row.incarnation, row.number, row.number)
    return {
        "hub": row.hub,
        "outgoing": bool(row.outgoing),
        "incarnation": row.incarnation,
        "record": row.number,
        "far": row.far,
        "state": row.state,
        "why": row.why,
        "answer": row.answer,
        "frame": None if frame is None else bytes(frame[0]),
    }


_FRAME: Final = """
SELECT digest FROM frame WHERE hub = ? AND incarnation = ? AND first <= ? AND last >= ? ORDER BY last DESC LIMIT 1
"""
