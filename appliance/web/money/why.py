"""Why does this stand? What a payment rests on, in plain words, for those concerned and keepers at the desk.

The same as ``hub explain`` (``reads/explaining.py``), which checks every signature and link when it is asked. Of
balances and limits each reads the own ones; the keys and digests are folded away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, abort, render_template
from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.reads import explaining, splits
from appliance.ledger.reads.crossings import standing
from appliance.ledger.reads.explaining import Explained, Moved, Part
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person, person
from appliance.ledger.values import COMMONS, UNRESOLVED
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect, as_keeper, visitor
from appliance.web.people.home import transfer_or_404
from appliance.web.wording.amounts import name_of

bp = Blueprint("why", __name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody did. ``how``: by what it was done; ``part``: for who wants to check it."""

    words: str
    how: str
    at: Instant
    part: Part


@dataclass(frozen=True, slots=True)
class Change:
    """What it did to one account; ``own``: balances and limits are the reader's to see."""

    name: str
    moved: Moved
    own: bool


_DID: Final[Mapping[str, Callable[[str], str]]] = {
    "pay": lambda who: _("%(who)s paid it.", who=who),
    "send": lambda who: _("%(who)s sent it to another village.", who=who),
    "request": lambda who: _("%(who)s asked for it.", who=who),
    "accept": lambda who: _("%(who)s agreed and paid.", who=who),
    "decline": lambda who: _("%(who)s said no.", who=who),
    "pay_commons": lambda who: _("%(who)s paid it from the commons.", who=who),
    "cancel": lambda who: _("%(who)s took it back.", who=who),
    "send_back": lambda who: _("%(who)s sent it back.", who=who),
    "pay_split": lambda who: _("%(who)s paid several people.", who=who),
    "ask_split": lambda who: _("%(who)s asked several people for their parts.", who=who),
    "accept_share": lambda who: _("%(who)s agreed to the own part.", who=who),
    "decline_share": lambda who: _("%(who)s said no to the own part.", who=who),
    "leave_out": lambda who: _("%(who)s went on without somebody.", who=who),
    "reverse": lambda who: _("%(who)s gave it back.", who=who),
    "enter_slip": lambda who: _("%(who)s typed it in from a paper slip that both had signed.", who=who),
    "claim_care": lambda who: _("%(who)s said what care was given.", who=who),
    "cosign": lambda who: _("%(who)s confirmed the care.", who=who),
    "propose": lambda who: _("%(who)s proposed it to a second keeper.", who=who),
    "agree": lambda who: _("%(who)s agreed as the second keeper.", who=who),
    "dispute": lambda who: _("%(who)s said that it is wrong.", who=who),
    "dispute_for": lambda who: _("%(who)s noted that somebody says it is wrong.", who=who),
    "end_dispute": lambda who: _("%(who)s wrote down how that ended.", who=who),
    "withdraw_dispute": lambda who: _("%(who)s said that all is well.", who=who),
    "ask_back": lambda who: _("%(who)s asked for it back.", who=who),
    "keep_it": lambda who: _("%(who)s said that it was right.", who=who),
    "recall": lambda who: _("%(who)s asked for it back.", who=who),
    "import_transfer": lambda who: _("%(who)s took it in out of a file.", who=who),
    "import_opening": lambda who: _("%(who)s took it in out of a file.", who=who),
    "claim_unresolved": lambda who: _("%(who)s said whose it is.", who=who),
}
"""What was done, by the kind of the entry."""

_WHY: Final[Mapping[str, Callable[[str], str]]] = {
    "opened": lambda who: _("%(who)s began it.", who=who),
    "ended": lambda who: _("%(who)s ended it.", who=who),
    "posted": lambda who: _("%(who)s moved the credit.", who=who),
    "share": lambda who: _("%(who)s answered for a part.", who=who),
    "crossed": lambda who: _("%(who)s let it cross between villages.", who=who),
    "crossing_ended": lambda who: _("%(who)s wrote down how it ended in the other village.", who=who),
    "asked_back_ended": lambda who: _("%(who)s ended that it was asked back.", who=who),
    "contest_ended": lambda who: _("%(who)s ended that it was contested.", who=who),
    "given_back": lambda who: _("%(who)s gave it back.", who=who),
    "recovered": lambda who: _("%(who)s wrote it down again after the hub was restored.", who=who),
    "given_owner": lambda who: _("%(who)s said whose it is.", who=who),
}
"""The same where the kind has no words of its own: by the part that the entry had."""

_RULES: Final[Mapping[str, Callable[[], str]]] = {
    "arrival": lambda: _("because a message of the other village said so"),
    "quorum": lambda: _("because enough people had confirmed it"),
    "room": lambda: _("because there was room for it"),
    "expire": lambda: _("because nobody had answered in time"),
    "expiry": lambda: _("because it had waited too long"),
    "moved": lambda: _("because the account has moved away"),
}


def _step(tx: Tx, part: Part, keepers: set[int]) -> Step:
    kind, _colon, name = part.authority.partition(":")
    actor = person(tx, int(name)) if kind == "member" else None
    if actor is not None:
        who = _("The keeper %(name)s", name=name_of(actor)) if actor.number in keepers else name_of(actor)
        how = _("Signed with the own key, which only the PIN opens.")
    elif kind == "hub":
        who = _("The hub")
        because = _RULES.get(part.rule)
        how = _("By the hub's own rule, %(why)s.", why=because()) if because else _("By the hub's own rule.")
    else:
        who, how = _("The root paper"), _("Signed with the hub's root paper.")
    words = _DID.get(part.kind) if kind == "member" else None
    words = words or _WHY.get(part.why) or _WHY["opened"]
    return Step(words(who), how, part.at, part)


def _in_office(found: Explained) -> set[int]:
    """Who acted as a keeper: typed in a slip, paid from the commons, ended a dispute."""
    keepers = set(found.links.get("keepers", ()))
    if slip := found.links.get("slip"):
        keepers.add(slip["keeper"])
    for part in found.parts:
        kind, _colon, name = part.authority.partition(":")
        if kind == "member" and part.kind in _OFFICE:
            keepers.add(int(name))
    return keepers


_OFFICE: Final = (
    "pay_commons",
    *("end_dispute", "dispute_for", "enter_slip", "propose", "agree", "import_transfer", "import_opening"),
    "claim_unresolved",
)


def _account_name(tx: Tx, number: int) -> str:
    if number == UNRESOLVED:
        return _("Whoever it turns out to be")
    if number < 0:
        there = standing(tx, -number)
        return _("The account toward %(village)s", village=there.hub.name if there else str(-number))
    return name_of(person(tx, number))


def may_ask(t: TransferView) -> bool:
    """Whether the reader is concerned, or a keeper at the desk: not whoever holds the code of an open request."""
    me = visitor()
    if me is None:
        return False
    return as_keeper(me) or _concerned(t, me)


def _concerned(t: TransferView, me: Person) -> bool:
    if t.split is not None and (t.split.mine is not None or t.split.for_me):
        return True
    with the_hub().reading() as tx:
        mine = {me.number, *splits.able(tx, me.number)}
    return any(side is not None and not side.far and side.number in mine for side in (t.payer, t.payee))


@bp.get("/t/<record>/why")
def page(record: str) -> Any:
    """Who asked, who agreed and by what, what moved, what undid it, and whether the seal holds now."""
    me = active_member_or_redirect()
    t = transfer_or_404(record, me)
    keeper = as_keeper(me)
    if not may_ask(t):
        abort(404)
    with the_hub().reading() as tx:
        found = explaining.explain(tx, t.id)
        assert found is not None  # it was just seen
        mine = {me.number, *splits.able(tx, me.number)}
        keepers = _in_office(found)
        steps = [_step(tx, part, keepers) for part in found.parts]
        changes = [
            Change(_account_name(tx, moved.account), moved, keeper or moved.account in mine)
            for moved in found.moved
            if keeper or moved.account in mine or moved.account <= COMMONS or t.split is None
        ]
        village = None
        if crossing := found.links.get("crossing"):
            there = standing(tx, crossing["hub"])
            village = there.hub.name if there else str(crossing["hub"])
    return render_template(
        "money/why.html", me=me, t=t, e=found, steps=steps, changes=changes, village=village
    )


def init_app(app: Flask) -> None:
    """Let receipts know whether to offer the page."""
    app.jinja_env.globals.update(may_ask_why=may_ask)
