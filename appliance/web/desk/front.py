"""The keeper's desk, at the hub's own screen: people, their limits and PINs, care that waits.

Every act is signed with the keeper's own key and stands in the book with its reason. A keeper
alone cannot move anybody's credit: only the payee or a reversal with a reason can.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from appliance.ledger import archived, papers, settings, yearly
from appliance.ledger.book import room
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_credit import Terms
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import BadAmount, BadNumber, Code, Refusal
from appliance.ledger.money.accounts import PERSON, SetLimits
from appliance.ledger.people import erasing, powers
from appliance.ledger.people.members import Approve, TurnAway, key_in_force
from appliance.ledger.people.seconds import LIMITS, Propose
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import desk as reads
from appliance.ledger.reads.crossings import other_hubs
from appliance.ledger.reads.desk import AccountLine
from appliance.ledger.reads.erasing import to_be_done
from appliance.ledger.reads.life import gone, vouchers
from appliance.ledger.reads.member import statement
from appliance.ledger.reads.people import folded
from appliance.ledger.reads.restored import restored
from appliance.ledger.reads.talks import waiting_complaints
from appliance.ledger.values import AccountNumber, parse_account, western_digits
from appliance.web.desk.accounts import beside
from appliance.web.desk.accounts import show as show_account
from appliance.web.desk.life import steps_for
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key, key_for, with_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.ground.session import end_sign_ins
from appliance.web.wording.amounts import zero_or_more
from appliance.web.wording.labels import group_choices, group_word
from appliance.web.wording.words import amount_refusal, choices_of, refusal

bp = Blueprint("desk", __name__, url_prefix="/desk")

PAGE: Final = 25
DAY_MS: Final = 86_400_000

STATUSES: Final[Mapping[str, Callable[[], str]]] = {
    "": lambda: _("Everybody here"),
    powers.APPLIED: lambda: _("Waits to be let in"),
    powers.ACTIVE: lambda: _("Here, and trading"),
    powers.AWAY: lambda: _("Away for a while"),
    powers.FROZEN: lambda: _("Frozen"),
    powers.MOVING: lambda: _("Moving away"),
    powers.CLOSED: lambda: _("Left, or not let in"),
}
"""How it stands with somebody, as a keeper asks for it."""


@bp.get("")
def overview() -> Any:
    """How the village stands, and what waits for a keeper."""
    me = keeper_at_own_screen()
    with the_hub().reading() as tx:
        counts = reads.overview(tx, the_hub().clock.now())
        after = restored(tx)
        unchecked = any(one.at is None for one in papers.checked(tx))
        words_asked = len(to_be_done(tx))
        complaints = waiting_complaints(tx, me.number)
        year = yearly.due(tx, the_hub().clock.now())
    backups = current_app.extensions["backups"].state()
    return render_template(
        "desk/desk.html",
        o=counts,
        after=after,
        backups=backups,
        card=room.look(the_hub().data, settings.low_mb(the_hub().data)),
        unchecked=unchecked,
        words_asked=words_asked,
        complaints=complaints,
        year=year,
        missing=[path.name for path in archived.shelf(the_hub()).missing],
    )


@bp.get("/people")
def people() -> Any:
    """Everybody, found by name or number; those who wait come first."""
    keeper_at_own_screen()
    typed = request.args.get("q", "")[:60].strip()
    status, page = request.args.get("status", ""), number_asked("page") or 0
    with the_hub().reading() as tx:
        found = (*reads.account_lines(tx), *reads.further_lines(tx))
        everybody = [line for line in found if _fits(line, typed)]
    if status in STATUSES and status:
        lines = [line for line in everybody if line.who.status == status]
    else:  # who has left is found by name or number only, after those who are here
        lines = [line for line in everybody if line.who.status != powers.CLOSED or typed]
    lines.sort(
        key=lambda line: (_PLACE.get(line.who.status, 1), folded(line.who.name), line.who.number),
    )
    shown = lines[page * PAGE : (page + 1) * PAGE]
    more = page + 1 if len(lines) > (page + 1) * PAGE else None
    return render_template(
        "desk/people.html",
        lines=shown,
        q=typed,
        more=more,
        found=len(lines),
        status=status,
        choices=choices_of(STATUSES),
    )


_PLACE: Final = {powers.APPLIED: 0, powers.CLOSED: 2}


def _fits(line: AccountLine, typed: str) -> bool:
    if not typed:
        return True
    digits = western_digits(typed).replace(" ", "")
    if digits.isdigit() and int(digits[:12]) == line.who.number:
        return True
    try:
        account = parse_account(typed, the_hub().number)
    except BadNumber:
        owner = line.who.owner  # a shop is found by its owner's name, too
        return any(folded(typed) in folded(who.name) for who in (line.who, owner) if who is not None)
    return (account.hub, account.number) == (the_hub().number, line.who.number)


@bp.get("/people/<number:number>")
def person(number: int) -> Any:
    """One member: let in, limits, a new PIN."""
    me = keeper_at_own_screen()
    return _person(number, me.number, done=request.args.get("done"))


def _person(
    number: int, keeper: int, problem: Problem | None = None, about: str = "", done: str | None = None
) -> str:
    with the_hub().reading() as tx:
        line = reads.account_line(tx, number)
        page = statement(tx, number)
        terms = tx.get(Terms, account=number)
        far = bool(other_hubs(tx))
        went = gone(tx, number)
        vouching = vouchers(tx, number)
        has_pin = key_in_force(tx, number) is not None
        more = beside(tx, number)
        waits = erasing.open_one(tx, number)
        texts = erasing.DONE if erasing.wholly(tx, number) else waits.state if waits else None
    if line is None or line.who.commons:  # the commons has its floor under the rules
        abort(404)
    if line.who.owner is not None:
        return show_account(number, keeper, problem, about, done)
    until = (
        None if terms is None or terms.until_ms is None else Instant(Millis(terms.until_ms), Quality.KEEPER)
    )
    balance = line.balance or 0
    below = line.low is not None and balance < line.low
    return render_template(
        "desk/person.html",
        line=line,
        group=group_word(terms.grp if terms else PERSON),
        until=until,
        outside=below or (line.high is not None and balance > line.high),
        steps=steps_for(line, number == keeper, far, texts),
        texts=texts,
        erased_from=None
        if waits is None or waits.until_ms is None
        else Instant(Millis(waits.until_ms), Quality.KEEPER),
        went=went,
        vouching=vouching,
        groups=group_choices(),
        has_pin=has_pin,
        recent=page.lines,
        key=fresh_key() if problem is None else request.form.get("key", ""),
        problem=problem,
        about_form=about,
        done=done,
        own=number == keeper,
        longest_line=LONGEST_LINE,
        **more,
    )


def _done(result: Receipt | Problem, number: int, keeper: int, act_name: str) -> Any:
    if isinstance(result, Receipt):
        return redirect(url_for("desk.person", number=number, done=act_name))
    return _person(number, keeper, result, act_name), REFUSED


@bp.post("/people/<number:number>/approve")
def approve(number: int) -> Any:
    """Let a newcomer in."""
    me = keeper_at_own_screen()
    key = key_for("approve", number.to_bytes(8, "big"))
    group = request.form.get("group", PERSON)
    return _done(act(Approve(AccountNumber(number), group), key), number, me.number, "approve")


@bp.post("/people/<number:number>/turn-away")
def turn_away(number: int) -> Any:
    """Say no to a newcomer, and why."""
    me = keeper_at_own_screen()
    command = TurnAway(AccountNumber(number), request.form.get("reason", ""))
    return _done(act(command, form_key()), number, me.number, "turn_away")


@bp.post("/people/<number:number>/limits")
def set_limits(number: int) -> Any:
    """Give an account other limits, and say why."""
    me = keeper_at_own_screen()
    key = form_key()
    try:
        low, high = -zero_or_more(request.form.get("low", "")), zero_or_more(request.form.get("high", ""))
    except BadAmount as error:
        return _done(amount_refusal(error), number, me.number, "limits")
    days = western_digits(request.form.get("days", "")).strip()
    if days and not (days.isascii() and days.isdigit() and 0 < len(days) <= 4):
        return _done(refusal(Code.TIME_WRONG), number, me.number, "limits")
    until = the_hub().clock.now().ms + int(days) * DAY_MS if days else None
    command = SetLimits(AccountNumber(number), low, high, request.form.get("reason", ""), until)
    result = set_or_propose(command, key)
    return result if isinstance(result, Response) else _done(result, number, me.number, "limits")


def set_or_propose(command: SetLimits, key: bytes) -> Receipt | Problem | Response:
    """Set the limits; where that takes two keepers, propose it and lead to the proposal."""
    result = act(command, key)
    if not isinstance(result, Refusal) or result.code is not Code.NEEDS_TWO:
        return result
    result = act(Propose(LIMITS, command.payload(), command.reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("desk_two.proposal", record=result.record.hex()))
    return result


@bp.post("/people/<number:number>/pin")
def reset_pin(number: int) -> Any:
    """A new PIN for a member who is present and types it twice; the keeper signs with the own PIN."""
    me = keeper_at_own_screen()
    key, new = form_key(), request.form.get("new", "")
    if new != request.form.get("new2", ""):
        return _person(number, me.number, refusal(Code.PIN_WEAK), "pin_differs"), REFUSED
    if number == me.number:
        return _person(number, me.number, refusal(Code.NOT_YOURS), "pin"), REFUSED
    result = with_key(lambda signer: the_hub().reset_pin(number, new, signer, key), ALWAYS)
    if isinstance(result, Receipt):
        end_sign_ins(number)
    return _done(result, number, me.number, "pin")
