"""Weekly sheets of care: a week of mornings is written down at once, and confirmed at once.

A row is a claim like any other, with its own page. Who confirms reads all rows, may leave some out, and
signs the rest with one PIN: all of them, or none when one cannot be.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger import codec
from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.subject import Command
from appliance.ledger.care import drafts
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT
from appliance.ledger.reads import care_sheets as reads
from appliance.ledger.reads.care_sheets import SheetView
from appliance.ledger.reads.people import Person
from appliance.ledger.values import RecordId, code_of, parse_code, show_code, western_digits
from appliance.web.care.claims import cannot
from appliance.web.care.typed import Draft, begun, draft_typed, forget, minutes_of, said_in, save, the_one
from appliance.web.ground import qr
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, form_key, fresh_key, key_for, with_key
from appliance.web.ground.here import the_hub, the_rules
from appliance.web.ground.secure import active_member_or_redirect, as_keeper
from appliance.web.wording import care_words, labels
from appliance.web.wording.words import refusal, sentence

bp = Blueprint("care_sheets", __name__)

DAYS: Final = 7
_DAY: Final = re.compile("0|[1-9][0-9]{0,5}")
"""A day since 1970-01-01, as the form's boxes name it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A batch that was not done: why, and at which of its places when it was one of them."""

    problem: Problem
    place: int | None


def _all(commands: Sequence[Command], key: bytes, amount: int | None = None) -> Failed | None:
    """Let the signed-in member do all of it, or nothing."""
    place: list[int] = []

    def work(signer: KeySigner) -> Receipt | Refusal:
        result = the_hub().submit_all(commands, signer, key)
        if isinstance(result, Refused):
            place.append(result.place)
            return result.refusal
        return result[-1]

    result = with_key(work, amount)
    return None if isinstance(result, Receipt) else Failed(result, place[0] if place else None)


# ---------------------------------------------------------------------------------------- writing it down


@bp.get("/care/week")
def new() -> Any:
    """The rows of a week, by me, to me, or by what is on paper."""
    me = active_member_or_redirect()
    if (left := begun(request.args.get("draft", ""), drafts.SHEET, me.number)) is not None:
        return _form(left)
    by = request.args.get("for", "")
    draft = Draft(fresh_key(), by=by if by == "me" or (by == "paper" and as_keeper(me)) else "")
    draft.week = "1" if request.args.get("week") == "1" else "0"
    return _form(draft)


@bp.post("/care/week")
def log() -> Any:
    """Write all rows down; then the page with the QR."""
    me = active_member_or_redirect()
    key = form_key()
    draft = _typed(key)
    if request.form.get("do") == "later":
        save(draft, drafts.SHEET, me.number)
        return redirect(url_for("care.mine"))
    rows = _rows(draft, me)
    if rows:
        # The sheet is named by the form's key: sent twice, from two tabs, it is written down once.
        failed = _all(rows, key)
        if failed is None:
            forget(key, me.number)
            return redirect(url_for("care_sheets.sheet", code=code_of(key)))
        draft.problem = failed.problem
        if failed.place is not None:
            day = labels.date_words(rows[failed.place].day)
            draft.message = f"{day}: {sentence(failed.problem)}"
            draft.problem = None
    return _form(draft), REFUSED


def _typed(key: bytes) -> Draft:
    draft = draft_typed(key)
    draft.week = "1" if request.form.get("week") == "1" else "0"
    # Also a day that midnight has moved out of the week meanwhile: how old it may be is the ledger's to say.
    draft.days = {
        day: request.form.get(f"long_{day}", "").strip()
        for day in request.form.getlist("on")[:DAYS]
        if _DAY.fullmatch(day)
    }
    draft.date = ""
    return draft


def _week(draft: Draft) -> list[int]:
    """The days of the sheet, the oldest first; those that were ticked stay, even when midnight has passed."""
    last = labels.today() - (DAYS if draft.week == "1" else 0)
    return sorted({*range(last - DAYS + 1, last + 1), *(int(day) for day in draft.days)})


def _rows(draft: Draft, me: Person) -> list[ClaimCare]:
    """The claims of the sheet; none when something is not right, which stands in the draft."""
    with the_hub().reading() as tx:
        carer = the_one(tx, draft, draft.carer) if draft.by in ("me", "paper") else me.number
        recipient = me.number if draft.by == "me" else the_one(tx, draft, draft.recipient)
    whole = minutes_of(draft)
    if not draft.days:
        draft.message = draft.message or _("Tick the days on which it was.")
    rows: list[ClaimCare] = []
    for day, text in sorted(draft.days.items(), key=lambda row: int(row[0])):
        minutes = _length(text) if text else whole
        if minutes is None:
            longest = the_rules().care.longest_minutes
            draft.problem = refusal(Code.TIME_WRONG, longest_minutes=longest)
            return []
        draft.day, draft.date = "", labels.as_date(int(day)).isoformat()
        said = said_in(draft, recipient, minutes)
        if said is None or carer is None or draft.message:
            draft.problem = draft.problem or (None if draft.message else refusal(Code.UNKNOWN_ACCOUNT))
            return []
        rows.append(ClaimCare(carer, **said, sheet=bytes.fromhex(draft.key)))
    return [] if draft.message else rows


def _length(text: str) -> int | None:
    """``0:45`` or ``45``: minutes; None when it is neither."""
    hours, colon, rest = western_digits(text).rpartition(":")
    fine = all(
        part.isascii() and part.isdigit() and len(part) <= 3 for part in ([hours, rest] if colon else [rest])
    )
    if not fine or (colon and int(rest) >= 60):
        return None
    return (int(hours) * 60 if colon else 0) + int(rest) or None


def _form(draft: Draft) -> str:
    care = the_rules().care
    return render_template(
        "care/week.html",
        draft=draft,
        choices=labels.care_choices(),
        days=[(str(day), labels.date_words(day)) for day in _week(draft)],
        quorum=care.quorum,
        rates=care.rates,
        longest_line=LONGEST_LINE,
        longest_text=LONGEST_TEXT,
    )


# ---------------------------------------------------------------------------------------- confirming it


@bp.get("/W/<code>")
@bp.get("/w/<code>", alias=True)
def sheet(code: str) -> Any:
    """A sheet: to its carer and writer the QR, to others the rows that they are asked to confirm."""
    me = active_member_or_redirect()
    found = _sheet(code, me)
    return _unknown() if found is None else _page(found, me)


def _sheet(code: str, me: Person) -> SheetView | None:
    hub, normal = the_hub(), parse_code(code)
    if normal is None:
        return None
    with hub.reading() as tx:
        return reads.sheet(tx, normal, me.number, as_keeper(me), hub.clock.now())


def _unknown() -> Any:
    return render_template("care/code.html", typed="", problem=refusal(Code.UNKNOWN_CLAIM)), 404


def _page(found: SheetView, me: Person, failed: Failed | None = None, left: Sequence[str] = ()) -> str:
    wrote = [row.writer.number if row.writer else row.carer.number for row in found.rows]
    mine = me.number in (found.carer.number, wrote[0])
    cannots = {row.code: no for row in found.to_sign if (no := cannot(row, me.number))}
    none_left = bool(cannots) and len(cannots) == len(found.to_sign)
    wrong = None if failed is None or failed.place is None else found.to_sign[failed.place : failed.place + 1]
    return render_template(
        "care/sheet.html",
        s=found,
        waits=care_words.week_waits(found.rows),
        mine=mine,
        code=show_code(found.code),
        address=qr.address("care_sheets.sheet", code=found.code) if mine and found.open else None,
        problem=failed.problem if failed else next(iter(cannots.values())) if none_left else None,
        cannots=cannots,
        none_left=none_left,
        wrong=wrong[0].code if wrong else "",
        left=left,
        thanks=request.args.get("thanks"),
    )


@bp.get("/W/<code>/progress")
def progress(code: str) -> Any:
    """How far it has come, as two parts of its page, for ``care.js``."""
    me = active_member_or_redirect()
    found = _sheet(code, me)
    if found is None:
        abort(404)
    parts = ("care/_sheet_progress.html", "care/_sheet_asked.html")
    waits = care_words.week_waits(found.rows)
    return "".join(render_template(part, s=found, waits=waits) for part in parts)


@bp.get("/W/<code>/print")
def paper(code: str) -> Any:
    """The sheet on paper, with its QR and code."""
    me = active_member_or_redirect()
    found = _sheet(code, me)
    if found is None:
        return _unknown()
    if not found.open:
        return redirect(url_for("care_sheets.sheet", code=found.code))
    where = qr.address("care_sheets.sheet", code=found.code)
    return render_template(
        "care/paper.html", c=found.rows[0], rows=found.rows, code=show_code(found.code), address=where
    )


@bp.post("/W/<code>/confirm")
def confirm(code: str) -> Any:
    """Sign the rows that are ticked. The form carries the terms that its reader saw."""
    me = active_member_or_redirect()
    found = _sheet(code, me)
    if found is None:
        return _unknown()
    known = {bytes(row.id) for row in found.rows}
    asked, ticked = [], request.form.getlist("row")[: len(found.rows)]
    for text in ticked:
        claim, _colon, terms = text.partition(":")
        try:
            said = Cosign(RecordId(bytes.fromhex(claim)), bytes.fromhex(terms))
        except ValueError:
            abort(400)
        if said.claim not in known:
            abort(400)
        asked.append(said)
    if not asked:
        return redirect(url_for("care_sheets.sheet", code=found.code))
    once = codec.digest("tch.web.sheet", b"".join(said.claim + said.terms for said in asked))
    # It spends the commons' credit, so it is signed with the PIN each time (design.md 8).
    failed = _all(asked, key_for("cosign-sheet", once), ALWAYS)
    if failed is None:
        return redirect(url_for("care_sheets.sheet", code=found.code, thanks="confirmed"))
    if failed.place is not None:
        places = [bytes(row.id) for row in found.to_sign]
        at = asked[failed.place].claim
        failed = Failed(failed.problem, places.index(at) if at in places else None)
    out = [row.code for row in found.rows if all(row.id != said.claim for said in asked)]
    return _page(_sheet(code, me) or found, me, failed, out), REFUSED


@bp.post("/W/<code>/decline")
def decline(code: str) -> Any:
    """Say of all rows that one cannot confirm them, and why, if one cares to."""
    me = active_member_or_redirect()
    found = _sheet(code, me)
    if found is None:
        return _unknown()
    reason = request.form.get("reason", "").strip()
    asked = [DeclineCosign(row.id, reason) for row in found.to_decline if Action.DECLINE in row.actions]
    once = codec.digest("tch.web.sheet", b"".join(row.terms for row in found.to_decline))
    failed = _all(asked, key_for("decline-sheet", once)) if asked else None
    if failed is None:
        return redirect(url_for("care_sheets.sheet", code=found.code, thanks="declined"))
    return _page(found, me, failed), REFUSED
