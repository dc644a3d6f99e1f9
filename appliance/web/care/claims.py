"""Proof of Care: log it, show the QR, let others confirm, see it paid.

The carer writes it down, or who was cared for (``for=me``), or a keeper from paper (``for=paper``).
"""

from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.care import drafts, sheets
from appliance.ledger.care.claims import ClaimCare, EditClaim, WithdrawClaim
from appliance.ledger.care.signing import Cosign, DeclineCosign, refuse
from appliance.ledger.care.states import ASKED, OPEN
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT
from appliance.ledger.reads import care as care_reads
from appliance.ledger.reads import care_far
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.care_proof import PROVABLE
from appliance.ledger.reads.people import Person
from appliance.ledger.values import (
    parse_code,
    show_code,
)
from appliance.web.care.typed import (
    QUICK_DAYS,
    WITNESS_BOXES,
    Draft,
    as_clock,
    begun,
    draft_typed,
    forget,
    said_in,
    save,
    saved,
    the_one,
)
from appliance.web.ground import qr
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key, key_for
from appliance.web.ground.here import the_hub, the_rules
from appliance.web.ground.secure import active_member_or_redirect, as_keeper
from appliance.web.wording import care_words, far_words, labels
from appliance.web.wording.amounts import account_of
from appliance.web.wording.words import refusal

bp = Blueprint("care", __name__)

QUICK_MINUTES: Final = (30, 60, 120, 180, 240, 480)
"""Lengths to tap; any other is typed."""


@bp.get("/care")
def mine() -> Any:
    """What to do with care: log it, confirm somebody's, see one's own."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        view = reads.home(tx, me.number)
        claims = care_reads.my_claims(tx, me.number)
        kept = [(one, saved(one)) for one in drafts.all_of(tx, me.number)]
        elsewhere = care_far.all_asked_of_me(tx, me.number)
    return render_template(
        "care/care.html",
        claims=claims,
        to_confirm=view.to_confirm if view else (),
        far_asks=view.far_asks if view else (),
        elsewhere=elsewhere,
        ask_state=far_words.ask_state,
        kept=kept,
    )


@bp.post("/care/code")
def find_code() -> Any:
    """The code under a QR, typed."""
    active_member_or_redirect()
    typed = request.form.get("code", "")
    code = parse_code(typed)
    if code is None:
        return render_template("care/code.html", typed=typed, problem=refusal(Code.UNKNOWN_CLAIM)), REFUSED
    with the_hub().reading() as tx:
        sheet = care_reads.claim_by_code(tx, code, 0) is None and sheets.rows_of(tx, code)
    return redirect(url_for("care_sheets.sheet" if sheet else "care.claim", code=code))


@bp.get("/care/code")
def type_code() -> Any:
    """The box for a code."""
    active_member_or_redirect()
    return render_template("care/code.html", typed="", problem=None)


@bp.get("/care/new")
def new() -> Any:
    """The form for care that was given, by me, to me, or by what is on paper."""
    me = active_member_or_redirect()
    if (left := begun(request.args.get("draft", ""), drafts.CLAIM, me.number)) is not None:
        return _form(left)
    by = request.args.get("for", "")
    return _form(Draft(fresh_key(), by=by if by == "me" or (by == "paper" and as_keeper(me)) else ""))


@bp.post("/care/new")
def log() -> Any:
    """Write it down; then the page with the QR."""
    me = active_member_or_redirect()
    key = form_key()
    draft = draft_typed(key)
    if request.form.get("do") == "later":
        save(draft, drafts.CLAIM, me.number)
        return redirect(url_for("care.mine"))
    with the_hub().reading() as tx:
        carer = me.number if draft.by in ("", "edit") else the_one(tx, draft, draft.carer)
        recipient = me.number if draft.by == "me" else the_one(tx, draft, draft.recipient)
    said = said_in(draft, recipient)
    if said is not None and carer is None and not draft.message:
        draft.problem = refusal(Code.UNKNOWN_ACCOUNT)
    if said is not None and carer is not None and not draft.message and draft.problem is None:
        result = act(ClaimCare(carer, **said), key)
        if isinstance(result, Receipt):
            forget(key, me.number)
            return redirect(url_for("care.claim", code=str(result.outcome["code"])))
        draft.problem = result
    return _form(draft), REFUSED


@bp.get("/C/<code>/edit")
def edit(code: str) -> Any:
    """The form again, while nobody has confirmed."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None or Action.EDIT not in view.actions:
        return _unknown() if view is None else redirect(url_for("care.claim", code=view.code))
    hours, rest = divmod(view.minutes, 60)
    ended = "" if view.start is None else as_clock((view.start + view.minutes) % (24 * 60))
    boxes = [account_of(w.who).short for w in view.witnesses if w.state == ASKED]
    draft = Draft(
        fresh_key(),
        view.category,
        hours=str(hours),
        rest=str(rest),
        day="",
        date=labels.as_date(view.day).isoformat(),
        cared_for=view.cared_for,
        what=view.what,
        recipient="" if view.recipient is None else account_of(view.recipient).short,
        place=view.place,
        begun="" if view.start is None else as_clock(view.start),
        ended=ended,
        by="edit",
        witnesses=boxes + [""] * max(0, WITNESS_BOXES - len(boxes)),
    )
    return _form(draft, view)


@bp.post("/C/<code>/edit")
def edit_now(code: str) -> Any:
    """Say it otherwise: who confirms reads what stands there from now on."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None:
        return _unknown()
    key = form_key()
    draft = draft_typed(key)
    with the_hub().reading() as tx:
        recipient = the_one(tx, draft, draft.recipient)
    said = said_in(draft, recipient)
    if said is not None and not draft.message and draft.problem is None:
        result = act(EditClaim(view.id, **said), key)
        if isinstance(result, Receipt):
            return redirect(url_for("care.claim", code=view.code))
        draft.problem = result
    return _form(draft, view), REFUSED


def _form(draft: Draft, edited: ClaimView | None = None) -> str:
    care = the_rules().care
    today = labels.today()
    return render_template(
        "care/new.html",
        draft=draft,
        edited=edited,
        choices=labels.care_choices(),
        quick_minutes=[m for m in QUICK_MINUTES if m <= care.longest_minutes],
        quick_days=[(str(ago), labels.date_words(today - ago)) for ago in range(QUICK_DAYS)],
        today=labels.as_date(today).isoformat(),
        earliest=labels.as_date(today - care.days_back).isoformat(),
        quorum=care.quorum,
        rates=care.rates,
        longest_line=LONGEST_LINE,
        longest_text=LONGEST_TEXT,
    )


@bp.get("/C/<code>")
@bp.get("/c/<code>", alias=True)
def claim(code: str) -> Any:
    """A claim: to its carer the QR and how far it has come; to others what they are asked to confirm."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    return _unknown() if view is None else _page(view, me.number)


@bp.post("/care/draft/<ident>/throw")
def throw(ident: str) -> Any:
    """What was begun is gone; twice is as good as once."""
    me = active_member_or_redirect()
    try:
        forget(bytes.fromhex(ident), me.number)
    except ValueError:
        abort(404)
    return redirect(url_for("care.mine"))


@bp.get("/C/<code>/progress")
def progress(code: str) -> Any:
    """How far it has come, as parts of its page: ``care.js`` puts them in place of what stands there."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None:
        abort(404)
    parts = ("care/_progress.html", "care/_asked.html", "care/_afar.html")
    said = {**_waiting(view), **_afar(view, me.number)}
    return "".join(render_template(part, c=view, **said) for part in parts)


@bp.get("/C/<code>/print")
def paper(code: str) -> Any:
    """A sheet with the QR and its code, to hang up or to carry to who has no phone at hand."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None:
        return _unknown()
    if view.state != OPEN:
        return redirect(url_for("care.claim", code=view.code))
    where = qr.address("care.claim", code=view.code)
    return render_template("care/paper.html", c=view, rows=(view,), code=show_code(view.code), address=where)


def _waiting(view: ClaimView) -> dict[str, Any]:
    return {"waits": care_words.waits(view), "until": care_words.until(view)}


def _afar(view: ClaimView, viewer: int) -> dict[str, Any]:
    mine = view.carer.number == viewer or (view.writer is not None and view.writer.number == viewer)
    return {"far": far_words.claim(view, mine), "far_why": far_words.why_not}


def _claim(code: str, me: Person) -> ClaimView | None:
    normal = parse_code(code)
    if normal is None:
        return None
    with the_hub().reading() as tx:
        return care_reads.claim_by_code(tx, normal, me.number, as_keeper(me), the_hub().clock.now())


def _unknown() -> Any:
    return render_template("care/code.html", typed="", problem=refusal(Code.UNKNOWN_CLAIM)), 404


def cannot(view: ClaimView, viewer: int) -> Refusal | None:
    """Why the word of ``viewer`` would not be taken: read before a PIN is typed for nothing."""
    if Action.COSIGN not in view.actions:
        return None
    hub = the_hub()
    with hub.reading() as tx:
        found = refuse(tx, the_rules().care, view.id, view.terms, viewer, hub.clock.now())
    return found if isinstance(found, Refusal) else None


def _page(view: ClaimView, viewer: int, problem: Problem | None = None) -> str:
    mine = view.carer.number == viewer
    why_not = cannot(view, viewer)
    qr_on_it = mine or Action.EDIT in view.actions
    return render_template(
        "care/claim.html" if mine else "care/confirm.html",
        c=view,
        me_number=viewer,
        **_waiting(view),
        code=show_code(view.code),
        address=qr.address("care.claim", code=view.code) if qr_on_it and view.state == OPEN else None,
        state_of_mine=next((w.state for w in view.witnesses if w.who.number == viewer), None),
        problem=problem or why_not,
        cannot=why_not,
        thanks=request.args.get("thanks"),
        **_afar(view, viewer),
        provable=view.state in PROVABLE and (mine or as_keeper(active_member_or_redirect())),
    )


@bp.post("/C/<code>/confirm")
def confirm(code: str) -> Any:
    """Sign that it is so. The form carries the terms that its reader saw."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None:
        return _unknown()
    try:
        terms = bytes.fromhex(request.form.get("terms", ""))
    except ValueError:
        abort(400)
    # It spends the commons' credit, so it is signed with the PIN each time (design.md 8).
    result = act(Cosign(view.id, terms), key_for("cosign", view.id + terms), ALWAYS)
    return _answered(view, me, result, "confirmed")


@bp.post("/C/<code>/decline")
def decline(code: str) -> Any:
    """Say that one cannot confirm it, and why, if one cares to."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None:
        return _unknown()
    said = DeclineCosign(view.id, request.form.get("reason", "").strip())
    # An edit may ask the same person anew, so the key is that of the terms.
    return _answered(view, me, act(said, key_for("decline", view.terms)), "declined")


@bp.post("/C/<code>/withdraw")
def withdraw(code: str) -> Any:
    """The carer takes it back."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None:
        return _unknown()
    return _answered(view, me, act(WithdrawClaim(view.id), key_for("withdraw", view.id)), "withdrawn")


def _answered(view: ClaimView, me: Person, result: Receipt | Problem, done: str) -> Any:
    if isinstance(result, Receipt):
        return redirect(url_for("care.claim", code=view.code, thanks=done))
    fresh = _claim(view.code, me) or view
    return _page(fresh, me.number, result), REFUSED
