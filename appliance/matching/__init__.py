"""Finding each other: search over listings, and suggestions between offers and wants.

Everything here is derived from the ledger and may be thrown away at any time: ``index.Index``
follows the book and the neighbours' feeds into ``cache.db``, ``search.find`` reads from it,
``matcher.suggestions`` says who could serve whom and why, here and in other villages. Nothing here changes the truth, and
the ledger does not know this package. No suggestion is better than a silly one.
"""

from appliance.matching.index import CACHE_FILE, FarId, Index, ListingId
from appliance.matching.matcher import Suggestion, suggestions
from appliance.matching.scoring import Why
from appliance.matching.search import BEST, NEWEST, Found, Hit, Query, find

__all__ = [
    "BEST",
    "CACHE_FILE",
    "NEWEST",
    "FarId",
    "Found",
    "Hit",
    "Index",
    "ListingId",
    "Query",
    "Suggestion",
    "Why",
    "find",
    "suggestions",
]
