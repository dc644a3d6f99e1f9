"""Paying several people at once, and asking several for their parts.

::

    /pay/several  --rows-->  check, with all names  --PIN-->  /t/<id>, the receipt
    /ask/several  --rows-->  check, with all names  -------->  /t/<id>, who has agreed

A form has a row a person: number or name, and amount. With *the same for all* the amounts are left empty and one
sum is divided equally; what does not divide goes to the first ones. Nothing is kept between the pages but
what the form carries.
"""

from dataclasses import dataclass, field
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Action, BadAmount, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.money.shares import (
    AcceptShare,
    AskSplit,
    CancelSplit,
    DeclineShare,
    LeaveOut,
    TakeBackShare,
)
from appliance.ledger.money.splits import FEWEST, MOST, PaySplit, Shares, equal, in_row
from appliance.ledger.people.words import LONGEST_LINE, too_long
from appliance.ledger.reads.held import Held
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.splits import ShareView
from appliance.ledger.values import MAX_AMOUNT, AccountNumber, Amount
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.people.home import transfer_or_404
from appliance.web.people.whom import fits_nobody, look_up
from appliance.web.people.whose import carried, chosen, number_of
from appliance.web.wording.amounts import account_of, levy_on, money, name_and_number, read_amount, typed
from appliance.web.wording.words import amount_refusal, refusal, sentence

bp = Blueprint("splits", __name__)

ROWS: Final = 4
"""Rows of a fresh form, and how many more one tap adds."""

_WORTH_ANOTHER_TRY: Final = (Code.PIN_WRONG, Code.PIN_WAIT, Code.BUSY, Code.SAME_AGAIN)
"""Refusals after which the very same can succeed; after others something must be changed."""


@dataclass
class Row:
    """One row of the form as typed; ``choices`` when the name fits several people."""

    who: str = ""
    amount: str = ""
    choices: tuple[Person, ...] = ()


@dataclass
class Form:
    """The form as typed. ``whole``: a sum that is divided equally; ``mine``: one part is the asker's own."""

    rows: list[Row]
    whole: str = ""
    mine: bool = False
    category: str = "other"
    note: str = ""


@dataclass(frozen=True)
class Terms:
    """The form, read: people with their parts; ``form`` with their full numbers.

    ``own``: the asker's own part, which nobody is asked for. ``whose``: the account that pays or asks,
    when not the own first one.
    """

    people: tuple[tuple[Person, Amount], ...]
    form: Form
    own: int = 0
    whose: Held | None = None

    @property
    def total(self) -> int:
        return sum(amount for _who, amount in self.people)

    @property
    def shares(self) -> Shares:
        return tuple((AccountNumber(who.number), amount) for who, amount in self.people)


@dataclass
class Wrong:
    """Why the form cannot be read: one sentence at least, and the form to show again."""

    form: Form
    said: list[str] = field(default_factory=list)


def _typed_form() -> Form:
    form = request.form
    rows = [
        Row(form.get(f"who{n}", "").strip(), form.get(f"amount{n}", "").strip()) for n in range(1, MOST + 1)
    ]
    last = max((n for n in range(1, MOST + 1) if f"who{n}" in form), default=ROWS)
    category = form.get("category", "other")
    return Form(
        rows[:last],
        form.get("whole", "").strip(),
        form.get("mine") == "1",
        category if category in CATEGORIES else "other",
        form.get("note", "").strip(),
    )


def _read(form: Form, me: Person) -> Terms | Wrong:
    """What the form says, or all that is wrong with it, row by row."""
    wrong, whose = Wrong(form), chosen(me)
    used = [(n, row) for n, row in enumerate(form.rows, 1) if row.who or row.amount]
    with the_hub().reading() as tx:
        found = [(n, row, _person(tx, n, row, (me, number_of(whose, me)), wrong)) for n, row in used]
    seen: dict[int, int] = {}
    for n, _row, who in found:
        if who is not None and who.number in seen:
            wrong.said.append(sentence(in_row(refusal(Code.SHARES_WRONG, Action.CHECK_NUMBER, twice=1), n)))
        elif who is not None:
            seen[who.number] = n
    if not FEWEST <= len(used) <= MOST:
        wrong.said.append(sentence(refusal(Code.SHARES_WRONG, Action.TRY_AGAIN, fewest=FEWEST, most=MOST)))
    amounts = _equal_parts(form, wrong, len(used)) if form.whole else _own_parts(used, wrong)
    if long := too_long(form.note, LONGEST_LINE):
        wrong.said.append(sentence(long))
    if wrong.said:
        return wrong
    people = tuple((who, amount) for (_n, _row, who), amount in zip(found, amounts, strict=False) if who)
    own = int(amounts[len(people)]) if len(amounts) > len(people) else 0
    rows = [Row(account_of(who).full, "" if form.whole else typed(amount)) for who, amount in people]
    return Terms(people, Form(rows, form.whole, form.mine, form.category, form.note), own, whose)


def _person(tx: Tx, n: int, row: Row, by: tuple[Person, int], wrong: Wrong) -> Person | None:
    """Whom the row names; None, with a sentence in ``wrong``, when that is not one person.

    ``by``: who looks, and the account that pays or asks.
    """
    me, own = by
    found = look_up(tx, row.who, me.number, payer=own) if row.who else None
    if found is not None and len(found.people) == 1:
        if found.people[0].number != own:
            return found.people[0]
        problem = refusal(Code.OWN_ACCOUNT)
    elif found is not None and found.people:
        row.choices = found.people
        wrong.said.append(_("Row %(row)s: several people fit. Choose one.", row=n))
        return None
    elif found is not None and found.nobody:
        wrong.said.append(_("Row %(row)s: %(why)s", row=n, why=fits_nobody(row.who)))
        return None
    else:
        problem = (found.problem if found else None) or refusal(Code.UNKNOWN_ACCOUNT)
    wrong.said.append(sentence(in_row(problem, n)))
    return None


def _equal_parts(form: Form, wrong: Wrong, count: int) -> tuple[Amount, ...]:
    """The parts of the sum for all; the last is the asker's own when ``form.mine``."""
    if any(row.amount for row in form.rows):
        wrong.said.append(_("Type either the amounts, or one sum for all to be divided: not both."))
    try:
        whole = read_amount(form.whole)
    except BadAmount as error:
        wrong.said.append(sentence(amount_refusal(error)))
        return ()
    parts = count + form.mine
    if parts and whole < parts:
        wrong.said.append(_("This sum is too small to be divided among so many."))
    return tuple(Amount(part) for part in equal(whole, parts)) if parts else ()


def _own_parts(used: list[tuple[int, Row]], wrong: Wrong) -> tuple[Amount, ...]:
    parts = []
    for n, row in used:
        try:
            parts.append(read_amount(row.amount))
        except BadAmount as error:
            wrong.said.append(sentence(in_row(amount_refusal(error), n)))
    if sum(parts) > MAX_AMOUNT:
        wrong.said.append(sentence(refusal(Code.AMOUNT_WRONG, most=int(MAX_AMOUNT))))
    return tuple(parts)


@bp.app_template_global("whom")
def whom(shares: list[ShareView]) -> list[tuple[str, str]]:
    """People with a part as the options of a list."""
    return [
        (str(share.who.number), f"{name_and_number(share.who)}: {money(share.amount)}") for share in shares
    ]


@bp.app_template_global("fitting")
def fitting(people: tuple[Person, ...]) -> list[tuple[str, str]]:
    """People who fit a name as the options of a list."""
    return [(account_of(who).full, name_and_number(who)) for who in people]


WHATS: Final = "any('pay', 'ask')"


@bp.get(f"/<{WHATS}:what>/several")
def form(what: str) -> str:
    """Whom, and how much each."""
    me = active_member_or_redirect()
    return _form_page(what, Form([Row() for _n in range(ROWS)]), me)


def _form_page(what: str, typed_form: Form, me: Person, said: list[str] | None = None) -> str:
    return render_template(
        "money/split_form.html", whose=chosen(me), what=what, form=typed_form, said=said or [], most=MOST
    )


@bp.post(f"/<{WHATS}:what>/several")
def fill(what: str) -> str | tuple[str, int]:
    """More rows, the form again, or the check page."""
    me = active_member_or_redirect()
    typed_form, do = _typed_form(), request.form.get("do", "")
    if do == "more":
        room = min(ROWS, MOST - len(typed_form.rows))
        typed_form.rows += [Row() for _n in range(room)]
        return _form_page(what, typed_form, me)
    if do == "change":
        return _form_page(what, typed_form, me)
    terms = _read(typed_form, me)
    if isinstance(terms, Wrong):
        return _form_page(what, terms.form, me, terms.said), REFUSED
    return _check_page(what, terms, me, fresh_key())


def _check_page(what: str, terms: Terms, me: Person, key: str, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        account = accounts.get(tx, number_of(terms.whose, me))
    room = None
    if account is not None:
        room = accounts.can_give(account) if what == "pay" else accounts.can_receive(account)
    taken = sum(levy_on(amount, who if what == "pay" else me) for who, amount in terms.people)
    change = url_for(".form", what=what, acting=carried(terms.whose))
    return render_template(
        "money/split_check.html",
        what=what,
        terms=terms,
        left=None if room is None else room - terms.total,
        levy=taken,
        key=key,
        problem=problem,
        again=isinstance(problem, Refusal) and problem.code is Code.SAME_AGAIN,
        can_send=not isinstance(problem, Refusal) or problem.code in _WORTH_ANOTHER_TRY,
        links={Action.CHECK_NUMBER: change},
    )


@bp.post(f"/<{WHATS}:what>/several/send")
def send(what: str) -> str | tuple[str, int] | Response:
    """Do it. Ends at the one page of the split, however often it is sent."""
    me = active_member_or_redirect()
    key, terms = form_key(), _read(_typed_form(), me)
    if isinstance(terms, Wrong):
        return _form_page(what, terms.form, me, terms.said), REFUSED
    command: Command
    number = number_of(terms.whose, me)
    if what == "pay":
        again = request.form.get("again") == "1"
        command = PaySplit(number, terms.shares, terms.form.category, terms.form.note, again)
    else:
        command = AskSplit(number, terms.shares, terms.form.category, terms.form.note)
    result = act(command, key, terms.total if what == "pay" else None)
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=result.record.hex()))
    return _check_page(what, terms, me, key.hex(), result), REFUSED


@bp.get(f"/<{WHATS}:what>/several/send")
def from_the_start(what: str) -> Response:
    """This is reached by a form; who reloads it begins anew."""
    return redirect(url_for(".form", what=what))


ANSWERS: Final = "any('agree', 'no', 'back', 'without', 'end')"


@bp.post(f"/t/<record>/share/<{ANSWERS}:what>")
def answer(record: str, what: str) -> str | tuple[str, int] | Response:
    """Agree to one's part, say no, take a yes back; by who asked: go on without somebody, take all back."""
    me = active_member_or_redirect()
    key, t = form_key(), transfer_or_404(record, me)
    if t.split is None or t.undoes is not None:
        abort(404)
    command, amount = _command(t, what), None
    if isinstance(command, AcceptShare):
        amount = command.amount
    result = act(command, key, amount)
    here = url_for("home.transfer", record=record)
    if isinstance(result, Receipt):
        return redirect(here)
    if isinstance(result, Refusal) and result.code is Code.NOT_PENDING:
        return redirect(here)  # it was done already, or has ended: the page says how it stands
    return render_template("refused.html", problem=result, links={Action.SHOW: here}), REFUSED


def _command(t: TransferView, what: str) -> Command:
    assert t.split is not None  # the view has looked
    if what == "end":
        return CancelSplit(t.id)
    who = AccountNumber(_shown("who"))
    if what == "agree":
        return AcceptShare(t.id, who, AccountNumber(t.split.one.number), _shown("amount"))
    if what == "no":
        return DeclineShare(t.id, who, request.form.get("phrase", ""))
    return TakeBackShare(t.id, who) if what == "back" else LeaveOut(t.id, who)


def _shown(name: str) -> Amount:
    """A whole number that the page showed, sent back with the form."""
    text = request.form.get(name, "")
    if not text.isdecimal() or len(text) > len(str(MAX_AMOUNT)):
        abort(400)
    return Amount(int(text))


@bp.get(f"/t/<record>/share/<{ANSWERS}:what>")
def reached_by_forms(record: str, what: str) -> Response:
    """Who reloads an answer's page sees how the split stands."""
    del what
    return redirect(url_for("home.transfer", record=record))
