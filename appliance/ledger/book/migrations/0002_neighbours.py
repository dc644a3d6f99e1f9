"""Other hubs: roster, trunks, crossings, feeds. Frozen: what a released migration says is never changed."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "roster" ("seq" INTEGER NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL, "name" TEXT
    NOT NULL, "root_key" BLOB NOT NULL, "box_key" BLOB NOT NULL, "incarnation" INTEGER NOT NULL,
    "signing_key" BLOB NOT NULL, "hash" BLOB NOT NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE UNIQUE INDEX "roster_hub" ON "roster" ("hub")
    """,
    """
    CREATE TABLE "neighbour" ("hub" INTEGER NOT NULL PRIMARY KEY, "sent" INTEGER NOT NULL, "arrived"
    INTEGER NOT NULL, "refunded" INTEGER NOT NULL, "accepted" INTEGER NOT NULL, "returned" INTEGER
    NOT NULL, "held" INTEGER NOT NULL, "checked_entry" INTEGER, "told_entry" INTEGER,
    "told_ms" INTEGER, "mismatch_entry" INTEGER)
    """,
    """
    CREATE TABLE "crossing" ("id" BLOB NOT NULL PRIMARY KEY, "outgoing" INTEGER NOT NULL, "hub"
    INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "number" INTEGER NOT NULL, "near" INTEGER NOT
    NULL, "far" INTEGER NOT NULL, "amount" INTEGER NOT NULL, "state" TEXT NOT NULL, "why" TEXT,
    "recalled" INTEGER NOT NULL, "answer" INTEGER, "opened_entry" INTEGER NOT NULL, "opened_ms"
    INTEGER NOT NULL, "closed_entry" INTEGER)
    """,
    """
    CREATE UNIQUE INDEX "crossing_hub_outgoing_incarnation_number" ON "crossing" ("hub", "outgoing",
    "incarnation", "number")
    """,
    """
    CREATE INDEX "crossing_state_hub" ON "crossing" ("state", "hub")
    """,
    """
    CREATE TABLE "outgoing" ("number" INTEGER NOT NULL PRIMARY KEY, "kind" INTEGER NOT NULL, "to"
    INTEGER NOT NULL, "amount" INTEGER NOT NULL, "body" BLOB NOT NULL, "text_entry" INTEGER,
    "text_field" TEXT, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "shown" ("subject" TEXT NOT NULL, "item" INTEGER NOT NULL, "shown" INTEGER NOT
    NULL, "entry" INTEGER NOT NULL, PRIMARY KEY ("subject", "item"))
    """,
    """
    CREATE TABLE "name_consent" ("member" INTEGER NOT NULL PRIMARY KEY, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "hub_heard" ("hub" INTEGER NOT NULL PRIMARY KEY, "at_ms" INTEGER NOT NULL,
    "quality" INTEGER NOT NULL, "ours" INTEGER NOT NULL, "theirs" INTEGER NOT NULL, "beat" INTEGER
    NOT NULL, "snr" REAL, "hops" INTEGER)
    """,
    """
    CREATE TABLE "feed" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "linked" INTEGER
    NOT NULL, "link" BLOB NOT NULL, "read" INTEGER NOT NULL, "forked" INTEGER NOT NULL, PRIMARY KEY
    ("hub", "incarnation"))
    """,
    """
    CREATE TABLE "record" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "number" INTEGER
    NOT NULL, "kind" INTEGER NOT NULL, "to" INTEGER NOT NULL, "amount" INTEGER NOT NULL, "sealed"
    BLOB NOT NULL, "link" BLOB, PRIMARY KEY ("hub", "incarnation", "number"))
    """,
    """
    CREATE TABLE "frame" ("hub" INTEGER NOT NULL, "incarnation" INTEGER NOT NULL, "first" INTEGER
    NOT NULL, "last" INTEGER NOT NULL, "digest" BLOB NOT NULL, "cut" BLOB NOT NULL, "data" BLOB NOT
    NULL, PRIMARY KEY ("hub", "incarnation", "first", "last", "digest"))
    """,
    """
    CREATE TABLE "far_person" ("hub" INTEGER NOT NULL, "number" INTEGER NOT NULL, "name" TEXT NOT
    NULL, PRIMARY KEY ("hub", "number"))
    """,
    """
    CREATE TABLE "far_listing" ("id" INTEGER NOT NULL PRIMARY KEY, "hub" INTEGER NOT NULL, "listing"
    INTEGER NOT NULL, "owner" INTEGER NOT NULL, "kind" TEXT NOT NULL, "category" TEXT NOT NULL,
    "price" INTEGER, "title" TEXT NOT NULL, "open" INTEGER NOT NULL, "seen_ms" INTEGER NOT NULL)
    """,
    """
    CREATE UNIQUE INDEX "far_listing_hub_listing" ON "far_listing" ("hub", "listing")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
