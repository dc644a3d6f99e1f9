"""How it stands with somebody, in plain words: away, moving, gone. Said wherever it matters to others."""

from dataclasses import dataclass

from flask_babel import gettext as _

from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.store import Tx
from appliance.ledger.people import powers
from appliance.ledger.people.leaving import DIED
from appliance.ledger.reads.life import gone
from appliance.ledger.reads.people import Person
from appliance.web.wording.amounts import account_of, name_of


@dataclass(frozen=True, slots=True)
class Note:
    """What to know of somebody before paying: in words; whether it stops the payment; where to pay instead."""

    words: str
    stops: bool
    there: Person | None = None


def note(tx: Tx, who: Person) -> Note | None:
    """What others should know of ``who`` now; None when there is nothing, or when nobody here can know."""
    if who.far or who.commons or who.status == powers.ACTIVE:
        return None
    # Whoever was never let in is a number to others: a name behind each one that is tried out is nobody's business.
    never_in = who.status in (powers.APPLIED, powers.CLOSED) and tx.get(AccountRow, number=who.number) is None
    name = account_of(who).short if never_in else name_of(who)
    if who.status == powers.AWAY:
        return Note(_("%(name)s is away for a while. A payment arrives all the same.", name=name), False)
    if who.status == powers.FROZEN:
        return Note(_("%(name)s cannot be paid now. A keeper knows more.", name=name), True)
    if who.status == powers.APPLIED:
        return Note(_("%(name)s has not been let in yet, and cannot be paid.", name=name), True)
    away = gone(tx, who.number)
    if away is None or (away.there is not None and not away.told):
        return _unsaid(who, name)
    if away.there is not None and away.hub is not None:
        number = account_of(away.there).full
        village = away.hub.name
        if not away.finished:
            words = _(
                "%(name)s is moving to %(village)s, number %(number)s.",
                name=name,
                village=village,
                number=number,
            )
            return Note(words, False, away.there)
        words = _(
            "%(name)s has moved to %(village)s, number %(number)s.", name=name, village=village, number=number
        )
        return Note(words, True, away.there)
    if away.how == DIED:
        return Note(_("%(name)s has died.", name=name), True)
    return _unsaid(who, name)


def _unsaid(who: Person, name: str) -> Note | None:
    """Who moves and does not say so is simply here until it is done."""
    if who.status != powers.CLOSED:
        return None
    return Note(_("%(name)s is not a member here any more.", name=name), True)


def short(who: Person | None) -> str:
    """A word or two beside a name in a list; empty for who is simply here."""
    if who is None or who.far or who.commons:
        return ""
    if who.status == powers.AWAY:
        return _("away")
    return _("no longer here") if who.status == powers.CLOSED else ""
