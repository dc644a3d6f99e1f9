"""Whose account a page is about: one's own first one, unless the form or the address names another.

Paying and asking carry the chosen account from page to page in the field ``acting``, and every page
says whose it is. Somebody whose grant has ended is refused on any of them, an old form as well.
"""

from collections.abc import Sequence

from flask import abort, make_response, render_template, request
from flask.sansio.app import App
from flask_babel import gettext as _

from appliance.ledger.errors import Action, Code
from appliance.ledger.people.grants import HELPER, JOINT
from appliance.ledger.reads.held import OWN, Held, held, look
from appliance.ledger.reads.people import Person
from appliance.ledger.values import AccountNumber
from appliance.web.ground.acting import REFUSED, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.wording.amounts import name_of
from appliance.web.wording.words import refusal


def chosen(me: Person) -> Held | None:
    """The account that the form or the address names; None for the own first one.

    Ends the request when ``me`` may not act on it (any more).
    """
    asked = request.args.get("acting") if request.query_string else ""
    text = asked or request.form.get("acting", "")
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if number == me.number:
        return None
    found = account_of_others(me, number)
    if found is None:
        problem = refusal(Code.NO_GRANT, Action.HOME)
        abort(make_response(render_template("refused.html", problem=problem, links={}), REFUSED))
    return found


def account_of_others(me: Person, number: int) -> Held | None:
    """An account beside the first one that ``me`` may act on now; None for any other."""
    with the_hub().reading() as tx:
        return look(tx, number, me.number)


def number_of(whose: Held | None, me: Person) -> AccountNumber:
    """The number of the chosen account."""
    return me.number if whose is None else whose.account.number


def carried(whose: Held | None) -> int | None:
    """The field ``acting`` of a link within the flow; None leaves it out."""
    return None if whose is None else whose.account.number


def acts_for(me: Person, account: Person) -> bool:
    """Whether ``me`` may act on the account: the own first one, a further or joint one, or somebody's."""
    if account.far:
        return False
    return account.number == me.number or account_of_others(me, account.number) is not None


def choices(me: Person) -> list[tuple[str, str]]:
    """The accounts to choose from, as options; empty when there is only the own first one."""
    with the_hub().reading() as tx:
        found = held(tx, me.number)
    if not found:
        return []
    return [("", _("My own account")), *((str(one.account.number), title(one)) for one in found)]


def title(whose: Held) -> str:
    """How a list calls the account."""
    if whose.kind == HELPER:
        return _("%(name)s: you act as helper", name=name_of(whose.account))
    return name_of(whose.account)


def from_words(whose: Held) -> str:
    """Whose account pays, and as what one acts: for every page of paying."""
    name = name_of(whose.account)
    if whose.kind == HELPER:
        return _("From the account of %(name)s. You act as helper.", name=name)
    if whose.kind == JOINT:
        return _("From the account %(name)s, which you hold together.", name=name)
    return _("From your account %(name)s.", name=name)


def to_words(whose: Held) -> str:
    """Whose account is to be paid, and as what one acts: for every page of asking."""
    name = name_of(whose.account)
    if whose.kind == HELPER:
        return _("For the account of %(name)s. You act as helper.", name=name)
    if whose.kind == JOINT:
        return _("For the account %(name)s, which you hold together.", name=name)
    return _("For your account %(name)s.", name=name)


def mine_first(found: Sequence[Held]) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    """Accounts that are (also) one's own, and those of people one acts for."""
    return (
        tuple(one for one in found if one.kind in (OWN, JOINT)),
        tuple(one for one in found if one.kind == HELPER),
    )


def init_app(app: App) -> None:
    """Give the templates these words."""
    app.jinja_env.globals.update(
        from_words=from_words, to_words=to_words, account_choices=choices, fresh_key=fresh_key
    )
