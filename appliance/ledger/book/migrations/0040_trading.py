"""Answers to matches, and trade loops. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "match_answer" ("offer_hub" INTEGER NOT NULL, "offer" INTEGER NOT NULL, "want_hub"
    INTEGER NOT NULL, "want" INTEGER NOT NULL, "member" INTEGER NOT NULL, "answer" TEXT NOT NULL,
    "transfer" BLOB, "entry" INTEGER NOT NULL, PRIMARY KEY ("offer_hub", "offer", "want_hub", "want",
    "member"))
    """,
    """
    CREATE INDEX "match_answer_member_entry" ON "match_answer" ("member", "entry")
    """,
    """
    CREATE TABLE "unfit" ("id" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL, "text_entry"
    INTEGER NOT NULL, "state" TEXT NOT NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "unfit_state" ON "unfit" ("state")
    """,
    """
    CREATE TABLE "trade_loop" ("id" BLOB NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL, "incarnation"
    INTEGER NOT NULL, "number" INTEGER NOT NULL, "state" TEXT NOT NULL, "until_ms" INTEGER NOT NULL,
    "entry" INTEGER NOT NULL, "closed_entry" INTEGER)
    """,
    """
    CREATE INDEX "trade_loop_state" ON "trade_loop" ("state")
    """,
    """
    CREATE INDEX "trade_loop_hub_incarnation_number" ON "trade_loop" ("hub", "incarnation", "number")
    """,
    """
    CREATE TABLE "loop_leg" ("loop" BLOB NOT NULL, "place" INTEGER NOT NULL, "hub" INTEGER NOT NULL,
    "member" INTEGER NOT NULL, "offer" INTEGER NOT NULL, "want" INTEGER NOT NULL, "amount" INTEGER,
    "answer" TEXT NOT NULL, "transfer" BLOB, "entry" INTEGER NOT NULL, PRIMARY KEY ("loop", "place"))
    """,
    """
    CREATE INDEX "loop_leg_hub_member_loop" ON "loop_leg" ("hub", "member", "loop")
    """,
    """
    CREATE TABLE "loop_told" ("loop" BLOB NOT NULL, "hub" INTEGER NOT NULL, "incarnation" INTEGER NOT
    NULL, "number" INTEGER NOT NULL, PRIMARY KEY ("loop", "hub"))
    """,
    """
    CREATE UNIQUE INDEX "loop_told_incarnation_number" ON "loop_told" ("incarnation", "number")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
