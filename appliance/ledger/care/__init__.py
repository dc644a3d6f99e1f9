"""Proof of Care: claims, co-signatures, payment from the commons."""
