"""Paper slips at the desk: a pile is typed in, checked, signed with one PIN, and is in the book as a whole.

::

    /desk/slips  -->  draft/<pile>  --check-->  draft/<pile>/check  --PIN-->  pile/<pile>

The pile's id is made with the empty table. It names the draft, it stands in the book, and the
idempotency key comes from it: a pile that is sent twice, from two tabs or after a power cut, is
typed in once. A draft is saved whenever the form is sent, and belongs to its keeper.
"""

import secrets
from typing import Any, Final

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Refused
from appliance.ledger.errors import Code
from appliance.ledger.keys import KeySigner
from appliance.ledger.money import piles
from appliance.ledger.money.piles import Draft
from appliance.ledger.reads import slips as reads
from appliance.web.desk.slip_rows import MOST_ROWS, Checked, Typed, check, nothing_typed, typed_in_form
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, acting_signer, key_for
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import at_own_screen, keeper_at_own_screen
from appliance.web.wording.words import refusal

bp = Blueprint("slips", __name__, url_prefix="/desk/slips")

ID_BYTES: Final = 16
BLANKS: Final = 8
"""Empty slips on one sheet of A4."""

_HEAVIEST: Final = 256 * 1024


def init_app(app: Flask) -> None:
    """Let a full table come in, in any script (each letter of Hindi is nine bytes on the way), at the own screen."""

    @app.before_request
    def room_for_a_pile() -> None:
        # Before the form token is looked for, as that reads the whole form.
        if request.endpoint == "slips.save" and at_own_screen():
            request.max_content_length = _HEAVIEST


@bp.get("")
def overview() -> Any:
    """What is begun, and the last piles."""
    me = keeper_at_own_screen()
    with the_hub().reading() as tx:
        begun = [(draft, Typed.from_body(draft.body)) for draft in piles.drafts(tx, me.number)]
        found, older = reads.piles(tx, number_asked("before") or None)
    return render_template(
        "desk/slips.html", begun=begun, piles=found, older=older, thrown=request.args.get("thrown")
    )


@bp.get("/new")
def new() -> Any:
    """An empty table, under a fresh id."""
    keeper_at_own_screen()
    return _table(secrets.token_bytes(ID_BYTES), nothing_typed(), begun=False)


@bp.get("/blank")
def blank() -> Any:
    """A sheet of empty slips to print and cut."""
    keeper_at_own_screen()
    return render_template("desk/slips_blank.html", count=BLANKS)


@bp.get("/draft/<pile>")
def draft(pile: str) -> Any:
    """Go on with a pile that was begun."""
    me = keeper_at_own_screen()
    found = _begun(pile, me.number)
    return _table(found.pile, Typed.from_body(found.body)) if isinstance(found, Draft) else found


@bp.post("/draft/<pile>")
def save(pile: str) -> Any:
    """Save what is typed; then check it, give more rows, or leave it for later."""
    me = keeper_at_own_screen()
    pile_id, typed, wish = _id_of(pile), typed_in_form(), request.form.get("do", "check")
    if wish == "more":
        typed = typed.longer()
    hub = the_hub()
    if not piles.keep_draft(hub.store, pile_id, me.number, typed.to_body(), hub.clock.now()):
        return _done_or_404(pile_id)
    if wish == "more":
        return redirect(url_for(".draft", pile=pile))
    if wish == "later":
        return redirect(url_for(".overview"))
    checked = check(typed, pile_id, me.number)
    if checked.ready:
        return redirect(url_for(".check_page", pile=pile))
    return _table(pile_id, typed, checked), REFUSED


@bp.get("/draft/<pile>/check")
def check_page(pile: str) -> Any:
    """What will happen, row by row, and the PIN."""
    me = keeper_at_own_screen()
    found = _begun(pile, me.number)
    if not isinstance(found, Draft):
        return found
    typed = Typed.from_body(found.body)
    checked = check(typed, found.pile, me.number)
    return _check(found.pile, checked) if checked.ready else (_table(found.pile, typed, checked), REFUSED)


@bp.post("/draft/<pile>/check")
def type_in(pile: str) -> Any:
    """Type the whole pile in: all of it, or nothing when one row cannot be."""
    me = keeper_at_own_screen()
    found = _begun(pile, me.number)
    if not isinstance(found, Draft):
        return found
    typed = Typed.from_body(found.body)
    checked = check(typed, found.pile, me.number)
    if not checked.ready:
        return _table(found.pile, typed, checked), REFUSED
    if request.form.get("seen") != checked.digest():
        return _check(found.pile, checked, refusal(Code.TERMS_CHANGED)), REFUSED
    signer = acting_signer(ALWAYS)
    if not isinstance(signer, KeySigner):
        return _check(found.pile, checked, signer), REFUSED
    hub = the_hub()
    try:
        result = hub.submit_all(checked.commands(found.pile), signer, key_for("slips", found.pile))
    finally:
        signer.close()
    if isinstance(result, Refused):
        return _refused(found, typed, me.number, result)
    piles.drop_draft(hub.store, found.pile, me.number)
    return redirect(url_for(".pile", pile=pile, done=1))


def _refused(found: Draft, typed: Typed, keeper: int, result: Refused) -> Any:
    """Somebody was quicker: with this very pile, or with a payment that leaves too little room."""
    with the_hub().reading() as tx:
        there = reads.pile(tx, found.pile) is not None
    if there:
        return _done_or_404(found.pile)
    again = check(typed, found.pile, keeper)
    if again.ready:
        return _check(found.pile, again, result.refusal), REFUSED
    return _table(found.pile, typed, again), REFUSED


@bp.get("/draft/<pile>/throw")
def throw(pile: str) -> Any:
    """Throw it away? A question first."""
    me = keeper_at_own_screen()
    found = _begun(pile, me.number)
    if not isinstance(found, Draft):
        return found
    typed = Typed.from_body(found.body)
    return render_template("desk/slips_throw.html", draft=found, count=count_of(typed))


@bp.post("/draft/<pile>/throw")
def throw_now(pile: str) -> Any:
    """It is gone; twice is as good as once."""
    me = keeper_at_own_screen()
    piles.drop_draft(the_hub().store, _id_of(pile), me.number)
    return redirect(url_for(".overview", thrown=1))


@bp.get("/pile/<pile>")
def pile(pile: str) -> Any:
    """A pile in the book, to look at and to print."""
    keeper_at_own_screen()
    with the_hub().reading() as tx:
        found, lines = reads.pile(tx, _id_of(pile)), reads.slips_of(tx, _id_of(pile))
    if found is None:
        abort(404)
    return render_template("desk/slips_pile.html", pile=found, lines=lines, done=request.args.get("done"))


def count_of(typed: Typed) -> int:
    """How many slips are typed in."""
    return sum(not row.empty for row in typed.rows)


def _id_of(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        abort(404)
    if len(found) != ID_BYTES:
        abort(404)
    return found


def _begun(text: str, keeper: int) -> Draft | Any:
    """The keeper's draft; an answer when it is in the book already, or nobody's."""
    pile_id = _id_of(text)
    with the_hub().reading() as tx:
        done = reads.pile(tx, pile_id) is not None
        found = piles.draft(tx, pile_id, keeper)
    return _done_or_404(pile_id) if done or found is None else found


def _done_or_404(pile_id: bytes) -> Any:
    with the_hub().reading() as tx:
        if reads.pile(tx, pile_id) is None:
            abort(404)
    return redirect(url_for(".pile", pile=pile_id.hex()))


def _table(pile_id: bytes, typed: Typed, checked: Checked | None = None, begun: bool = True) -> str:
    return render_template(
        "desk/slips_table.html",
        pile=pile_id.hex(),
        typed=typed,
        checked=checked,
        begun=begun,
        now=the_hub().clock.now(),
        full=len(typed.rows) >= MOST_ROWS,
        most=MOST_ROWS,
    )


def _check(pile_id: bytes, checked: Checked, problem: Problem | None = None) -> str:
    return render_template("desk/slips_check.html", pile=pile_id.hex(), checked=checked, problem=problem)
