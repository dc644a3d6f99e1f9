"""Kinds of entries that are new since the last golden book: each must be in the next one.

They are added to the stories of ``make.py`` (``helpers.py``, ``lives.py``) and go from here when that book is made.
"""

COMING: frozenset[tuple[str, int]] = frozenset(
    {
        ("ask_erase", 1),
        ("freeze", 2),
        ("set_limits", 3),
        ("unfreeze", 2),
        ("erase", 1),
        ("keep_texts", 1),
        ("erase_now", 1),
        ("find_fork", 1),
        ("rule_fork", 1),
        ("speak", 1),
        ("find_rival", 1),
        ("renew", 1),
        ("see_renewal", 1),
        ("name_risk", 1),
        ("open_sign_in", 1),
        ("arrive_seen", 1),
        ("recover_sent", 1),
        ("recover_received", 1),
        ("claim_unresolved", 1),
        ("set_time", 1),
        ("correct_time", 1),
        ("claim_care", 2),
        ("edit_claim", 1),
        ("withdraw_claim", 2),
        ("cosign", 2),
        ("settle", 2),
        ("expire_claim", 1),
        ("object_claim", 1),
        ("end_objection", 1),
        ("close_year", 1),
        ("make_sheet", 1),
        ("ask_reentry", 1),
        ("allow_reentry", 1),
        ("stop_reentry", 1),
        ("reenter", 1),
    }
)
