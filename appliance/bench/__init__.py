"""Benches: how fast this box is, as ratios that mean the same on every box.

A figure of one machine says little of another, so each is set against the least that the same
server, disk and interpreter can do, measured in the same run and in turns with it. Nothing here
is imported by what serves people.
"""
