"""Bounds on what people write, the same everywhere."""

import unicodedata

from appliance.ledger.errors import Action, Code, Refusal

LONGEST_NAME = 40
LONGEST_LINE = 140
LONGEST_TEXT = 500

_OF_MANY_LINES = frozenset({"text", "what"})
"""Fields in which people may write more than a line."""

# Joiners that scripts need inside words: Persian, Hindi, Bengali and others (Unicode UAX 31).
_JOINERS = "\u200c\u200d"


def tidy(field: str, text: str) -> str:
    """``text`` as it is kept: outer space gone, no control or direction marks, lines where they fit.

    A name with a line end or a right-to-left override could pass for another on a screen.
    """
    lines = text.splitlines() if field in _OF_MANY_LINES else [text]
    return "\n".join(" ".join(_printable(line).split()) for line in lines).strip()


def _printable(line: str) -> str:
    shown = "".join(c if c in _JOINERS or not _unseen(c) else " " for c in line)
    return "".join(c for i, c in enumerate(shown) if c not in _JOINERS or _between_letters(shown, i))


def _unseen(c: str) -> bool:
    return unicodedata.category(c) in _UNSEEN or c in _BLANKS


def _between_letters(text: str, i: int) -> bool:
    sides = text[max(0, i - 1) : i] + text[i + 1 : i + 2]
    return len(sides) == 2 and all(unicodedata.category(c)[0] in "LM" for c in sides)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Letters and signs by their category, but nothing to see: Hangul fillers, the empty Braille cell.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def too_long(text: str, longest: int) -> Refusal | None:
    """The refusal when ``text`` has more than ``longest`` characters."""
    if len(text) <= longest:
        return None
    return Refusal(Code.TEXT_TOO_LONG, {"longest": longest, "length": len(text)}, (Action.TRY_AGAIN,))
