"""Asking for payment: the request, its QR and code, and the answers to it."""

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Action, BadAmount, Code, Refusal
from appliance.ledger.money.requests import Accept, Cancel, Decline, Request
from appliance.ledger.money.transfers import DONE, EXPIRED, PENDING
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.held import Held
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.troubles import Trouble, trouble
from appliance.ledger.reads.village import end_of_open_request
from appliance.ledger.values import MAX_AMOUNT, Amount, parse_code, show_code
from appliance.web.ground import qr
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key, key_for
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, as_keeper
from appliance.web.people.whom import fits_nobody, look_up
from appliance.web.people.whose import account_of_others, acts_for, chosen, number_of
from appliance.web.wording.amounts import read_amount
from appliance.web.wording.words import amount_refusal, refusal

bp = Blueprint("ask", __name__)


@bp.get("/ask")
def ask() -> str:
    """How much, what for, of whom."""
    whose = chosen(active_member_or_redirect())
    return _form(whose, {"of": request.args.get("of", "")}, fresh_key())


def _form(
    whose: Held | None,
    typed: dict[str, str],
    key: str,
    problem: Problem | None = None,
    choices: tuple[Person, ...] = (),
    message: str = "",
) -> str:
    return render_template(
        "money/ask.html", whose=whose, typed=typed, key=key, problem=problem, choices=choices, message=message
    )


@bp.post("/ask")
def ask_now() -> tuple[str, int] | Response:
    """Make the request; ends at its page with the QR."""
    me = active_member_or_redirect()
    key, form, whose = form_key(), request.form, chosen(me)
    typed = {name: form.get(name, "").strip() for name in ("amount", "category", "note", "of")}
    try:
        amount = read_amount(typed["amount"])
    except BadAmount as error:
        return _form(whose, typed, key.hex(), amount_refusal(error)), REFUSED
    payer: Person | None = None
    if typed["of"]:
        with the_hub().reading() as tx:
            found = look_up(tx, typed["of"], me.number, payer=number_of(whose, me))
        if len(found.people) != 1:
            problem = found.problem
            if found.page:  # a code names no person
                problem = refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
            message = fits_nobody(typed["of"]) if found.nobody else ""
            return _form(whose, typed, key.hex(), problem, found.people, message), REFUSED
        payer = found.people[0]
    command = Request(
        number_of(whose, me),
        payer.number if payer else None,
        amount,
        typed["category"] or "other",
        typed["note"],
    )
    result = act(command, key)
    if isinstance(result, Receipt):
        return redirect(url_for(".request_page", code=str(result.outcome["code"])))
    return _form(whose, typed, key.hex(), result), REFUSED


@bp.get("/R/<code>")
@bp.get("/r/<code>", alias=True)
def request_page(code: str) -> str | Response:
    """A request: its maker sees the QR, who is asked sees the question, afterwards the receipt."""
    me = active_member_or_redirect()
    t = _request_or_end(code, me)
    if t.state != PENDING:
        return redirect(url_for("home.transfer", record=t.id.hex()))
    return _page(t, me)


def _page(t: TransferView, me: Person, problem: Problem | None = None) -> str:
    assert t.code is not None  # a request has one
    mine = acts_for(me, t.payee) and Action.ACCEPT not in t.actions
    on = t.payee if mine else t.payer
    whose = chosen(me) if on is None else account_of_others(me, on.number)
    return render_template(
        "money/request_mine.html" if mine else "money/request.html",
        t=t,
        whose=whose,
        code=show_code(t.code),
        address=qr.address(".request_page", code=t.code),
        problem=problem,
        trouble=_trouble(t, me),
        links={Action.SHOW: url_for("home.transfer", record=t.id.hex())},
    )


def _trouble(t: TransferView, me: Person) -> Trouble:
    with the_hub().reading() as tx:
        return trouble(tx, t.id, me.number, the_hub().clock.now(), as_keeper(me))


def _request_or_end(code: str, me: Person) -> TransferView:
    """The request, if ``me`` may see it; else a page that says how it ended, when it was for everybody."""
    typed = parse_code(code)
    if typed is None:
        abort(404)
    with the_hub().reading() as tx:
        found = reads.request_by_code(tx, typed, me.number, as_keeper(me))
        end = end_of_open_request(tx, typed) if found is None else None
    if end is not None:
        # Who was just about to pay must read that nothing was taken.
        status = 200 if request.method == "GET" else REFUSED
        abort(
            make_response(
                render_template("money/request_over.html", paid=end == DONE, lapsed=end == EXPIRED), status
            )
        )
    if found is None:
        abort(404)
    return found


@bp.post("/R/<code>/accept")
def accept(code: str) -> tuple[str, int] | Response:
    """Pay what was asked for: exactly what the page showed."""
    me = active_member_or_redirect()
    t = _request_or_end(code, me)
    shown = request.form.get("amount", "")
    if not shown.isdecimal() or len(shown) > len(str(MAX_AMOUNT)):
        abort(400)
    payer = t.payer.number if t.payer is not None else number_of(chosen(me), me)
    command = Accept(t.id, payer, t.payee.number, Amount(int(shown)))
    return _answer(t, me, command, t.amount)


@bp.post("/R/<code>/decline")
def decline(code: str) -> tuple[str, int] | Response:
    """Say no to a request."""
    me = active_member_or_redirect()
    t = _request_or_end(code, me)
    payer = t.payer.number if t.payer is not None else me.number
    return _answer(t, me, Decline(t.id, payer, request.form.get("phrase", "")))


@bp.post("/R/<code>/cancel")
def cancel(code: str) -> tuple[str, int] | Response:
    """Take back one's own request."""
    me = active_member_or_redirect()
    t = _request_or_end(code, me)
    return _answer(t, me, Cancel(t.id))


def _answer(
    t: TransferView, me: Person, command: Command, amount: int | None = None
) -> tuple[str, int] | Response:
    result: Receipt | Problem = act(command, key_for(command.KIND, t.id), amount)
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=t.id.hex()))
    if isinstance(result, Refusal) and result.code in (Code.NOT_PENDING, Code.KEY_REUSED):
        assert t.code is not None  # a request has one
        _request_or_end(t.code, me)  # somebody else may have been quicker since it was read
    if isinstance(result, Refusal) and result.code is Code.NOT_PENDING:
        links = {Action.SHOW: url_for("home.transfer", record=t.id.hex())}
        return render_template("refused.html", problem=result, links=links), REFUSED
    return _page(t, me, result), REFUSED
