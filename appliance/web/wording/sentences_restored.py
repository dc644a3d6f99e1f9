"""Why something waits after this hub was restored: part of ``sentences.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.errors import Code
from appliance.ledger.reads.crossings import other_hub
from appliance.web.ground.here import the_hub

Numbers = Mapping[str, int]


def _recovering(n: Numbers) -> str:
    with the_hub().reading() as tx:
        found = other_hub(tx, n["hub"]) if "hub" in n else None
    if found is None:
        return _("This hub was restored from a backup. This waits until it has heard the other villages.")
    if n.get("count", 1) > 1:
        return _(
            "This hub was restored from a backup. This waits until it has heard %(village)s and other villages.",
            village=found.name,
        )
    return _(
        "This hub was restored from a backup. This waits until it has heard %(village)s.", village=found.name
    )


SENTENCES: Final[Mapping[Code, Callable[[Numbers], str]]] = {
    Code.RECOVERING: _recovering,
    Code.SIGN_IN_WAITS: lambda _n: _(
        "This hub was restored from a backup. Nobody can sign in until a keeper has asked who changed a PIN"
        " since then."
    ),
    Code.NOT_AWAITED: lambda _n: _("Nothing waits for this any more."),
    Code.NOT_UNRESOLVED: lambda _n: _("This payment does not wait for its owner (any more)."),
}
