"""Kinds of entries that are new since the last golden book: each must be in the next one.

They are added to the stories of ``make.py`` (``helpers.py``, ``lives.py``, ``words.py``, ``doubts.py``, ``restored.py``) and go from here when that book is made.
"""

COMING: frozenset[tuple[str, int]] = frozenset(
    {
        ("close_year", 1),
        ("answer_complaint", 1),
        ("claim_care", 3),
        *(("ask_far", 1), ("sign_far", 1), ("decline_far", 1)),
        *(("arrive_care_ask", 1), ("arrive_care_key", 1), ("arrive_care_sign", 1)),
        *(("arrive_care_no", 1), ("arrive_care_told", 1)),
        *(("forget_ask", 1), ("unask_far", 1)),
        *(("open_listing", 2), ("edit_listing", 1), ("renew_listing", 1), ("expire_listing", 1)),
        *(("date_listing", 1), ("hide_listing", 1), ("show_listing", 1), ("move_listing", 1)),
        *(("merge_listing", 1), ("set_category", 1), ("merge_category", 1)),
        *(("set_photo", 1), ("drop_photo", 1)),
        *(("answer_match", 1), ("allow_match", 1), ("propose_loop", 1), ("answer_loop", 1), ("pay_leg", 1)),
        *(("lapse_loop", 1), ("arrive_loop", 1), ("arrive_loop_answer", 1), ("arrive_loop_end", 1)),
        *(("carry_message", 1), ("carry_message", 2), ("unsay_message", 1)),
        ("import_listing", 2),
        *(("tell_match", 1), ("arrive_match", 1)),
        ("set_distance", 1),
    }
)
