"""Radio without hardware: a channel, and nodes on it that speak to a computer as Meshtastic nodes do.

``ether`` is the channel as a calculation, in virtual time. ``server`` runs it in real time for
stations on loopback TCP; ``control`` tells it to lose packets or to cut a station off. ``node``
is a Meshtastic node as the firmware would behave, ``fronts`` gives it a TCP port and a serial
line. ``background`` runs all of it inside a program, for tests. Nothing here is needed with real
radios, and nothing here encrypts: it listens on loopback only.
"""
