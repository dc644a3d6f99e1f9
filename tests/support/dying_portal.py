"""The portal, with a power cut between commit and answer: ``python -m tests.support.dying_portal``.

Arguments: data directory, port, flag file. While the flag file exists, the next POST is carried
out as ever; before the first byte of the answer leaves, the whole process group is killed.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

from flask import Flask

from appliance.web import server
from appliance.web.app import create_app


class PowerCut:
    """WSGI around the portal: does the work, then may die instead of answering."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], flag: Path) -> None:
        self._inner = inner
        self._flag = flag

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = list(self._inner(environ, start_response))
        if environ["REQUEST_METHOD"] == "POST" and self._flag.exists():
            self._flag.unlink()
            os.killpg(os.getpgrp(), signal.SIGKILL)
        return answer


def main(data: str, port: str, flag: str) -> None:
    """Serve until the cut."""

    def make(where: Path) -> Flask:
        app = create_app(where)
        app.wsgi_app = PowerCut(app.wsgi_app, Path(flag))  # type: ignore[method-assign]
        return app

    with mock.patch.object(server, "create_app", make):
        server.serve(Path(data), "127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
