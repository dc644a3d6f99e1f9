"""A packet for people to read: plain values, as ``hub radio trace`` prints them.

Sealed parts stay sealed: the trace of a hub tells no more than a radio in the next village hears.
"""

from collections.abc import Mapping
from typing import Any

from appliance.ledger.book.records import EVERYONE, Kind, Record
from appliance.radio.certificates import CertificateFrame
from appliance.radio.coding import Coded
from appliance.radio.control import Ask, Summary, read
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame
from appliance.radio.frames import PROOF_ASK, DataFrame
from appliance.radio.proofframes import ProofFrame

_KINDS: Mapping[int, str] = {kind.value: kind.name.lower() for kind in Kind}


def kind_name(kind: int) -> str:
    """``sent``, ``accepted``, ...; of a kind that a later release knows, ``kind 12``."""
    return _KINDS.get(kind, f"kind {kind}")


def _record(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "kind": kind_name(record.kind),
        "to": "everyone" if record.to == EVERYONE else record.to,
        "amount": record.amount,
        "sealed": record.sealed.hex(),
    }


def _data(frame: DataFrame) -> dict[str, Any]:
    return {
        "type": "data",
        "from": frame.hub,
        "incarnation": frame.incarnation,
        "first": frame.first,
        "last": frame.last,
        "after": frame.cut.hex(),
        "records": [_record(record) for record in frame.records],
    }


def _certificate(frame: CertificateFrame) -> dict[str, Any]:
    c = frame.certificate
    return {
        "type": "certificate",
        "from": c.hub,
        "incarnation": c.incarnation,
        "closed": c.closed_number,
        "key": c.signing_key.hex(),
    }


def _summary(summary: Summary, directory: Directory) -> dict[str, Any]:
    return {
        "type": "summary",
        "from": summary.hub,
        "beat": summary.beat,
        "roster": summary.roster.hex(),
        "same_roster": summary.roster == directory.roster,
        "holds": [
            {"hub": hub, "incarnation": mark.incarnation, "number": mark.number}
            for hub, mark in summary.positions.items()
        ],
        "heads": summary.heads.hex(),
    }


def _ask(ask: Ask) -> dict[str, Any]:
    return {
        "type": "ask",
        "from": ask.hub,
        "beat": ask.beat,
        "wants": [
            {"hub": span.hub, "incarnation": span.incarnation, "first": span.first, "last": span.last}
            for span in ask.spans
        ],
    }


def describe(data: bytes, directory: Directory) -> dict[str, Any]:
    """What ``data`` says, as values that JSON knows; of what is no frame of ours, why not.

    Never raises. ``bytes`` is always there; ``type`` only when the frame is the community's,
    ``refused`` and the bytes in ``hex`` only when it is not.
    """
    size = {"bytes": len(data)}
    try:
        frame = read(data, directory)
    except BadFrame as error:
        return size | {"refused": error.reason.value, "detail": error.detail, "hex": data.hex()}
    match frame:
        case DataFrame():
            return _data(frame) | size
        case CertificateFrame():
            return _certificate(frame) | size
        case Summary():
            return _summary(frame, directory) | size
        case Ask():
            return _ask(frame) | size
        case Coded():
            mends = [{"hub": hub, "first": first, "last": last} for hub, first, last in frame.names]
            return {"type": "coded", "from": frame.hub, "mends": mends} | size
        case ProofFrame():
            kind = "proof_ask" if frame.type == PROOF_ASK else "proof_part"
            return {"type": kind, "from": frame.hub, "to": frame.to} | size
