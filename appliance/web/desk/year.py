"""The desk's page that closes the year: what it will do, a backup first, the PIN, how far it is, what came of it.

Checking takes minutes, or an hour on a large book, so it runs in a thread of the portal, like the taking in of a
file; pages ask how far it is. When the portal ends in the middle, nothing is closed, or what is left
is done by itself (``ledger.yearly``).
"""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for

from appliance.ledger import yearly
from appliance.ledger.backups import DAY_MS, Backups, Working
from appliance.ledger.errors import ArchiveMissing, BookDamaged, HubError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.people import closing
from appliance.ledger.yearly import Closed, Outlook
from appliance.web.ground.acting import ALWAYS, REFUSED, Problem, acting_signer
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.ground.session import this_session

_log = logging.getLogger(__name__)

bp = Blueprint("desk_year", __name__, url_prefix="/desk/year")

MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the year was not closed. ``damaged``: the book or its archive does not hold."""

    reason: str
    damaged: bool


class Year:
    """The closing that this portal makes, or has made. Threads may share it; one is made at a time."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = threading.Lock()
        self.working: Working | None = None
        self.came: Closed | Refusal | Failed | None = None

    def begin(self, signer: KeySigner) -> bool:
        """Begin to close; the key is closed at the end. False when it is being done: then it is the caller's still."""
        with self._lock:
            if self.working is not None:
                return False
            self.working, self.came = Working(yearly.CHECKING, 0, 0), None
        try:
            threading.Thread(target=self._run, args=(signer,), name="year", daemon=True).start()
        except RuntimeError as error:  # no room for one more thread: the page must not wait for ever
            _log.error("closing=failed reason=%s", error)
            with self._lock:
                self.working, self.came = None, Failed(str(error), damaged=False)
            return False
        return True

    def _run(self, signer: KeySigner) -> None:
        came: Closed | Refusal | Failed = Failed("", damaged=False)
        try:
            came = yearly.close(self._hub, signer, self._tell)
        except (HubError, OSError) as error:
            _log.error("closing=failed reason=%s", error)
            came = Failed(" ".join(str(error).split()), isinstance(error, BookDamaged | ArchiveMissing))
        finally:
            signer.close()
            with self._lock:  # also after a mistake of ours: the page must not wait for ever
                self.working, self.came = None, came

    def _tell(self, what: str, done: int, total: int) -> None:
        self.working = Working(what, done, total)


def init_app(app: Flask) -> None:
    """Let the portal know how far a closing is."""
    app.extensions["year"] = Year(app.extensions["hub"])


def _year() -> Year:
    found: Year = current_app.extensions["year"]
    return found


@bp.get("")
def page() -> Any:
    """What closing the year would do now, how far it is, or what came of it."""
    keeper_at_own_screen()
    return _page()


def _page(problem: Problem | None = None) -> str:
    hub, year = the_hub(), _year()
    came, seen = year.came, yearly.outlook(hub)
    if isinstance(came, Closed) and seen.head.number > came.receipt.entry:
        came = None  # people have traded since: it is told by the log, and this page is about the next one
    with hub.reading() as tx:
        last = closing.last(tx)
    good = current_app.extensions["backups"].state().good
    return render_template(
        "desk/year.html",
        working=year.working,
        closed=came if isinstance(came, Closed) else None,
        refused=came if isinstance(came, Refusal) else None,
        failed=came if isinstance(came, Failed) else None,
        seen=seen,
        last=last,
        good=good,
        backed_up=_backed_up(hub, seen, current_app.extensions["backups"]),
        problem=problem,
        mb=MB,
    )


def _backed_up(hub: Hub, seen: Outlook, backups: Backups) -> bool:
    """Whether there is a backup to go back to: of all that is written, or one that is less than a day old."""
    good, up = backups.state().good, hub.clock.uptime()
    if good is None or not Path(good.path).exists():
        return False
    young = good.boot == up.boot and 0 <= up.ms - good.up_ms < DAY_MS
    return young or good.number == seen.head.number


@bp.post("")
def now() -> Any:
    """Begin. The form says after which closing: sent again when it is done, it closes nothing more."""
    keeper_at_own_screen()
    hub, year = the_hub(), _year()
    seen = yearly.outlook(hub)
    begins = year.working is None and request.form.get("after") == str(seen.last) and seen.entries
    if (
        not begins
        or seen.unfinished
        or not seen.room
        or not _backed_up(hub, seen, current_app.extensions["backups"])
    ):
        return redirect(url_for(".page"))  # the page says why
    signer = acting_signer(ALWAYS)
    if not isinstance(signer, KeySigner):
        return _page(signer), REFUSED
    this_session().acted()
    if not year.begin(signer):
        signer.close()
    return redirect(url_for(".page"))
