"""The portal, with a power cut while it carries out a form: ``python -m tests.support.dying_portal``.

Arguments: data directory, port, flag file. Once the flag file exists, the next POST is the last:

* an empty flag: it is carried out as ever; before the first byte of the answer leaves, the whole
  process group is killed;
* ``before_send``, ``after_send``: a payment to another hub, killed when it is written and COMMIT
  comes next, or when COMMIT has returned; ``before_slip``, ``after_slip``: as these, a pile of paper slips;
* ``row N``: a pile of paper slips, killed when its slip on line N is chained and the next one comes.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from flask import Flask

from appliance.ledger.book import chain
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.store import Tx
from appliance.ledger.money.crossings import Send
from appliance.ledger.money.slips import EnterSlip
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


@contextmanager
def between_rows(cut: PowerCut) -> Iterator[None]:
    """Makes a moment of each slip of a pile, inside the one transaction of all of them."""
    append = chain.append

    def watched(tx: Tx, entry: Entry) -> bytes:
        link = append(tx, entry)
        if entry.act.kind == EnterSlip.KIND and cut.asked("row") == entry.act.payload["line"]:
            cut.at("row")
        return link

    with mock.patch.object(chain, "append", watched):
        yield


def main(data: str, port: str, flag: str) -> None:
    """Serve until the cut."""
    cut = PowerCut(Path(flag))

    def make(where: Path, **config: Any) -> Flask:
        app = create_app(where, **config)
        app.wsgi_app = BeforeAnswering(app.wsgi_app, cut)  # type: ignore[method-assign]
        return app

    kinds = {Send.KIND: "send", EnterSlip.KIND: "slip"}
    with mock.patch.object(server, "create_app", make), around_commits(cut, kinds), between_rows(cut):
        server.serve(Path(data), "127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
