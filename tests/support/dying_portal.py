"""The portal, with a power cut while it carries out a form: ``python -m tests.support.dying_portal``.

Arguments: data directory, port, flag file. Once the flag file exists, the next POST is the last:

* an empty flag: it is carried out as ever; before the first byte of the answer leaves, the whole
  process group is killed;
* ``before_send``, ``after_send``: a payment to another hub, killed when it is written and COMMIT
  comes next, or when COMMIT has returned.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

from flask import Flask

from appliance.ledger.money.crossings import Send
from appliance.web import server
from appliance.web.app import create_app
from tests.support.power_cut import PowerCut, around_commits


class BeforeAnswering:
    """WSGI around the portal: does the work, then may die instead of answering."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], cut: PowerCut) -> None:
        self._inner = inner
        self._cut = cut

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = list(self._inner(environ, start_response))
        if environ["REQUEST_METHOD"] == "POST":
            self._cut.at("")
        return answer


def main(data: str, port: str, flag: str) -> None:
    """Serve until the cut."""
    cut = PowerCut(Path(flag))

    def make(where: Path) -> Flask:
        app = create_app(where)
        app.wsgi_app = BeforeAnswering(app.wsgi_app, cut)  # type: ignore[method-assign]
        return app

    with mock.patch.object(server, "create_app", make), around_commits(cut, {Send.KIND: "send"}):
        server.serve(Path(data), "127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
