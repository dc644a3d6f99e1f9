"""``hub sim``: what a community of hubs would cost its channel, before anybody climbs on a roof."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from appliance.radio.airtime import PRESETS

if TYPE_CHECKING:
    from appliance.radio.simulation.scenario import Outage, Result, Scenario

_OUTAGE = re.compile(r"(\d{1,3}):(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")


def _outages(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple["Outage", ...]:
    from appliance.radio.simulation.scenario import Outage

    found = []
    for value in values:
        match = _OUTAGE.fullmatch(value)
        if match is None:
            raise click.BadParameter(f"{value!r} is not HUB:FROM:TO, such as 3:0.5:1.5 (hours)")
        found.append(Outage(int(match[1]), float(match[2]) * 3600, float(match[3]) * 3600))
    return tuple(found)


@click.command()
@click.option(
    "--hubs", type=click.IntRange(2, 100), default=8, show_default=True, help="How many hubs there are."
)
@click.option(
    "--rate",
    type=click.FloatRange(0.0001, 60),
    default=0.1,
    show_default=True,
    metavar="TX_PER_MIN",
    help="Payments a minute from each hub to others.",
)
@click.option(
    "--loss",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.3,
    show_default=True,
    help="The share of packets that each receiver loses, from 0 to 1.",
)
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS)),
    default="MEDIUM_FAST",
    show_default=True,
    help="Meshtastic's name of the modulation.",
)
@click.option(
    "--hours",
    type=click.FloatRange(0.01, 1000),
    default=2.0,
    show_default=True,
    help="How long they pay, in simulated hours.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="One seed, one course of events.")
@click.option(
    "--topology",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who hears whom, as TOML or JSON; by default all hear all.",
)
@click.option(
    "--shape",
    type=click.Choice(["line", "star", "clusters", "hidden"]),
    help="Who hears whom, in a usual shape, in place of a file.",
)
@click.option(
    "--hops",
    type=click.IntRange(0, 7),
    help="How often a packet is relayed, with --shape; 0 by default: hubs hand on what they hold.",
)
@click.option(
    "--outage",
    "outages",
    multiple=True,
    callback=_outages,
    metavar="HUB:FROM:TO",
    help="A hub (counted from 1) is off between two hours of the run. May be given again.",
)
@click.option(
    "--firmware",
    type=click.Choice(["2.7", "2.8"]),
    default="2.7",
    show_default=True,
    help="2.8 signs each packet that has room for it: 66 bytes more.",
)
@click.option(
    "--waiting",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="The share of payments for which somebody stands waiting.",
)
@click.option(
    "--answered", is_flag=True, help="The payee's hub answers each payment, as a hub's ledger does."
)
@click.option(
    "--listings",
    type=click.FloatRange(0, 1000),
    default=0.0,
    show_default=True,
    metavar="PER_DAY",
    help="New offers and wants of each hub in a day.",
)
@click.option(
    "--untold",
    type=click.IntRange(0, 10_000),
    default=0,
    show_default=True,
    help="Offers and wants of each hub that nobody has been told of when the run begins.",
)
@click.option(
    "--duty-cycle",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="The share of an hour that the law lets one radio send: 0.1 in much of Europe.",
)
@click.option("--whole-channel", is_flag=True, help="Nobody else is on the channel: none of it is kept free.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sim(
    hubs: int,
    rate: float,
    loss: float,
    preset: str,
    hours: float,
    seed: int,
    topology: Path | None,
    shape: str | None,
    hops: int | None,
    outages: tuple["Outage", ...],
    firmware: str,
    waiting: float,
    answered: bool,
    listings: float,
    untold: int,
    duty_cycle: float,
    whole_channel: bool,
    as_json: bool,
) -> None:
    """Simulate hubs that pay each other by radio: how full the channel gets, and how long it takes.

    The engine, the frames and their signatures are those of a hub; time, air and ledger are made up.
    No hub of yours is touched, and nothing is sent.
    """
    from appliance.radio.simulation.run import simulate
    from appliance.radio.simulation.scenario import Scenario

    scenario = Scenario(
        hubs=hubs,
        rate=rate,
        preset=preset,
        loss=loss,
        hours=hours,
        seed=seed,
        topology=_topology(topology, shape, hops, hubs, loss),
        outages=outages,
        firmware28=firmware == "2.8",
        waiting=waiting,
        answered=answered,
        listings=listings,
        untold=untold,
        duty_cycle=duty_cycle,
        whole_channel=whole_channel,
    )
    result = simulate(scenario)
    click.echo(json.dumps(_figures(scenario, result), indent=1) if as_json else _text(scenario, result))


def _topology(path: Path | None, shape: str | None, hops: int | None, hubs: int, loss: float) -> Any:
    from appliance.radio.simulation.shapes import shaped
    from appliance.radio.simulation.topology import read

    if path is not None and shape is not None:
        raise click.UsageError("either --topology or --shape")
    if hops is not None and shape is None:
        raise click.UsageError("--hops goes with --shape; a topology's file names its hop_limit")
    if path is not None:
        return read(path, hubs, loss)
    return None if shape is None else shaped(shape, hubs, loss, hops or 0)


def _figures(scenario: "Scenario", result: "Result") -> dict[str, Any]:
    asked = asdict(scenario)
    asked = {name: asked[name] for name in ("hubs", "rate", "preset", "loss", "hours", "seed")}
    return {"scenario": asked, **result.figures()}


def _text(scenario: "Scenario", result: "Result") -> str:
    took = result.latency_s
    asked = f"{scenario.hubs} hubs, {scenario.rate:g} payments a minute each, {scenario.preset}"
    over = f"airtime a record over the least possible: {result.airtime_over_bound:g}"
    held = f"held by all hubs: {result.delivered}; late (15 minutes): {result.late}"
    times = f"half in {took['p50']:g} s, 95 % in {took['p95']:g} s, 99 % in {took['p99']:g} s"
    told = f"; listings told: {result.listings}, held by all hubs: {result.listings_held}" * bool(
        result.listings
    )
    hour = f"busiest hour: {result.busiest_hour:.2%}, of one hub {result.own_hour:.2%}, of one radio {result.radio_hour:.2%}; most that waited: {result.queue}"
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(result.frames.items())) or "none"
    return "\n".join(
        (
            f"{asked}, loss {scenario.loss:.0%}, {scenario.hours:g} hours, seed {scenario.seed}",
            f"channel in use: {result.utilisation:.2%}; {over}",
            f"records: {result.records}; {held}{told}",
            hour,
            f"until all hold one: {times}",
            f"packets: {kinds}; spoiled by another: {result.collisions}",
        )
    )


COMMANDS: tuple[click.Command, ...] = (sim,)
"""What ``appliance.cli`` mounts."""
