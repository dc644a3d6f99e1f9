"""Bounds on what people write, the same everywhere."""

from appliance.ledger.errors import Action, Code, Refusal

LONGEST_NAME = 40
LONGEST_LINE = 140
LONGEST_TEXT = 500


def too_long(text: str, longest: int) -> Refusal | None:
    """The refusal when ``text`` has more than ``longest`` characters."""
    if len(text) <= longest:
        return None
    return Refusal(Code.TEXT_TOO_LONG, {"longest": longest, "length": len(text)}, (Action.TRY_AGAIN,))
