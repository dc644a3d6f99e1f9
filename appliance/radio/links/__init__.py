"""Radios behind one small protocol (``Link`` in ``ports.py``), opened by ``open_link``.

``supervisor`` keeps a link alive over ``session``s that may hang; ``meshtastic`` is a session with
a real node, through the library; ``sim`` goes straight onto the emulated ether; ``none`` is no radio.
"""
