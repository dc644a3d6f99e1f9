"""``GET /health``: whether the ledger can be read and where its book ends. For machines."""

from typing import Any

from flask import Blueprint, jsonify
from flask.wrappers import Response
from peewee import PeeweeException

import appliance
from appliance.ledger.book import chain, local
from appliance.ledger.errors import HubError
from appliance.web.here import the_hub

bp = Blueprint("health", __name__)


@bp.get("/health")
def health() -> tuple[Response, int]:
    """200 with the ledger's head, or 503 when the ledger cannot be read. Asks for no session."""
    try:
        with the_hub().reading() as tx:
            head = chain.head(tx)
            verified = local.last_verified(tx)
    except (HubError, PeeweeException):
        return jsonify(status="ledger down", version=appliance.__version__), 503
    ledger: dict[str, Any] = {
        "head": str(head),
        "entries": head.number,
        "verified": None if verified is None else {"head": str(verified.head), "at_ms": verified.at},
    }
    # No radio is attached to this release; its state passes through the ledger's local tables.
    return jsonify(status="ok", ledger=ledger, radio={"state": "none"}, version=appliance.__version__), 200
