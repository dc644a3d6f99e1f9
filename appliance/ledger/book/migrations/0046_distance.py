"""How far other hubs are on foot. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "hub_distance" ("hub" INTEGER NOT NULL PRIMARY KEY, "minutes" INTEGER NOT NULL,
    "entry" INTEGER NOT NULL)
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
