"""The picture of a trade loop: its people on a ring, each with an arrow to the next one. The words stand beside it.

What each has said is told by shape: a filled circle has said yes, a dashed one has not answered, a crossed one no.
"""

import math
from collections.abc import Sequence
from typing import Final

from flask_babel import gettext as _
from markupsafe import Markup

WIDTH: Final = 320
_RADIUS: Final = 64
_DOT: Final = 21
_ABOVE: Final = 26
"""Room for the name above the highest, or for an arrow that is bent outwards."""
_BELOW: Final = 26
"""Room for the name below the lowest."""
_LONGEST: Final = 16
_LONGEST_BESIDE: Final = 8
_DASHES: Final = {"asked": "5 4"}


def drawn(names: Sequence[str], answers: Sequence[str]) -> Markup:
    """The ring of ``names`` in their order; ``answers``: asked, yes or no, of each."""
    places = [_place(n, len(names)) for n in range(len(names))]
    top = min(y for _x, y in places) - _DOT - _ABOVE
    places = [(x, y - top) for x, y in places]
    height = round(max(y for _x, y in places)) + _DOT + _BELOW
    arrows = Markup("").join(_arrow(places[n], places[(n + 1) % len(places)]) for n in range(len(places)))
    dots = Markup("").join(
        _dot(n + 1, *place, name, answer)
        for n, (place, name, answer) in enumerate(zip(places, names, answers, strict=True))
    )
    told = " → ".join([*names, names[0]])
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" direction="ltr" aria-labelledby="loop-t loop-d" font-size="15" '
        'text-anchor="middle" fill="currentColor"><title id="loop-t">{title}</title><desc id="loop-d">{told}</desc>'
        '<g fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round">{arrows}</g>{dots}</svg>'
    ).format(w=WIDTH, h=height, title=_("Who gives something to whom"), told=told, arrows=arrows, dots=dots)


def _place(n: int, people: int) -> tuple[float, float]:
    """Clockwise from the top; of two, left and right."""
    turn = -math.pi / 2 + 2 * math.pi * n / people if people > 2 else math.pi * (1 - n)
    return WIDTH / 2 + _RADIUS * math.cos(turn), _RADIUS * math.sin(turn)


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> Markup:
    """Bent outwards, so that of two people there and back do not lie on each other."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    ux, uy = dx / length, dy / length
    bend = 22
    ax, ay = start[0] + ux * (_DOT + 4) + uy * 8, start[1] + uy * (_DOT + 4) - ux * 8
    bx, by = end[0] - ux * (_DOT + 7) + uy * 8, end[1] - uy * (_DOT + 7) - ux * 8
    cx, cy = (ax + bx) / 2 + uy * bend, (ay + by) / 2 - ux * bend
    tx, ty = bx - cx, by - cy
    along = math.hypot(tx, ty)
    tx, ty = tx / along, ty / along
    left = (bx - 10 * tx + 6 * ty, by - 10 * ty - 6 * tx)
    right = (bx - 10 * tx - 6 * ty, by - 10 * ty + 6 * tx)
    return Markup(
        '<path d="M{:.0f} {:.0f}Q{:.0f} {:.0f} {:.0f} {:.0f}M{:.0f} {:.0f}L{:.0f} {:.0f}L{:.0f} {:.0f}"/>'
    ).format(ax, ay, cx, cy, bx, by, *left, bx, by, *right)


def _dot(number: int, x: float, y: float, name: str, answer: str) -> Markup:
    filled = answer == "yes"
    parts = [
        Markup(
            '<circle cx="{:.0f}" cy="{:.0f}" r="{}" fill="{}" stroke="currentColor" stroke-width="2.5" stroke-dasharray="{}"/>'
        ).format(x, y, _DOT, "currentColor" if filled else "#fff", _DASHES.get(answer, "none")),
        Markup('<text x="{:.0f}" y="{:.0f}" font-weight="700" fill="{}">{}</text>').format(
            x, y + 5, "#fff" if filled else "currentColor", number
        ),
        _name(x, y, name),
    ]
    if answer == "no":
        parts.append(
            Markup(
                '<path d="M{:.0f} {:.0f}l30 30m0-30l-30 30" stroke="currentColor" stroke-width="3"/>'
            ).format(x - 15, y - 15)
        )
    return Markup("").join(parts)


def _name(x: float, y: float, name: str) -> Markup:
    """Outside the ring, where no arrow is: above, below or beside its place."""
    aside = x - WIDTH / 2
    longest = _LONGEST if abs(aside) < 1 else _LONGEST_BESIDE
    short = name if len(name) <= longest else name[: longest - 1].rstrip() + "…"
    if abs(aside) < 1:
        anchor, y = "middle", y - _DOT - 8 if y < _RADIUS + _DOT else y + _DOT + 18
    else:
        anchor, x, y = ("end", x - _DOT - 7, y + 5) if aside < 0 else ("start", x + _DOT + 7, y + 5)
    return Markup('<text x="{:.0f}" y="{:.0f}" text-anchor="{}">{}</text>').format(x, y, anchor, short)
