"""Classes of tables, and the root of all models."""

from typing import ClassVar

import peewee as pw

TRUTH = "truth"
PRIVATE = "private"
LOCAL = "local"
POST = "post"


class Table(pw.Model):
    """Root of all models; says which class of data a table holds."""

    TABLE_CLASS: ClassVar[str]

    class Meta:
        legacy_table_names = False
