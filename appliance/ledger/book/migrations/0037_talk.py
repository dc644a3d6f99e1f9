"""Messages, marks, blocks and complaints, and what keepers answer. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "message" ("seq" INTEGER NOT NULL PRIMARY KEY, "id" BLOB NOT NULL, "sender" INTEGER NOT NULL,
    "receiver" INTEGER NOT NULL, "about" TEXT NOT NULL, "item" BLOB, "text" TEXT NOT NULL, "at_ms" INTEGER NOT NULL,
    "quality" INTEGER NOT NULL, "read" INTEGER NOT NULL)
    """,
    """CREATE UNIQUE INDEX "message_id" ON "message" ("id")""",
    """CREATE INDEX "message_receiver_read" ON "message" ("receiver", "read")""",
    """CREATE INDEX "message_sender_at_ms" ON "message" ("sender", "at_ms")""",
    """
    CREATE TABLE "favourite" ("member" INTEGER NOT NULL, "kind" TEXT NOT NULL, "hub" INTEGER NOT NULL,
    "item" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL, PRIMARY KEY ("member", "kind", "hub", "item"))
    """,
    """
    CREATE TABLE "block" ("member" INTEGER NOT NULL, "hub" INTEGER NOT NULL, "other" INTEGER NOT NULL,
    "at_ms" INTEGER NOT NULL, PRIMARY KEY ("member", "hub", "other"))
    """,
    """
    CREATE TABLE "complaint" ("id" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL, "hub" INTEGER NOT NULL,
    "accused" INTEGER NOT NULL, "kind" TEXT NOT NULL, "item" INTEGER NOT NULL, "said" TEXT NOT NULL,
    "words" TEXT NOT NULL, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL, "closed_entry" INTEGER)
    """,
    """CREATE INDEX "complaint_member_at_ms" ON "complaint" ("member", "at_ms")""",
    """CREATE TABLE "notices_seen" ("member" INTEGER NOT NULL PRIMARY KEY, "at_ms" INTEGER NOT NULL)""",
    """
    CREATE TABLE "keeper_word" ("entry" INTEGER NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL,
    "measure" TEXT NOT NULL, "until_ms" INTEGER, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL)
    """,
    """CREATE INDEX "keeper_word_member" ON "keeper_word" ("member")""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
