"""What follows a restore. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "restored" ("incarnation" INTEGER NOT NULL PRIMARY KEY, "old" INTEGER NOT NULL,
    "closed" INTEGER NOT NULL, "last_entry" INTEGER NOT NULL, "numbers_from" INTEGER NOT NULL, "entry"
    INTEGER NOT NULL, "sign_in_entry" INTEGER)
    """,
    """
    CREATE TABLE "awaited" ("incarnation" INTEGER NOT NULL, "hub" INTEGER NOT NULL, "gates" INTEGER NOT
    NULL, "entry" INTEGER NOT NULL, "heard_entry" INTEGER, "life" INTEGER, "number" INTEGER, "old"
    INTEGER, "read" INTEGER, "named_entry" INTEGER, PRIMARY KEY ("incarnation", "hub"))
    """,
    """
    CREATE TABLE "recovered" ("transfer" BLOB NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL, "life"
    INTEGER NOT NULL, "number" INTEGER NOT NULL, "near" INTEGER NOT NULL, "account" INTEGER NOT NULL,
    "entry" INTEGER NOT NULL, "claimed_by" BLOB)
    """,
    """
    CREATE INDEX "recovered_near" ON "recovered" ("near")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
