"""Messages with people of other villages: short, on the air when nothing else wants it; how far each has come, in words."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from appliance.ledger.book.letters_talk import LONGEST
from appliance.ledger.errors import Refusal
from appliance.ledger.market import talks_about, talks_far
from appliance.ledger.market.talks import Sent
from appliance.ledger.market.talks_about import Of
from appliance.ledger.reads import talks_far as reads
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.talks_far import Far
from appliance.web.ground.acting import REFUSED, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.notices import remembered

bp = Blueprint("talks_far", __name__)


@bp.get("/talks/<number:hub>/<number:other>")
def talk(hub: int, other: int) -> Any:
    """What the two of us wrote. What is shown is read from now on."""
    me = active_member_or_redirect()
    page = _thread(me, hub, other)
    upto = page.unread_upto
    if upto is not None:
        remembered(lambda: talks_far.keep_read(the_hub().store, me.number, hub, other, upto))
    return _page(me, page)


@bp.post("/talks/<number:hub>/<number:other>")
def say(hub: int, other: int) -> Any:
    """Write something."""
    me, box, key = active_member_or_redirect(), the_hub(), form_key()
    page = _thread(me, hub, other)
    text = request.form.get("text", "")
    sent = talks_far.write(box.store, me.number, hub, other, text, box.clock.now(), key, _of())
    if isinstance(sent, Sent):
        return redirect(url_for(".talk", hub=hub, other=other) + "#last")
    return _page(me, page, sent, text, key.hex()), REFUSED


@bp.post("/talks/<number:hub>/<number:other>/take-back")
def take_back(hub: int, other: int) -> Response:
    """Erase an own message, here and there."""
    me = active_member_or_redirect()
    seq = request.form.get("seq", "")
    if seq.isascii() and seq.isdecimal() and len(seq) < 16:
        talks_far.take_back(the_hub().store, me.number, int(seq))
    return redirect(url_for(".talk", hub=hub, other=other, done="gone"))


def _of() -> Of | None:
    """The listing that is written about, as a link or a form says it; whether it can be is looked at when it is sent."""
    values = request.form if request.method == "POST" else request.args
    said = [values.get(name, "") for name in ("of", "listing")]
    if not all(text.isascii() and text.isdecimal() and len(text) < 16 for text in said):
        return None
    return Of(*map(int, said))


def _thread(me: Person, hub: int, other: int) -> reads.FarThread:
    before = number_asked("before") if request.method == "GET" else None
    with the_hub().reading() as tx:
        page = reads.thread(tx, me.number, hub, other, the_hub().clock.now(), before)
        known = page is not None and (page.messages or talks_far.is_known(tx, me.number, hub, other))
    if page is None or not known:
        abort(404)
    return page


def _page(
    me: Person, page: reads.FarThread, problem: Refusal | None = None, text: str = "", key: str = ""
) -> str:
    other = page.other
    with the_hub().reading() as tx:
        now = the_hub().clock.now()
        there, number, of = other.hub or 0, other.number, _of()
        closed = talks_far.refuse_to_write(tx, me.number, there, number, now)
        fits = of is not None and talks_about.refuse(tx, me.number, there, number, of) is None
        about = reads.about_of(tx, of, me.number, there, number) if of is not None and fits else None
    return render_template(
        "people/talk_far.html",
        talk=page,
        other=other,
        about=about,
        problem=problem,
        closed=None if problem else closed,
        text=text,
        key=key or fresh_key(),
        longest=LONGEST,
        done=request.args.get("done"),
        far={way: _far(way, other.hub_name) for way in Far},
    )


def _far(way: Far, village: str) -> str:
    return {
        Far.WAITS: lambda: _("waits until the radio has nothing else to say"),
        Far.LATE: lambda: _("was not sent: the radio had no time for it in two weeks"),
        Far.HERE: lambda: _("is sent next"),
        Far.SENT: lambda: _("on its way to %(village)s", village=village),
        Far.ARRIVED: lambda: _("has arrived in %(village)s", village=village),
        Far.UNSURE: lambda: _("was sent before this hub was restored: whether it arrived is not known"),
    }[way]()
