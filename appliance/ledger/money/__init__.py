"""Accounts, limits and transfers of every kind. ``postings`` is the one place that moves credit."""
