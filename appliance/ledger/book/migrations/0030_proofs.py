"""Proofs of care that this hub asks others for, and who may ask here. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "proof_asked" ("hub" INTEGER NOT NULL, "about" BLOB NOT NULL, "at_ms" INTEGER NOT NULL,
    "quality" INTEGER NOT NULL, "state" TEXT NOT NULL, "why" TEXT NOT NULL, "held" INTEGER NOT NULL,
    "parts" INTEGER NOT NULL, "bare" INTEGER NOT NULL, "proof" BLOB, PRIMARY KEY ("hub", "about"))
    """,
    """
    CREATE TABLE "proof_let" ("claim" BLOB NOT NULL, "hub" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL,
    "quality" INTEGER NOT NULL, PRIMARY KEY ("claim", "hub"))
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
