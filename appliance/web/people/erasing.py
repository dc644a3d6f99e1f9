"""Personal words: a member asks that they be erased, and takes it back; a keeper begins it at the desk.

::

    /me/words             all of mine: asked for, taken back; single texts that are under way
    /me/words/<entry>     one text of mine, and the question
    /desk/words           what members asked for and nobody has begun
    /desk/words/<entry>   a keeper has one text erased, with a reason
"""

from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.people import erasing
from appliance.ledger.people.erasing import AskErase, Erase, KeepTexts
from appliance.ledger.people.powers import STANDING
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import erasing as reads
from appliance.ledger.reads.erasing import OwnText
from appliance.ledger.reads.people import Person
from appliance.ledger.values import AccountNumber, EntryNumber, RecordId
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import as_keeper, keeper_at_own_screen, member_or_redirect, visitor

bp = Blueprint("erasing", __name__)


@bp.get("/me/words")
def mine() -> Any:
    """What is under way of my words, and the wish that all of them be erased when I leave."""
    return _mine(member_or_redirect())


def _mine(me: Person, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        wishes = reads.wishes(tx, me.number)
    return render_template(
        "people/me_words.html",
        whole=next((wish for wish in wishes if wish.entry == erasing.ALL), None),
        single=[wish for wish in wishes if wish.entry != erasing.ALL],
        can_ask=me.status in STANDING,
        key=fresh_key(),
        done=request.args.get("done"),
        problem=problem,
    )


@bp.get("/me/words/<number:entry>")
def one(entry: int) -> Any:
    """One text of mine: erase it?"""
    return _one(entry, member_or_redirect(), fresh_key())


def _one(entry: int, me: Person, key: str, problem: Problem | None = None) -> str:
    return render_template("people/me_words_one.html", text=_text_of(entry, me), key=key, problem=problem)


def _text_of(entry: int, me: Person | None = None) -> OwnText:
    with the_hub().reading() as tx:
        text = reads.own_text(tx, entry)
    if text is None or (me is not None and text.author.number != me.number):
        abort(404)
    return text


@bp.post("/me/words/ask")
def ask() -> Any:
    """Ask for it: for all of mine, or for one text."""
    me, key = member_or_redirect(), form_key()
    typed = request.form.get("entry", "0")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 16):
        abort(400)
    entry = EntryNumber(int(typed))
    result = act(AskErase(AccountNumber(me.number), entry), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".mine", done="asked"))
    return (_mine(me, result) if entry == erasing.ALL else _one(entry, me, key.hex(), result)), REFUSED


@bp.post("/me/words/keep/<erasure>")
def keep(erasure: str) -> Any:
    """Take it back: the words stay."""
    me, key = member_or_redirect(), form_key()
    try:
        record = RecordId(bytes.fromhex(erasure))
    except ValueError:
        abort(404)
    if len(record) != len(RecordId(bytes(16))):
        abort(404)
    result = act(KeepTexts(AccountNumber(me.number), record), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".mine", done="kept"))
    return _mine(me, result), REFUSED


@bp.get("/desk/words")
def to_be_done() -> Any:
    """What members asked for and no keeper has begun."""
    keeper_at_own_screen()
    with the_hub().reading() as tx:
        wishes = reads.to_be_done(tx)
    return render_template("desk/words.html", wishes=wishes, done=request.args.get("done"))


@bp.get("/desk/words/<number:number>")
def at_desk(number: int) -> Any:
    """The text of the entry with this number, and why it should go."""
    keeper_at_own_screen()
    return _at_desk(number, fresh_key())


def _at_desk(entry: int, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/words_one.html",
        text=_text_of(entry),
        key=key,
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


@bp.post("/desk/words/<number:number>")
def begin(number: int) -> Any:
    """Have it erased in a week."""
    keeper_at_own_screen()
    key, text, entry = form_key(), _text_of(number), number
    reason = request.form.get("reason", "")
    result = act(Erase(AccountNumber(text.author.number), reason, EntryNumber(entry)), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".to_be_done", done=1))
    return _at_desk(entry, key.hex(), result), REFUSED


def said_about(record: bytes) -> tuple[OwnText, ...]:
    """The texts that stand with something, as far as the reader can have them erased or see to it."""
    me = visitor()
    if me is None:
        return ()
    with the_hub().reading() as tx:
        found = reads.said_about(tx, record)
    return tuple(text for text in found if text.author.number == me.number or as_keeper(me))


def init_app(app: Flask) -> None:
    """Let pages name the texts that stand with what they show."""
    app.jinja_env.globals.update(said_about=said_about)
