"""``hub bench matching``: reading, matching and loops over listings that are made for it, at two sizes; and what one more costs the portal.

The listings are made of the lexicon's own words, in all its languages, with small words around them, as people write them.
Seconds are of the processor: another program beside this one takes none of them.
"""

import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from appliance.bench import machine
from appliance.ledger.market.listings import OFFER, WANT
from appliance.matching.lexicon import CONTEXT, LANGUAGES, MODE, lexicon
from appliance.matching.listings_file import Listed
from appliance.matching.loops import find_loops
from appliance.matching.pool import MOST_EACH, Pool

FIRST: Final = 1_000
"""The smaller size; what the larger one costs is told beside it."""
PORTAL_FIRST: Final = 1_500
"""The smaller size of a market in a real book."""
_A_MEMBER: Final = 5
"""Listings of each, as in the largest village a hub is made for."""
_INCREMENTS: Final = 60
_SEED: Final = 7

_AROUND: Final = {
    "en": (
        "{}",
        "Fresh {}",
        "{} every Friday",
        "Somebody for {}",
        "{} from the village",
        "some {}",
        "{} lessons",
    ),
    "es": ("{}", "{} fresco", "Busco {}", "Ofrezco {}", "{} los sábados", "Clases de {}"),
    "fr": ("{}", "{} du village", "Cherche {}", "Je propose {}", "Cours de {}"),
    "pt": ("{}", "{} fresco", "Procuro {}", "Ofereço {}", "Aulas de {}"),
    "sw": ("{}", "Natafuta {}", "{} nzuri", "Natoa {}"),
    "hi": ("{}", "ताज़ा {}", "{} चाहिए"),
    "ar": ("{}", "{} طازج", "أبحث عن {}"),
}
_ALSO: Final = ("", "", "", "on Saturdays", "also {}", "as discussed, near the river")


def run(size: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure at ``FIRST`` and at ``size`` listings; the figures by name."""
    found: dict[str, Any] = {"machine": machine.describe()}
    begun = time.process_time()
    Pool([Listed("0", "0", "0", OFFER, "warm")])
    found["lexicon_seconds"] = round(time.process_time() - begun, 2)
    curve = []
    for listings in sorted({min(FIRST, size), size}):
        tell(f"matching {listings} listings")
        curve.append(_measured(made(listings), tell))
    first, last = curve[0], curve[-1]
    most = _n_log_n(last["listings"]) / _n_log_n(first["listings"])
    growth = {
        f"{name}_over_n_log_n": round(last[name] / max(first[name], 1e-3) / most, 2)
        for name in ("read_seconds", "match_seconds", "run_seconds")
    }
    # With it comes the portal, which is not to count in the memory of the matcher.
    from appliance.bench import market

    portal = [
        market.measured(made(listings + market.COMING), tell)
        for listings in sorted({min(PORTAL_FIRST, size), size})
    ]
    return found | growth | {"curve": curve, "portal": portal}


def _n_log_n(size: int) -> float:
    return size * math.log(size)


def made(size: int) -> list[Listed]:
    """So many listings; the same ones each time."""
    lot = random.Random(_SEED)
    concepts = [
        concept
        for concept in lexicon().concepts.values()
        if not concept.sorts & {MODE, CONTEXT} and not concept.id.startswith("@")
    ]
    found = []
    for number in range(size):
        member = lot.randrange(max(2, size // _A_MEMBER))
        language = lot.choice(LANGUAGES)
        words = lot.choice(lot.choice(concepts).words[language])
        more = lot.choice(lot.choice(concepts).words[language])
        found.append(
            Listed(
                f"l{number}",
                f"m{member}",
                f"h{member % 4}",
                lot.choice((OFFER, WANT)),
                lot.choice(_AROUND[language]).format(words),
                lot.choice(_ALSO).format(more),
                None,
                language if lot.random() < 0.5 else None,
            )
        )
    return found


def _measured(listings: list[Listed], tell: Callable[[str], None]) -> dict[str, Any]:
    begun = time.process_time()
    pool = Pool(listings)
    read = time.process_time()
    edges = [match.edge for match in pool.matches(MOST_EACH)]
    matched = time.process_time()
    took = sorted(_increment(pool, number) for number in range(_INCREMENTS))
    tell(f"loops among {len(listings)} listings")
    looped, clock = time.process_time(), time.perf_counter()
    loops = find_loops(listings, edges)
    return {
        "listings": len(listings),
        "people": len({listed.person for listed in listings}),
        "read_seconds": round(read - begun, 3),
        "match_seconds": round(matched - read, 3),
        "run_seconds": round(matched - begun, 3),
        "matches": len(edges),
        "increment_p50_ms": round(took[len(took) // 2], 2),
        "increment_p95_ms": round(took[len(took) * 95 // 100], 2),
        "loops_seconds": round(time.process_time() - looped, 2),
        "loops_wall_seconds": round(time.perf_counter() - clock, 2),
        "loops": len(loops.loops),
        "loops_considered": loops.considered,
        "people_served": loops.people_served,
        "upper_bound": loops.upper_bound,
        "optimal": loops.optimal,
        "solver": loops.solver,
        "peak_mb": round(_peak_mb(), 1),
    }


def _increment(pool: Pool, number: int) -> float:
    """One listing more, whom it meets, and away again: milliseconds."""
    model = list(pool.listings.values())[number * len(pool.listings) // _INCREMENTS]
    fresh = Listed(f"new{number}", "nobody", "h0", model.kind, f"{model.title} {number}", model.description)
    begun = time.process_time()
    pool.add(fresh)
    pool.matches_of(fresh.id)
    took = (time.process_time() - begun) * 1000
    pool.remove(fresh.id)
    return took


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.rpartition("VmHWM:")[2].split()[0]) / 1024


def text(found: dict[str, Any]) -> str:
    """The figures as a page of plain text."""
    box = found["machine"]
    head = (
        f"{box['model']}, {box['cores']} cores, {box['memory_mb']} MB, Python {box['python']}\n"
        f"the lexicon is ready after {found['lexicon_seconds']} s\n\n"
        "listings   read s   match s   matches   one more ms (p95)   loops s   served   at most   peak MB\n"
    )
    lines = [
        f"{p['listings']:>8}   {p['read_seconds']:>6}   {p['match_seconds']:>7}   {p['matches']:>7}   "
        f"{p['increment_p50_ms']:>8} ({p['increment_p95_ms']})   {p['loops_seconds']:>7}   {p['people_served']:>6}   "
        f"{p['upper_bound']:>7}   {p['peak_mb']:>7}"
        for p in found["curve"]
    ]
    in_book = [
        f"\none more in the book of {p['listings']} listings and {p['members']} members: {p['more_p50_ms']} ms"
        f" ({p['more_p95_ms']}), changed: {p['changed_p50_ms']} ({p['changed_p95_ms']})"
        for p in found["portal"]
    ]
    tail = (
        f"\nreading grows by {found['read_seconds_over_n_log_n']} of n log n, matching by {found['match_seconds_over_n_log_n']},"
        f" both together by {found['run_seconds_over_n_log_n']};"
        f" loops by {found['curve'][-1]['solver']}"
    )
    return head + "\n".join(lines) + tail + "".join(in_book)
