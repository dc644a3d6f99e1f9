"""What keepers, the root paper and the hub did that concerns the reader: everybody may know that."""

from typing import Any, Final

from flask import Blueprint, render_template

from appliance.ledger.reads import desk as reads
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import member_or_redirect
from appliance.web.wording import acts

bp = Blueprint("concerning", __name__)

PAGE: Final = 20


@bp.get("/me/acts")
def mine() -> Any:
    """Who did what to me, when and why; newest first."""
    me = member_or_redirect()
    with the_hub().reading() as tx:
        lines, older = reads.log(tx, number_asked("before"), PAGE, concerning=me.number)
        told = [acts.told(tx, line) for line in lines]
    return render_template("people/concerning.html", told=told, older=older)
