"""``hub match``: the matcher over files. The heavy imports are inside the commands."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:  # loading them takes a while on a small board
    from appliance.matching.listings_file import Listed
    from appliance.matching.loops import Found

WHOLE: Final = 2000
"""So many listings at most are asked about with all their matches; of more only the best of each want, as there would be millions."""

LISTINGS = click.argument("listings", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def match() -> None:
    """Who could trade with whom, from a file of listings.

    A line of the file is a JSON object: id, member, hub, kind (offer or want), title, and where
    they are known description, category and lang. No hub's data is read or changed.
    """


@match.command()
@LISTINGS
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="PREDICTIONS.jsonl",
    help="Where the matches go: offer_id, want_id and score (0 to 1), a line each.",
)
def evaluate(listings: Path, out: Path) -> None:
    """Say which offers serve which wants, by the portal's matcher and its threshold.

    Never two listings of one member. When a line cannot be read, nothing is written.
    """
    from appliance.matching.listings_file import read_listings, said_names, write_edges
    from appliance.matching.pool import Pool

    pool = Pool(read_listings(listings))
    count = write_edges(out, (found.edge for found in pool.matches()), said_names(pool.listings.values()))
    click.echo(f"{len(pool.listings)} listings, {count} matches: {out}")


@match.command()
@LISTINGS
@click.option(
    "--max-length",
    type=click.IntRange(2, 4),
    default=4,
    show_default=True,
    help="The most people in a loop; one who drops out breaks it.",
)
@click.option(
    "--edges",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="EDGES.jsonl",
    help="Which offers serve which wants (offer_id, want_id, score); by default the matcher says it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def loops(listings: Path, max_length: int, edges: Path | None, as_json: bool) -> None:
    """Find loops of people each of whom serves the next, so that most people are served.

    Nobody is in two loops. Of loops that serve as many, those with the best matches.
    """
    from appliance.matching.listings_file import read_edges, read_listings, said_names
    from appliance.matching.loops import find_loops
    from appliance.matching.pool import MOST_EACH, Pool

    listed = read_listings(listings)
    if edges is not None:
        known, whole = read_edges(edges, listed), True
    else:
        whole = len(listed) <= WHOLE
        known = tuple(found.edge for found in Pool(listed).matches(None if whole else MOST_EACH))
    found = find_loops(listed, known, max_length)
    if not whole:
        # Of a large market the ten best offers of each want were asked about: nobody knows what the others would give.
        found = replace(found, optimal=False, upper_bound=_who_could_be_served(listed))
    click.echo(
        json.dumps(to_json(found, said_names(listed)), ensure_ascii=False, indent=1)
        if as_json
        else to_text(found, listed)
    )


def _who_could_be_served(listings: "Iterable[Listed]") -> int:
    """How many people both offer and want something: nobody else can be in a loop."""
    from appliance.ledger.market.listings import OFFER

    sides: tuple[set[object], set[object]] = (set(), set())
    for listed in listings:
        sides[listed.kind == OFFER].add(listed.person)
    return len(sides[0] & sides[1])


def to_json(found: "Found", names: Mapping[str, str | int]) -> dict[str, Any]:
    """The loops as a JSON object; ``names``: the ids as the file has them."""
    from appliance.matching.listings_file import edge_said

    return {
        "loops": [
            {
                "people": [{"hub": hub, "member": member} for hub, member in loop.people],
                "trades": [edge_said(edge, names) for edge in loop.trades],
            }
            for loop in found.loops
        ],
        "people_served": found.people_served,
        "upper_bound": found.upper_bound,
        "optimal": found.optimal,
        "edges": found.edges,
        "loops_considered": found.considered,
        "solver": found.solver,
    }


def to_text(found: "Found", listings: "Iterable[Listed]") -> str:
    """The loops for people."""
    titles = {listed.id: listed.title for listed in listings}
    lines = []
    for loop in found.loops:
        for (_, giver), edge in zip(loop.people, loop.trades, strict=True):
            lines.append(f"{giver} gives “{titles[edge.offer_id]}”, wanted as “{titles[edge.want_id]}”, to")
        lines.append(f"{loop.people[0][1]}, and the loop is closed.")
        lines.append("")
    off = "nothing better exists" if found.optimal else f"no more than {found.upper_bound} can be served"
    loops_ = "1 loop" if len(found.loops) == 1 else f"{len(found.loops)} loops"
    lines.append(f"{found.people_served} people in {loops_}; {off}.")
    return "\n".join(lines)


COMMANDS = (match,)
