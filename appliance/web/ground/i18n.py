"""Languages: English is the source; others are catalogs, compiled at install. Without them, English."""

from functools import lru_cache
from typing import Any, Final
from unicodedata import bidirectional
from urllib.parse import urlencode

from babel import Locale
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, get_translations
from flask_babel import gettext as _
from markupsafe import Markup
from peewee import PeeweeException
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from appliance.ledger.book import local
from appliance.ledger.errors import BookDamaged, DataDirectoryError
from appliance.ledger.reads.told import ErasedText
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import at_own_screen
from appliance.web.ground.session import this_session

LANGUAGES: Final = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "pt": "Português",
    "sw": "Kiswahili",
    "hi": "हिन्दी",
    "ar": "العربية",
}
"""By code, each in its own name. A catalog is read when somebody first asks for it (``docs/decisions/0055``)."""

PAPER: Final = "in"
"""What an address ends with whose page is in another language than its reader's, this time: ``in=sw``."""


def language() -> str:
    """The reader's language.

    The one that the address names, for a paper; else the one that was chosen in this browser; else the first of the browser's that we have; else the hub's own, else
    English. At the hub's own screen, whose browser nobody has set up, the hub's own goes before the browser's.
    """
    if not has_request_context():
        return "en"
    known: str | None = g.get("language")
    if known is None:
        known = g.language = _chosen() or "en"
    return known


def _chosen() -> str | None:
    if request.query_string and (paper := request.args.get(PAPER)) in LANGUAGES:
        return paper
    chosen = this_session().language
    if chosen in LANGUAGES:
        return chosen
    asked = _browsers(request.headers.get("Accept-Language", ""))
    return (the_hubs_own() or asked) if at_own_screen() else (asked or the_hubs_own())


@lru_cache(maxsize=256)
def _browsers(accepted: str) -> str | None:
    """What a browser that says so gets: a village's phones say few different things."""
    # Not ``best_match``: of "sw-KE,en;q=0.5" it takes English, the only one that is said exactly as ours.
    asked = (
        tag.partition("-")[0].lower()
        for tag, quality in parse_accept_header(accepted, LanguageAccept)
        if quality
    )
    return next((code for code in asked if code in LANGUAGES), None)


def in_language(code: str) -> str:
    """The address of this page in ``code``: of a paper for somebody who reads another language than whoever prints it."""
    return f"{request.path}?{urlencode({**request.args.to_dict(flat=False), PAPER: [code]}, doseq=True)}"


def the_hubs_own() -> str | None:
    """The language for who has not chosen one, as keepers set it; None when they have not, or nobody can read it."""
    kept = current_app.extensions["language"]
    if not kept:
        try:
            with the_hub().reading() as tx:
                kept.append(local.language_kept(tx))
        except (DataDirectoryError, BookDamaged, PeeweeException):
            return None  # the page that says so asks for its language, too
    code: str | None = kept[0]
    return code if code in LANGUAGES else None


def keep_the_hubs_own(code: str) -> None:
    """From now on who has not chosen reads ``code``."""
    with the_hub().store.write() as tx:
        local.keep_language(tx, code)
    current_app.extensions["language"][:] = [code]


def direction() -> str:
    """``ltr`` or ``rtl``."""
    return direction_of(language())


@lru_cache(maxsize=16)
def direction_of(code: str) -> str:
    """``ltr`` or ``rtl``, of a language."""
    return Locale.parse(code).text_direction


@lru_cache(maxsize=1024)
def from_the_right(text: str) -> bool:
    """Whether ``text`` has letters that are read from the right, as Arabic's."""
    return not text.isascii() and any(bidirectional(letter) in ("R", "AL") for letter in text)


_APART, _CLOSED = "\u2068", "\u2069"
"""First strong isolate, and its end (UAX 9): browsers, speakers and paper know them, and show nothing."""

_OPENINGS: Final = ("", "\u2066", "\u2067", _APART)


def apart(value: Any, code: str) -> Any:
    """What is put into a sentence of the language ``code``: a text keeps its own direction, and disturbs no other.

    In Arabic, ``42-2`` would be read as 2-42, and a Latin name would draw the words around it to its other side.
    Numbers and other things that are no text come back as they are, and so does all in languages read from the left.
    """
    if direction_of(code) == "ltr" or not isinstance(value, str) or value[:1] in _OPENINGS:
        return value
    if isinstance(value, ErasedText):
        return value  # said in words where it is shown
    kept = f"{_APART}{value}{_CLOSED}"
    return Markup(kept) if isinstance(value, Markup) else kept  # noqa: S704 - it was markup before


def _filled(values: dict[str, Any], code: str) -> dict[str, Any]:
    if direction_of(code) == "ltr":
        return {name: readable(value) for name, value in values.items()}
    return {name: apart(readable(value), code) for name, value in values.items()}


class _Words(Domain):
    """``gettext`` of the code, as that of the templates: what is put into a sentence is kept apart."""

    def gettext(self, string: str, **values: Any) -> str:
        return str(super().gettext(string, **_filled(values, language())))

    def ngettext(self, singular: str, plural: str, num: int, **values: Any) -> str:
        return str(super().ngettext(singular, plural, num, **_filled(values, language())))


babel = Babel()
babel.domain_instance = _Words()  # in place of the one that would make itself


class _Said:
    """A language's catalog, and its phrases as templates say them, once looked up: both are always the same."""

    def __init__(self, catalog: Any, code: str) -> None:
        self.catalog = catalog
        self.code = code
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
        return phrase % _filled(values, self.code)

    def say_many(self, one: str, many: str, number: int, **values: Any) -> Markup:
        """``ngettext`` of the templates, likewise."""
        phrase = Markup(self.catalog.ungettext(one, many, number))  # noqa: S704 - our own words
        return phrase % _filled({"num": number} | values, self.code)


_OF: Final[dict[str, _Said]] = {}
"""By language. There are as many phrases as the templates have."""


def _said() -> _Said:
    """The phrases of this request's language."""
    code = language()
    said = _OF.get(code)
    return _OF.setdefault(code, _Said(get_translations(), code)) if said is None else said


def _say(words: str, **values: Any) -> Markup:
    return _said().say(words, **values)


def _say_many(one: str, many: str, number: int, **values: Any) -> Markup:
    return _said().say_many(one, many, number, **values)


def readable(value: Any) -> Any:
    """``value``; in place of a personal text that was erased, that it was, in the reader's language."""
    return _("text erased") if isinstance(value, ErasedText) else value


def init_app(app: Flask) -> None:
    """Let ``app`` speak."""
    babel.init_app(app, locale_selector=language)
    app.extensions["language"] = []
    # The extension i18n adds this to the environment when it is loaded; mypy cannot know.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda words: _said().catalog.ugettext(words),  # noqa: PLW0108 - of each request
        lambda one, many, number: _said().catalog.ungettext(one, many, number),  # noqa: PLW0108 - of each request
        newstyle=True,
    )
    # A page has its language's own ``_``, found once; what pages bring in from other files asks for it each time.
    app.context_processor(lambda: {"_": _said().say, "ngettext": _said().say_many})
    app.jinja_env.globals.update(
        _=_say,
        ngettext=_say_many,
        LANGUAGES=LANGUAGES,
        language=language,
        direction=direction,
        direction_of=direction_of,
        in_language=in_language,
    )
