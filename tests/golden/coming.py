"""Kinds of entries that are new since the last golden book: each must be in the next one.

They are added to the stories of ``make.py`` (``helpers.py``, ``lives.py``, ``words.py``, ``doubts.py``, ``restored.py``) and go from here when that book is made.
"""

COMING: frozenset[tuple[str, int]] = frozenset(
    {
        ("close_year", 1),
        ("claim_care", 3),
        *(("ask_far", 1), ("sign_far", 1), ("decline_far", 1)),
        *(("arrive_care_ask", 1), ("arrive_care_key", 1), ("arrive_care_sign", 1)),
        *(("arrive_care_no", 1), ("arrive_care_told", 1)),
    }
)
