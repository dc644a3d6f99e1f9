"""What a claim waits for, and how care is paid here, in words."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.book.rules import Care
from appliance.ledger.reads import care
from appliance.ledger.reads.care import ClaimView
from appliance.web.wording.amounts import day as day_words
from appliance.web.wording.amounts import moment, money, name_of
from appliance.web.wording.labels import time_spent


def _people(c: ClaimView) -> str:
    return ngettext("%(num)s more person must confirm.", "%(num)s more people must confirm.", c.missing)


def _recipient(c: ClaimView) -> str:
    if c.recipient is None:
        return _("Who was cared for must still confirm.")
    return _("%(name)s, who was cared for, must still confirm.", name=name_of(c.recipient))


CARE_YES_NO: Final[Mapping[str, Callable[[], str]]] = {
    "need_recipient": lambda: _("Must who was cared for be one of them?"),
    "need_keeper": lambda: _("Must a keeper be one of them?"),
    "household": lambda: _("Does a household count once, and the carer's not at all?"),
    "helper_stands_in": lambda: _("May a helper of who was cared for confirm in their place?"),
    "beyond_limit": lambda: _("Is care paid also to who has reached the upper limit?"),
}
CARE_AMOUNTS: Final[Mapping[str, Callable[[], str]]] = {
    "carer_most": lambda: _("At most to one person in a period"),
    "pair_most": lambda: _("At most to one person on the word of the same other, in a period"),
    "far_most": lambda: _("At most on the word of people of one other village, in a period"),
    "budget": lambda: _("At most for care in thirty days, all together"),
    "cool_above": lambda: _("A larger amount than this waits before it is paid"),
}
CARE_COUNTS: Final[Mapping[str, Callable[[], str]]] = {
    "period_days": lambda: _("Days of a period"),
    "signer_most": lambda: _("How often one person may confirm in a period"),
    "longest_minutes": lambda: _("Minutes of care in one day, at most"),
    "days_back": lambda: _("Days ago that care may be, at most"),
    "household_days": lambda: _("Days after which those who stopped sharing an account are two households"),
    "expire_days": lambda: _("Days that care waits to be confirmed"),
    "cool_days": lambda: _("Days that a large amount waits"),
    "object_days": lambda: _("Days after the payment in which anybody can object"),
    "ring_share": lambda: _("Circles: share of the confirmations from inside, in per cent"),
    "ring_people": lambda: _("Circles: how many others, at most"),
    "ring_days": lambda: _("Circles: days of care that are looked at"),
}
"""The rules of care that a form asks for, by what they are: yes or no, an amount, a number."""

WAITS: Final[Mapping[str, Callable[[ClaimView], str]]] = {
    care.PEOPLE: _people,
    care.RECIPIENT: _recipient,
    care.STANDS_IN: lambda _c: _("A keeper must still confirm, for who was cared for and cannot."),
    care.KEEPER: lambda _c: _("A keeper must still confirm."),
    care.RING: lambda _c: _(
        "Here a few people confirm mostly for each other. So a keeper who is none of them must confirm too. Others who were there can as well."
    ),
    care.TANGLED: lambda _c: _(
        "So many here confirm for so many others that it cannot be seen whether a few confirm mostly for each other. So a keeper must confirm too."
    ),
    care.OBJECTED: lambda _c: _("Somebody has objected. It waits until a keeper has looked into it."),
    care.COOLING: lambda _c: _("This is a large amount, so it waits some days before it is paid."),
    care.BUDGET: lambda _c: _(
        "The commons has paid what it pays for care in thirty days. It is paid in its order as soon as there is room."
    ),
    care.FLOOR: lambda _c: _(
        "The commons has not enough left for it now. It is paid in its order as soon as there is."
    ),
    care.QUEUE: lambda _c: _(
        "Other care that was written down before waits too, and is paid first. Then it is the turn of this."
    ),
    care.LIMIT: lambda _c: _("The account has no room for it now. It is paid as soon as there is."),
}
"""The sentence for each thing that a claim waits for."""


def waits(c: ClaimView) -> list[str]:
    """What a claim waits for, a sentence each."""
    return [WAITS[name](c) for name in c.waits]


def week_waits(rows: Iterable[ClaimView]) -> list[str]:
    """What rows of a week wait for beside more people, each sentence once: how many are missing stands at each row."""
    found = (WAITS[name](c) for c in rows for name in c.waits if name != care.PEOPLE)
    return list(dict.fromkeys(found))


def until(c: ClaimView) -> str:
    """Until when it can be confirmed, or from when it is paid; empty when there is nothing to say."""
    if c.until_ms is None:
        return ""
    day = day_words(moment(c.until_ms))
    if c.state == "open":
        return _("It can be confirmed until %(day)s. Then it is over.", day=day)
    return _("It is paid on %(day)s.", day=day) if care.COOLING in c.waits else ""


def policy(rules: Care) -> list[str]:
    """How care is paid here, a sentence each: every rule that is in force, and none that is off."""
    said = [
        ngettext(
            "%(num)s other person must confirm it. Nobody confirms the own care.",
            "%(num)s other people must confirm it. Nobody confirms the own care.",
            rules.quorum,
        )
    ]
    if rules.need_recipient:
        said.append(
            _("Who was cared for must be one of them, or a helper of theirs; for who cannot, a keeper.")
            if rules.helper_stands_in
            else _("Who was cared for must be one of them; for who cannot, a keeper.")
        )
    if rules.need_keeper:
        said.append(_("A keeper must be one of them."))
    if rules.household:
        said.append(
            _(
                "People who share an account are one household: it counts once, and the carer's does not count."
            )
        )
    if rules.household and rules.household_days:
        said.append(
            ngettext(
                "Who stops sharing an account counts as one household for %(num)s day more.",
                "Who stops sharing an account counts as one household for %(num)s days more.",
                rules.household_days,
            )
        )
    said.append(
        _(
            "For one day at most %(time)s count, and it may be %(days)s days ago.",
            time=time_spent(rules.longest_minutes),
            days=rules.days_back,
        )
    )
    if rules.expire_days:
        said.append(
            ngettext(
                "What is not confirmed within %(num)s day lapses.",
                "What is not confirmed within %(num)s days lapses.",
                rules.expire_days,
            )
        )
    said += _caps(rules) + _waiting(rules)
    return said


def _caps(rules: Care) -> list[str]:
    said, days = [], rules.period_days
    if rules.carer_most:
        said.append(
            _(
                "One person is paid at most %(most)s within %(days)s days.",
                most=money(rules.carer_most),
                days=days,
            )
        )
    if rules.pair_most:
        said.append(
            _(
                "Of that, at most %(most)s on the word of the same other person.",
                most=money(rules.pair_most),
            )
        )
    if rules.far_most:
        said.append(
            _(
                "On the word of people of one other village at most %(most)s is paid within %(days)s days.",
                most=money(rules.far_most),
                days=days,
            )
        )
    if rules.signer_most:
        said.append(
            ngettext(
                "One person confirms at most %(num)s time within %(days)s days.",
                "One person confirms at most %(num)s times within %(days)s days.",
                rules.signer_most,
                days=days,
            )
        )
    if rules.ring_share:
        said.append(
            _(
                "When more than %(share)s %% of those who confirm for somebody are at most %(people)s people who are confirmed mostly by each other, a keeper who is none of them must confirm too.",
                share=rules.ring_share,
                people=rules.ring_people,
            )
        )
        said.append(_("For that, care of the last %(days)s days is looked at.", days=rules.ring_days))
    return said


def _waiting(rules: Care) -> list[str]:
    said = []
    if rules.budget:
        said.append(_("The commons pays at most %(most)s for care within 30 days.", most=money(rules.budget)))
    if rules.cool_days:
        said.append(
            ngettext(
                "More than %(amount)s waits %(num)s day before it is paid.",
                "More than %(amount)s waits %(num)s days before it is paid.",
                rules.cool_days,
                amount=money(rules.cool_above),
            )
        )
    if rules.beyond_limit:
        said.append(
            _("Care is paid also to who has reached the upper limit. It can be given to others at any time.")
        )
    if rules.object_days:
        said.append(
            ngettext(
                "Anybody can say that something is not right, until %(num)s day after it was paid. A keeper without any part in it decides.",
                "Anybody can say that something is not right, until %(num)s days after it was paid. A keeper without any part in it decides.",
                rules.object_days,
            )
        )
    return said
