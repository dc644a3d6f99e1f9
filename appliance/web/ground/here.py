"""What every page needs of the hub it stands on."""

from typing import TYPE_CHECKING, cast

from flask import current_app, g

from appliance.ledger.book import rules, taxonomy
from appliance.ledger.book.rules import Rules
from appliance.ledger.book.store import Tx
from appliance.ledger.book.taxonomy import Taxonomy
from appliance.ledger.hub import Hub
from appliance.ledger.values import Unit

if TYPE_CHECKING:
    from appliance.web.ground.keyring import KeyRing


def the_hub() -> Hub:
    """The hub that this portal belongs to."""
    return cast("Hub", current_app.extensions["hub"])


def the_keys() -> "KeyRing":
    """The keys that are open now."""
    return cast("KeyRing", current_app.extensions["keys"])


def the_rules() -> Rules:
    """The rules in force, read once a request."""
    known = g.get("rules")
    if known is None:
        known = g.rules = the_hub().rules()
    return cast("Rules", known)


def the_kinds() -> Taxonomy:
    """The kinds of listings as they are here, read once a request."""
    known = g.get("kinds")
    if known is None:
        with the_hub().reading() as tx:
            known = g.kinds = taxonomy.of(tx)
    return cast("Taxonomy", known)


def keep_kinds(tx: Tx) -> None:
    """Read them for this request, when they are not read yet and somebody reads anyway."""
    if "kinds" not in g:
        g.kinds = taxonomy.of(tx)


def keep_rules(tx: Tx) -> None:
    """Read the rules in force for this request, when they are not read yet and somebody reads anyway."""
    if "rules" not in g:
        g.rules = rules.load(tx)


def forget_rules() -> None:
    """Something was done that may have changed them: who asks again in this request reads them anew."""
    g.pop("rules", None)
    g.pop("kinds", None)


def the_unit() -> Unit:
    """What this community counts in."""
    return the_rules().community.counted_in
