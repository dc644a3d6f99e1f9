"""Making the proof of a settled claim (``care.proof``), out of the book."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import chain, rules
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.private import PrivateSalt, PrivateText
from appliance.ledger.book.schema import Claim, MemberKey, RosterRow, Setting, Witness
from appliance.ledger.book.schema_far import FarWitness
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.ledger.book.store import Tx
from appliance.ledger.care import policy
from appliance.ledger.care.proof import form
from appliance.ledger.care.proof.form import (
    FarRow,
    FarSign,
    HubPart,
    Life,
    Proof,
    Row,
    Signed,
    Statement,
    Word,
    Words,
)
from appliance.ledger.care.states import CONFIRMED, PAID, SIGNED
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.values import parse_code

Sign = Callable[[bytes], bytes]
"""64 bytes of Ed25519 by the signing key of the hub's present life."""

PROVABLE: Final = (CONFIRMED, PAID)
"""Claims that have a proof: enough people have confirmed them, and no objection was upheld."""


def find(tx: Tx, text: str) -> Claim | None:
    """The claim that people name so: its address, its code, or its id in hexadecimal digits."""
    text = text.strip().rstrip("/").split("/")[-1]
    if (code := parse_code(text)) is not None and (row := tx.get(Claim, code=code)) is not None:
        return row
    try:
        return tx.get(Claim, id=bytes.fromhex(text))
    except ValueError:
        return None


def refuse(tx: Tx, claim: Claim | None) -> Refusal | None:
    """Why there is no proof of this claim now."""
    if claim is None:
        return Refusal(Code.UNKNOWN_CLAIM, {}, (Action.HOME,))
    if claim.state not in PROVABLE:
        return Refusal(Code.CLAIM_CLOSED if claim.closed_entry else Code.QUORUM_MISSING, {}, (Action.SHOW,))
    if _own_row(tx) is None:
        # Nobody elsewhere could go from the community's root to this hub's key.
        return Refusal(Code.HUB_NOT_ADMITTED, {}, (Action.ASK_KEEPER,))
    return None


def make(tx: Tx, claim: Claim | None, sign: Sign, now: Instant, words: bool = False) -> Proof | Refusal:
    """The proof of a claim, signed by this hub.

    Args:
        words: with who was cared for, where and what, in words, as far as they have not been erased.
    """
    if refusal := refuse(tx, claim):
        return refusal
    assert claim is not None  # or it was refused
    begun = _entry(tx, claim.opened_entry)
    last = begun if claim.text_entry in (None, claim.opened_entry) else _entry(tx, claim.text_entry)
    acts = [begun] if last is begun else [begun, last]
    found = tx.found(Witness, "claim = ? AND state = ? ORDER BY entry", claim.id, SIGNED)
    cosigns = [_entry(tx, witness.entry) for witness in found]
    every = (*acts, *cosigns)
    stands = [(entry.actor or 0, int(entry.number)) for entry in every]
    rows = tuple(row for member in dict.fromkeys(m for m, _ in stands) for row in key_log(tx, member))
    far = tx.found(FarWitness, "claim = ? AND state = ? ORDER BY entry, hub, member", claim.id, SIGNED)
    said = Word(
        bytes(claim.id),
        now.ms,
        int(now.quality),
        _statement(tx, claim),
        _needed(rows, stands),
        tuple(stands),
        _far_rows(tx, far),
        tuple((one.hub, one.member, one.entry) for one in far),
    )
    told = _words(tx, int(last.number)) if words else None
    signs = tuple(FarSign(one.hub, one.member, bytes(one.signature or b"")) for one in far)
    return Proof((_home(tx, said, sign),), tuple(map(_act, acts)), tuple(map(_act, cosigns)), told, signs)


def _far_rows(tx: Tx, far: list[FarWitness]) -> tuple[FarRow, ...]:
    """Of each co-signer of another hub the key that signed and the newest, as that hub told them."""
    logs: dict[tuple[int, int], list[FarRow]] = {(one.hub, one.member): [] for one in far}
    for entry in chain.acts_of_kinds(tx, ("arrive_care_key",)) if far else ():
        p, at = entry.act.payload, entry.act.at
        log = logs.get((p["hub"], p["member"]))
        # A hub that was restored counts its members' keys from where its backup did: what counts is another key.
        if log is not None and (not log or log[-1].public != p["public"]):
            row = FarRow(p["hub"], p["member"], p["seq"], p["public"], entry.number, at.ms, int(at.quality))
            log.append(row)
    kept: list[FarRow] = []
    for one in far:
        log = logs[(one.hub, one.member)]
        kept += [row for row in log if row is log[-1] or row.public == bytes(one.public or b"")]
    return tuple(kept)


def _entry(tx: Tx, number: int) -> Entry:
    entry = chain.by_number(tx, number)
    assert entry is not None  # a row of the state names entries of the book
    return entry


def _act(entry: Entry) -> Signed:
    act = entry.act
    return Signed(
        0,
        act.place.incarnation,
        act.at.ms,
        int(act.at.quality),
        entry.actor or 0,
        act.key,
        act.kind,
        act.version,
        act.payload,
        act.private_digest,
        entry.signature,
    )


def key_log(tx: Tx, member: int) -> tuple[Row, ...]:
    """All keys that a member has had, the first one first."""
    return tuple(
        _row(tx, row)
        for row in tx.rows(MemberKey.select().where(MemberKey.member == member).order_by(MemberKey.seq))
    )


def _row(tx: Tx, row: MemberKey) -> Row:
    begun = _entry(tx, row.entry)
    ended = None
    if row.ended_entry is not None:
        end = _entry(tx, row.ended_entry)
        ended = (int(end.number), int(end.act.at.ms), int(end.act.at.quality))
    made = form.AT_JOINING if begun.act.kind == "join" else form.BY_KEEPER
    at = begun.act.at
    return Row(row.member, row.seq, bytes(row.public), row.entry, at.ms, int(at.quality), made, ended)


def _needed(rows: Iterable[Row], stands: list[tuple[int, int]]) -> tuple[Row, ...]:
    """Of each member the keys that signed, and the newest: what was before and between proves nothing here."""
    kept: list[Row] = []
    rows = tuple(rows)
    for row in rows:
        newest = max(other.seq for other in rows if other.member == row.member)
        until = row.ended[0] if row.ended else chain.LAST_NUMBER
        used = any(member == row.member and row.entry < entry < until for member, entry in stands)
        if used or row.seq == newest:
            kept.append(row)
    return tuple(kept)


def _statement(tx: Tx, claim: Claim) -> Statement:
    terms, kept = policy.terms_of(tx, claim.id), tx.get(Setting, name="care")
    assert kept is not None  # a founded hub has rules of care
    unit = rules.load(tx).community.counted_in
    return Statement(
        claim.amount,
        claim.quorum,
        bool(terms and terms.need_recipient),
        bool(terms and terms.need_keeper),
        kept.entry,
        codec.digest("tch.care.rules", bytes(kept.body))[:8],
        claim.closed_entry,
        unit.decimals,
        unit.symbol,
    )


def _words(tx: Tx, entry: int) -> Words | None:
    salt = tx.get(PrivateSalt, entry=entry)
    found = tx.found(PrivateText, "entry = ? ORDER BY field", entry)
    return Words(bytes(salt.salt), {row.field: row.text for row in found}) if salt and found else None


def _own_row(tx: Tx) -> RosterRow | None:
    return tx.get(RosterRow, hub=_entry(tx, 1).act.place.hub)


def _home(tx: Tx, word: Word, sign: Sign) -> HubPart:
    row = _own_row(tx)
    assert row is not None  # ``refuse`` saw it
    community = _entry(tx, 1).act.place.community
    found = hub_part(tx, row.hub, row.incarnation, word)
    assert found is not None  # the row's own life
    return replace(found, signature=sign(word.form(community, row.hub, row.incarnation)))


def hub_part(tx: Tx, hub: int, incarnation: int, word: Word) -> HubPart | None:
    """A hub of the roster, in a life of it, as a proof has it, with a word that is not signed yet.

    None: it is in no roster here, or this life of it is not known.
    """
    row = tx.get(RosterRow, hub=hub)
    if row is None or incarnation > row.incarnation:
        return None
    entry = _entry(tx, row.entry)
    community, p = entry.act.place.community, entry.act.payload
    life, lived = None, tx.get(LifeRow, hub=hub, incarnation=incarnation)
    if lived is None and incarnation > 1:
        return None
    if lived is not None and incarnation > 1:
        life = Life(
            lived.incarnation,
            bytes(lived.signing_key),
            lived.closed_number,
            bytes(lived.closed_head),
            bytes(lived.certificate),
        )
    return HubPart(
        p["seq"],
        p["previous"],
        community,
        p["hub"],
        p["name"],
        p["root_key"],
        p["box_key"],
        p["signing_key"],
        p["certificate"],
        p["signature"],
        life,
        word,
        b"",
    )
