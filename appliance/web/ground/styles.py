"""Style sheets without what only their readers need: a fifth fewer bytes over a village's slow air.

The files in ``static/`` are written to be read, with comments and room between their words. Browsers get the
same rules without them.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from flask import Response, abort, current_app, request
from werkzeug.security import safe_join

ENDING: Final = ".css"

_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_ROOM: Final = re.compile(r"\s*([{};,>])\s*")


def lean(sheet: str) -> str:
    """The same rules in fewer letters. A space that is a descendant's (``.big .icon``) or an operator's stays.

    It knows the CSS that is written here: no string in it holds a comment, a brace, a semicolon or two spaces.
    """
    text = re.sub(r"\s+", " ", _COMMENT.sub("", sheet)).strip()
    # A colon with a space after it stands in a declaration or a media feature; that of a selector has none.
    return _ROOM.sub(r"\1", text).replace(": ", ":").replace(";}", "}")


@cache
def _read(path: Path) -> str:
    return lean(path.read_text("utf-8"))


def answer(folder: str, name: str) -> Response:
    """The sheet ``name`` of ``folder``, or *not modified*; 404 when there is none."""
    path = safe_join(folder, name)
    if path is None or not Path(path).is_file():
        abort(404)
    response = Response(_read(Path(path)), mimetype="text/css")
    response.cache_control.public = True
    response.cache_control.max_age = current_app.get_send_file_max_age(name)
    response.add_etag()
    response.make_conditional(request)
    return response
