"""Accounts, limits and transfers. ``postings`` is the one place that moves credit."""
