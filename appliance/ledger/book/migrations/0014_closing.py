"""The yearly closings. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "closing" ("seq" INTEGER NOT NULL PRIMARY KEY, "upto" INTEGER NOT NULL, "hash" BLOB NOT
    NULL, "state" BLOB NOT NULL, "entries_size" INTEGER NOT NULL, "entries_digest" BLOB NOT NULL,
    "snapshot_size" INTEGER NOT NULL, "snapshot_digest" BLOB NOT NULL, "at_ms" INTEGER NOT NULL, "entry"
    INTEGER NOT NULL)
    """,
    'CREATE UNIQUE INDEX "closing_upto" ON "closing" ("upto")',
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
