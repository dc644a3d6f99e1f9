"""What can go wrong on the wire. ``BadFrame``: what came in is not for us, or a neighbour's fault;
``CannotPack``: our own mistake.

Nothing that comes in from a radio raises anything else.
"""

from enum import StrEnum

from appliance.ledger.errors import HubError


class Reason(StrEnum):
    """Why a packet was refused. Counted by ``hub radio status``; explained in ``docs/wire.md``."""

    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_SUITE = "unknown_suite"
    UNKNOWN_SENDER = "unknown_sender"
    UNSIGNED = "unsigned"
    NOT_CANONICAL = "not_canonical"
    MALFORMED = "malformed"
    UNKNOWN_HUB = "unknown_hub"


class BadFrame(HubError, ValueError):
    """Bytes that are no frame of this community. They changed nothing.

    ``NOT_CANONICAL``, ``MALFORMED`` and ``UNKNOWN_HUB`` are said only of what a hub of the
    roster did sign: its release is at fault, or newer, or its roster is. All others are said
    before the body has been looked at.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class CannotPack(HubError, RuntimeError):
    """Our mistake: this cannot be put into a frame (a gap, two feeds, an unknown hub, too much)."""


class BadSetting(HubError, ValueError):
    """A ``radio`` setting that names no kind of radio we know, or not as that kind is named."""


class CannotProvision(HubError, RuntimeError):
    """A node that could not be set up; the text says why, and whether something was written."""
