"""Looking for something at the desk: one payment among all, one act in the log.

By how it stands or what it was, by whose it is, and by day. What is typed wrong finds everything
and says so. Days are the village's own; a period is one of the book (``reads/periods.py``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BadNumber
from appliance.ledger.reads import desk as reads
from appliance.ledger.reads.payments import payments
from appliance.ledger.reads.people import folded, further_accounts, people
from appliance.ledger.reads.periods import first_from
from appliance.ledger.values import parse_account, western_digits
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.wording import acts
from appliance.web.wording.labels import as_date, read_date, starts
from appliance.web.wording.words import choices_of

bp = Blueprint("desk_find", __name__, url_prefix="/desk")

PAGE: Final = 20

STANDS: Final[Mapping[str, Callable[[], str]]] = {
    "": lambda: _("All"),
    "waiting": lambda: _("Not done yet"),
    "done": lambda: _("Done"),
    "undone": lambda: _("Cancelled afterwards"),
    "unpaid": lambda: _("Declined, taken back or lapsed"),
}
"""How a payment stands, as one asks for it."""

TOPICS: Final[Mapping[str, Callable[[], str]]] = {
    "": lambda: _("All"),
    "members": lambda: _("People who come, go and rest"),
    "limits": lambda: _("Limits and rules"),
    "payments": lambda: _("Payments"),
    "access": lambda: _("Keepers, helpers and PINs"),
    "listings": lambda: _("Offers and wants"),
    "villages": lambda: _("Other villages"),
    "other": lambda: _("Everything else"),
}
"""What an act was about, as one asks for it."""

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "members": (
        *("approve", "turn_away", "register", "away", "back", "freeze", "unfreeze", "reopen"),
        *("close_member", "move", "stay", "close_moved", "erase", "keep_texts", "erase_now"),
    ),
    "limits": ("found", "set_limits", "move_group", "lapse_limits", "change_rules", "set_trunk"),
    "payments": (
        *(
            "reverse",
            "end_dispute",
            "end_objection",
            "dispute_for",
            "settle",
            "send_back",
            "recall",
            "enter_slip",
            "enter_pile",
        ),
    ),
    "access": ("appoint_keeper", "replace_key", "write_grant", "end_grant", "open_account", "close_account"),
    "listings": (
        *("close_listing", "hide_listing", "show_listing", "move_listing", "merge_listing", "drop_photo"),
        *("set_category", "merge_category"),
    ),
    "villages": (
        "admit_hub",
        "set_trunk",
        "set_distance",
        "send_back",
        "recall",
        "speak",
        "renew",
        "name_risk",
        "open_sign_in",
        "claim_unresolved",
    ),
}


def kinds_of(topic: str) -> frozenset[str]:
    """The kinds of acts of one of ``TOPICS``; empty for all."""
    if topic == "other":
        known = {kind for kinds in _KINDS.values() for kind in kinds}
        return frozenset({*reads.KEEPER_ACTS, *reads.BY_OTHERS} - known) or frozenset({"none"})
    return frozenset(_KINDS.get(topic, ()))


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed: whose, and from when to when. ``problem``: what of it could not be read."""

    whose: str
    begins: str
    ends: str
    accounts: frozenset[int] | None = None
    people: frozenset[int] | None = None
    first: int | None = None
    end: int | None = None
    problem: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """It again, as addresses carry it."""
        typed = {"q": self.whose, "from": self.begins, "to": self.ends}
        return {name: value for name, value in typed.items() if value}


def searched(tx: Tx) -> Search:
    """What the address asks for."""
    whose, begins, ends = (request.args.get(name, "")[:60].strip() for name in ("q", "from", "to"))
    first, end = (read_date(text) if text else None for text in (begins, ends))
    if any(
        text and not 0 <= (-1 if day is None else day) < _LATEST
        for text, day in ((begins, first), (ends, end))
    ):
        return Search(whose, begins, ends, problem=_("Please give days like 2026-06-01."))
    owners, accounts = _whose(tx, whose) if whose else (None, None)
    after = None if end is None else first_from(tx, starts(as_date(end) + timedelta(1)))
    return Search(
        whose,
        begins,
        ends,
        accounts,
        owners,
        None if first is None else first_from(tx, starts(as_date(first))),
        after,
    )


_LATEST: Final = 80_000
"""Days: no hub will see the twenty-third century."""


def _whose(tx: Tx, typed: str) -> tuple[frozenset[int], frozenset[int]]:
    """The members whose number it is, or whose name contains it; and their accounts."""
    number = _number(typed)
    further = further_accounts(tx)
    if number is not None:
        owner = next((who.owner.number for who in further if who.number == number and who.owner), number)
        mine = {who.number for who in further if who.owner and who.owner.number == number}
        return frozenset({owner}), frozenset({number, *mine})
    wanted = folded(typed)
    found = {who.number for who in people(tx) if wanted in folded(who.name)}
    named = {
        who.number
        for who in further
        if wanted in folded(who.name) or (who.owner and who.owner.number in found)
    }
    return frozenset(found), frozenset(found | named)


def _number(typed: str) -> int | None:
    digits = western_digits(typed).replace(" ", "")
    if digits.isascii() and digits.isdigit():
        return int(digits[:12])
    try:
        account = parse_account(typed, the_hub().number)
    except BadNumber:
        return None
    return account.number if account.hub == the_hub().number else -1


@bp.get("/payments")
def all_payments() -> Any:
    """All payments and requests, the newest first; by how they stand, whose they are, and when."""
    me = keeper_at_own_screen()
    stands = request.args.get("stands", "")
    with the_hub().reading() as tx:
        search = searched(tx)
        before = number_asked("before")
        ends = [entry for entry in (search.end, before) if entry is not None]
        found, older = payments(
            tx,
            me.number,
            stands if stands in STANDS and stands else None,
            search.accounts,
            search.first,
            min(ends) if ends else None,
            PAGE,
        )
    asked = search.asked | ({"stands": stands} if stands in STANDS and stands else {})
    return render_template(
        "desk/payments.html",
        found=found,
        older=older,
        search=search,
        stands=stands,
        choices=choices_of(STANDS),
        asked=asked,
    )


@bp.get("/log")
def log() -> Any:
    """Who did what to whom, when and why; newest first; by what it was about, whose, and when."""
    keeper_at_own_screen()
    topic = request.args.get("about", "")
    with the_hub().reading() as tx:
        search = searched(tx)
        wanted = reads.Wanted(kinds_of(topic), search.people, search.first, search.end)
        lines, older = reads.log(tx, number_asked("before"), PAGE, wanted=wanted)
        told = [acts.told(tx, line) for line in lines]
    asked = search.asked | ({"about": topic} if topic in TOPICS and topic else {})
    return render_template(
        "desk/log.html",
        told=told,
        older=older,
        search=search,
        topic=topic,
        choices=choices_of(TOPICS),
        asked=asked,
    )
