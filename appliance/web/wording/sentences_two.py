"""Why something that the commons or two keepers are needed for was refused: part of ``sentences.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.errors import Code
from appliance.web.wording.amounts import money

Numbers = Mapping[str, int]


def _commons_floor(n: Numbers) -> str:
    if "can_give" not in n:
        return _("The commons has nothing left now. This waits until it has.")
    return _(
        "%(amount)s is more than the commons can give now. It can still give %(room)s; its floor is %(limit)s.",
        amount=money(n["amount"]),
        room=money(n["can_give"]),
        limit=money(n["limit"]),
    )


def _needs_two(n: Numbers) -> str:
    if "alone" not in n:
        return _("This guards what needs two keepers, so two must agree on it.")
    if not n["alone"]:
        return _(
            "Two keepers must agree on %(amount)s: what you can pay alone within %(days)s days is paid.",
            amount=money(n["amount"]),
            days=n["days"],
        )
    return _(
        "Two keepers must agree on %(amount)s. Alone you can still pay %(alone)s (counted over %(days)s days).",
        amount=money(n["amount"]),
        alone=money(n["alone"]),
        days=n["days"],
    )


def _no_second(n: Numbers) -> str:
    if n.get("keepers", 1) < 2:
        return _(
            "Two keepers must agree on this, and there is only one. Appoint a second with the root paper: "
            "hub keeper appoint."
        )
    return _(
        "Two keepers must agree on this, and all others have a part in it. Appoint one more with the root paper: "
        "hub keeper appoint."
    )


SENTENCES: Final[Mapping[Code, Callable[[Numbers], str]]] = {
    Code.COMMONS_FLOOR: _commons_floor,
    Code.NEEDS_TWO: _needs_two,
    Code.NO_SECOND: _no_second,
    Code.TWO_AGREED: lambda _n: _(
        "Two keepers agreed on this, so one alone cannot undo it. Whoever got it can give it back."
    ),
    Code.ALREADY_PROPOSED: lambda _n: _("The very same is proposed already, and waits for a second keeper."),
    Code.OWN_PROPOSAL: lambda _n: _(
        "You have proposed this yourself. The second keeper must be somebody else."
    ),
    Code.UNKNOWN_PROPOSAL: lambda _n: _("There is no such proposal."),
    Code.PROPOSAL_CLOSED: lambda _n: _("This proposal has already been answered, taken back, or has lapsed."),
    Code.PROPOSER_GONE: lambda _n: _(
        "The keeper who proposed this is no keeper any more, or has a part in it now. Say no, and propose it anew."
    ),
}
