"""The photo of an offer or want: chosen, sent, shown, taken away.

With script the phone makes it small itself and sends it as letters in the form (``static/photo.js``), so
that it is quick and the sign-in's MAC covers it. Without, the file comes as it is; few at a time,
as each keeps a thread waiting for its bytes.
"""

import secrets
import threading
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from typing import Any, Final

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from appliance.ledger.book.command import Receipt
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.market.listings import HIDDEN, OPEN
from appliance.ledger.market.photos import DropPhoto, SetPhoto
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import listings as reads
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, as_keeper, owner_or_keeper_present
from appliance.web.market import pictures
from appliance.web.market.listings import listing_or_404
from appliance.web.wording.words import refusal

bp = Blueprint("photos", __name__, url_prefix="/market")

_SEND: Final = "photos.send"
AT_ONCE: Final = 2
"""How many files of photos come in at a time."""

_KEPT_SECONDS: Final = 30 * 86_400
_SHORT: Final = 64 * 1024


def init_app(app: Flask) -> None:
    """Let photos of a phone's size come in, a few at a time; before the form tokens, which read the whole form."""
    app.extensions["photos"] = threading.BoundedSemaphore(AT_ONCE)

    @app.before_request
    def room_for_a_photo() -> None:
        if request.endpoint != _SEND or (request.content_length or 0) <= _SHORT:
            return
        # What is longer than is looked at is let go byte by byte (``Limited``), so that the page can say it.
        request.max_content_length = 4 * pictures.MOST_UPLOADED
        places: threading.BoundedSemaphore = current_app.extensions["photos"]
        if not places.acquire(blocking=False):
            abort(503)
        g.photo_place = places

    @app.teardown_request
    def next_one(_error: BaseException | None) -> None:
        if (places := g.pop("photo_place", None)) is not None:
            places.release()


@bp.get("/<record>/photo")
def choose(record: str) -> Any:
    """The form for a photo; with the one that is there."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    if Action.EDIT not in view.actions or not pictures.can():
        return redirect(url_for("market.show", record=record))
    return _page(view)


def _page(view: reads.ListingView, problem: Problem | None = None) -> str:
    return render_template(
        "market/listing_photo.html",
        listing=view,
        key=fresh_key(),
        new=request.args.get("new"),
        problem=problem,
        most=pictures.MOST_UPLOADED // (1024 * 1024),
    )


@bp.post("/<record>/photo")
def send(record: str) -> Any:
    """Take a photo in."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    key = form_key()
    try:
        made = pictures.make(_brought())
    except pictures.BadPicture:
        return _page(view, refusal(Code.PHOTO_WRONG, Action.TRY_AGAIN)), REFUSED
    command = SetPhoto(view.id, made.large, made.small, secrets.token_bytes(16))
    result = act(command, key)
    again = isinstance(result, Refusal) and result.code is Code.KEY_REUSED
    if isinstance(result, Receipt) or again:
        return redirect(url_for("market.show", record=record))  # the second time: it is there already
    return _page(view, result), REFUSED


def _brought() -> bytes:
    """The bytes of the picture, however they came."""
    letters = request.form.get("picture", "")
    if letters:
        try:
            return urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
        except (NotBase64, ValueError) as error:
            raise pictures.BadPicture("not base64") from error
    came = request.files.get("file")
    return came.stream.read(pictures.MOST_UPLOADED + 1) if came else b""


@bp.get("/<record>/photo/drop")
def ask_drop(record: str) -> Any:
    """The question whether it shall go: a keeper says why."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    owner_or_keeper_present(me, view.owner)
    return _drop_page(view)


def _drop_page(view: reads.ListingView, problem: Problem | None = None) -> str:
    return render_template(
        "market/listing_photo_drop.html", listing=view, key=fresh_key(), problem=problem, longest=LONGEST_LINE
    )


@bp.post("/<record>/photo/drop")
def drop(record: str) -> Any:
    """It goes."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    owner_or_keeper_present(me, view.owner)
    result = act(DropPhoto(view.id, request.form.get("reason", "").strip()), form_key())
    if isinstance(result, Receipt):
        return redirect(url_for("market.show", record=record))
    return _drop_page(view, result), REFUSED


@bp.get("/photo/<number:entry>/<size>.jpg")
def picture(entry: int, size: str) -> Any:
    """The picture itself. Under one address it never changes, so phones keep it."""
    me = active_member_or_redirect()
    if size not in ("large", "small"):
        abort(404)
    with the_hub().reading() as tx:
        found = reads.photo(tx, entry, size == "small")
        view = None if found is None else reads.listing(tx, found[0], me.number, as_keeper(me))
    if found is None or view is None:
        abort(404)
    if view.state == HIDDEN and view.photo is None:
        abort(404)
    answer = make_response(found[1])
    answer.headers["Content-Type"] = "image/jpeg"
    kept = _KEPT_SECONDS if view.state == OPEN else 0
    answer.headers["Cache-Control"] = f"private, max-age={kept}, immutable" if kept else "no-store"
    answer.set_etag(f"photo-{entry}-{size}")
    return answer.make_conditional(request)
