"""The desk's page about backups: the last good one, sticks, what failed, the root paper; and making one now."""

import contextlib
import threading
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, current_app, redirect, render_template, url_for

from appliance.ledger import papers
from appliance.ledger.backups import Backups, Working
from appliance.ledger.errors import HubError
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen

bp = Blueprint("desk_backups", __name__, url_prefix="/desk/backups")

TEND_SECONDS = 60
"""How often the portal looks whether a backup is due, or a stick was plugged in."""


def init_app(app: Flask) -> None:
    """Let the portal know its backups."""
    app.extensions["backups"] = Backups(app.extensions["hub"])


def the_backups() -> Backups:
    """The backups of this portal's hub."""
    found: Backups = current_app.extensions["backups"]
    return found


def tend(backups: Backups, ended: threading.Event) -> None:
    """Make what is due, in a thread of its own, until ``ended``: nobody waits for a slow stick."""
    while not ended.wait(TEND_SECONDS):
        backups.tend()


@bp.get("")
def page() -> Any:
    """How it stands with the backups, in plain words."""
    keeper_at_own_screen()
    backups = the_backups()
    state, plugged = backups.state(), {str(stick) for stick in backups.sticks()}
    with the_hub().reading() as tx:
        checked = papers.checked(tx)
    return render_template(
        "desk/backups.html",
        state=state,
        there=state.good is not None and Path(state.good.path).exists(),
        count=len(backups.copies()),
        sticks=[done for done in state.sticks if done.path in plugged],
        waiting=sorted(plugged - {done.path for done in state.sticks}),
        working=backups.working,
        ready=the_hub().box.backup_public is not None,
        checked=checked,
        behind=the_hub().head().number - state.good.number if state.good else None,
    )


@bp.post("/now")
def now() -> Any:
    """Begin one; the page says how far it is."""
    keeper_at_own_screen()
    backups, begins = the_backups(), Working("", 0, 0)
    if backups.working is None:
        backups.working = begins  # the page that comes now may be drawn before the thread does anything
    threading.Thread(target=_run, args=(backups, begins), name="backup", daemon=True).start()
    return redirect(url_for(".page"))


def _run(backups: Backups, begins: Working) -> None:
    # What fails is noted by itself, and stands on the page.
    with contextlib.suppress(HubError):
        backups.run()
    if backups.working is begins:  # another process makes one
        backups.working = None
