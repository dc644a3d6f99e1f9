"""The portal under measurement: the one that ``hub serve`` starts, with two pages more.

``/bench/hello`` says a few words and touches nothing. ``/bench/commit`` commits one row with
``synchronous=FULL`` in a SQLite file beside the book, so on the same disk: what a web page that
is kept at all costs at least on this box. Both go through the same server, worker and app as a
payment. Only the bench mounts them, in a process of its own.
"""

import sqlite3
import sys
import threading
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask

from appliance.ledger.lane import THE_LANE
from appliance.web import server
from appliance.web.ground.secure import csrf

HELLO: Final = "/bench/hello"
COMMIT: Final = "/bench/commit"


class _Rows:
    """A table that grows by a row a commit. As in the book, threads queue for it rather than poll:
    with SQLite's own waiting alone the endpoint would be slower, and the payment look better.
    """

    def __init__(self, path: Path) -> None:
        self._turn = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = wal")
        self._database.execute("PRAGMA synchronous = full")
        self._database.execute("CREATE TABLE IF NOT EXISTS line (number INTEGER PRIMARY KEY, said TEXT)")

    def add(self) -> int:
        """Commit one row; its number."""
        with THE_LANE.aside(), self._turn:  # as the book does: nobody waits for another's sync in the lane
            self._database.execute("BEGIN IMMEDIATE")
            number = self._database.execute("INSERT INTO line (said) VALUES (?)", ("hello",)).lastrowid
            self._database.execute("COMMIT")
        return number or 0


def mount(app: Flask, beside: Path) -> None:
    """Give ``app`` the two pages; the rows go to a file in ``beside``."""
    bp, rows = Blueprint("bench", __name__), _Rows(beside / "bare.db")

    @bp.get(HELLO)
    def hello() -> str:
        return "Hello"

    @bp.post(COMMIT)
    @csrf.exempt
    def commit() -> str:
        return str(rows.add())

    app.register_blueprint(bp)


def main(data: str, port: str, beside: str) -> None:
    """Serve the hub in ``data`` until the process is told to end."""
    server.serve(Path(data), "127.0.0.1", int(port), more=lambda app: mount(app, Path(beside)))


if __name__ == "__main__":
    main(*sys.argv[1:])
