"""Languages: English is the source; others are catalogs, compiled at install. Without them, English."""

from functools import lru_cache
from typing import Any, Final

from babel import Locale
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_translations
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from appliance.ledger.reads.told import ErasedText
from appliance.web.session import this_session

LANGUAGES: Final = {"en": "English", "es": "Español"}
"""By code, each in its own name."""

babel = Babel()


def language() -> str:
    """The reader's language: chosen, else the first of the browser's that we have, else English."""
    if not has_request_context():
        return "en"
    known: str | None = g.get("language")
    if known is None:
        chosen = this_session().language
        known = chosen if chosen in LANGUAGES else _browsers(request.headers.get("Accept-Language", ""))
        g.language = known
    return known


@lru_cache(maxsize=256)
def _browsers(accepted: str) -> str:
    """What a browser that says so gets: a village's phones say few different things."""
    return parse_accept_header(accepted, LanguageAccept).best_match(LANGUAGES, "en")


def direction() -> str:
    """``ltr`` or ``rtl``."""
    return _direction(language())


@lru_cache(maxsize=16)
def _direction(code: str) -> str:
    return Locale.parse(code).text_direction


class _Said:
    """A language's catalog, and its phrases as templates say them, once looked up: both are always the same."""

    def __init__(self, catalog: Any) -> None:
        self.catalog = catalog
        self.phrases: dict[str, Markup] = {}
        self.with_names: dict[str, Markup] = {}

    def say(self, words: str, **values: Any) -> Markup:
        """``_`` of the templates, as Jinja's own in its new style, without going through its context.

        All templates are HTML: the phrase is taken as it is, what is put into it is escaped.
        """
        if not values:
            phrase = self.phrases.get(words)
            if phrase is None:
                phrase = self.phrases[words] = Markup(self.catalog.ugettext(words)) % {}  # noqa: S704 - our own words
            return phrase
        phrase = self.with_names.get(words)
        if phrase is None:
            phrase = self.with_names[words] = Markup(self.catalog.ugettext(words))  # noqa: S704 - our own words
        return phrase % {name: readable(value) for name, value in values.items()}


_OF: Final[dict[str, _Said]] = {}
"""By language. There are as many phrases as the templates have."""


def _said() -> _Said:
    """The phrases of this request's language."""
    code = language()
    said = _OF.get(code)
    return _OF.setdefault(code, _Said(get_translations())) if said is None else said


def _say(words: str, **values: Any) -> Markup:
    return _said().say(words, **values)


def readable(value: Any) -> Any:
    """``value``; in place of a personal text that was erased, that it was, in the reader's language."""
    return _("text erased") if isinstance(value, ErasedText) else value


def init_app(app: Flask) -> None:
    """Let ``app`` speak."""
    babel.init_app(app, locale_selector=language)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda words: _said().catalog.ugettext(words),  # noqa: PLW0108 - of each request
        lambda one, many, number: _said().catalog.ungettext(one, many, number),  # noqa: PLW0108 - of each request
        newstyle=True,
    )
    # A page has its language's own ``_``, found once; what pages bring in from other files asks for it each time.
    app.context_processor(lambda: {"_": _said().say})
    app.jinja_env.globals.update(_=_say, LANGUAGES=LANGUAGES, language=language, direction=direction)
