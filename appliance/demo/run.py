"""``hub demo``: makes the village when it is not there, says how to sign in, starts the portal."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import click

from appliance.demo import place, village
from appliance.ledger.cli import papers_text
from appliance.ledger.clock import Clock, SystemClock
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost
from appliance.ledger.reads.people import person
from appliance.ledger.values import Account, AccountNumber

PAPERS: Final = "root-papers.txt"

_SHOWN: Final = (
    (village.ALICE, "is asked to pay, and Dina's care needs her signature"),
    (village.BOB, "is asked for the week's bread, and waits for Alice"),
    (village.DINA, "gave care and waits for one more signature"),
)


def run(data: Path | None, host: str, port: int, fresh: bool) -> None:
    """Start the sample village and keep it running until it is interrupted.

    Raises:
        HubError: the port is taken, or the directory is somebody else's or cannot be used.
    """
    from appliance.web import server

    data = place.default_data(os.environ) if data is None else data
    server.check_port(host, port)  # before time is spent on making a village
    prepare(data, fresh)
    with place.in_use(data):
        click.echo(welcome(data, host, port))
        server.serve(data, host, port)


def prepare(data: Path, fresh: bool = False, clock: Clock | None = None, cost: KdfCost | None = None) -> None:
    """See that a whole sample village is at ``data``; with ``fresh`` a new one.

    Raises:
        DataDirectoryError: what is there is no sample village, or is in use.
    """
    if not place.is_empty(data):
        with place.in_use(data):  # also when it is to be replaced: not under a running portal
            if not fresh:
                return
    now = (clock or SystemClock()).now().ms
    place.put(data, lambda cradle: _make(cradle, now, cost))


def _make(data: Path, now_ms: int, cost: KdfCost | None) -> None:
    made = village.make(data, now_ms, cost, lambda line: click.echo(line, err=True))
    try:
        path = data / PAPERS
        path.touch(mode=0o600)
        text = papers_text(made.hub, made.papers)
        path.write_text(f"SAMPLE VILLAGE. A real hub prints this and forgets it.\n{text}", "utf-8")
        people = tuple(_sign_in(made.hub, number, why) for number, why in _SHOWN)
        keeper = _sign_in(made.hub, village.KIRA, "a newcomer waits for her yes")
        place.Marker(village.RIVER.community.hub_name, village.PIN, now_ms, people, keeper).save(data)
    finally:
        made.hub.close()


def _sign_in(hub: Hub, number: AccountNumber, why: str) -> place.SignIn:
    with hub.reading() as tx:
        who = person(tx, number)
    return place.SignIn(who.name if who else "", Account(hub.number, number).short, why)


def welcome(data: Path, host: str, port: int) -> str:
    """What somebody reads who has started the village: where to look, and as whom."""
    marker = place.Marker.load(data)
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104 - compared only
    address = f"http://{shown}:{port}/"
    width = max(len(one.name) for one in (*marker.people, marker.keeper))
    people = "\n".join(f"  {one.name:<{width}}  number {one.number:<5} {one.why}" for one in marker.people)
    keeper = marker.keeper
    return f"""
The sample village of {marker.village} is open: {address}

Everybody's PIN is {marker.pin} (as long as nobody changed it). Sign in as
{people}
and as the keeper at {address}desk
  {keeper.name:<{width}}  number {keeper.number:<5} {keeper.why}

Its data, kept for the next start: {data}
Its root papers are beside it in {PAPERS}; a real hub prints them once and forgets them.
Check it at any time: {_hub()} verify --data {data}
Stop with Ctrl-C. A new village: {_hub()} demo --fresh. Another port: --port 8090.
Phones in your network: --host 0.0.0.0, then http://(this machine's address):{port}/ on the phone; QR codes
lead to the address in the browser's line, so open the page by that address on the screen that shows them, too.
"""


def _hub() -> str:
    """What to type for this command here: it may not be on the path, as after ``make run``."""
    used = Path(sys.argv[0])
    return str(used) if used.name == "hub" and shutil.which("hub") != str(used) else "hub"
