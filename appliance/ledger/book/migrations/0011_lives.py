"""Lives of feeds: a hub that lost its box goes on in the next one. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "life" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "signing_key" BLOB NOT
    NULL, "closed_number" INTEGER NOT NULL, "closed_head" BLOB NOT NULL, "certificate" BLOB NOT NULL,
    "read" INTEGER NOT NULL, "entry" INTEGER NOT NULL, PRIMARY KEY ("hub", "incarnation"))
    """,
    """
    CREATE TABLE "outgoing_past" ("incarnation" INTEGER NOT NULL, "number" INTEGER NOT NULL, "kind"
    INTEGER NOT NULL, "to" INTEGER NOT NULL, "amount" INTEGER NOT NULL, "body" BLOB NOT NULL,
    "text_entry" INTEGER, "text_field" TEXT, "entry" INTEGER NOT NULL, PRIMARY KEY ("incarnation",
    "number"))
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
