"""``hub demo``: makes the villages when they are not there, starts all of it, says how to look."""

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from appliance.demo import hill, place, valley, village
from appliance.demo.people import KEEPER, PIN
from appliance.demo.processes import Household, Job, until_told_to_end
from appliance.ledger import settings
from appliance.ledger.cli_paper import papers_text, sheets
from appliance.ledger.clock import Clock, SystemClock
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost
from appliance.ledger.reads.people import person
from appliance.ledger.values import Account, AccountNumber

PAPERS: Final = "root-papers.txt"
LOGS: Final = "logs"

_OF_RIVER: Final = (
    (village.ALICE, "is asked to pay, and Dina's care needs her signature"),
    (village.BOB, "is asked for the week's bread, and waits for Alice"),
    (village.DINA, "gave care and waits for one more signature"),
)
_OF_HILL: Final = ((hill.CHANDRA, "sells honey, also to River"),)


def run(data: Path | None, host: str, ports: tuple[int, int], fresh: bool) -> None:
    """Start the sample villages and keep them running until it is interrupted.

    Raises:
        HubError: a port is taken, or the directory is somebody else's or cannot be used.
    """
    from appliance.web import server

    if ports[0] == ports[1]:
        raise DataDirectoryError("River and Hill need two ports")
    data = place.default_data(os.environ) if data is None else data
    for port in ports:
        server.check_port(host, port)  # before time is spent on making villages
    prepare(data, fresh)
    with place.in_use(data):
        shutil.rmtree(data / LOGS, ignore_errors=True)
        air, *nodes = _free_ports(3)
        started = jobs(data, host, ports, air, nodes)
        household = Household(started, data / LOGS, SystemClock(), lambda line: click.echo(line, err=True))
        waiting = [welcome(data, host, ports, air)]

        def look() -> None:
            household.look()
            if waiting and all(_answers(host, port) for port in ports):
                click.echo(waiting.pop())

        try:
            household.start()
            until_told_to_end(look)
        finally:
            household.stop()


def jobs(data: Path, host: str, ports: tuple[int, int], air: int, nodes: Sequence[int]) -> tuple[Job, ...]:
    """All processes of both villages, with the ports of portals, ether and nodes.

    Writes into each ``hub.toml`` where its radio is today.

    Raises:
        DataDirectoryError: that cannot be written.
    """
    villages = place.Marker.load(data).villages
    found = [Job("ether", ("radio", "ether", "--port", str(air)))]
    for one, node in zip(villages, nodes, strict=True):
        words = ["--ether", f"127.0.0.1:{air}", "--tcp", str(node), "--name", one.name]
        found.append(Job(f"{one.directory}-node", ("radio", "node", *words)))
        _choose_radio(data / one.directory, f"tcp://127.0.0.1:{node}")
    for one, port in zip(villages, ports, strict=True):
        here = ("--data", str(data / one.directory))
        found.append(Job(f"{one.directory}-radio", ("radio", "run", *here)))
        found.append(Job(f"{one.directory}-portal", ("serve", *here, "--host", host, "--port", str(port))))
    return tuple(found)


def _choose_radio(data: Path, radio: str) -> None:
    path = data / settings.FILE
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DataDirectoryError(f"{path}: {error.strerror}") from error
    written = "# Written by `hub demo` at each start: the emulated node of today, and this computer's clock."
    settings.write(data, f'{written}\nradio = "{radio}"\nclock = "{settings.MACHINE_CLOCK}"\n')


def _free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _answers(host: str, port: int) -> bool:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared only
    try:
        socket.create_connection((shown, port), timeout=0.2).close()
    except OSError:
        return False
    return True


def prepare(data: Path, fresh: bool = False, clock: Clock | None = None, cost: KdfCost | None = None) -> None:
    """See that whole sample villages are at ``data``; with ``fresh`` new ones.

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
    made = valley.make(data, now_ms, cost, lambda line: click.echo(line, err=True))
    try:
        for one, directory in ((made.river, valley.RIVER_DIRECTORY), (made.hill, valley.HILL_DIRECTORY)):
            path = data / directory / PAPERS
            path.touch(mode=0o600)
            text = papers_text(sheets(one.hub, one.papers))
            path.write_text(f"SAMPLE VILLAGE. A real hub prints this and forgets it.\n{text}", "utf-8")
        river, far = made.river.hub, made.hill.hub
        villages = (
            place.Village(
                village.RIVER.community.hub_name,
                valley.RIVER_DIRECTORY,
                tuple(_sign_in(river, number, why) for number, why in _OF_RIVER),
                _sign_in(river, village.KIRA, "a newcomer waits for her yes"),
            ),
            place.Village(
                hill.NAME,
                valley.HILL_DIRECTORY,
                tuple(_sign_in(far, number, why) for number, why in _OF_HILL),
                _sign_in(far, KEEPER, "sees at the desk how River is"),
            ),
        )
        paid = _sign_in(far, hill.CHANDRA, "")
        pay = place.SignIn(paid.name, Account(hill.NUMBER, hill.CHANDRA).full, "")
        place.Marker(PIN, now_ms, villages, pay).save(data)
    finally:
        made.close()


def _sign_in(hub: Hub, number: AccountNumber, why: str) -> place.SignIn:
    with hub.reading() as tx:
        who = person(tx, number)
    return place.SignIn(who.name if who else "", Account(hub.number, number).short, why)


def welcome(data: Path, host: str, ports: tuple[int, int], air: int) -> str:
    """What somebody reads who has started the villages: where to look, and as whom."""
    marker = place.Marker.load(data)
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104 - compared only
    parts = [
        _of_village(one, f"http://{shown}:{port}/") for one, port in zip(marker.villages, ports, strict=True)
    ]
    first, last = marker.villages[0], marker.villages[-1]
    alice = first.people[0]
    return f"""
{"".join(parts)}
Everybody's PIN is {marker.pin} (as long as nobody changed it).

Pay across the radio: sign in as {alice.name} ({alice.number}) at {first.name} and pay {marker.pay.name} of {last.name},
number {marker.pay.number}. It reads "on its way", and within a minute "arrived". Sign in at {last.name} in another
window to see it there. Watch the frames: {_hub()} radio trace --data {data / first.directory}
How the radio is: {_hub()} radio status --data {data / first.directory}
Spoil the air: {_hub()} radio air --ether 127.0.0.1:{air} --loss 0.3, or --cut {last.name}, and --heal {last.name}.

The data, kept for the next start: {data}, with what each process says in {LOGS}/.
The root papers are in {PAPERS} of each village there; a real hub prints them once and forgets them.
Check a book at any time: {_hub()} verify --data {data / first.directory}
Stop with Ctrl-C. New villages: {_hub()} demo --fresh. Other ports: --port 8090 --hill-port 8091.
Phones in your network: --host 0.0.0.0, then http://(this machine's address):{ports[0]}/ on the phone; QR codes
lead to the address in the browser's line, so open the page by that address on the screen that shows them, too.
"""


def _of_village(one: place.Village, address: str) -> str:
    everybody = (*one.people, one.keeper)
    width = max(len(who.name) for who in everybody)
    people = "\n".join(f"  {who.name:<{width}}  number {who.number:<5} {who.why}" for who in one.people)
    return f"""The sample village of {one.name} is open: {address}
{people}
  {one.keeper.name:<{width}}  number {one.keeper.number:<5} {one.keeper.why} (keeper; at {address}desk)

"""


def _hub() -> str:
    """What to type for this command here: it may not be on the path, as after ``make run``."""
    used = Path(sys.argv[0])
    return str(used) if used.name == "hub" and shutil.which("hub") != str(used) else "hub"
