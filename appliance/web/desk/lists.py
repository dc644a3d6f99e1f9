"""The desk's lists: what needs a keeper's eye; and letting in many at once."""

from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Refused
from appliance.ledger.keys import KeySigner
from appliance.ledger.people import powers
from appliance.ledger.people.members import Approve
from appliance.ledger.reads import desk as desk_reads
from appliance.ledger.reads.life import vouchers
from appliance.ledger.reads.lists import INACTIVE_DAYS, STALE_DAYS, lists
from appliance.ledger.reads.people import person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import REFUSED, Problem, acting_signer, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.wording.amounts import name_and_number

bp = Blueprint("desk_lists", __name__, url_prefix="/desk")

PAGE: Final = 25

MOST_AT_ONCE: Final = 50
"""How many newcomers one tap lets in."""

NAMES: Final = ("over", "near", "half", "inactive", "no_offers", "stale", "trunks")


@bp.get("/lists")
def overview() -> Any:
    """How many are on each list."""
    keeper_at_own_screen()
    return render_template("desk/lists.html", found=_found(), days=INACTIVE_DAYS, stale_days=STALE_DAYS)


@bp.get("/lists/<name>")
def one(name: str) -> Any:
    """One list, a page at a time."""
    keeper_at_own_screen()
    if name not in NAMES:
        abort(404)
    items, page = getattr(_found(), name), number_asked("page") or 0
    return render_template(
        "desk/list.html",
        name=name,
        items=items[page * PAGE : (page + 1) * PAGE],
        more=page + 1 if len(items) > (page + 1) * PAGE else None,
        days=INACTIVE_DAYS,
        stale_days=STALE_DAYS,
    )


def _found() -> Any:
    hub = the_hub()
    with hub.reading() as tx:
        return lists(tx, hub.number, hub.clock.now())


@bp.get("/newcomers")
def newcomers() -> Any:
    """Everybody who wants to join, with a tick each."""
    keeper_at_own_screen()
    return _newcomers()


def _newcomers(
    problem: Problem | None = None, ticked: frozenset[int] | None = None, about: int | None = None
) -> str:
    with the_hub().reading() as tx:
        waiting = desk_reads.account_lines(tx, powers.APPLIED)
        vouched = {line.who.number: len(vouchers(tx, line.who.number)) for line in waiting[:MOST_AT_ONCE]}
        blamed = person(tx, about) if about else None
    return render_template(
        "desk/newcomers.html",
        waiting=waiting[:MOST_AT_ONCE],
        beyond=max(0, len(waiting) - MOST_AT_ONCE),
        ticked=ticked,
        key=fresh_key() if problem is None else request.form.get("key", ""),
        problem=problem,
        vouched=vouched,
        about=name_and_number(blamed) if blamed else "",
        done=number_asked("done"),
    )


@bp.post("/newcomers")
def let_in() -> Any:
    """Let in all who are ticked: all of them, or nobody when one cannot be."""
    keeper_at_own_screen()
    key = form_key()
    ticked = sorted(
        {int(n) for n in request.form.getlist("member") if n.isascii() and n.isdigit() and len(n) < 10}
    )
    if not ticked:
        return redirect(url_for(".newcomers"))
    signer = acting_signer()
    if not isinstance(signer, KeySigner):
        return _newcomers(signer, frozenset(ticked)), REFUSED
    try:
        result = the_hub().submit_all(
            [Approve(AccountNumber(number)) for number in ticked[:MOST_AT_ONCE]], signer, key
        )
    finally:
        signer.close()
    if isinstance(result, Refused):
        return _newcomers(result.refusal, frozenset(ticked), ticked[result.place]), REFUSED
    return redirect(url_for(".newcomers", done=len(result)))
