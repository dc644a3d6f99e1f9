"""How care is paid here, for everybody; at the desk the rules to begin with, and who confirms for whom."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import CARE_CATEGORIES
from appliance.ledger.care.presets import PRESETS, SMALL_VILLAGE, STRICT, USUAL, preset
from appliance.ledger.money import accounts
from appliance.ledger.people import powers
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.seconds import RULES, Propose
from appliance.ledger.people.words import LONGEST_LINE
from appliance.ledger.reads import watching
from appliance.ledger.values import COMMONS
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub, the_rules
from appliance.web.ground.secure import keeper_at_own_screen, member_or_redirect
from appliance.web.wording import care_words
from appliance.web.wording.labels import care_word

bp = Blueprint("care_rules", __name__)

_WORDS: Final[Mapping[str, Callable[[], str]]] = {
    USUAL: lambda: _("Usual"),
    STRICT: lambda: _("Strict"),
    SMALL_VILLAGE: lambda: _("Small village"),
}


@bp.get("/care/rules")
def page() -> Any:
    """The policy in plain words: every member may know by which rules the commons pays."""
    member_or_redirect()
    care = the_rules().care
    kinds = [(kind, care_word(kind)) for kind in CARE_CATEGORIES]
    with the_hub().reading() as tx:
        commons = accounts.get(tx, COMMONS)
    floor = None if commons is None else commons.low
    return render_template(
        "care/rules.html", care=care, said=care_words.policy(care), kinds=kinds, floor=floor
    )


@bp.get("/desk/rules/care/begin")
def presets_page() -> Any:
    """The presets, each in words."""
    keeper_at_own_screen()
    return _presets(fresh_key())


def _presets(key: str, problem: Problem | None = None, reason: str = "") -> str:
    care = the_rules().care
    presets = [
        (name, word(), care_words.policy(replace(care, **preset(name, care))))
        for name, word in _WORDS.items()
    ]
    return render_template(
        "desk/care_presets.html",
        presets=presets,
        two=_has_second(),
        key=key,
        problem=problem,
        reason=reason,
        longest_line=LONGEST_LINE,
    )


def _has_second() -> bool:
    with the_hub().reading() as tx:
        return len(powers.keepers(tx)) > 1


@bp.post("/desk/rules/care/begin/<name>")
def take(name: str) -> Any:
    """Take a preset: proposed to a second keeper, where there is one."""
    keeper_at_own_screen()
    if name not in PRESETS:
        abort(404)
    key, care = form_key(), the_rules().care
    reason = request.form.get("reason", "").strip()
    changes = {rule: value for rule, value in preset(name, care).items() if getattr(care, rule) != value}
    if not changes:
        return redirect(url_for("desk_rules.rules", done="same"))
    if _has_second():
        result = act(Propose(RULES, {"group": "care", "changes": changes}, reason), key)
        if isinstance(result, Receipt):
            return redirect(url_for("desk_two.proposal", record=result.record.hex()))
        return _presets(key.hex(), result, reason), REFUSED
    result = act(ChangeRules("care", changes, reason), key)
    if isinstance(result, Receipt):
        return redirect(url_for("desk_rules.rules", done="changed"))
    return _presets(key.hex(), result, reason), REFUSED


@bp.get("/desk/care")
def watch() -> Any:
    """What may be worth a talk: pairs, circles, sudden growth. Never a verdict."""
    keeper_at_own_screen()
    hub = the_hub()
    with hub.reading() as tx:
        seen = watching.watch(tx, hub.clock.now())
    return render_template("desk/care_watch.html", seen=seen)
