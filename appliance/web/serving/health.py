"""``GET /health``: whether the ledger can be read and where its book ends, how the radio is. For machines."""

from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify
from flask.wrappers import Response
from peewee import PeeweeException

import appliance
from appliance.ledger import settings
from appliance.ledger.book import chain, local, room
from appliance.ledger.errors import HubError
from appliance.ledger.hub import Hub
from appliance.ledger.reads.radio import NeighbourView, neighbours
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import at_own_screen
from appliance.web.wording import radio

bp = Blueprint("health", __name__)


@bp.get("/health")
def health() -> tuple[Response, int]:
    """200 with the ledger's head, the radio and the neighbours; 503 when the ledger cannot be read, or when a
    radio is set up and its process does not run. Asks for no session.
    """
    hub = the_hub()
    try:
        with hub.reading() as tx:
            head = chain.head(tx)
            verified = local.last_verified(tx)
            now = radio.radio_now(tx, hub)
            others = neighbours(tx, hub.number)
    except (HubError, PeeweeException):
        return jsonify(status="ledger down", version=appliance.__version__), 503
    ledger: dict[str, Any] = {
        "head": str(head),
        "entries": head.number,
        "verified": None if verified is None else {"head": str(verified.head), "at_ms": verified.at},
    }
    return jsonify(
        status=_status(hub, now.failed),
        ledger=ledger,
        radio=radio.as_json(now),
        card=_card(hub.data),
        neighbours=[_neighbour(one) for one in others],
        version=appliance.__version__,
    ), 503 if now.failed or (hub.store.closed and not hub.store.looked_at) else 200


def _status(hub: Hub, radio_failed: bool) -> str:
    if hub.store.looked_at:
        return "looking"
    return "book damaged" if hub.store.closed else "radio down" if radio_failed else "ok"


def _card(data: Path) -> dict[str, Any]:
    card = room.look(data, settings.low_mb(data))
    figures = {"free_mb": card.free_mb, "total_mb": card.total // room.MB} if at_own_screen() else {}
    return {"level": card.level.value, **figures}


def _neighbour(one: NeighbourView) -> dict[str, Any]:
    """How the post with another hub is; amounts are nobody's business here."""
    return {
        "hub": one.hub,
        "name": one.name,
        "heard_ms": None if one.heard is None else one.heard.ms,
        "in_sync": one.in_sync,
        "behind": max(0, one.theirs - one.theirs_here),
        "ahead": max(0, one.mine - one.mine_there),
        "mismatch": one.mismatch,
        "forked": one.forked,
    }
