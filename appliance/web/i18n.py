"""Languages: English is the source; others are catalogs, compiled at install. Without them, English."""

from typing import Any, Final

from babel import Locale
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_translations

from appliance.web.session import this_session

LANGUAGES: Final = {"en": "English", "es": "Español"}
"""By code, each in its own name."""

babel = Babel()


def language() -> str:
    """The reader's language: chosen, else the first of the browser's that we have, else English."""
    if not has_request_context():
        return "en"
    chosen = this_session().language
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")


def direction() -> str:
    """``ltr`` or ``rtl``."""
    return Locale.parse(language()).text_direction


def _said() -> Any:
    """The catalog of this request's language, found once a request: a page has some forty phrases."""
    if "said" not in g:
        g.said = get_translations()
    return g.said


def init_app(app: Flask) -> None:
    """Let ``app`` speak."""
    babel.init_app(app, locale_selector=language)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda words: _said().ugettext(words),
        lambda one, many, number: _said().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(LANGUAGES=LANGUAGES, language=language, direction=direction)
