"""News of matches: how well they fit; found by listing, too. Frozen once released."""

from typing import Any

STATEMENTS = (
    'ALTER TABLE "match_new" RENAME TO "match_new_before"',
    """
    CREATE TABLE "match_new" ("member" INTEGER NOT NULL, "offer_hub" INTEGER NOT NULL, "offer" INTEGER NOT NULL,
    "want_hub" INTEGER NOT NULL, "want" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL, "fit" INTEGER NOT NULL,
    PRIMARY KEY ("member", "offer_hub", "offer", "want_hub", "want"))
    """,
    'INSERT INTO "match_new" SELECT "member", "offer_hub", "offer", "want_hub", "want", "at_ms", 1000 FROM "match_new_before"',
    'DROP TABLE "match_new_before"',
    'CREATE INDEX "match_new_offer_offer_hub" ON "match_new" ("offer", "offer_hub")',
    'CREATE INDEX "match_new_want_want_hub" ON "match_new" ("want", "want_hub")',
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
