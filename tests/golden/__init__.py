"""Golden books: what each release wrote, kept for ever, and replayed by every later one.

``NAME.book`` is a canonical CBOR array of stored entries, ``NAME.state.json`` the rows of all
truth tables after them. A release that adds a kind or a version adds a book (``python -m
tests.golden.make NAME``); it never makes an old one anew.
"""
