"""Forks: found, told of by others. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "fork" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "number" INTEGER NOT
    NULL, "one" BLOB NOT NULL, "other" BLOB NOT NULL, "entry" INTEGER NOT NULL, "ruled_entry" INTEGER,
    PRIMARY KEY ("hub", "incarnation"))
    """,
    """
    CREATE TABLE "ruling" ("seq" INTEGER NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL, "incarnation"
    INTEGER NOT NULL, "certificate" BLOB NOT NULL, "hash" BLOB NOT NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "rival" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "signing_key" BLOB NOT
    NULL, "closed_number" INTEGER NOT NULL, "closed_head" BLOB NOT NULL, "certificate" BLOB NOT NULL,
    "entry" INTEGER NOT NULL, PRIMARY KEY ("hub", "incarnation"))
    """,
    """
    CREATE TABLE "suspect" ("hub" INTEGER NOT NULL PRIMARY KEY, "incarnation" INTEGER NOT NULL, "number"
    INTEGER NOT NULL, "said_by" INTEGER NOT NULL)
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
