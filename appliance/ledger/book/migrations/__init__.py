"""Numbered steps of the tables, run by playhouse.migrations. A released step never changes."""
