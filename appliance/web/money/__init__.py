"""Paying, asking, accounts, statements, the commons, and what is wrong with a payment."""
