"""Portal and radio start together on a book in doubt: one of them makes it sure, and neither waits for the other's end."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from appliance.ledger.book import presence
from appliance.ledger.book.local import Note
from appliance.ledger.book.presence import Presence
from appliance.ledger.book.store import Store


def in_doubt(path: Path) -> Path:
    """A database in doubt, whose log has what its file has not."""
    store = Store.create(path)
    with store.write() as tx:
        tx.put(Note, name="before", value="the doubt")
    presence.put_in_doubt(path)
    store.close()
    assert presence.in_doubt(path)
    return path


def test_who_comes_second_does_not_wait_until_the_first_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "WAIT_SECONDS", 3_600.0)
    database = in_doubt(tmp_path / "ledger.db")
    first = os.open(tmp_path / "ledger.db-open", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    fcntl.flock(first, fcntl.LOCK_EX)
    here = Presence(database)
    second = threading.Thread(target=here.enter, daemon=True)
    second.start()
    second.join(0.5)
    assert second.is_alive(), "the first one makes it sure"
    (tmp_path / "ledger.db-doubt").unlink()
    fcntl.flock(first, fcntl.LOCK_SH)
    second.join(30)
    assert not second.is_alive()
    here.leave()
    os.close(first)


STARTS = """
import sys
from pathlib import Path
from appliance.ledger.book.local import Note
from appliance.ledger.book.store import Store
store = Store.open(Path(sys.argv[1]))
with store.write() as tx:
    tx.put(Note, name="by" + sys.argv[2], value="")
with store.read() as tx:
    assert tx.get(Note, name="before").value == "the doubt"
print("open", flush=True)
sys.stdin.read()
store.close()
"""


@pytest.mark.slow
def test_several_that_start_at_once_lose_nothing(tmp_path: Path) -> None:
    database = in_doubt(tmp_path / "ledger.db")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", STARTS, str(database), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    try:
        for one in started:  # all are open at the same time: nobody waited for another's end
            assert one.stdout is not None
            assert one.stdout.readline() == "open\n"
        assert not presence.in_doubt(database)
    finally:
        for one in started:
            one.communicate()
    assert [one.returncode for one in started] == [0] * 4
    store = Store.open(database)
    with store.read() as tx:
        assert tx.first("SELECT count(*) FROM note WHERE name LIKE 'by%'") == (4,)
    store.close()
