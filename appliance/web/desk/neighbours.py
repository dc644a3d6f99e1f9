"""The desk's page of neighbours: the radio, how the post stands with each village, what is owed, what is held.

A keeper here sets how far a neighbour's credit goes, says how far its village is, and sends held payments back. Nothing here
moves a member's credit.
"""

from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.startup import CLEAN, OTHER_BOARD, last_stop
from appliance.ledger.errors import Action, BadAmount, Code
from appliance.ledger.market.distances import FARTHEST, SetDistance
from appliance.ledger.money.arrivals import SendBack
from appliance.ledger.money.trunks import SetTrunk
from appliance.ledger.people.speaking import Speak
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import desk as reads
from appliance.ledger.reads.desk import HeldView
from appliance.ledger.reads.radio import NeighbourView, air, neighbours
from appliance.ledger.values import RecordId, western_digits
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.people.home import bar_of
from appliance.web.wording import radio
from appliance.web.wording.amounts import typed, zero_or_more
from appliance.web.wording.words import amount_refusal, refusal

bp = Blueprint("neighbours", __name__, url_prefix="/desk")

_AGAIN_SECONDS: Final = 60
"""How often the page of a keeper who watches loads itself anew."""
_MOST_DIGITS: Final = 6


@bp.get("/neighbours")
def overview() -> Any:
    """The radio on top, then every village: last heard, in sync, what is owed, what waits."""
    keeper_at_own_screen()
    hub = the_hub()
    with hub.reading() as tx:
        found = neighbours(tx, hub.number)
        now, heard = radio.radio_now(tx, hub), air(tx)
    return render_template(
        "desk/neighbours.html",
        neighbours=found,
        radio=now,
        quiet=last_stop(hub.store) is not CLEAN and bool(found),
        state=radio.words(now),
        to_do=radio.to_do(now),
        warning=radio.firmware_warning(now.firmware),
        note=radio.firmware_note(now.firmware),
        nobody=radio.nobody_yet(now, found),
        air=radio.air_shown(heard) if now.state != radio.NONE else None,
        bars={one.hub: bar_of(one.low, one.high, one.balance) for one in found},
        again=_AGAIN_SECONDS,
    )


@bp.get("/neighbours/<number:number>")
def neighbour(number: int) -> Any:
    """One village: the post, the trunk and its limits, the payments that wait."""
    keeper_at_own_screen()
    return _page(number, done=request.args.get("done"))


def _page(
    number: int, problem: Problem | None = None, done: str | None = None, far_wrong: bool = False
) -> str:
    """``far_wrong``: the problem is one of how far the village is; else of the limits."""
    found, waiting = _find(number)
    limits_wrong = problem is not None and not far_wrong
    return render_template(
        "desk/neighbour.html",
        n=found,
        bar=bar_of(found.low, found.high, found.balance),
        held=waiting,
        days=the_hub().rules().credit.held_days,
        key=request.form.get("key", "") if limits_wrong else fresh_key(),
        form=_limits_typed() if limits_wrong else _limits_now(found),
        far_key=request.form.get("key", "") if far_wrong else fresh_key(),
        minutes=request.form.get("minutes", "") if far_wrong else found.minutes or "",
        far_wrong=far_wrong,
        problem=problem,
        done=done,
        longest_line=LONGEST_LINE,
    )


def _limits_now(n: NeighbourView) -> dict[str, str]:
    """What stands in the form at first."""
    return {
        "low": "" if n.low is None else typed(-n.low),
        "high": "" if n.high is None else typed(n.high),
        "reason": "",
    }


def _limits_typed() -> dict[str, str]:
    """What was typed, for the form that says why not."""
    return {name: request.form.get(name, "") for name in ("low", "high", "reason")}


def _find(number: int) -> tuple[NeighbourView, tuple[HeldView, ...]]:
    hub = the_hub()
    with hub.reading() as tx:
        found = next((one for one in neighbours(tx, hub.number) if one.hub == number), None)
        waiting = reads.held(tx, number) if found else ()
    return found or abort(404), waiting


@bp.post("/neighbours/<number:number>/limits")
def set_limits(number: int) -> Any:
    """Give the trunk toward a village other limits, and say why."""
    keeper_at_own_screen()
    key = form_key()
    _find(number)
    try:
        low, high = -zero_or_more(request.form.get("low", "")), zero_or_more(request.form.get("high", ""))
    except BadAmount as error:
        return _page(number, amount_refusal(error)), REFUSED
    result = act(SetTrunk(number, low, high, request.form.get("reason", "").strip()), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".neighbour", number=number, done="limits"))
    return _page(number, result), REFUSED


@bp.post("/neighbours/<number:number>/distance")
def set_distance(number: int) -> Any:
    """Say how far a village is on foot; nothing: nobody knows any more."""
    keeper_at_own_screen()
    key = form_key()
    _find(number)
    text = western_digits(request.form.get("minutes", "")).strip()
    if text and not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return _page(number, refusal(Code.TIME_WRONG, longest_minutes=FARTHEST), far_wrong=True), REFUSED
    result = act(SetDistance(number, int(text) if text else None), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".neighbour", number=number, done="distance"))
    return _page(number, result, far_wrong=True), REFUSED


@bp.get("/neighbours/speak")
def speak() -> Any:
    """The hub keeps quiet since it lost its power: really let it speak?"""
    keeper_at_own_screen()
    return _speak_page()


def _speak_page(problem: Problem | None = None) -> str:
    hub = the_hub()
    return render_template(
        "desk/speak.html",
        quiet=last_stop(hub.store) is not CLEAN,
        moved=last_stop(hub.store) is OTHER_BOARD,
        key=fresh_key() if problem is None else request.form.get("key", ""),
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


@bp.post("/neighbours/speak")
def let_speak() -> Any:
    """Let the hub speak on the keeper's word, and say why."""
    keeper_at_own_screen()
    result = act(Speak(request.form.get("reason", "").strip()), form_key())
    if isinstance(result, Receipt):
        return redirect(url_for(".overview"))
    return _speak_page(result), REFUSED


@bp.get("/held/<record>")
def held(record: str) -> Any:
    """A payment that waits: really send it back?"""
    keeper_at_own_screen()
    found = _held(record)
    if found is None:
        return render_template("refused.html", problem=refusal(Code.NOT_HELD, Action.HOME)), 404
    return _held_page(found, fresh_key())


def _held_page(found: HeldView, key: str, problem: Problem | None = None) -> str:
    return render_template(
        "desk/held.html",
        h=found,
        key=key,
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
    )


def _held(record: str) -> HeldView | None:
    try:
        key = bytes.fromhex(record)
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        return reads.held_one(tx, key)


@bp.post("/held/<record>")
def send_back(record: str) -> Any:
    """Send a held payment back, and say why; its payer gets the credit again."""
    keeper_at_own_screen()
    key, found = form_key(), _held(record)
    which = RecordId(bytes.fromhex(record))
    result = act(SendBack(which, request.form.get("reason", "").strip()), key)
    if isinstance(result, Receipt):
        # Sent twice, it does not wait any more, and its page has gone.
        return redirect(
            url_for(".neighbour", number=found.hub.number, done="back") if found else url_for(".overview")
        )
    if found is None:
        return render_template("refused.html", problem=result), REFUSED
    return _held_page(found, key.hex(), result), REFUSED
