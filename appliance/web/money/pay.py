"""Paying: whom, how much, check, receipt; and giving back.

::

    /pay  --whom-->  /P/<account>  --how much-->  POST /pay/check  --PIN-->  POST /pay/send  -->  /t/<id>

The check page carries the idempotency key, so that a double tap, or the form sent again after
a power cut, ends at the one receipt. A wrong PIN keeps the key and what was typed. Somebody of
another village is paid by the same pages; what is different there, the check page says.
"""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.errors import Action, BadAmount, Code, Refusal
from appliance.ledger.money.crossings import Send, refuse_memo
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.reads.crossings import standing
from appliance.ledger.reads.held import Held
from appliance.ledger.reads.people import Person
from appliance.ledger.values import AccountNumber, Amount
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, owner_or_keeper_present
from appliance.web.money import deals
from appliance.web.people.home import transfer_or_404
from appliance.web.people.whom import account_in, fits_nobody, look_up, payee
from appliance.web.people.whose import acts_for, carried, chosen, number_of
from appliance.web.wording.amounts import account_of, read_amount, typed
from appliance.web.wording.radio import before_paying, radio_now
from appliance.web.wording.standing import Note, note
from appliance.web.wording.words import amount_refusal, refusal

bp = Blueprint("pay", __name__)

_WORTH_ANOTHER_TRY = (Code.PIN_WRONG, Code.PIN_WAIT, Code.BUSY, Code.SAME_AGAIN)
"""Refusals after which the very same payment can succeed; after others something must be changed."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the payment form says, read. ``whose``: the account that pays, when not the own first one;
    ``deal``: the match or trade loop that it is for (``deals``).
    """

    whose: Held | None
    payee: Person
    amount: Amount
    category: str
    note: str
    deal: str = ""

    def command(self, payer: AccountNumber, again: bool) -> Pay | Send:
        """What the payer asks of the ledger."""
        to, terms = self.payee, (self.amount, self.category, self.note, again)
        if to.hub is None:
            return Pay(payer, to.number, *terms)
        return Send(payer, to.hub, to.number, *terms)


@bp.get("/pay")
def pay() -> str | tuple[str, int] | Response:
    """Whom? One box for a number, a name, a code or an address."""
    me = active_member_or_redirect()
    whose, text = chosen(me), request.args.get("to", "").strip()
    if not text:
        return render_template("money/pay_whom.html", text="", whose=whose)
    with the_hub().reading() as tx:
        found = look_up(tx, text, me.number, far=True, payer=number_of(whose, me))
    if found.page:
        return redirect(found.page if whose is None else f"{found.page}?acting={whose.account.number}")
    if len(found.people) == 1:
        number = account_of(found.people[0]).compact
        return redirect(url_for(".to", account=number, acting=carried(whose)))
    status = 200 if found.people else REFUSED
    message = fits_nobody(text) if found.nobody else ""
    return render_template(
        "money/pay_whom.html",
        text=text,
        people=found.people,
        problem=found.problem,
        message=message,
        whose=whose,
    ), status


@bp.get("/P/<account>")
@bp.get("/p/<account>", alias=True)
def to(account: str) -> str | tuple[str, int]:
    """How much? The short address in QR codes leads here."""
    me = active_member_or_redirect()
    whose = chosen(me)
    with the_hub().reading() as tx:
        someone = payee(tx, account, far=True)
    if isinstance(someone, Refusal):
        return render_template("money/pay_whom.html", text=account, problem=someone, whose=whose), REFUSED
    with the_hub().reading() as tx:
        known = note(tx, someone)
    if known is not None and known.stops:
        return render_template("money/pay_whom.html", text="", known=known, whose=whose), REFUSED
    if not someone.far and someone.number == number_of(whose, me):
        problem = refusal(Code.OWN_ACCOUNT, Action.HOME)
        return render_template("money/pay_whom.html", text="", problem=problem, whose=whose), REFUSED
    return _how_much(
        whose,
        someone,
        request.args.get("amount", ""),
        request.args.get("category", "other"),
        deal=request.args.get("deal", ""),
    )


def _known(someone: Person) -> Note | None:
    with the_hub().reading() as tx:
        return note(tx, someone)


def _how_much(
    whose: Held | None,
    someone: Person,
    amount: str = "",
    category: str = "other",
    note: str = "",
    problem: Problem | None = None,
    deal: str = "",
) -> str:
    return render_template(
        "money/pay_amount.html",
        deal=deals.known(deal or request.form.get("deal", "")),
        whose=whose,
        payee=someone,
        known=_known(someone),
        back=bool(request.args.get("back")) and someone.far,
        amount=amount,
        category=category if category in CATEGORIES else "other",
        note=note,
        problem=problem,
    )


def _read_form(me: Person) -> Terms | str | tuple[str, int]:
    """The terms that the form carries, or the page that asks for them again."""
    form, whose = request.form, chosen(me)
    with the_hub().reading() as tx:
        someone = payee(tx, form.get("to", ""), far=True)
    if isinstance(someone, Refusal):
        page = render_template("money/pay_whom.html", text=form.get("to", ""), problem=someone, whose=whose)
        return page, REFUSED
    category, note = form.get("category", "other"), form.get("note", "").strip()
    try:
        amount = read_amount(form.get("amount", ""))
    except BadAmount as error:
        problem = amount_refusal(error)
        return _how_much(whose, someone, form.get("amount", ""), category, note, problem), REFUSED
    if long := too_long(note, LONGEST_LINE) or (refuse_memo(note) if someone.far else None):
        return _how_much(whose, someone, form.get("amount", ""), category, note, long), REFUSED
    return Terms(whose, someone, amount, category, note, deals.known(form.get("deal", "")))


@bp.post("/pay/change")
def change() -> str | tuple[str, int]:
    """Back to how much, with what was typed: not in an address, where others could read it later."""
    terms = _read_form(active_member_or_redirect())
    if not isinstance(terms, Terms):
        return terms
    return _how_much(terms.whose, terms.payee, typed(terms.amount), terms.category, terms.note)


@bp.post("/pay/check")
def check() -> str | tuple[str, int]:
    """Is this right? Names payee and amount, asks for the PIN. Nothing moves yet."""
    terms = _read_form(active_member_or_redirect())
    return _check_page(terms, fresh_key()) if isinstance(terms, Terms) else terms


def _check_page(terms: Terms, key: str, problem: Problem | None = None) -> str:
    back = url_for(
        ".to",
        account=account_of(terms.payee).compact,
        category=terms.category,
        acting=carried(terms.whose),
    )
    with the_hub().reading() as tx:
        there = standing(tx, terms.payee.hub) if terms.payee.hub else None
        known = note(tx, terms.payee)
        waits = before_paying(radio_now(tx, the_hub())) if there else ""
    return render_template(
        "money/pay_check.html",
        terms=terms,
        there=there,
        known=known,
        waits=waits,
        key=key,
        problem=problem,
        again=isinstance(problem, Refusal) and problem.code is Code.SAME_AGAIN,
        can_send=not isinstance(problem, Refusal) or problem.code in _WORTH_ANOTHER_TRY,
        amount=typed(terms.amount),
        back=back,
        links={Action.PAY_LESS: back, Action.CHECK_NUMBER: url_for(".pay", acting=carried(terms.whose))},
    )


@bp.post("/pay/send")
def send() -> str | tuple[str, int] | Response:
    """Pay. Ends at the receipt, however often it is sent."""
    me = active_member_or_redirect()
    key, again = form_key(), request.form.get("again") == "1"
    result = _pay_here(me, key, again)
    if not isinstance(result, Receipt):
        terms = _read_form(me)
        if not isinstance(terms, Terms):
            return terms
        if result is None:
            result = act(terms.command(number_of(terms.whose, me), again), key, terms.amount)
        if not isinstance(result, Receipt):
            return _check_page(terms, key.hex(), result), REFUSED
    if deal := deals.known(request.form.get("deal", "")):
        deals.paid(deal, result.record)
    receipt = url_for("home.transfer", record=result.record.hex())
    return Response(status=302, headers={"Location": receipt})  # without the page that redirect() writes


def _pay_here(me: Person, key: bytes, again: bool) -> Receipt | Problem | None:
    """Pay an account of this hub without looking up whose it is: whether it can be paid, the ledger asks anyway.

    None, and nothing was done, when it is another hub's, or the form needs to be read with care.
    """
    form, account = request.form, account_in(request.form.get("to", ""))
    if account is None or account.hub != the_hub().number:
        return None
    note = form.get("note", "").strip()
    if too_long(note, LONGEST_LINE):
        return None
    try:
        amount = read_amount(form.get("amount", ""))
    except BadAmount:
        return None
    payer = number_of(chosen(me), me)
    return act(Pay(payer, account.number, amount, form.get("category", "other"), note, again), key, amount)


@bp.get("/pay/check")
@bp.get("/pay/change")
@bp.get("/pay/send")
def from_the_start() -> Response:
    """These are reached by forms; who reloads them begins anew."""
    return redirect(url_for(".pay"))


@bp.get("/t/<record>/undo")
def undo(record: str) -> str | Response:
    """Really give it back? Names to whom and how much."""
    me = active_member_or_redirect()
    t = transfer_or_404(record, me, keeper=True)
    if t.way is not None:  # between villages nothing is undone: its receipt says what can be done
        return redirect(url_for("home.transfer", record=record))
    mine = _own_or_present(me, t.payee)
    return render_template("money/undo.html", t=t, mine=mine, key=fresh_key())


def _own_or_present(me: Person, owner: Person) -> bool:
    """Whether ``me`` acts on the account; a keeper who does not must be at the hub's own screen."""
    mine = acts_for(me, owner)
    if not mine:
        owner_or_keeper_present(me, owner)
    return mine


@bp.post("/t/<record>/undo")
def undo_now(record: str) -> tuple[str, int] | Response:
    """Give back what was received; ends at the receipt of the reversal."""
    me = active_member_or_redirect()
    key, t = form_key(), transfer_or_404(record, me, keeper=True)
    if t.way is not None:
        return redirect(url_for("home.transfer", record=record))
    mine = _own_or_present(me, t.payee)
    reason = request.form.get("reason", "").strip()
    result = act(Reverse(t.id, reason), key, t.amount)
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=result.record.hex()))
    links = {Action.SHOW: url_for("home.transfer", record=record)}
    page = render_template(
        "money/undo.html", t=t, mine=mine, key=key.hex(), reason=reason, problem=result, links=links
    )
    return page, REFUSED
