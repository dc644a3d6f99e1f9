"""Offers and wants: saying, finding, matches and trade loops."""
