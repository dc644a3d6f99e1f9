"""Care and other villages, in words: how somebody there who is asked stands to it, and how an ask from there ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.letters_care import NotCounted
from appliance.ledger.care import states
from appliance.ledger.care.claims import MOST_WITNESSES
from appliance.ledger.clock import Instant
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.care_far import AskView, FarWitnessView, far_witnesses
from appliance.ledger.reads.crossings import last_heard, other_hubs
from appliance.web.ground.here import the_hub

_NOT_COUNTED: Final[Mapping[str, Callable[[], str]]] = {
    NotCounted.UNKNOWN: lambda: _("it fits nothing that was asked"),
    NotCounted.OVER: lambda: _("it had been decided before this came"),
    NotCounted.LATE: lambda: _("it came after the time was over"),
    NotCounted.CHANGED: lambda: _("it was changed meanwhile"),
    NotCounted.FORGED: lambda: _("the signature does not fit what was asked"),
    NotCounted.PAIR_CAP: lambda: _("no more is paid on the word of the same person now"),
    NotCounted.SIGNER_CAP: lambda: _("the same person does not confirm more often now"),
    NotCounted.PARTY: lambda: _("it is the word of somebody whose care it is, or who has confirmed it here"),
    NotCounted.FAR_CAP: lambda: _("no more is paid on the word of that village now"),
}

_ENDED: Final[Mapping[str, Callable[[], str]]] = {
    states.CONFIRMED: lambda: _("It is confirmed."),
    states.WITHDRAWN: lambda: _("This was taken back"),
    states.LAPSED: lambda: _("Too few confirmed this in time"),
    states.CHANGED: lambda: _("It was changed since. You are asked anew."),
    states.REFUSED: lambda: _("This was not accepted"),
}


def why_not(why: str) -> str:
    """Why a confirmation does not count, as the end of a sentence."""
    return _NOT_COUNTED.get(why, _NOT_COUNTED[NotCounted.UNKNOWN])()


@dataclass(frozen=True, slots=True)
class Waits:
    """A village that does not have our question yet, and when it was last heard."""

    village: str
    heard: Instant | None


@dataclass(frozen=True, slots=True)
class FarPart:
    """What a claim's page says of other villages: who is asked there, where the question waits for the radio, whether more can be asked."""

    people: tuple[FarWitnessView, ...]
    can_ask: bool
    waits: tuple[Waits, ...] = ()


def claim(view: ClaimView, told: bool) -> FarPart:
    """Of a claim; ``told``: to whose care it is."""
    with the_hub().reading() as tx:
        people = far_witnesses(tx, view.id, told) if told else ()
        anywhere = bool(other_hubs(tx))
        away = {
            w.who.hub: w.who.hub_name
            for w in people
            if w.state == states.ASKED and not w.there and view.state == states.OPEN
        }
        waits = tuple(Waits(name or str(hub), last_heard(tx, hub)) for hub, name in away.items() if hub)
    room = len(view.witnesses) + len(people) < MOST_WITNESSES
    can = told and anywhere and room and view.state == states.OPEN
    return FarPart(people, can, waits)


def _ended(c: AskView) -> str:
    if c.state == states.CHANGED and c.mine == states.DECLINED:
        return _("It was changed after you had said no.")
    return _ENDED.get(c.state, _ENDED[states.LAPSED])()


def ask_state(c: AskView) -> str:
    """How an ask that one need not answer any more stands, in a few words."""
    if c.mine == states.NOT_COUNTED:
        return _("does not count: %(why)s", why=why_not(c.why))
    if c.state == states.OPEN:
        return _("You confirmed this") if c.mine == states.SIGNED else _("You did not confirm this")
    return _ended(c)


def ended(c: AskView) -> str:
    """How an ask ended at the other village; empty while it waits there."""
    return "" if c.state == states.OPEN else _ended(c)
