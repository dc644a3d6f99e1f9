"""When two people could meet, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Final

from babel.dates import get_day_names
from babel.lists import format_list
from flask.sansio.app import App
from flask_babel import gettext as _

from appliance.matching import times
from appliance.matching.times import Hours
from appliance.web.wording.amounts import date_locale

_PARTS: Final[Mapping[str, Callable[[], str]]] = {
    times.MORNING: lambda: _("in the morning"),
    times.AFTERNOON: lambda: _("in the afternoon"),
    times.EVENING: lambda: _("in the evening"),
    times.NIGHT: lambda: _("at night"),
}


def meeting_words(hours: Hours | None) -> str:
    """Whether two have time together and when; empty where one of them has said nothing that is understood."""
    if hours is None:
        return ""
    if not hours:
        return _("Your times do not meet. Agree on another one.")
    locale, days, parts = date_locale(), times.days_of(hours), times.parts_of(hours)
    names = get_day_names("wide", "stand-alone", locale)
    when = [format_list([names[day] for day in days], locale=locale)] if len(days) < times.DAYS else []
    when += [format_list([_PARTS[part]() for part in parts], locale=locale)] if parts else []
    return _("Your times meet: %(when)s.", when=", ".join(when)) if when else _("Your times meet.")


def init_app(app: App) -> None:
    """Give the templates these words."""
    app.jinja_env.globals.update(meeting_words=meeting_words)
