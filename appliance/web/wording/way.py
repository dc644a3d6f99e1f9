"""How far a payment between villages has come: told in words, and as a simple picture of the way.

A receipt of a payment that is on its way loads itself anew, without script: soon at first, then
less and less often, and no more after an hour. Whoever stays longer taps *Look again*.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.letters import Why
from appliance.ledger.money.transfers import ARRIVED, HELD, ON_WAY, REFUND, RETURNED, SENT
from appliance.ledger.reads.crossings import Leg, Way
from appliance.ledger.reads.member import TransferView
from appliance.web.ground.here import the_hub, the_rules

_LOOK_AGAIN: Final = ((120, 5), (15 * 60, 15), (60 * 60, 60))
"""Up to which age, in seconds, a receipt loads itself anew after how many."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the way as a picture: its drawing and words, whether it lies behind, whether it is here now."""

    drawing: str
    words: str
    done: bool
    now: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A payment between villages: what it is now, why, the picture, and when to look again (None: it has ended)."""

    title: str
    sentence: str
    steps: tuple[Step, ...]
    refresh: int | None


def told(t: TransferView, way: Way) -> Told:
    """A payment that crosses, as its two sides and keepers read it."""
    return Told(_title(t, way), _sentence(t, way), _steps(t, way), refresh(t))


def refresh(t: TransferView) -> int | None:
    """After how many seconds a page about this payment loads itself anew; None: not any more."""
    if t.state != ON_WAY:
        return None
    age = (the_hub().clock.now().ms - t.at.ms) // 1000
    return next((seconds for until, seconds in _LOOK_AGAIN if 0 <= age < until), None)


def _title(t: TransferView, way: Way) -> str:
    village = way.hub.name
    if t.kind == REFUND or (t.kind == SENT and t.state == RETURNED):
        return _("Came back from %(village)s", village=village)
    if t.kind == SENT:
        if t.state == ARRIVED:
            return _("Arrived at %(village)s", village=village)
        return _("On its way to %(village)s", village=village)
    if t.state == RETURNED:
        return _("Went back to %(village)s", village=village)
    if t.state == HELD:
        return _("Waits: a payment from %(village)s", village=village)
    return _("Arrived from %(village)s", village=village)


_LEGS: Final[Mapping[Leg, Callable[[str], str]]] = {
    Leg.HERE: lambda _village: _("It waits here for the radio."),
    Leg.SENT: lambda village: _("It is on the air. %(village)s has not answered yet.", village=village),
    Leg.HEARD: lambda village: _("%(village)s has it, and has not answered yet.", village=village),
}


def _sentence(t: TransferView, way: Way) -> str:
    village = way.hub.name
    if t.state == HELD:
        return _(
            "Between %(here)s and %(village)s the limit is reached. It comes in by itself as soon as there is room.",
            here=the_rules().community.hub_name,
            village=village,
        )
    if way.why is not None:
        return why(way)
    if way.leg is not None:
        return _LEGS[way.leg](village)
    return ""


_WHY: Final[Mapping[Why, Callable[[str], str]]] = {
    Why.UNKNOWN_ACCOUNT: lambda village: _("Nobody in %(village)s has this number.", village=village),
    Why.ACCOUNT_CLOSED: lambda village: _("This person cannot trade in %(village)s now.", village=village),
    Why.PAYEE_LIMIT: lambda _village: _(
        "This person cannot receive that much now. A smaller amount may work."
    ),
    Why.RECALLED: lambda _village: _("The payer asked for it back."),
    Why.EXPIRED: lambda village: _("It waited at %(village)s for too long.", village=village),
    Why.KEEPER: lambda village: _("A keeper of %(village)s sent it back.", village=village),
    Why.RENEWED: lambda village: _(
        "The hub was put together again meanwhile; %(village)s sent it back. You can pay again.",
        village=village,
    ),
    Why.UNREADABLE: lambda village: _("%(village)s could not read it. Tell a keeper.", village=village),
}


def why(way: Way) -> str:
    """Why a payment came back, or went back, in words; empty when it did not."""
    if way.why is None:
        return ""
    return _WHY[way.why](way.hub.name if way.outgoing else the_rules().community.hub_name)


def _steps(t: TransferView, way: Way) -> tuple[Step, ...]:
    here, there, air = the_rules().community.hub_name, way.hub.name, _("on the air")
    if not way.outgoing:
        here, there = there, here
    if t.kind == REFUND or t.state == RETURNED:
        return Step("undo", here, True, True), Step("air", air, True), Step("no", there, False)
    if t.state == ON_WAY:
        leg = way.leg or Leg.HERE
        return (
            Step("home", here, True, leg is Leg.HERE),
            Step("air", air, leg is not Leg.HERE, leg is Leg.SENT),
            Step("wait", there, False, leg is Leg.HEARD),
        )
    last = Step("wait", there, False, True) if t.state == HELD else Step("yes", there, True, True)
    return Step("home", here, True), Step("air", air, True), last
