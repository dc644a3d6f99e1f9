"""The desk's acts on the commons, and those that need two keepers: propose, hand over, agree.

::

    /desk/commons/pay --check--> paid by one keeper, or proposed --> /desk/two/<id>
    /desk/people/<n>/clear, /office, /desk/rules/credit --proposed--> /desk/two/<id>

Both keepers act at the hub's own screen, one after the other: the page of a proposal hands over, and
after signing in the second keeper is back on it.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger import codec
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Action, BadAmount, Code, Refusal
from appliance.ledger.money import accounts, commons
from appliance.ledger.money.commons import PayFromCommons
from appliance.ledger.people import powers, seconds
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.people.seconds import Agree, Object, Propose, TakeBack
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import commons as commons_reads
from appliance.ledger.reads import desk as desk_reads
from appliance.ledger.reads import proposals as reads
from appliance.ledger.reads.desk import AccountLine
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.proposals import ProposalView
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.people.whom import fits_nobody, look_up
from appliance.web.wording import deeds
from appliance.web.wording.amounts import account_of, read_amount
from appliance.web.wording.words import amount_refusal, refusal

bp = Blueprint("desk_two", __name__, url_prefix="/desk")


# -- paying from the commons ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Typed:
    """The form of a payment, read. ``which``: people that the name may mean, to choose from."""

    payee: Person | None
    amount: int
    category: str
    reason: str
    problem: Refusal | None = None
    message: str = ""
    which: tuple[Person, ...] = ()


@bp.get("/commons/pay")
def pay() -> Any:
    """Whom, how much, what for, why."""
    me = keeper_at_own_screen()
    return _pay_form(me, None)


def _pay_form(me: Person, typed: _Typed | None) -> str:
    hub = the_hub()
    with hub.reading() as tx:
        now = commons_reads.standing(tx)
        left = commons.alone_left(tx, me.number, hub.clock.now())
        lone = len(powers.keepers(tx)) < 2
    return render_template(
        "desk/commons_pay.html",
        now=now,
        left=left,
        lone=lone,
        days=commons.ALONE_DAYS,
        typed=request.form,
        found=typed,
        longest_line=LONGEST_LINE,
    )


def _read(me: Person) -> _Typed:
    form = request.form
    text, reason = form.get("whom", "").strip(), form.get("reason", "").strip()
    category = form.get("category", "other")
    with the_hub().reading() as tx:
        found = look_up(tx, text, me.number) if text else None
    people = tuple(one for one in found.people if not one.commons) if found else ()
    payee = people[0] if len(people) == 1 else None
    if payee is None:
        problem = found.problem if found else None
        if problem is None and not people and not (found and found.nobody):
            problem = refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
        message = fits_nobody(text) if found and found.nobody else ""
        return _Typed(None, 0, category, reason, problem, message, people)
    try:
        amount = int(read_amount(form.get("amount", "")))
    except BadAmount as error:
        return _Typed(payee, 0, category, reason, amount_refusal(error))
    if category not in CATEGORIES:
        return _Typed(payee, amount, category, reason, refusal(Code.UNKNOWN_CATEGORY))
    return _Typed(payee, amount, category, reason, refuse_reason(reason))


@bp.post("/commons/pay/check")
def check() -> Any:
    """What will happen: this keeper alone can, or a second one is needed."""
    me = keeper_at_own_screen()
    typed = _read(me)
    if typed.payee is None or typed.problem:
        return _pay_form(me, typed), REFUSED
    return _check(me, typed, fresh_key())


def _check(me: Person, typed: _Typed, key: str, problem: Problem | None = None) -> str:
    assert typed.payee is not None
    hub = the_hub()
    with hub.reading() as tx:
        alone = commons.refuse_alone(tx, typed.amount, me.number, hub.clock.now())
        lone = len(powers.keepers(tx)) < 2
    return render_template(
        "desk/commons_check.html",
        t=typed,
        to=account_of(typed.payee).short,
        amount_typed=request.form.get("amount", ""),
        two=alone,
        lone=lone,
        key=key,
        problem=problem,
    )


@bp.post("/commons/pay")
def pay_now() -> Any:
    """Pay, or ask a second keeper when it is more than one may pay."""
    me, key = keeper_at_own_screen(), form_key()
    typed = _read(me)
    if typed.payee is None or typed.problem:
        return _pay_form(me, typed), REFUSED
    payee = typed.payee.number
    if request.form.get("two") == "1":
        terms = {"payee": int(payee), "amount": typed.amount, "category": typed.category}
        result = act(Propose(seconds.PAY, terms, typed.reason), key)
        if isinstance(result, Receipt):
            return redirect(url_for(".proposal", record=result.record.hex()))
    else:
        command = PayFromCommons(payee, Amount(typed.amount), typed.category, typed.reason)
        result = act(command, key, typed.amount)
        if isinstance(result, Receipt):
            return redirect(url_for("home.transfer", record=result.record.hex()))
    return _check(me, typed, key.hex(), result), REFUSED


# -- what waits for a second ------------------------------------------------------------------


@bp.get("/two")
def waiting() -> Any:
    """What waits for a second keeper, and what ended last."""
    me = keeper_at_own_screen()
    hub = the_hub()
    with hub.reading() as tx:
        now = hub.clock.now()
        found = [(one, _words(tx, one)) for one in reads.waiting(tx, me.number, now)]
        over = [(one, _words(tx, one)) for one in reads.ended(tx, me.number, now)]
        lone = len(powers.keepers(tx)) < 2
    return render_template("desk/two.html", found=found, over=over, lone=lone)


def _words(tx: Any, view: ProposalView) -> str:
    return deeds.words_of(tx, view.kind, view.terms)


@bp.get("/two/<record>")
def proposal(record: str) -> Any:
    """One proposal: all it does, and what this keeper can do about it."""
    return _proposal(keeper_at_own_screen(), _record(record))


def _record(text: str) -> RecordId:
    try:
        return RecordId(bytes.fromhex(text))
    except ValueError:
        abort(404)


def _proposal(
    me: Person, record: RecordId, key: str = "", problem: Problem | None = None, about: str = ""
) -> str:
    hub = the_hub()
    with hub.reading() as tx:
        view = reads.proposal(tx, record, me.number, hub.clock.now())
        if view is None:
            abort(404)
        words, stands = _words(tx, view), _moved_since(tx, view)
    return render_template(
        "desk/proposal.html",
        p=view,
        what=words,
        stands=stands,
        effects=deeds.effects_of(view.kind, view.terms),
        mine=view.keeper is not None and view.keeper.number == me.number,
        amount=_amount(view),
        cleared=view.terms.get("account") if view.kind == seconds.CLEAR else None,
        key=key or fresh_key(),
        problem=problem,
        about_form=about,
        reason=request.form.get("reason", ""),
        links={Action.SHOW: url_for(".proposal", record=record.hex())},
        longest_line=LONGEST_LINE,
    )


def _moved_since(tx: Tx, view: ProposalView) -> int | None:
    """The balance of an account to clear that is not the proposed one any more: nobody can agree then."""
    if view.kind != seconds.CLEAR or view.state != "open":
        return None
    line = desk_reads.account_line(tx, view.terms["account"])
    return None if line is None or line.balance == view.terms["balance"] else line.balance


def _amount(view: ProposalView) -> int | None:
    """What moves when it is done: above the community's amount it asks for the PIN."""
    moved = view.terms.get("amount", view.terms.get("balance"))
    return None if moved is None else abs(int(moved))


@bp.post("/two/<record>/<any('agree', 'object', 'take-back'):answer>")
def answer(record: str, answer: str) -> Any:
    """Agree, say no, or take it back."""
    me, key, named = keeper_at_own_screen(), form_key(), _record(record)
    if answer == "agree":
        hub = the_hub()
        with hub.reading() as tx:
            view = reads.proposal(tx, named, me.number, hub.clock.now())
        result = act(Agree(named), key, None if view is None else _amount(view))
    elif answer == "object":
        result = act(Object(named, request.form.get("reason", "").strip()), key)
    else:
        result = act(TakeBack(named), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".proposal", record=record))
    return _proposal(me, named, key.hex(), result, answer), REFUSED


# -- clearing an account, ending an office ------------------------------------------------------


def _line(number: int) -> AccountLine:
    with the_hub().reading() as tx:
        line = desk_reads.account_line(tx, number)
    if line is None or line.who.commons or line.balance is None:
        abort(404)
    return line


@bp.get("/people/<number:number>/clear")
def clear(number: int) -> Any:
    """The form for bringing an account to zero before it is closed."""
    keeper_at_own_screen()
    return _form(number, "clear", fresh_key())


@bp.get("/people/<number:number>/office")
def office(number: int) -> Any:
    """The form for ending a keeper's office."""
    keeper_at_own_screen()
    return _form(number, "office", fresh_key())


_TEMPLATES: Final = {"clear": "desk/clear.html", "office": "desk/office.html"}


def _form(number: int, what: str, key: str, problem: Problem | None = None, message: str = "") -> str:
    with the_hub().reading() as tx:
        keepers = len(powers.keepers(tx))
    line = _line(number)
    if what == "office" and not line.who.keeper:
        abort(404)
    return render_template(
        _TEMPLATES[what],
        line=line,
        keepers=keepers,
        key=key,
        problem=problem,
        message=message,
        typed=request.form,
        longest_line=LONGEST_LINE,
    )


@bp.post("/people/<number:number>/clear")
def clear_now(number: int) -> Any:
    """Propose it to a second keeper."""
    me, key = keeper_at_own_screen(), form_key()
    to, problem, message = _receiver(me)
    if problem or message:
        return _form(number, "clear", key.hex(), problem, message), REFUSED
    with the_hub().reading() as tx:
        account = accounts.get(tx, number)
    terms = {"account": number, "balance": account.balance if account else 0, "to": int(to)}
    return _proposed(number, "clear", key, seconds.CLEAR, terms)


def _receiver(me: Person) -> tuple[AccountNumber, Refusal | None, str]:
    """Who gets what the account has: the commons, unless somebody is named."""
    text = request.form.get("whom", "").strip()
    if not text:
        return COMMONS, None, ""
    with the_hub().reading() as tx:
        found = look_up(tx, text, me.number)
    if len(found.people) == 1:
        return found.people[0].number, None, ""
    if found.nobody:
        return COMMONS, None, fits_nobody(text)
    return COMMONS, found.problem or refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER), ""


@bp.post("/people/<number:number>/office")
def office_now(number: int) -> Any:
    """Propose it to a second keeper."""
    keeper_at_own_screen()
    return _proposed(number, "office", form_key(), seconds.DISMISS, {"member": number})


def _proposed(number: int, what: str, key: bytes, kind: str, terms: codec.Body) -> Any:
    result = act(Propose(kind, terms, request.form.get("reason", "").strip()), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".proposal", record=result.record.hex()))
    return _form(number, what, key.hex(), result), REFUSED
