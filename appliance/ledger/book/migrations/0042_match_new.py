"""Matches that have come about, for the first page. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "match_new" ("member" INTEGER NOT NULL, "offer_hub" INTEGER NOT NULL, "offer" INTEGER NOT NULL,
    "want_hub" INTEGER NOT NULL, "want" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL,
    PRIMARY KEY ("member", "offer_hub", "offer", "want_hub", "want"))
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
