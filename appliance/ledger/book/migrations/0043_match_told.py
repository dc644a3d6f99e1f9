"""What other hubs are told and say of matches. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE INDEX "match_answer_want_hub_want" ON "match_answer" ("want_hub", "want")
    """,
    """
    CREATE TABLE "match_told" ("offer_hub" INTEGER NOT NULL, "offer" INTEGER NOT NULL, "want_hub" INTEGER
    NOT NULL, "want" INTEGER NOT NULL, "member" INTEGER NOT NULL, "hub" INTEGER NOT NULL, "said" TEXT NOT
    NULL, "paid" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "number" INTEGER NOT NULL, "at_ms"
    INTEGER NOT NULL, "entry" INTEGER NOT NULL, PRIMARY KEY ("offer_hub", "offer", "want_hub", "want"))
    """,
    """
    CREATE INDEX "match_told_at_ms" ON "match_told" ("at_ms")
    """,
    """
    CREATE TABLE "match_heard" ("offer_hub" INTEGER NOT NULL, "offer" INTEGER NOT NULL, "want_hub" INTEGER
    NOT NULL, "want" INTEGER NOT NULL, "hub" INTEGER NOT NULL, "said" TEXT NOT NULL, "incarnation" INTEGER
    NOT NULL, "number" INTEGER NOT NULL, "paid_incarnation" INTEGER, "paid_number" INTEGER, "times" INTEGER
    NOT NULL, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL, "entry" INTEGER NOT NULL, PRIMARY KEY
    ("offer_hub", "offer", "want_hub", "want"))
    """,
    """
    CREATE INDEX "match_heard_hub_at_ms" ON "match_heard" ("hub", "at_ms")
    """,
    """
    CREATE INDEX "match_heard_want_hub_want" ON "match_heard" ("want_hub", "want")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
