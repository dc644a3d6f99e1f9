"""Form tokens: a form that changes something counts only when a page of ours brought it to this browser.

Another site can make a browser send a form here, with its cookie, but cannot read our pages. So each
form carries a value that only they know: a keyed digest of the cookie's token (``HubSession.form_token``).
It is the same for as long as the cookie is, holds no time, and ends with the sign-in.
"""

import hmac
from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, current_app, request
from werkzeug.exceptions import BadRequest

from appliance.web.ground.session import this_session

FIELD: Final = "csrf_token"
"""The name of the hidden field."""

_CHANGE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

View = TypeVar("View", bound=Callable[..., Any])


class StaleForm(BadRequest):
    """The form has no token, or that of another visit."""


class FormTokens:
    """The guard before every view that changes something."""

    def __init__(self) -> None:
        self._exempt: set[Callable[..., Any]] = set()

    def init_app(self, app: Flask) -> None:
        """Guard ``app``, and let its templates say ``csrf_token()``."""
        app.jinja_env.globals[FIELD] = token
        app.before_request(self._guard)

    def exempt(self, view: View) -> View:
        """A view that looks after itself."""
        self._exempt.add(view)
        return view

    def _guard(self) -> None:
        # An address that is none has no view: it is answered with that, whatever was sent.
        method, endpoint = request.method, request.endpoint
        if method not in _CHANGE or not endpoint:
            return
        if current_app.view_functions.get(endpoint) not in self._exempt:
            self.protect()

    def protect(self) -> None:
        """Raise StaleForm unless the form that was sent carries this visit's token."""
        sent = request.form.get(FIELD, "")
        if not hmac.compare_digest(sent.encode("utf-8"), token().encode("ascii")):
            raise StaleForm


def token() -> str:
    """What the forms of this visit carry."""
    return this_session().form_token
