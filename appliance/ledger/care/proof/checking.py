"""Whether a proof holds: from the community's root key down to each co-signature."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from appliance.ledger import codec, keys
from appliance.ledger.care.proof import paper
from appliance.ledger.care.proof.form import FarRow, FarSign, HubPart, Proof, Row, Signed, decode, far_form
from appliance.ledger.errors import BadEncoding, BadProof, BadSignature

_ROLES_FROM: Final = 2
"""The version of a claim from which its terms name roles."""


@dataclass(frozen=True, slots=True)
class Co:
    """A co-signature that holds: of which hub's member, under which key, on which line of that hub's book."""

    hub: int
    member: int
    entry: int
    ms: int
    quality: int
    row: Row
    newest: Row


@dataclass(frozen=True, slots=True)
class Far:
    """A co-signature from another hub that holds: the claim's hub says which key that hub had told it."""

    hub: int
    member: int
    entry: int
    row: FarRow
    newest: FarRow


@dataclass(frozen=True, slots=True)
class Held:
    """What a proof that holds says. ``said``: the payload of the terms that were signed; ``writer``: whose act it is."""

    proof: Proof
    claim: bytes
    carer: int
    said: codec.Body
    writer: Co
    cosigners: tuple[Co, ...]
    far: tuple[Far, ...]
    words: codec.Body | None


def verify(data: bytes, roots: tuple[bytes, ...]) -> Held:
    """What the proof in ``data`` says, once all of it holds: its bytes, or the text of its page's codes.

    Args:
        roots: public keys of the communities that are trusted (32 bytes each); the claim's own first.

    Raises:
        BadProof: it does not hold; ``why`` names the first reason found. Nothing else, whatever the bytes.
    """
    return check(decode(paper.read(data) if paper.looks_like(data) else data), roots)


def check(proof: Proof, roots: tuple[bytes, ...]) -> Held:
    """As ``verify``, of a proof that was read.

    Raises:
        BadProof: it does not hold.
    """
    try:
        return _check(proof, roots)
    except BadEncoding as error:  # a name or text that has no canonical form
        raise BadProof("damaged", str(error)) from error


def _check(proof: Proof, roots: tuple[bytes, ...]) -> Held:
    if len({(hub.community, hub.number) for hub in proof.hubs}) != len(proof.hubs):
        raise BadProof("damaged", "a hub twice")
    for place, hub in enumerate(proof.hubs):
        _check_hub(hub, roots[:1] if place == 0 else roots)
    first = proof.acts[0]
    if first.kind != "claim_care" or any(act.hub for act in proof.acts):
        raise BadProof("damaged", "not a claim of its hub")
    claim = _digest(proof, first)[:16]
    if any(hub.word.claim != claim for hub in proof.hubs):
        raise BadProof("other_claim", "a hub's word is about another claim")
    last = proof.acts[-1]
    if last is not first and (last.kind != "edit_claim" or last.payload.get("claim") != claim):
        raise BadProof("other_claim", "the edit is of another claim")
    writer = _check_act(proof, last)
    if last is not first:
        _check_act(proof, first)
    terms, carer = _terms(proof, last), first.payload.get("carer")
    if type(carer) is not int:
        raise BadProof("damaged", "no carer")
    _check_said(proof, last.payload)
    found = tuple(_check_cosign(proof, one, claim, terms) for one in proof.cosigns)
    stated = proof.statement
    care = [carer, *(last.payload[name] for name in ("category", "minutes", "day")), stated.amount]
    far = tuple(_check_far(proof, one, terms, care) for one in proof.far)
    _check_people(proof, len(found) + len(far), carer)
    _check_lines(proof)
    words = proof.words
    if words is not None and (not words.fields or _salted(proof) != last.private_digest):
        raise BadProof("words_differ", "the words are not those that were signed")
    return Held(
        proof, claim, carer, last.payload, writer, found, far, None if words is None else words.fields
    )


def _salted(proof: Proof) -> bytes | None:
    try:
        return None if proof.words is None else proof.words.digest()
    except ValueError as error:  # a salt longer than a key can be
        raise BadProof("damaged", str(error)) from error


def _signature(public: bytes, form: bytes, signature: bytes, why: str, what: str) -> None:
    try:
        keys.check(public, form, signature)
    except BadSignature as error:
        raise BadProof(why, what) from error


def _check_hub(hub: HubPart, roots: tuple[bytes, ...]) -> None:
    """Root of the community, root of the hub, key of its life, and its word."""
    root = next((one for one in roots if keys.community_id(one) == hub.community), None)
    if root is None:
        raise BadProof("wrong_community", f"hub {hub.number} is of another community than the key given")
    _signature(root, hub.roster_form(), hub.admission, "not_admitted", f"hub {hub.number} was not admitted")
    begun = keys.Certificate(hub.community, hub.number, 1, hub.signing_key)
    _signature(hub.root_key, begun.form(), hub.certificate, "not_certified", "the hub's key is not certified")
    if (life := hub.life) is not None:
        if life.incarnation < 2:
            raise BadProof("damaged", "a first life with a certificate of its own")
        lived = keys.Certificate(
            hub.community,
            hub.number,
            life.incarnation,
            life.signing_key,
            life.closed_number,
            life.closed_head,
        )
        _signature(hub.root_key, lived.form(), life.certificate, "not_certified", "the life is not certified")
    form = hub.word.form(hub.community, hub.number, hub.incarnation)
    _signature(hub.key, form, hub.signature, "not_said", f"hub {hub.number} did not sign its word")


def _digest(proof: Proof, act: Signed) -> bytes:
    return codec.digest("tch.act", act.form(proof.home.community, proof.home.number))


def terms_of(proof: Proof) -> bytes:
    """The terms that the co-signers of a proof signed."""
    return _terms(proof, proof.acts[-1])


def _terms(proof: Proof, act: Signed) -> bytes:
    """What co-signers signed, out of the act that says it and what the rules made of it."""
    said, digest = proof.statement, _digest(proof, act)
    if act.kind == "claim_care" and act.version < _ROLES_FROM:
        return codec.digest("tch.claim", codec.encode([digest, said.amount, said.quorum]))
    made: list[codec.Value] = [digest, said.amount, said.quorum, said.need_recipient, said.need_keeper]
    return codec.digest("tch.claim.2", codec.encode(made))


def _hub_of(proof: Proof, act: Signed) -> HubPart:
    if not 0 <= act.hub < len(proof.hubs):
        raise BadProof("damaged", "an act of a hub that is not there")
    return proof.hubs[act.hub]


def _check_act(proof: Proof, act: Signed) -> Co:
    """The act was signed by its member, under a key that was in force on its line."""
    hub = _hub_of(proof, act)
    form = act.form(hub.community, hub.number)
    rows = [row for row in hub.word.rows if row.member == act.member]
    lines = [entry for number, entry in hub.word.signed if number == act.member]
    fitting = [row for row in rows if _fits(row, form, act.signature)]
    if not fitting:
        raise BadProof("not_signed", f"member {act.member} of hub {hub.number} did not sign it")
    # Of a member who wrote it down, changed that and so stands there twice: which line is which, the order says.
    mine = [one for one in (*proof.acts, *proof.cosigns) if (one.hub, one.member) == (act.hub, act.member)]
    if len(lines) != len(mine):
        raise BadProof("no_line", f"of member {act.member} the hub names other lines than there are acts")
    entry = lines[next(place for place, one in enumerate(mine) if one is act)]
    for row in fitting:
        if row.entry < entry and (row.ended is None or entry < row.ended[0]):
            newest = max(rows, key=lambda one: one.seq)
            return Co(hub.number, act.member, entry, act.ms, act.quality, row, newest)
    raise BadProof(
        "key_not_in_force", f"the key of member {act.member} was not in force on line {entry} of the book"
    )


def _fits(row: Row | FarRow, form: bytes, signature: bytes) -> bool:
    try:
        keys.check(row.public, form, signature)
    except BadSignature:
        return False
    return True


def _check_cosign(proof: Proof, act: Signed, claim: bytes, terms: bytes) -> Co:
    if act.kind != "cosign" or act.private_digest is not None:
        raise BadProof("damaged", "not a co-signature")
    named: dict[str, Any] = act.payload
    if named.get("claim") != claim or named.get("terms") != terms:
        raise BadProof("other_terms", f"member {act.member} signed something else")
    return _check_act(proof, act)


_SAID: Final[tuple[tuple[str, Callable[[Any], bool]], ...]] = (
    ("category", lambda v: type(v) is str and len(v) <= 40),
    ("minutes", lambda v: type(v) is int and 0 < v <= 24 * 60),
    ("day", lambda v: type(v) is int and 0 <= v <= 10**6),
    ("recipient", lambda v: v is None or type(v) is int),
    ("start", lambda v: v is None or (type(v) is int and 0 <= v < 24 * 60)),
)
"""What the terms say, so far as it is told to people; a claim of the first release has no recipient and no start."""


def _check_said(proof: Proof, said: codec.Body) -> None:
    if not all(fine(said.get(name)) for name, fine in _SAID):
        raise BadProof("damaged", "a claim that says what no claim can say")
    stated = proof.statement
    if stated.amount < 0 or stated.quorum < 1 or not 0 <= stated.decimals <= 9 or len(stated.symbol) > 20:
        raise BadProof("damaged", "a statement that cannot be")


def _check_far(proof: Proof, one: FarSign, terms: bytes, care: list[Any]) -> Far:
    """Signed by a key that its hub had told the claim's hub when the signature counted, and not another since."""
    home, word = proof.home, proof.home.word
    log = [row for row in word.far_rows if (row.hub, row.member) == (one.hub, one.member)]
    lines = [entry for hub, member, entry in word.far_lines if (hub, member) == (one.hub, one.member)]
    who = f"member {one.member} of hub {one.hub}"
    form = far_form(home.community, home.number, terms, care, one.hub, one.member)
    fitting = [row for row in log if _fits(row, form, one.signature)]
    if not fitting:
        raise BadProof("not_signed", f"{who} did not sign it")
    if len(lines) != 1:
        raise BadProof("no_line", f"of {who} the hub does not name one line")
    row, newest = fitting[-1], log[-1]
    in_order = all(
        a.entry < b.entry for a, b in pairwise(log)
    )  # which key of theirs it was is their hub's word
    if not in_order or not row.entry <= lines[0] or (newest is not row and newest.entry <= lines[0]):
        raise BadProof(
            "key_not_in_force", f"the key of {who} was not in force on line {lines[0]} of the book"
        )
    return Far(one.hub, one.member, lines[0], row, newest)


def _check_people(proof: Proof, found: int, carer: int) -> None:
    numbers = [hub.number for hub in proof.hubs]
    people = [(numbers[act.hub], act.member) for act in proof.cosigns]
    if any(one.hub == numbers[0] for one in proof.far):
        raise BadProof("damaged", "a co-signer from here among those from elsewhere")
    people += [(one.hub, one.member) for one in proof.far]
    if len(set(people)) != len(people):
        raise BadProof("signed_twice", "somebody stands there twice")
    if (numbers[0], carer) in people:
        raise BadProof("own_care", "the carer is among the co-signers")
    if found < proof.statement.quorum:
        raise BadProof("too_few", f"{found} co-signers, where {proof.statement.quorum} are needed")


def _check_lines(proof: Proof) -> None:
    """A hub names lines and keys of those alone who signed; each member's log is one, in its order."""
    far = {(one.hub, one.member) for one in proof.far}
    word = proof.home.word
    if {(row.hub, row.member) for row in word.far_rows} | {line[:2] for line in word.far_lines} != far:
        raise BadProof("damaged", "a hub's word names others than those who signed")
    for place, hub in enumerate(proof.hubs):
        acting = {act.member for act in (*proof.acts, *proof.cosigns) if act.hub == place}
        named = {member for member, _entry in hub.word.signed} | {row.member for row in hub.word.rows}
        if named != acting:
            raise BadProof("damaged", "a hub's word names others than those who signed")
        for member in acting:
            log = [row for row in hub.word.rows if row.member == member]
            _check_log(log)


def _check_log(log: list[Row]) -> None:
    for row in log:
        if len(row.public) != 32 or row.seq < 1 or row.entry < 1 or row.made not in (1, 2):
            raise BadProof("damaged", "a key log that cannot be")
    for older, newer in pairwise(log):
        if newer.seq <= older.seq or older.ended is None or newer.entry < older.ended[0]:
            raise BadProof("damaged", "a key log out of order")
