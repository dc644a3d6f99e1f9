"""The desk's other half: the rules in force, in words and changeable, and the log of acts."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from babel import numbers
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import get_locale

from appliance.ledger.amounts import parse_amount
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import CARE_CATEGORIES, GROUPS
from appliance.ledger.errors import BadAmount, Code
from appliance.ledger.people import powers
from appliance.ledger.people.founding import ChangeRules, guarded
from appliance.ledger.people.seconds import RULES, Propose
from appliance.ledger.people.tries import of_keepers
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads.people import person
from appliance.ledger.values import Unit, western_digits
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub, the_rules
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.wording.amounts import typed as as_typed
from appliance.web.wording.amounts import zero_or_more
from appliance.web.wording.care_words import CARE_AMOUNTS, CARE_COUNTS, CARE_YES_NO
from appliance.web.wording.labels import group_choices
from appliance.web.wording.words import refusal

bp = Blueprint("desk_rules", __name__, url_prefix="/desk")

FORMS: Final = ("credit", "groups", "joining", "levy", "times", "market", "care")
"""Forms for changing rules; all but care and market are parts of the rules of credit."""

GROUP_LIMITS: Final = tuple(f"{side}_{group}" for group in GROUPS[1:] for side in ("low", "high"))
"""The limits of the kinds of accounts that are no person's."""


@bp.get("/tries")
def tries() -> Any:
    """When keepers came in, and wrong PINs under their numbers; newest first."""
    keeper_at_own_screen()
    with the_hub().reading() as tx:
        found = [(person(tx, t.member), t) for t in of_keepers(tx)]
    return render_template("desk/tries.html", found=found)


@bp.get("/rules")
def rules() -> Any:
    """The rules in plain words."""
    keeper_at_own_screen()
    return render_template("desk/rules.html", r=the_rules(), done=request.args.get("done"))


@bp.get("/rules/<group>")
def change(group: str) -> Any:
    """The form for changing the rules of credit or of care."""
    keeper_at_own_screen()
    now = _present(group)
    return _form(group, fresh_key(), now, now)


@bp.post("/rules/<group>")
def change_now(group: str) -> Any:
    """Change what this keeper has changed on the form, with a reason.

    The form carries what it showed. A rule that somebody has changed meanwhile stays so; when
    this keeper has changed the very same one, the form comes back and says what is in force now.
    """
    keeper_at_own_screen()
    key, now = form_key(), _present(group)
    shown = {name: request.form.get(f"shown_{name}", text).strip() for name, text in now.items()}
    typed = {name: request.form.get(name, shown[name]).strip() for name in now}
    typed = {name: now[name] if text == shown[name] else text for name, text in typed.items()}
    reason = request.form.get("reason", "").strip()
    changed = {name: text for name, text in typed.items() if text != now[name]}
    if meanwhile := {name: now[name] for name in changed if shown[name] != now[name]}:
        return _form(group, key.hex(), typed, now, reason=reason, meanwhile=meanwhile), REFUSED
    try:
        wanted = _read(group, changed)
    except BadAmount:
        return _form(group, key.hex(), typed, now, refusal(Code.SETTING_WRONG), reason), REFUSED
    if not wanted:
        return redirect(url_for("desk_rules.rules", done="same"))
    part = group if group in ("care", "market") else "credit"
    if _needs_two(part, wanted):
        result = act(Propose(RULES, {"group": part, "changes": wanted}, reason), key)
        if isinstance(result, Receipt):
            return redirect(url_for("desk_two.proposal", record=result.record.hex()))
        return _form(group, key.hex(), typed, now, result, reason), REFUSED
    result = act(ChangeRules(part, wanted, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("desk_rules.rules", done="changed"))
    return _form(group, key.hex(), typed, now, result, reason), REFUSED


def _needs_two(part: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a rule is among them that two change, and there is a second keeper."""
    return guarded(part, wanted) and _has_second()


def _has_second() -> bool:
    with the_hub().reading() as tx:
        return len(powers.keepers(tx)) > 1


def _form(
    group: str,
    key: str,
    values: Mapping[str, str],
    shown: Mapping[str, str],
    problem: Problem | None = None,
    reason: str = "",
    meanwhile: Mapping[str, str] = MappingProxyType({}),
) -> str:
    return render_template(
        f"desk/rules_{group}.html",
        group=group,
        two=group not in ("times", "market") and _has_second(),
        v=values,
        shown=shown,
        meanwhile=meanwhile,
        key=key,
        problem=problem,
        reason=reason,
        kinds=CARE_CATEGORIES,
        yes_no=[(name, words()) for name, words in CARE_YES_NO.items()],
        amounts=[(name, words()) for name, words in CARE_AMOUNTS.items()],
        counts=[(name, words()) for name, words in CARE_COUNTS.items()],
        groups=group_choices()[1:],
        longest_line=LONGEST_LINE,
    )


def _present(group: str) -> dict[str, str]:
    """The fields of a group's form as they would be typed now. Debts are typed without a sign."""
    credit, care = the_rules().credit, the_rules().care
    if group not in FORMS:
        abort(404)
    if group == "levy":
        rate = numbers.format_decimal(Decimal(credit.levy_rate).scaleb(-1), "0.#", locale=get_locale())
        return {
            "levy_rate": rate,
            "levy_round": credit.levy_round,
            "levy_from": as_typed(credit.levy_from),
        }
    if group == "times":
        times = ("request_days", "dispute_days", "held_days", "slip_days", "proposal_days")
        return {name: str(getattr(credit, name)) for name in times}
    if group == "market":
        return {name: str(getattr(the_rules().market, name)) for name in ("listing_days", "photo_megabytes")}
    if group == "joining":
        return {"vouchers": str(credit.vouchers)}
    if group == "groups":
        return {name: as_typed(abs(getattr(credit, name))) for name in GROUP_LIMITS}
    if group == "credit":
        return {
            "low": as_typed(-credit.low),
            "high": as_typed(credit.high),
            "commons_low": as_typed(-credit.commons_low),
            "commons_two": as_typed(credit.commons_two),
            "pin_above": as_typed(credit.pin_above),
        }
    rates = {f"rate_{kind}": as_typed(rate) for kind, rate in care.rates.items()}
    caps = {f"cap_{kind}": as_typed(care.caps.get(kind, 0)) for kind in CARE_CATEGORIES}
    yes_no = {name: "yes" if getattr(care, name) else "no" for name in CARE_YES_NO}
    amounts = {name: as_typed(getattr(care, name)) for name in CARE_AMOUNTS}
    counts = {name: str(getattr(care, name)) for name in CARE_COUNTS}
    return {"quorum": str(care.quorum), **yes_no, **amounts, **counts, **rates, **caps}


def _read(group: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed as the rules' values. Raises BadAmount."""
    changes: dict[str, Any] = {}
    rates, caps = dict(the_rules().care.rates), dict(the_rules().care.caps)
    for name, text in typed.items():
        if name == "levy_rate":
            changes[name] = _per_mille(text)
        elif name == "levy_round":
            changes[name] = text
        elif group in ("times", "joining", "market"):
            changes[name] = _count(text)
        elif group in ("credit", "groups", "levy"):
            owed = name.startswith("low") or name == "commons_low"
            changes[name] = zero_or_more(text) * (-1 if owed else 1)
        elif name == "quorum" or name in CARE_COUNTS:
            changes[name] = _count(text)
        elif name in CARE_YES_NO:
            changes[name] = text == "yes"
        elif name in CARE_AMOUNTS:
            changes[name] = zero_or_more(text)
        elif name.startswith("cap_"):
            caps[name.removeprefix("cap_")] = zero_or_more(text)
            changes["caps"] = {kind: cap for kind, cap in caps.items() if cap}
        else:
            rates[name.removeprefix("rate_")] = zero_or_more(text)
            changes["rates"] = rates
    return changes


def _per_mille(text: str) -> int:
    """Per cent as people type it, with at most one digit after the sign. Raises BadAmount."""
    plain = western_digits(text).strip().rstrip("%\u066a").strip()
    if plain and not plain.strip("0.,\u066b"):
        return 0
    return parse_amount(plain, Unit("per cent", "%", 1))


def _count(text: str) -> int:
    digits = western_digits(text)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 4:
        raise BadAmount(text)
    return int(digits)
