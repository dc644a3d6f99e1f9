"""The hub's clock: what it says, where it has it from, and setting it from a keeper's phone.

::

    /clock --> /clock/check (what the phone says, or what was typed) --> /clock/set: set by one keeper,
                                                                      or proposed to a second one

A keeper does this from any phone, as the hub's own screen shows the hub's own time; the PIN is asked each
time. What is further than a day needs two, and the second agrees at the hub's own screen.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.people import powers, seconds, timing
from appliance.ledger.people.seconds import Propose
from appliance.ledger.people.timing import SetTime
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads.people import Person
from appliance.ledger.values import western_digits
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.days import SAID, BadDay, read_day
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import at_own_screen, member_or_redirect
from appliance.web.wording.labels import as_date, today
from appliance.web.wording.words import refusal

bp = Blueprint("clock", __name__, url_prefix="/clock")

_TIME: Final = re.compile(r"(\d{1,2})[:.hH ](\d{2})")


def _keeper() -> Person:
    """The keeper who is signed in, at whatever screen."""
    who = member_or_redirect()
    if not who.keeper or who.status not in powers.STANDING:
        abort(make_response(render_template("forbidden.html", why="not_keeper"), 403))
    return who


@dataclass(frozen=True, slots=True)
class Change:
    """By how much the hub's time would move; what the form carries from page to page.

    ``two``: it needs a second keeper; ``alone``: there is none, so it needs a reason instead.
    """

    boot: str
    zero_ms: int
    shift_ms: int
    two: bool = False
    alone: bool = False

    @property
    def then(self) -> Instant:
        """What the hub would say now."""
        return Instant(Millis(the_hub().clock.now().ms + self.shift_ms), Quality.KEEPER)

    @property
    def minutes(self) -> int:
        """How far it moves, to or fro."""
        return abs(self.shift_ms) // 60_000


@bp.get("")
def page() -> Any:
    """What the hub takes the time to be, and the form."""
    _keeper()
    return _page()


def _page(problem: Refusal | None = None, message: str = "") -> str:
    hub = the_hub()
    with hub.reading() as tx:
        row = timing.row(tx)
    return render_template(
        "desk/clock.html",
        now=hub.clock.now(),
        source="" if row is None else row.source,
        settable=row is not None,
        phone=not at_own_screen(),
        done=request.args.get("done"),
        typed=request.form,
        problem=problem,
        message=message,
    )


@bp.post("/check")
def check() -> Any:
    """What the phone says, or what was typed, beside what the hub says."""
    _keeper()
    hub = the_hub()
    try:
        said_ms = _said()
    except BadDay as bad:
        return _page(message=SAID[bad.why]()), REFUSED
    except ValueError:
        return _page(refusal(Code.CLOCK_WRONG)), REFUSED
    up = hub.clock.uptime()
    with hub.reading() as tx:
        row = timing.row(tx)
    if row is None:
        return _page(refusal(Code.CLOCK_MOVED)), REFUSED
    change = Change(row.boot, row.zero_ms, said_ms - row.zero_ms - up.ms)
    if problem := timing.refuse_time(hub.clock.now(), change.shift_ms):
        return _page(problem), REFUSED
    return _check(change, fresh_key())


def _said() -> int:
    """Milliseconds since 1970, of the phone's script or as typed. Raises ValueError."""
    phone = request.form.get("phone_ms", "")
    if phone:
        if not (phone.isascii() and phone.isdigit() and len(phone) <= 15):
            raise ValueError(phone)
        return int(phone)
    found = _TIME.fullmatch(western_digits(request.form.get("time", "")).strip())
    day = read_day(request.form.get("day", ""), as_date(today()))
    if found is None:
        raise ValueError("no time")
    moment = datetime(day.year, day.month, day.day, int(found[1]), int(found[2])).astimezone()
    return int(moment.timestamp()) * 1000


def _check(change: Change, key: str, problem: Problem | None = None) -> str:
    hub = the_hub()
    up_ms = hub.clock.uptime().ms
    with hub.reading() as tx:
        far = timing.needs_two(tx, change.zero_ms + change.shift_ms, up_ms)
        keepers = len(powers.keepers(tx))
    change = Change(change.boot, change.zero_ms, change.shift_ms, far and keepers > 1, far and keepers < 2)
    return render_template(
        "desk/clock_check.html",
        c=change,
        now=hub.clock.now(),
        key=key,
        problem=problem,
        reason=request.form.get("reason", ""),
        longest_line=LONGEST_LINE,
        always=ALWAYS,
    )


@bp.post("/set")
def set_now() -> Any:
    """Set it, or propose it to a second keeper."""
    _keeper()
    key, reason = form_key(), request.form.get("reason", "").strip()
    change = _carried()
    if request.form.get("two") == "1":
        terms = {"boot": change.boot, "zero_ms": change.zero_ms, "shift_ms": change.shift_ms}
        result = act(Propose(seconds.TIME, terms, reason), key, ALWAYS)
        if isinstance(result, Receipt):
            if at_own_screen():
                return redirect(url_for("desk_two.proposal", record=result.record.hex()))
            return redirect(url_for(".page", done="proposed"))
    else:
        result = act(SetTime(change.boot, change.zero_ms, change.shift_ms, reason), key, ALWAYS)
        if isinstance(result, Receipt):
            return redirect(url_for(".page", done="set"))
    if isinstance(result, Refusal) and result.code is Code.CLOCK_MOVED:
        return _page(result), REFUSED
    return _check(change, key.hex(), result), REFUSED


def _carried() -> Change:
    form = request.form
    try:
        zero, shift = int(form.get("zero_ms", "")), int(form.get("shift_ms", ""))
    except ValueError:
        abort(400)
    boot = form.get("boot", "")
    if not 0 < len(boot) <= 40 or max(abs(zero), abs(shift)) > timing.FURTHEST:
        abort(400)
    return Change(boot, zero, shift)
