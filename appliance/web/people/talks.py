"""Messages between two people of this hub, blocks, and telling the keepers; all messages in one list."""

from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Refusal
from appliance.ledger.market import complaints, marks, talks
from appliance.ledger.market.talks import LISTING, LONGEST, NOTHING, TRANSFER, About, Sent
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import listings as listing_reads
from appliance.ledger.reads import member as member_reads
from appliance.ledger.reads import talks as reads
from appliance.ledger.reads import talks_far as far_reads
from appliance.ledger.reads.people import Person
from appliance.web.ground.acting import REFUSED, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import active_member_or_redirect, local_path
from appliance.web.people.notices import remembered

bp = Blueprint("talks", __name__)

_DONE: Final = ("blocked", "unblocked", "told", "gone")


@bp.get("/talks")
def all_of_mine() -> Any:
    """With whom I write, newest first."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        page = reads.all_talks(tx, me.number, number_asked("page") or 1)
        far = far_reads.all_talks(tx, me.number) if page.page == 1 else ()
    return render_template("people/talks.html", talks=page, far=far)


@bp.get("/talks/<number:other>")
def talk(other: int) -> Any:
    """What the two of us wrote. What is shown is read from now on."""
    me = active_member_or_redirect()
    page = _thread(me, other)
    upto = page.unread_upto
    if upto is not None:
        remembered(lambda: talks.keep_read(the_hub().store, me.number, other, upto))
    return _page(me, page)


@bp.post("/talks/<number:other>")
def say(other: int) -> Any:
    """Write something."""
    me, hub, key = active_member_or_redirect(), the_hub(), form_key()
    page = _thread(me, other)
    text = request.form.get("text", "")
    about = _about(request.form.get("about", ""), request.form.get("item", ""))
    sent = talks.send(hub.store, me.number, other, text, hub.clock.now(), key, about)
    if isinstance(sent, Sent):
        return redirect(url_for(".talk", other=other) + "#last")
    return _page(me, page, sent, text, key.hex()), REFUSED


def _thread(me: Person, other: int) -> reads.Thread:
    before = number_asked("before") if request.method == "GET" else None
    with the_hub().reading() as tx:
        page = reads.thread(tx, me.number, other, before)
    if page is None:
        abort(404)
    return page


def _about(kind: str, item: str) -> About:
    """What a message is about, as a link or a form says it; whether it can be is looked at when it is sent."""
    try:
        record = bytes.fromhex(item)
    except ValueError:
        record = b""
    return About(kind, record) if kind in (LISTING, TRANSFER) and record else NOTHING


def _page(
    me: Person, page: reads.Thread, problem: Refusal | None = None, text: str = "", key: str = ""
) -> str:
    values = request.form if request.method == "POST" else request.args
    about = _about(values.get("about", ""), values.get("item", ""))
    with the_hub().reading() as tx:
        title = _title(tx, about, me)
        closed = talks.refuse_to_write(tx, me.number, page.other.number, the_hub().clock.now())
    if title is None:
        about = NOTHING
    done = request.args.get("done")
    return render_template(
        "people/talk.html",
        me=me,
        talk=page,
        other=page.other,
        about=about,
        title=title,
        problem=problem,
        closed=None if problem else closed,
        text=text,
        key=key or fresh_key(),
        longest=LONGEST,
        done=done if done in _DONE else None,
    )


def _title(tx: Tx, about: About, me: Person) -> str | None:
    """The words for what is written about; None when it is nothing that the reader may see."""
    if about.item is None:
        return None
    if about.kind == LISTING:
        listing = listing_reads.listing(tx, about.item, me.number)
        return None if listing is None else listing.title
    transfer = member_reads.transfer(tx, about.item, me.number)
    return None if transfer is None else transfer.text


@bp.post("/talks/<number:other>/take-back")
def take_back(other: int) -> Response:
    """Erase an own message, for both."""
    me = active_member_or_redirect()
    seq = request.form.get("seq", "")
    if seq.isascii() and seq.isdecimal() and len(seq) < 16:
        talks.take_back(the_hub().store, me.number, int(seq))
    return redirect(url_for(".talk", other=other, done="gone"))


@bp.post("/marks")
def mark() -> Any:
    """Keep or drop a favourite, block or unblock somebody; then back to where it was asked."""
    me, hub = active_member_or_redirect(), the_hub()
    where = local_path(request.form.get("back"))
    what, on = request.form.get("what", ""), request.form.get("on") == "1"
    place = [request.form.get(name, "") for name in ("hub", "item")]
    if what not in (marks.MEMBER, marks.LISTING, "block") or not all(_whole(text) for text in place):
        abort(400)
    there, item = (int(text) for text in place)
    refused: Refusal | None = None
    if what == "block" and on:
        refused = marks.block(hub.store, me.number, there, item, hub.clock.now())
    elif what == "block":
        marks.unblock(hub.store, me.number, there, item)
    elif on:
        refused = marks.keep(hub.store, me.number, what, there, item, hub.clock.now())
    else:
        marks.drop(hub.store, me.number, what, there, item)
    if refused is None:
        return redirect(where)
    return render_template("people/not_marked.html", problem=refused, back=where), REFUSED


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


@bp.get("/complain/<kind>/<int(max=999):hub>/<number:item>")
def complain(kind: str, hub: int, item: int) -> Any:
    """The form to tell the keepers of a message or a listing."""
    me = active_member_or_redirect()
    return _complaint(me, kind, hub, item)


@bp.post("/complain/<kind>/<int(max=999):hub>/<number:item>")
def complained(kind: str, hub: int, item: int) -> Any:
    """Tell them."""
    me, box, key = active_member_or_redirect(), the_hub(), form_key()
    words = request.form.get("words", "")
    refused = complaints.tell(box.store, key, me.number, (kind, hub, item), words, box.clock.now())
    if refused is not None:
        return _complaint(me, kind, hub, item, refused, words, key.hex()), REFUSED
    return render_template("people/complained.html", back=local_path(request.form.get("back")))


def _complaint(
    me: Person,
    kind: str,
    hub: int,
    item: int,
    problem: Refusal | None = None,
    words: str = "",
    key: str = "",
) -> str:
    with the_hub().reading() as tx:
        found = complaints.about(tx, me.number, kind, hub, item)
    if isinstance(found, Refusal):
        abort(404)
    back = request.form.get("back") if request.method == "POST" else request.args.get("back")
    return render_template(
        "people/complain.html",
        kind=kind,
        said=found[1],
        problem=problem,
        words=words,
        key=key or fresh_key(),
        longest=LONGEST_LINE,
        back=local_path(back),
    )
