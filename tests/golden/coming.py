"""Kinds of entries that are new since the last golden book: each must be in the next one.

They are added to the stories of ``make.py`` (``helpers.py``, ``lives.py``, ``words.py``, ``doubts.py``, ``restored.py``) and go from here when that book is made.
"""

COMING: frozenset[tuple[str, int]] = frozenset({("close_year", 1), ("claim_care", 3)})
