"""Hubs in simulated time: the engine that ships, on a channel and over shelves that are made up.

``hub sim`` runs it. Nothing here reads a clock, and one seed is one course of events.
"""
