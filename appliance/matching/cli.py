"""``hub match``: the matcher over files. The heavy imports are inside the commands."""

from pathlib import Path

import click

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
    from appliance.matching.listings_file import read_listings, write_edges
    from appliance.matching.pool import Pool

    pool = Pool(read_listings(listings))
    count = write_edges(out, (found.edge for found in pool.matches()))
    click.echo(f"{len(pool.listings)} listings, {count} matches: {out}")


COMMANDS = (match,)
