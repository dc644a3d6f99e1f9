"""Proof of Care: log it, show the QR, let others confirm, see it paid.

The carer writes it down, or who was cared for (``for=me``), or a keeper from paper (``for=paper``).
"""

from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.store import Tx
from appliance.ledger.care.claims import ClaimCare, EditClaim, WithdrawClaim
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.care.states import ASKED, OPEN
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT
from appliance.ledger.reads import care as care_reads
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.people import Person, named
from appliance.ledger.values import (
    AccountNumber,
    parse_code,
    show_code,
    western_digits,
)
from appliance.web import care_words, labels, qr
from appliance.web.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key, key_for
from appliance.web.amounts import account_of, name_of
from appliance.web.here import the_hub, the_rules
from appliance.web.secure import active_member_or_redirect, as_keeper
from appliance.web.whom import fits_nobody, looks_like_number, payee
from appliance.web.words import refusal

bp = Blueprint("care", __name__)

QUICK_MINUTES: Final = (30, 60, 120, 180, 240, 480)
"""Lengths to tap; any other is typed."""

QUICK_DAYS: Final = 3
WITNESS_BOXES: Final = 3


@dataclass(slots=True)
class Draft:
    """Care as it is being typed."""

    key: str
    category: str = ""
    minutes: str = ""
    hours: str = ""
    rest: str = ""
    day: str = "0"
    date: str = ""
    cared_for: str = ""
    what: str = ""
    recipient: str = ""
    place: str = ""
    begun: str = ""
    ended: str = ""
    carer: str = ""
    by: str = ""
    witnesses: list[str] = field(default_factory=lambda: [""] * WITNESS_BOXES)
    problem: Problem | None = None
    message: str = ""


@bp.get("/care")
def mine() -> Any:
    """What to do with care: log it, confirm somebody's, see one's own."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        view = reads.home(tx, me.number)
        claims = care_reads.my_claims(tx, me.number)
    to_confirm = view.to_confirm if view else ()
    return render_template("care.html", claims=claims, to_confirm=to_confirm, typed="", problem=None)


@bp.post("/care/code")
def find_code() -> Any:
    """The code under a QR, typed."""
    active_member_or_redirect()
    typed = request.form.get("code", "")
    code = parse_code(typed)
    if code is None:
        return render_template("care_code.html", typed=typed, problem=refusal(Code.UNKNOWN_CLAIM)), REFUSED
    return redirect(url_for("care.claim", code=code))


@bp.get("/care/code")
def type_code() -> Any:
    """The box for a code."""
    active_member_or_redirect()
    return render_template("care_code.html", typed="", problem=None)


@bp.get("/care/new")
def new() -> Any:
    """The form for care that was given, by me, to me, or by what is on paper."""
    me = active_member_or_redirect()
    by = request.args.get("for", "")
    return _form(Draft(fresh_key(), by=by if by == "me" or (by == "paper" and as_keeper(me)) else ""))


@bp.post("/care/new")
def log() -> Any:
    """Write it down; then the page with the QR."""
    me = active_member_or_redirect()
    key = form_key()
    draft = _draft(key)
    with the_hub().reading() as tx:
        carer = me.number if draft.by in ("", "edit") else _one(tx, draft, draft.carer)
        recipient = me.number if draft.by == "me" else _one(tx, draft, draft.recipient)
    said = _said(draft, recipient)
    if said is not None and carer is None and not draft.message:
        draft.problem = refusal(Code.UNKNOWN_ACCOUNT)
    if said is not None and carer is not None and not draft.message and draft.problem is None:
        result = act(ClaimCare(carer, **said), key)
        if isinstance(result, Receipt):
            return redirect(url_for("care.claim", code=str(result.outcome["code"])))
        draft.problem = result
    return _form(draft), REFUSED


def _said(draft: Draft, recipient: AccountNumber | None) -> dict[str, Any] | None:
    """What a claim says, out of the form; None when it says no time, which stands in the draft."""
    with the_hub().reading() as tx:
        witnesses = _witnesses(tx, draft)
    minutes, day = _minutes(draft), _day(draft)
    if minutes is None:
        draft.problem = refusal(Code.TIME_WRONG, longest_minutes=the_rules().care.longest_minutes)
        return None
    if day is None:
        draft.problem = refusal(Code.TIME_WRONG)
        return None
    return {
        "category": draft.category,
        "minutes": minutes,
        "day": day,
        "cared_for": draft.cared_for,
        "what": draft.what,
        "witnesses": witnesses,
        "recipient": recipient,
        "start": _clock(draft.begun),
        "place": draft.place,
    }


def _one(tx: Tx, draft: Draft, text: str) -> AccountNumber | None:
    """The member named in a field of its own; what is not clear goes into the draft's message."""
    found = _members(tx, draft, [text] if text else [])
    return found[0] if found else None


@bp.get("/C/<code>/edit")
def edit(code: str) -> Any:
    """The form again, while nobody has confirmed."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    if view is None or Action.EDIT not in view.actions:
        return _unknown() if view is None else redirect(url_for("care.claim", code=view.code))
    hours, rest = divmod(view.minutes, 60)
    ended = "" if view.start is None else _as_clock((view.start + view.minutes) % (24 * 60))
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
        begun="" if view.start is None else _as_clock(view.start),
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
    draft = _draft(key)
    with the_hub().reading() as tx:
        recipient = _one(tx, draft, draft.recipient)
    said = _said(draft, recipient)
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
        "care_new.html",
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


def _draft(key: bytes) -> Draft:
    form: dict[str, Any] = {
        name: request.form.get(name, "").strip() for name in ("category", "minutes", "hours", "rest", "day")
    }
    words: dict[str, Any] = {
        name: request.form.get(name, "").strip()
        for name in ("date", "cared_for", "what", "recipient", "place", "begun", "ended", "carer", "by")
    }
    boxes = [text.strip() for text in request.form.getlist("witness")[:12]]
    return Draft(key.hex(), **form, **words, witnesses=boxes + [""] * (WITNESS_BOXES - len(boxes)))


def _minutes(draft: Draft) -> int | None:
    """How long: from when to when, else what was typed, else what was tapped; None when it is no length."""
    begun, ended = _clock(draft.begun), _clock(draft.ended)
    if begun is not None and ended is not None:
        return (ended - begun) % (24 * 60) or None
    if draft.begun or draft.ended:
        return None
    typed = [western_digits(text) or "0" for text in (draft.hours, draft.rest)]
    if not draft.hours and not draft.rest:
        typed = ["0", western_digits(draft.minutes)]
    if not all(text.isascii() and text.isdigit() and len(text) <= 4 for text in typed):
        return None
    return int(typed[0]) * 60 + int(typed[1]) or None


def _clock(text: str) -> int | None:
    """The minute of the day of a time as phones send it (14:30); None when it is none."""
    hours, _colon, minutes = western_digits(text).partition(":")
    fine = hours.isdigit() and minutes[:2].isdigit() and len(hours) <= 2 and text.isascii()
    at = int(hours) * 60 + int(minutes[:2]) if fine else -1
    return at if 0 <= at < 24 * 60 and int(minutes[:2]) < 60 else None


def _as_clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _day(draft: Draft) -> int | None:
    """Which day: what was typed, else what was tapped; None when it is no day."""
    if draft.date:
        return labels.read_date(draft.date)
    return labels.today() - int(draft.day) if draft.day in [str(n) for n in range(QUICK_DAYS)] else None


def _witnesses(tx: Tx, draft: Draft) -> tuple[AccountNumber, ...]:
    """The members named in the boxes; what is not clear goes into the draft's message."""
    return tuple(dict.fromkeys(_members(tx, draft, list(filter(None, draft.witnesses)))))


def _members(tx: Tx, draft: Draft, texts: list[str]) -> list[AccountNumber]:
    found: list[AccountNumber] = []
    for text in texts:
        people = _people(tx, text)
        if len(people) == 1:
            found.append(people[0].number)
        elif people:
            names = ", ".join(f"{name_of(who)} ({account_of(who).short})" for who in people[:5])
            draft.message = _(
                "More than one person fits “%(text)s”: %(names)s. Please type the number.",
                text=text,
                names=names,
            )
        else:
            draft.message = fits_nobody(text)
    return found


def _people(tx: Tx, text: str) -> tuple[Person, ...]:
    if not looks_like_number(text):
        return named(tx, text)
    someone = payee(tx, text)
    return () if isinstance(someone, Refusal) else (someone,)


@bp.get("/C/<code>")
@bp.get("/c/<code>", alias=True)
def claim(code: str) -> Any:
    """A claim: to its carer the QR and how far it has come; to others what they are asked to confirm."""
    me = active_member_or_redirect()
    view = _claim(code, me)
    return _unknown() if view is None else _page(view, me.number)


def _claim(code: str, me: Person) -> ClaimView | None:
    normal = parse_code(code)
    if normal is None:
        return None
    with the_hub().reading() as tx:
        return care_reads.claim_by_code(tx, normal, me.number, as_keeper(me), the_hub().clock.now())


def _unknown() -> Any:
    return render_template("care_code.html", typed="", problem=refusal(Code.UNKNOWN_CLAIM)), 404


def _page(view: ClaimView, viewer: int, problem: Problem | None = None) -> str:
    mine = view.carer.number == viewer
    return render_template(
        "care_claim.html" if mine else "care_confirm.html",
        c=view,
        me_number=viewer,
        waits=care_words.waits(view),
        until=care_words.until(view),
        code=show_code(view.code),
        address=qr.address("care.claim", code=view.code) if mine and view.state == OPEN else None,
        state_of_mine=next((w.state for w in view.witnesses if w.who.number == viewer), None),
        problem=problem,
        thanks=request.args.get("thanks"),
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
