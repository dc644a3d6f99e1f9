"""Charts as small inline SVG, drawn here: no script, no style of their own, a few hundred bytes.

They take the colour of the text around them. What differs is told by shape, full or hollow or dashed,
never by colour alone, so that it is seen in sunlight, in print and by the colour-blind. The
figures stand in a table beside each chart; a reader's voice gets the title and a sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

WIDTH: Final = 320
HEIGHT: Final = 150
_TOP: Final = 16
_FLOOR: Final = 130


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. ``value`` None is hidden: a dashed box with a question mark.

    Attributes:
        label: below it; may be empty, where the bars stand close.
        words: above it; may be empty.
        hollow: drawn as an outline: the other kind of two.
    """

    value: int | None
    label: str = ""
    words: str = ""
    hollow: bool = False


def bars(ident: str, title: str, told: str, found: Sequence[Bar]) -> Markup:
    """A chart of bars from zero up; ``ident`` tells its title apart from that of another on the page."""
    most = max((bar.value or 0 for bar in found), default=0) or 1
    step = WIDTH / max(1, len(found))
    full, hollow, hidden, texts = "", "", "", []
    for i, bar in enumerate(found):
        box, words = _bar(bar, i * step, step, most)
        texts.append(words)
        if bar.value is None:
            hidden += box
        elif bar.hollow:
            hollow += box
        else:
            full += box
    drawn = Markup("").join(
        Markup('<path d="{}"{}/>').format(boxes, look)
        for boxes, look in ((full, ""), (hollow, _OUTLINE), (hidden, _DASHED))
        if boxes
    )
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{i}-t {i}-d" font-size="12" '
        'text-anchor="middle" fill="currentColor"><title id="{i}-t">{title}</title><desc id="{i}-d">{told}</desc>'
        '<path d="M0 {f}h{w}" stroke="currentColor" stroke-width="1.5"/>{drawn}{texts}</svg>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        i=ident,
        title=title,
        told=told,
        f=_FLOOR,
        drawn=drawn,
        texts=Markup("").join(texts),
    )


_OUTLINE: Final = Markup(' fill="none" stroke="currentColor" stroke-width="2"')
_DASHED: Final = Markup(' fill="none" stroke="currentColor" stroke-dasharray="3 2"')


def _bar(bar: Bar, x: float, step: float, most: int) -> tuple[str, Markup]:
    """A bar as a part of the path of all that look like it (empty: nothing), and the words at it."""
    width = step * 0.72
    left, middle = x + (step - width) / 2, x + step / 2
    value = bar.value
    # Something is never drawn as nothing.
    height = 14.0 if value is None else max(2.0, (_FLOOR - _TOP) * value / most) if value > 0 else 0.0
    box = f"M{_n(left)} {_FLOOR}v-{_n(height)}h{_n(width)}v{_n(height)}z" if height else ""
    parts = []
    words = "?" if value is None else bar.words
    if words:
        up = _FLOOR - 3 if value is None else _FLOOR - height - 4
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(_n(middle), _n(up), words))
    if bar.label:
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(_n(middle), HEIGHT - 5, bar.label))
    return box, Markup("").join(parts)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
