"""When something is not right with a payment: asking it back, contesting it, ending a dispute."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Action
from appliance.ledger.money.disputes import Dispute, DisputeFor, EndDispute, WithdrawDispute, without_key
from appliance.ledger.money.undo import AskBack, KeepIt, WithdrawAsk
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_TEXT
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.troubles import Trouble, open_disputes, trouble
from appliance.ledger.values import AccountNumber, western_digits
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, as_keeper, keeper_at_own_screen
from appliance.web.people.home import transfer_or_404

bp = Blueprint("trouble", __name__)

PAGES = {
    "ask-back": Action.ASK_BACK,
    "wrong": Action.DISPUTE,
    "end": Action.END,
    "on-word": Action.DISPUTE_FOR,
}
"""Forms, and the action that each is for."""


def trouble_of(t: TransferView, me: Person) -> Trouble:
    """What is not plain about ``t``, as ``me`` may see it."""
    hub = the_hub()
    with hub.reading() as tx:
        return trouble(tx, t.id, me.number, hub.clock.now(), as_keeper(me))


@bp.get("/t/<record>/<any('ask-back', 'wrong', 'end', 'on-word'):what>")
def form(record: str, what: str) -> Any:
    """The form: in a line or two, why."""
    me = active_member_or_redirect()
    t = transfer_or_404(record, me)
    if PAGES[what] not in trouble_of(t, me).actions:
        return redirect(url_for("home.transfer", record=record))
    return _form(t, me, what, fresh_key())


def _form(t: TransferView, me: Person, what: str, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "money/trouble.html",
        t=t,
        me=me,
        what=what,
        key=key,
        problem=problem,
        words=request.form.get("words", ""),
        dispute=trouble_of(t, me).dispute,
        speakers=_without_key(t) if what == "on-word" else [],
        longest=LONGEST_LINE if what == "ask-back" else LONGEST_TEXT,
        links={Action.SHOW: url_for("home.transfer", record=t.id.hex())},
    )


def _without_key(t: TransferView) -> list[Person]:
    """Those of both sides who have no PIN, and so say it through a keeper."""
    with the_hub().reading() as tx:
        row = tx.get(Transfer, id=t.id)
        numbers = without_key(tx, row) if row is not None else ()
        return [who for n in numbers if (who := person(tx, n)) is not None]


@bp.post("/t/<record>/<any('ask-back', 'wrong', 'end', 'on-word'):what>")
def send(record: str, what: str) -> Any:
    """Do it; ends at the receipt, which says how it stands now."""
    me = active_member_or_redirect()
    key, t, words = form_key(), transfer_or_404(record, me), request.form.get("words", "").strip()
    if what in ("end", "on-word"):
        keeper_at_own_screen()
    command: Command
    if what == "ask-back":
        command = AskBack(t.id, words)
    elif what == "wrong":
        command = Dispute(t.id, words)
    elif what == "on-word":
        command = DisputeFor(t.id, _speaker(), words)
    else:
        command = EndDispute(t.id, words)
    result = act(command, key)
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=record))
    return _form(t, me, what, key.hex(), result), REFUSED


def _speaker() -> AccountNumber:
    """Whose word it is, by the form; a form without one is stale."""
    typed = western_digits(request.form.get("member", ""))
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 12):
        abort(400)
    return AccountNumber(int(typed))


ANSWERS: dict[str, type[KeepIt] | type[WithdrawAsk] | type[WithdrawDispute]] = {
    "keep": KeepIt,
    "withdraw": WithdrawAsk,
    "well": WithdrawDispute,
}


@bp.post("/t/<record>/<any('keep', 'withdraw', 'well'):what>")
def answer(record: str, what: str) -> Any:
    """One tap: keep it, ask no more, or all is well."""
    me = active_member_or_redirect()
    key, t = form_key(), transfer_or_404(record, me)
    result = act(ANSWERS[what](t.id), key)
    if isinstance(result, Receipt):
        return redirect(url_for("home.transfer", record=record))
    links = {Action.SHOW: url_for("home.transfer", record=record)}
    return render_template("refused.html", problem=result, links=links), REFUSED


@bp.get("/desk/disputes")
def disputes() -> Any:
    """What is contested now; the earliest deadline first."""
    keeper_at_own_screen()
    hub = the_hub()
    with hub.reading() as tx:
        found = open_disputes(tx, hub.clock.now())
    return render_template("desk/disputes.html", found=found)


@bp.get("/t/<record>/<any('keep', 'withdraw', 'well'):what>")
def reached_by_forms(record: str, what: str) -> Any:
    """Who reloads an answer's page sees the receipt."""
    if what not in ANSWERS:
        abort(404)
    return redirect(url_for("home.transfer", record=record))
