"""Members' life at the desk: taken in without a phone, a card to print, away, frozen, closed, again."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.money.accounts import group_of
from appliance.ledger.money.limits import MoveGroup
from appliance.ledger.people import erasing, leaving, powers
from appliance.ledger.people.erasing import Erase, KeepTexts, open_one
from appliance.ledger.people.leaving import CloseMember
from appliance.ledger.people.life import Away, Back, Freeze, Register, Reopen, Unfreeze
from appliance.ledger.people.moving import Stay
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME
from appliance.ledger.reads import desk as reads
from appliance.ledger.reads.desk import AccountLine
from appliance.ledger.values import AccountNumber, RecordId
from appliance.web.desk.printing import card_of
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.ground.session import end_sign_ins
from appliance.web.wording import labels

bp = Blueprint("desk_life", __name__, url_prefix="/desk")


def _keep_texts(number: AccountNumber, why: str) -> Command:
    with the_hub().reading() as tx:
        row = open_one(tx, number)
    return KeepTexts(number, RecordId(bytes(16) if row is None else bytes(row.id)), why)


_STEPS: Final[Mapping[str, Callable[[AccountNumber, str], Command]]] = {
    "away": Away,
    "back": Back,
    "freeze": Freeze,
    "unfreeze": Unfreeze,
    "reopen": Reopen,
    "stay": Stay,
    "left": lambda number, why: CloseMember(number, leaving.LEFT, why),
    "died": lambda number, why: CloseMember(number, leaving.DIED, why),
    "erase": Erase,
    "keep": _keep_texts,
    "group": lambda number, why: MoveGroup(number, request.form.get("group", ""), why),
}

TITLES: Final[Mapping[str, Callable[[], str]]] = {
    "away": lambda: _("Away for a while"),
    "back": lambda: _("Back again"),
    "freeze": lambda: _("Freeze the account"),
    "unfreeze": lambda: _("Free the account again"),
    "reopen": lambda: _("Take in again"),
    "stay": lambda: _("Stays here after all"),
    "move": lambda: _("Moves to another village"),
    "comes": lambda: _("Comes from another village with a debt"),
    "left": lambda: _("Has left: close the account"),
    "died": lambda: _("Has died: close the account"),
    "erase": lambda: _("Erase the person's words"),
    "keep": lambda: _("Do not erase the words"),
    "group": lambda: _("Another kind of account"),
}
"""What each step is called, on its link and its page."""

_WHAT: Final[Mapping[str, Callable[[], str]]] = {
    "away": lambda: _("Offers and wants are hidden. The account goes on: it can pay and be paid."),
    "back": lambda: _("Offers and wants are shown again."),
    "freeze": lambda: _(
        "Nothing is paid from this account or to it. The person can still sign in, read, and say that a payment is wrong."
    ),
    "unfreeze": lambda: _("The account can pay and be paid again."),
    "stay": lambda: _("The move is called off. Offers and wants are shown again, and the usual limits hold."),
    "reopen": lambda: _("The old number counts again. The person needs a new PIN from you."),
    "left": lambda: _(
        "The balance must be zero. Open requests are cancelled, offers and wants taken down, the PIN ends."
    ),
    "died": lambda: _(
        "The balance must be zero. Open requests are cancelled, offers and wants taken down, the PIN ends."
    ),
    "erase": lambda: _(
        "Only when the person has asked for it. In a week the name, notes, offers, wants, care texts and what keepers wrote about the person are erased for good; until then it can be taken back. Amounts, numbers and days stay, and so does what others wrote about their own payments. Where something is contested, the words stay until that is ended. Backups that were made before keep the words until they are replaced, and other villages keep the notes of payments that went there. Who is erased cannot be taken in again under this number."
    ),
    "keep": lambda: _("The erasing that was asked for or written down is taken back: all words stay."),
    "group": lambda: _("The account gets the limits that are usual for its new kind."),
}

_OFFERED: Final[Mapping[str, tuple[str, ...]]] = {
    powers.ACTIVE: ("away", "freeze", "group", "comes", "move", "left", "died"),
    powers.AWAY: ("back", "freeze", "group", "comes", "move", "left", "died"),
    powers.MOVING: ("stay", "freeze", "left", "died"),
    powers.FROZEN: ("unfreeze", "group", "left", "died"),
    powers.CLOSED: ("reopen", "erase", "keep"),
}


_NOT_WHEN: Final[Mapping[str | None, tuple[str, ...]]] = {
    None: ("keep",),
    erasing.WAITING: ("erase",),
    erasing.DONE: ("erase", "keep", "reopen"),
}
"""What is not offered, by how it stands with erasing the person's words."""

_NOT_OF_KEEPERS: Final = ("freeze", "left", "died", "move", "stay")
_BETWEEN: Final = ("move", "comes")


def steps_for(
    line: AccountLine, own: bool, far: bool = False, texts: str | None = None
) -> list[tuple[str, str]]:
    """What a keeper can do with this person's membership: each step and what it is called.

    Args:
        own: it is the keeper's own.
        far: there are other villages.
        texts: how it stands with erasing all words of this person: asked, waiting, done; None: not at all.
    """
    if own or (line.balance is None and line.who.status != powers.CLOSED):
        return []
    offered = [step for step in _OFFERED.get(line.who.status, ()) if far or step not in _BETWEEN]
    # Who was turned away never had an account to be taken in again with.
    not_now = (*_NOT_WHEN.get(texts, ()), *(("reopen",) if line.balance is None else ()))
    offered = [step for step in offered if step not in not_now]
    return [(step, TITLES[step]()) for step in offered if not (line.who.keeper and step in _NOT_OF_KEEPERS)]


@bp.get("/people/new")
def new() -> Any:
    """The form for somebody who has no phone."""
    keeper_at_own_screen()
    return _new(fresh_key())


def _new(key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/register.html",
        key=key,
        problem=problem,
        typed=request.form,
        groups=labels.group_choices(),
        longest_name=LONGEST_NAME,
        longest_line=LONGEST_LINE,
    )


@bp.post("/people/new")
def register() -> Any:
    """Take in somebody who has no phone: the number is given at once."""
    keeper_at_own_screen()
    key, form = form_key(), request.form
    command = Register(form.get("name", ""), form.get("reason", ""), form.get("group", "person"))
    result = act(command, key)
    if isinstance(result, Receipt):
        number = result.outcome["number"]
        if "low" not in result.outcome:  # members must vouch first
            return redirect(url_for("desk.person", number=number))
        return redirect(url_for(".card", number=number, new=1))
    return _new(key.hex(), result), REFUSED


@bp.get("/people/<number:number>/card")
def card(number: int) -> Any:
    """The card to print: name, number, and the QR code by which others pay this person."""
    keeper_at_own_screen()
    return render_template("desk/card.html", c=card_of(_line(number).who), new=request.args.get("new"))


def _line(number: int, gone_too: bool = False) -> AccountLine:
    """Of somebody with an account; ``gone_too``: also of a newcomer who was turned away."""
    with the_hub().reading() as tx:
        line = reads.account_line(tx, number)
    if line is None or line.who.commons:
        abort(404)
    if line.balance is None and not (gone_too and line.who.status == powers.CLOSED):
        abort(404)
    return line


@bp.get("/people/<number:number>/<step>")
def step_form(number: int, step: str) -> Any:
    """One step of somebody's membership: what it does, and why it is done."""
    keeper_at_own_screen()
    return _step(number, step, fresh_key())


def _step(number: int, step: str, key: str, problem: Problem | None = None) -> str:
    if step not in _STEPS:
        abort(404)
    with the_hub().reading() as tx:
        group = group_of(tx, number)
    return render_template(
        "desk/step.html",
        line=_line(number, step in ("erase", "keep")),
        group=request.form.get("group", group),
        step=step,
        title=TITLES[step](),
        what=_WHAT[step](),
        groups=labels.group_choices() if step == "group" else (),
        key=key,
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


@bp.post("/people/<number:number>/life/<step>")
def step_now(number: int, step: str) -> Any:
    """Do it, with the reason that was typed."""
    keeper_at_own_screen()
    if step not in _STEPS:
        abort(404)
    key = form_key()
    result = act(_STEPS[step](AccountNumber(number), request.form.get("reason", "")), key)
    if isinstance(result, Receipt):
        if step in ("left", "died"):
            end_sign_ins(number)
        return redirect(url_for("desk.person", number=number, done="life"))
    return _step(number, step, key.hex(), result), REFUSED
