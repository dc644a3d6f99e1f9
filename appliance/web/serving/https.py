"""The hub's own authority, for who wants the lock in the address: what it is, how a phone takes it, the file itself."""

from flask import Blueprint, Response, abort, current_app, render_template

from appliance.ledger import authority
from appliance.ledger.authority import Authority
from appliance.web.ground.here import the_hub

bp = Blueprint("https", __name__)


def _the_authority() -> Authority:
    found = authority.read(the_hub().data) if current_app.config["HTTPS"] else None
    if found is None:
        abort(404)
    return found


@bp.get("/https")
def show() -> str:
    """What it gives and what not, the fingerprint to compare, and the way onto a phone. Needs no sign-in."""
    found = _the_authority()
    lines = authority.in_groups(found.fingerprint)
    return render_template("https.html", name=found.name, lines=lines, address=current_app.config["HTTPS"])


@bp.get("/https/hub.crt")
def certificate() -> Response:
    """The authority's certificate, as phones take it. Its key stays in the box."""
    answer = Response(_the_authority().der, mimetype="application/x-x509-ca-cert")
    answer.headers["Content-Disposition"] = 'attachment; filename="hub.crt"'
    return answer
