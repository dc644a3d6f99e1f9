"""Words that say little about what is traded, in the languages of the portal. All folded (``text.fold``)."""

from typing import Final

from appliance.matching.text import words


def _folded(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


STOP_WORDS: Final = _folded(
    # English
    """a an and are at be by can could do for from get give had has have her his how if in into is it its me my no
    not of off on or our out she so some someone somebody something than that the their them then there these they
    this those to up us was we what when where which who will with would you your he i am as all any each every
    please per via
    """  # Spanish
    """al algo alguien ante con como cual cuando de del desde donde el ella en entre es esta este eso esos la las le
    les lo los mas me mi mis muy ni o para pero por que se ser si sin sobre son su sus te tu tus un una uno unos unas
    y ya nos nuestra nuestro hay cada
    """  # French and Portuguese
    """au aux avec ce ces dans des du elle et il ils je leur ma mes ne nous ou par pas pour qui sa ses sur une vos
    votre vous ao aos as com da das do dos em ela ele na nas no nos os ou pela pelo quem sao sem um uma
    """  # Swahili
    """kwa na ya wa za la cha vya ni katika au
    """
)
"""Words that say nothing about what is traded, already folded."""


def telling_words(text: str) -> list[str]:
    """The words of ``text``, folded, without those that say nothing."""
    return [word for word in words(text) if word not in STOP_WORDS]
