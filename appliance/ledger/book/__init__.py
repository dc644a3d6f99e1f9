"""The book: one chain of signed entries, the tables folded from it, the one write path."""
