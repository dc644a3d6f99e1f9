"""Terms of listings, kinds of the village's own, photos; what other hubs say of theirs. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "listing_terms" ("listing" BLOB NOT NULL PRIMARY KEY, "unit" TEXT, "quantity" INTEGER,
    "until_ms" INTEGER, "begun" INTEGER NOT NULL, "entry" INTEGER NOT NULL, "kept" INTEGER, "merged_into" BLOB)
    """,
    """CREATE INDEX "listing_terms_until_ms" ON "listing_terms" ("until_ms")""",
    """
    CREATE TABLE "category" ("key" TEXT NOT NULL PRIMARY KEY, "parent" TEXT, "name" TEXT NOT NULL, "icon" TEXT NOT
    NULL, "hidden" INTEGER NOT NULL, "merged_into" TEXT, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "listing_photo" ("listing" BLOB NOT NULL PRIMARY KEY, "size" INTEGER NOT NULL, "digest" BLOB NOT
    NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "photo" ("entry" INTEGER NOT NULL PRIMARY KEY, "salt" BLOB NOT NULL, "large" BLOB NOT NULL,
    "small" BLOB NOT NULL)
    """,
    """CREATE TABLE "offer_asked" ("member" INTEGER NOT NULL PRIMARY KEY)""",
    """ALTER TABLE "far_listing" ADD COLUMN "unit" TEXT""",
    """ALTER TABLE "far_listing" ADD COLUMN "quantity" INTEGER""",
    """ALTER TABLE "far_listing" ADD COLUMN "until_ms" INTEGER""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
