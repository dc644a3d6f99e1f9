"""Proofs of care between hubs: who may have one, what is sent, and what is kept of those that came.

A claim says who cared for whom. So a hub gives its proof to a hub whose member confirmed it, which was shown that
already, and to one that a keeper here has let have it (``hub care let``), as a file would be given. Nobody else learns
so much as whether there is such a claim. What has come is believed when ``care.proof`` verifies it, and kept with
the keys that it brought: the next proof from that hub is shorter by them.
"""

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from appliance.ledger.book import rules
from appliance.ledger.book.local import ProofAsked, ProofLet, ProofWanted
from appliance.ledger.book.schema import Claim, RosterRow
from appliance.ledger.book.schema_far import AskedHere, FarWitness
from appliance.ledger.book.store import Tx
from appliance.ledger.care.proof import compact
from appliance.ledger.care.proof.checking import Held, check, terms_of
from appliance.ledger.care.proof.form import Proof, Row, Word, decode
from appliance.ledger.care.states import SIGNED
from appliance.ledger.clock import Instant
from appliance.ledger.errors import BadProof, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.people import roster
from appliance.ledger.reads import care_proof

ID_BYTES: Final = 16
TERMS_BYTES: Final = 32
ASKED, VALID, BAD, REFUSED, SILENT = "asked", "valid", "bad", "refused", "silent"
MOST_ASKED: Final = 64
"""Proofs that a hub asks others for at one time."""
MOST_WANTED: Final = 64
"""Asks that were answered with no, kept for the keepers here; the oldest goes when there is one more."""


class No(IntEnum):
    """Why a hub does not send a proof, as it stands on the wire."""

    NOT_FOR_YOU = 0
    """There is no such claim, or it is not for the hub that asks: which of the two is not told."""
    NOT_SETTLED = 1
    NO_FORM = 2
    """It has no form for the air (an old claim, or too long): it goes by hand, as a file."""


# -------------------------------------------------------------------------------------------- being asked


def claim_about(tx: Tx, about: bytes) -> Claim | None:
    """The claim with this id (16 bytes) or these terms (32)."""
    if len(about) == ID_BYTES:
        return tx.get(Claim, id=about)
    return next(iter(tx.found(Claim, "terms = ?", about)), None)


def may_have(tx: Tx, claim: Claim, hub: int) -> bool:
    """Whether ``hub`` may have the proof of a claim here."""
    if tx.get(ProofLet, claim=bytes(claim.id), hub=hub) is not None:
        return True
    return bool(tx.found(FarWitness, "claim = ? AND hub = ? AND state = ?", bytes(claim.id), hub, SIGNED))


def answer(hub: Hub, asker: int, about: bytes, keys: Collection[tuple[int, int]]) -> bytes | No:
    """The compact bytes of a proof for ``asker``, made and signed now; or why not.

    Args:
        keys: (member, which) of those keys of our members that the asker holds.
    """
    with hub.reading() as tx:
        claim = claim_about(tx, about)
        if claim is None or not may_have(tx, claim, asker):
            return No.NOT_FOR_YOU
        made = care_proof.make(tx, claim, hub.sign, hub.clock.now())
        if isinstance(made, Refusal):
            return No.NOT_SETTLED
        known = _named(tx, hub.number, made, keys)
        unit = _unit(tx)
    try:
        return compact.pack(made, unit, known)
    except BadProof:
        return No.NO_FORM


def _named(tx: Tx, hub: int, proof: Proof, keys: Collection[tuple[int, int]]) -> dict[compact.KeyName, Row]:
    members = {row.member for row in proof.home.word.rows}
    rows = (row for member in members for row in care_proof.key_log(tx, member))
    return {
        (hub, row.member, row.seq): replace(row, ended=None) for row in rows if (row.member, row.seq) in keys
    }


def _unit(tx: Tx) -> tuple[int, str]:
    unit = rules.load(tx).community.counted_in
    return unit.decimals, unit.symbol


def let(tx: Tx, claim: Claim, hub: int, now: Instant) -> None:
    """Let ``hub`` have the proof of this claim."""
    tx.put(ProofLet, claim=bytes(claim.id), hub=hub, at_ms=now.ms, quality=int(now.quality))
    tx.delete(ProofWanted, (ProofWanted.claim == bytes(claim.id)) & (ProofWanted.hub == hub))


def note_wanted(hub: Hub, asker: int, about: bytes) -> None:
    """``asker`` was told that a claim is not for it: if there is one, keepers here read of it and may let it.

    Written once for a claim and a hub, however often it asks.

    Raises:
        HubError: the book is busy or cannot be written.
    """
    with hub.reading() as tx:
        claim = claim_about(tx, about)
        known = claim is None or tx.get(ProofWanted, claim=bytes(claim.id), hub=asker) is not None
    if claim is None or known:
        return
    now = hub.clock.now()
    with hub.store.write() as tx:
        tx.put(ProofWanted, claim=bytes(claim.id), hub=asker, at_ms=now.ms, quality=int(now.quality))
        for old in wanted(tx)[MOST_WANTED:]:
            tx.delete(ProofWanted, (ProofWanted.claim == old.claim) & (ProofWanted.hub == old.hub))


def wanted(tx: Tx) -> list[ProofWanted]:
    """What other hubs asked for and may not have, the newest first."""
    return tx.found(ProofWanted, "1 = 1 ORDER BY at_ms DESC, hub, claim")


# -------------------------------------------------------------------------------------------------- asking


def about_named(tx: Tx, hub: int, text: str) -> bytes | None:
    """What is meant: a claim's id or terms in hexadecimal digits; or an ask of ``hub`` to members here, by its id or address."""
    try:
        named = bytes.fromhex(text.strip().rstrip("/").split("/")[-1])
    except ValueError:
        return None
    if len(named) not in (ID_BYTES, TERMS_BYTES):
        return None
    row = tx.get(AskedHere, id=named) if len(named) == ID_BYTES else None
    return bytes(row.terms) if row is not None and row.hub == hub else named


def ask(tx: Tx, hub: int, about: bytes, now: Instant) -> bool:
    """Ask ``hub`` for a proof, anew when it was asked before. False: too many are being asked for.

    A proof that is here stays until a better one has come.
    """
    before = tx.get(ProofAsked, hub=hub, about=about)
    if (before is None or before.state != ASKED) and len(waiting(tx)) >= MOST_ASKED:
        return False
    _put(tx, hub, about, now, proof=None if before is None else before.proof)
    return True


def _put(tx: Tx, hub: int, about: bytes, now: Instant, proof: bytes | None) -> None:
    tx.put(
        ProofAsked,
        hub=hub,
        about=about,
        at_ms=now.ms,
        quality=int(now.quality),
        state=ASKED,
        why="",
        held=0,
        parts=0,
        bare=False,
        proof=proof,
    )


def in_roster(tx: Tx, hub: int) -> bool:
    """Whether a hub of this number has been admitted."""
    return tx.get(RosterRow, hub=hub) is not None


def others(tx: Tx, own: int) -> list[tuple[int, str]]:
    """The other hubs of the community with their names, in the order of their admission."""
    found = tx.select("SELECT hub, name FROM roster WHERE hub <> ? ORDER BY seq", own)
    return [(int(hub), str(name)) for hub, name in found]


def waiting(tx: Tx) -> list[ProofAsked]:
    """The proofs that are being asked for."""
    return tx.found(ProofAsked, "state = ? ORDER BY at_ms, hub, about", ASKED)


def asked(tx: Tx) -> list[ProofAsked]:
    """All proofs that were asked for, the newest first."""
    return tx.found(ProofAsked, "1 = 1 ORDER BY at_ms DESC, hub, about")


def keys_here(tx: Tx, hub: int) -> dict[compact.KeyName, Row]:
    """The keys of members of ``hub`` that verified proofs have brought, the newest proof's first."""
    found: dict[compact.KeyName, Row] = {}
    for row in tx.found(ProofAsked, "hub = ? AND proof IS NOT NULL ORDER BY at_ms DESC", hub):
        with contextlib.suppress(BadProof):  # of a later release, or damaged: as if it were not here
            for name, key in compact.keys_of(decode(bytes(row.proof or b""))).items():
                found.setdefault(name, key)
    return found


def came(tx: Tx, row: ProofAsked, held: int, parts: int) -> None:
    """So many of so many parts are here."""
    _change(tx, row, held=held, parts=parts)


def ended(tx: Tx, row: ProofAsked, state: str, why: str = "") -> None:
    """It is asked for no more."""
    _change(tx, row, state=state, why=why)


def _change(tx: Tx, row: ProofAsked, **fields: object) -> None:
    tx.update(ProofAsked, {"hub": row.hub, "about": bytes(row.about)}, **fields)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a proof that is here whole: its ``state``, why, and whether to ask again for all keys."""

    state: str
    why: str = ""
    held: Held | None = None


def take_in(tx: Tx, row: ProofAsked, data: bytes) -> Outcome:
    """Verify a proof whose parts are all here, and keep it when it holds.

    One that names keys which are not here, or does not hold with those that are, is asked for once more, with all keys.
    """
    about, hub = bytes(row.about), int(row.hub)
    keys = {} if row.bare else keys_here(tx, hub)
    try:
        held = _verified(tx, hub, data, keys)
        named = held.claim if len(about) == ID_BYTES else terms_of(held.proof)
        if named != about:
            raise BadProof("other_claim", "the proof of another claim")
    except BadProof as error:
        # A hub that was restored may have given a number of a key once more: what is here under it fits nothing then.
        if not row.bare and (error.why == "missing_key" or (keys and error.why != "other_claim")):
            _change(tx, row, bare=True, held=0, parts=0)
            return Outcome(ASKED, error.why)
        ended(tx, row, BAD, error.why)
        return Outcome(BAD, error.why)
    _change(tx, row, state=VALID, why="", held=row.parts, proof=held.proof.encode())
    return Outcome(VALID, "", held)


def _verified(tx: Tx, hub: int, data: bytes, keys: Mapping[compact.KeyName, Row]) -> Held:
    silent = Word(b"", 0, 0, None, (), ())
    known = compact.Known(lambda number, life: care_proof.hub_part(tx, number, life, silent), _unit(tx), keys)
    return check(compact.unpack(data, hub, known), (roster.community_key(tx),))


def names(keys: Iterable[compact.KeyName]) -> tuple[tuple[int, int], ...]:
    """(member, which) of keys, as an ask names them."""
    return tuple((member, which) for _hub, member, which in keys)
