"""Sheets that members keep at home, and coming in again with one. Frozen once released."""

from typing import Any

STATEMENTS = (
    """CREATE TABLE "sheet" ("member" INTEGER NOT NULL PRIMARY KEY, "key" BLOB NOT NULL, "entry" INTEGER NOT NULL)""",
    """
    CREATE TABLE "reentry" ("id" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL, "state" TEXT NOT NULL,
    "until_ms" INTEGER NOT NULL, "asked_entry" INTEGER NOT NULL, "keeper" INTEGER, "closed_entry" INTEGER)
    """,
    """CREATE INDEX "reentry_member" ON "reentry" ("member")""",
    """CREATE INDEX "reentry_state" ON "reentry" ("state")""",
    """CREATE TABLE "sealed_sheet" ("member" INTEGER NOT NULL PRIMARY KEY, "public" BLOB NOT NULL, "box" BLOB NOT NULL)""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
