"""Proof of Care: terms of claims, rings, what cools down, objections. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "care_terms" ("claim" BLOB NOT NULL PRIMARY KEY, "recipient" INTEGER, "writer" INTEGER NOT
    NULL, "start" INTEGER, "need_recipient" INTEGER NOT NULL, "need_keeper" INTEGER NOT NULL, "until_ms"
    INTEGER, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "care_terms_until_ms" ON "care_terms" ("until_ms")
    """,
    """
    CREATE TABLE "care_ring" ("claim" BLOB NOT NULL, "hub" INTEGER NOT NULL, "member" INTEGER NOT NULL,
    "entry" INTEGER NOT NULL, PRIMARY KEY ("claim", "hub", "member"))
    """,
    """
    CREATE TABLE "care_cooling" ("claim" BLOB NOT NULL PRIMARY KEY, "until_ms" INTEGER NOT NULL, "entry"
    INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "care_cooling_until_ms" ON "care_cooling" ("until_ms")
    """,
    """
    CREATE TABLE "care_objection" ("id" BLOB NOT NULL PRIMARY KEY, "claim" BLOB NOT NULL, "member" INTEGER
    NOT NULL, "state" TEXT NOT NULL, "entry" INTEGER NOT NULL, "keeper" INTEGER, "closed_entry" INTEGER)
    """,
    """
    CREATE INDEX "care_objection_claim" ON "care_objection" ("claim")
    """,
    """
    CREATE INDEX "care_objection_state" ON "care_objection" ("state")
    """,
    """
    CREATE INDEX "transfer_closed_ms" ON "transfer" ("closed_ms") WHERE kind = 'care'
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
