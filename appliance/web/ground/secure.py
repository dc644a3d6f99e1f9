"""Who may see a page, and what every answer carries.

Access functions are named by right; a view begins with one of them. They end the request by
themselves when the right is missing. Where a request comes from is the socket's own address:
no header can say otherwise (nothing stands between this server and the phones).
"""

import ipaddress
from typing import NoReturn
from urllib.parse import urlsplit

from flask import Response, abort, make_response, redirect, render_template, request, url_for

from appliance.ledger.people import powers
from appliance.ledger.reads.people import Person
from appliance.web.ground.form_tokens import FormTokens
from appliance.web.ground.session import this_session

csrf = FormTokens()

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def visitor() -> Person | None:
    """The member who is signed in, if anybody is."""
    return this_session().who


def member_or_redirect() -> Person:
    """The member who is signed in, let in or not yet; strangers go to the sign-in page and come back afterwards."""
    who = visitor()
    if who is None:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
        abort(redirect(url_for("join.sign_in", next=wanted)))
    return _unless_closed(who)


def _unless_closed(who: Person) -> Person:
    """``who``; somebody who was turned away or has left is signed out and reads that."""
    if who.status == powers.CLOSED:
        this_session().sign_out()
        abort(make_response(render_template("closed.html"), 403))
    return who


def active_member_or_redirect() -> Person:
    """The member who is signed in and was let in: who still waits for a keeper sees neither the
    market, nor who else is here, nor anybody's care. Who is away or frozen reads on.
    """
    who = member_or_redirect()
    if who.status not in (*powers.STANDING, powers.FROZEN):
        abort(redirect(url_for("home.home")))
    return who


def keeper_at_own_screen() -> Person:
    """The keeper who is signed in at the hub's own screen; anybody else reads why not."""
    who = member_or_redirect()
    if not at_own_screen():
        _forbidden("own_screen")
    if not who.keeper or who.status not in powers.STANDING:
        _forbidden("not_keeper")
    return who


def at_own_screen() -> bool:
    """Whether the request comes from this very box.

    A request that some proxy passed on does not: the proxy may stand here, the person does not.
    """
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def as_keeper(who: Person) -> bool:
    """Whether ``who`` is present as a keeper: one, and at the hub's own screen."""
    return who.keeper and who.status in powers.STANDING and at_own_screen()


def owner_or_keeper_present(who: Person, owner: Person) -> None:
    """For acts on another's object: a keeper does them at the hub's own screen only."""
    if who.keeper and who.number != owner.number and not at_own_screen():
        _forbidden("own_screen")


def _forbidden(why: str) -> NoReturn:
    abort(make_response(render_template("forbidden.html", why=why), 403))


def local_path(wanted: str | None) -> str:
    """``wanted`` when it is a path of this portal, else the first page: no link leads elsewhere."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return "/"
    if any(ord(c) < 0x21 or ord(c) == 0x7F for c in wanted):
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else wanted


def where_from() -> str:
    """The page of this portal that the form was on, as far as the browser says; else the first."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:  # anybody can send anything, and error pages ask this
        return "/"
    return local_path(came.path) if came.netloc == request.host else "/"


def add_headers(response: Response) -> Response:
    """Headers of every answer."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint not in ("static", "photos.picture"):
        # Phones are passed from hand to hand: what one has read must not come back by the button.
        headers["Cache-Control"] = "no-store"
    elif response.status_code >= 400:
        headers["Cache-Control"] = "no-store"
    return response
