"""The hub's own time, and every time it was put right. Frozen: what a released migration says is never changed."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "clock" ("id" INTEGER NOT NULL PRIMARY KEY, "boot" TEXT NOT NULL, "zero_ms" INTEGER NOT
    NULL, "quality" INTEGER NOT NULL, "source" TEXT NOT NULL, "base_ms" INTEGER NOT NULL, "saved_ms"
    INTEGER NOT NULL, "rtc_wrong_ms" INTEGER)
    """,
    """
    CREATE TABLE "clock_change" ("entry" INTEGER NOT NULL PRIMARY KEY, "from_ms" INTEGER NOT NULL,
    "from_quality" INTEGER NOT NULL, "to_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL, "floor_ms"
    INTEGER NOT NULL)
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
