"""Accounts, limits and transfers: paid, asked for, split, on paper, undone, contested. ``postings`` is the one place that moves credit."""
