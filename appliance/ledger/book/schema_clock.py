"""What the hub knows of the time: this box's clock in this boot, and every time it was put right."""

import peewee as pw

from appliance.ledger.book.schema_base import LOCAL, TRUTH, Table


class ClockRow(Table):
    """The hub's own time, one row (``id`` 1), shared by all processes of the box.

    In boot ``boot`` the hub's time is ``zero_ms`` plus the time since boot; ``quality`` says how far it
    is trusted and ``source`` where it came from. ``base_ms`` is the zero of what was trusted last
    without asking (where the boot began, the RTC, the internet, two keepers): no weaker source
    leads further away from it than a day. ``saved_ms`` is a moment that has certainly passed.
    ``rtc_wrong_ms``: what an RTC said when a better source contradicted it: it is not believed from
    there on. When it was behind, minus the time that it was then: it is not believed before.
    """

    TABLE_CLASS = LOCAL

    id = pw.IntegerField(primary_key=True)
    boot = pw.TextField()
    zero_ms = pw.IntegerField()
    quality = pw.IntegerField()
    source = pw.TextField()
    base_ms = pw.IntegerField()
    saved_ms = pw.IntegerField()
    rtc_wrong_ms = pw.IntegerField(null=True)

    class Meta:
        table_name = "clock"


class ClockChange(Table):
    """An entry by which the hub's time was set, or put right: from when to when, and who said so.

    ``quality`` is that of the source. ``floor_ms`` is what the hub's time cannot be before, from
    this entry on, until an entry of RTC quality or better says more.
    """

    TABLE_CLASS = TRUTH

    entry = pw.IntegerField(primary_key=True)
    from_ms = pw.IntegerField()
    from_quality = pw.IntegerField()
    to_ms = pw.IntegerField()
    quality = pw.IntegerField()
    floor_ms = pw.IntegerField()

    class Meta:
        table_name = "clock_change"


CLOCK_TABLES: tuple[type[Table], ...] = (ClockChange,)
