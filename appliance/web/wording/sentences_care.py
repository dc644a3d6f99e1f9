"""Why something about care was refused: part of ``sentences.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.errors import Code
from appliance.web.wording.amounts import duration, money

Numbers = Mapping[str, int]


def _day_full(n: Numbers) -> str:
    most = duration(n.get("longest_minutes", 0) * 60)
    if not n.get("left"):
        return _("A day of care is at most %(time)s, and this day is full.", time=most)
    return _(
        "A day of care is at most %(time)s. For this day %(left)s are left.",
        time=most,
        left=duration(n["left"] * 60),
    )


def _carer_cap(n: Numbers) -> str:
    return _(
        "Within %(days)s days at most %(most)s is paid to one person for care. For this day %(left)s is left.",
        days=n.get("days", 0),
        most=money(n.get("most", 0)),
        left=money(n.get("left", 0)),
    )


def _pair_cap(n: Numbers) -> str:
    return _(
        "Within %(days)s days at most %(most)s is paid to one person on the word of the same other person. Somebody else must confirm this.",
        days=n.get("days", 0),
        most=money(n.get("most", 0)),
    )


def _signer_cap(n: Numbers) -> str:
    return ngettext(
        "One person confirms care at most %(num)s time within %(days)s days. Somebody else must confirm this.",
        "One person confirms care at most %(num)s times within %(days)s days. Somebody else must confirm this.",
        n.get("most", 0),
        days=n.get("days", 0),
    )


def _not_objectable(n: Numbers) -> str:
    if not n.get("days"):
        return _("In this village nobody objects to care that is confirmed. Please talk to a keeper.")
    return ngettext(
        "You can object from the moment it is confirmed until %(num)s day after it was paid.",
        "You can object from the moment it is confirmed until %(num)s days after it was paid.",
        n["days"],
    )


SENTENCES: Final[Mapping[Code, Callable[[Numbers], str]]] = {
    Code.CLAIM_SIGNED: lambda _n: _(
        "Somebody has confirmed this already, so it cannot be changed. You can take it back and write it anew."
    ),
    Code.CLAIM_EXPIRED: lambda _n: _("The time in which this could be confirmed is over."),
    Code.SAME_HOUSEHOLD: lambda _n: _(
        "You share an account with the one who cared, or did until lately, so you are one household. Somebody else must confirm."
    ),
    Code.HOUSEHOLD_SIGNED: lambda _n: _(
        "Somebody of your household has confirmed this. A household counts once, so somebody else must confirm."
    ),
    Code.HUB_NOT_ADMITTED: lambda _n: _(
        "There is no proof yet: this hub has not been admitted to a community of hubs. Keepers can see to that."
    ),
    Code.CARE_DAY_FULL: _day_full,
    Code.CARE_CAP: lambda n: _(
        "For this kind of care at most %(cap)s is paid for one day, and that is claimed already.",
        cap=money(n.get("cap", 0)),
    ),
    Code.CARER_CAP: _carer_cap,
    Code.PAIR_CAP: _pair_cap,
    Code.SIGNER_CAP: _signer_cap,
    Code.CARE_BUDGET: lambda n: _(
        "The commons pays a certain amount for care within %(days)s days. This waits until there is room again.",
        days=n.get("days", 30),
    ),
    Code.CARE_COOLING: lambda _n: _("This is a large amount, so it waits some days before it is paid."),
    Code.SHEET_CLOSED: lambda _n: _("This sheet is written down already. What is missing goes on a new one."),
    Code.CARE_OBJECTED: lambda _n: _("Somebody has objected. It waits until a keeper has looked into it."),
    Code.NOT_OBJECTABLE: _not_objectable,
    Code.ALREADY_OBJECTED: lambda _n: _("Somebody has objected already, or you have before."),
    Code.NOT_OBJECTED: lambda _n: _("Nobody objects to this now: it was ended or taken back."),
}
