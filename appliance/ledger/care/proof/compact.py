"""A proof as it goes over the air: what the other hub has, or can reckon out, is left away.

Another hub of the community has the roster, so the first hub's entry and life are named by its number and life;
and it has the keys that an earlier proof brought, which are named by whose they are and which of theirs.
What people and hub signed is restored to the letter, or the signatures do not fit: so what is left away
needs no digest. Words never travel. ``docs/wire.md`` describes the array.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from appliance.ledger import codec
from appliance.ledger.care.proof.form import (
    FarRow,
    FarSign,
    HubPart,
    Proof,
    Row,
    Signed,
    Statement,
    Word,
)
from appliance.ledger.errors import BadEncoding, BadProof

FORM: Final = 1
SIGNATURE_BYTES: Final = 64
KINDS: Final = ("child", "elder", "sick", "birth", "household", "company", "commons", "other")
"""Kinds of care by their place on the wire (``book.rules.CARE_CATEGORIES``)."""

_CLAIM: Final = ("carer", "recipient", "category", "minutes", "start", "day", "witnesses")
_FIELDS: Final[dict[tuple[str, int], tuple[str, ...]]] = {
    ("claim_care", 2): _CLAIM,
    ("claim_care", 3): (*_CLAIM, "sheet"),
    ("edit_claim", 1): _CLAIM[1:],
    ("cosign", 2): (),
}
"""What the payloads have to say that is not known, by kind and version of the act."""

KeyName = tuple[int, int, int]
"""Hub, member, and which of the member's keys."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a hub that receives a proof has already.

    ``hub``: a hub of the roster as a proof would have it, of any word; None when it is in none. ``unit``: places after
    the point and sign of the community's unit. ``keys``: rows by name; without their ends, which the proof tells.
    """

    hub: Callable[[int, int], HubPart | None]
    unit: tuple[int, str]
    keys: Mapping[KeyName, Row]


class CannotCompact(BadProof):
    """A proof that has no compact form: of an older claim, or with co-signers whose hubs speak for themselves."""


def usual_key(claim: bytes, terms: bytes) -> bytes:
    """The idempotency key that the portal gives a co-signature (``web.acting.key_for``)."""
    return codec.digest("tch.web.once", b"cosign\0" + claim + terms)[:16]


def keys_of(proof: Proof) -> dict[KeyName, Row]:
    """The keys that a proof brings, as the next one may refer to them."""
    hub = proof.home.number
    return {(hub, row.member, row.seq): replace(row, ended=None) for row in proof.home.word.rows}


# ------------------------------------------------------------------------------------------ packing


def pack(proof: Proof, unit: tuple[int, str], keys: Mapping[KeyName, Row]) -> bytes:
    """The compact bytes of ``proof``, for a hub that has ``keys`` and counts in ``unit``.

    Raises:
        CannotCompact: see there.
    """
    if len(proof.hubs) != 1 or any(not _has_form(act) for act in _acts(proof)):
        raise CannotCompact("damaged", "no compact form")
    stated, word, acts = proof.statement, proof.home.word, _acts(proof)
    roles = stated.need_recipient + 2 * stated.need_keeper
    own = (stated.decimals, stated.symbol)
    other: codec.Value = None if own == unit else list(own)
    first = min(entry for _member, entry in word.signed)
    lines = [entry - first for _member, entry in word.signed]
    items: list[codec.Value] = [
        *(FORM, proof.home.incarnation, word.ms, word.quality, other),
        *(stated.amount, stated.quorum, roles, stated.policy, stated.rules),
        None if stated.paid is None else stated.paid - first,
        first,
        len(proof.acts),
    ]
    for act, line in zip(acts, lines, strict=True):
        items += [act.member, line, word.ms - act.ms, _life(proof, act), *_said(proof, act)]
    items += [_key_names(proof.home.number, list(log), keys) for _m, log in groupby(word.rows, _member)]
    far = [row.to_list() for row in word.far_rows]
    items.append([far, [list(line) for line in word.far_lines]] if proof.far else None)
    items.append(
        b"".join(
            [proof.home.signature, *(one.signature for one in acts), *(one.signature for one in proof.far)]
        )
    )
    return codec.encode(items)


def _acts(proof: Proof) -> tuple[Signed, ...]:
    return (*proof.acts, *proof.cosigns)


def _member(row: Row) -> int:
    return row.member


def _life(proof: Proof, act: Signed) -> codec.Value:
    """The quality of its time; with the life it was signed in when that is not the present one."""
    same = act.incarnation == proof.home.incarnation
    return act.quality if same else [act.quality, act.incarnation]


def _said(proof: Proof, act: Signed) -> list[codec.Value]:
    if act.kind == "cosign":
        usual = usual_key(act.payload["claim"], act.payload["terms"])
        return [None if act.key == usual else act.key]
    names = _FIELDS[act.kind, act.version]
    values = [act.payload[name] for name in names]
    at = names.index("category")
    values[at] = KINDS.index(values[at])
    return [act.key, act.private_digest, act.version, *values]


def _has_form(act: Signed) -> bool:
    """Whether nothing else is in it than is packed."""
    names = _FIELDS.get((act.kind, act.version))
    if names is None:
        return False
    implied = {"claim_care": (), "edit_claim": ("claim",), "cosign": ("claim", "terms")}[act.kind]
    return set(act.payload) == {*names, *implied} and act.payload.get("category", KINDS[0]) in KINDS


def _key_names(hub: int, log: list[Row], keys: Mapping[KeyName, Row]) -> codec.Value:
    """The keys of one member: one that is known and in force is a number, which of theirs it is."""
    named: list[Any] = []
    for row in log:
        known = keys.get((hub, row.member, row.seq)) == replace(row, ended=None)
        brought = [] if known else [row.public, row.entry, row.ms, row.quality, row.made]
        named.append([row.seq, None if row.ended is None else list(row.ended), *brought])
    if len(named) == 1 and named[0][1:] == [None]:
        return int(named[0][0])
    return named


# ---------------------------------------------------------------------------------------- unpacking


def unpack(data: bytes, hub: int, known: Known) -> Proof:
    """The proof in compact bytes that ``hub`` sent. Nothing of it is believed yet: see ``checking.check``.

    Raises:
        BadProof: it is none, or refers to a key or hub that is not here (``missing_key``).
    """
    try:
        return _Reader(codec.decode(data), hub, known).proof()
    except BadProof:
        raise
    except (BadEncoding, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise BadProof("damaged", f"not a proof in compact form ({error})") from error


class _Reader:
    def __init__(self, value: Any, hub: int, known: Known) -> None:
        if not isinstance(value, list) or not value or value[0] != FORM or type(value[0]) is not int:
            raise BadProof("not_a_proof", "not a compact proof of a form this release reads")
        *items, far, self._signatures = value[1:]
        self._items, self._hub, self._known = items[::-1], hub, known
        self._far_rows, self._far_lines = ([], []) if far is None else far

    def _next(self) -> Any:
        return self._items.pop()

    def _several(self, count: int) -> list[Any]:
        return [self._next() for _ in range(count)]

    def proof(self) -> Proof:
        """What was packed, with all that was left away."""
        incarnation, ms, quality, unit = self._several(4)
        amount, quorum, roles, policy, rules, paid, first, count = self._several(8)
        home = self._known.hub(self._hub, incarnation)
        if home is None or not 1 <= count <= 2 or not 0 <= roles <= 3:
            raise BadProof(
                "missing_key", f"hub {self._hub} in its life {incarnation} is not in the roster here"
            )
        decimals, symbol = self._known.unit if unit is None else unit
        own = (policy, rules, None if paid is None else paid + first, decimals, symbol)
        stated = Statement(amount, quorum, bool(roles & 1), bool(roles & 2), *own)
        begun = [self._act("claim_care", ms, incarnation)]
        if count == 2:
            claim = _id(begun[0][0], home)
            begun.append(self._act("edit_claim", ms, incarnation, {"claim": claim}))
        acts = [act for act, _line in begun]
        lines = [(act.member, line + first) for act, line in begun]
        claim, terms = _id(acts[0], home), _terms(acts[-1], home, stated)
        cosigns = []
        # As many as there are signatures: one is the hub's, some are from afar.
        signers = len(self._signatures) // SIGNATURE_BYTES - 1 - len(acts) - len(self._far_lines)
        for _ in range(signers):
            act, line = self._act("cosign", ms, incarnation, {"claim": claim, "terms": terms})
            cosigns.append(act)
            lines.append((act.member, line + first))
        members = list(dict.fromkeys(member for member, _line in lines))
        rows = tuple(row for member in members for row in self._rows(member))
        far = [FarRow(*row) for row in self._far_rows]
        over = tuple((one, member, line) for one, member, line in self._far_lines)
        word = Word(claim, ms, quality, stated, rows, tuple(lines), tuple(far), over)
        return self._signed(home, word, acts, cosigns)

    def _act(self, kind: str, until: int, here: int, named: codec.Body | None = None) -> tuple[Signed, int]:
        member, line, ago, life, key = self._several(5)
        quality, incarnation = life if isinstance(life, list) else (life, here)
        digest, said = None, dict(named or {})
        version = 2
        if kind == "cosign":
            key = usual_key(said["claim"], said["terms"]) if key is None else key
        else:
            digest, version = self._several(2)
            names = _FIELDS[kind, version]
            said |= dict(zip(names, self._several(len(names)), strict=True))
            said["category"] = KINDS[said["category"]]
        parts = (0, incarnation, until - ago, quality, member, key, kind, version, said, digest)
        return Signed(*parts, b""), line

    def _rows(self, member: int) -> list[Row]:
        named = self._next()
        log = [[named, None]] if type(named) is int else named
        return [self._row(member, *one) for one in log]

    def _row(self, member: int, seq: int, ended: list[int] | None, *brought: Any) -> Row:
        until = None if ended is None else (ended[0], ended[1], ended[2])
        if brought:
            public, entry, ms, quality, made = brought
            return Row(member, seq, public, entry, ms, quality, made, until)
        row = self._known.keys.get((self._hub, member, seq))
        if row is None:
            raise BadProof("missing_key", f"key {seq} of member {member} of hub {self._hub} is not here")
        return replace(row, ended=until)

    def _signed(self, home: HubPart, word: Word, acts: list[Signed], cosigns: list[Signed]) -> Proof:
        size, blob = SIGNATURE_BYTES, self._signatures
        if self._items or len(blob) % size:
            raise BadProof("damaged", "a compact proof with more than belongs to it")
        each = [blob[at : at + size] for at in range(0, len(blob), size)]
        whose = len(acts) + len(cosigns)
        signed = [replace(act, signature=one) for act, one in zip([*acts, *cosigns], each[1:], strict=False)]
        far = zip(word.far_lines, each[1 + whose :], strict=True)
        found = Proof(
            (replace(home, word=word, signature=each[0]),),
            tuple(signed[: len(acts)]),
            tuple(signed[len(acts) :]),
            None,
            tuple(FarSign(hub, member, one) for (hub, member, _line), one in far),
        )
        found.encode()  # what has no canonical form is none
        return found


def _id(act: Signed, home: HubPart) -> bytes:
    return codec.digest("tch.act", act.form(home.community, home.number))[:16]


def _terms(act: Signed, home: HubPart, stated: Statement) -> bytes:
    digest = codec.digest("tch.act", act.form(home.community, home.number))
    made: list[codec.Value] = [
        digest,
        stated.amount,
        stated.quorum,
        stated.need_recipient,
        stated.need_keeper,
    ]
    return codec.digest("tch.claim.2", codec.encode(made))
