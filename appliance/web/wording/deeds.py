"""Acts that need two keepers, in plain words: for their pages and for the log."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_babel import gettext as _

from appliance.ledger.book.rules import kept
from appliance.ledger.book.store import Tx
from appliance.ledger.people import seconds
from appliance.ledger.reads.people import Person, owner_of, person
from appliance.ledger.values import COMMONS
from appliance.web.wording import acts_clock, acts_rules
from appliance.web.wording.amounts import money, name_of
from appliance.web.wording.words import about

Terms = Mapping[str, Any]


def _owner(tx: Tx, account: int) -> Person | None:
    return person(tx, owner_of(tx, account) or 0)


def _pay(tx: Tx, terms: Terms) -> str:
    return _(
        "pay %(name)s %(amount)s from the commons (%(kind)s)",
        name=name_of(_owner(tx, terms["payee"])),
        amount=money(terms["amount"]),
        kind=about(terms["category"]),
    )


def _clear(tx: Tx, terms: Terms) -> str:
    name, balance = name_of(_owner(tx, terms["account"])), terms["balance"]
    if balance < 0:
        return _("let the commons carry the %(amount)s that %(name)s owes", amount=money(-balance), name=name)
    if terms["to"] == COMMONS:
        return _("give the %(amount)s that %(name)s leaves to the commons", amount=money(balance), name=name)
    return _(
        "give the %(amount)s that %(name)s leaves to %(heir)s",
        amount=money(balance),
        name=name,
        heir=name_of(_owner(tx, terms["to"])),
    )


def _dismiss(tx: Tx, terms: Terms) -> str:
    return _("end the office of the keeper %(name)s", name=name_of(person(tx, terms["member"])))


def _rules(tx: Tx, terms: Terms) -> str:
    # What is new beside the rules in force; once it is in force itself, all of it.
    new = acts_rules.words_of(terms["changes"], kept(tx, terms["group"]))
    return _("change the rules: %(changes)s", changes=new or acts_rules.words_of(terms["changes"], {}))


def _limits(tx: Tx, terms: Terms) -> str:
    return _(
        "set the limits of %(name)s: from %(low)s to %(high)s",
        name=name_of(person(tx, terms["account"])),
        low=_("no limit") if terms["low"] is None else money(terms["low"]),
        high=_("no limit") if terms["high"] is None else money(terms["high"]),
    )


_DEEDS: Final[Mapping[str, Callable[[Tx, Terms], str]]] = {
    seconds.PAY: _pay,
    seconds.CLEAR: _clear,
    seconds.DISMISS: _dismiss,
    seconds.RULES: _rules,
    seconds.LIMITS: _limits,
    seconds.TIME: lambda _tx, terms: acts_clock.shift_words(terms["shift_ms"]),
}


def words_of(tx: Tx, kind: str, terms: Terms) -> str:
    """What two keepers do, as it follows *Kira proposes to*."""
    return _DEEDS[kind](tx, terms)


_EFFECTS: Final[Mapping[str, Callable[[Terms], list[str]]]] = {
    seconds.PAY: lambda _terms: [
        _("The credit leaves the commons at once. There is no levy on it."),
        _("Everybody in the village reads who was paid, why, and which two keepers agreed."),
    ],
    seconds.CLEAR: lambda terms: [
        _("The commons pays the debt, and the account stands at zero.")
        if terms["balance"] < 0
        else _("The credit leaves the account, which then stands at zero."),
        _("After that a keeper can close the account."),
        _("Everybody in the village reads it, with the reason and both keepers."),
    ],
    seconds.DISMISS: lambda _terms: [
        _("From then on this person is a member like any other."),
        _("Only the root paper makes somebody a keeper again."),
    ],
    seconds.RULES: lambda _terms: [_("The rule holds from then on.")],
    seconds.LIMITS: lambda _terms: [
        _(
            "It is more than any kind of account may have. All others must trust that this person pays it back."
        )
    ],
    seconds.TIME: lambda terms: [
        _("The hub's clock will say %(time)s.", time=acts_clock.then(terms["shift_ms"])),
        _("Nothing changes its place in the book."),
        _("What waits gets its whole time."),
        _("It must be agreed before the hub is switched off, or set otherwise."),
    ],
}


def effects_of(kind: str, terms: Terms) -> list[str]:
    """What follows when the second keeper agrees, a sentence each."""
    return _EFFECTS[kind](terms)
