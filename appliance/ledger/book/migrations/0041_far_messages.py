"""Messages to and from people of other hubs, and that they were put on the feed. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "far_message" ("seq" INTEGER NOT NULL PRIMARY KEY, "id" BLOB NOT NULL, "hub" INTEGER NOT NULL,
    "member" INTEGER NOT NULL, "other" INTEGER NOT NULL, "mine" INTEGER NOT NULL, "text" TEXT NOT NULL,
    "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL, "read" INTEGER NOT NULL, "gone" INTEGER NOT NULL,
    "entry" INTEGER)
    """,
    """CREATE UNIQUE INDEX "far_message_id" ON "far_message" ("id")""",
    """CREATE INDEX "far_message_member_at_ms" ON "far_message" ("member", "at_ms")""",
    """CREATE INDEX "far_message_mine_entry" ON "far_message" ("mine", "entry")""",
    """
    CREATE TABLE "message_said" ("entry" INTEGER NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL,
    "at_ms" INTEGER NOT NULL, "state" TEXT NOT NULL)
    """,
    """CREATE INDEX "message_said_at_ms" ON "message_said" ("at_ms")""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
