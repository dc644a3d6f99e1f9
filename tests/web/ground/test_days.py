"""What people type as a date, what is meant, what is refused and why."""

from datetime import date

import pytest

from appliance.web.ground.days import BadDay, WhyNot, read_day

TODAY = date(2026, 6, 1)

MEANT = [
    ("1.6.", date(2026, 6, 1)),
    ("1.6", date(2026, 6, 1)),
    ("31/5", date(2026, 5, 31)),
    ("31-5-26", date(2026, 5, 31)),
    ("31.05.2026", date(2026, 5, 31)),
    (" 31 . 5 . 2026 ", date(2026, 5, 31)),
    ("31 5", date(2026, 5, 31)),
    ("31 5 2026", date(2026, 5, 31)),
    ("2026-05-31", date(2026, 5, 31)),
    ("2026/5/31", date(2026, 5, 31)),
    ("٣١/٥", date(2026, 5, 31)),
    ("३१/५/२०२६", date(2026, 5, 31)),
    ("\u200f31/5\u200e", date(2026, 5, 31)),
    # without a year: the last one that has been, or is tomorrow
    ("2/6", date(2026, 6, 2)),
    ("3/6", date(2025, 6, 3)),
    ("24.12.", date(2025, 12, 24)),
    ("11/3", date(2026, 3, 11)),
    # a year that was written down is believed, whatever it is
    ("24.12.2027", date(2027, 12, 24)),
]

REFUSED = [
    ("", WhyNot.NO_DATE),
    ("yesterday", WhyNot.NO_DATE),
    ("3", WhyNot.NO_DATE),
    ("3 Nov", WhyNot.NO_DATE),
    ("3/11/1", WhyNot.NO_DATE),
    ("1.2.3.4", WhyNot.NO_DATE),
    ("-3/11", WhyNot.NO_DATE),
    ("3//11", WhyNot.NO_DATE),
    ("9" * 4000, WhyNot.NO_DATE),
    ("3/25", WhyNot.MONTH_FIRST),
    ("3/25/26", WhyNot.MONTH_FIRST),
    ("31/2", WhyNot.NO_SUCH_DAY),
    ("0/5", WhyNot.NO_SUCH_DAY),
    ("32/13", WhyNot.NO_SUCH_DAY),
    ("2026-13-01", WhyNot.NO_SUCH_DAY),
    ("0000-01-01", WhyNot.NO_SUCH_DAY),
    ("29/2/2026", WhyNot.NO_SUCH_DAY),
]


@pytest.mark.parametrize(("typed", "meant"), MEANT)
def test_what_is_meant(typed: str, meant: date) -> None:
    assert read_day(typed, TODAY) == meant


@pytest.mark.parametrize(("typed", "why"), REFUSED)
def test_what_is_refused(typed: str, why: WhyNot) -> None:
    with pytest.raises(BadDay) as caught:
        read_day(typed, TODAY)
    assert caught.value.why is why
