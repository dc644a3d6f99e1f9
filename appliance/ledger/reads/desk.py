"""What a keeper sees at the hub's own screen: who waits, accounts and limits, the log of acts."""

from dataclasses import dataclass, replace

import peewee as pw

from appliance.ledger import codec
from appliance.ledger.book import chain
from appliance.ledger.book.local import last_verified
from appliance.ledger.book.schema import AccountRow, Claim, Crossing, Entry, Listing, Member, Transfer
from appliance.ledger.book.schema_care import CareObjection
from appliance.ledger.book.schema_credit import Dispute
from appliance.ledger.book.store import Tx
from appliance.ledger.care import states
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.money import accounts, transfers
from appliance.ledger.people import powers, sheets
from appliance.ledger.reads import proposals
from appliance.ledger.reads.acted import helper
from appliance.ledger.reads.crossings import OtherHub, far_person, other_hub
from appliance.ledger.reads.people import Person, further_accounts, owner_of, people, person, text_of
from appliance.ledger.reads.told import words_of
from appliance.ledger.values import COMMONS, RecordId

KEEPER_ACTS = (
    "found",
    "approve",
    "turn_away",
    "appoint_keeper",
    "replace_key",
    "allow_reentry",
    "set_limits",
    "change_rules",
    "settle",
    "admit_hub",
    *("set_trunk", "set_distance"),
    "renew",
    "name_risk",
    "open_sign_in",
    "claim_unresolved",
    "send_back",
    "end_dispute",
    "end_objection",
    "dispute_for",
    "register",
    "freeze",
    "unfreeze",
    "reopen",
    "close_member",
    "move_group",
    "lapse_limits",
    "close_moved",
    "open_account",
    "write_grant",
    "enter_slip",
    "agree_import",
    "import_file",
    "import_opening",
    "pay_commons",
    "propose",
    "agree",
    "object",
    "take_back",
    "lapse_proposal",
    "dismiss_keeper",
    "erase",
    "erase_now",
    "set_time",
    "correct_time",
    "speak",
    "close_year",
    "allow_match",
    *("hide_listing", "show_listing", "move_listing", "merge_listing", "set_category", "merge_category"),
    "answer_complaint",
)
"""Kinds of entries that are acts of keepers, of the root or of the hub itself. Those of
``BY_OTHERS`` are, when their authority is not the owner; they are added by actor."""

BY_OTHERS = (
    *("reverse", "close_listing", "recall", "away", "back", "move", "stay", "vouch", "keep_texts"),
    *("end_grant", "close_account", "stop_reentry", "drop_photo"),
)

_IN_FILE = "import_member"

SLIP_ACT = "enter_slip"
PILE = "enter_pile"
"""The line of the log that stands for a whole pile of slips."""


_MOST_HELD = 100


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts for the first page of the desk. ``commons`` is the balance of the commons.

    ``sheets``: how many ask for a new PIN with the sheet from home. ``adds_up``: whether all balances sum to zero, as they always must; ``verified``: when the
    whole book was last checked and found clean, None: never.
    """

    applied: int
    active: int
    pending: int
    care_open: int
    care_waiting: int
    commons: int
    commons_low: int | None
    entries: int
    disputes: int
    clock_unsure: bool
    proposals: int
    adds_up: bool
    verified: Millis | None
    sheets: int
    objected: int


@dataclass(frozen=True, slots=True)
class HeldView:
    """A payment from another hub that waits for room on its trunk, or for a keeper.

    ``payer`` and ``payee`` are None when it could not be read; ``payee`` also when its number is nobody's.
    """

    id: RecordId
    hub: OtherHub
    payer: Person | None
    payee: Person | None
    amount: int
    note: str
    at: Instant


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A member with the numbers of the account; None before there is one."""

    who: Person
    balance: int | None
    low: int | None
    high: int | None
    held: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry as an act: who, what, whom, why.

    Attributes:
        authority: ``member:5``, ``root:founding``, ``hub:quorum``, ``newcomer``.
        who: the member who acted, when it was one.
        about: the member concerned, when there is one.
        reason: the words that were given.
        payload, outcome: what exactly.
    """

    entry: int
    at: Instant
    kind: str
    authority: str
    who: Person | None
    about: Person | None
    reason: str
    payload: codec.Body
    outcome: codec.Body


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for among the acts; whatever is not given fits all.

    Attributes:
        kinds: kinds of acts; empty for all.
        people: who acted, or whom it concerns; None for everybody.
        first, end: entries of the book, from the first one up to before the other.
    """

    kinds: frozenset[str] = frozenset()
    people: frozenset[int] | None = None
    first: int | None = None
    end: int | None = None


def overview(tx: Tx, now: Instant) -> Overview:
    """The counts now."""

    def count(query: object) -> int:
        return int(tx.scalar(query) or 0)

    number = pw.fn.COUNT(pw.SQL("1"))
    commons = accounts.get(tx, COMMONS)
    return Overview(
        count(Member.select(number).where(Member.status == powers.APPLIED)),
        count(Member.select(number).where(Member.status.in_(powers.STANDING))),
        # By account, so that the index of payees answers it: not a walk through all that ever was.
        count(
            Transfer.select(number).where(
                Transfer.payee.in_(AccountRow.select(AccountRow.number)), Transfer.state == transfers.PENDING
            )
        ),
        count(Claim.select(number).where(Claim.state == states.OPEN)),
        count(Claim.select(number).where(Claim.state == states.CONFIRMED)),
        commons.balance if commons else 0,
        commons.low if commons else None,
        chain.head(tx).number,
        count(Dispute.select(number).where(Dispute.state == "open")),
        now.quality < Quality.KEEPER,
        proposals.count(tx),
        not tx.scalar(AccountRow.select(pw.fn.SUM(AccountRow.balance))),
        checked.at if (checked := last_verified(tx)) else None,
        len(sheets.to_allow(tx)),
        int(tx.select("SELECT COUNT(*) FROM care_objection WHERE state = 'open'")[0][0]),
    )


def account_lines(tx: Tx, status: str | None = None) -> tuple[AccountLine, ...]:
    """All members, or those of one status, with their accounts."""
    rows = {row.number: row for row in tx.rows(AccountRow.select().where(AccountRow.kind == accounts.MEMBER))}
    return tuple(_line(who, rows.get(who.number)) for who in people(tx, status))


def further_lines(tx: Tx) -> tuple[AccountLine, ...]:
    """All further accounts."""
    return tuple(_line(who, accounts.get(tx, who.number)) for who in further_accounts(tx))


def account_line(tx: Tx, number: int) -> AccountLine | None:
    """One member with the account."""
    who = person(tx, number)
    return None if who is None else _line(who, accounts.get(tx, number))


def _line(who: Person, row: AccountRow | None) -> AccountLine:
    if row is None:
        return AccountLine(who, None, None, None, 0)
    return AccountLine(who, row.balance, row.low, row.high, row.held)


def held(tx: Tx, hub: int) -> tuple[HeldView, ...]:
    """The payments of another hub that are held, in the order in which they will be taken up."""
    query = (
        Crossing.select()
        .where(Crossing.hub == hub, Crossing.state == transfers.HELD)
        .order_by(Crossing.opened_entry)
        .limit(_MOST_HELD)
    )
    return tuple(_held(tx, row) for row in tx.rows(query))


def held_one(tx: Tx, record: bytes) -> HeldView | None:
    """One held payment; None when it does not wait (any more)."""
    row = tx.get(Crossing, id=record)
    return None if row is None or row.state != transfers.HELD else _held(tx, row)


def _held(tx: Tx, row: Crossing) -> HeldView:
    hub, entry = other_hub(tx, row.hub), chain.by_number(tx, row.opened_entry)
    assert hub is not None  # hubs are never removed from the roster
    assert entry is not None  # a crossing is folded from its entry
    payer = far_person(tx, row.hub, row.far)
    note = words_of(tx, row.opened_entry, "note")
    return HeldView(RecordId(bytes(row.id)), hub, payer, person(tx, row.near), row.amount, note, entry.act.at)


def log(
    tx: Tx,
    before: int | None = None,
    limit: int = 30,
    concerning: int | None = None,
    wanted: Wanted = Wanted(),
) -> tuple[tuple[LogLine, ...], int | None]:
    """Acts of keepers, root and hub, newest first, from before entry ``before``; and where the
    older ones begin (None at the end). Reversals, recalls and closings by somebody else are among them.
    A pile of paper slips is one line (``PILE``), at its first slip.

    Args:
        concerning: only the acts that concern this member: about the person, an account, a
            payment or a listing of that person, or the rules of all; here each slip is a line.
        wanted: only the acts that fit; when it names people, each slip is a line here too.
    """
    limit = max(1, min(limit, 200))
    taken_in = (Entry.kind == _IN_FILE) & (Entry.number == _came_in(tx, concerning))
    kinds = {*KEEPER_ACTS, *BY_OTHERS}
    kinds &= {SLIP_ACT if kind == PILE else kind for kind in wanted.kinds} or kinds
    lines: list[LogLine] = []
    cursor = before if wanted.end is None else min(wanted.end, wanted.end if before is None else before)
    whole = concerning is None and wanted.people is None
    while len(lines) <= limit:
        query = Entry.select(Entry.number, Entry.hash, Entry.body).where(
            Entry.kind.in_(sorted(kinds)) | taken_in
        )
        if wanted.first is not None:
            query = query.where(Entry.number >= wanted.first)
        if cursor is not None:
            query = query.where(Entry.number < cursor)
        rows = tx.rows(query.order_by(Entry.number.desc()).limit(limit + 1))
        entries = [chain.read(tx, row.number, row.hash, row.body) for row in rows]
        if concerning is not None:
            entries = [e for e in entries if concerning in concerned(tx, e) or _of_everybody(tx, e)]
        if wanted.people is not None:
            entries = [e for e in entries if wanted.people & (concerned(tx, e) | {e.actor})]
        if whole:
            entries = [e for e in entries if e.act.kind != SLIP_ACT or e.act.payload["line"] == 1]
        found = [line for entry in entries if (line := _log_line(tx, entry)) is not None]
        lines += [replace(line, kind=PILE) if whole and line.kind == SLIP_ACT else line for line in found]
        if len(rows) <= limit:
            break
        cursor = rows[-1].number
    older = lines[limit - 1].entry if len(lines) > limit else None
    return tuple(lines[:limit]), older


def _came_in(tx: Tx, concerning: int | None) -> int:
    """The entry with which a member came to be here: of a list of thousands each reads the own one."""
    row = None if concerning is None else tx.get(Member, number=concerning)
    return 0 if row is None else int(row.applied_entry)


def _log_line(tx: Tx, entry: chain.Entry) -> LogLine | None:
    act = entry.act
    _, _, name = act.authority.partition(":")
    who = person(tx, int(name)) if act.authority.startswith("member:") else None
    if act.kind in BY_OTHERS and (who is None or _own_act(tx, entry, who.number)):
        return None
    about = _about(tx, act.payload)
    reason = _reason(tx, entry) or (
        words_of(tx, entry.number, "text") if act.kind in ("end_dispute", "dispute_for") else ""
    )
    return LogLine(
        entry.number,
        act.at,
        act.kind,
        act.authority,
        who,
        None if about is None else person(tx, about),
        reason,
        act.payload,
        entry.outcome,
    )


def _reason(tx: Tx, entry: chain.Entry) -> str:
    """Why it was done; the note on a slip is none."""
    read = text_of if entry.act.kind == SLIP_ACT else words_of
    return read(tx, _reason_entry(tx, entry), "reason")


def _reason_entry(tx: Tx, entry: chain.Entry) -> int:
    """The entry that says why: an agreement has the reason of what it agrees to."""
    found = proposals.terms(tx, entry.act.payload["proposal"]) if entry.act.kind == "agree" else None
    return entry.number if found is None else found[2]


def _deed_of(tx: Tx, payload: codec.Body) -> codec.Body:
    """What an act names: the terms of the proposal, when it makes or answers one."""
    if "terms" in payload:
        return codec.Body(payload["terms"])
    found = proposals.terms(tx, payload["proposal"]) if "proposal" in payload else None
    return payload if found is None else found[1]


def _about(tx: Tx, payload: codec.Body) -> int | None:
    """The member whom an act concerns, by what it names."""
    payload = _deed_of(tx, payload)
    for name in ("member", "account", "owner"):
        if name in payload:
            return int(payload[name])
    if "objection" in payload:
        objection = tx.get(CareObjection, id=payload["objection"])
        payload = {} if objection is None else {"claim": bytes(objection.claim)}
    if "claim" in payload:
        claim = tx.get(Claim, id=payload["claim"])
        return claim.carer if claim else None
    if "transfer" in payload and (crossing := tx.get(Crossing, id=payload["transfer"])) is not None:
        return crossing.near if crossing.near > 0 else None
    if "transfer" in payload:
        transfer = tx.get(Transfer, id=payload["transfer"])
        return owner_of(tx, transfer.payee) if transfer else None
    if "listing" in payload:
        listing = tx.get(Listing, id=payload["listing"])
        return listing.owner if listing else None
    return None


def _of_everybody(tx: Tx, entry: chain.Entry) -> bool:
    """Whether an act changed the rules, the kinds of listings, or the hub's time: they are everybody's."""
    kind = entry.act.kind
    if kind in ("change_rules", "agree"):
        done = _deed_of(tx, entry.act.payload)
        return "changes" in done or "shift_ms" in done
    return kind in ("set_time", "correct_time", "set_category", "merge_category")


def concerned(tx: Tx, entry: chain.Entry) -> set[int]:
    """The members whom an act is about, by what its payload names; who acted is not among them."""
    found = _named(tx, entry.act.payload)
    if (created := entry.outcome.get("number")) is not None:
        found.add(int(created))
    return found - {entry.actor or 0, 0}


def _named(tx: Tx, payload: codec.Body) -> set[int]:
    payload = _deed_of(tx, payload)
    found: set[int] = set()
    for name in _MEMBERS & payload.keys():
        if isinstance(payload[name], int):
            found.add(payload[name])
    owners = {payload[name] for name in _ACCOUNTS & payload.keys() if isinstance(payload[name], int)}
    owners.update(pair[0] for pair in payload.get("amounts", ()))
    for line in payload.get("lines", ()):
        if isinstance(line, list):  # of slips and imports: payer, payee, amount, ...
            owners.update(number for number in line[:2] if isinstance(number, int))
    if "transfer" in payload:
        record = payload["transfer"]
        owners.update(n for (n,) in tx.select("SELECT account FROM posting WHERE transfer = ?", record))
        if (crossing := tx.get(Crossing, id=record)) is not None:
            owners.add(crossing.near)
    found.update(owner for number in owners if (owner := owner_of(tx, number)) is not None)
    about = _about(tx, payload)
    return found if about is None else found | {about}


_MEMBERS = frozenset({"member", "owner", "helper", "heir", "newcomer"})
_ACCOUNTS = frozenset({"account", "payer", "payee", "to"})


def _own_act(tx: Tx, entry: chain.Entry, who: int) -> bool:
    """Whether who acted did so on an own account, or as its helper: no keeper's act."""
    payload = entry.act.payload
    if who == _about(tx, payload) or ("account" in payload and owner_of(tx, payload["account"]) == who):
        return True
    transfer = tx.get(Transfer, id=payload["transfer"]) if "transfer" in payload else None
    acted_on = transfer.payee if transfer is not None and entry.act.kind == "reverse" else None
    return acted_on is not None and helper(tx, acted_on, who) is not None
