"""The post between hubs: frames, the engine that keeps feeds in step, links, the radio process.

``frames``, ``control`` and ``engine`` know no socket, no clock and no database: bytes and ``now``
in, frames and events out. ``links`` carry bytes over one radio each; ``service`` is the process
that joins them to the ledger.
"""
