"""Finding each other: search over listings, and suggestions between offers and wants.

Everything here is derived from the ledger and may be thrown away at any time: ``index.Index``
follows the book and the neighbours' feeds into ``cache.db``, ``search.find`` reads from it,
``matcher.suggestions`` says who could serve whom and why, here and in other villages. Nothing here changes the truth, and
the ledger does not know this package. No suggestion is better than a silly one.
"""

from appliance.matching.index import CACHE_FILE, OWN, FarId, Index, ListingId
from appliance.matching.matcher import Suggestion, known, suggestions, why
from appliance.matching.near import beside, near
from appliance.matching.people import Lister, who_lists
from appliance.matching.ranking import Known
from appliance.matching.scoring import Why
from appliance.matching.search import BEST, NEWEST, Found, Hit, Query, counts, find
from appliance.matching.usefulness import Useful, UsefulPage, useful

__all__ = [
    "BEST",
    "CACHE_FILE",
    "NEWEST",
    "OWN",
    "FarId",
    "Found",
    "Hit",
    "Index",
    "Known",
    "Lister",
    "ListingId",
    "Query",
    "Suggestion",
    "Useful",
    "UsefulPage",
    "Why",
    "beside",
    "counts",
    "find",
    "known",
    "near",
    "suggestions",
    "useful",
    "who_lists",
    "why",
]
