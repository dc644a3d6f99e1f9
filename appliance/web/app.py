"""The portal's app: put together here, subject by subject."""

import logging
from collections.abc import MutableMapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, current_app, render_template, request, url_for
from flask.templating import Environment
from peewee import PeeweeException
from werkzeug.exceptions import HTTPException, InternalServerError

import appliance
from appliance.ledger.errors import (
    Action,
    ArchiveMissing,
    BookClosed,
    BookDamaged,
    BookLookedAt,
    CannotWrite,
    DataDirectoryError,
    NotSure,
)
from appliance.ledger.hub import Hub
from appliance.web.desk import backups as desk_backups
from appliance.web.desk import files, slips
from appliance.web.desk import year as desk_year
from appliance.web.ground import acting, air, i18n, qr, secure, styles
from appliance.web.ground.form_tokens import StaleForm
from appliance.web.ground.here import the_hub, the_keys, the_rules
from appliance.web.ground.keyring import KeyRing
from appliance.web.ground.late_rules import LateRule
from appliance.web.ground.numbers import Number
from appliance.web.ground.session import HubSessions
from appliance.web.market import filters as market_filters
from appliance.web.market import photos
from appliance.web.money import why
from appliance.web.people import erasing, whom, whose
from appliance.web.wording import acts_clock, amounts, care_words, standing, words

_log = logging.getLogger(__name__)

SUBJECTS: Final = (
    "ground.air",
    "people.join",
    "people.sheets",
    "people.lost",
    "people.home",
    "money.pay",
    "money.crossing",
    "money.ask",
    "money.splits",
    "serving.health",
    "market.listings",
    "market.kinds",
    "market.forms",
    "desk.listing_keep",
    "market.photos",
    "desk.kinds",
    "market.trading",
    "people.talks",
    "people.talks_far",
    "people.who",
    "desk.talks",
    "care.claims",
    "care.sheets",
    "care.rules",
    "care.far",
    "care.objecting",
    "care.proving",
    "desk.proofs",
    "desk.front",
    "desk.rules",
    "desk.lists",
    "desk.life",
    "desk.two",
    "desk.clock",
    "desk.backups",
    "desk.year",
    "money.commons",
    "people.me_life",
    "people.moving",
    "people.news",
    "desk.move",
    "desk.find",
    "people.vouching",
    "people.concerning",
    "money.statements",
    "money.report",
    "desk.printing",
    "money.trouble",
    "desk.slips",
    "money.slips_mine",
    "money.account",
    "money.grants",
    "desk.accounts",
    "desk.files",
    "desk.neighbours",
    "desk.restored",
    "people.erasing",
    "money.why",
    "serving.https",
)
"""Modules of this package's rooms, each with a blueprint ``bp``, in the order in which their routes are tried."""

LEDGER_DOWN: Final = (DataDirectoryError, BookDamaged, PeeweeException)
"""What a ledger that cannot be read raises."""


class _Templates(Environment):
    """Jinja, for templates that bring no globals of their own: each has those of all, and looks them up in one place."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


class _Portal(Flask):
    jinja_environment = _Templates
    url_rule_class = LateRule

    def send_static_file(self, filename: str) -> Response:
        if filename.endswith(styles.ENDING):
            return styles.answer(str(self.static_folder), filename)
        return super().send_static_file(filename)


def create_app(data: Path | Hub, **config: Any) -> Flask:
    """The portal of the hub in ``data``, or of one that is already open.

    Args:
        config: over the defaults: ``KEY_IDLE_MINUTES`` and ``KEYS_OPEN`` (how long, and how many
            members' keys stay open), ``ADDRESS`` (what QR codes lead to; by default where the
            reader's browser found us), ``HTTPS`` (where phones find it by https; None: nowhere).

    Raises:
        DataDirectoryError, BookDamaged: the hub cannot be opened.
    """
    hub = data if isinstance(data, Hub) else Hub.open(data)
    app = _Portal("appliance.web")
    app.config.update(
        MAX_CONTENT_LENGTH=64 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=86_400,
        KEY_IDLE_MINUTES=10,
        KEYS_OPEN=200,
        ADDRESS=None,
        HTTPS=None,
    )
    app.config.update(config)
    app.extensions["hub"] = hub
    app.extensions["keys"] = KeyRing(hub.clock, app.config["KEY_IDLE_MINUTES"], app.config["KEYS_OPEN"])
    app.session_interface = HubSessions(hub)
    desk_backups.init_app(app)
    desk_year.init_app(app)
    files.init_app(app)  # before the form tokens, which read the whole form
    slips.init_app(app)  # likewise
    photos.init_app(app)  # likewise
    air.init_app(app, hub.clock)
    secure.csrf.init_app(app)
    i18n.init_app(app)
    _words_for_templates(app)
    app.url_map.converters["number"] = Number
    for subject in SUBJECTS:
        app.register_blueprint(import_module(f"appliance.web.{subject}").bp)
    app.before_request(lambda: the_keys().sweep())
    app.before_request(hub.clock.look)
    app.after_request(secure.add_headers)
    _error_pages(app)
    return app


def _words_for_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.finalize = i18n.readable
    app.jinja_env.filters.update(
        money=amounts.money,
        signed=amounts.signed,
        figure=amounts.figure,
        typed=amounts.typed,
        when=amounts.when,
        day=amounts.day,
        moment=amounts.moment,
        care_policy=care_words.policy,
        percent=amounts.percent,
        duration=amounts.duration,
        ago=amounts.ago,
        decibel=amounts.decibel,
        on_foot=amounts.on_foot,
        doubtful=amounts.doubtful,
        name=amounts.name_of,
        giver=amounts.giver,
        getter=amounts.getter,
        about=words.about,
        state=words.state,
        phrase=words.phrase,
        qr=qr.of_address,
    )
    app.extensions["paths"] = {}
    app.jinja_env.globals.update(
        url_for=_path,
        version=appliance.__version__,
        book_closed=lambda: the_hub().store.closed,
        book_looked_at=lambda: the_hub().store.looked_at,
        for_this_box_only=qr.for_this_box_only,
        scannable=qr.fits,
        rules=the_rules,
        visitor=secure.visitor,
        at_own_screen=secure.at_own_screen,
        account_of=amounts.account_of,
        short_standing=standing.short,
        levy_on=amounts.levy_on,
        example_elsewhere=whom.example_elsewhere,
        number_elsewhere=whom.number_elsewhere,
        sentence=words.sentence,
        next_steps=words.next_steps,
        pin_needed=acting.pin_needed,
        choices_of=words.choices_of,
        Action=Action,
        clock_source=acts_clock.source_words,
        CATEGORY_WORDS=words.CATEGORY_WORDS,
        CARE_WORDS=words.CARE_WORDS,
        PHRASES=words.PHRASES,
    )
    app.context_processor(_paths_of_a_page)
    whose.init_app(app)
    market_filters.init_app(app)
    erasing.init_app(app)
    why.init_app(app)
    # What every page is put together from: made once here, rather than brought in by each page anew.
    env = app.jinja_env
    icon = vars(env.get_template("_icons.html").module)["icon"]
    env.globals.update(icon=_drawn_once(icon))
    ui: Any = env.get_template("_macros.html").module
    for name in ("link", "button", "line", "languages", "home_ways", "home_more"):
        setattr(ui, name, _drawn_once(getattr(ui, name)))
    env.globals.update(ui=ui)


def _drawn_once(macro: Any) -> Any:
    """A macro that depends on nothing but what it is given: drawn once for the same."""
    # Typed: words that are already HTML and the same words that must be escaped are equal, and not the same.
    return lru_cache(maxsize=512, typed=True)(macro)


def _path(endpoint: str, **values: Any) -> str:
    """``url_for`` of the templates, remembered: an address within the portal is always the same one."""
    if endpoint.startswith(".") or request.script_root or any(name.startswith("_") for name in values):
        return url_for(endpoint, **values)
    known: dict[tuple[Any, ...], str] = current_app.extensions["paths"]
    asked = (endpoint, *values.items())
    if asked not in known:
        if len(known) >= _MOST_PATHS:
            known.clear()
        known[asked] = url_for(endpoint, **values)
    return known[asked]


_MOST_PATHS: Final = 2048


def _paths_of_a_page() -> dict[str, Any]:
    """A page's own ``url_for``: it has a dozen links, and what it asks of the request it asks once."""
    if request.script_root:
        return {}
    known: dict[tuple[Any, ...], str] = current_app.extensions["paths"]

    def path(endpoint: str, **values: Any) -> str:
        return known.get((endpoint, *values.items())) or _path(endpoint, **values)

    return {"url_for": path}


def _error_pages(app: Flask) -> None:
    """Plain pages for what goes wrong. None of them needs the ledger, none shows our insides."""

    def page(kind: str, status: int) -> tuple[str, int]:
        return render_template("error.html", kind=kind, back=secure.where_from()), status

    @app.errorhandler(StaleForm)
    def stale(_error: StaleForm) -> tuple[str, int]:
        return page("stale", 400)

    @app.errorhandler(air.NotSealed)
    def not_sealed(_error: air.NotSealed) -> tuple[str, int]:
        return page("not_sealed", 403)

    @app.errorhandler(air.UsedUp)
    def used_up(_error: air.UsedUp) -> tuple[str, int]:
        return page("used_up", 403)

    @app.errorhandler(HTTPException)
    def other(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        kind = {400: "stale", 404: "missing", 405: "missing", 413: "too_large", 503: "busy"}.get(
            error.code, "broken"
        )
        return page(kind, error.code)

    @app.errorhandler(InternalServerError)
    def broken(error: InternalServerError) -> tuple[str, int]:
        cause = error.original_exception
        if isinstance(cause, LEDGER_DOWN):
            _log.error("ledger=down path=%s reason=%s", request.path, cause)
            return page(_down_kind(cause), 503)
        return page("broken", 500)

    for kind in LEDGER_DOWN:
        app.register_error_handler(kind, _down(page))


def _down(page: Any) -> Any:
    def down(error: Exception) -> Any:
        _log.error("ledger=down path=%s reason=%s", request.path, error)
        return page(_down_kind(error), 503)

    return down


def _down_kind(error: BaseException) -> str:
    """A disk that refuses to be written leaves everything to be read; an archive that is gone, all that is newer."""
    if isinstance(error, ArchiveMissing):
        return "archive_missing"
    if not isinstance(error, CannotWrite):
        return "ledger_down"
    if isinstance(error, BookLookedAt):
        return "looked_at"
    if request.endpoint == "join.sign_in_now":
        return "no_sign_in"
    if isinstance(error, BookClosed):
        return "only_read"
    return "not_sure" if isinstance(error, NotSure) else "cannot_write"
