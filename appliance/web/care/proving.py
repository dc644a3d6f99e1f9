"""The proof of settled care: a page to print, and the file. For the carer, and for keepers."""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from appliance.ledger.care.proof import paper
from appliance.ledger.care.proof.checking import Co, Held, check
from appliance.ledger.care.proof.form import BY_KEEPER, Proof
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Refusal
from appliance.ledger.people import roster
from appliance.ledger.reads import care as reads
from appliance.ledger.reads import care_proof
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import parse_code, show_code
from appliance.web.ground import qr
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, as_keeper
from appliance.web.wording.words import refusal

bp = Blueprint("proving", __name__)

_DAY_MS = 86_400_000


def _allowed(code: str) -> ClaimView:
    """The claim, to its carer and to keepers; nobody else learns that there is one."""
    me, hub, normal = active_member_or_redirect(), the_hub(), parse_code(code)
    keeper = as_keeper(me)
    with hub.reading() as tx:
        found = (
            None if normal is None else reads.claim_by_code(tx, normal, me.number, keeper, hub.clock.now())
        )
    if found is None or not (keeper or found.carer.number == me.number):
        abort(404)
    return found


def _made(view: ClaimView, words: bool) -> tuple[Proof, Held] | Refusal:
    """The proof, and what it says: checked as a stranger would, before it is given away."""
    hub = the_hub()
    with hub.reading() as tx:
        claim = care_proof.find(tx, view.id.hex())
        proof = care_proof.make(tx, claim, hub.sign, hub.clock.now(), words)
        root = roster.community_key(tx)
    return proof if isinstance(proof, Refusal) else (proof, check(proof, (root,)))


@bp.get("/C/<code>/proof")
def page(code: str) -> Any:
    """One sheet of paper: the claim in words, who signed, how old their keys are, and the codes."""
    view = _allowed(code)
    words = bool(request.args.get("words"))
    made = _made(view, words)
    if isinstance(made, Refusal):
        return render_template("care/proof_none.html", c=view, problem=refusal(made.code)), 404
    proof, held = made
    with the_hub().reading() as tx:
        who = {one.member: person(tx, one.member) for one in (held.writer, *held.cosigners)}
        root = roster.community_key(tx)
    return render_template(
        "care/proof.html",
        c=view,
        held=held,
        signers=[signer(one, who[one.member]) for one in held.cosigners],
        far=held.far,
        parts=[(text, qr.picture(text)) for text in paper.parts(proof.encode())],
        root=root.hex(),
        code=show_code(view.code),
        made=Instant(Millis(proof.home.word.ms), Quality(proof.home.word.quality)),
        words=words,
    )


def signer(one: Co, who: Person | None) -> dict[str, Any]:
    """A co-signer as the page shows them: when they signed, and since when they had the key."""
    return {
        "who": who,
        "at": Instant(Millis(one.ms), Quality(one.quality)),
        "since": Instant(Millis(one.row.ms), Quality(one.row.quality)),
        "days": max(0, one.ms - one.row.ms) // _DAY_MS,
        "by_keeper": one.row.made == BY_KEEPER,
        "changed": None
        if one.newest is one.row
        else Instant(Millis(one.newest.ms), Quality(one.newest.quality)),
    }


@bp.get("/C/<code>/proof.file")
def file(code: str) -> Any:
    """The same as a file, for ``hub care verify``."""
    view = _allowed(code)
    made = _made(view, bool(request.args.get("words")))
    if isinstance(made, Refusal):
        return redirect(url_for(".page", code=view.code))
    answered = Response(made[0].encode(), mimetype="application/octet-stream")
    answered.headers["Content-Disposition"] = f'attachment; filename="care-{view.code}.proof"'
    return answered
