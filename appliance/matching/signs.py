"""Little pictures (emoji) that name a thing: what 🥚 offers is eggs.

Only pictures of things that are traded are known (``lexicon/signs.txt``), and only where the words beside them name nothing
(``reading``): in *Garden help 🌻* the flower decorates.
"""

import re
from collections.abc import Iterator
from typing import Final

from appliance.matching.lexicon import lexicon
from appliance.matching.meaning import Topic

_JOINER: Final = "\u200d"
_MARKS: Final = "\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"
"""How a picture is drawn: as text or in colour, with which skin."""
_CLUSTER: Final = re.compile(
    f"[^{_MARKS}{_JOINER}][{_MARKS}]*(?:{_JOINER}[^{_JOINER}][{_MARKS}]*)*", re.DOTALL
)
_UNSEEN: Final = re.compile(f"[{_MARKS}]|{_JOINER}[\u2640\u2642]")
"""What says nothing about the thing: also whether a woman or a man does it."""
_NOT: Final = re.compile("[\u274c\u274e\u2716\U0001f6ab\u26d4]")


def topics_of(written: str) -> tuple[Topic, ...]:
    """What the pictures in ``written`` name, each once, in their order; nothing where one of them says *not*.

    Several that are joined to one (a farmer is a man and an ear of corn) are none of their parts.
    """
    if written.isascii() or _NOT.search(written):
        return ()
    return tuple(dict.fromkeys(_known(written)))


def _known(written: str) -> Iterator[Topic]:
    for found in _CLUSTER.finditer(written):
        sign = _UNSEEN.sub("", found.group())
        if (keys := lexicon().signs.get(sign)) is not None:
            yield Topic(keys, sign)
