"""Erasure of personal text. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "erasure" ("id" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL, "entry" INTEGER NOT
    NULL, "state" TEXT NOT NULL, "keeper" INTEGER, "until_ms" INTEGER, "asked_entry" INTEGER, "begun_entry"
    INTEGER, "closed_entry" INTEGER)
    """,
    """CREATE INDEX "erasure_member" ON "erasure" ("member")""",
    """CREATE INDEX "erasure_state" ON "erasure" ("state")""",
    """CREATE TABLE "erased" ("entry" INTEGER NOT NULL PRIMARY KEY, "erasure" BLOB NOT NULL)""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
