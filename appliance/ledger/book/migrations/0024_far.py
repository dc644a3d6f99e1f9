"""Care that is co-signed at another hub: asks, keys, answers. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "care_ask" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "number"
    INTEGER NOT NULL, "claim" BLOB NOT NULL, "terms" BLOB NOT NULL, "state" TEXT NOT NULL, "entry"
    INTEGER NOT NULL, PRIMARY KEY ("incarnation", "number"))
    """,
    """
    CREATE INDEX "care_ask_claim" ON "care_ask" ("claim")
    """,
    """
    CREATE TABLE "far_witness" ("claim" BLOB NOT NULL, "hub" INTEGER NOT NULL, "member" INTEGER NOT
    NULL, "state" TEXT NOT NULL, "why" TEXT, "signature" BLOB, "public" BLOB, "entry" INTEGER NOT
    NULL, PRIMARY KEY ("claim", "hub", "member"))
    """,
    """
    CREATE INDEX "far_witness_state" ON "far_witness" ("state")
    """,
    """
    CREATE INDEX "far_witness_hub_member" ON "far_witness" ("hub", "member")
    """,
    """
    CREATE TABLE "far_key" ("hub" INTEGER NOT NULL, "member" INTEGER NOT NULL, "seq" INTEGER NOT
    NULL, "public" BLOB NOT NULL, "entry" INTEGER NOT NULL, PRIMARY KEY ("hub", "member"))
    """,
    """
    CREATE TABLE "key_told" ("hub" INTEGER NOT NULL, "member" INTEGER NOT NULL, "public" BLOB NOT
    NULL, "entry" INTEGER NOT NULL, PRIMARY KEY ("hub", "member"))
    """,
    """
    CREATE TABLE "asked_here" ("id" BLOB NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL, "incarnation"
    INTEGER NOT NULL, "number" INTEGER NOT NULL, "terms" BLOB NOT NULL, "carer" INTEGER NOT NULL,
    "category" TEXT NOT NULL, "minutes" INTEGER NOT NULL, "day" INTEGER NOT NULL, "amount" INTEGER
    NOT NULL, "until" INTEGER, "state" TEXT NOT NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE UNIQUE INDEX "asked_here_hub_incarnation_number" ON "asked_here" ("hub", "incarnation",
    "number")
    """,
    """
    CREATE INDEX "asked_here_hub_carer" ON "asked_here" ("hub", "carer")
    """,
    """
    CREATE TABLE "asked_of" ("ask" BLOB NOT NULL, "member" INTEGER NOT NULL, "state" TEXT NOT NULL,
    "why" TEXT, "entry" INTEGER NOT NULL, PRIMARY KEY ("ask", "member"))
    """,
    """
    CREATE INDEX "asked_of_member_state" ON "asked_of" ("member", "state")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
