"""The page that a root paper is printed from: one file that needs nothing else, two copies, a sheet each.

It is made at the terminal (``hub init``, ``hub paper print``) and never served: no route leads here, and
the portal does not know the secret.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader
from qrcode.constants import ERROR_CORRECT_Q

from appliance.ledger.cli_paper import Sheet
from appliance.web.ground import qr

_HERE: Final = Path(__file__).parents[1]
COPIES: Final = 2


def page(sheets: Sequence[Sheet], language: str) -> str:
    """The page with ``COPIES`` of each of ``sheets``; what it says is in ``language``, else in English."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    said = Translations.load(_HERE / "translations", [language])
    environment.install_gettext_translations(said, newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("desk/root_paper.html").render(
        copies=COPIES,
        # The paper is kept for years, folded and damp: a quarter of the code may be lost.
        sheets=[(one, qr.svg(one.paper.scanned(), ERROR_CORRECT_Q)) for one in sheets],
        language=language if isinstance(said, Translations) else "en",
    )
