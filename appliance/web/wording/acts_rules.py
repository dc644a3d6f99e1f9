"""Changes of rules in words: part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_babel import gettext as _

from appliance.ledger.book.rules import GROUPS
from appliance.web.wording.amounts import money, percent
from appliance.web.wording.care_words import CARE_AMOUNTS, CARE_COUNTS, CARE_YES_NO
from appliance.web.wording.labels import care_word, group_word


def words_of(changes: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """``changes`` of the rules that were ``before``, in one line."""
    return "; ".join(text for name, value in changes.items() for text in _rule(name, value, before.get(name)))


def _rule(name: str, value: Any, before: Any) -> list[str]:
    if name == "rates":
        rates = before if isinstance(before, dict) else {}
        return [
            _("%(kind)s is paid %(amount)s an hour", kind=care_word(kind), amount=money(rate))
            for kind, rate in value.items()
            if rate != rates.get(kind)
        ]
    if name == "caps":
        caps = before if isinstance(before, dict) else {}
        return [
            _("%(kind)s is paid at most %(amount)s a day", kind=care_word(kind), amount=money(value[kind]))
            if kind in value
            else _("%(kind)s has no limit of a day", kind=care_word(kind))
            for kind in sorted({*value, *caps})
            if value.get(kind) != caps.get(kind)
        ]
    sentence = _RULES.get(name) or _care_rule(name)
    return [sentence(value) if sentence else f"{name} = {value}"]


def _care_rule(name: str) -> Callable[[Any], str] | None:
    """As the form asks for it, with what was answered."""
    if name in CARE_YES_NO:
        return lambda value: f"{CARE_YES_NO[name]()} {_('Yes') if value else _('No')}"
    if name in CARE_AMOUNTS:
        return lambda value: f"{CARE_AMOUNTS[name]()}: {money(value)}"
    return (lambda value: f"{CARE_COUNTS[name]()}: {value}") if name in CARE_COUNTS else None


def _group_limit(group: str, side: str, amount: int) -> str:
    if side == "low":
        return _("%(group)s: may go down to %(amount)s", group=group_word(group), amount=money(amount))
    return _("%(group)s: may go up to %(amount)s", group=group_word(group), amount=money(amount))


_ROUNDINGS: Final[Mapping[str, Callable[[], str]]] = {
    "down": lambda: _("down"),
    "half": lambda: _("to the nearest"),
    "up": lambda: _("up"),
}

_RULES: Final[Mapping[str, Callable[[Any], str]]] = {
    "commons_two": lambda n: _(
        "one keeper may pay up to %(amount)s from the commons within %(days)s days", amount=money(n), days=30
    ),
    "proposal_days": lambda n: _("a proposal waits %(days)s days for a second keeper", days=n),
    "vouchers": lambda n: _("%(count)s members must vouch for a newcomer", count=n),
    **{
        # mypy cannot infer the type of a lambda with defaults.
        f"{side}_{group}": lambda n, group=group, side=side: _group_limit(group, side, n)  # type: ignore[misc] # see above
        for group in GROUPS[1:]
        for side in ("low", "high")
    },
    "levy_rate": lambda n: _("the commons keeps %(rate)s of payments", rate=percent(n)),
    "levy_round": lambda word: _("what is too small to count is rounded: %(how)s", how=_ROUNDINGS[word]()),
    "levy_from": lambda n: _("payments from %(amount)s on pay to the commons", amount=money(n)),
    "listing_days": lambda n: _("an offer or want stays %(days)s days", days=n),
    "loop_days": lambda n: _("the people of a trade loop have %(days)s days to answer", days=n),
    "match_household": lambda n: (
        _("people of one household are suggested to each other")
        if n
        else _("people of one household are not suggested to each other")
    ),
    "photo_megabytes": lambda n: _("photos may take %(megabytes)s megabytes", megabytes=n),
    "request_days": lambda n: _("a request lapses after %(days)s days", days=n),
    "slip_days": lambda n: _("a paper slip may be %(days)s days old", days=n),
    "dispute_days": lambda n: _("keepers have %(days)s days to end a dispute", days=n),
    "low": lambda n: _("a new member may go down to %(amount)s", amount=money(n)),
    "high": lambda n: _("a new member may go up to %(amount)s", amount=money(n)),
    "commons_low": lambda n: _("the commons may go down to %(amount)s", amount=money(n)),
    "pin_above": lambda n: _("the PIN is asked again above %(amount)s", amount=money(n)),
    "again_minutes": lambda n: _("an equal payment within %(minutes)s minutes asks again", minutes=n),
    "quorum": lambda n: _("%(count)s others must confirm care", count=n),
    "longest_minutes": lambda n: _("at most %(minutes)s minutes of care at once", minutes=n),
    "trunk_low": lambda n: _("a new neighbour may owe us %(amount)s", amount=money(-n)),
    "trunk_high": lambda n: _("we may owe a new neighbour %(amount)s", amount=money(n)),
    "held_days": lambda n: _("a payment that waits goes back after %(days)s days", days=n),
    "days_back": lambda n: _("care of at most %(days)s days ago", days=n),
}
