"""Rules of care to begin with: *usual*, *strict*, and one for a *small village* where everybody signs for everybody.

Amounts follow from what the community pays for an hour: its highest rate.
"""

from collections.abc import Mapping
from typing import Any, Final

from appliance.ledger.book.rules import CARE_CATEGORIES, Care

STRICT: Final = "strict"
USUAL: Final = "usual"
SMALL_VILLAGE: Final = "small_village"
PRESETS: Final = (STRICT, USUAL, SMALL_VILLAGE)


def preset(name: str, care: Care) -> dict[str, Any]:
    """What ``name`` changes in ``care``: every rule of the policy, but neither rates nor ``days_back``.

    Raises KeyError for a name that is not in ``PRESETS``.
    """
    hour = max(1, *care.rates.values())
    rules = dict(_RULES[name])
    hours: Mapping[str, int] = rules.pop("hours")
    cap = rules.pop("cap")
    in_hours = {rule: min(count * hour, _MOST) for rule, count in hours.items()}
    caps = {kind: min(cap * hour, 10**9) for kind in CARE_CATEGORIES} if cap else {}
    return {**rules, **in_hours, "caps": caps}


_MOST: Final = 10**12

_RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    STRICT: {
        "quorum": 3,
        "longest_minutes": 8 * 60,
        "cap": 6,
        "need_recipient": True,
        "need_keeper": True,
        "household": True,
        "household_days": 60,
        "helper_stands_in": False,
        "beyond_limit": False,
        "expire_days": 14,
        "period_days": 30,
        "hours": {"carer_most": 60, "pair_most": 30, "far_most": 60, "budget": 300, "cool_above": 4},
        "signer_most": 30,
        "cool_days": 7,
        "object_days": 30,
        "ring_share": 50,
        "ring_people": 6,
        "ring_days": 180,
    },
    USUAL: {
        "quorum": 2,
        "longest_minutes": 12 * 60,
        "cap": 8,
        "need_recipient": False,
        "need_keeper": False,
        "household": True,
        "household_days": 30,
        "helper_stands_in": True,
        "beyond_limit": False,
        "expire_days": 30,
        "period_days": 30,
        "hours": {"carer_most": 120, "pair_most": 60, "far_most": 240, "budget": 0, "cool_above": 8},
        "signer_most": 60,
        "cool_days": 3,
        "object_days": 14,
        "ring_share": 60,
        "ring_people": 5,
        "ring_days": 90,
    },
    SMALL_VILLAGE: {
        "quorum": 2,
        "longest_minutes": 12 * 60,
        "cap": 8,
        "need_recipient": False,
        "need_keeper": False,
        "household": True,
        "household_days": 30,
        "helper_stands_in": True,
        "beyond_limit": False,
        "expire_days": 60,
        "period_days": 30,
        "hours": {"carer_most": 120, "pair_most": 60, "far_most": 240, "budget": 0, "cool_above": 12},
        "signer_most": 0,
        "cool_days": 3,
        "object_days": 14,
        "ring_share": 67,
        "ring_people": 2,
        "ring_days": 90,
    },
}
