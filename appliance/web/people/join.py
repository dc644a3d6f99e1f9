"""Coming in: joining, signing in and leaving, the language, one's PIN."""

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action, BadNumber, Code, Refusal
from appliance.ledger.people import powers
from appliance.ledger.people.members import key_in_force
from appliance.ledger.people.restoring import sign_in_waits
from appliance.ledger.reads.people import people
from appliance.ledger.values import Account, AccountNumber, parse_account, western_digits
from appliance.web.ground import air
from appliance.web.ground.acting import REFUSED, form_key, fresh_key
from appliance.web.ground.here import the_hub, the_keys
from appliance.web.ground.i18n import LANGUAGES, keep_the_hubs_own, the_hubs_own
from appliance.web.ground.secure import (
    as_keeper,
    at_own_screen,
    csrf,
    keeper_at_own_screen,
    local_path,
    member_or_redirect,
    visitor,
)
from appliance.web.ground.session import end_sign_ins, seal_of, this_session
from appliance.web.wording.words import refusal

bp = Blueprint("join", __name__)

_FULL_DIGITS: Final = 8
"""From here on digits in a row are a number in its full form, as in a QR code."""


@bp.get("/join")
def join() -> str:
    """The form of a newcomer."""
    return render_template("people/join.html", key=fresh_key())


@bp.post("/join")
def join_now() -> tuple[str, int] | Response:
    """Take in the wish to become a member; the newcomer is signed in at once."""
    name, pin = request.form.get("name", ""), request.form.get("pin", "")
    key = form_key()
    problem: Refusal | None = None
    if pin != request.form.get("pin2", ""):
        message = _("The two PINs are not the same. Please type them again.")
        return render_template("people/join.html", key=key.hex(), name=name, message=message), REFUSED
    result = the_hub().join(name, pin, key, request.remote_addr or "")
    if isinstance(result, Refusal):
        problem = result
        return render_template("people/join.html", key=key.hex(), name=name, problem=problem), REFUSED
    number = int(str(result.outcome["number"]))
    # Only who knows the PIN is let in: the form may have been sent before, by somebody else.
    entered = _enter(number, pin, "/")
    return redirect(url_for(".sign_in")) if isinstance(entered, Refusal) else entered


@bp.get("/signin")
def sign_in() -> str:
    """The form: number and PIN."""
    return render_template("people/signin.html", next=local_path(request.args.get("next")))


@bp.post("/signin")
def sign_in_now() -> tuple[str, int] | Response:
    """Check number and PIN; the key stays open for a while."""
    typed, wanted = request.form.get("number", ""), local_path(request.form.get("next"))
    problem: Refusal | None
    message = ""
    try:
        account = parse_account(typed, the_hub().number)
    except BadNumber:
        problem = refusal(Code.UNKNOWN_ACCOUNT, Action.TRY_AGAIN)
        if not _is_whole(typed):
            problem = None
            message = _(
                "Your number has a hyphen and one more digit at its end, for example %(number)s. Type it all.",
                number=Account(the_hub().number, AccountNumber(2)).short,
            )
    else:
        if account.hub == the_hub().number:
            shared = "shared" in request.form
            entered = _enter(account.number, request.form.get("pin", ""), wanted, shared)
            if not isinstance(entered, Refusal):
                return entered
            problem = entered
        else:
            problem = refusal(Code.UNKNOWN_ACCOUNT, Action.TRY_AGAIN)
    shared = "shared" in request.form
    page = render_template(
        "people/signin.html", number=typed, next=wanted, problem=problem, message=message, shared=shared
    )
    return page, REFUSED


def _is_whole(typed: str) -> bool:
    """Whether what is no number of anybody was at least meant as one with its check digit.

    A name was not, nor a short run of digits: their last one is hardly the check digit.
    """
    plain = western_digits(typed).strip()
    if any(c.isalpha() for c in plain):
        return False
    return len(plain) >= _FULL_DIGITS if plain.isdigit() else "-" in plain.strip("-")


def _enter(number: int, pin: str, wanted: str, shared: bool = False) -> Response | Refusal:
    """Sign in with ``pin``: the answer is the page that was ``wanted``. ``shared``: on a phone of many."""
    session = this_session()
    with the_hub().reading() as tx:
        seal = seal_of(tx, number)
        if sign_in_waits(tx) and not at_own_screen():
            return refusal(Code.SIGN_IN_WAITS, Action.WAIT, Action.ASK_KEEPER)
    device = b"" if shared else session.device
    signer = the_hub().unlock(number, pin, device, request.remote_addr or "")
    if isinstance(signer, Refusal):
        return signer
    session.sign_in(number, seal, air.new_key(), shared, air.unproven())
    the_hub().came_in(number, request.remote_addr or "")
    the_keys().keep(session.digest, signer)
    signer.close()
    return redirect(wanted)


@bp.post("/leave")
@csrf.exempt
def leave() -> Response:
    """End the sign-in and forget the open key; then the first page, or ``next`` of this portal.

    A second tap finds nobody and is no mistake. What comes without the MAC of a sealed sign-in makes this
    browser forget it and ends nothing at the hub: who has only heard the cookie signs nobody out.
    """
    session = this_session()
    if session.member is not None:
        csrf.protect()
        session.sign_out(air.unproven())
    answer = redirect(local_path(request.form.get("next")))
    # Browsers heed it over https alone; over http the script wipes what it kept, and no page was stored.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@bp.get("/languages")
def languages() -> str:
    """The languages there are, a button each; a keeper at the hub's own screen may choose for who has not."""
    who = visitor()
    return render_template(
        "people/languages.html",
        back=local_path(request.args.get("back")),
        keeper=who is not None and as_keeper(who),
        own=the_hubs_own(),
    )


@bp.post("/languages/own")
def own_language() -> Response:
    """The hub's own language from now on, for who has chosen none."""
    keeper_at_own_screen()
    code = request.form.get("code", "")
    if code in LANGUAGES:
        keep_the_hubs_own(code)
    return redirect(url_for(".languages"))


@bp.get("/language/<code>")
def speak(code: str) -> Response:
    """Read the portal in another language from now on."""
    if code in LANGUAGES:
        this_session().language = code
    return redirect(local_path(request.args.get("back")))


@bp.get("/keepers")
def keepers() -> str:
    """Whom to ask."""
    with the_hub().reading() as tx:
        found = [one for one in people(tx) if one.keeper and one.status in powers.STANDING]
    return render_template("people/keepers.html", keepers=found)


@bp.get("/me/pin")
def pin() -> str:
    """The form for another PIN."""
    member_or_redirect()
    return render_template("people/pin.html", key=fresh_key())


@bp.post("/me/pin")
def pin_now() -> tuple[str, int] | Response:
    """Seal the key under another PIN. All other sign-ins of this member end."""
    me, session, key = member_or_redirect(), this_session(), form_key()
    old, new = request.form.get("pin", ""), request.form.get("new", "")
    if new != request.form.get("new2", ""):
        message = _("The two new PINs are not the same. Please type them again.")
        return render_template("people/pin.html", key=key.hex(), message=message), REFUSED
    with the_hub().reading() as tx:
        before = key_in_force(tx, me.number)
    result = the_hub().change_pin(me.number, old, new, session.device, key, request.remote_addr or "")
    if not isinstance(result, Receipt):
        return render_template("people/pin.html", key=key.hex(), problem=result), REFUSED
    if not result.replayed:
        with the_hub().reading() as tx:
            # Not when a keeper has given another key in between: that one is not this browser's.
            if key_in_force(tx, me.number) == before:
                session.renew(seal_of(tx, me.number))
    end_sign_ins(me.number, keep=session.digest)
    return redirect(url_for("home.me", changed="pin"))
