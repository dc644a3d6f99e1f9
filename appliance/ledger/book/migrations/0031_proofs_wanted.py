"""Proofs of care that another hub asked for and may not have. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "proof_wanted" ("claim" BLOB NOT NULL, "hub" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL,
    "quality" INTEGER NOT NULL, PRIMARY KEY ("claim", "hub"))
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
